//! The example that ships with the program: a quarter of a small software business in three data
//! files, and a configuration that reads them. Pure and deterministic: the same [`Story`] always gives the
//! same bytes. `config/` holds the story of the second quarter of 2026; the command `demo` moves the
//! same story to today.
//!
//! The story: organic traffic grows from 100 000 sessions a month to 125 000 and then 135 000, while
//! a change of the onboarding drops trial-to-paid conversion from 12 % to 10 % in the first month.
//! It recovers to 15 %, too late: net new ARR ends at 230 000 of 250 000 USD.
//!
//! Not here: running anything on it, and the clock.

mod config;
mod series;
mod tables;

use std::fs;
use std::io;
use std::path::Path;

use chrono::{NaiveDate, TimeDelta};

pub use config::demo_config;

/// What the keys of a configuration are, for editors; a test sees to it that it is what the program writes.
const SCHEMA: &str = include_str!("../../config/kpi-exporter.schema.json");

/// Days in the period of the story: blocks of 30, 31 and 30 days, as April to June.
pub const PERIOD_DAYS: i64 = 91;

/// Days of data before the period, so that a whole story spans two years.
pub const HISTORY_DAYS: i64 = 639;

/// When the story happens, and how much of it has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    /// First day of the 91-day period.
    pub period_start: NaiveDate,
    /// Last day with data, inclusive. Has no influence on the data of the days before. There is
    /// nothing to tell after the end of the period.
    pub last_day: NaiveDate,
}

/// A data file of the story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Without a folder: `sessions.csv`.
    pub name: &'static str,
    /// CSV with a header; days as `YYYY-MM-DD`, numbers whole.
    pub text: String,
}

/// The data files of a story, oldest day first:
///
/// - `sessions.csv`: `day, channel, sessions`, one row per day and channel
/// - `trials.csv`: `day, trials_ended, converted`, one row per day
/// - `arr.csv`: `day, movement, amount` in USD, one row per day and movement; contraction and churn
///   are negative, so that the sum is net new ARR
pub fn generate(story: &Story) -> Vec<File> {
    let days = series::days(story.period_start);
    let first = days.partition_point(|day| day.offset < -HISTORY_DAYS);
    let end = days.partition_point(|day| day.date <= story.last_day);
    let shown_days = first..end.max(first);
    vec![
        File { name: "sessions.csv", text: tables::sessions(&days, shown_days.clone()) },
        File { name: "trials.csv", text: tables::trials(&days, shown_days.clone()) },
        File { name: "arr.csv", text: tables::arr(&days, shown_days) },
    ]
}

/// Writes `kpi-exporter.yaml` (see [`demo_config`]), its schema for editors, and `data/*.csv` below a folder that exists.
///
/// # Errors
/// What the system says, with the path.
pub fn write(dir: &Path, story: &Story) -> io::Result<()> {
    let data = dir.join("data");
    fs::create_dir_all(&data).map_err(|error| with_path(&data, &error))?;
    for file in generate(story) {
        write_file(&data.join(file.name), &file.text)?;
    }
    write_file(&dir.join("kpi-exporter.schema.json"), SCHEMA)?;
    write_file(&dir.join("kpi-exporter.yaml"), &demo_config(story.period_start))
}

fn write_file(path: &Path, text: &str) -> io::Result<()> {
    fs::write(path, text).map_err(|error| with_path(path, &error))
}

fn with_path(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot write {}: {error}", path.display()))
}

/// The day so many days after another; the last day there is when that is too late.
fn days_after(day: NaiveDate, days: i64) -> NaiveDate {
    day.checked_add_signed(TimeDelta::days(days)).unwrap_or(NaiveDate::MAX)
}
