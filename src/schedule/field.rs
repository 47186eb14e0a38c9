//! One field of a crontab line: lists, ranges, steps and names. Not here: what the fields mean
//! together (`crontab`).

use std::collections::BTreeSet;

use super::error::{FieldProblem, ScheduleError};

/// What a field may hold.
pub(super) struct FieldKind {
    /// For messages.
    pub name: &'static str,
    /// Smallest number.
    pub min: u32,
    /// Largest number that `*` stands for.
    pub max: u32,
    /// Names of the numbers from `min` on.
    pub names: &'static [&'static str],
    /// Whether one more than `max` means `min` again: 7 is Sunday.
    pub wraps: bool,
}

pub(super) const MINUTE: FieldKind =
    FieldKind { name: "minute", min: 0, max: 59, names: &[], wraps: false };
pub(super) const HOUR: FieldKind =
    FieldKind { name: "hour", min: 0, max: 23, names: &[], wraps: false };
pub(super) const DAY: FieldKind =
    FieldKind { name: "day of month", min: 1, max: 31, names: &[], wraps: false };
pub(super) const MONTH: FieldKind = FieldKind {
    name: "month",
    min: 1,
    max: 12,
    names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    wraps: false,
};
pub(super) const WEEKDAY: FieldKind = FieldKind {
    name: "day of week",
    min: 0,
    max: 6,
    names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    wraps: true,
};

/// A parsed field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    /// The numbers it matches, never empty.
    pub values: BTreeSet<u32>,
    /// Whether it starts with `*`, which cron takes for "not restricted", steps or not.
    pub star: bool,
    /// Whether it matches everything.
    pub all: bool,
}

impl FieldKind {
    pub(super) fn parse(&self, text: &str) -> Result<Field, ScheduleError> {
        let mut values = BTreeSet::new();
        for item in text.split(',') {
            let (first, last, step) = self.item(item).map_err(|problem| ScheduleError::Field {
                name: self.name,
                text: text.to_owned(),
                problem,
            })?;
            let steps = (first..=last).step_by(step);
            values.extend(steps.map(|value| if value > self.max { self.min } else { value }));
        }
        let all = values.len() == (self.max - self.min + 1) as usize;
        Ok(Field { values, star: text.starts_with('*'), all })
    }

    /// First and last number and step of one item of a list.
    fn item(&self, item: &str) -> Result<(u32, u32, usize), FieldProblem> {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(self.step(step)?)),
            None => (item, None),
        };
        if range == "*" {
            return Ok((self.min, self.max, step.unwrap_or(1)));
        }
        let Some((first, last)) = range.split_once('-') else {
            let value = self.value(range)?;
            return match step {
                None => Ok((value, value, 1)),
                Some(step) => Err(FieldProblem::StepWithoutRange {
                    first: range.to_owned(),
                    last: self.max,
                    step,
                }),
            };
        };
        let (first, mut last) = (self.value(first)?, self.value(last)?);
        if self.wraps && last == self.min && first > self.min {
            // `fri-sun` ends with the week.
            last = self.last();
        }
        if first > last {
            let instead = format!("{first}-{},{}-{last}", self.max, self.min);
            return Err(FieldProblem::Backwards { range: range.to_owned(), instead });
        }
        Ok((first, last, step.unwrap_or(1)))
    }

    /// Largest number that may be written.
    fn last(&self) -> u32 {
        self.max + u32::from(self.wraps)
    }

    fn step(&self, text: &str) -> Result<usize, FieldProblem> {
        let most = self.last();
        match number(text) {
            Some(step) if (1..=most).contains(&step) => Ok(step as usize),
            _ => Err(FieldProblem::Step { text: text.to_owned(), most }),
        }
    }

    fn value(&self, text: &str) -> Result<u32, FieldProblem> {
        let last = self.last();
        self.names
            .iter()
            .zip(self.min..)
            .filter(|(name, _)| name.eq_ignore_ascii_case(text))
            .map(|(_, value)| value)
            .next()
            .or_else(|| number(text).filter(|value| (self.min..=last).contains(value)))
            .ok_or_else(|| {
                let names = match self.names {
                    [first, .., last] => format!(" or a name from {first} to {last}"),
                    _ => String::new(),
                };
                let allowed = format!("{} to {last}{names}", self.min);
                FieldProblem::Number { text: text.to_owned(), allowed }
            })
    }
}

/// A number in digits alone; `parse` would also take a sign.
fn number(text: &str) -> Option<u32> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(kind: &FieldKind, text: &str) -> Vec<u32> {
        kind.parse(text).unwrap().values.into_iter().collect()
    }

    #[test]
    fn lists_ranges_steps_and_names_are_what_crontab_makes_of_them() {
        assert_eq!(values(&MINUTE, "5,1-3,10-20/5"), [1, 2, 3, 5, 10, 15, 20]);
        assert_eq!(values(&MINUTE, "*/25"), [0, 25, 50]);
        assert_eq!(values(&HOUR, "08-10"), [8, 9, 10]);
        assert_eq!(values(&DAY, "*/10"), [1, 11, 21, 31]);
        assert_eq!(values(&MONTH, "JAN,Mar-may"), [1, 3, 4, 5]);
        assert_eq!(values(&WEEKDAY, "mon-fri"), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn zero_and_seven_are_sunday() {
        for text in ["0", "7", "sun", "0,7", "Sun"] {
            assert_eq!(values(&WEEKDAY, text), [0], "{text}");
        }
        for text in ["5-7", "fri-sun", "5-0"] {
            assert_eq!(values(&WEEKDAY, text), [0, 5, 6], "{text}");
        }
        assert_eq!(values(&WEEKDAY, "1-7/2"), [0, 1, 3, 5]);
        assert!(WEEKDAY.parse("0-7").unwrap().all);
    }

    #[test]
    fn a_field_knows_whether_it_restricts() {
        for (text, star, all) in
            [("*", true, true), ("*/1", true, true), ("*/2", true, false), ("0-23", false, true)]
        {
            let field = HOUR.parse(text).unwrap();
            assert_eq!((field.star, field.all), (star, all), "{text}");
        }
    }

    #[test]
    fn mistakes_are_refused_with_the_cure() {
        for (kind, text, message) in [
            (&MINUTE, "60", "minute field `60`: `60` is not a number from 0 to 59"),
            (&MINUTE, "", "minute field ``: `` is not a number from 0 to 59"),
            (&MINUTE, "+5", "minute field `+5`: `+5` is not a number from 0 to 59"),
            (&MINUTE, "1,,2", "minute field `1,,2`: `` is not a number from 0 to 59"),
            (&MINUTE, "?", "minute field `?`: `?` is not a number from 0 to 59 (hint: `*` is any)"),
            (&DAY, "0", "day of month field `0`: `0` is not a number from 1 to 31"),
            (
                &MONTH,
                "june",
                "month field `june`: `june` is not a number from 1 to 12 or a name from jan to dec",
            ),
            (
                &WEEKDAY,
                "8",
                "day of week field `8`: `8` is not a number from 0 to 7 or a name from sun to sat",
            ),
            (&MINUTE, "*/0", "minute field `*/0`: `0` is not a step (hint: 1 to 59)"),
            (
                &MINUTE,
                "5/15",
                "minute field `5/15`: a step needs a range (hint: `5-59/15` or `*/15`)",
            ),
            (
                &HOUR,
                "22-2",
                "hour field `22-2`: the range `22-2` runs backwards (hint: write it as two, \
                 `22-23,0-2`)",
            ),
        ] {
            assert_eq!(kind.parse(text).unwrap_err().to_string(), message);
        }
    }
}
