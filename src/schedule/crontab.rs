//! Five crontab fields, and the times at which they match on the clock of a zone. The search is the
//! `cron` crate's, on a timeline without a zone: on one with a zone it returns times of the past
//! when clocks go back. What it would read otherwise than crontab does (seconds first, Sunday = 1,
//! both days have to match) never reaches it.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, LocalResult, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;

use super::error::ScheduleError;
use super::field::{DAY, Field, HOUR, MINUTE, MONTH, WEEKDAY};
use crate::calendar::instant_of;

/// A parsed crontab line, without the command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Crontab {
    /// It matches when one of these does; two when days of month and of week are both restricted.
    any_of: Vec<cron::Schedule>,
    /// Runs in every hour that the clock shows, rather than at fixed times of the day.
    follows_clock: bool,
    minutes: BTreeSet<u32>,
}

impl Crontab {
    pub(super) fn parse(text: &str) -> Result<Self, ScheduleError> {
        let line = if text.starts_with('@') { shorthand(text)? } else { text };
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields[..] else {
            let (text, found) = (text.to_owned(), fields.len());
            return Err(ScheduleError::Fields { text, found });
        };
        let minute = MINUTE.parse(minute)?;
        let hour = HOUR.parse(hour)?;
        let (day, month) = (DAY.parse(day)?, MONTH.parse(month)?);
        let weekday = WEEKDAY.parse(weekday)?;

        let time = format!("0 {} {}", list(&minute, 0), list(&hour, 0));
        let (days, months, weekdays) = (list(&day, 0), list(&month, 0), list(&weekday, 1));
        let lines = if day.star || weekday.star {
            vec![format!("{time} {days} {months} {weekdays}")]
        } else {
            vec![format!("{time} {days} {months} *"), format!("{time} * {months} {weekdays}")]
        };
        let mut any_of = Vec::new();
        for line in lines {
            let schedule = cron::Schedule::from_str(&line)
                .map_err(|_| ScheduleError::Never(text.to_owned()))?;
            if schedule.after(&DateTime::UNIX_EPOCH).next().is_some() {
                any_of.push(schedule);
            }
        }
        if any_of.is_empty() {
            return Err(ScheduleError::Never(text.to_owned()));
        }
        let follows_clock = hour.star || hour.all;
        Ok(Self { any_of, follows_clock, minutes: minute.values })
    }

    /// See [`Schedule::next_after`](super::Schedule::next_after).
    pub(super) fn next_after(&self, after: DateTime<Utc>, tz: Tz) -> Option<DateTime<Utc>> {
        let shown = after.with_timezone(&tz).naive_local();
        let ahead = self.matches(shown).find_map(|local| self.run_after(after, tz, local));
        // In the first of two passes, what the clock has shown already it will show once more.
        let again = match tz.from_local_datetime(&shown) {
            LocalResult::Ambiguous(first, second) if first == after && self.follows_clock => self
                .matches(shown - (second - first))
                .take_while(|local| *local <= shown)
                .find_map(|local| self.run_after(after, tz, local)),
            _ => None,
        };
        [ahead, again].into_iter().flatten().min()
    }

    /// The first run later than `after` that stands for one time on the clock, if there is one.
    fn run_after(
        &self,
        after: DateTime<Utc>,
        tz: Tz,
        local: NaiveDateTime,
    ) -> Option<DateTime<Utc>> {
        let (first, second) = match tz.from_local_datetime(&local) {
            LocalResult::Single(at) => (Some(at.to_utc()), None),
            LocalResult::Ambiguous(first, second) => {
                (Some(first.to_utc()), self.follows_clock.then(|| second.to_utc()))
            }
            LocalResult::None => ((!self.follows_clock).then(|| instant_of(tz, local)), None),
        };
        [first, second].into_iter().flatten().find(|at| *at > after)
    }

    /// The matching times on a clock that never changes, in order, from just after `local` on.
    fn matches(&self, local: NaiveDateTime) -> impl Iterator<Item = NaiveDateTime> {
        let next = |now: NaiveDateTime| {
            let next_of = |schedule: &cron::Schedule| schedule.after(&now.and_utc()).next();
            self.any_of.iter().filter_map(next_of).min().map(|at| at.naive_utc())
        };
        std::iter::successors(next(local), move |now| next(*now))
    }

    /// A lower limit of the time between two runs, an hour at most.
    pub(super) fn shortest_interval(&self) -> Duration {
        let first_again = self.minutes.first().map(|first| first + 60);
        let next = self.minutes.iter().copied().skip(1).chain(first_again);
        let shortest = self.minutes.iter().zip(next).map(|(minute, next)| next - minute).min();
        Duration::from_secs(u64::from(shortest.unwrap_or(60)) * 60)
    }
}

/// The field for the `cron` crate, whose numbers may start elsewhere.
fn list(field: &Field, offset: u32) -> String {
    if field.all {
        return "*".to_owned();
    }
    let numbers: Vec<String> = field.values.iter().map(|n| (n + offset).to_string()).collect();
    numbers.join(",")
}

fn shorthand(text: &str) -> Result<&'static str, ScheduleError> {
    Ok(match text {
        "@hourly" => "0 * * * *",
        "@daily" | "@midnight" => "0 0 * * *",
        "@weekly" => "0 0 * * 0",
        "@monthly" => "0 0 1 * *",
        "@yearly" | "@annually" => "0 0 1 1 *",
        _ => return Err(ScheduleError::Shorthand(text.to_owned())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_refused_with_the_cure() {
        for (text, message) in [
            (
                "0 */5 * * * *",
                "`0 */5 * * * *` is not a schedule: expected 5 fields, found 6 (hint: minute, hour, \
                 day of month, month, day of week as in `*/5 * * * *`; or `@hourly`, `every 30s`)",
            ),
            (
                "@reboot",
                "`@reboot` is not a schedule (hint: @hourly, @daily, @midnight, @weekly, \
                 @monthly, @yearly or @annually)",
            ),
            (
                "0 0 31 2 *",
                "`0 0 31 2 *` never comes: no such day in any year (hint: days 28 and below are \
                 in every month)",
            ),
            ("0 24 * * *", "hour field `24`: `24` is not a number from 0 to 23"),
        ] {
            assert_eq!(Crontab::parse(text).unwrap_err().to_string(), message);
        }
        for text in ["", "hourly", "30s"] {
            assert!(matches!(Crontab::parse(text), Err(ScheduleError::Fields { .. })), "{text}");
        }
    }

    #[test]
    fn the_29th_of_february_comes_every_leap_year() {
        let leap = Crontab::parse("0 0 29 2 *").unwrap();
        let next = leap.next_after("2026-01-01T00:00:00Z".parse().unwrap(), Tz::UTC);
        assert_eq!(next, Some("2028-02-29T00:00:00Z".parse().unwrap()));
    }
}
