//! The last good run of each metric: what the engine's book held, so that a restarted daemon serves
//! it at once with its true age. Not here: writing it (`runs_written`).

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::Row;

use super::encode::{bad, exact, exact_text};
use super::{Store, StoreError};
use crate::calendar::Window;
use crate::id::MetricId;
use crate::metric::{Bad, Labels, Measurement, Series, Span};

/// The last good run of one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRun {
    /// Metric id.
    pub metric: MetricId,
    /// What the metric was defined as ([`super::metric_fingerprint`]); numbers of another definition
    /// must not be served as this one's.
    pub fingerprint: String,
    /// The instant it was made for.
    pub as_of: DateTime<Utc>,
    /// What it measured.
    pub measurements: BTreeMap<Span, Arc<Measurement>>,
}

impl Store {
    /// The last good run of every metric, in the order of their ids: also one that is not written yet.
    pub async fn load_runs(&self) -> Result<Vec<StoredRun>, StoreError> {
        let written = self.answer(self.runs().await)?;
        let written = written.into_iter().map(|run| (run.metric.clone(), run));
        let mut runs: BTreeMap<MetricId, StoredRun> = written.collect();
        runs.extend(self.unwritten().runs.clone());
        Ok(runs.into_values().collect())
    }

    async fn runs(&self) -> sqlx::Result<Vec<StoredRun>> {
        let rows = sqlx::query(
            "SELECT metric, fingerprint, as_of, span, data FROM runs LEFT JOIN measurements
             USING (metric) ORDER BY metric",
        );
        let mut runs: Vec<StoredRun> = Vec::new();
        for row in rows.fetch_all(&self.pool()).await? {
            let metric: &str = row.try_get("metric")?;
            if runs.last().is_none_or(|run| run.metric != metric) {
                runs.push(StoredRun {
                    metric: metric.into(),
                    fingerprint: row.try_get("fingerprint")?,
                    as_of: exact(row.try_get("as_of")?)?,
                    measurements: BTreeMap::new(),
                });
            }
            let span: Option<&str> = row.try_get("span")?;
            if let (Some(span), Some(run)) = (span, runs.last_mut()) {
                let measurement = measurement(row.try_get("data")?)?;
                run.measurements.insert(span_of(span)?, Arc::new(measurement));
            }
        }
        Ok(runs)
    }
}

/// A span in JSON.
#[derive(Serialize, Deserialize)]
struct SpanText {
    window: (String, String),
    period: (String, String),
    as_of: String,
}

/// A span as it is a key.
pub(super) fn span_text(span: Span) -> String {
    let window = |window: Window| (exact_text(window.start), exact_text(window.end));
    let text = SpanText {
        window: window(span.window),
        period: window(span.period),
        as_of: exact_text(span.as_of),
    };
    // Strings only: nothing that JSON could not hold.
    serde_json::to_string(&text).unwrap_or_default()
}

fn span_of(text: &str) -> sqlx::Result<Span> {
    let text: SpanText =
        serde_json::from_str(text).map_err(|error| bad(format!("span `{text}`: {error}")))?;
    let window = |(start, end): &(String, String)| {
        Ok::<_, sqlx::Error>(Window { start: exact(start)?, end: exact(end)? })
    };
    Ok(Span {
        window: window(&text.window)?,
        period: window(&text.period)?,
        as_of: exact(&text.as_of)?,
    })
}

/// A measurement in JSON.
#[derive(Serialize, Deserialize)]
struct Data {
    series: Vec<SeriesData>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    totals: Option<Vec<SeriesData>>,
    #[serde(default, skip_serializing_if = "is_zero")]
    bad_rows: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first_bad_row: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    doubt: Option<String>,
}

/// One series. Numbers are written as text: `serde_json` may read a number a bit off in its last
/// digit, and a value that came back different would look like a new one.
#[derive(Serialize, Deserialize)]
struct SeriesData {
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    labels: Labels,
    values: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data_through: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    bad: BTreeMap<String, Bad>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde calls")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// A measurement as it is kept.
pub(super) fn data_text(measurement: &Measurement) -> sqlx::Result<String> {
    let series = |(labels, series): (&Labels, &Series)| SeriesData {
        labels: labels.clone(),
        values: series
            .values
            .iter()
            .map(|(column, v)| (column.to_string(), format!("{v:?}")))
            .collect(),
        data_through: series.data_through.map(exact_text),
        bad: series.bad.clone(),
    };
    let data = Data {
        series: measurement.series.iter().map(series).collect(),
        totals: measurement.totals.as_ref().map(|totals| totals.iter().map(series).collect()),
        bad_rows: measurement.bad_rows,
        first_bad_row: measurement.first_bad_row.clone(),
        doubt: measurement.doubt.clone(),
    };
    serde_json::to_string(&data).map_err(bad)
}

fn measurement(text: &str) -> sqlx::Result<Measurement> {
    let data: Data =
        serde_json::from_str(text).map_err(|error| bad(format!("measurement: {error}")))?;
    Ok(Measurement {
        series: series_of(data.series)?,
        totals: data.totals.map(series_of).transpose()?,
        bad_rows: data.bad_rows,
        first_bad_row: data.first_bad_row,
        doubt: data.doubt,
    })
}

fn series_of(data: Vec<SeriesData>) -> sqlx::Result<BTreeMap<Labels, Series>> {
    let mut all = BTreeMap::new();
    for series in data {
        let number = |(column, text): (String, String)| match text.parse() {
            Ok(number) => Ok((column, number)),
            Err(error) => Err(bad(format!("number `{text}`: {error}"))),
        };
        let values = series.values.into_iter().map(number).collect::<Result<_, _>>()?;
        let data_through = series.data_through.as_deref().map(exact).transpose()?;
        all.insert(series.labels, Series { values, data_through, bad: series.bad });
    }
    Ok(all)
}
