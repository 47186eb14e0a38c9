//! A test of a user's own: given rows and an instant, what is expected. Not here: running it (`cli`).

use std::path::PathBuf;

use serde_json::Value;

use crate::id::KpiId;

/// One test.
#[derive(Debug, Clone)]
pub struct UserTest {
    /// Its id.
    pub name: String,
    /// The instant, as `--as-of` takes it.
    pub as_of: String,
    /// By table, or by metric of a source without tables.
    pub given: Vec<(String, Given)>,
    /// Of KPIs.
    pub expect: Vec<Expect>,
}

/// Rows in the place of what a source has.
#[derive(Debug, Clone)]
pub enum Given {
    /// A list of maps.
    Rows(Value),
    /// CSV, NDJSON or JSON.
    File(PathBuf),
}

/// What a KPI should be.
#[derive(Debug, Clone)]
pub struct Expect {
    /// Which.
    pub kpi: KpiId,
    /// Of which label set.
    pub labels: Option<Vec<(String, String)>>,
    /// Value and how far off it may be.
    pub value: Option<(f64, f64)>,
    /// By its name in JSON.
    pub status: Option<String>,
    /// A part of the reason.
    pub reason: Option<String>,
}
