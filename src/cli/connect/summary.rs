//! What one metric answered, in few words. Not here: printing.

use std::time::Duration;

use anstyle::{AnsiColor, Style};
use chrono_tz::Tz;

use super::is_away;
use crate::cli::answer::{columns, plain, samples};
use crate::cli::probe::Probe;
use crate::metric::FetchError;
use crate::source::Remark;

/// What came of a metric.
pub(super) struct Summary {
    /// `None` without an answer.
    rows: Option<usize>,
    /// Names, types, a value or two.
    columns: String,
    duration: Duration,
    /// Why there is no answer.
    pub(super) failure: Option<FetchError>,
    /// What else is to be known, and what to do about it.
    pub(super) remarks: Vec<Remark>,
}

impl Summary {
    pub(super) fn of(probe: &Probe, timezone: Tz) -> Self {
        let mut remarks: Vec<String> = Vec::new();
        if let Ok(measured) = &probe.measured {
            let bad = measured.first_bad_row.as_ref();
            remarks.extend(bad.map(|bad| format!("bad rows: {}; {bad}", measured.bad_rows)));
            let noticed = probe.table.iter().flat_map(|table| &table.remarks);
            remarks.extend(noticed.cloned());
            if remarks.is_empty() && measured.series.values().all(|one| one.values.is_empty()) {
                remarks.push("no value".to_owned());
            }
        }
        let columns = probe.table.as_ref().map(|table| {
            let columns = columns(table);
            let shown = columns.iter().enumerate().map(|(index, column)| {
                let samples = samples(table, index, timezone).join(", ");
                let samples = if samples.is_empty() { samples } else { format!(" ({samples})") };
                format!("{} {}{samples}", column.name, column.shown_type())
            });
            shown.collect::<Vec<_>>().join(", ")
        });
        Self {
            rows: probe.table.as_ref().map(|table| table.rows.len()),
            columns: columns.unwrap_or_default(),
            duration: probe.duration,
            failure: probe.measured.as_ref().err().cloned(),
            remarks: remarks.into_iter().map(|message| Remark { message, hint: None }).collect(),
        }
    }

    /// One more, told once.
    pub(super) fn remark(&mut self, remark: Remark) {
        if !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }

    /// Whether nothing was heard of its source.
    pub(super) fn is_away(&self) -> bool {
        self.failure.as_ref().is_some_and(|error| is_away(error.kind))
    }

    pub(super) fn style(&self) -> Style {
        match (&self.failure, self.remarks.is_empty()) {
            (Some(_), _) => AnsiColor::Red.on_default(),
            (None, false) => AnsiColor::Yellow.on_default(),
            (None, true) => AnsiColor::Green.on_default(),
        }
    }

    fn mark(&self) -> &'static str {
        match (&self.failure, self.remarks.is_empty()) {
            (Some(_), _) => "✗",
            (None, false) => "!",
            (None, true) => "✓",
        }
    }

    pub(super) fn cells(&self, metric: &str) -> Vec<String> {
        vec![
            self.mark().to_owned(),
            metric.to_owned(),
            self.rows.map_or_else(|| "-".to_owned(), |rows| rows.to_string()),
            format!("{:.3} s", self.duration.as_secs_f64()),
            plain(&self.columns),
        ]
    }
}
