//! What programs ask for: JSON, its description, badges. Every refusal is problem+json (RFC 9457), every
//! answer has a tag by which it need not be sent twice.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use chrono::NaiveDate;
use hyper::header::{self, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};

use super::response::{self, Body};
use super::{Shared, query};
use crate::api::{self, Page, Which};
use crate::exposition::Published;
use crate::review::{Known, review};
use crate::summary::worst_status;

/// Path of all KPIs as JSON; one KPI is below it.
const KPIS: &str = "/api/v1/kpis";

/// Objects of an answer, at most.
const LONGEST_PAGE: usize = 1_000;

/// Before there is anything to show.
pub(super) const NOT_YET: &str = "the first evaluation is not complete; try again soon";

type Answer = Result<Response<Body>, Refusal>;

/// What is answered as problem+json.
struct Refusal {
    status: StatusCode,
    detail: String,
}

/// The answer, where the path is one for programs.
pub(super) fn respond(request: &Parts, shared: &Shared) -> Option<Response<Body>> {
    let path = request.uri.path();
    let ours = ["/api", "/badge", "/openapi.json"];
    ours.iter().find(|ours| {
        path.strip_prefix(**ours).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })?;
    let answer: fn(&Parts, &Shared) -> Answer =
        match path.trim_start_matches('/').split('/').collect::<Vec<_>>()[..] {
            ["openapi.json"] => openapi,
            ["api", "v1", "kpis"] => kpis,
            ["api", "v1", "kpis", _] => kpi,
            ["api", "v1", "kpis", _, "history"] => history,
            ["api", "v1", "kpis", _, "notes"] => notes,
            ["api", "v1", "objectives"] => objectives,
            ["api", "v1", "sources"] => sources,
            ["api", "v1", "review"] => self::review_json,
            ["badge", file] if matches!(file.rsplit_once('.'), Some((_, "svg" | "json"))) => badge,
            _ => {
                return Some(problem(
                    StatusCode::NOT_FOUND,
                    "there is nothing here; /openapi.json lists what there is",
                ));
            }
        };
    if request.method != Method::GET && request.method != Method::HEAD {
        return Some(not_so(path));
    }
    let refused = |Refusal { status, detail }| problem(status, &detail);
    Some(answer(request, shared).unwrap_or_else(refused))
}

/// Methods that a path does not answer.
pub(super) fn not_so(path: &str) -> Response<Body> {
    let (allowed, words) = if path.ends_with("/notes") {
        ("GET, HEAD, POST", "GET, HEAD and POST")
    } else {
        ("GET, HEAD", "GET and HEAD")
    };
    let detail = format!("only {words} are answered here");
    let mut refused = problem(StatusCode::METHOD_NOT_ALLOWED, &detail);
    refused.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    refused
}

/// An answer whose tag is among those that the client has is not sent again.
pub(super) fn unless_known(known: &[HeaderValue], answer: Response<Body>) -> Response<Body> {
    let Some(tag) = answer.headers().get(header::ETAG).cloned() else { return answer };
    let known = known.iter().any(|known| {
        let known = known.to_str().unwrap_or_default();
        known.split(',').any(|one| one.trim() == "*" || one.trim().as_bytes() == tag.as_bytes())
    });
    if known { response::not_modified(tag) } else { answer }
}

/// JSON with its tag.
fn json(value: &serde_json::Value) -> Response<Body> {
    let tag = tag(&value.to_string());
    with_tag(response::json(StatusCode::OK, value), &tag)
}

fn tag(text: &str) -> String {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("\"{:016x}-{:x}\"", hasher.finish(), text.len())
}

fn with_tag(mut answer: Response<Body>, tag: &str) -> Response<Body> {
    let headers = answer.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(tag) {
        headers.insert(header::ETAG, tag);
        // Keep it, and ask each time whether it still holds.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    answer
}

fn problem(status: StatusCode, detail: &str) -> Response<Body> {
    response::problem(status, detail)
}

fn published(shared: &Shared) -> Result<Arc<Published>, Refusal> {
    shared.published().ok_or_else(|| Refusal {
        status: StatusCode::SERVICE_UNAVAILABLE,
        detail: NOT_YET.to_owned(),
    })
}

fn bad(detail: String) -> Refusal {
    Refusal { status: StatusCode::BAD_REQUEST, detail }
}

/// The KPI in a path that has one.
fn id_in(request: &Parts) -> &str {
    request.uri.path().trim_start_matches('/').split('/').nth(3).unwrap_or_default()
}

/// What there is to say of a KPI that is none.
pub(super) fn no_kpi(id: &str) -> String {
    format!("no KPI is called '{}'; {KPIS} lists all of them", crate::shown::line(id, 60))
}

fn no_such(id: &str) -> Refusal {
    Refusal { status: StatusCode::NOT_FOUND, detail: no_kpi(id) }
}

fn kpis(request: &Parts, shared: &Shared) -> Answer {
    query::only_besides_filter(request, &["limit", "offset"]).map_err(bad)?;
    let published = published(shared)?;
    let snapshot = published.snapshot();
    let mut page = Page::default();
    for (name, number) in [("limit", &mut page.limit), ("offset", &mut page.offset)] {
        *number = query::number(request, name).map_err(bad)?;
    }
    if page.limit.is_some_and(|limit| limit == 0 || limit > LONGEST_PAGE) {
        return Err(bad(format!("`limit` is from 1 to {LONGEST_PAGE}")));
    }
    let filter = query::filter(request, snapshot).map_err(bad)?;
    let query = request.uri.query().unwrap_or_default();
    Ok(json(&api::kpis_page_json(snapshot, Which::Kept(&filter), page, query)))
}

fn kpi(request: &Parts, shared: &Shared) -> Answer {
    query::only(request, &[]).map_err(bad)?;
    let published = published(shared)?;
    let (snapshot, id) = (published.snapshot(), id_in(request));
    if !snapshot.kpis.iter().any(|state| state.kpi.id == id) {
        return Err(no_such(id));
    }
    Ok(json(&api::kpis_page_json(snapshot, Which::Only(id), Page::default(), "")))
}

fn history(request: &Parts, shared: &Shared) -> Answer {
    query::only(request, &["from", "to"]).map_err(bad)?;
    let day = |name: &str| -> Result<Option<NaiveDate>, Refusal> {
        let Some(text) = query::text(request, name) else { return Ok(None) };
        let day = crate::calendar::parse_date(&text);
        day.map(Some).map_err(|_| bad(format!("`{name}` is a day like 2026-04-30")))
    };
    let (from, to) = (day("from")?, day("to")?);
    let published = published(shared)?;
    let (snapshot, id) = (published.snapshot(), id_in(request));
    let state = snapshot.kpis.iter().find(|state| state.kpi.id == id).ok_or_else(|| no_such(id))?;
    Ok(json(&api::history_json(state, &shared.days(), from, to)))
}

fn notes(request: &Parts, shared: &Shared) -> Answer {
    query::only(request, &[]).map_err(bad)?;
    let published = published(shared)?;
    let (snapshot, id) = (published.snapshot(), id_in(request));
    let state = snapshot.kpis.iter().find(|state| state.kpi.id == id).ok_or_else(|| no_such(id))?;
    Ok(json(&api::notes_json(state, snapshot.timezone)))
}

fn objectives(request: &Parts, shared: &Shared) -> Answer {
    query::only(request, &[]).map_err(bad)?;
    Ok(json(&api::objectives_json(published(shared)?.snapshot())))
}

fn sources(request: &Parts, shared: &Shared) -> Answer {
    query::only(request, &[]).map_err(bad)?;
    Ok(json(&api::sources_json(&shared.runs())))
}

fn review_json(request: &Parts, shared: &Shared) -> Answer {
    query::only_besides_filter(request, &[query::PERIOD]).map_err(bad)?;
    let published = published(shared)?;
    let snapshot = published.snapshot();
    let cadence = query::cadence(request).map_err(bad)?;
    let filter = query::filter(request, snapshot).map_err(bad)?;
    let days = shared.days();
    Ok(json(&api::review_json(&review(Known { snapshot, days: &days }, &filter, cadence))))
}

fn openapi(request: &Parts, shared: &Shared) -> Answer {
    query::only(request, &[]).map_err(bad)?;
    let published = shared.published();
    Ok(json(&api::openapi(published.as_deref().map(|published| &**published.snapshot()))))
}

fn badge(request: &Parts, shared: &Shared) -> Answer {
    query::only(request, &[]).map_err(bad)?;
    let file = request.uri.path().rsplit('/').next().unwrap_or_default();
    let (id, kind) = file.rsplit_once('.').unwrap_or((file, ""));
    let published = published(shared)?;
    let kpis = &published.snapshot().kpis;
    let state = kpis.iter().find(|state| state.kpi.id == id).ok_or_else(|| no_such(id))?;
    let Some(status) = worst_status(state) else { return Err(no_such(id)) };
    if kind == "json" {
        return Ok(json(&api::badge_json(state, status)));
    }
    let svg = api::badge_svg(state, status);
    let tag = tag(&svg);
    Ok(with_tag(response::svg(svg), &tag))
}
