//! Days of very many series, read in one go: years of history are millions of rows. Beside the
//! connection that writes, in a thread of its own. Not here: what they are good for (`recall`).

use std::collections::BTreeMap;
use std::path::Path;

use chrono::NaiveDate;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row};
use tokio::sync::mpsc;

use super::encode::status_of;
use super::error::Problem;
use super::open::BUSY;
use super::points::Point;
use super::{Store, StoreError};
use crate::assess::{Status, Sums};
use crate::id::KpiId;
use crate::kpi::SeriesKey;
use crate::metric::Labels;

/// The value of one day, and what it was measured against.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PastDay {
    /// Local day.
    pub day: NaiveDate,
    /// In the KPI's unit.
    pub value: f64,
    /// Where it should have been.
    pub expected: Option<f64>,
    /// Its two parts, when the formula is a quotient.
    pub sums: Option<Sums>,
    /// The verdict at its end.
    pub status: Status,
}

/// The days of one series, the oldest first.
pub type PastDays = (SeriesKey, Vec<PastDay>);

/// Series that are read ahead.
const AHEAD: usize = 64;

const DAYS: &str = "SELECT day, value, expected, numerator, denominator, status FROM daily
                    WHERE series = ?1 AND day BETWEEN ?2 AND ?3 AND meaning = ?4 AND value IS NOT NULL
                    ORDER BY day";

impl Store {
    /// The days `from..=to` of all series of these KPIs, of the given meaning of each. `take` gets them
    /// one series after the other.
    ///
    /// # Errors
    /// What the store says; `take` may have got some by then.
    pub async fn past_days(
        &self,
        meanings: BTreeMap<KpiId, u32>,
        from: NaiveDate,
        to: NaiveDate,
        mut take: impl FnMut(PastDays) + Send,
    ) -> Result<(), StoreError> {
        let Some(file) = self.file() else {
            // What has no file has little in it.
            for (kpi, meaning) in meanings {
                let points = self.history(kpi.as_str(), None, from, to).await?;
                for of_one in points.chunk_by(|a, b| a.series == b.series) {
                    let days = of_one.iter().filter(|point| point.revision.meaning == meaning);
                    let days: Vec<PastDay> = days.filter_map(past_day_of).collect();
                    if let Some(first) = of_one.first().filter(|_| !days.is_empty()) {
                        take((first.series.clone(), days));
                    }
                }
            }
            return Ok(());
        };
        let (send, mut read_ahead) = mpsc::channel(AHEAD);
        let reading =
            tokio::task::spawn_blocking(move || read(&file, &meanings, (from, to), &send));
        while let Some(series) = read_ahead.recv().await {
            take(series);
        }
        let failed = |problem| StoreError::new(&self.path, problem);
        let read = reading.await;
        let read = read.map_err(|defect| failed(Problem::Other(format!("a defect: {defect}"))))?;
        read.map_err(failed)
    }
}

fn past_day_of(point: &Point) -> Option<PastDay> {
    let Point { day, value, expected, sums, status, .. } = *point;
    Some(PastDay { day, value: value?, expected, sums, status })
}

fn read(
    file: &Path,
    meanings: &BTreeMap<KpiId, u32>,
    (from, to): (NaiveDate, NaiveDate),
    send: &mpsc::Sender<PastDays>,
) -> Result<(), Problem> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(BUSY)?;
    let (from, to) = (from.to_string(), to.to_string());
    let mut series = connection.prepare("SELECT id, labels FROM series WHERE kpi = ?1")?;
    let mut days = connection.prepare(DAYS)?;
    for (kpi, meaning) in meanings {
        let mut rows = series.query([kpi.as_str()])?;
        while let Some(row) = rows.next()? {
            let (id, labels): (i64, String) = (row.get(0)?, row.get(1)?);
            let labels = serde_json::from_str::<Labels>(&labels);
            let labels = labels.map_err(|error| Problem::Damaged(format!("labels: {error}")))?;
            let mut of_series = Vec::new();
            let mut rows = days.query((id, &from, &to, meaning))?;
            while let Some(row) = rows.next()? {
                of_series.push(past_day(row)?);
            }
            let series = (SeriesKey::new(kpi, &labels), of_series);
            if !series.1.is_empty() && send.blocking_send(series).is_err() {
                // Nobody wants them any more.
                return Ok(());
            }
        }
    }
    Ok(())
}

fn past_day(row: &Row<'_>) -> Result<PastDay, Problem> {
    let text = |index: usize| -> Result<&str, Problem> {
        match row.get_ref(index)? {
            ValueRef::Text(text) => Ok(std::str::from_utf8(text).unwrap_or_default()),
            _ => Ok(""),
        }
    };
    let day = text(0)?;
    let day = day.parse().map_err(|_| Problem::Damaged(format!("`{day}` is no day")))?;
    let sums = row.get::<_, Option<f64>>(3)?.zip(row.get::<_, Option<f64>>(4)?);
    Ok(PastDay {
        day,
        value: row.get(1)?,
        expected: row.get(2)?,
        sums: sums.map(|(numerator, denominator)| Sums { numerator, denominator }),
        status: status_of(text(5)?).map_err(|error| Problem::from_sql(&error))?,
    })
}

impl From<rusqlite::Error> for Problem {
    fn from(error: rusqlite::Error) -> Self {
        let message = error.to_string();
        match error.sqlite_error() {
            Some(code) => Self::from_code(code.extended_code, message),
            None => Self::Damaged(message),
        }
    }
}
