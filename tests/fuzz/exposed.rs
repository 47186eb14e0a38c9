//! What is exposed: whatever texts and numbers there are, `/metrics` says them as they are.

use std::collections::BTreeMap;
use std::sync::Arc;

use kpi_exporter::assess::{Assessment, Status};
use kpi_exporter::exposition::{ExpositionFormat, Published, ScrapeBody};
use kpi_exporter::kpi::KpiKind;
use kpi_exporter::metric::Labels;

use crate::engine::fuzz;
use crate::snapshot::{empty, kpi, only, self_metrics, state};

/// Name, labels and number of a line.
fn sample(line: &str) -> (&str, BTreeMap<String, String>, f64) {
    let (mut labels, mut rest) = (BTreeMap::new(), line);
    let end = rest.find(['{', ' ']).expect("a name");
    let name = &rest[..end];
    assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'), "{line:?}");
    rest = &rest[end..];
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        while !rest.starts_with('}') {
            let (label, after) = rest.split_once("=\"").expect("a label");
            let (value, after) = unescaped(after);
            assert!(labels.insert(label.to_owned(), value).is_none(), "{label} twice");
            rest = after.strip_prefix(',').unwrap_or(after);
        }
        rest = &rest[1..];
    }
    let number = rest.strip_prefix(' ').expect("a space").parse().expect("a number");
    (name, labels, number)
}

/// A value up to its quote, and what comes after it.
fn unescaped(text: &str) -> (String, &str) {
    let (mut value, mut chars) = (String::new(), text.char_indices());
    while let Some((at, c)) = chars.next() {
        value.push(match c {
            '"' => return (value, &text[at + 1..]),
            '\\' => match chars.next().expect("an escape").1 {
                'n' => '\n',
                c @ ('\\' | '"') => c,
                other => panic!("unknown escape {other:?}"),
            },
            c => c,
        });
    }
    panic!("a value without an end: {text:?}")
}

#[test]
fn labels_and_numbers() {
    let words = ["\\", "\"", "\n", "\\n", "{", "}", "=", ",", " ", "# EOF", "\u{7f}", "le", "\t"];
    fuzz("exposition", &[], &words, |input| {
        let (number, rest) = input.split_at(input.len().min(8));
        let mut bytes = [0; 8];
        bytes[..number.len()].copy_from_slice(number);
        let value = Some(f64::from_le_bytes(bytes)).filter(|value| value.is_finite());
        // Labels have none of these.
        let text = String::from_utf8_lossy(rest).replace('\0', "\u{fffd}");
        let (title, region) = text.split_once('\n').unwrap_or((&text, ""));
        let labels = Labels::from_iter([("region", region.to_owned())]);
        let verdict = Assessment { value, ..empty(Status::OnTrack, title) };
        let mut definition = kpi("sales", title, KpiKind::Lagging);
        definition.owner = Some(title.to_owned());
        let snapshot = only(vec![state(definition, vec![(labels, verdict)])]);
        let published = Published::new(Arc::new(snapshot));
        for format in [ExpositionFormat::Text, ExpositionFormat::OpenMetrics] {
            let body = ScrapeBody::new(Some(&published), &self_metrics(), format, None).unwrap();
            let body = String::from_utf8([&body.shared[..], &body.own[..]].concat()).unwrap();
            let lines = body.split_terminator('\n').filter(|line| !line.starts_with('#'));
            let samples: Vec<_> = lines.map(sample).collect();
            assert!(samples.iter().all(|(_, _, number)| !number.is_nan()));
            let shown = samples.iter().find(|(name, ..)| *name == "kpi_value");
            assert_eq!(shown.map(|(_, _, number)| *number), value);
            if let Some((_, labels, _)) = shown {
                assert_eq!(labels.get("region").map_or("", String::as_str), region);
            }
            let info = samples.iter().find(|(name, ..)| *name == "kpi_info").expect("kpi_info");
            assert_eq!(info.1["title"], title);
        }
        format!("value: {}, {}", value.is_some(), region.len().min(3))
    });
}
