//! Going on with a file of lines that an earlier run was stopped in. The last day in the file may be
//! cut off, even between two whole lines, so it is written again; all days before it stay.

use std::collections::BTreeSet;
use std::io::{self, BufRead, Read};

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::kpi::Definitions;

/// A line longer than this is none of ours.
const MAX_LINE: u64 = 1 << 20;

/// What every line begins with.
const START: &[u8] = br#"{"as_of":""#;

/// Where to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resume {
    /// Bytes of the file to keep.
    pub keep: u64,
    /// Index of the first step that is not in them.
    pub next: usize,
}

/// Why a file cannot be gone on with.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// The file could not be read.
    #[error("cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// A line of something else.
    #[error("line {line} was not written by this command")]
    Foreign {
        /// Which line.
        line: u64,
    },
    /// A day that is not one of the steps.
    #[error("line {line} is of another day than this run would write")]
    OtherDay {
        /// Which line.
        line: u64,
    },
    /// A day that is complete with other KPIs.
    #[error("before line {line} it holds other KPIs than asked for")]
    OtherKpis {
        /// The first line of the next day.
        line: u64,
    },
}

/// What tells whose line it is.
#[derive(Deserialize)]
struct Line {
    as_of: String,
    kpi: String,
}

/// Reads the lines of an earlier run of the same `steps` and definitions.
///
/// # Errors
/// Where the file is not what such a run would have written.
pub fn resume(
    mut file: impl BufRead,
    steps: &[DateTime<Utc>],
    definitions: &Definitions,
) -> Result<Resume, ResumeError> {
    let expected: BTreeSet<&str> = definitions.kpis.iter().map(|kpi| kpi.id.as_str()).collect();
    let mut found = Resume::default();
    let mut day: Option<DateTime<Utc>> = None;
    let mut kpis: BTreeSet<String> = BTreeSet::new();
    let mut offset = 0;
    let mut text = Vec::new();
    for line in 1.. {
        text.clear();
        let length = next_line(&mut file, &mut text)?;
        if text.pop_if(|last| *last == b'\n').is_none() {
            let begun = text.starts_with(START) || START.starts_with(&text);
            if !begun || length == MAX_LINE {
                return Err(ResumeError::Foreign { line });
            }
            // The end of the file, or a line that was cut off there.
            break;
        }
        let (at, kpi) = parsed(&text).ok_or(ResumeError::Foreign { line })?;
        if day != Some(at) {
            if day.is_some() {
                if !kpis.iter().map(String::as_str).eq(expected.iter().copied()) {
                    return Err(ResumeError::OtherKpis { line });
                }
                found.next += 1;
                kpis.clear();
            }
            found.keep = offset;
            day = Some(at);
            if steps.get(found.next) != Some(&at) {
                return Err(ResumeError::OtherDay { line });
            }
        }
        kpis.insert(kpi);
        offset += length;
    }
    Ok(found)
}

/// The step from which to evaluate so that the days from `next` on come out as in one go: a status
/// that waits to be confirmed is forgotten with its period, so it is the first step of the longest
/// period that is running by then.
pub fn warm_up(definitions: &Definitions, steps: &[DateTime<Utc>], next: usize) -> usize {
    let Some(at) = steps.get(next) else { return next };
    let starts = definitions
        .kpis
        .iter()
        .map(|kpi| definitions.calendar.period_at(&kpi.period, *at).span.start);
    let start = starts.min().unwrap_or(*at);
    steps[..next].partition_point(|step| *step <= start)
}

fn next_line(file: &mut impl BufRead, text: &mut Vec<u8>) -> io::Result<u64> {
    Ok(file.take(MAX_LINE).read_until(b'\n', text)? as u64)
}

fn parsed(text: &[u8]) -> Option<(DateTime<Utc>, String)> {
    let line: Line = serde_json::from_slice(text).ok()?;
    Some((DateTime::parse_from_rfc3339(&line.as_of).ok()?.to_utc(), line.kpi))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{Environment, load};

    const LINES: &str = concat!(
        r#"{"as_of":"2026-04-02T00:00:00-04:00","kpi":"net_new_arr"}"#,
        "\n",
        r#"{"as_of":"2026-04-02T00:00:00-04:00","kpi":"organic_traffic"}"#,
        "\n",
        r#"{"as_of":"2026-04-02T00:00:00-04:00","kpi":"trial_to_paid"}"#,
        "\n",
        r#"{"as_of":"2026-04-03T00:00:00-04:00","kpi":"net_new_arr"}"#,
        "\n",
    );

    fn definitions() -> Definitions {
        load(Path::new("config/kpi-exporter.yaml"), &Environment::default()).unwrap().definitions
    }

    fn days(from: &str, count: i64) -> Vec<DateTime<Utc>> {
        let from: DateTime<Utc> = from.parse().unwrap();
        (0..count).map(|day| from + chrono::TimeDelta::days(day)).collect()
    }

    fn resumed(text: &str, from: &str) -> Result<Resume, String> {
        let found = resume(text.as_bytes(), &days(from, 30), &definitions());
        found.map_err(|error| error.to_string())
    }

    #[test]
    fn the_last_day_is_written_again_wherever_the_file_ends() {
        let second_day = LINES.rfind('{').unwrap();
        for end in 0..=LINES.len() {
            let (keep, next) = if end == LINES.len() { (second_day, 1) } else { (0, 0) };
            let expected = Resume { keep: keep as u64, next };
            let found = resumed(&LINES[..end], "2026-04-02T04:00:00Z").unwrap();
            assert_eq!(found, expected, "{end}");
        }
    }

    #[test]
    fn a_file_of_something_else_is_left_alone() {
        for text in ["hello", "hello\n", "{\"as_of\":1}\n", "\n", &" ".repeat(2 << 20)] {
            let error = resumed(text, "2026-04-02T04:00:00Z").unwrap_err();
            assert_eq!(error, "line 1 was not written by this command");
        }
    }

    #[test]
    fn the_days_and_kpis_have_to_be_those_asked_for() {
        let error = resumed(LINES, "2026-04-03T04:00:00Z").unwrap_err();
        assert_eq!(error, "line 1 is of another day than this run would write");
        let lacking = LINES.replace("trial_to_paid", "organic_traffic");
        let error = resumed(&lacking, "2026-04-02T04:00:00Z").unwrap_err();
        assert_eq!(error, "before line 4 it holds other KPIs than asked for");
    }

    #[test]
    fn a_resumed_run_warms_up_from_the_first_day_of_the_period() {
        // 25 March to 23 April; the quarter starts with the day that closes on 2 April.
        let days = days("2026-03-26T04:00:00Z", 30);
        assert_eq!(warm_up(&definitions(), &days, 20), 7);
        assert_eq!(warm_up(&definitions(), &days, 3), 0);
        assert_eq!(warm_up(&definitions(), &days, 0), 0);
    }
}
