//! The configuration of the demo: the committed default one, moved to another period.

use chrono::NaiveDate;

use super::{PERIOD_DAYS, days_after};

/// The one source of the example's definitions.
const DEFAULT: &str = include_str!("../../config/kpi-exporter.yaml");

/// First line after the opening comment, which speaks of the second quarter of 2026.
const FIRST_LINE: &str = "version: 1\n";

/// The default configuration with a period of explicit dates that starts on this day, the
/// milestones moved along, in UTC.
pub fn demo_config(period_start: NaiveDate) -> String {
    let definitions = DEFAULT.find(FIRST_LINE).map_or(DEFAULT, |at| &DEFAULT[at..]);
    let replacements = replacements(period_start);
    let mut text = format!(
        "# yaml-language-server: $schema=kpi-exporter.schema.json\n\
         # Written by `kpi-exporter demo`: the default configuration, moved so that its period starts\n\
         # on {period_start}. The data ends with the day on which it was written.\n"
    );
    // Line by line, each replaced once: a moved date may look like another default one.
    for line in definitions.lines() {
        match replacements.iter().find(|(default, _)| line.contains(default)) {
            Some((default, moved)) => text.push_str(&line.replacen(default, moved, 1)),
            None => text.push_str(line),
        }
        text.push('\n');
    }
    text
}

/// What changes with the period: text of the default configuration, and its replacement.
fn replacements(period_start: NaiveDate) -> [(&'static str, String); 5] {
    let last_day = |days: i64| days_after(period_start, days - 1);
    [
        ("timezone: America/New_York", "timezone: UTC".to_owned()),
        (
            "period: quarter",
            format!("period: {{ start: {period_start}, end: {} }}", last_day(PERIOD_DAYS)),
        ),
        ("2026-04-30:", format!("{}:", last_day(30))),
        ("2026-05-31:", format!("{}:", last_day(61))),
        ("2026-06-30:", format!("{}:", last_day(PERIOD_DAYS))),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn every_replacement_hits_exactly_one_line() {
        let definitions = &DEFAULT[DEFAULT.find(FIRST_LINE).unwrap()..];
        for (default, _) in replacements(day("2030-01-01")) {
            assert_eq!(definitions.matches(default).count(), 1, "{default:?}");
        }
    }

    #[test]
    fn nothing_of_the_default_calendar_is_left() {
        let moved = demo_config(day("2031-01-06"));
        for left in ["2026", "New_York", "quarter"] {
            let lines: Vec<_> = moved.lines().filter(|line| line.contains(left)).collect();
            assert!(lines.is_empty(), "{left}: {lines:?}");
        }
    }

    #[test]
    fn milestones_and_period_end_keep_their_place_in_the_period() {
        let moved = demo_config(day("2026-04-01"));
        for kept in [
            "period: { start: 2026-04-01, end: 2026-06-30 }",
            "2026-04-30: 50000",
            "2026-05-31: 125000",
            "2026-06-30: 250000",
        ] {
            assert!(moved.contains(kept), "{kept}");
        }
    }

    #[test]
    fn a_moved_date_that_looks_like_a_default_one_is_not_moved_again() {
        let moved = demo_config(day("2026-05-02"));
        assert!(moved.contains("2026-05-31: 50000"), "{moved}");
        assert!(moved.contains("2026-07-01: 125000"), "{moved}");
    }
}
