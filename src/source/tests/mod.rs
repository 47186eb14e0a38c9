//! What the tests of this room share: one request, to be altered by the test.

use std::sync::Arc;

use chrono_tz::Tz;

use super::Request;
use super::trace::Trace;
use crate::calendar::Window;
use crate::metric::{Metric, Span};

pub(crate) use crate::metric::sample as metric;

/// Asks for `metric` over a window that is the period as well, as of its end.
pub(crate) fn request(metric: Metric, zone: Tz, start: &str, end: &str) -> Request {
    let window = Window { start: start.parse().unwrap(), end: end.parse().unwrap() };
    Request {
        metric: Arc::new(metric),
        span: Span { window, period: window, as_of: window.end },
        timezone: zone,
        asked: tokio::time::Instant::now(),
        trace: Trace::default(),
    }
}
