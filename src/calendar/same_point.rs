//! The same point of an earlier period: what a seasonal path compares with.

use chrono::{DateTime, Datelike, TimeDelta, Utc};

use super::day::shift;
use super::{Calendar, Period};

impl Calendar {
    /// The instant in `earlier` at the elapsed position that `as_of` has in `current`: whole days
    /// count from the start of the period, then move by at most 3 days to the same weekday (a
    /// Monday compares with a Monday); a running day counts by its share. The close of one is the
    /// close of the other. Always in `(start, end]` of `earlier` and never going back as `as_of`
    /// goes on; an as-of before the current period counts as its first day.
    pub fn same_point(
        &self,
        earlier: &Period,
        current: &Period,
        as_of: DateTime<Utc>,
    ) -> DateTime<Utc> {
        if as_of >= current.span.end {
            return earlier.span.end;
        }
        let today = self.day_before(as_of);
        let whole_days = (today - current.first_day).num_days().max(0);
        let weekday_shift = {
            let ahead = current.first_day.weekday().days_since(earlier.first_day.weekday());
            if ahead > 3 { i64::from(ahead) - 7 } else { i64::from(ahead) }
        };
        let day = shift(earlier.first_day, whole_days + weekday_shift);
        let (start, end) = (self.day_start(day), self.day_start(shift(day, 1)));
        let today_start = self.day_start(today);
        let today_length = self.day_start(shift(today, 1)) - today_start;
        let point = start + scaled(as_of - today_start, end - start, today_length);
        // Moved back past the start, or just behind it, there is nothing to compare with yet: the
        // first whole day stands in.
        let floor = if weekday_shift < 0 {
            self.day_start(shift(earlier.first_day, 1))
        } else {
            earlier.span.start
        };
        point.max(floor).min(earlier.span.end)
    }
}

/// `part * length / whole`, rounded up, so that a part of something is never nothing.
fn scaled(part: TimeDelta, length: TimeDelta, whole: TimeDelta) -> TimeDelta {
    let nanos = |delta: TimeDelta| i128::from(delta.num_nanoseconds().unwrap_or(i64::MAX));
    let product = nanos(part) * nanos(length);
    let whole = nanos(whole).max(1);
    let up = (product + whole - 1) / whole;
    i64::try_from(up).map_or(length, TimeDelta::nanoseconds)
}

#[cfg(test)]
mod tests {
    use crate::calendar::{Calendar, PeriodKind};
    use chrono_tz::Tz;

    /// The point of the quarter before, as local text.
    fn point(kind: &PeriodKind, as_of: &str) -> String {
        let calendar = Calendar { timezone: Tz::America__New_York, ..Calendar::default() };
        let as_of = calendar.parse_as_of(as_of).unwrap();
        let current = calendar.period_at(kind, as_of);
        let earlier = calendar.previous(&current);
        let point = calendar.same_point(&earlier, &current, as_of);
        point.with_timezone(&calendar.timezone).to_rfc3339()
    }

    #[test]
    fn the_same_weekday_at_the_same_distance_from_the_start_is_the_same_point() {
        // 1 April 2026 is a Wednesday, 1 January a Thursday: one day back.
        let quarter = &PeriodKind::Quarter;
        assert_eq!(point(quarter, "2026-04-30"), "2026-01-30T00:00:00-05:00");
        assert_eq!(point(quarter, "2026-04-30T12:00:00-04:00"), "2026-01-29T12:00:00-05:00");
        // 1 May is a Friday, 1 April a Wednesday: two days on.
        assert_eq!(point(&PeriodKind::Month, "2026-05-10"), "2026-04-13T00:00:00-04:00");
        // Weeks need no shift.
        assert_eq!(point(&PeriodKind::Week, "2026-05-13"), "2026-05-07T00:00:00-04:00");
    }

    #[test]
    fn the_close_of_one_is_the_close_of_the_other() {
        // The first quarter has 90 days, the second 91.
        assert_eq!(point(&PeriodKind::Quarter, "2026-06-30"), "2026-04-01T00:00:00-04:00");
        assert_eq!(point(&PeriodKind::Month, "2026-03-31"), "2026-03-01T00:00:00-05:00");
        // A day before the end of the longer one, the shorter one may be over already.
        assert_eq!(point(&PeriodKind::Month, "2026-03-30"), "2026-03-01T00:00:00-05:00");
    }

    #[test]
    fn a_point_moved_back_past_the_start_is_the_close_of_the_first_day() {
        let quarter = &PeriodKind::Quarter;
        assert_eq!(point(quarter, "2026-04-01"), "2026-01-02T00:00:00-05:00");
        assert_eq!(point(quarter, "2026-04-02T06:00:00-04:00"), "2026-01-02T00:00:00-05:00");
        assert_eq!(point(quarter, "2026-04-03"), "2026-01-03T00:00:00-05:00");
    }

    #[test]
    fn half_of_a_day_of_23_hours_is_half_of_one_of_24() {
        // February and March of 2026 both start on a Sunday; the clocks went forward on 8 March.
        let at = point(&PeriodKind::Month, "2026-03-08T12:30:00-04:00");
        assert_eq!(at, "2026-02-08T12:00:00-05:00");
    }
}
