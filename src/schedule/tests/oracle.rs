//! Schedules against `croner`, another reading of crontab.

use chrono::{
    DateTime, Datelike, Duration, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone, Timelike,
    Utc,
};
use chrono_tz::Tz;
use croner::parser::CronParser;
use proptest::prelude::*;

use super::{Schedule, field};

fn zone() -> impl Strategy<Value = Tz> {
    prop::sample::select(
        &[
            Tz::UTC,
            Tz::America__New_York,
            Tz::America__Sao_Paulo,
            Tz::America__Havana,
            Tz::Europe__Berlin,
            Tz::Asia__Kathmandu,
            Tz::Australia__Lord_Howe,
        ][..],
    )
}

/// 1990 to 2030.
fn instant() -> impl Strategy<Value = DateTime<Utc>> {
    (631_152_000_i64..1_893_456_000)
        .prop_map(|seconds| DateTime::from_timestamp(seconds, 0).unwrap())
}

/// `*`, a number, a list, a range or steps, between two limits.
fn field(min: u32, max: u32) -> impl Strategy<Value = String> {
    let range = move || (min..=max, min..=max).prop_map(|(a, b)| (a.min(b), a.max(b)));
    prop_oneof![
        3 => Just("*".to_owned()),
        2 => (min..=max).prop_map(|n| n.to_string()),
        1 => (1..=max).prop_map(|step| format!("*/{step}")),
        1 => range().prop_map(|(a, b)| format!("{a}-{b}")),
        1 => (range(), 1..=max).prop_map(|((a, b), step)| format!("{a}-{b}/{step}")),
        1 => prop::collection::vec(min..=max, 1..4).prop_map(|numbers| {
            numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
        }),
    ]
}

fn weekday() -> impl Strategy<Value = String> {
    let names =
        prop::sample::select(&["SUN", "mon", "Tue", "wed-fri", "1-5", "5-7", "sat,sun"][..]);
    prop_oneof![2 => Just("*".to_owned()), 2 => field(0, 7), 1 => names.prop_map(str::to_owned)]
}

prop_compose! {
    /// Days up to the 28th, so that every line comes at some time.
    fn line()(
        minute in field(0, 59), hour in field(0, 23), day in field(1, 28), month in field(1, 12),
        weekday in weekday(),
    ) -> String {
        format!("{minute} {hour} {day} {month} {weekday}")
    }
}

prop_compose! {
    /// Lines that come every day.
    fn daily()(minute in field(0, 59), hour in field(0, 23)) -> String {
        format!("{minute} {hour} * * *")
    }
}

/// Whether steps of `*` on a day field make the readings differ: for croner `*/2` restricts the
/// days, for cron it does not.
fn disputed(line: &str) -> bool {
    let fields: Vec<&str> = line.split(' ').collect();
    let stepped = |field: &str| field.starts_with("*/");
    stepped(fields[2]) || stepped(fields[4])
}

fn offset(at: DateTime<Utc>, tz: Tz) -> i32 {
    tz.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc()
}

/// Whether the clocks change within a day and a half of the instant.
fn near_change(at: DateTime<Utc>, tz: Tz) -> bool {
    let around = [-36, 36].map(|hours| offset(at + Duration::hours(hours), tz));
    around[0] != around[1]
}

/// Days on which some of the zones change their clocks, both ways.
const CHANGES: [&str; 8] = [
    "2017-10-15",
    "2018-02-18",
    "2025-04-06",
    "2025-10-05",
    "2026-03-08",
    "2026-03-29",
    "2026-10-25",
    "2026-11-01",
];

/// Crontab's reading of a line.
struct Reading {
    fields: [field::Field; 5],
    follows_clock: bool,
}

impl Reading {
    fn new(line: &str) -> Self {
        let kinds = [field::MINUTE, field::HOUR, field::DAY, field::MONTH, field::WEEKDAY];
        let mut texts = line.split(' ');
        let fields = kinds.map(|kind| kind.parse(texts.next().unwrap()).unwrap());
        let follows_clock = fields[1].star || fields[1].all;
        Self { fields, follows_clock }
    }

    /// Whether it matches a time on the clock.
    fn matches(&self, local: NaiveDateTime) -> bool {
        let [minute, hour, day, month, weekday] = &self.fields;
        let both = day.star || weekday.star;
        let day = day.values.contains(&local.day());
        let weekday = weekday.values.contains(&local.weekday().num_days_from_sunday());
        minute.values.contains(&local.minute())
            && hour.values.contains(&local.hour())
            && month.values.contains(&local.month())
            && if both { day && weekday } else { day || weekday }
    }
}

/// The runs of two days around a day, found by looking at every minute, and where they start.
fn walk(line: &str, tz: Tz, day: &str) -> (DateTime<Utc>, Vec<DateTime<Utc>>) {
    let start = day.parse::<NaiveDate>().unwrap().and_time(NaiveTime::MIN).and_utc();
    let start = start - Duration::hours(24);
    let reading = Reading::new(line);
    let minute = Duration::minutes(1);
    let mut clock = start.with_timezone(&tz).naive_local();
    let mut runs = Vec::new();
    for minutes in 1..=48 * 60 {
        let at = start + minute * minutes;
        let shown = at.with_timezone(&tz).naive_local();
        if reading.follows_clock {
            if reading.matches(shown) {
                runs.push(at);
            }
            continue;
        }
        // What the clock has not shown yet: one minute, none in a second pass, many after a gap.
        let mut due = false;
        while clock < shown {
            clock += minute;
            due |= reading.matches(clock);
        }
        if due {
            runs.push(at);
        }
    }
    (start, runs)
}

proptest! {
    #[test]
    fn the_next_time_is_the_one_that_croner_finds(
        line in line(), at in instant(), tz in zone(),
    ) {
        prop_assume!(!disputed(&line));
        let next = Schedule::parse(&line).unwrap().next_after(at, tz).unwrap();
        prop_assume!(!near_change(at, tz) && !near_change(next, tz));
        let cron = CronParser::new().parse(&line).unwrap();
        let expected = cron.find_next_occurrence(&at.with_timezone(&tz), false).unwrap();
        prop_assume!(!near_change(expected.to_utc(), tz));
        prop_assert_eq!(next, expected.to_utc(), "{} after {} in {}", line, at, tz);
    }

    #[test]
    fn time_goes_forward_and_the_later_start_never_finds_the_earlier_time(
        line in line(), at in instant(), tz in zone(), wait in 0..200_000_i64,
    ) {
        let schedule = Schedule::parse(&line).unwrap();
        let next = schedule.next_after(at, tz).unwrap();
        prop_assert!(next > at);
        prop_assert_eq!(schedule.next_after(next - Duration::nanoseconds(1), tz), Some(next));
        let later = at + Duration::seconds(wait);
        let after_later = schedule.next_after(later, tz).unwrap();
        prop_assert!(next <= after_later);
        // And nothing was passed over.
        if later < next {
            prop_assert_eq!(after_later, next);
        }
    }

    #[test]
    fn around_a_change_of_clocks_runs_are_those_of_a_walk_through_every_minute(
        line in prop_oneof![1 => line(), 3 => daily()], tz in zone(), change in 0..CHANGES.len(),
    ) {
        let schedule = Schedule::parse(&line).unwrap();
        let (start, runs) = walk(&line, tz, CHANGES[change]);
        let mut now = start;
        for run in runs {
            let next = schedule.next_after(now, tz);
            prop_assert_eq!(next, Some(run), "{} after {} in {}", line, now, tz);
            now = run;
        }
    }

    #[test]
    fn intervals_are_kept_in_every_zone(seconds in 1..100_000_i64, at in instant(), tz in zone()) {
        let schedule = Schedule::parse(&format!("every {seconds}s")).unwrap();
        let next = schedule.next_after(at, tz).unwrap();
        prop_assert!(next > at && next - at <= Duration::seconds(seconds));
        prop_assert_eq!(schedule.next_after(next, tz), Some(next + Duration::seconds(seconds)));
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "[*/,0-9a-z@ -]{0,20}") {
        let _ = Schedule::parse(&text);
    }
}
