//! Runs, written: many to a statement, since each statement is a way to SQLite's thread and back, and only what of
//! them is new. Not here: how a measurement is text (`runs`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection};

use super::encode::{ROWS, exact_text, insert, push_list};
use super::runs::{StoredRun, data_text, span_text};
use crate::id::MetricId;
use crate::metric::{Measurement, Span};

/// Answers of metrics, as far as this process wrote them.
pub(super) type WrittenRuns = BTreeMap<MetricId, BTreeMap<Span, Arc<Measurement>>>;

/// Bytes of text of one statement: an answer may have a row for every customer.
const BYTES: usize = 1 << 20;

/// Rows that wait to be written together.
#[derive(Default)]
struct Waiting {
    new: Vec<(MetricId, String, String)>,
    bytes: usize,
    gone: Vec<(MetricId, String)>,
}

/// Puts runs in the place of the last ones of their metrics. What stayed the same, such as baselines and answers
/// that have not changed, is not written again.
pub(super) async fn save(
    connection: &mut SqliteConnection,
    runs: &[StoredRun],
    written: &WrittenRuns,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    let head = "INSERT INTO runs (metric, fingerprint, as_of, saved_at) ";
    let tail = " ON CONFLICT DO UPDATE SET fingerprint = excluded.fingerprint,
                as_of = excluded.as_of, saved_at = excluded.saved_at";
    insert(connection, head, tail, runs, |values, run| {
        values
            .push_bind(run.metric.to_string())
            .push_bind(run.fingerprint.clone())
            .push_bind(exact_text(run.as_of))
            .push_bind(at.timestamp_millis());
    })
    .await?;
    let mut waiting = Waiting::default();
    for runs in runs.chunks(ROWS) {
        let mut kept = kept(connection, runs).await?;
        for run in runs {
            let kept = kept.remove(run.metric.as_str()).unwrap_or_default();
            save_one(connection, run, kept, written.get(&run.metric), &mut waiting).await?;
        }
    }
    waiting.write(connection).await
}

/// The spans of which there is an answer, by metric.
async fn kept(
    connection: &mut SqliteConnection,
    runs: &[StoredRun],
) -> sqlx::Result<BTreeMap<String, BTreeSet<String>>> {
    let mut query =
        QueryBuilder::<Sqlite>::new("SELECT metric, span FROM measurements WHERE metric IN ");
    push_list(&mut query, runs.iter().map(|run| &run.metric));
    let mut kept: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in query.build().fetch_all(connection).await? {
        kept.entry(row.try_get("metric")?).or_default().insert(row.try_get("span")?);
    }
    Ok(kept)
}

async fn save_one(
    connection: &mut SqliteConnection,
    run: &StoredRun,
    kept: BTreeSet<String>,
    before: Option<&BTreeMap<Span, Arc<Measurement>>>,
    waiting: &mut Waiting,
) -> sqlx::Result<()> {
    let now: BTreeMap<String, &Arc<Measurement>> =
        run.measurements.iter().map(|(span, data)| (span_text(*span), data)).collect();
    let mut before: BTreeMap<String, &Arc<Measurement>> =
        before.into_iter().flatten().map(|(span, data)| (span_text(*span), data)).collect();
    before.retain(|span, _| kept.contains(span));
    let mut gone: BTreeSet<&String> = kept.iter().filter(|span| !now.contains_key(*span)).collect();
    for (span, data) in now {
        // What is the same of another window has only another name.
        let mut same = before.iter().filter(|(_, known)| Arc::ptr_eq(known, data));
        if same.clone().any(|(known, _)| *known == span) {
            continue;
        }
        if let Some((known, _)) = same.find(|(known, _)| gone.contains(known))
            && !kept.contains(&span)
        {
            gone.remove(known);
            sqlx::query("UPDATE measurements SET span = ? WHERE metric = ? AND span = ?")
                .bind(span)
                .bind(run.metric.as_str())
                .bind(known)
                .execute(&mut *connection)
                .await?;
            continue;
        }
        waiting.put(run.metric.clone(), span, data_text(data)?);
        if waiting.is_full() {
            waiting.write(connection).await?;
        }
    }
    waiting.gone.extend(gone.into_iter().map(|span| (run.metric.clone(), span.clone())));
    Ok(())
}

impl Waiting {
    fn put(&mut self, metric: MetricId, span: String, data: String) {
        self.bytes += data.len();
        self.new.push((metric, span, data));
    }

    fn is_full(&self) -> bool {
        self.bytes >= BYTES || self.new.len() >= ROWS
    }

    async fn write(&mut self, connection: &mut SqliteConnection) -> sqlx::Result<()> {
        let Self { new, gone, .. } = std::mem::take(self);
        let head = "INSERT INTO measurements (metric, span, data) ";
        let tail = " ON CONFLICT DO UPDATE SET data = excluded.data WHERE data <> excluded.data";
        insert(connection, head, tail, &new, |values, (metric, span, data)| {
            values.push_bind(metric.to_string()).push_bind(span.clone()).push_bind(data.clone());
        })
        .await?;
        for rows in gone.chunks(ROWS) {
            let mut query =
                QueryBuilder::<Sqlite>::new("DELETE FROM measurements WHERE metric IN ");
            push_list(&mut query, rows.iter().map(|(metric, _)| metric));
            // This condition alone would look at all that there are.
            query.push(" AND (metric, span) IN (");
            query.push_values(rows, |mut values, (metric, span)| {
                values.push_bind(metric.to_string()).push_bind(span.clone());
            });
            query.push(")");
            query.build().execute(&mut *connection).await?;
        }
        Ok(())
    }
}
