//! The demo tells the story it promises, to the last session, trial and dollar, whenever it is
//! told; and the committed files under `config/` are what the generator writes.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is a failure")]

use std::ops::Range;
use std::path::{Path, PathBuf};

use chrono::{NaiveDate, TimeDelta};
use kpi_exporter::demo::{File, HISTORY_DAYS, PERIOD_DAYS, Story, demo_config, generate, write};
use kpi_exporter::limits::read_capped;
use proptest::prelude::*;

/// The story as committed: the second quarter of 2026.
fn committed() -> Story {
    Story { period_start: day("2026-04-01"), last_day: day("2026-06-30") }
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Rows of a file as `(days since the period started, the other cells)`.
fn rows(story: &Story, name: &str) -> Vec<(i64, Vec<String>)> {
    let files = generate(story);
    let file = files.iter().find(|file| file.name == name).unwrap();
    file.text
        .lines()
        .skip(1)
        .map(|line| {
            let mut cells = line.split(',').map(str::to_owned);
            let offset = (day(&cells.next().unwrap()) - story.period_start).num_days();
            (offset, cells.collect())
        })
        .collect()
}

/// Sum of a column over days of the period, of the rows whose first cell is `kind` (if given).
fn sum(story: &Story, name: &str, kind: Option<&str>, column: usize, days: Range<i64>) -> i64 {
    rows(story, name)
        .iter()
        .filter(|(offset, cells)| days.contains(offset) && kind.is_none_or(|kind| cells[0] == kind))
        .map(|(_, cells)| cells[column].parse::<i64>().unwrap())
        .sum()
}

fn organic(story: &Story, days: Range<i64>) -> i64 {
    sum(story, "sessions.csv", Some("organic"), 1, days)
}

/// Trials ended and converted.
fn trials(story: &Story, days: Range<i64>) -> (i64, i64) {
    (sum(story, "trials.csv", None, 0, days.clone()), sum(story, "trials.csv", None, 1, days))
}

fn net_new_arr(story: &Story, days: Range<i64>) -> i64 {
    sum(story, "arr.csv", None, 1, days)
}

fn path(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "config", name].iter().collect()
}

fn text_of(path: &Path) -> String {
    String::from_utf8(read_capped(path, 1 << 20).unwrap()).unwrap()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the switch that rewrites the committed files")]
fn committed_files_are_what_the_generator_writes() {
    let rewrite = std::env::var_os("UPDATE_EXPECT").is_some();
    for File { name, text } in generate(&committed()) {
        let path = path("data").join(name);
        if rewrite {
            std::fs::write(&path, &text).unwrap();
        }
        assert!(
            text_of(&path) == text,
            "config/data/{name} differs from the generator; UPDATE_EXPECT=1 rewrites it"
        );
    }
}

#[test]
fn the_committed_story_spans_two_years() {
    for File { name, text } in generate(&committed()) {
        let days: Vec<_> = text.lines().skip(1).map(|line| &line[..10]).collect();
        assert_eq!(days.first(), Some(&"2024-07-01"), "{name}");
        assert_eq!(days.last(), Some(&"2026-06-30"), "{name}");
        assert!(days.is_sorted(), "{name}");
    }
}

#[test]
fn conversion_falls_in_the_first_days_of_the_period_and_recovers_too_late() {
    let story = committed();
    let trailing_rate = |day: i64| {
        let (ended, converted) = trials(&story, day - 29..day + 1);
        f64::from(i32::try_from(converted * 10_000 / ended).unwrap()) / 10_000.0
    };
    assert!(trailing_rate(9) < 0.115, "{}", trailing_rate(9));
    assert!(trailing_rate(19) < 0.108, "{}", trailing_rate(19));
    assert!((0.12..0.14).contains(&trailing_rate(60)), "{}", trailing_rate(60));
}

#[test]
fn earlier_quarters_grow_towards_the_story_and_close_late() {
    let story = committed();
    let quarters: Vec<i64> =
        (1..=7).rev().map(|ago| net_new_arr(&story, -ago * 91..-(ago - 1) * 91)).collect();
    assert!(quarters.iter().all(|net| (115_000..195_000).contains(net)), "{quarters:?}");
    assert!(quarters[6] > quarters[0] + 50_000, "{quarters:?}");
    for ago in 1..=7 {
        let start = -ago * PERIOD_DAYS;
        let first_month = net_new_arr(&story, start..start + 30);
        let last_month = net_new_arr(&story, start + 61..start + 91);
        assert!(last_month > 2 * first_month, "{ago} periods ago: {first_month}, {last_month}");
    }
}

#[test]
fn writing_a_story_gives_a_folder_that_is_complete_in_itself() {
    let dir = tempfile::tempdir().unwrap();
    let story = Story { period_start: day("2031-01-06"), last_day: day("2031-02-04") };
    write(dir.path(), &story).unwrap();
    let config = text_of(&dir.path().join("kpi-exporter.yaml"));
    assert_eq!(config, demo_config(story.period_start));
    for File { name, text } in generate(&story) {
        assert!(config.contains(&format!("data/{name}")), "{name} is not in the configuration");
        assert_eq!(text_of(&dir.path().join("data").join(name)), text);
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = write(&file, &committed()).unwrap_err().to_string();
    assert!(error.contains(&file.join("data").display().to_string()), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn the_figures_are_exact_whenever_the_story_begins(shift in 0..40_000_i64) {
        let period_start = day("1990-01-01") + TimeDelta::days(shift);
        let last_day = period_start + TimeDelta::days(PERIOD_DAYS - 1);
        let story = Story { period_start, last_day };
        prop_assert_eq!(organic(&story, -30..0), 100_000);
        prop_assert_eq!(organic(&story, 0..30), 125_000);
        prop_assert_eq!(organic(&story, 61..91), 135_000);
        prop_assert_eq!(trials(&story, -30..0), (1_500, 180));
        prop_assert_eq!(trials(&story, 0..30), (1_500, 150));
        prop_assert_eq!(trials(&story, 61..91), (1_600, 240));
        prop_assert_eq!(net_new_arr(&story, 0..30), 60_000);
        prop_assert_eq!(net_new_arr(&story, 0..61), 130_000);
        prop_assert_eq!(net_new_arr(&story, 0..91), 230_000);
    }

    #[test]
    fn the_last_day_cuts_the_story_and_changes_nothing_before(told in 0..900_i64) {
        let whole = committed();
        let first_day = whole.period_start - TimeDelta::days(HISTORY_DAYS);
        let cut = Story { last_day: first_day + TimeDelta::days(told), ..whole };
        for (whole, cut) in generate(&whole).iter().zip(generate(&cut)) {
            prop_assert!(whole.text.starts_with(&cut.text), "{}", cut.name);
            let rows_per_day = whole.text.lines().skip(1).count() / 730;
            let days = usize::try_from(told + 1).unwrap().min(730);
            prop_assert_eq!(cut.text.lines().count(), 1 + days * rows_per_day);
        }
    }

    #[test]
    fn every_day_is_believable(shift in 0..40_000_i64) {
        let period_start = day("1990-01-01") + TimeDelta::days(shift);
        let last_day = period_start + TimeDelta::days(PERIOD_DAYS - 1);
        let story = Story { period_start, last_day };
        for (offset, cells) in rows(&story, "trials.csv") {
            let (ended, converted): (i64, i64) =
                (cells[0].parse().unwrap(), cells[1].parse().unwrap());
            prop_assert!(converted <= ended && ended > 0, "day {}: {:?}", offset, cells);
        }
        for (offset, cells) in rows(&story, "sessions.csv") {
            let sessions: i64 = cells[1].parse().unwrap();
            prop_assert!((50..8_000).contains(&sessions), "day {}: {:?}", offset, cells);
        }
        for (offset, cells) in rows(&story, "arr.csv") {
            let amount: i64 = cells[1].parse().unwrap();
            let gain = matches!(cells[0].as_str(), "new" | "expansion");
            prop_assert!(amount != 0 && (amount > 0) == gain, "day {}: {:?}", offset, cells);
        }
    }
}
