//! How values are written that are days or times and do not compare with local text like
//! `2026-11-28 09:00:00`, and what compares instead. Not here: which columns are looked at (`forms`), and
//! days in tables of our own, which are brought into that form (`rows`).

use chrono::NaiveDate;
use rusqlite::types::Value;

use super::comparisons::{Comparison, Instant, OperandKind};
use crate::source::params::ParamForm;

/// What all looked-at values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Number(Unit, Kept),
    /// Digits at these places, from 1; digits of a year are four or two.
    Text(Pattern),
    /// `/Date(1796000000000)/`, as JSON of Microsoft and SAP has it.
    Wrapped,
    /// `2026`, `2026-11`, `2026-11-28` and `2026-11-28 09:00`: as text before their first instant.
    Year,
    Month,
    Day,
    Minute,
}

/// How a number is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    Integer,
    Real,
    Text,
}

/// What a number counts or spells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// `2026`
    Year,
    /// `202611`
    Month,
    /// `20261130`
    Day,
    /// `20261130080000`
    Second,
    /// Days since the end of 1899, as spreadsheets count.
    Sheet,
    /// As astronomers count.
    Julian,
    /// So many in a second since 1970.
    Since1970(i64),
}

/// Where the parts of a day stand in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pattern {
    year: usize,
    /// Two digits of a year of this century.
    short: bool,
    month: usize,
    day: usize,
    /// Where a time begins that goes on like that of the parameters.
    time: Option<usize>,
    /// Whether day and month may be the other way round, as far as is known.
    doubtful: bool,
}

impl Form {
    /// What all of them are; `None` for what nobody knows.
    pub(super) fn of(values: &[Value]) -> Option<Self> {
        let first = values.first()?;
        if let Some(unit) = Unit::of(first) {
            let kept = match first {
                Value::Integer(_) => Kept::Integer,
                Value::Real(_) => Kept::Real,
                _ => Kept::Text,
            };
            let same = |value: &Value| {
                Unit::of(value) == Some(unit)
                    && matches!(value, Value::Text(_)) == (kept == Kept::Text)
            };
            let is_real = values.iter().any(|value| matches!(value, Value::Real(_)));
            let kept = if is_real { Kept::Real } else { kept };
            return match (unit, kept) {
                _ if !values.iter().all(same) => None,
                (Unit::Year, Kept::Text) => Some(Self::Year),
                _ => Some(Self::Number(unit, kept)),
            };
        }
        let texts: Vec<&str> = values
            .iter()
            .map(|value| if let Value::Text(text) = value { Some(text.as_str()) } else { None })
            .collect::<Option<_>>()?;
        let first_is = |length: usize| texts.first().is_some_and(|text| text.len() == length);
        let all = |fits: fn(&str) -> bool| texts.iter().all(|text| fits(text));
        let lengths = [(7, Self::Month), (10, Self::Day), (16, Self::Minute)];
        if let Some((length, form)) = lengths.into_iter().find(|(length, _)| first_is(*length))
            && texts.iter().all(|text| text.len() == length && is_begun(text))
        {
            return Some(form);
        }
        if all(|text| text.strip_prefix("/Date(").is_some_and(|rest| leading_digits(rest) == 13)) {
            return Some(Self::Wrapped);
        }
        Pattern::of(&texts).map(Self::Text)
    }

    /// Conditions to write in place of a comparison, one or the other of them.
    pub(super) fn cured(self, comparison: &Comparison) -> Option<Vec<String>> {
        let Comparison { operand, sign, instant } = comparison;
        let is_tied = operand.kind == OperandKind::Parts;
        let value = if is_tied { format!("({})", operand.sql) } else { operand.sql.clone() };
        let of_day = day(instant);
        let one = |text: String| Some(vec![text]);
        match self {
            Self::Number(unit, kept) => one(unit.cured(kept, &value, sign, instant)?),
            Self::Month => one(format!("{value} || '-01' {sign} {of_day}")),
            Self::Year => one(format!("{value} || '-01-01' {sign} {of_day}")),
            Self::Day => one(format!("{value} {sign} {of_day}")),
            Self::Minute => one(format!("{value} || ':00' {sign} {}", time(instant)?)),
            Self::Wrapped => {
                let unix = unix(instant)?;
                one(format!("CAST(substr({value}, 7, 13) AS INTEGER) / 1000 {sign} {unix}"))
            }
            Self::Text(pattern) => {
                let with_time = time(instant).filter(|_| pattern.time.is_some());
                let time = pattern.time.filter(|_| with_time.is_some());
                let instant = with_time.unwrap_or(of_day);
                let other =
                    Pattern { month: pattern.day, day: pattern.month, doubtful: false, ..pattern };
                let orders = [Some(pattern), pattern.doubtful.then_some(other)];
                let written =
                    |order: Pattern| format!("{} {sign} {instant}", order.written(&value, time));
                Some(orders.into_iter().flatten().map(written).collect())
            }
        }
    }
}

impl Unit {
    fn of(value: &Value) -> Option<Self> {
        let number = match value {
            Value::Integer(number) => *number,
            #[expect(clippy::cast_possible_truncation, reason = "it is in the range")]
            Value::Real(number) if number.abs() < 9e18 => number.trunc() as i64,
            Value::Text(text) => {
                let (whole, part) = text.split_once('.').unwrap_or((text, ""));
                let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
                whole.parse().ok().filter(|_| digits(whole) && digits(part))?
            }
            _ => return None,
        };
        let is_day = |digits: i64| {
            let (year, month, day) = (digits / 10_000, digits / 100 % 100, digits % 100);
            let parts = (i32::try_from(year), u32::try_from(month), u32::try_from(day));
            let (Ok(year), Ok(month), Ok(day)) = parts else { return false };
            (1900..=2999).contains(&year) && NaiveDate::from_ymd_opt(year, month, day).is_some()
        };
        let is_clock =
            |digits: i64| digits / 10_000 < 24 && digits / 100 % 100 < 60 && digits % 100 < 60;
        Some(match number {
            1900..=2200 => Self::Year,
            20_000..=80_000 => Self::Sheet,
            190_001..=220_012 if (1..=12).contains(&(number % 100)) => Self::Month,
            2_400_000..=2_500_000 => Self::Julian,
            99_991_231 => Self::Day,
            19_000_101..=29_991_231 if is_day(number) => Self::Day,
            100_000_000..=9_999_999_999 => Self::Since1970(1),
            100_000_000_000..=9_999_999_999_999 => Self::Since1970(1000),
            19_000_101_000_000..=29_991_231_235_959
                if is_day(number / 1_000_000) && is_clock(number % 1_000_000) =>
            {
                Self::Second
            }
            100_000_000_000_000..=9_999_999_999_999_999 => Self::Since1970(1_000_000),
            100_000_000_000_000_000.. => Self::Since1970(1_000_000_000),
            _ => return None,
        })
    }

    fn cured(self, kept: Kept, value: &str, sign: &str, instant: &Instant) -> Option<String> {
        let of_day = day(instant);
        let whole =
            if kept == Kept::Real { format!("CAST({value} AS INTEGER)") } else { value.to_owned() };
        let digits = |from: usize, count: usize| format!("substr({whole}, {from}, {count})");
        let parts = format!("{} || '-' || {}", digits(1, 4), digits(5, 2));
        Some(match self {
            Self::Year => format!("{whole} || '-01-01' {sign} {of_day}"),
            Self::Month => format!("{parts} || '-01' {sign} {of_day}"),
            Self::Day if kept == Kept::Text => {
                format!("{value} {sign} replace({of_day}, '-', '')")
            }
            Self::Day => format!("{value} {sign} CAST(replace({of_day}, '-', '') AS INTEGER)"),
            Self::Second => {
                let day = format!("{parts} || '-' || {}", digits(7, 2));
                match time(instant) {
                    Some(instant) => format!(
                        "{day} || ' ' || {} || ':' || {} || ':' || {} {sign} {instant}",
                        digits(9, 2),
                        digits(11, 2),
                        digits(13, 2)
                    ),
                    None => format!("{day} {sign} {of_day}"),
                }
            }
            Self::Sheet => {
                let days = format!("'1899-12-30', '+' || {value} || ' days'");
                match time(instant).filter(|_| kept == Kept::Real) {
                    Some(instant) => format!("datetime({days}) {sign} {instant}"),
                    None => format!("date({days}) {sign} {of_day}"),
                }
            }
            Self::Julian => format!("date({value}) {sign} {of_day}"),
            Self::Since1970(parts) => {
                let number = if kept == Kept::Text {
                    format!("CAST({value} AS INTEGER)")
                } else {
                    value.to_owned()
                };
                let unix = unix(instant)?;
                match parts {
                    1 => format!("{number} {sign} {unix}"),
                    parts => format!("{number} / {parts} {sign} {unix}"),
                }
            }
        })
    }
}

impl Pattern {
    fn of(texts: &[&str]) -> Option<Self> {
        let shape = |text: &str| -> String {
            text.chars().map(|c| if c.is_ascii_digit() { 'd' } else { c }).collect()
        };
        let shapes: Vec<String> = texts.iter().map(|text| shape(text)).collect();
        let first = shapes.first()?;
        let length = [10, 8].into_iter().find(|length| {
            let ends = |shape: &String| {
                shape.get(*length..).is_some_and(|rest| !rest.starts_with(['d', '.', '/', '-']))
            };
            shapes.iter().all(ends)
        })?;
        let start = first.get(..length)?;
        if !shapes.iter().all(|shape| shape.starts_with(start)) {
            return None;
        }
        let at =
            |year, month, day| Self { year, short: false, month, day, time: None, doubtful: false };
        let found = match start {
            "dddddddd" => at(1, 5, 7),
            "dddd/dd/dd" | "dddd.dd.dd" => at(1, 6, 9),
            "dd.dd.dddd" => at(7, 4, 1),
            "dd.dd.dd" => Self { short: true, ..at(7, 4, 1) },
            "dd/dd/dddd" | "dd-dd-dddd" => at(7, 4, 1).in_order(texts)?,
            "dd/dd/dd" => Self { short: true, ..at(7, 4, 1) }.in_order(texts)?,
            _ => return None,
        };
        let is_time = |text: &&str| {
            let rest = text.get(length..).unwrap_or_default();
            matches!(shape(rest).as_str(), " dd:dd:dd" | "Tdd:dd:dd" | " dd:dd" | "Tdd:dd")
        };
        let time = texts.iter().all(is_time).then_some(length + 2);
        let fits = texts.iter().all(|text| found.fits(text));
        fits.then_some(Self { time, ..found })
    }

    /// Whether the day stands first, as far as the days tell; `None` where they contradict each other.
    fn in_order(self, texts: &[&str]) -> Option<Self> {
        let other = Self { month: self.day, day: self.month, ..self };
        let all = |order: Self| texts.iter().all(|text| order.fits(text));
        match (all(self), all(other)) {
            (true, true) => Some(Self { doubtful: true, ..self }),
            (true, false) => Some(self),
            (false, true) => Some(other),
            (false, false) => None,
        }
    }

    fn fits(self, text: &str) -> bool {
        let number = |from: usize, count: usize| -> Option<u32> {
            text.get(from - 1..from - 1 + count)?.parse().ok()
        };
        let year = number(self.year, if self.short { 2 } else { 4 });
        let parts = (year, number(self.month, 2), number(self.day, 2));
        let (Some(year), Some(month), Some(day)) = parts else { return false };
        let year = i32::try_from(if self.short { 2000 + year } else { year });
        year.is_ok_and(|year| NaiveDate::from_ymd_opt(year, month, day).is_some())
    }

    /// As the parameters are written.
    fn written(self, value: &str, time: Option<usize>) -> String {
        let part = |from: usize, count: usize| format!("substr({value}, {from}, {count})");
        let year =
            if self.short { format!("'20' || {}", part(self.year, 2)) } else { part(self.year, 4) };
        let day =
            format!("{year} || '-' || {} || '-' || {}", part(self.month, 2), part(self.day, 2));
        match time {
            Some(time) => format!("{day} || ' ' || substr({value}, {time})"),
            None => day,
        }
    }
}

/// Whether it begins with a day as the parameters write it.
pub(super) fn is_dated(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 10
        && bytes[..10].iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

/// Whether it goes on like `2026-11-28 09:00:00`, from its first digit on.
fn is_begun(text: &str) -> bool {
    const WHOLE: &str = "0000-01-01 00:00:00";
    let rest = WHOLE.get(text.len()..).unwrap_or_default();
    let all = text.bytes().chain(rest.bytes()).zip(WHOLE.bytes());
    all.into_iter().all(
        |(byte, like)| {
            if like.is_ascii_digit() { byte.is_ascii_digit() } else { byte == like }
        },
    )
}

/// What begins with the same instant as a day or a time, and is less than it as text: of `2026-11-01 00:00:00` the
/// minute, the day and the month.
pub(super) fn beginnings(instant: &str) -> Vec<&str> {
    const ENDS: [(usize, &str); 4] =
        [(4, "-01-01 00:00:00"), (7, "-01 00:00:00"), (10, " 00:00:00"), (16, ":00")];
    let is_beginning = |(length, end): &(usize, &str)| {
        let rest = instant.get(*length..).unwrap_or_default();
        // A day has no time.
        let end = if instant.len() == 10 {
            end.strip_suffix(" 00:00:00").unwrap_or_default()
        } else {
            end
        };
        !rest.is_empty() && rest == end
    };
    let found = ENDS.iter().filter(|end| is_beginning(end));
    found.filter_map(|(length, _)| instant.get(..*length)).collect()
}

fn leading_digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// The local day of an instant.
fn day(instant: &Instant) -> String {
    let written = instant.written(ParamForm::Date);
    if instant.plain().is_some() { written } else { format!("date({written})") }
}

/// The local time of one that is no day and nothing else.
fn time(instant: &Instant) -> Option<String> {
    let is_day = instant.plain()? == ParamForm::Date;
    (!is_day).then(|| instant.written(ParamForm::Instant))
}

/// Its seconds, if it is nothing else.
fn unix(instant: &Instant) -> Option<String> {
    instant.plain().map(|_| instant.written(ParamForm::Unix))
}
