//! Days of very many series, read in one go: years of history are millions of rows. Beside the
//! connection that writes, in a thread of its own. Not here: what they are good for (`recall`).

use std::collections::BTreeMap;
use std::path::Path;

use chrono::NaiveDate;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row};
use tokio::sync::oneshot;

use super::encode::{ROWS, status_of};
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

const DAYS: &str = "SELECT day, value, expected, numerator, denominator, status FROM daily
                    WHERE series = ?1 AND day BETWEEN ?2 AND ?3 AND meaning = ?4 AND value IS NOT NULL
                    ORDER BY day";

/// Pages that are kept: negative for KiB.
const CACHE: i64 = -256;

impl Store {
    /// The days `from..=to` of all series of these KPIs, of the given meaning of each, the oldest first: put
    /// into `all` by `put`, one series after the other, where they are read. Nobody reads on once this is
    /// dropped.
    ///
    /// # Errors
    /// What the store says.
    pub async fn past_days<T: Send + 'static>(
        &self,
        meanings: BTreeMap<KpiId, u32>,
        (from, to): (NaiveDate, NaiveDate),
        mut all: T,
        mut put: impl FnMut(&mut T, &SeriesKey, &[PastDay]) + Send + 'static,
    ) -> Result<T, StoreError> {
        let Some(file) = self.file() else {
            let kpis: Vec<&KpiId> = meanings.keys().collect();
            for kpis in kpis.chunks(ROWS) {
                for points in self.days(kpis, from, to).await?.chunk_by(|a, b| a.series == b.series)
                {
                    let Some(series) = points.first().map(|point| &point.series) else { continue };
                    let meaning = meanings.get(&series.kpi);
                    let days = points.iter().filter(|day| Some(&day.revision.meaning) == meaning);
                    let days: Vec<PastDay> = days.filter_map(past_day_of).collect();
                    if !days.is_empty() {
                        put(&mut all, series, &days);
                    }
                }
            }
            return Ok(all);
        };
        let (done, wanted) = oneshot::channel();
        tokio::task::spawn_blocking(move || {
            let is_wanted = || !done.is_closed();
            let read = read(&file, &meanings, (from, to), is_wanted, |series, days| {
                put(&mut all, series, days);
            });
            // Should nobody want it any more, there is nobody to be told.
            let _ = done.send(read.map(|()| all));
        });
        let read = wanted.await;
        let read = read.unwrap_or_else(|_| Err(Problem::Other("a defect of the program".into())));
        read.map_err(|problem| StoreError::new(&self.path, problem))
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
    is_wanted: impl Fn() -> bool,
    mut put: impl FnMut(&SeriesKey, &[PastDay]),
) -> Result<(), Problem> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(BUSY)?;
    // Each page is read once.
    connection.pragma_update(None, "cache_size", CACHE)?;
    let (from, to) = (from.to_string(), to.to_string());
    let mut series = connection.prepare("SELECT id, labels FROM series WHERE kpi = ?1")?;
    let mut days = connection.prepare(DAYS)?;
    let mut of_series = Vec::new();
    for (kpi, meaning) in meanings {
        let mut rows = series.query([kpi.as_str()])?;
        while let Some(row) = rows.next()? {
            if !is_wanted() {
                return Ok(());
            }
            let (id, labels): (i64, String) = (row.get(0)?, row.get(1)?);
            let labels = serde_json::from_str::<Labels>(&labels);
            let labels = labels.map_err(|error| Problem::Damaged(format!("labels: {error}")))?;
            of_series.clear();
            let mut rows = days.query((id, &from, &to, meaning))?;
            while let Some(row) = rows.next()? {
                of_series.push(past_day(row)?);
            }
            if !of_series.is_empty() {
                put(&SeriesKey::new(kpi, &labels), &of_series);
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
    let day = day_of(day).ok_or_else(|| Problem::Damaged(format!("`{day}` is no day")))?;
    let sums = row.get::<_, Option<f64>>(3)?.zip(row.get::<_, Option<f64>>(4)?);
    Ok(PastDay {
        day,
        value: row.get(1)?,
        expected: row.get(2)?,
        sums: sums.map(|(numerator, denominator)| Sums { numerator, denominator }),
        status: status_of(text(5)?).map_err(|error| Problem::from_sql(&error))?,
    })
}

/// `2026-04-01`, as millions of rows have it: a tenth of the time of reading them would go into a parser of
/// any format. Years have four digits.
fn day_of(text: &str) -> Option<NaiveDate> {
    let (year, [b'-', month @ .., b'-', tens, ones]) = text.as_bytes().split_at_checked(4)? else {
        return None;
    };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0'))
        })
    };
    let year = i32::try_from(number(year)?).ok()?;
    NaiveDate::from_ymd_opt(year, number(month)?, number(&[*tens, *ones])?)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_as_they_are_written_and_nothing_else_is_a_day() {
        let first = NaiveDate::from_ymd_opt(1999, 12, 1).unwrap();
        for day in first.iter_days().step_by(13).take(2_000) {
            assert_eq!(day_of(&day.to_string()), Some(day));
        }
        for text in ["", "2026-02-29", "2026-13-01", "2026-1-011", "20x6-01-01", "2026/01/01"] {
            assert_eq!(day_of(text), None, "{text}");
        }
    }
}
