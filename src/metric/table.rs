//! The answer to a query before anything is known about what it means: columns and rows. Not here:
//! which column is which (`columns`), reading a measurement from it (`measurement`).

use chrono::{DateTime, Utc};

use crate::shown;

/// An answer, still in the source's terms.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// Column names as the source spells them.
    pub columns: Vec<String>,
    /// Their types in the words of the source, for people; none where it does not tell.
    pub types: Vec<String>,
    /// Each as long as `columns`.
    pub rows: Vec<Vec<Cell>>,
    /// What the source noticed about the data and a person should know.
    pub remarks: Vec<String>,
    /// That of them which may be why there is no number.
    pub doubt: Option<String>,
}

/// One value of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// NULL, or missing.
    Null,
    /// Any number, also NaN and the infinities; intervals are seconds.
    Number(f64),
    /// A number that is written in a way of its own, which it keeps as a label: booleans are 0 and 1
    /// and `false` and `true`, times of day are seconds and `09:30:00`, a decimal may be `1.50`.
    Written(f64, String),
    /// Text as it came, days as `YYYY-MM-DD`, integers that a double cannot hold in digits.
    Text(String),
    /// An instant; local date-times are read in the calendar's zone.
    Instant(DateTime<Utc>),
    /// A type that is neither number, text nor time: its name, for the error message.
    Other(String),
}

/// What a value column holds instead of a number.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotNumeric<'a> {
    #[error("NaN, which is no number")]
    NaN,
    #[error("{0}Infinity, which is no number")]
    Infinity(&'static str),
    #[error("the text `{}`", shown::line(.0, 40))]
    Text(&'a str),
    #[error("the time {}", .0.to_rfc3339())]
    Time(DateTime<Utc>),
    #[error("a value of type {0}")]
    Type(&'a str),
}

impl Cell {
    /// A number, nothing, or what a value column holds instead.
    pub(super) fn number(&self) -> Result<Option<f64>, NotNumeric<'_>> {
        match self {
            Self::Null => Ok(None),
            Self::Number(number) | Self::Written(number, _) if number.is_finite() => {
                Ok(Some(*number))
            }
            Self::Number(number) | Self::Written(number, _) if number.is_nan() => {
                Err(NotNumeric::NaN)
            }
            Self::Number(number) | Self::Written(number, _) => {
                Err(NotNumeric::Infinity(if *number < 0.0 { "-" } else { "" }))
            }
            Self::Text(text) => match text.trim().parse::<f64>() {
                // "inf" and "nan" parse, but are words.
                Ok(number) if number.is_finite() => Ok(Some(number)),
                _ => Err(NotNumeric::Text(text)),
            },
            Self::Instant(instant) => Err(NotNumeric::Time(*instant)),
            Self::Other(kind) => Err(NotNumeric::Type(kind)),
        }
    }
}
