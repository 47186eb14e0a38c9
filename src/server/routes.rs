//! Which path shows what.

use hyper::header::{self, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};

use super::door::{HEALTHY, READY};
use super::response::{self, Body};
use super::{Shared, api_routes, negotiate, query};
use crate::exposition::ScrapeBody;
use crate::web::{Site, View};

/// The page of a KPI is below it.
const KPI: &str = "/kpi";

/// The page of an alert is below it.
const RUNBOOKS: &str = "/runbooks";

/// Seconds after which a browser asks again while there is nothing to show yet.
const REFRESH_WHILE_WAITING: u32 = 3;

/// Whether a path is answered with a page, in HTML or JSON, that stays the same as long as nothing
/// changes.
pub(super) fn is_page(path: &str, shared: &Shared) -> bool {
    path != shared.metrics_path() && !is_for_machines(path)
}

/// Whether a path has to be answered at once, whatever else is asked.
pub(super) fn is_for_machines(path: &str) -> bool {
    path.starts_with("/-/")
}

/// Answers a request without a body.
pub(super) fn respond(request: &Parts, shared: &Shared) -> Response<Body> {
    if let Some(answer) = api_routes::respond(request, shared) {
        return answer;
    }
    let answer: fn(&Parts, &Shared) -> Response<Body> = match request.uri.path() {
        "/" => scorecard,
        path if path == shared.metrics_path() => metrics,
        HEALTHY => healthy,
        READY => ready,
        "/sources" => sources,
        "/review" => review,
        "/favicon.ico" => no_icon,
        path if path.trim_end_matches('/') == RUNBOOKS => runbooks,
        path if below(RUNBOOKS, path).is_some() => runbook,
        path if below(KPI, path).is_some() => kpi,
        _ => return response::not_found(shared.metrics_path()),
    };
    if request.method != Method::GET && request.method != Method::HEAD {
        return response::method_not_allowed();
    }
    answer(request, shared)
}

/// Answers with a page made from one consistent view of what is shown.
fn site(
    request: &Parts,
    shared: &Shared,
    make: impl FnOnce(&Site<'_>) -> (StatusCode, String),
) -> Response<Body> {
    let (published, runs, days) = (shared.published(), shared.runs(), shared.days());
    let refused = shared.refused();
    let site = Site {
        snapshot: published.as_deref().map(|published| &**published.snapshot()),
        runs: &runs,
        days: &days,
        refused: refused.as_deref().map(String::as_str),
        filling: shared.filling(),
    };
    match query::refresh(request) {
        Ok(refresh) => {
            let (status, html) = make(&site);
            response::page(status, html, refresh)
        }
        Err(problem) => {
            let html = site.not_understood(request.uri.path(), &problem);
            response::page(StatusCode::BAD_REQUEST, html, None)
        }
    }
}

/// The same for a page that only the time to look again can be asked of.
fn plain_site(
    request: &Parts,
    shared: &Shared,
    make: impl FnOnce(&Site<'_>) -> (StatusCode, String),
) -> Response<Body> {
    site(request, shared, |site| match query::only(request, &[query::REFRESH]) {
        Ok(()) => make(site),
        Err(problem) => {
            let html = site.not_understood(request.uri.path(), &problem);
            (StatusCode::BAD_REQUEST, html)
        }
    })
}

fn scorecard(request: &Parts, shared: &Shared) -> Response<Body> {
    if shared.published().is_none() {
        return waiting(request, shared);
    }
    site(request, shared, |site| {
        let view = site.snapshot.map(|snapshot| query::view(request, snapshot));
        match view.unwrap_or_else(|| Ok(View::default())) {
            Ok(view) => (StatusCode::OK, site.scorecard(&view)),
            Err(problem) => (StatusCode::BAD_REQUEST, site.not_understood("/", &problem)),
        }
    })
}

fn review(request: &Parts, shared: &Shared) -> Response<Body> {
    if shared.published().is_none() {
        return waiting(request, shared);
    }
    site(request, shared, |site| {
        let asked = site.snapshot.map(|snapshot| query::review(request, snapshot));
        match asked.unwrap_or_else(|| Ok(Default::default())) {
            Ok((filter, cadence)) => (StatusCode::OK, site.review(&filter, cadence)),
            Err(problem) => (StatusCode::BAD_REQUEST, site.not_understood("/review", &problem)),
        }
    })
}

/// Nothing to show yet: the browser looks again by itself.
fn waiting(request: &Parts, shared: &Shared) -> Response<Body> {
    let mut answer = site(request, shared, |site| (StatusCode::OK, site.waiting()));
    answer.headers_mut().insert(response::REFRESH, HeaderValue::from(REFRESH_WHILE_WAITING));
    answer
}

fn kpi(request: &Parts, shared: &Shared) -> Response<Body> {
    let id = below(KPI, request.uri.path()).unwrap_or_default();
    plain_site(request, shared, |site| match site.kpi(id) {
        Some(html) => (StatusCode::OK, html),
        None if site.snapshot.is_none() => (StatusCode::SERVICE_UNAVAILABLE, site.no_such_kpi(id)),
        None => (StatusCode::NOT_FOUND, site.no_such_kpi(id)),
    })
}

fn sources(request: &Parts, shared: &Shared) -> Response<Body> {
    plain_site(request, shared, |site| (StatusCode::OK, site.sources(&shared.digests())))
}

fn runbooks(request: &Parts, shared: &Shared) -> Response<Body> {
    plain_site(request, shared, |site| (StatusCode::OK, site.runbooks(None)))
}

fn runbook(request: &Parts, shared: &Shared) -> Response<Body> {
    let alert = below(RUNBOOKS, request.uri.path()).unwrap_or_default();
    plain_site(request, shared, |site| match site.runbook(alert) {
        Some(html) => (StatusCode::OK, html),
        None => (StatusCode::NOT_FOUND, site.runbooks(Some(alert))),
    })
}

fn metrics(request: &Parts, shared: &Shared) -> Response<Body> {
    let format = negotiate::format(&request.headers);
    let compressor = negotiate::compressor(&request.headers);
    let published = shared.published();
    let body = ScrapeBody::new(published.as_deref(), &shared.self_metrics(), format, compressor);
    let body = match body {
        Ok(body) => body,
        Err(error) => {
            tracing::error!(%error, "metrics could not be compressed");
            return response::internal_error();
        }
    };
    let mut response = response::pieces(format.content_type(), body.shared, body.own);
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    if let Some(by) = compressor {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(by.name()));
    }
    response
}

/// Browsers ask for one; not having one is no error.
fn no_icon(_: &Parts, _: &Shared) -> Response<Body> {
    response::plain(StatusCode::NO_CONTENT, "")
}

fn healthy(_: &Parts, shared: &Shared) -> Response<Body> {
    if shared.is_healthy() {
        return response::plain(StatusCode::OK, "kpi-exporter is healthy.\n");
    }
    let text = format!(
        "kpi-exporter is not healthy: nothing has been evaluated for {} s.\n",
        shared.silent_for().as_secs()
    );
    response::plain(StatusCode::SERVICE_UNAVAILABLE, text)
}

/// What a probe without a login is told: that things are not well, and nothing besides.
pub(super) fn bad_news(path: &str, shared: &Shared) -> Option<Response<Body>> {
    let text = match path {
        HEALTHY if !shared.is_healthy() => "kpi-exporter is not healthy.\n",
        READY if !shared.is_ready() => "kpi-exporter is not ready.\n",
        _ => return None,
    };
    Some(response::plain(StatusCode::SERVICE_UNAVAILABLE, text))
}

fn ready(_: &Parts, shared: &Shared) -> Response<Body> {
    if shared.is_ready() {
        response::plain(StatusCode::OK, "kpi-exporter is ready.\n")
    } else {
        let text = "kpi-exporter is not ready: the first evaluation is not complete.\n";
        response::plain(StatusCode::SERVICE_UNAVAILABLE, text)
    }
}

/// The one part of a path below another. Ids have no characters that a URL would encode.
fn below<'p>(parent: &str, path: &'p str) -> Option<&'p str> {
    path.strip_prefix(parent)?.strip_prefix('/').filter(|id| !id.is_empty() && !id.contains('/'))
}
