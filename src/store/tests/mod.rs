//! Tests of the store through its public face, and what they share.

mod definitions;
pub(crate) mod disk;
mod keeping;
mod migrating;
mod opening;
mod periods;
mod restart;

use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use tempfile::TempDir;

use super::{Evaluation, Opening, Point, Revision, Store};
use crate::assess::hysteresis::{DataPoint, StatusMemory, Waiting};
use crate::assess::{Status, Sums};
use crate::kpi::SeriesKey;

/// A folder with room for a store.
pub(super) struct Folder(TempDir);

impl Folder {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) fn path(&self) -> PathBuf {
        self.0.path().join("history").join("kpi.db")
    }

    pub(super) async fn open(&self) -> Store {
        Store::open(self.path()).await.unwrap()
    }

    /// Why it cannot be opened, with the folder's name left out.
    pub(super) async fn refusal(&self) -> String {
        let error = Store::open(self.path()).await.unwrap_err().to_string();
        error.replace(&*self.0.path().to_string_lossy(), "FOLDER")
    }
}

/// The bytes of a closed store.
pub(super) fn bytes(folder: &Folder) -> Vec<u8> {
    crate::limits::read_capped(&folder.path(), 1 << 30).unwrap()
}

pub(super) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(super) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(super) fn key(kpi: &str, labels: &[(&str, &str)]) -> SeriesKey {
    SeriesKey { kpi: kpi.into(), labels: labels.iter().copied().collect() }
}

/// A verdict with every number set.
pub(super) fn point(series: SeriesKey, as_of: &str, value: f64) -> Point {
    let as_of = at(as_of);
    Point {
        series,
        day: (as_of - TimeDelta::nanoseconds(1)).date_naive(),
        as_of,
        revision: Revision { meaning: 1, goal: 1 },
        period: "2026-Q2".to_owned(),
        elapsed_ratio: 0.5,
        value: Some(value),
        sums: Some(Sums { numerator: value * 7.0, denominator: 7.0 }),
        baseline: Some(0.12),
        target: Some(0.16),
        target_ratio: Some(value / 0.16),
        progress_ratio: Some(-0.5),
        pace_ratio: Some(0.17),
        expected: Some(0.133),
        status: Status::OffTrack,
        data_through: Some(as_of - TimeDelta::hours(1)),
    }
}

pub(super) fn memory(value: Option<f64>) -> StatusMemory {
    StatusMemory {
        period: "2026-Q2".to_owned(),
        shown: Status::OnTrack,
        band: Some(Status::OnTrack),
        waiting: Some(Waiting {
            status: Status::AtRisk,
            points: 1,
            since: DateTime::UNIX_EPOCH,
            by: None,
        }),
        point: DataPoint {
            value,
            data_through: Some(at("2026-04-30T03:04:05.123456789Z")),
            day: day("2026-04-30"),
        },
    }
}

/// An evaluation of nothing but points.
pub(super) fn evaluation(at_text: &str, points: Vec<Point>) -> Evaluation {
    Evaluation { at: at(at_text), points, ..Evaluation::default() }
}

/// What was frozen for a period of a KPI.
pub(super) async fn opened(store: &Store, kpi: &str, period: &str) -> Vec<Opening> {
    store.openings(&[(kpi.into(), period.to_owned())]).await.unwrap()
}
