//! Why a text is no schedule. Not here: where it stands (`reader`).

use std::fmt;

use crate::calendar::CalendarError;

/// A text that is no schedule. Displays what is wrong and the hint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScheduleError {
    /// `@every 30s`, as another scheduler writes it.
    AtEvery {
        /// As written.
        text: String,
        /// What follows `@every`.
        interval: String,
    },
    /// A zone of its own.
    Zone {
        /// As written.
        text: String,
        /// What follows the zone.
        rest: String,
    },
    /// `every` with something that is no duration.
    Interval(CalendarError),
    /// `every 0s`.
    EmptyInterval,
    /// An unknown word with an `@`.
    Shorthand(String),
    /// Not five fields.
    Fields {
        /// As written.
        text: String,
        /// How many there are.
        found: usize,
    },
    /// A mistake in one field.
    Field {
        /// Which field.
        name: &'static str,
        /// The whole field as written.
        text: String,
        /// What is wrong with it.
        problem: FieldProblem,
    },
    /// No such day in any year.
    Never(String),
}

/// What is wrong with a field of a crontab line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldProblem {
    /// `5/15`: from where to where is not said.
    StepWithoutRange {
        /// What the step is of.
        first: String,
        /// The last number of the field.
        last: u32,
        /// The step.
        step: usize,
    },
    /// `22-2`.
    Backwards {
        /// As written.
        range: String,
        /// The two ranges that say it.
        instead: String,
    },
    /// Not a step of this field.
    Step {
        /// As written.
        text: String,
        /// The largest step.
        most: u32,
    },
    /// Not a number of this field.
    Number {
        /// As written.
        text: String,
        /// Numbers and names that are.
        allowed: String,
    },
}

impl ScheduleError {
    /// What is wrong.
    pub fn what(&self) -> String {
        match self {
            Self::AtEvery { text, .. } | Self::Shorthand(text) => {
                format!("`{text}` is not a schedule")
            }
            Self::Zone { text, .. } => {
                format!("`{text}` is not a schedule: it has no zone of its own")
            }
            Self::Interval(error) => error.what(),
            Self::EmptyInterval => "an interval has to be longer than nothing".to_owned(),
            Self::Fields { text, found } => {
                format!("`{text}` is not a schedule: expected 5 fields, found {found}")
            }
            Self::Field { name, text, problem } => {
                format!("{name} field `{text}`: {}", problem.what())
            }
            Self::Never(text) => format!("`{text}` never comes: no such day in any year"),
        }
    }

    /// What to write instead.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::AtEvery { interval, .. } => return Some(format!("`every {interval}`")),
            Self::Zone { rest, .. } => {
                return Some(format!("`{rest}`, in the zone of the calendar"));
            }
            Self::Field { problem, .. } => return problem.hint(),
            Self::Interval(error) => return error.hint().map(str::to_owned),
            Self::EmptyInterval => "`every 30s`",
            Self::Shorthand(_) => {
                "@hourly, @daily, @midnight, @weekly, @monthly, @yearly or @annually"
            }
            Self::Fields { .. } => {
                "minute, hour, day of month, month, day of week as in `*/5 * * * *`; or `@hourly`, \
                 `every 30s`"
            }
            Self::Never(_) => "days 28 and below are in every month",
        };
        Some(hint.to_owned())
    }
}

impl FieldProblem {
    fn what(&self) -> String {
        match self {
            Self::StepWithoutRange { .. } => "a step needs a range".to_owned(),
            Self::Backwards { range, .. } => format!("the range `{range}` runs backwards"),
            Self::Step { text, .. } => format!("`{text}` is not a step"),
            Self::Number { text, allowed } => format!("`{text}` is not a number from {allowed}"),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::StepWithoutRange { first, last, step } => {
                Some(format!("`{first}-{last}/{step}` or `*/{step}`"))
            }
            Self::Backwards { instead, .. } => Some(format!("write it as two, `{instead}`")),
            Self::Step { most, .. } => Some(format!("1 to {most}")),
            Self::Number { text, .. } => foreign(text).map(str::to_owned),
        }
    }
}

/// What to do about the signs of other schedulers.
fn foreign(text: &str) -> Option<&'static str> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match text {
        "?" => Some("`*` is any"),
        "L" => Some("crontab has no last day; day 1 of the month after is in every month"),
        "LW" => Some("crontab has no L, W and #"),
        text if text.strip_suffix(['L', 'W']).is_some_and(is_number) || text.contains('#') => {
            Some("crontab has no L, W and #")
        }
        _ => None,
    }
}

impl fmt::Display for ScheduleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what())?;
        match self.hint() {
            Some(hint) => write!(f, " (hint: {hint})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ScheduleError {}
