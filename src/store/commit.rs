//! One evaluation, one transaction: all of it is there after a crash, or nothing.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::periods::{self, Closed, Closing, Opening};
use super::points::{self, Point};
use super::runs::StoredRun;
use super::series::{Last, Numbers, Written};
use super::{Store, StoreError, closings, runs_written, statuses, stretches};
use crate::assess::hysteresis::StatusMemory;
use crate::kpi::SeriesKey;

/// What an evaluation brought. Handing in more than is new is fine: what is stored already is not written
/// again.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evaluation {
    /// The instant of the evaluation.
    pub at: DateTime<Utc>,
    /// Good runs since the last one.
    pub runs: Vec<StoredRun>,
    /// What hysteresis remembers.
    pub statuses: BTreeMap<SeriesKey, StatusMemory>,
    /// The verdicts.
    pub points: Vec<Point>,
    /// Periods that opened; those that are stored already stay as they are.
    pub openings: Vec<Opening>,
    /// Periods that ended.
    pub closings: Vec<Closing>,
}

impl Evaluation {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        let Self { at: _, runs, statuses, points, openings, closings } = self;
        runs.is_empty()
            && statuses.is_empty()
            && points.is_empty()
            && openings.is_empty()
            && closings.is_empty()
    }
}

/// The part of an evaluation that is news, with the numbers of its series.
#[derive(Default)]
struct NewRows<'a> {
    statuses: Vec<(i64, &'a StatusMemory)>,
    points: Vec<(i64, &'a Point)>,
    raw: Vec<(i64, &'a Point)>,
    openings: Vec<(i64, &'a Opening)>,
    closings: Vec<(i64, &'a Closing)>,
}

impl Store {
    /// Writes an evaluation. Says, closing by closing, what became of it.
    ///
    /// # Errors
    /// The disk is full, the file damaged ...; nothing of the evaluation is written then.
    pub async fn commit(&self, evaluation: &Evaluation) -> Result<Vec<Closed>, StoreError> {
        let mut written = self.written.lock().await;
        let closed = self.answer(self.write(evaluation, &mut written).await)?;
        self.unwritten().forget(evaluation);
        Ok(closed)
    }

    /// Writes points of past days, as a backfill computes them: daily values only.
    pub async fn backfill(&self, points: &[Point]) -> Result<(), StoreError> {
        let mut written = self.written.lock().await;
        self.answer(self.write_past(points, &mut written).await)
    }

    async fn write(
        &self,
        evaluation: &Evaluation,
        written: &mut Written,
    ) -> sqlx::Result<Vec<Closed>> {
        if !has_news(evaluation, written) {
            return Ok(Vec::new());
        }
        let mut transaction = self.begin().await?;
        let connection = &mut *transaction;
        stretches::note(connection, evaluation.at).await?;
        let numbers = Numbers::of(connection, written, series_of(evaluation)).await?;
        let new_rows = new_rows(evaluation, written, &numbers)?;
        runs_written::save(connection, &evaluation.runs, &written.runs, evaluation.at).await?;
        statuses::save(connection, &new_rows.statuses).await?;
        points::save_daily(connection, &new_rows.points).await?;
        points::save_raw(connection, &new_rows.raw, evaluation.at).await?;
        periods::save_openings(connection, &new_rows.openings).await?;
        let closed = closings::close(connection, &new_rows.closings, evaluation.at).await?;
        transaction.commit().await?;
        numbers.keep(written);
        remember(evaluation, written);
        Ok(closed)
    }

    async fn write_past(&self, points: &[Point], written: &mut Written) -> sqlx::Result<()> {
        let mut transaction = self.begin().await?;
        let connection = &mut *transaction;
        let series = points.iter().map(|point| &point.series);
        let numbers = Numbers::of(connection, written, series).await?;
        let number = |point: &Point| numbers.get(written, &point.series);
        let numbered = points.iter().map(|point| Ok((number(point)?, point)));
        let numbered = numbered.collect::<sqlx::Result<Vec<_>>>()?;
        points::save_daily(connection, &numbered).await?;
        transaction.commit().await?;
        numbers.keep(written);
        Ok(())
    }
}

fn has_news(evaluation: &Evaluation, written: &Written) -> bool {
    let Evaluation { at: _, runs, statuses, points, openings, closings } = evaluation;
    !runs.is_empty()
        || !openings.is_empty()
        || !closings.is_empty()
        || statuses.iter().any(|(key, memory)| is_new_memory(written.series.get(key), memory))
        || points.iter().any(|point| is_new_point(written.series.get(&point.series), point))
}

fn is_new_memory(last: Option<&Last>, memory: &StatusMemory) -> bool {
    last.and_then(|last| last.memory.as_ref()) != Some(memory)
}

fn is_new_point(last: Option<&Last>, point: &Point) -> bool {
    last.and_then(|last| last.point.as_ref()) != Some(point)
}

fn is_change(last: Option<&Last>, point: &Point) -> bool {
    last.and_then(|last| last.raw) != Some((point.value, point.status))
}

/// All series that it says something of.
fn series_of(evaluation: &Evaluation) -> impl Iterator<Item = &SeriesKey> {
    let Evaluation { at: _, runs: _, statuses, points, openings, closings } = evaluation;
    let points = points.iter().map(|point| &point.series);
    let openings = openings.iter().map(|opening| &opening.series);
    let closings = closings.iter().map(|closing| &closing.series);
    statuses.keys().chain(points).chain(openings).chain(closings)
}

fn new_rows<'a>(
    evaluation: &'a Evaluation,
    written: &Written,
    numbers: &Numbers,
) -> sqlx::Result<NewRows<'a>> {
    let mut new_rows = NewRows::default();
    for (key, memory) in &evaluation.statuses {
        if is_new_memory(written.series.get(key), memory) {
            new_rows.statuses.push((numbers.get(written, key)?, memory));
        }
    }
    for point in &evaluation.points {
        let last = written.series.get(&point.series);
        if is_new_point(last, point) {
            let series = numbers.get(written, &point.series)?;
            new_rows.points.push((series, point));
            if is_change(last, point) {
                new_rows.raw.push((series, point));
            }
        }
    }
    for opening in &evaluation.openings {
        new_rows.openings.push((numbers.get(written, &opening.series)?, opening));
    }
    for closing in &evaluation.closings {
        new_rows.closings.push((numbers.get(written, &closing.series)?, closing));
    }
    Ok(new_rows)
}

/// After the commit: what the file holds now.
fn remember(evaluation: &Evaluation, written: &mut Written) {
    for run in &evaluation.runs {
        written.runs.insert(run.metric.clone(), run.measurements.clone());
    }
    for (key, memory) in &evaluation.statuses {
        if let Some(last) = written.series.get_mut(key) {
            last.memory = Some(memory.clone());
        }
    }
    for point in &evaluation.points {
        if let Some(last) = written.series.get_mut(&point.series) {
            last.raw = Some((point.value, point.status));
            last.point = Some(point.clone());
        }
    }
}
