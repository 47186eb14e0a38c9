//! Building answers: content types, security headers, errors.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use bytes::buf::Chain;
use bytes::{Buf as _, Bytes};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::json;

/// A body of up to two pieces, sent without joining them.
pub(super) type Body = Chain<Bytes, Bytes>;

const TEXT: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";
const SVG: &str = "image/svg+xml; charset=utf-8";

/// Pages bring their style along and load nothing.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                           form-action 'self'; frame-ancestors 'none'";

pub(super) fn plain(status: StatusCode, text: impl Into<Bytes>) -> Response<Body> {
    build(status, TEXT, text.into(), Bytes::new())
}

/// Asks a browser to look again; no header of a standard, but every browser knows it.
pub(super) const REFRESH: HeaderName = HeaderName::from_static("refresh");

/// A page; with `refresh`, one that the browser asks for again after so many seconds. It may be kept, and
/// asked about each time.
pub(super) fn page(status: StatusCode, html: String, refresh: Option<u32>) -> Response<Body> {
    let mut hasher = DefaultHasher::new();
    html.hash(&mut hasher);
    let tag = format!("\"{:016x}-{:x}\"", hasher.finish(), html.len());
    let mut response = build(status, HTML, html.into(), Bytes::new());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if let Some(seconds) = refresh {
        headers.insert(REFRESH, HeaderValue::from(seconds));
    }
    if let Ok(tag) = HeaderValue::from_str(&tag)
        && status == StatusCode::OK
    {
        headers.insert(header::ETAG, tag);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    }
    response
}

pub(super) fn json(status: StatusCode, value: &serde_json::Value) -> Response<Body> {
    let mut text = value.to_string();
    text.push('\n');
    build(status, JSON, text.into(), Bytes::new())
}

/// A refusal for programs (RFC 9457): what was wrong, and what would be right.
pub(super) fn problem(status: StatusCode, detail: &str) -> Response<Body> {
    let title = status.canonical_reason().unwrap_or("Refused");
    let problem = json!({ "type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail });
    let mut text = problem.to_string();
    text.push('\n');
    build(status, PROBLEM, text.into(), Bytes::new())
}

/// A picture.
pub(super) fn svg(text: String) -> Response<Body> {
    let mut response = build(StatusCode::OK, SVG, text.into(), Bytes::new());
    let policy = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'");
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

/// The client has what it asks for, by its tag.
pub(super) fn not_modified(tag: HeaderValue) -> Response<Body> {
    let mut response = Response::new(Bytes::new().chain(Bytes::new()));
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    let headers = response.headers_mut();
    headers.insert(header::ETAG, tag);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

pub(super) fn pieces(content_type: &'static str, first: Bytes, second: Bytes) -> Response<Body> {
    build(StatusCode::OK, content_type, first, second)
}

pub(super) fn not_found(metrics: &str) -> Response<Body> {
    let text = format!("no such page; try / or /sources or {metrics} or /api/v1/kpis\n");
    plain(StatusCode::NOT_FOUND, text)
}

pub(super) fn method_not_allowed() -> Response<Body> {
    let text = "only GET and HEAD are answered here\n";
    let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, text);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

/// Refuses a request that brings a body; it is not read, so the connection cannot go on.
pub(super) fn body_refused() -> Response<Body> {
    let text = "requests with a body are not accepted\n";
    let mut response = plain(StatusCode::PAYLOAD_TOO_LARGE, text);
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

pub(super) fn internal_error() -> Response<Body> {
    plain(StatusCode::INTERNAL_SERVER_ERROR, "this request failed; the log says why\n")
}

fn build(
    status: StatusCode,
    content_type: &'static str,
    first: Bytes,
    second: Bytes,
) -> Response<Body> {
    let mut response = Response::new(first.chain(second));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
