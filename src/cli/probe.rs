//! Asking one metric once: which span to ask for, and what came. Shared by `fetch` and `check`; how it
//! is shown is theirs.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use crate::calendar::WindowSpec;
use crate::config::Config;
use crate::engine::{Answer, SourceHandle, Use, ask};
use crate::id::SourceId;
use crate::metric::{FetchError, Measurement, Metric, Query, Span, Table};
use crate::schedule::Schedule;
use crate::source::Request;
use crate::source::trace::Trace;

/// What a metric may be asked for, never nothing.
pub(super) struct Questions {
    /// What is asked.
    pub(super) span: Span,
    /// For whom.
    pub(super) purpose: String,
    /// What else the KPIs ask it, each question once.
    pub(super) others: Vec<Use>,
}

impl Questions {
    /// The first of the `uses` of a metric, or the first of the KPI `only`; without any, the default
    /// period to date.
    pub(super) fn of(
        uses: Vec<Use>,
        config: &Config,
        as_of: DateTime<Utc>,
        only: Option<&str>,
    ) -> Self {
        let calendar = &config.definitions.calendar;
        if let Some(first) = uses.iter().find(|one| only.is_none_or(|only| one.kpi == only)) {
            let purpose = format!("KPI {}, {}", first.kpi, first.purpose);
            let mut seen = BTreeSet::from([first.asked]);
            let span = first.span;
            let others = uses.into_iter().filter(|one| seen.insert(one.asked)).collect();
            return Self { span, purpose, others };
        }
        let period = calendar.period_at(&config.default_period, as_of);
        let window = calendar.window(WindowSpec::PeriodToDate, &period, as_of);
        let span = Span { window, period: period.span, as_of };
        let purpose = format!("no KPI uses it; {} to date", period.id);
        Self { span, purpose, others: Vec::new() }
    }
}

/// What came of asking.
pub(super) struct Probe {
    /// The answer, when there was one.
    pub(super) table: Option<Table>,
    /// What it means, or why it failed.
    pub(super) measured: Result<Measurement, FetchError>,
    /// How long the source took.
    pub(super) duration: Duration,
}

/// Asks once, and for the total where a metric has a query for it.
pub(super) async fn probe(
    metric: &Arc<Metric>,
    span: Span,
    config: &Config,
    handle: &SourceHandle,
    trace: Trace,
) -> Probe {
    let request = Request {
        metric: Arc::clone(metric),
        span,
        timezone: config.definitions.calendar.timezone,
        asked: Instant::now(),
        trace,
    };
    let Answer { table, duration } = ask(handle, &request).await;
    match table {
        Ok(table) => {
            let mut measured = Measurement::from_table(&request.metric, request.timezone, &table);
            if let (Ok(_), Some(total)) = (&measured, &metric.total) {
                let request = Request { metric: Arc::clone(total), ..request };
                if let Err(error) = ask(handle, &request).await.table {
                    let message = format!("`total_query`: {}", error.message);
                    measured = Err(FetchError { message, ..error });
                }
            }
            Probe { table: Some(table), measured, duration }
        }
        Err(error) => Probe { table: None, measured: Err(error), duration },
    }
}

/// What stands for the metrics of a source that has none.
pub(super) fn stand_in(id: &SourceId, query: Query, rows: usize) -> Option<Arc<Metric>> {
    let metric = Metric::new(id.as_str(), id.clone(), query, Schedule::parse("@hourly").ok()?);
    Some(Arc::new(Metric { max_label_sets: rows, ..metric }))
}
