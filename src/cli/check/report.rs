//! Mistakes, notes and warnings in the formats that others read: JSON, SARIF for code scanning, and
//! annotations of GitHub Actions.

use std::io::Write;

use serde_json::{Value, json};

use super::Format;
use crate::config::{Diagnostic, Diagnostics};
use crate::lint::{Lint, Rule, Severity};
use crate::word::{Place, Word};

/// What a check found.
pub(super) struct Checked<'a> {
    /// The configuration cannot be used.
    pub(super) mistakes: Option<&'a Diagnostics>,
    pub(super) notes: &'a [Diagnostic],
    pub(super) lints: &'a [Lint],
}

/// One finding, whatever it is.
struct Row<'a> {
    level: Word,
    code: &'static str,
    name: &'static str,
    file: &'a str,
    place: Option<(usize, usize)>,
    subject: Option<&'a str>,
    message: &'a str,
    why: Option<&'a str>,
    hint: Option<&'a str>,
}

/// For people, in colour.
pub(super) fn text(lint: &Lint) -> String {
    let level = level(lint.severity);
    let place = lint.spot.as_ref();
    let place = place.map(|s| format!("{:#} ", Place(&s.file, Some((s.line, s.column)))));
    let (place, Rule { code, name, why, .. }) = (place.unwrap_or_default(), lint.rule);
    format!(
        "{place}{level:#} {} [{code} {name}]\n  why: {why}\n  hint: {}",
        lint.message, lint.hint
    )
}

pub(super) fn write(
    out: &mut impl Write,
    format: Format,
    checked: &Checked<'_>,
) -> std::io::Result<()> {
    let rows = rows(checked);
    match format {
        Format::Text => Ok(()),
        Format::Json => writeln!(out, "{:#}", json_report(checked, &rows)),
        Format::Sarif => writeln!(out, "{:#}", sarif(&rows)),
        Format::Github => rows.iter().try_for_each(|row| writeln!(out, "{}", github(row))),
    }
}

fn level(severity: Severity) -> Word {
    match severity {
        Severity::Warning => Word::Warning,
        Severity::Info => Word::Note,
    }
}

fn rows<'a>(checked: &Checked<'a>) -> Vec<Row<'a>> {
    let mistakes = checked.mistakes.into_iter().flat_map(Diagnostics::iter);
    let told = mistakes.chain(checked.notes).map(|one| Row {
        level: one.word,
        code: "config",
        name: "configuration",
        file: &one.file,
        place: one.place,
        subject: None,
        message: &one.message,
        why: None,
        hint: one.hint.as_deref(),
    });
    let lints = checked.lints.iter().map(|lint| Row {
        level: level(lint.severity),
        code: lint.rule.code,
        name: lint.rule.name,
        file: lint.spot.as_ref().map_or("", |spot| &spot.file),
        place: lint.spot.as_ref().map(|spot| (spot.line, spot.column)),
        subject: Some(&lint.subject),
        message: &lint.message,
        why: Some(lint.rule.why),
        hint: Some(&lint.hint),
    });
    told.chain(lints).collect()
}

fn json_report(checked: &Checked<'_>, rows: &[Row<'_>]) -> Value {
    let findings: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "level": row.level.as_str(), "code": row.code, "name": row.name, "file": row.file,
                "line": row.place.map(|(line, _)| line), "column": row.place.map(|(_, column)| column),
                "subject": row.subject, "message": row.message, "why": row.why, "hint": row.hint,
            })
        })
        .collect();
    let count = |level: Word| rows.iter().filter(|row| row.level == level).count();
    json!({
        "usable": checked.mistakes.is_none(), "errors": count(Word::Error), "warnings": count(Word::Warning),
        "notes": count(Word::Note), "findings": findings,
    })
}

/// SARIF 2.1.0.
fn sarif(rows: &[Row<'_>]) -> Value {
    let config = json!({
        "id": "config", "name": "configuration",
        "shortDescription": { "text": "the configuration cannot be used, or is read otherwise than written" },
    });
    let rules = Rule::ALL.iter().map(|rule| {
        json!({
            "id": rule.code, "name": rule.name, "shortDescription": { "text": rule.name.replace('-', " ") },
            "fullDescription": { "text": rule.why },
            "defaultConfiguration": { "level": level(rule.severity).as_str() },
        })
    });
    let rules: Vec<Value> = std::iter::once(config).chain(rules).collect();
    let results: Vec<Value> = rows
        .iter()
        .map(|row| {
            let index = rules.iter().position(|rule| rule["id"] == row.code);
            let mut text = row.message.to_owned();
            for (name, more) in [("why", row.why), ("hint", row.hint)] {
                if let Some(more) = more {
                    text = format!("{text}\n{name}: {more}");
                }
            }
            let mut location = json!({ "artifactLocation": { "uri": uri(row.file) } });
            if let Some((line, column)) = row.place {
                location["region"] = json!({ "startLine": line, "startColumn": column });
            }
            let mut result = json!({
                "ruleId": row.code, "ruleIndex": index, "level": row.level.as_str(), "message": { "text": text },
            });
            if !row.file.is_empty() {
                result["locations"] = json!([{ "physicalLocation": location }]);
            }
            result
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "kpi-exporter", "version": env!("CARGO_PKG_VERSION"), "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

/// A path as a URI: relative ones stay so.
fn uri(file: &str) -> String {
    use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
    const ODD: &AsciiSet =
        &CONTROLS.add(b' ').add(b'%').add(b'#').add(b'?').add(b'"').add(b'<').add(b'>').add(b'\\');
    let file = file.strip_prefix("./").unwrap_or(file);
    let encoded = utf8_percent_encode(file, ODD).to_string();
    if encoded.starts_with('/') { format!("file://{encoded}") } else { encoded }
}

/// `::warning file=…,line=…,col=…,title=…::message`
fn github(row: &Row<'_>) -> String {
    let level = if row.level == Word::Note { "notice" } else { row.level.as_str() };
    let mut text = row.message.to_owned();
    for (name, more) in [("why", row.why), ("hint", row.hint)] {
        if let Some(more) = more {
            text = format!("{text}\n{name}: {more}");
        }
    }
    let escaped = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| escaped(text).replace(':', "%3A").replace(',', "%2C");
    let place =
        row.place.map(|(line, column)| format!(",line={line},col={column}")).unwrap_or_default();
    let title = property(&format!("{} {}", row.code, row.name));
    format!("::{level} file={}{place},title={title}::{}", property(row.file), escaped(&text))
}
