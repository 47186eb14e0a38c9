//! What the tests of this room share: one request, to be altered by the test.

use std::sync::Arc;

use chrono_tz::Tz;

use super::trace::Trace;
use super::{Request, Span};
use crate::calendar::Window;
use crate::kpi::{Metric, Query, Template};
use crate::schedule::Schedule;

/// A metric without labels whose column `value` is used.
pub(crate) fn metric() -> Metric {
    Metric {
        id: "orders".into(),
        source: "shop".into(),
        query: Query::Sql(Template::plain("")),
        labels: vec![],
        columns: vec![],
        bare: true,
        schedule: Schedule::parse("@hourly").unwrap(),
        max_label_sets: 100,
    }
}

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
