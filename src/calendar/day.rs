//! Local days: where they begin and which one an instant belongs to. Not here: anything longer than
//! a day.

use chrono::{
    DateTime, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc,
};
use chrono_tz::{GapInfo, Tz};

use super::Calendar;

/// The instant at which the clocks of a zone show `local`: the earlier one when they show it twice,
/// the first instant after the gap when they skip it.
pub fn instant_of(tz: Tz, local: NaiveDateTime) -> DateTime<Utc> {
    match tz.from_local_datetime(&local) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at.to_utc(),
        // Without an end of the gap `local` lies at the edge of what chrono can represent.
        LocalResult::None => GapInfo::new(&local, &tz)
            .and_then(|gap| gap.end)
            .map_or_else(|| local.and_utc(), |end| end.to_utc()),
    }
}

/// The first instant of a local day. A day that the zone skips as a whole has no length: it begins
/// where the next one does.
pub fn day_start(tz: Tz, day: NaiveDate) -> DateTime<Utc> {
    instant_of(tz, day.and_time(NaiveTime::MIN))
}

/// The local day that contains the instant.
pub fn day_of(tz: Tz, at: DateTime<Utc>) -> NaiveDate {
    let day = at.with_timezone(&tz).date_naive();
    let next = shift(day, 1);
    // Clocks that go back across midnight show yesterday's date again; the new day has begun.
    if at >= day_start(tz, next) { next } else { day }
}

/// The local day of the last instant before `end`: the day that an as-of instant closes.
pub fn day_before(tz: Tz, end: DateTime<Utc>) -> NaiveDate {
    day_of(tz, end.checked_sub_signed(TimeDelta::nanoseconds(1)).unwrap_or(end))
}

/// The local day that starts at the instant if one does, else the next one: the exclusive end of a
/// window as a date.
pub fn ceil_day(tz: Tz, at: DateTime<Utc>) -> NaiveDate {
    let day = day_of(tz, at);
    if at == day_start(tz, day) { day } else { shift(day, 1) }
}

/// So many days later (earlier when negative), within the dates that chrono can represent.
pub(super) fn shift(day: NaiveDate, days: i64) -> NaiveDate {
    let limit = if days < 0 { NaiveDate::MIN } else { NaiveDate::MAX };
    TimeDelta::try_days(days).and_then(|delta| day.checked_add_signed(delta)).unwrap_or(limit)
}

impl Calendar {
    /// See [`day_start`].
    pub fn day_start(&self, day: NaiveDate) -> DateTime<Utc> {
        day_start(self.timezone, day)
    }

    /// See [`day_of`].
    pub fn day_of(&self, at: DateTime<Utc>) -> NaiveDate {
        day_of(self.timezone, at)
    }

    /// See [`day_before`].
    pub fn day_before(&self, end: DateTime<Utc>) -> NaiveDate {
        day_before(self.timezone, end)
    }

    /// See [`ceil_day`].
    pub fn ceil_day(&self, at: DateTime<Utc>) -> NaiveDate {
        ceil_day(self.timezone, at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_whose_midnight_is_skipped_starts_at_its_first_instant() {
        let sao_paulo = day_start(Tz::America__Sao_Paulo, date("2018-11-04"));
        assert_eq!(sao_paulo, at("2018-11-04T03:00:00Z"));
        let beirut = day_start(Tz::Asia__Beirut, date("2022-03-27"));
        assert_eq!(beirut, at("2022-03-26T22:00:00Z"));
    }

    #[test]
    fn a_day_whose_midnight_is_repeated_starts_at_the_earlier_one() {
        let havana = day_start(Tz::America__Havana, date("2025-11-02"));
        assert_eq!(havana, at("2025-11-02T04:00:00Z"));
        assert_eq!(day_of(Tz::America__Havana, at("2025-11-02T05:30:00Z")), date("2025-11-02"));
    }

    #[test]
    fn a_clock_that_goes_back_across_midnight_does_not_bring_yesterday_back() {
        // At 00:01 the clocks of St. John's went back to 23:01.
        let tz = Tz::America__St_Johns;
        let midnight = day_start(tz, date("2010-11-07"));
        assert_eq!(midnight, at("2010-11-07T02:30:00Z"));
        assert_eq!(day_of(tz, midnight + TimeDelta::minutes(30)), date("2010-11-07"));
        assert_eq!(day_of(tz, midnight - TimeDelta::seconds(1)), date("2010-11-06"));
    }

    #[test]
    fn a_day_that_a_zone_skips_has_no_length() {
        let tz = Tz::Pacific__Apia;
        assert_eq!(day_start(tz, date("2011-12-30")), day_start(tz, date("2011-12-31")));
        assert_eq!(day_before(tz, day_start(tz, date("2011-12-31"))), date("2011-12-29"));
    }

    #[test]
    fn midnight_closes_the_day_before_and_is_its_own_ceiling() {
        let tz = Tz::America__New_York;
        let midnight = at("2026-07-01T04:00:00Z");
        assert_eq!(day_of(tz, midnight), date("2026-07-01"));
        assert_eq!(day_before(tz, midnight), date("2026-06-30"));
        assert_eq!(ceil_day(tz, midnight), date("2026-07-01"));
        assert_eq!(ceil_day(tz, midnight + TimeDelta::seconds(1)), date("2026-07-02"));
        assert_eq!(ceil_day(tz, midnight - TimeDelta::seconds(1)), date("2026-07-01"));
    }

    #[test]
    fn dates_beyond_the_representable_saturate() {
        assert_eq!(shift(date("2026-01-01"), i64::MAX), NaiveDate::MAX);
        assert_eq!(shift(date("2026-01-01"), -1_000_000_000), NaiveDate::MIN);
        day_start(Tz::America__New_York, NaiveDate::MAX);
        day_start(Tz::Asia__Tokyo, NaiveDate::MIN);
    }
}
