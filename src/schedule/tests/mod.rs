//! Tests of the room as a whole.

mod oracle;

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The next times due, as local text.
fn times(schedule: &str, tz: Tz, after: &str, count: usize) -> Vec<String> {
    let schedule = Schedule::parse(schedule).unwrap();
    let mut now = at(after);
    let mut due = Vec::new();
    for _ in 0..count {
        now = schedule.next_after(now, tz).unwrap();
        due.push(now.with_timezone(&tz).format("%m-%d %H:%M %z").to_string());
    }
    due
}

#[test]
fn a_schedule_displays_as_it_was_written() {
    for text in ["*/5 * * * *", "@hourly", "every 30s", "0 9 * * mon-fri"] {
        assert_eq!(Schedule::parse(&format!(" {text} ")).unwrap().to_string(), text);
    }
}

#[test]
fn what_other_schedulers_know_is_refused_with_what_to_write() {
    for (text, message) in [
        ("@every 5m", "`@every 5m` is not a schedule (hint: `every 5m`)"),
        (
            "CRON_TZ=Europe/Berlin 0 9 * * *",
            "`CRON_TZ=Europe/Berlin 0 9 * * *` is not a schedule: it has no zone of its own \
             (hint: `0 9 * * *`, in the zone of the calendar)",
        ),
        (
            "0 9 L * *",
            "day of month field `L`: `L` is not a number from 1 to 31 (hint: crontab has no \
             last day; day 1 of the month after is in every month)",
        ),
        (
            "0 9 * * 5L",
            "day of week field `5L`: `5L` is not a number from 0 to 7 or a name from sun to \
             sat (hint: crontab has no L, W and #)",
        ),
        (
            "0 9 15W * *",
            "day of month field `15W`: `15W` is not a number from 1 to 31 (hint: crontab has \
             no L, W and #)",
        ),
        (
            "0 9 ? * mon",
            "day of month field `?`: `?` is not a number from 1 to 31 (hint: `*` is any)",
        ),
    ] {
        assert_eq!(Schedule::parse(text).unwrap_err().to_string(), message);
    }
}

#[test]
fn intervals_are_multiples_since_the_epoch() {
    let every = Schedule::parse("every 30s").unwrap();
    for (after, due) in [
        ("2026-03-08T06:59:59.9Z", "2026-03-08T07:00:00Z"),
        ("2026-03-08T07:00:00Z", "2026-03-08T07:00:30Z"),
        ("2026-03-08T07:00:00.1Z", "2026-03-08T07:00:30Z"),
        ("1969-12-31T23:59:45Z", "1970-01-01T00:00:00Z"),
    ] {
        assert_eq!(every.next_after(at(after), Tz::America__New_York), Some(at(due)));
    }
}

#[test]
fn shorthands_mean_what_cron_means_by_them() {
    for (text, due) in [
        ("@hourly", "06-30 13:00 +0000"),
        ("@daily", "07-01 00:00 +0000"),
        ("@midnight", "07-01 00:00 +0000"),
        ("@weekly", "07-05 00:00 +0000"),
        ("@monthly", "07-01 00:00 +0000"),
        ("@yearly", "01-01 00:00 +0000"),
        ("@annually", "01-01 00:00 +0000"),
    ] {
        assert_eq!(times(text, Tz::UTC, "2026-06-30T12:30:00Z", 1), [due], "{text}");
    }
}

#[test]
fn day_of_month_or_day_of_week_when_both_are_restricted() {
    let due = times("0 9 13 * fri", Tz::UTC, "2026-01-05T00:00:00Z", 4);
    assert_eq!(due.map_days(), ["01-09", "01-13", "01-16", "01-23"]);
    // A field that starts with `*` is no restriction of its own: both have to match.
    let due = times("0 9 */2 * fri", Tz::UTC, "2026-01-05T00:00:00Z", 3);
    assert_eq!(due.map_days(), ["01-09", "01-23", "02-13"]);
    // A day that never comes leaves the other.
    let due = times("0 9 31 2 mon", Tz::UTC, "2026-01-05T00:00:00Z", 2);
    assert_eq!(due.map_days(), ["02-02", "02-09"]);
}

trait MapDays {
    fn map_days(&self) -> Vec<&str>;
}

impl MapDays for Vec<String> {
    fn map_days(&self) -> Vec<&str> {
        self.iter().map(|time| &time[..5]).collect()
    }
}

#[test]
fn new_york_skips_an_hour_and_a_fixed_job_runs_right_after_it() {
    let tz = Tz::America__New_York;
    let eve = "2026-03-07T17:00:00Z";
    assert_eq!(times("30 2 * * *", tz, eve, 2), ["03-08 03:00 -0400", "03-09 02:30 -0400"]);
    // However many times were skipped, and whether or not one is due then anyway.
    assert_eq!(times("*/20 2 * * *", tz, eve, 2), ["03-08 03:00 -0400", "03-09 02:00 -0400"]);
    assert_eq!(times("0 2,3 * * *", tz, eve, 2), ["03-08 03:00 -0400", "03-09 02:00 -0400"]);
    assert_eq!(
        times("0 * * * *", tz, "2026-03-08T06:30:00Z", 2),
        ["03-08 03:00 -0400", "03-08 04:00 -0400"]
    );
    // Every second hour follows the clock: there was no two o'clock.
    assert_eq!(
        times("0 */2 * * *", tz, "2026-03-08T05:30:00Z", 2),
        ["03-08 04:00 -0400", "03-08 06:00 -0400"]
    );
}

#[test]
fn new_york_repeats_an_hour_and_a_fixed_job_runs_the_first_time() {
    let tz = Tz::America__New_York;
    let eve = "2026-10-31T16:00:00Z";
    assert_eq!(times("30 1 * * *", tz, eve, 2), ["11-01 01:30 -0400", "11-02 01:30 -0500"]);
    assert_eq!(
        times("*/30 1 * * *", tz, eve, 3),
        ["11-01 01:00 -0400", "11-01 01:30 -0400", "11-02 01:00 -0500"]
    );
    assert_eq!(
        times("*/30 * * * *", tz, "2026-11-01T04:45:00Z", 5),
        [
            "11-01 01:00 -0400",
            "11-01 01:30 -0400",
            "11-01 01:00 -0500",
            "11-01 01:30 -0500",
            "11-01 02:00 -0500"
        ]
    );
    assert_eq!(times("0 0-23 * * *", tz, "2026-11-01T05:30:00Z", 1), ["11-01 01:00 -0500"]);
    // Started in the second pass: the first one is over.
    assert_eq!(times("45 1 * * *", tz, "2026-11-01T06:30:00Z", 1), ["11-02 01:45 -0500"]);
}

#[test]
fn berlin_changes_its_clocks_on_other_days_and_the_rules_are_the_same() {
    let tz = Tz::Europe__Berlin;
    assert_eq!(
        times("15 2 * * *", tz, "2026-03-28T12:00:00Z", 2),
        ["03-29 03:00 +0200", "03-30 02:15 +0200"]
    );
    assert_eq!(
        times("15 2 * * *", tz, "2026-10-24T12:00:00Z", 2),
        ["10-25 02:15 +0200", "10-26 02:15 +0100"]
    );
    assert_eq!(
        times("0 * * * *", tz, "2026-10-24T23:30:00Z", 3),
        ["10-25 02:00 +0200", "10-25 02:00 +0100", "10-25 03:00 +0100"]
    );
}

#[test]
fn runs_are_the_due_times_late_by_the_jitter() {
    for text in ["every 5m", "*/5 * * * *"] {
        let schedule = Schedule::parse(text).unwrap();
        let jitter = TimeDelta::from_std(schedule.jitter("orders")).unwrap();
        assert!(jitter > TimeDelta::zero() && jitter < TimeDelta::seconds(30));
        let mut now = at("2026-06-30T12:00:00Z");
        // Within the jitter of a due time, that one is still to come.
        for due in ["2026-06-30T12:00:00Z", "2026-06-30T12:05:00Z", "2026-06-30T12:10:00Z"] {
            now = schedule.next_run("orders", now, Tz::UTC).unwrap();
            assert_eq!(now, at(due) + jitter);
        }
    }
}

#[test]
fn the_jitter_follows_the_shortest_interval() {
    for (text, seconds) in [
        ("every 30s", 30),
        ("* * * * *", 60),
        ("*/5 9-17 * * mon-fri", 300),
        ("0,1 3 * * *", 60),
        ("55,5 * * * *", 600),
        ("@monthly", 3_600),
    ] {
        let schedule = Schedule::parse(text).unwrap();
        assert_eq!(schedule.shortest_interval(), Duration::from_secs(seconds), "{text}");
    }
}

#[test]
fn after_the_last_year_nothing_is_due() {
    let schedule = Schedule::parse("@yearly").unwrap();
    assert_eq!(schedule.next_after(at("2100-06-01T00:00:00Z"), Tz::UTC), None);
    let every = Schedule::parse("every 1d").unwrap();
    assert_eq!(every.next_after(DateTime::<Utc>::MAX_UTC, Tz::UTC), None);
}
