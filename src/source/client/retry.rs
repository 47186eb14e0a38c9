//! What is sent again within one fetch, and after how long: only what does no harm the second time,
//! and only when it failed for a passing reason. Not here: the pauses between fetches (`schedule`).

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

use crate::schedule::doubling;

/// The first pause.
const FIRST: Duration = Duration::from_millis(500);
/// Pauses double up to this.
const LONGEST: Duration = Duration::from_secs(15);
/// No server is left alone for longer than this.
const LONGEST_ASKED: Duration = Duration::from_hours(1);

/// Whether the request that was answered so may be sent again. `asked`: the server said when.
pub(super) fn may_follow(status: StatusCode, asked: bool, idempotent: bool) -> bool {
    match status {
        // It was turned away before anything was done.
        StatusCode::TOO_MANY_REQUESTS => true,
        StatusCode::SERVICE_UNAVAILABLE => asked || idempotent,
        StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => idempotent,
        _ => false,
    }
}

/// The pause before try number `attempt` (the first one after the first failure is 1): half a second,
/// doubling up to 15 s, give or take a fifth by URL and try, so that those that failed together do not
/// come back together.
pub(super) fn pause(attempt: u32, url: &str) -> Duration {
    doubling(FIRST, LONGEST, attempt, url)
}

/// How long a server wants to be left alone, one hour at most: `Retry-After` in seconds, or as a date
/// that is measured by the answer's own `Date`, whatever this machine's clock says.
pub(super) fn asked_for(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let asked = text(RETRY_AFTER)?;
    let wait = if let Ok(seconds) = asked.parse() {
        Duration::from_secs(seconds)
    } else {
        let now = httpdate::parse_http_date(text(DATE)?).ok()?;
        httpdate::parse_http_date(asked).ok()?.duration_since(now).ok()?
    };
    (!wait.is_zero()).then(|| wait.min(LONGEST_ASKED))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn only_what_does_no_harm_is_sent_again() {
        for (status, asked, idempotent, expected) in [
            (429, false, false, true),
            (429, true, true, true),
            (502, true, false, false),
            (502, false, true, true),
            (503, false, false, false),
            (503, true, false, true),
            (503, false, true, true),
            (504, false, true, true),
            (504, true, false, false),
            (500, true, true, false),
            (404, true, true, false),
            (200, false, true, false),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(may_follow(status, asked, idempotent), expected, "{status} {asked}");
        }
    }

    #[test]
    fn pauses_double_give_or_take_a_fifth_and_differ_between_urls() {
        for (attempt, nominal) in [(1, 0.5), (2, 1.0), (3, 2.0), (6, 15.0), (u32::MAX, 15.0)] {
            for url in ["http://a/", "http://b/"] {
                let pause = pause(attempt, url).as_secs_f64() / nominal;
                assert!((0.8..=1.2).contains(&pause), "{attempt} {url}: {pause}");
            }
        }
        assert_ne!(pause(1, "http://a/"), pause(1, "http://b/"));
        assert_eq!(pause(1, "http://a/"), pause(1, "http://a/"));
    }

    #[test]
    fn a_server_says_when_in_seconds_or_as_a_date_by_its_own_clock() {
        let date = "Tue, 30 Jun 2026 12:00:00 GMT";
        for (asked, date, expected) in [
            ("7", None, Some(7)),
            (" 7 ", None, Some(7)),
            ("86400", None, Some(3600)),
            ("99999999999999999999999", None, None),
            ("0", None, None),
            ("-1", None, None),
            ("soon", Some(date), None),
            ("Tue, 30 Jun 2026 12:01:30 GMT", Some(date), Some(90)),
            ("Tue, 30 Jun 2026 11:59:00 GMT", Some(date), None),
            ("Tue, 30 Jun 2026 12:01:30 GMT", None, None),
            ("Wed, 30 Jun 2027 12:00:00 GMT", Some(date), Some(3600)),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_static(asked));
            if let Some(date) = date {
                headers.insert(DATE, HeaderValue::from_static(date));
            }
            assert_eq!(asked_for(&headers), expected.map(Duration::from_secs), "{asked}");
        }
        assert_eq!(asked_for(&HeaderMap::new()), None);
    }
}
