//! How the answer to an `http` metric is read: format, rows, columns. Not here: pages (`pagination`).

use serde_json::Value;

use super::json_path::json_path;
use super::raw::{CsvRaw, FormatRaw};
use crate::reader::entry::Entry;
use crate::reader::forms::{Alternative, Mixed, Quantity};
use crate::reader::json::Json;
use crate::reader::report::Report;
use crate::reader::spanned::{Spanned, Text};
use crate::source::http::query::{AnswerFormat, CsvFormat};
use crate::source::metric_raw::MetricRaw;

const FORMATS: [&str; 5] = ["json", "ndjson", "csv", "number", "prometheus"];

/// How an answer is read.
pub(super) struct Answer {
    pub(super) format: AnswerFormat,
    pub(super) require: Vec<(String, Value)>,
    pub(super) rows: Option<String>,
    pub(super) columns: Vec<(String, String)>,
}

/// `None` after a mistake.
pub(super) fn answer(report: &mut Report<'_>, entry: &Entry<MetricRaw>) -> Option<Answer> {
    let raw = &entry.value;
    let format = match &raw.format {
        Some(given) => format(report, &entry.key("format"), given)?,
        None if entry.is_broken("format") => return None,
        None => AnswerFormat::Json,
    };
    let rows = raw.rows.as_ref().map(|given| rows(report, &entry.key("rows"), given, &format));
    let require = require(report, entry, &format);
    let columns = columns(report, entry, &format)?;
    let rows = match rows {
        Some(rows) => Some(rows?),
        None => None,
    };
    Some(Answer { format, require: require?, rows, columns })
}

fn format(
    report: &mut Report<'_>,
    path: &str,
    given: &Spanned<Mixed<FormatRaw>>,
) -> Option<AnswerFormat> {
    let word = match &given.value {
        Mixed::Map(FormatRaw { csv: Some(raw) }) => {
            return csv(report, &format!("{path}.csv"), raw).map(AnswerFormat::Csv);
        }
        Mixed::Map(FormatRaw { csv: None }) => {
            let hint = "write `format: { csv: { delimiter: \";\" } }`, or a word".to_owned();
            report.problem(given.span, format!("`{path}` is empty"), hint);
            return None;
        }
        Mixed::Quantity(Quantity::Text(word)) => word.clone(),
        Mixed::Quantity(Quantity::Number(number)) => number.to_string(),
    };
    Some(match word.as_str() {
        "json" => AnswerFormat::Json,
        "ndjson" => AnswerFormat::Ndjson,
        "csv" => csv(report, path, &CsvRaw::default()).map(AnswerFormat::Csv)?,
        "number" => AnswerFormat::Number,
        "prometheus" => AnswerFormat::Prometheus,
        _ => {
            report.wrong_word(path, given, &word, FormatRaw::EXPECTED, &FORMATS);
            return None;
        }
    })
}

fn csv(report: &mut Report<'_>, path: &str, raw: &CsvRaw) -> Option<CsvFormat> {
    let delimiter = match &raw.delimiter {
        Some(given) => delimiter(report, &format!("{path}.delimiter"), given),
        None => Some(b','),
    };
    let encoding = match &raw.encoding {
        Some(given) => encoding(report, &format!("{path}.encoding"), given),
        None => Some("utf-8".to_owned()),
    };
    let header = raw.header.unwrap_or(true);
    Some(CsvFormat { delimiter: delimiter?, header, encoding: encoding? })
}

fn delimiter(report: &mut Report<'_>, path: &str, given: &Text) -> Option<u8> {
    match given.value.as_bytes() {
        [byte] if byte.is_ascii() && !b"\r\n\"".contains(byte) => Some(*byte),
        _ => {
            let found = report.shown(given, &given.value);
            let message = format!("`{path}`: expected one ASCII character, found {found}");
            let hint = "write `\";\"`, or `\"\\t\"` for a tab".to_owned();
            report.problem(given.span, message, hint);
            None
        }
    }
}

fn encoding(report: &mut Report<'_>, path: &str, given: &Text) -> Option<String> {
    if encoding_rs::Encoding::for_label(given.value.as_bytes()).is_some() {
        return Some(given.value.to_lowercase());
    }
    let found = report.shown(given, &given.value);
    let message = format!("`{path}`: {found} is the name of no encoding");
    let hint = "encodings have names like utf-8, windows-1252 or shift_jis".to_owned();
    report.problem(given.span, message, hint);
    None
}

fn rows(
    report: &mut Report<'_>,
    path: &str,
    given: &Text,
    format: &AnswerFormat,
) -> Option<String> {
    if *format != AnswerFormat::Json {
        let hint = match format {
            AnswerFormat::Ndjson => "every line is a row",
            AnswerFormat::Number => "a plain number is one row",
            _ => "every line of values is a row",
        };
        let message = format!("`{path}` is for `format: json`");
        report.problem(given.span, message, format!("delete the key: {hint}"));
        return None;
    }
    json_path(report, path, given)
}

/// What a document has to say for its answer to be good.
fn require(
    report: &mut Report<'_>,
    entry: &Entry<MetricRaw>,
    format: &AnswerFormat,
) -> Option<Vec<(String, Value)>> {
    let path = entry.key("require");
    let Some(given) = &entry.value.require else {
        return (!entry.is_broken("require")).then(Vec::new);
    };
    if *format != AnswerFormat::Json {
        let message = format!("`{path}` is for `format: json`");
        report.problem(given.span, message, "delete the key".to_owned());
        return None;
    }
    let mut required = Vec::new();
    let mut good = true;
    for (name, expected) in &given.value.0 {
        let expected = match &expected.value {
            Json::List(_) | Json::Map(_) => {
                let message = format!("`{path}`: expected true, false, a number, a text or null");
                let hint = "let the JSONPath select the one value that tells".to_owned();
                report.problem(expected.span, message, hint);
                None
            }
            scalar => Some(scalar.to_value()),
        };
        match (json_path(report, &path, name), expected) {
            (Some(from), Some(expected)) => required.push((from, expected)),
            _ => good = false,
        }
    }
    good.then_some(required)
}

/// Column names and where they come from.
fn columns(
    report: &mut Report<'_>,
    entry: &Entry<MetricRaw>,
    format: &AnswerFormat,
) -> Option<Vec<(String, String)>> {
    let path = entry.key("columns");
    let Some(given) = &entry.value.columns else {
        return (!entry.is_broken("columns")).then(Vec::new);
    };
    if *format == AnswerFormat::Number {
        let message = format!("`{path}`: a plain number has no columns");
        let hint = "delete the key: the number is the column `value`".to_owned();
        report.problem(given.span, message, hint);
        return None;
    }
    if given.value.0.is_empty() {
        let hint = "name a column and where it is: `{ value: $.count }`, or delete the key";
        report.problem(given.span, format!("`{path}` is empty"), hint.to_owned());
        return None;
    }
    let mut columns = Vec::new();
    let mut good = true;
    for (name, from) in &given.value.0 {
        let named = column_name(report, &path, name);
        let from = column_source(report, &format!("{path}.{}", name.value), from, format);
        match (named, from) {
            (Some(()), Some(from)) => columns.push((name.value.clone(), from)),
            _ => good = false,
        }
    }
    good.then_some(columns)
}

fn column_name(report: &mut Report<'_>, path: &str, name: &Text) -> Option<()> {
    let text = &name.value;
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if starts && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Some(());
    }
    let message = format!("`{path}`: `{text}` cannot be the name of a column");
    let hint = "letters, digits and `_`, so that formulas can name it".to_owned();
    report.problem(name.span, message, hint);
    None
}

fn column_source(
    report: &mut Report<'_>,
    path: &str,
    given: &Text,
    format: &AnswerFormat,
) -> Option<String> {
    let text = &given.value;
    match format {
        AnswerFormat::Json | AnswerFormat::Ndjson => json_path(report, path, given),
        AnswerFormat::Csv(csv)
            if !csv.header && !text.parse().is_ok_and(|number: u32| number > 0) =>
        {
            let found = report.shown(given, text);
            let message = format!("`{path}`: expected the number of a column, found {found}");
            let hint = "without a header the columns are 1, 2 and so on".to_owned();
            report.problem(given.span, message, hint);
            None
        }
        _ if text.is_empty() => {
            let hint = "write the name that the column has in the answer".to_owned();
            report.problem(given.span, format!("`{path}` is empty"), hint);
            None
        }
        _ => Some(text.clone()),
    }
}
