//! Limits of sources: connections, requests, time, bytes. Not here: what else sources say.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::context::Context;
use crate::config::raw::RemoteRaw;
use crate::reader::spanned::Spanned;

/// For one fetch.
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);
const MAX_CONNECTIONS: u32 = 4;
const MAX_REDIRECTS: u32 = 5;
const RETRIES: u32 = 2;
const MAX_BODY: u64 = 32 << 20;

pub(super) fn timeout(raw: &RemoteRaw) -> Duration {
    raw.timeout.as_ref().map_or(TIMEOUT, |timeout| timeout.0)
}

pub(super) fn max_connections(context: &mut Context<'_>, path: &str, raw: &RemoteRaw) -> u32 {
    let path = format!("{path}.max_connections");
    within(context, &path, raw.max_connections.as_ref(), 1..=100, MAX_CONNECTIONS)
}

pub(super) fn max_redirects(context: &mut Context<'_>, path: &str, raw: &RemoteRaw) -> u32 {
    let path = format!("{path}.max_redirects");
    within(context, &path, raw.max_redirects.as_ref(), 0..=20, MAX_REDIRECTS)
}

pub(super) fn retries(context: &mut Context<'_>, path: &str, raw: &RemoteRaw) -> u32 {
    let path = format!("{path}.retries");
    within(context, &path, raw.retries.as_ref(), 0..=10, RETRIES)
}

pub(super) fn max_body(raw: &RemoteRaw) -> u64 {
    raw.max_body.as_ref().map_or(MAX_BODY, |size| size.value.0.0)
}

/// From one in 1000 seconds to 1000 a second.
pub(super) fn requests_per_second(
    context: &mut Context<'_>,
    path: &str,
    raw: &RemoteRaw,
) -> Option<f64> {
    let given = raw.requests_per_second.as_ref()?;
    if !(0.001..=1000.0).contains(&given.value) {
        let found = context.shown(given, &given.value.to_string());
        let message =
            format!("`{path}.requests_per_second`: expected 0.001 to 1000, found {found}");
        context.problem(given.span, message, "there is no limit without the key".to_owned());
    }
    Some(given.value)
}

/// A whole number inside a range; the default when it is not given, or after a mistake.
pub(super) fn within<N: Copy + PartialOrd + Display>(
    context: &mut Context<'_>,
    path: &str,
    given: Option<&Spanned<N>>,
    range: RangeInclusive<N>,
    default: N,
) -> N {
    let Some(given) = given else { return default };
    if range.contains(&given.value) {
        return given.value;
    }
    let found = context.shown(given, &given.value.to_string());
    let (least, most) = (range.start(), range.end());
    let message = format!("`{path}`: expected {least} to {most}, found {found}");
    context.problem(given.span, message, format!("{default} is the default"));
    default
}
