//! The steps of a request for `fetch`, without secrets. Not here: printing them.

use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{HeaderMap, SET_COOKIE};
use reqwest::{StatusCode, Url};

use super::redact::{HIDDEN, Redactor};
use super::redirect::Hop;
use super::{refusal, urls};
use crate::shown;
use crate::source::trace::Step;

/// Bytes of a body that are shown.
const SHOWN: usize = 2048;
/// Bytes that are searched for secrets, so that none is cut in two.
const SEARCHED: usize = 64 * 1024;

/// What is about to be sent, with all its headers.
pub(super) fn request(hop: &Hop, base: &Url, redactor: &Redactor) -> Step {
    let mut details = headers(&hop.headers, redactor);
    if let Some(body) = &hop.body {
        details.push(format!("body: {}", text(body, redactor)));
    }
    let url = if hop.redirects > 0 {
        // A server may have signed it: where it leads is all that is safe to tell.
        format!("{}/{HIDDEN}", urls::origin(&hop.url))
    } else {
        redactor.redact(&below(&hop.url, base))
    };
    Step::now(format!("{} {url}", hop.method)).with_details(details)
}

/// What came.
pub(super) fn answer(
    status: StatusCode,
    sent: &HeaderMap,
    body: &Bytes,
    took: Duration,
    redactor: &Redactor,
) -> Step {
    let what = format!("{}, {} bytes in {took:.1?}", refusal::shown(status), body.len());
    Step::now(what).with_details(headers(sent, redactor)).with_raw(redactor.redact_bytes(body))
}

/// The URL, but for the path that all requests begin with: it may be what lets one in.
fn below(url: &Url, base: &Url) -> String {
    let prefix = base.path().trim_end_matches('/');
    let path = match url.path().strip_prefix(prefix) {
        Some(rest) if !prefix.is_empty() => format!("/{HIDDEN}{rest}"),
        _ => url.path().to_owned(),
    };
    let mut text = format!("{}{path}", urls::origin(url));
    if let Some(query) = url.query() {
        let _ = write!(text, "?{query}");
    }
    text
}

fn headers(headers: &HeaderMap, redactor: &Redactor) -> Vec<String> {
    let shown = headers.iter().map(|(name, value)| match value.to_str() {
        Ok(text) if !value.is_sensitive() && name != SET_COOKIE => {
            format!("{name}: {}", redactor.redact(text))
        }
        _ => format!("{name}: {HIDDEN}"),
    });
    shown.collect()
}

/// The beginning of a body.
fn text(body: &Bytes, redactor: &Redactor) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(SEARCHED)]);
    let text = redactor.redact(&text);
    shown::cut(&text, SHOWN).into_owned()
}
