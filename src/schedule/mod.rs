//! Schedules: crontab meaning, intervals, jitter, back-off. Owns time and nothing else: what runs on
//! a schedule is the caller's business, as is reading the clock.
//!
//! When clocks change, schedules follow the rules of ISC cron: see [`Schedule::next_after`].

mod crontab;
mod delay;
mod error;
mod field;

#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::calendar::{CalendarError, parse_duration};
use crontab::Crontab;

pub use delay::{backoff, doubling};
pub use error::{FieldProblem, ScheduleError};

/// When something is due. Displays as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    text: String,
    rule: Rule,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    /// Multiples of so many seconds since the Unix epoch, more than 0.
    Every(i64),
    /// Times on the clock of a zone.
    Crontab(Box<Crontab>),
}

impl Schedule {
    /// Parses five crontab fields (minute, hour, day of month, month, day of week; 0 and 7 are
    /// Sunday; either day matches when both are restricted), `@hourly`, `@daily`, `@midnight`,
    /// `@weekly`, `@monthly`, `@yearly`, `@annually`, or `every 30s`.
    ///
    /// # Errors
    /// What was expected instead; also a schedule that never comes, such as 31 February.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        let text = text.trim();
        let rule = match text.split_once(char::is_whitespace) {
            Some(("@every", interval)) => {
                let (text, interval) = (text.to_owned(), interval.trim().to_owned());
                return Err(ScheduleError::AtEvery { text, interval });
            }
            Some((zone, rest)) if zone.starts_with("CRON_TZ=") || zone.starts_with("TZ=") => {
                let (text, rest) = (text.to_owned(), rest.trim().to_owned());
                return Err(ScheduleError::Zone { text, rest });
            }
            Some(("every", interval)) => Rule::Every(parse_interval(interval.trim())?),
            _ => Rule::Crontab(Box::new(Crontab::parse(text)?)),
        };
        Ok(Self { text: text.to_owned(), rule })
    }

    /// The first time due after an instant, always later than it; `None` beyond the year 2100.
    ///
    /// Times that the clocks skip: a job at fixed hours runs once, right after the gap. Times that
    /// the clocks show twice: it runs the first time only. A job whose hour field starts with `*`
    /// (or that names every hour) follows the clock: nothing to catch up with after a gap, and it
    /// runs both times.
    pub fn next_after(&self, after: DateTime<Utc>, tz: Tz) -> Option<DateTime<Utc>> {
        match &self.rule {
            Rule::Every(seconds) => {
                let past = after.timestamp().div_euclid(*seconds);
                DateTime::from_timestamp(past.checked_add(1)?.checked_mul(*seconds)?, 0)
            }
            Rule::Crontab(crontab) => crontab.next_after(after, tz),
        }
    }

    /// The first run of the job `id` after an instant: its due times, each late by its
    /// [`jitter`](Self::jitter).
    pub fn next_run(&self, id: &str, after: DateTime<Utc>, tz: Tz) -> Option<DateTime<Utc>> {
        let jitter = TimeDelta::from_std(self.jitter(id)).ok()?;
        self.next_after(after.checked_sub_signed(jitter)?, tz)?.checked_add_signed(jitter)
    }

    /// A small delay that is always the same for the same job, so that jobs with one schedule do
    /// not all start at once: less than a tenth of the shortest interval, and than 30 s.
    pub fn jitter(&self, id: &str) -> Duration {
        delay::jitter(id, self.shortest_interval())
    }

    fn shortest_interval(&self) -> Duration {
        match &self.rule {
            Rule::Every(seconds) => Duration::from_secs(seconds.unsigned_abs()),
            Rule::Crontab(crontab) => crontab.shortest_interval(),
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn parse_interval(text: &str) -> Result<i64, ScheduleError> {
    match parse_duration(text).map_err(ScheduleError::Interval)?.as_secs() {
        0 => Err(ScheduleError::EmptyInterval),
        seconds => i64::try_from(seconds)
            .map_err(|_| ScheduleError::Interval(CalendarError::TooLong(text.to_owned()))),
    }
}
