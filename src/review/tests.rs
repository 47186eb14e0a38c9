//! A review of a few KPIs with days made up for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, Utc};

use super::buckets::{Series, last};
use super::{Cadence, Known, Review, Topic, review};
use crate::assess::{Assessment, Status, Sums};
use crate::calendar::{Calendar, PeriodKind, WindowSpec};
use crate::engine::{ChartDay, RecentDays};
use crate::filter::Filter;
use crate::id::KpiId;
use crate::kpi::{Accumulation, Direction, Formula, Kpi, KpiKind, SeriesKey, Target, Unit};
use crate::metric::Labels;
use crate::signals::Signal;
use crate::snapshot::{KpiState, Snapshot, SourceState, Verdict};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn kpi(id: &str) -> Kpi {
    Kpi {
        title: format!("Title {id}"),
        period: PeriodKind::Quarter,
        levers: vec!["a lever".to_owned()],
        ..Kpi::new(id, Formula::parse("a").unwrap(), Target::Absolute(100.0))
    }
}

/// As of the end of Sunday, 17 May 2026.
const AS_OF: &str = "2026-05-18T00:00:00Z";

fn state(kpi: Kpi, status: Status, value: f64) -> KpiState {
    let calendar = Calendar::default();
    let period = calendar.period_at(&kpi.period, at(AS_OF));
    let assessment = Assessment {
        value: Some(value),
        baseline_value: Some(60.0),
        target_value: Some(100.0),
        target_ratio: Some(value / 100.0),
        status,
        reason: format!("{} because.", status.words()),
        ..Assessment::nothing(period, 0.5)
    };
    let verdict = Verdict { labels: Labels::default(), assessment, signal: Signal::None };
    KpiState {
        kpi: Arc::new(kpi),
        verdicts: [verdict].into(),
        last_period: Arc::default(),
        breakdowns: Arc::default(),
        leads: Vec::new(),
        awaits_history: false,
        definition_changed: None,
        goal_changed: None,
        closed: Arc::default(),
        notes: Vec::new(),
        last_success: None,
        measured_at: None,
    }
}

fn snapshot(kpis: Vec<KpiState>) -> Snapshot {
    Snapshot {
        as_of: at(AS_OF),
        timezone: chrono_tz::UTC,
        calendar: Calendar::default(),
        kpis: kpis.into_iter().map(Arc::new).collect(),
        objectives: BTreeMap::new(),
        metrics: Vec::new(),
        sources: BTreeMap::new(),
    }
}

fn key(id: &str) -> SeriesKey {
    SeriesKey::new(&KpiId::from(id), &Labels::default())
}

/// So many days up to 17 May, with values and statuses by how many days before it they are.
fn days(
    count: u64,
    value: impl Fn(u64) -> f64,
    status: impl Fn(u64) -> Option<Status>,
) -> Vec<ChartDay> {
    let one = |before: u64| ChartDay {
        day: day("2026-05-17") - Days::new(before),
        value: value(before),
        expected: Some(70.0),
        sums: None,
        status: status(before),
    };
    (0..count).rev().map(one).collect()
}

fn told<'a>(review: &'a Review<'_>, topic: Topic) -> Vec<&'a str> {
    let section = review.sections.iter().filter(|section| section.topic == topic);
    section.flat_map(|section| &section.items).map(|item| item.text.as_str()).collect()
}

#[test]
fn what_changed_since_a_week_ago_is_told_and_what_did_not_is_one_line() {
    let level = |id: &str| Kpi { accumulation: Accumulation::Level, ..kpi(id) };
    let snapshot = snapshot(vec![
        state(level("fell"), Status::OffTrack, 55.0),
        state(level("stayed"), Status::OffTrack, 55.0),
        state(level("rose"), Status::OnTrack, 80.0),
        state(level("new"), Status::OffTrack, 55.0),
    ]);
    let was =
        |status: Status| move |before: u64| Some(if before >= 7 { status } else { Status::AtRisk });
    let days: RecentDays = [
        (key("fell"), days(60, |_| 55.0, was(Status::OnTrack))),
        (key("stayed"), days(60, |_| 55.0, was(Status::OffTrack))),
        (key("rose"), days(60, |before| if before < 7 { 80.0 } else { 60.0 }, was(Status::AtRisk))),
        (key("new"), days(3, |_| 55.0, was(Status::OnTrack))),
    ]
    .into_iter()
    .collect();
    let review =
        review(Known { snapshot: &snapshot, days: &days }, &Filter::default(), Cadence::Weekly);
    assert_eq!(review.headline, "3 of 4 KPIs are off track: Title fell, Title stayed, Title new.");
    assert_eq!(told(&review, Topic::OffTrack), ["was on track. off track because."]);
    assert_eq!(told(&review, Topic::Recovered), ["was at risk. on track because."]);
    assert_eq!(told(&review, Topic::Movers), ["60 → 80 (+33.3 %) from one week to the next."]);
    let nothing = review.nothing.as_deref().unwrap();
    assert!(nothing.starts_with("No early warning; no projected miss;"), "{nothing}");
    let rows: Vec<(&str, usize)> = review
        .rows
        .iter()
        .map(|row| (row.state.kpi.id.as_str(), row.numbers.iter().flatten().count()))
        .collect();
    assert_eq!(rows, [("fell", 6), ("stayed", 6), ("new", 1), ("rose", 6)]);
    assert_eq!(review.actions.len(), 3);
    assert!(review.actions[0].sentence().contains("Title fell (off track): a lever"));
}

#[test]
fn a_source_that_fails_and_a_kpi_without_data_are_data_problems() {
    let mut snapshot = snapshot(vec![state(kpi("a"), Status::NoData, 0.0)]);
    let problems = [("m".into(), "the database is down".to_owned())].into();
    let source = SourceState { up: Some(false), problems, last_success: None };
    snapshot.sources.insert("crm".into(), source);
    let known = Known { snapshot: &snapshot, days: &RecentDays::default() };
    let review = review(known, &Filter::default(), Cadence::Monthly);
    let problems = told(&review, Topic::DataProblems);
    assert_eq!(problems, ["source crm: the database is down", "no data because."]);
    assert!(review.rows[0].line.is_empty() && review.rows[0].change.is_none());
}

#[test]
fn a_week_over_the_end_of_a_period_has_what_both_brought() {
    let calendar = Calendar::default();
    let kpi = Kpi { period: PeriodKind::Month, ..kpi("flow") };
    // Ten a day, starting again with each month.
    let first = day("2026-04-01");
    let of_day = |day: NaiveDate| {
        let since =
            calendar.period_at(&kpi.period, calendar.day_start(day + Days::new(1))).first_day;
        let value = 10.0 * ((day - since).num_days() + 1) as f64;
        ChartDay { day, value, expected: None, sums: None, status: None }
    };
    let days: Vec<ChartDay> = first.iter_days().take(47).map(of_day).collect();
    let series = Series { kpi: &kpi, calendar: &calendar, days: &days };
    let weeks = last(&calendar, &PeriodKind::Week, at(AS_OF), 8);
    let numbers: Vec<Option<f64>> = weeks.iter().map(|week| series.of(week)).collect();
    // The first two begin before what is known, the sixth goes over the end of April.
    assert_eq!(numbers[..2], [None, None]);
    assert!(numbers[2..].iter().all(|number| *number == Some(70.0)), "{numbers:?}");
    let without: Vec<ChartDay> =
        days.iter().filter(|known| known.day != day("2026-04-30")).copied().collect();
    let series = Series { days: &without, ..series };
    assert_eq!(series.of(&weeks[5]), None, "a day that is missing is not made up");
}

#[test]
fn a_quotient_of_a_week_is_that_of_its_sums() {
    let calendar = Calendar::default();
    let kpi = Kpi {
        accumulation: Accumulation::Ratio,
        window: WindowSpec::PeriodToDate,
        unit: Unit::Percent,
        ..kpi("ratio")
    };
    let of_day = |n: u64| {
        let sums = Sums {
            numerator: if n < 40 { 1.0 } else { 1.0 + 5.0 * (n - 39) as f64 },
            denominator: 10.0 * n as f64,
        };
        let day = day("2026-04-01") + Days::new(n);
        ChartDay {
            day,
            value: sums.numerator / sums.denominator,
            expected: None,
            sums: Some(sums),
            status: None,
        }
    };
    let days: Vec<ChartDay> = (0..47).map(of_day).collect();
    let series = Series { kpi: &kpi, calendar: &calendar, days: &days };
    let weeks = last(&calendar, &PeriodKind::Week, at(AS_OF), 1);
    assert_eq!(series.of(&weeks[0]), Some(0.5), "35 of 70, whatever was before");
}

#[test]
fn the_story_of_a_period_is_told_where_days_tell_it() {
    let level = Kpi { accumulation: Accumulation::Level, ..kpi("a") };
    let story = |kpi: &Kpi, value: f64, by_day: &dyn Fn(u64) -> f64| {
        let state = state(kpi.clone(), Status::AtRisk, value);
        super::story::story(kpi, &state.verdicts[0].assessment, &days(47, by_day, |_| None))
    };
    let dip = |before: u64| if (20..30).contains(&before) { 40.0 } else { 90.0 };
    let text = story(&level, 90.0, &dip).unwrap();
    assert_eq!(text, "Lost in April: from 60 to 40 on 18 April; mostly recovered since, to 90.");
    let lost = |before: u64| if before < 10 { 40.0 } else { 60.0 };
    assert!(story(&level, 42.0, &lost).unwrap().ends_with("not recovered since."));
    let flow = kpi("flow");
    let slow = |before: u64| if before < 12 { 65.0 } else { 75.0 };
    assert_eq!(story(&flow, 65.0, &slow).unwrap(), "Behind its path since 6 May.");
    let met = |before: u64| if before < 3 { 101.0 } else { 99.0 };
    assert_eq!(story(&flow, 101.0, &met).unwrap(), "Target reached on 15 May.");
    let ahead = |_: u64| 72.0;
    assert_eq!(story(&flow, 72.0, &ahead), None);
    let down = Kpi { direction: Direction::Decrease, ..level };
    assert_eq!(down.kind, KpiKind::Lagging);
}
