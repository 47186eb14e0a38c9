//! Days that are not written as `2026-11-30`: as text they are before or after a window at random. Brought into the
//! form that compares with the parameters of a query. Not here: times of the standard's form (`times`).

use std::cmp::Ordering;

use chrono::{DateTime, Datelike, Month, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;

use super::times;

/// Which part of a day stands first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayOrder {
    /// `2026/11/30`, `2026-9-1`, and months: `2026-11` is its first day.
    YearFirst,
    /// `30.11.2026`, `30/11/2026`.
    DayFirst,
    /// `11/30/2026`.
    MonthFirst,
}

/// The days of a column that are not in the form that compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) enum OtherDays {
    /// It has none.
    None,
    /// Nobody knows what stands first in them.
    Doubtful,
    /// They are written in this order.
    In(DayOrder),
}

/// In which orders texts are days, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Orders(u8);

impl DayOrder {
    pub(super) const ALL: [Self; 3] = [Self::YearFirst, Self::DayFirst, Self::MonthFirst];

    /// A day, and a time if there is one, as they are compared: that of an instant is local in the zone.
    pub(super) fn comparable(self, text: &str, zone: Tz) -> Option<String> {
        Some(match read(text, self)? {
            Moment::Day(day) => day.to_string(),
            Moment::Local(day, time) => format!("{day} {}", time.format("%H:%M:%S")),
            Moment::Instant(instant) => times::written(instant, zone),
        })
    }
}

/// The name of the order of months.
pub(super) const MONTH_ORDER: &str = "kpi_month";

/// Whether it is a month like `2026-11`.
pub(super) fn is_month(text: &str) -> bool {
    text.len() == "2026-11".len() && read(text, DayOrder::YearFirst).is_some()
}

/// Months stay what they are, since `= '2026-11'` has to find them; beside a day one is its first day.
pub(super) fn order(one: &str, other: &str) -> Ordering {
    let first_day =
        |text: &str| is_month(text).then(|| DayOrder::YearFirst.comparable(text, Tz::UTC))?;
    match (first_day(one), first_day(other)) {
        (Some(one), None) => one.as_str().cmp(other),
        (None, Some(other)) => one.cmp(other.as_str()),
        _ => one.cmp(other),
    }
}

impl Default for Orders {
    fn default() -> Self {
        Self::ANY
    }
}

impl Orders {
    pub(super) const ANY: Self = Self(0b111);
    pub(super) const NONE: Self = Self(0);

    /// Those in which a text is a day; `None` when it is one in no order.
    pub(super) fn of(text: &str) -> Option<Self> {
        let is_possible = text.len() >= 7 && text.bytes().any(|byte| byte.is_ascii_digit());
        if !is_possible {
            return None;
        }
        let fits = DayOrder::ALL.into_iter().filter(|order| read(text, *order).is_some());
        let fits = fits.fold(0, |fits, order| fits | 1 << order as u8);
        (fits != 0).then_some(Self(fits))
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The first of them, if there is but one, or if it makes no difference.
    pub(super) fn only(self) -> Option<DayOrder> {
        let mut fits = DayOrder::ALL.into_iter().filter(|order| self.has(*order));
        let first = fits.next()?;
        (self == Self::ANY || fits.next().is_none()).then_some(first)
    }

    pub(super) fn has(self, order: DayOrder) -> bool {
        self.0 & 1 << order as u8 != 0
    }
}

/// What a text is.
enum Moment {
    Day(NaiveDate),
    Local(NaiveDate, NaiveTime),
    Instant(DateTime<Utc>),
}

/// Whether a text is a day with a time in a zone that it says.
pub(super) fn is_instant(text: &str) -> bool {
    let has_clock = text.contains(':');
    has_clock
        && DayOrder::ALL
            .into_iter()
            .any(|order| matches!(read(text, order), Some(Moment::Instant(_))))
}

fn read(text: &str, order: DayOrder) -> Option<Moment> {
    let text = text.trim();
    let end = text
        .find([':'])
        .map_or(text.len(), |colon| text[..colon].rfind([' ', 'T', 't']).unwrap_or(colon));
    let (day, time) = text.split_at(end);
    let date = |day: &str| date(day.trim_end_matches([',', ' ']), order);
    let time = time.trim_start_matches([' ', 'T', 't']);
    if time.is_empty() {
        return date(day).map(Moment::Day);
    }
    let (time, zone) = times::split_zone(time);
    let (day, time) = (date(day)?, clock(time)?);
    if zone.is_empty() {
        return Some(Moment::Local(day, time));
    }
    // Those of the standard's form are no days of another one.
    if times::form(text).is_some() {
        return None;
    }
    times::instant(day.and_time(time), zone).map(Moment::Instant)
}

fn date(text: &str, order: DayOrder) -> Option<NaiveDate> {
    let mut parts = Parts::default();
    let separators = ['-', '/', '.', ' ', ','];
    for part in text.split(separators).filter(|part| !part.is_empty()) {
        parts.add(part)?;
    }
    let separator = text.chars().find(|c| separators.contains(c))?;
    if let Some(month) = parts.name {
        return match parts.numbers[..parts.len] {
            [(day, ..=2), (year, 4)] | [(year, 4), (day, ..=2)] => ymd(year, month, day),
            _ => None,
        };
    }
    let (first, second, third) = match parts.numbers[..parts.len] {
        [first, second] => (first, second, (1, 0)),
        [first, second, third] => (first, second, third),
        _ => return None,
    };
    match (order, (first.1, second.1, third.1)) {
        (DayOrder::YearFirst, (4, 2, 0)) if matches!(separator, '-' | '/') => {
            ymd(first.0, second.0, 1)
        }
        // The form of the standard, whatever the others are.
        (_, (4, 2, 2)) if separator == '-' => ymd(first.0, second.0, third.0),
        (DayOrder::YearFirst, (4, 1 | 2, 1 | 2)) => ymd(first.0, second.0, third.0),
        (DayOrder::DayFirst, (1 | 2, 1 | 2, 4)) => ymd(third.0, second.0, first.0),
        // Nobody writes months first with points.
        (DayOrder::MonthFirst, (1 | 2, 1 | 2, 4)) if separator != '.' => {
            ymd(third.0, first.0, second.0)
        }
        // Years of this century, only where all parts have two digits: others are versions.
        (DayOrder::DayFirst, (2, 2, 2)) if matches!(separator, '.' | '/') => {
            ymd(2000 + third.0, second.0, first.0)
        }
        (DayOrder::MonthFirst, (2, 2, 2)) if separator == '/' => {
            ymd(2000 + third.0, first.0, second.0)
        }
        _ => None,
    }
}

fn ymd(year: u32, month: u32, day: u32) -> Option<NaiveDate> {
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    (date.year() >= 1000).then_some(date)
}

/// Two or three numbers with their digits, or two and the name of a month.
#[derive(Default)]
struct Parts {
    numbers: [(u32, usize); 3],
    len: usize,
    name: Option<u32>,
}

impl Parts {
    fn add(&mut self, part: &str) -> Option<()> {
        if part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit()) {
            *self.numbers.get_mut(self.len)? = (part.parse().ok()?, part.len());
            self.len += 1;
            return Some(());
        }
        // In English, whole or by its first three letters.
        let month: Month = part.parse().ok()?;
        self.name.replace(month.number_from_month()).is_none().then_some(())
    }
}

/// `8:05`, `08:05:30.5` or `8:05 PM`.
fn clock(text: &str) -> Option<NaiveTime> {
    let text = text.trim();
    let half = text.get(text.len().checked_sub(2)?..).map(str::to_ascii_uppercase);
    let (text, half) = match half.as_deref() {
        Some("AM") => (text[..text.len() - 2].trim_end(), Some(0)),
        Some("PM") => (text[..text.len() - 2].trim_end(), Some(12)),
        _ => (text, None),
    };
    let (text, _) = text.split_once('.').unwrap_or((text, ""));
    let mut parts =
        text.split(':').map(|part| part.parse::<u32>().ok().filter(|_| part.len() <= 2));
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    let hour = match half {
        Some(half) if (1..=12).contains(&hour) => hour % 12 + half,
        Some(_) => return None,
        None => hour,
    };
    parts.next().is_none().then(|| NaiveTime::from_hms_opt(hour, minute, second))?
}

#[cfg(test)]
#[path = "tests/days.rs"]
mod tests;
