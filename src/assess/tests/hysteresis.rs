use super::*;
use crate::assess::assessment::tests::assessment;
use crate::assess::reason::reason;
use crate::assess::tests::kpi;
use Status::{AtRisk, NoData, OffTrack, OnTrack};

/// Feeds (pace, status) data points, each with another value, five minutes apart; gives the
/// statuses shown. The limits are 0.95 and 0.80.
fn shown(points: &[(f64, Status)]) -> Vec<Status> {
    let mut memory = None;
    let mut shown = Vec::new();
    for (i, (pace, status)) in (0_i32..).zip(points) {
        let now = at_pace(*pace, *status);
        let at = minute(5 * i64::from(i));
        let next = step(memory.as_ref(), &now, &rules(), &point(f64::from(i)), at);
        shown.push(next.shown);
        memory = Some(next);
    }
    shown
}

fn at_pace(pace: f64, status: Status) -> Assessment {
    Assessment {
        pace_ratio: (status != NoData).then_some(pace),
        pace_on_track_ratio: Some(0.95),
        pace_at_risk_ratio: Some(0.80),
        status,
        beyond_noise: status,
        ..assessment()
    }
}

/// Of a KPI with one metric.
fn step(
    before: Option<&StatusMemory>,
    now: &Assessment,
    rules: &ConfirmationRules,
    point: &DataPoint,
    fetched: DateTime<Utc>,
) -> StatusMemory {
    super::step(before, now, rules, point, fetched, &Arc::default())
}

fn rules() -> ConfirmationRules {
    ConfirmationRules::of(&kpi())
}

fn point(value: f64) -> DataPoint {
    DataPoint { value: Some(value), data_through: None, day: NaiveDate::default() }
}

fn minute(minutes: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
}

/// On track at minute 0, then the same value, off track, at each of the minutes given.
fn unchanged(minutes: &[i64]) -> StatusMemory {
    let rules = rules();
    let (good, bad) = (at_pace(1.0, OnTrack), at_pace(0.5, OffTrack));
    let first = step(None, &good, &rules, &point(1.0), minute(0));
    minutes
        .iter()
        .fold(first, |before, at| step(Some(&before), &bad, &rules, &point(2.0), minute(*at)))
}

#[test]
fn the_first_evaluation_is_taken_as_it_is() {
    assert_eq!(shown(&[(0.1, OffTrack)]), [OffTrack]);
}

#[test]
fn a_worse_status_needs_two_data_points_in_a_row() {
    let seen = shown(&[(1.0, OnTrack), (0.5, OffTrack), (1.0, OnTrack), (0.5, OffTrack)]);
    assert_eq!(seen, [OnTrack, OnTrack, OnTrack, OnTrack]);
    let seen = shown(&[(1.0, OnTrack), (0.5, OffTrack), (0.9, AtRisk), (0.5, OffTrack)]);
    assert_eq!(seen, [OnTrack, OnTrack, AtRisk, AtRisk]);
    let seen = shown(&[(1.0, OnTrack), (0.9, AtRisk), (0.5, OffTrack), (0.5, OffTrack)]);
    assert_eq!(seen, [OnTrack, OnTrack, AtRisk, OffTrack], "two points say off track");
}

#[test]
fn a_better_status_has_to_be_clear_of_its_limit() {
    let seen = shown(&[(0.9, AtRisk), (0.96, OnTrack), (0.96, OnTrack), (0.96, OnTrack)]);
    assert_eq!(seen, [AtRisk, AtRisk, AtRisk, AtRisk]);
    let seen = shown(&[(0.9, AtRisk), (0.98, OnTrack), (0.98, OnTrack)]);
    assert_eq!(seen, [AtRisk, AtRisk, OnTrack]);
    // Clear of the lower limit but not of the upper one: one step only.
    let seen = shown(&[(0.5, OffTrack), (0.96, OnTrack), (0.96, OnTrack)]);
    assert_eq!(seen, [OffTrack, OffTrack, AtRisk]);
    // Clear of both by its pace, but something else holds it back.
    let seen = shown(&[(0.5, OffTrack), (1.2, AtRisk), (1.2, AtRisk)]);
    assert_eq!(seen, [OffTrack, OffTrack, AtRisk]);
}

#[test]
fn a_chance_has_to_be_clear_of_its_limit_too() {
    let rules = rules();
    let with = |status, chance| Assessment {
        target_hit_probability: Some(chance),
        ..at_pace(1.0, status)
    };
    let after = |chance| {
        let mut memory = step(None, &with(AtRisk, 0.19), &rules, &point(0.0), minute(0));
        for i in 1..3 {
            let now = with(OnTrack, chance);
            memory = step(Some(&memory), &now, &rules, &point(f64::from(i)), minute(5));
        }
        memory.shown
    };
    assert_eq!((after(0.26), after(0.31)), (AtRisk, OnTrack));
}

#[test]
fn a_repeat_of_the_same_point_confirms_nothing() {
    let repeat = unchanged(&[5, 10, 15]);
    assert_eq!((repeat.shown, repeat.waiting.as_ref().map(|w| w.points)), (OnTrack, Some(1)));
    let tomorrow = DataPoint { day: NaiveDate::MAX, ..point(2.0) };
    let bad = at_pace(0.5, OffTrack);
    let next = step(Some(&repeat), &bad, &rules(), &tomorrow, minute(20));
    assert_eq!(next.shown, OffTrack);
}

/// The status after each poll, and the points that wait then: of which metric, and whether all is well.
fn polled(polls: &[(usize, bool)]) -> Vec<(Status, u32)> {
    let (mut memory, mut answers) = (None, Arc::<Answers>::default());
    let mut asked = vec![Some(minute(0)); 2];
    (0..)
        .zip(polls)
        .map(|(number, (metric, good))| {
            asked[*metric] = Some(minute(number));
            answers = Arc::new(answers.next(asked.clone()));
            let now = if *good { at_pace(1.0, OnTrack) } else { at_pace(0.5, OffTrack) };
            let point = point(f64::from(u16::try_from(number).unwrap()));
            let next = super::step(memory.as_ref(), &now, &rules(), &point, minute(0), &answers);
            let seen = (next.shown, next.waiting.as_ref().map_or(0, |waiting| waiting.points));
            memory = Some(next);
            seen
        })
        .collect()
}

#[test]
fn what_another_metric_brings_amends_a_point_and_is_no_further_one() {
    let seen = polled(&[(0, true), (0, false), (1, false), (0, false)]);
    assert_eq!(seen, [(OnTrack, 0), (OnTrack, 1), (OnTrack, 1), (OffTrack, 0)]);
    // Half an answer was bad, the whole was good.
    let seen = polled(&[(0, true), (0, false), (1, true), (0, false), (1, true)]);
    assert_eq!(seen, [(OnTrack, 0), (OnTrack, 1), (OnTrack, 0), (OnTrack, 1), (OnTrack, 0)]);
    // The other one is asked much more often, and knows nothing of what is bad.
    let seen = polled(&[(0, true), (0, false), (1, false), (1, false), (1, false), (0, false)]);
    assert_eq!(seen[1..5], [(OnTrack, 1); 4]);
    assert_eq!(seen[5], (OffTrack, 0));
    // It is the quick one that says so.
    let seen = polled(&[(0, true), (1, false), (1, false)]);
    assert_eq!(seen, [(OnTrack, 0), (OnTrack, 1), (OffTrack, 0)]);
}

#[test]
fn an_unchanged_bad_value_is_believed_after_an_hour_of_good_fetches() {
    assert_eq!(unchanged(&[5, 64]).shown, OnTrack);
    assert_eq!(unchanged(&[5, 65]).shown, OffTrack);
    // Without a new fetch time alone confirms nothing, however often it is looked at.
    assert_eq!(unchanged(&[5; 1000]).shown, OnTrack);
}

#[test]
fn a_value_that_turns_bad_only_because_time_passes_is_believed_after_an_hour_as_well() {
    let rules = rules();
    let first = step(None, &at_pace(0.96, OnTrack), &rules, &point(1.0), minute(0));
    let bad = at_pace(0.94, AtRisk);
    let turned = step(Some(&first), &bad, &rules, &point(1.0), minute(5));
    assert_eq!(turned.shown, OnTrack);
    assert_eq!(step(Some(&turned), &bad, &rules, &point(1.0), minute(65)).shown, AtRisk);
}

/// A trailing window, a day a step; doubtful days say no more than `beyond`.
fn trailing(days: u32, steps: &[(Status, Status)]) -> Vec<Status> {
    let window = WindowSpec::TrailingDays(days);
    let rules = ConfirmationRules::of(&Kpi { window, ..kpi() });
    let first = step(None, &at_pace(1.0, OnTrack), &rules, &point(-1.0), minute(0));
    let mut memory = first;
    let mut shown = Vec::new();
    for (i, (status, beyond)) in (0_i32..).zip(steps) {
        let now = Assessment { beyond_noise: *beyond, ..at_pace(1.2, *status) };
        let at = minute(24 * 60 * (i64::from(i) + 1));
        memory = step(Some(&memory), &now, &rules, &point(f64::from(i)), at);
        shown.push(memory.shown);
    }
    shown
}

#[test]
fn neighbouring_days_of_a_trailing_window_are_hardly_more_than_one() {
    let doubtful = [(OffTrack, OnTrack); 6];
    let seen = trailing(30, &doubtful);
    assert_eq!(seen, [OnTrack, OnTrack, OnTrack, OnTrack, OffTrack, OffTrack]);
    assert_eq!(trailing(7, &doubtful)[..2], [OnTrack, OffTrack]);
    assert_eq!(trailing(365, &doubtful)[3..5], [OnTrack, OffTrack], "at most five days");
    // What is beyond doubt does not wait, and what is doubtful beyond it still does.
    assert_eq!(trailing(30, &[(OffTrack, OffTrack); 2]), [OnTrack, OffTrack]);
    let seen = trailing(30, &[(OffTrack, AtRisk); 5]);
    assert_eq!(seen, [OnTrack, AtRisk, AtRisk, AtRisk, OffTrack]);
}

#[test]
fn a_while_without_data_is_shown_at_once_and_resets_nothing() {
    let seen = shown(&[(1.0, OnTrack), (0.0, NoData), (0.5, OffTrack), (0.5, OffTrack)]);
    assert_eq!(seen, [OnTrack, NoData, OnTrack, OffTrack]);
}

#[test]
fn a_new_period_starts_afresh() {
    let rules = rules();
    let first = step(None, &at_pace(1.0, OnTrack), &rules, &point(1.0), minute(0));
    let mut bad = at_pace(0.5, OffTrack);
    bad.period.id = "2026-Q3".to_owned();
    let next = step(Some(&first), &bad, &rules, &point(2.0), minute(5));
    assert_eq!(next.shown, OffTrack);
}

#[test]
fn what_waits_is_said_in_the_reason() {
    let mut bad = at_pace(0.5, OffTrack);
    show(&unchanged(&[5]), &rules(), &mut bad);
    assert_eq!(bad.status, OnTrack);
    let start = "Still on track until off track is confirmed (1 of 2 data points).";
    assert_eq!(reason(&kpi(), &bad), start);
}
