//! Metrics and requests for tests of sources.

use std::sync::Arc;

use chrono_tz::Tz;
use kpi_exporter::calendar::Window;
use kpi_exporter::metric::{FetchError, Measurement, Metric, Query, Span, Table, Template};
use kpi_exporter::schedule::Schedule;
use kpi_exporter::source::statement::SqlQuery;
use kpi_exporter::source::trace::Trace;
use kpi_exporter::source::{Request, Source};

/// A metric without labels, used by its bare name.
pub(crate) fn metric(sql: &str) -> Metric {
    let query = Query::new(SqlQuery(Template::plain(sql)));
    let schedule = Schedule::parse("@hourly").unwrap();
    let metric = Metric::new("orders", "shop", query, schedule);
    Metric { bare: true, max_label_sets: 1000, ..metric }
}

/// The second quarter of 2026 in New York, as of its end.
pub(crate) fn request(metric: Metric) -> Request {
    let window = Window {
        start: "2026-04-01T04:00:00Z".parse().unwrap(),
        end: "2026-07-01T04:00:00Z".parse().unwrap(),
    };
    Request {
        metric: Arc::new(metric),
        span: Span { window, period: window, as_of: window.end },
        timezone: Tz::America__New_York,
        asked: tokio::time::Instant::now(),
        trace: Trace::default(),
    }
}

pub(crate) async fn table(source: &dyn Source, sql: &str) -> Result<Table, FetchError> {
    source.fetch(&request(metric(sql))).await
}

pub(crate) async fn measure(
    source: &dyn Source,
    metric: Metric,
) -> Result<Measurement, FetchError> {
    let request = request(metric);
    let table = source.fetch(&request).await?;
    Measurement::from_table(&request.metric, request.timezone, &table)
}

pub(crate) fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}
