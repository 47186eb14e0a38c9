//! How much of a period has passed.

use chrono::{DateTime, Datelike, NaiveDate, Utc};

use super::day::shift;
use super::{Calendar, Period};

impl Calendar {
    /// Share of the period that has passed, 0 to 1: whole local days, and of the running day the
    /// share of its 23, 24 or 25 hours, over the days of the period (`kpi-maths` §3, t).
    pub fn elapsed_ratio(&self, period: &Period, at: DateTime<Utc>) -> f64 {
        if at >= period.span.end {
            return 1.0;
        }
        self.elapsed_days(period, at) / days(period)
    }

    /// Days of the period still to come, the rest of the running day included.
    pub fn days_left(&self, period: &Period, at: DateTime<Utc>) -> f64 {
        days(period) - self.elapsed_days(period, at)
    }

    /// Share of the period's business days that has passed, 0 to 1; a running business day counts
    /// by its share, holidays and other days not at all. The elapsed ratio when the period has no
    /// business days.
    pub fn business_ratio(&self, period: &Period, at: DateTime<Utc>) -> f64 {
        let total = self.business_days_between(period.first_day, period.end_day);
        if total == 0 {
            return self.elapsed_ratio(period, at);
        }
        if at <= period.span.start {
            return 0.0;
        }
        if at >= period.span.end {
            return 1.0;
        }
        let today = self.day_of(at);
        let whole = self.business_days_between(period.first_day, today) as f64;
        let running = if self.is_business_day(today) { self.day_share(today, at) } else { 0.0 };
        (whole + running) / total as f64
    }

    /// Business days of the period still to come, the rest of a running one included; days when the
    /// period has no business days.
    pub fn business_days_left(&self, period: &Period, at: DateTime<Utc>) -> f64 {
        let total = self.business_days_between(period.first_day, period.end_day);
        if total == 0 {
            return self.days_left(period, at);
        }
        (1.0 - self.business_ratio(period, at)) * total as f64
    }

    /// Days of the period that have passed, 0 to all of them.
    fn elapsed_days(&self, period: &Period, at: DateTime<Utc>) -> f64 {
        if at >= period.span.end {
            return days(period);
        }
        if at <= period.span.start {
            return 0.0;
        }
        let today = self.day_of(at);
        (today - period.first_day).num_days() as f64 + self.day_share(today, at)
    }

    /// Share of a day that has passed at an instant inside it, 0 to 1.
    fn day_share(&self, day: NaiveDate, at: DateTime<Utc>) -> f64 {
        let start = self.day_start(day);
        let length = self.day_start(shift(day, 1)) - start;
        (at - start).as_seconds_f64() / length.as_seconds_f64()
    }

    fn is_business_day(&self, day: NaiveDate) -> bool {
        let weekday = day.weekday().num_days_from_monday();
        self.business_days.iter().any(|&d| u32::from(d) == weekday) && !self.holidays.contains(&day)
    }

    fn business_days_between(&self, first: NaiveDate, end: NaiveDate) -> usize {
        first.iter_days().take_while(|day| *day < end).filter(|d| self.is_business_day(*d)).count()
    }
}

fn days(period: &Period) -> f64 {
    (period.end_day - period.first_day).num_days() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::PeriodKind;
    use chrono_tz::Tz;

    fn calendar(tz: Tz) -> Calendar {
        Calendar { timezone: tz, ..Calendar::default() }
    }

    fn close(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-12
    }

    #[test]
    fn the_worked_example_stands_at_30_of_91_days_and_22_of_65_business_days() {
        let calendar = calendar(Tz::America__New_York);
        let at = calendar.parse_as_of("2026-04-30").unwrap();
        let quarter = calendar.period_at(&PeriodKind::Quarter, at);
        assert!(close(calendar.elapsed_ratio(&quarter, at), 30.0 / 91.0));
        assert!(close(calendar.business_ratio(&quarter, at), 22.0 / 65.0));
        assert!(close(calendar.days_left(&quarter, at), 61.0));
        let end = calendar.parse_as_of("2026-06-30").unwrap();
        assert!(close(calendar.elapsed_ratio(&quarter, end), 1.0));
        assert!(close(calendar.business_ratio(&quarter, end), 1.0));
        assert!(close(calendar.days_left(&quarter, end), 0.0));
    }

    #[test]
    fn a_running_day_counts_by_its_own_length() {
        let calendar = calendar(Tz::America__New_York);
        for (noon, share) in [
            ("2026-03-08T12:00:00-04:00", 11.0 / 23.0),
            ("2026-03-09T12:00:00-04:00", 12.0 / 24.0),
            ("2026-11-01T12:00:00-05:00", 13.0 / 25.0),
        ] {
            let at = calendar.parse_as_of(noon).unwrap();
            let month = calendar.period_at(&PeriodKind::Month, at);
            let whole = f64::from(calendar.day_of(at).day0());
            let all = days(&month);
            assert!(close(calendar.elapsed_ratio(&month, at), (whole + share) / all), "{noon}");
            assert!(close(calendar.days_left(&month, at), all - whole - share), "{noon}");
        }
    }

    #[test]
    fn holidays_and_weekends_do_not_move_the_business_ratio() {
        let mut calendar = calendar(Tz::UTC);
        calendar.holidays.insert("2026-05-25".parse().unwrap());
        // A holiday on a Saturday takes nothing away.
        calendar.holidays.insert("2026-05-30".parse().unwrap());
        let ratio = |at: &str| {
            let at = calendar.parse_as_of(at).unwrap();
            calendar.business_ratio(&calendar.period_at(&PeriodKind::Month, at), at)
        };
        for (at, expected) in [
            ("2026-05-22", 16.0 / 20.0),
            ("2026-05-24T12:00:00Z", 16.0 / 20.0),
            ("2026-05-25T12:00:00Z", 16.0 / 20.0),
            ("2026-05-26T12:00:00Z", 16.5 / 20.0),
            ("2026-05-29", 1.0),
        ] {
            assert!(close(ratio(at), expected), "{at}");
        }
    }

    #[test]
    fn business_days_left_are_those_of_the_rest() {
        let mut calendar = calendar(Tz::Asia__Dubai);
        calendar.business_days = [6, 0, 1, 2, 3].into();
        calendar.holidays.insert("2026-11-26".parse().unwrap());
        for (at, left) in [
            ("2026-11-28", 2.0),
            ("2026-11-29T12:00:00+04:00", 1.5),
            ("2026-11-25", 2.0),
            ("2026-11-30", 0.0),
        ] {
            let at = calendar.parse_as_of(at).unwrap();
            let month = calendar.period_at(&PeriodKind::Month, at);
            assert!(close(calendar.business_days_left(&month, at), left), "{at}");
        }
        calendar.business_days.clear();
        let at = calendar.parse_as_of("2026-11-20").unwrap();
        let month = calendar.period_at(&PeriodKind::Month, at);
        assert!(close(calendar.business_days_left(&month, at), 10.0));
    }

    #[test]
    fn without_business_days_time_elapses_evenly() {
        let mut calendar = calendar(Tz::UTC);
        calendar.business_days.clear();
        let at = calendar.parse_as_of("2026-04-15").unwrap();
        let month = calendar.period_at(&PeriodKind::Month, at);
        assert!(close(calendar.business_ratio(&month, at), 0.5));
    }

    #[test]
    fn outside_of_its_period_the_ratio_stays_at_its_ends() {
        let calendar = calendar(Tz::UTC);
        let date = |text: &str| text.parse().unwrap();
        let kind = PeriodKind::Dates { start: date("2026-04-01"), end: date("2026-04-10") };
        let period = calendar.period_at(&kind, "2026-01-01T00:00:00Z".parse().unwrap());
        for (at, elapsed, left) in [("2026-03-01", 0.0, 10.0), ("2027-01-01", 1.0, 0.0)] {
            let at = calendar.parse_as_of(at).unwrap();
            assert!(close(calendar.elapsed_ratio(&period, at), elapsed));
            assert!(close(calendar.business_ratio(&period, at), elapsed));
            assert!(close(calendar.days_left(&period, at), left));
        }
    }
}
