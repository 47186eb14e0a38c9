//! Whether a description says what is counted and of whom. Judged only where it is sure: English, and
//! neither a unit nor a population in it.

use crate::kpi::{Kpi, Unit};

/// Words by which English is known.
const ENGLISH: [&str; 22] = [
    "the", "of", "a", "an", "per", "in", "is", "are", "we", "our", "how", "and", "for", "that",
    "with", "to", "from", "by", "it", "this", "on", "all",
];

/// Words that a population, or a span of time, follows.
const POPULATION: [&str; 26] = [
    "of", "per", "from", "by", "among", "for", "in", "who", "that", "which", "with", "across",
    "over", "between", "at", "on", "within", "whose", "a", "every", "each", "all", "to", "during",
    "against", "without",
];

const MONEY: [&str; 27] = [
    "revenue", "cost", "costs", "price", "spend", "spending", "spent", "profit", "margin", "value",
    "amount", "sales", "income", "arr", "mrr", "money", "budget", "cash", "burn", "bookings",
    "pipeline", "dollars", "euros", "pounds", "turnover", "worth", "fees",
];

const SHARES: [&str; 13] = [
    "percent",
    "percentage",
    "share",
    "rate",
    "ratio",
    "proportion",
    "fraction",
    "part",
    "portion",
    "probability",
    "%",
    "pct",
    "how",
];

/// What the description lacks, if anything.
pub(super) fn vague(kpi: &Kpi) -> Option<&'static str> {
    let Some(text) = kpi.description.as_deref().map(str::trim).filter(|text| !text.is_empty())
    else {
        return Some("is missing");
    };
    let text = text.to_lowercase();
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || ",.;:()/-".contains(c))
        .filter(|word| !word.is_empty())
        .collect();
    if words.len() < 3 || text.trim_end_matches('.') == kpi.title.to_lowercase() {
        return Some("says no more than its name");
    }
    if !words.iter().any(|word| ENGLISH.contains(word)) {
        return None;
    }
    let population = words
        .iter()
        .enumerate()
        .any(|(at, word)| POPULATION.contains(word) && at + 1 < words.len());
    match (has_unit(&kpi.unit, &words), population) {
        (true, true) => None,
        (false, true) => Some("has no unit in it"),
        (true, false) => Some("does not say of whom or what"),
        (false, false) => Some("says neither a unit nor of whom"),
    }
}

/// Whether a word tells the unit. A plural is a count of something.
fn has_unit(unit: &Unit, words: &[&str]) -> bool {
    let any = |known: &[&str]| words.iter().any(|word| known.contains(word));
    let starts =
        |roots: &[&str]| words.iter().any(|word| roots.iter().any(|root| word.starts_with(root)));
    match unit {
        Unit::Percent | Unit::Ratio => {
            any(&SHARES)
                || any(&MONEY)
                || starts(&["ratio", "multipl", "times", "divid", "points"])
                || words.iter().any(|word| word.ends_with('%'))
                || any(&["per", "x"])
        }
        Unit::Currency(code) => {
            any(&[code.to_lowercase().as_str()]) || any(&MONEY) || starts(&["$", "€", "£"])
        }
        Unit::Points => starts(&["point", "score", "promoter"]),
        Unit::Seconds => starts(&["second", "time", "duration", "latency", "minute", "hour", "ms"]),
        Unit::Days => starts(&["day", "time", "duration", "age"]),
        Unit::Count | Unit::Other(_) => {
            any(&["count", "number", "how", "total", "amount"])
                || words.iter().any(|word| is_plural(word))
                || matches!(unit, Unit::Other(name) if words.iter().any(|w| name.to_lowercase().contains(w)))
        }
    }
}

fn is_plural(word: &str) -> bool {
    (word.len() > 3 && word.ends_with('s') && !word.ends_with("ss") && word != "this")
        || word == "people"
}
