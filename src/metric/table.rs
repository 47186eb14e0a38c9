//! The answer to a query before anything is known about what it means: columns and rows. Not here:
//! reading numbers and labels from it (`measurement`).

use chrono::{DateTime, Utc};

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
