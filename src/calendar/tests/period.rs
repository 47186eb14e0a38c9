use super::*;
use chrono::Weekday;
use chrono_tz::Tz;

fn dates(start: &str, end: &str) -> PeriodKind {
    PeriodKind::Dates { start: start.parse().unwrap(), end: end.parse().unwrap() }
}

fn fiscal(month: u32) -> Calendar {
    Calendar { fiscal_year_start: month, ..Calendar::default() }
}

fn weeks_from(week_start: Weekday) -> Calendar {
    Calendar { week_start, ..Calendar::default() }
}

fn period(calendar: &Calendar, kind: &PeriodKind, as_of: &str) -> Period {
    calendar.period_at(kind, calendar.parse_as_of(as_of).unwrap())
}

fn id(calendar: &Calendar, kind: &PeriodKind, as_of: &str) -> String {
    period(calendar, kind, as_of).id
}

fn bounds(period: &Period) -> (String, String) {
    (period.first_day.to_string(), period.end_day.to_string())
}

#[test]
fn periods_are_named_after_the_calendar_year() {
    let calendar = Calendar::default();
    for (kind, expected) in [
        (PeriodKind::Week, "2026-W27"),
        (PeriodKind::Month, "2026-06"),
        (PeriodKind::Quarter, "2026-Q2"),
        (PeriodKind::Half, "2026-H1"),
        (PeriodKind::Year, "2026"),
        (dates("2026-04-01", "2026-06-30"), "2026-04-01..2026-06-30"),
    ] {
        assert_eq!(id(&calendar, &kind, "2026-06-30"), expected);
    }
}

#[test]
fn weeks_are_those_of_iso_8601() {
    let calendar = Calendar::default();
    for (day, expected) in [
        ("2026-04-01", "2026-W14"),
        ("2025-12-28", "2025-W52"),
        ("2025-12-29", "2026-W01"),
        ("2026-12-31", "2026-W53"),
        ("2027-01-03", "2026-W53"),
        ("2027-01-04", "2027-W01"),
    ] {
        assert_eq!(id(&calendar, &PeriodKind::Week, day), expected, "{day}");
    }
}

#[test]
fn other_weeks_are_named_after_their_fourth_day() {
    for (start, first, expected) in [
        // Wednesday 31 December 2025 lies in 2026-W01, as does Tuesday 30 December.
        (Weekday::Sun, "2025-12-28", "2026-W01"),
        (Weekday::Sat, "2025-12-27", "2026-W01"),
        (Weekday::Fri, "2025-12-26", "2026-W01"),
        // Sunday 28 December lies in 2025-W52.
        (Weekday::Thu, "2025-12-25", "2025-W52"),
    ] {
        let week = period(&weeks_from(start), &PeriodKind::Week, "2025-12-29");
        assert_eq!((week.first_day.to_string().as_str(), week.id.as_str()), (first, expected));
    }
}

#[test]
fn fiscal_years_are_named_after_the_year_of_their_last_day() {
    for (start, day, quarter, half, year) in [
        (7, "2026-07-01", "FY2027-Q1", "FY2027-H1", "FY2027"),
        (7, "2026-06-30", "FY2026-Q4", "FY2026-H2", "FY2026"),
        (4, "2026-04-01", "FY2027-Q1", "FY2027-H1", "FY2027"),
        (4, "2027-03-31", "FY2027-Q4", "FY2027-H2", "FY2027"),
        (2, "2026-01-31", "FY2026-Q4", "FY2026-H2", "FY2026"),
        (2, "2026-02-01", "FY2027-Q1", "FY2027-H1", "FY2027"),
        (12, "2026-11-30", "FY2026-Q4", "FY2026-H2", "FY2026"),
        (12, "2026-12-01", "FY2027-Q1", "FY2027-H1", "FY2027"),
    ] {
        let calendar = fiscal(start);
        let name = |kind| id(&calendar, &kind, day);
        assert_eq!(name(PeriodKind::Quarter), quarter, "{start} {day}");
        assert_eq!(name(PeriodKind::Half), half, "{start} {day}");
        assert_eq!(name(PeriodKind::Year), year, "{start} {day}");
        assert_eq!(name(PeriodKind::Month), day[..7], "months stay calendar months");
    }
}

#[test]
fn fiscal_years_can_be_named_after_the_year_of_their_first_day() {
    for (start, day, quarter, year) in [
        (4, "2026-04-01", "FY2026-Q1", "FY2026"),
        (4, "2027-03-31", "FY2026-Q4", "FY2026"),
        (12, "2026-12-01", "FY2026-Q1", "FY2026"),
        (12, "2026-11-30", "FY2025-Q4", "FY2025"),
        (1, "2026-12-31", "2026-Q4", "2026"),
    ] {
        let calendar = Calendar { fiscal_year_name: YearName::Start, ..fiscal(start) };
        assert_eq!(id(&calendar, &PeriodKind::Quarter, day), quarter, "{start} {day}");
        assert_eq!(id(&calendar, &PeriodKind::Year, day), year, "{start} {day}");
    }
}

#[test]
fn quarters_follow_a_fiscal_year_from_any_month() {
    for start in 1..=12 {
        let calendar = fiscal(start);
        let year = period(&calendar, &PeriodKind::Year, "2026-05-15");
        assert_eq!((year.first_day.month(), year.first_day.day()), (start, 1));
        let mut day = year.first_day;
        for number in 1..=4 {
            let quarter = calendar.period_of(&PeriodKind::Quarter, day);
            assert_eq!(quarter.first_day, day);
            assert!(quarter.id.ends_with(&format!("-Q{number}")), "{}", quarter.id);
            day = quarter.end_day;
        }
        assert_eq!(day, year.end_day);
    }
}

#[test]
fn late_on_the_last_evening_in_new_york_is_still_the_second_quarter() {
    let calendar = Calendar { timezone: Tz::America__New_York, ..Calendar::default() };
    let at = |at: &str| calendar.period_at(&PeriodKind::Quarter, at.parse().unwrap()).id;
    assert_eq!(at("2026-07-01T03:30:00Z"), "2026-Q2");
    assert_eq!(at("2026-07-01T04:00:00Z"), "2026-Q2", "the boundary closes the old period");
    assert_eq!(at("2026-07-01T04:00:00.000000001Z"), "2026-Q3");
}

#[test]
fn months_have_the_hours_that_their_clocks_show() {
    for (tz, day, hours) in [
        (Tz::America__New_York, "2026-03-10", 743),
        (Tz::America__New_York, "2026-11-10", 721),
        (Tz::Europe__Berlin, "2026-03-10", 743),
        (Tz::Europe__Berlin, "2026-10-10", 745),
        (Tz::UTC, "2026-10-10", 744),
    ] {
        let calendar = Calendar { timezone: tz, ..Calendar::default() };
        let span = period(&calendar, &PeriodKind::Month, day).span;
        assert_eq!((span.end - span.start).num_hours(), hours, "{tz} {day}");
    }
}

#[test]
fn february_has_a_29th_in_a_leap_year() {
    let calendar = Calendar::default();
    let leap = period(&calendar, &PeriodKind::Month, "2028-02-29");
    assert_eq!(bounds(&leap), ("2028-02-01".into(), "2028-03-01".into()));
    assert_eq!(calendar.same_last_year(&leap).end_day.to_string(), "2027-03-01");
    assert_eq!(calendar.previous(&leap).id, "2028-01");
}

#[test]
fn neighbours_of_explicit_dates_are_dates() {
    let calendar = Calendar::default();
    let spring = period(&calendar, &dates("2026-04-01", "2026-06-30"), "1999-01-01");
    assert_eq!(calendar.previous(&spring).id, "2025-12-31..2026-03-31");
    assert_eq!(calendar.same_last_year(&spring).id, "2025-04-01..2025-06-30");
    let leap = period(&calendar, &dates("2028-02-01", "2028-02-29"), "2028-02-10");
    assert_eq!(calendar.same_last_year(&leap).id, "2027-02-01..2027-02-28");
}

#[test]
fn neighbours_of_named_periods_are_named_periods() {
    let calendar = Calendar::default();
    for (kind, day, before, last_year) in [
        (PeriodKind::Week, "2027-01-01", "2026-W52", "2026-W01"),
        (PeriodKind::Month, "2026-01-31", "2025-12", "2025-01"),
        (PeriodKind::Quarter, "2026-05-01", "2026-Q1", "2025-Q2"),
        (PeriodKind::Half, "2026-05-01", "2025-H2", "2025-H1"),
        (PeriodKind::Year, "2026-05-01", "2025", "2025"),
    ] {
        let now = period(&calendar, &kind, day);
        assert_eq!(calendar.previous(&now).id, before);
        assert_eq!(calendar.same_last_year(&now).id, last_year);
    }
}

#[test]
fn kinds_are_read_and_shown_by_the_same_words() {
    for word in ["week", "month", "quarter", "half", "year"] {
        assert_eq!(PeriodKind::parse(word).unwrap().to_string(), word);
    }
    assert_eq!(
        PeriodKind::parse("quarterly").unwrap_err().to_string(),
        "`quarterly` is not a period (hint: week, month, quarter, half, year or \
         `{start: DATE, end: DATE}`)"
    );
}
