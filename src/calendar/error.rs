//! Why a text of the calendar is refused. Not here: where it stands (`reader`).

use std::fmt;

/// A text that is none of what the calendar reads. Displays what is wrong and the hint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CalendarError {
    /// Not a whole number with a unit.
    NotADuration(String),
    /// A duration beyond all that can be meant.
    TooLong(String),
    /// Not one of the periods that have a name.
    NotAPeriod(String),
    /// Neither `period` nor a trailing window.
    NotAWindow(String),
    /// Not of the form of a date.
    NotADate(String),
    /// A date that no month has.
    NoSuchDay(String),
    /// Neither a date nor RFC 3339.
    NotAnInstant {
        /// As written.
        text: String,
        /// Whether nothing but the offset from UTC is missing.
        without_offset: bool,
    },
}

impl CalendarError {
    /// What to write instead.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotADuration(_) => Some(
                "a whole number and one of s, m, h, d, w, as in `30s`, `5m`, `26h`, `30d`, `4w`",
            ),
            Self::TooLong(_) => Some("36525d at most"),
            Self::NotAPeriod(_) => {
                Some("week, month, quarter, half, year or `{start: DATE, end: DATE}`")
            }
            Self::NotAWindow(_) => Some("`period`, `30d`, `4w` or `26h`"),
            Self::NotADate(_) => Some("YYYY-MM-DD, as in 2026-06-30"),
            Self::NoSuchDay(_) => None,
            Self::NotAnInstant { without_offset: true, .. } => {
                Some("add the offset from UTC, as in 2026-06-30T18:00:00-04:00")
            }
            Self::NotAnInstant { without_offset: false, .. } => {
                Some("a date, or RFC 3339 as in 2026-06-30T18:00:00-04:00")
            }
        }
    }

    /// What is wrong.
    pub fn what(&self) -> String {
        match self {
            Self::NotADuration(text) => format!("`{text}` is not a duration"),
            Self::TooLong(text) => format!("`{text}` is longer than 100 years"),
            Self::NotAPeriod(text) => format!("`{text}` is not a period"),
            Self::NotAWindow(text) => format!("`{text}` is not a window"),
            Self::NotADate(text) => format!("`{text}` is not a date"),
            Self::NoSuchDay(text) => format!("`{text}` is not a day of the calendar"),
            Self::NotAnInstant { text, .. } => format!("`{text}` is not an instant"),
        }
    }
}

impl fmt::Display for CalendarError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what())?;
        match self.hint() {
            Some(hint) => write!(f, " (hint: {hint})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for CalendarError {}
