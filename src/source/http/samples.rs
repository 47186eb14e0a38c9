//! Rows from the text formats of Prometheus (0.0.4) and OpenMetrics 1.0: one per sample, with the
//! columns `name`, `value` and its labels. Headings, timestamps and exemplars are passed over. Not
//! here: PromQL.
//!
//! Formats: <https://prometheus.io/docs/instrumenting/exposition_formats/> and
//! <https://prometheus.io/docs/specs/om/open_metrics_spec/>.

use super::answer_body::{AnswerBody, shape};
use super::fetched_rows::{FetchedRows, Field};
use super::query::HttpQuery;
use crate::metric::FetchError;

/// One line with a number.
#[derive(Debug, Clone, PartialEq)]
struct Sample {
    name: String,
    /// As they stand; none is there twice.
    labels: Vec<(String, String)>,
    value: f64,
}

/// Why a line is no sample.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
enum NoSample {
    #[error("expected the name of a metric, got `{0}`")]
    Name(String),
    #[error("the sample has no value")]
    NoValue,
    #[error("`{0}` is no number")]
    Value(String),
    #[error("`{0}` is no timestamp")]
    Time(String),
    #[error("`{0}` stands behind the timestamp")]
    More(String),
    #[error("the value of `{0}` has no quotes")]
    NoQuotes(String),
    #[error("the label `{0}` is there twice")]
    Twice(String),
    #[error("expected labels like `{{name=\"value\"}}`")]
    Labels,
    #[error("the labels are never closed")]
    OpenLabels,
    #[error("a quote is never closed")]
    OpenQuote,
}

/// Adds the samples of an answer. A label called `name` or `value` becomes `exported_name` or
/// `exported_value`. NaN and infinities are no value.
pub(super) fn read(
    answer: &AnswerBody,
    query: &HttpQuery,
    fetched: &mut FetchedRows,
) -> Result<(), FetchError> {
    let mapped: Vec<(usize, &str)> =
        query.columns.iter().map(|(name, from)| (fetched.column(name), &**from)).collect();
    let mut first = None;
    for (index, line) in answer.text()?.split('\n').enumerate() {
        let line = line.trim();
        if line == "# EOF" {
            break;
        }
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let sample = sample(line).map_err(|what| {
            let what = format!("line {}: {what}", index + 1);
            answer.broken(&what, "expected the text format of Prometheus; is `format` right?")
        })?;
        let fields = fields(sample);
        first.get_or_insert_with(|| {
            let names: Vec<String> = fields.iter().map(|(name, _)| format!("`{name}`")).collect();
            names.join(", ")
        });
        let row: Vec<(usize, Field)> = if mapped.is_empty() {
            fields.into_iter().map(|(name, field)| (fetched.column(&name), field)).collect()
        } else {
            let find = |from: &str| fields.iter().find(|(name, _)| name == from);
            let found =
                mapped.iter().filter_map(|(place, from)| Some((*place, find(from)?.1.clone())));
            found.collect()
        };
        fetched.add(row)?;
    }
    let Some(first) = first else { return Ok(()) };
    match mapped.iter().find(|(place, _)| fetched.never_had(*place)) {
        None => Ok(()),
        Some((_, from)) => {
            Err(shape(format!("no sample has the label `{from}`; the first has {first}"))
                .with_hint("mend `columns`"))
        }
    }
}

/// The columns of a sample.
fn fields(sample: Sample) -> Vec<(String, Field)> {
    let value = if sample.value.is_finite() { Field::Real(sample.value) } else { Field::Null };
    let mut fields =
        vec![("name".to_owned(), Field::Text(sample.name)), ("value".to_owned(), value)];
    for (mut name, value) in sample.labels {
        while fields.iter().any(|(taken, _)| *taken == name) {
            name.insert_str(0, "exported_");
        }
        fields.push((name, Field::Text(value)));
    }
    fields
}

/// Reads a line that is no comment.
fn sample(line: &str) -> Result<Sample, NoSample> {
    let end = line.find(|c: char| c == '{' || c.is_ascii_whitespace()).unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    let mut name = name.to_owned();
    let mut labels = Vec::new();
    let mut rest = rest.trim_start();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = read_labels(inside, &mut name, &mut labels)?;
    }
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(NoSample::Name(line.to_owned()));
    }
    let mut words = rest.split_ascii_whitespace();
    let value = words.next().ok_or(NoSample::NoValue)?;
    let value = value.parse().map_err(|_| NoSample::Value(value.to_owned()))?;
    match words.next() {
        // An exemplar, of OpenMetrics.
        None | Some("#") => {}
        Some(time) if time.parse::<f64>().is_err() => {
            return Err(NoSample::Time(time.to_owned()));
        }
        Some(_) => match words.next() {
            None | Some("#") => {}
            Some(more) => return Err(NoSample::More(more.to_owned())),
        },
    }
    Ok(Sample { name, labels, value })
}

/// Reads `a="x",b="y"}`; gives what follows. A quoted name without value is that of the metric:
/// names of any characters are written so since Prometheus 3.
fn read_labels<'a>(
    mut rest: &'a str,
    metric: &mut String,
    labels: &mut Vec<(String, String)>,
) -> Result<&'a str, NoSample> {
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix('}') {
            return Ok(after);
        }
        let (name, after) = if let Some(quoted) = rest.strip_prefix('"') {
            unquoted(quoted)?
        } else {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            let (name, after) = rest.split_at(end.unwrap_or(rest.len()));
            (name.to_owned(), after)
        };
        let after = after.trim_start();
        rest = match after.strip_prefix('=') {
            Some(value) => {
                let quoted = value.trim_start().strip_prefix('"');
                let quoted = quoted.ok_or_else(|| NoSample::NoQuotes(name.clone()))?;
                let (value, after) = unquoted(quoted)?;
                if labels.iter().any(|(known, _)| *known == name) {
                    return Err(NoSample::Twice(name));
                }
                labels.push((name, value));
                after
            }
            None if metric.is_empty() && rest.starts_with('"') => {
                *metric = name;
                after
            }
            None => return Err(NoSample::Labels),
        };
        rest = rest.trim_start();
        match rest.strip_prefix(',') {
            Some(after) => rest = after,
            None if rest.starts_with('}') => {}
            None => return Err(NoSample::OpenLabels),
        }
    }
}

/// The text up to the closing quote, and what follows it.
fn unquoted(text: &str) -> Result<(String, &str), NoSample> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Ok((value, &text[at + 1..])),
            '\\' => match chars.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, escaped @ ('"' | '\\'))) => value.push(escaped),
                // Not an escape; Prometheus leaves it as it is.
                Some((_, other)) => value.extend(['\\', other]),
                None => break,
            },
            other => value.push(other),
        }
    }
    Err(NoSample::OpenQuote)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read_one(line: &str) -> (String, Vec<(String, String)>, f64) {
        let Sample { name, labels, value } = sample(line).unwrap();
        (name, labels, value)
    }

    #[test]
    fn a_sample_has_a_name_labels_and_a_value_and_more_that_does_not_matter() {
        let labels = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>()
        };
        for (line, name, pairs, value) in [
            ("up 1", "up", vec![], 1.0),
            ("up{} 1", "up", vec![], 1.0),
            (
                "a:b_c\t{ x = \"1\" , y=\"2\", }  -2.5e-3 ",
                "a:b_c",
                vec![("x", "1"), ("y", "2")],
                -0.0025,
            ),
            (
                "x{a=\"q\\\" b\\\\ n\\n }, \\d\"} +1e3 1700000000000",
                "x",
                vec![("a", "q\" b\\ n\n }, \\d")],
                1000.0,
            ),
            (
                "x_bucket{le=\"+Inf\"} 3 1700000000.5 # {trace=\"a b\"} 0.5",
                "x_bucket",
                vec![("le", "+Inf")],
                3.0,
            ),
            ("x_total 3 # {trace=\"a\"} 0.5 1.0", "x_total", vec![], 3.0),
            ("{\"my.name\", \"a b\"=\"ü\"} 1", "my.name", vec![("a b", "ü")], 1.0),
        ] {
            let read = read_one(line);
            assert_eq!(read, (name.to_owned(), labels(&pairs), value), "{line}");
        }
        assert!(read_one("x +Inf").2.is_infinite() && read_one("x NaN").2.is_nan());
    }

    #[test]
    fn a_line_that_is_no_sample_is_refused() {
        for (line, expected) in [
            ("up", "no value"),
            ("up one", "`one` is no number"),
            ("up 1 soon", "`soon` is no timestamp"),
            ("up 1 2 3", "`3` stands behind the timestamp"),
            ("up{a=1} 1", "the value of `a` has no quotes"),
            ("up{a=\"1\" 1", "never closed"),
            ("up{a=\"1} 1", "a quote is never closed"),
            ("up{a=\"1\\", "a quote is never closed"),
            ("up{a=\"1\",a=\"2\"} 1", "the label `a` is there twice"),
            ("up{a} 1", "expected labels"),
            ("up{\"a\"} 1", "expected labels"),
            ("{a=\"1\"} 1", "expected the name of a metric"),
            ("42", "expected the name of a metric"),
        ] {
            let error = sample(line).unwrap_err();
            assert!(error.to_string().contains(expected), "{line}: {error}");
        }
    }

    #[test]
    fn labels_called_name_or_value_do_not_hide_the_columns() {
        let sample = sample("x{name=\"n\",value=\"v\",exported_name=\"e\"} 1").unwrap();
        let names: Vec<String> = fields(sample).into_iter().map(|(name, _)| name).collect();
        assert_eq!(
            names,
            ["name", "value", "exported_name", "exported_value", "exported_exported_name"]
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_stumble(line in "[a{}\"\\\\=,# 1n]{0,30}|.{0,30}") {
            let _ = sample(&line);
        }

        #[test]
        fn what_is_written_by_the_rules_is_read_back(
            name in "[a-zA-Z_:][a-zA-Z0-9_:]{0,8}",
            labels in prop::collection::btree_map("[a-zA-Z_][a-zA-Z0-9_]{0,5}", "\\PC*|[\\\\\"\n]*", 0..4),
            value in prop::num::f64::NORMAL | prop::num::f64::ZERO,
            time in prop::option::of(any::<i32>()),
        ) {
            let escaped = |text: &str| {
                text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
            };
            let pairs: Vec<String> =
                labels.iter().map(|(k, v)| format!("{k}=\"{}\"", escaped(v))).collect();
            let time = time.map(|time| format!(" {time}")).unwrap_or_default();
            let line = format!("{name}{{{}}} {value:e}{time}", pairs.join(","));
            prop_assert_eq!(read_one(&line), (name, Vec::from_iter(labels), value));
        }
    }
}
