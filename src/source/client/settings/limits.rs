//! Limits of what is reached over a network: connections, requests, time, bytes.

use std::time::Duration;

use super::ClientKeys;
use crate::reader::report::Report;
use crate::source::limit::TIMEOUT;

pub(in crate::source) const MAX_CONNECTIONS: u32 = 4;
pub(super) const MAX_REDIRECTS: u32 = 5;
pub(super) const RETRIES: u32 = 2;
pub(super) const MAX_BODY: u64 = 32 << 20;

pub(in crate::source) fn timeout(keys: &ClientKeys<'_>) -> Duration {
    keys.timeout.map_or(TIMEOUT, |timeout| timeout.0)
}

pub(in crate::source) fn max_connections(
    report: &mut Report<'_>,
    path: &str,
    keys: &ClientKeys<'_>,
) -> u32 {
    let path = format!("{path}.max_connections");
    report.within(&path, keys.max_connections, 1..=100, MAX_CONNECTIONS)
}

pub(super) fn max_redirects(report: &mut Report<'_>, path: &str, keys: &ClientKeys<'_>) -> u32 {
    let path = format!("{path}.max_redirects");
    report.within(&path, keys.max_redirects, 0..=20, MAX_REDIRECTS)
}

pub(super) fn retries(report: &mut Report<'_>, path: &str, keys: &ClientKeys<'_>) -> u32 {
    let path = format!("{path}.retries");
    report.within(&path, keys.retries, 0..=10, RETRIES)
}

pub(super) fn max_body(keys: &ClientKeys<'_>) -> u64 {
    keys.max_body.map_or(MAX_BODY, |size| size.value.0.0)
}

/// From one in 1000 seconds to 1000 a second.
pub(super) fn requests_per_second(
    report: &mut Report<'_>,
    path: &str,
    keys: &ClientKeys<'_>,
) -> Option<f64> {
    let given = keys.requests_per_second?;
    if !(0.001..=1000.0).contains(&given.value) {
        let found = report.shown(given, &given.value.to_string());
        let message =
            format!("`{path}.requests_per_second`: expected 0.001 to 1000, found {found}");
        report.problem(given.span, message, "there is no limit without the key".to_owned());
    }
    Some(given.value)
}
