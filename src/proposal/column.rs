//! What a column holds, by its type and by some of its values. Not here: which column is meant.

use crate::source::statement::Dialect;

/// A column of a table.
#[derive(Debug, Clone, Default)]
pub struct Column {
    /// As the database spells it.
    pub name: String,
    /// In the words of the database.
    pub kind: String,
    /// Some of its values, each once; empty where nobody looked or nothing is there.
    pub values: Vec<String>,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Day,
    /// An instant with its zone.
    Zoned,
    /// A date and a time without zone.
    Local,
    /// Text that begins with a day.
    DayText,
    UnixSeconds,
    UnixMilliseconds,
    Number,
    /// Numbers as people write them, with the sign before decimals.
    NumberText(char),
    /// A type of its own for amounts.
    Amount,
    Flag,
    Word,
    Other,
}

impl Holds {
    pub(super) fn is_time(self) -> bool {
        matches!(
            self,
            Self::Day
                | Self::Zoned
                | Self::Local
                | Self::DayText
                | Self::UnixSeconds
                | Self::UnixMilliseconds
        )
    }

    pub(super) fn is_number(self) -> bool {
        matches!(self, Self::Number | Self::NumberText(_) | Self::Amount)
    }
}

impl Column {
    pub(super) fn holds(&self, dialect: Dialect) -> Holds {
        let kind = self.kind.to_lowercase();
        let kind = kind.split('(').next().unwrap_or_default().trim();
        let bits = self.kind.to_lowercase();
        match kind {
            "date" => return if dialect == Dialect::Sqlite { self.text() } else { Holds::Day },
            "timestamp with time zone" | "timestamptz" => return Holds::Zoned,
            "timestamp without time zone" | "datetime" | "timestamp" => {
                return if dialect == Dialect::Sqlite { self.text() } else { Holds::Local };
            }
            "money" if dialect == Dialect::Postgres => return Holds::Amount,
            "boolean" | "bool" | "bit" => return Holds::Flag,
            _ if bits.starts_with("tinyint(1)") => return Holds::Flag,
            _ => {}
        }
        let number = [
            "int", "numeric", "decimal", "real", "double", "float", "number", "serial", "money",
            "currency", "smallint",
        ];
        if number.iter().any(|word| kind.contains(word))
            && !kind.contains("interval")
            && !kind.contains("point")
        {
            // SQLite keeps what it is given, whatever the type says.
            return if dialect == Dialect::Sqlite && !self.values.is_empty() {
                self.text()
            } else {
                self.number()
            };
        }
        let text = ["char", "text", "clob", "enum", "citext", "string"];
        if text.iter().any(|word| kind.contains(word))
            || kind.is_empty() && dialect == Dialect::Sqlite
        {
            return self.text();
        }
        Holds::Other
    }

    fn number(&self) -> Holds {
        let numbers: Vec<f64> = self.values.iter().filter_map(|value| value.parse().ok()).collect();
        let named = self.name.to_lowercase();
        let of_time = ["_at", "_on", "date", "time", "created", "_ts", "timestamp"];
        let named = of_time.iter().any(|end| named.ends_with(end));
        let all = |least: f64, most: f64| {
            !numbers.is_empty() && numbers.iter().all(|n| *n >= least && *n <= most)
        };
        if named && all(3e8, 1e10) {
            Holds::UnixSeconds
        } else if named && all(3e11, 1e13) {
            Holds::UnixMilliseconds
        } else {
            Holds::Number
        }
    }

    fn text(&self) -> Holds {
        let values =
            || self.values.iter().map(|value| value.trim()).filter(|value| !value.is_empty());
        if values().next().is_none() {
            return Holds::Word;
        }
        if values().all(|value| value.parse::<f64>().is_ok()) {
            return match self.number() {
                Holds::Number
                    if self.kind.to_lowercase().contains("char")
                        || self.kind.to_lowercase().contains("text") =>
                {
                    Holds::NumberText('.')
                }
                other => other,
            };
        }
        if values().all(is_day) {
            return Holds::DayText;
        }
        let amounts: Option<Vec<Signs>> = values().map(signs).collect();
        let known = |signs: &Signs| match signs {
            Signs::Decimal(sign) => Some(*sign),
            Signs::Unknown => None,
        };
        let Some(amounts) = amounts else { return Holds::Word };
        let mut signs = amounts.iter().filter_map(known);
        let first = signs.next().unwrap_or('.');
        if signs.all(|sign| sign == first) { Holds::NumberText(first) } else { Holds::Word }
    }
}

fn is_day(text: &str) -> bool {
    text.get(..10).is_some_and(|day| {
        day.parse::<chrono::NaiveDate>().is_ok() && day.as_bytes().get(4) == Some(&b'-')
    })
}

/// What an amount shows of how amounts are written.
enum Signs {
    /// The sign before its decimals.
    Decimal(char),
    Unknown,
}

/// How an amount like `€ 1.234,50` is written; `None` for other text.
fn signs(text: &str) -> Option<Signs> {
    let number = text.trim_matches(|c: char| !c.is_ascii_digit() && c != '-');
    let currency = text.replace(number, "");
    let digits = number
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '-' | ' ' | '\'' | '\u{a0}'));
    if number.is_empty()
        || !digits
        || currency.trim().chars().count() > 4
        || number.matches('-').count() > 1
    {
        return None;
    }
    let Some(at) = number.rfind(['.', ',']) else { return Some(Signs::Unknown) };
    let sign = if number[at..].starts_with(',') { ',' } else { '.' };
    let other = number.contains(if sign == ',' { '.' } else { ',' });
    // A group of three alone may be thousands: other values tell.
    let thousands = number.len() - at == 4 && !other;
    Some(if thousands { Signs::Unknown } else { Signs::Decimal(sign) })
}
