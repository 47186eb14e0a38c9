//! Which path shows what.

use hyper::header::{self, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};

use super::response::{self, Body};
use super::{Shared, negotiate};
use crate::exposition::ScrapeBody;
use crate::{api, web};

/// Path of all KPIs as JSON; one KPI is below it.
const API: &str = "/api/v1/kpis";

/// The sources with their last runs as JSON, under both names.
const SOURCES: [&str; 2] = ["/sources", "/api/v1/sources"];

/// Answers a request without a body.
pub(super) fn respond(request: &Parts, shared: &Shared) -> Response<Body> {
    let answer: fn(&Parts, &Shared) -> Response<Body> = match request.uri.path() {
        "/" => scorecard,
        "/metrics" => metrics,
        "/-/healthy" => healthy,
        "/-/ready" => ready,
        API => kpis,
        path if SOURCES.contains(&path) => sources,
        path if kpi_id(path).is_some() => kpi,
        _ => return response::not_found(),
    };
    if request.method != Method::GET && request.method != Method::HEAD {
        return response::method_not_allowed();
    }
    answer(request, shared)
}

fn scorecard(_: &Parts, shared: &Shared) -> Response<Body> {
    response::page(match shared.published() {
        Some(published) => web::scorecard(published.snapshot()),
        None => web::waiting(),
    })
}

fn metrics(request: &Parts, shared: &Shared) -> Response<Body> {
    let format = negotiate::format(&request.headers);
    let gzip = negotiate::gzip(&request.headers);
    let published = shared.published();
    let body = ScrapeBody::new(published.as_deref(), &shared.self_metrics(), format, gzip);
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
    if gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
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

fn ready(_: &Parts, shared: &Shared) -> Response<Body> {
    if shared.is_ready() {
        response::plain(StatusCode::OK, "kpi-exporter is ready.\n")
    } else {
        let text = "kpi-exporter is not ready: the first evaluation is not complete.\n";
        response::plain(StatusCode::SERVICE_UNAVAILABLE, text)
    }
}

fn kpis(_: &Parts, shared: &Shared) -> Response<Body> {
    match shared.published() {
        Some(published) => {
            response::json(StatusCode::OK, &api::kpis_json(published.snapshot(), None))
        }
        None => no_snapshot(),
    }
}

fn kpi(request: &Parts, shared: &Shared) -> Response<Body> {
    let Some(id) = kpi_id(request.uri.path()) else { return response::not_found() };
    let Some(published) = shared.published() else { return no_snapshot() };
    let snapshot = published.snapshot();
    if !snapshot.kpis.iter().any(|state| state.kpi.id == id) {
        let message = format!("no KPI is called '{id}'; {API} lists all of them");
        return response::json_error(StatusCode::NOT_FOUND, &message);
    }
    response::json(StatusCode::OK, &api::kpis_json(snapshot, Some(id)))
}

fn sources(_: &Parts, shared: &Shared) -> Response<Body> {
    response::json(StatusCode::OK, &api::sources_json(&shared.runs()))
}

/// The last part of `/api/v1/kpis/{id}`. Ids have no characters that a URL would encode.
fn kpi_id(path: &str) -> Option<&str> {
    path.strip_prefix(API)?.strip_prefix('/').filter(|id| !id.is_empty() && !id.contains('/'))
}

fn no_snapshot() -> Response<Body> {
    let message = "the first evaluation is not complete; try again soon";
    response::json_error(StatusCode::SERVICE_UNAVAILABLE, message)
}
