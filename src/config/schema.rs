//! The JSON Schema of a configuration, found by asking the types that read it: what they take and which
//! keys they know. So it cannot say anything else than they do. Words come from the reference.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::raw::{
    CalendarRaw, DefaultsRaw, DigestRaw, KpiRaw, LimitsRaw, LogRaw, ObjectiveRaw, ServerRaw,
    StoreRaw, TestRaw,
};
use crate::catalog;
use crate::reader::de::Reader;
use crate::reader::de_error::DeErrorKind;
use crate::reader::files::{FileId, TextSpan};
use crate::reader::node::{Key, Node, NodeKind, Scalar};
use crate::source::kinds::SourceRaw;
use crate::source::metric_raw::MetricRaw;

/// A key that no type knows, and a word that is none of any list.
const UNKNOWN: &str = "zzzzzzzz";
/// Keys inside each other, at most: JSON values of requests have no end.
const DEEPEST: usize = 8;
/// A text with a reference may stand for anything.
const REFERENCE: &str = "\\$\\{";

const REFERENCE_DOCS: &str = include_str!("../../docs/configuration.md");

/// Reads a tree as one type: `None` when it fits, else why not and where.
type Ask = fn(&Node) -> Option<(DeErrorKind, Vec<usize>)>;

/// On the way to a place.
#[derive(Clone)]
enum Step {
    Key(String),
    Item,
}

/// The schema of a whole configuration.
pub fn schema() -> Value {
    let docs = docs();
    let sections: [(&str, bool, Ask); 12] = [
        ("server", false, ask::<ServerRaw>),
        ("log", false, ask::<LogRaw>),
        ("store", false, ask::<StoreRaw>),
        ("calendar", false, ask::<CalendarRaw>),
        ("limits", false, ask::<LimitsRaw>),
        ("defaults", false, ask::<DefaultsRaw>),
        ("sources", true, ask::<SourceRaw>),
        ("objectives", true, ask::<ObjectiveRaw>),
        ("digest", true, ask::<DigestRaw>),
        ("metrics", true, ask::<MetricRaw>),
        ("kpis", true, ask::<KpiRaw>),
        ("tests", true, ask::<TestRaw>),
    ];
    let mut properties = Map::new();
    properties.insert("version".to_owned(), json!({ "const": 1, "description": "1" }));
    for (name, by_id, ask) in sections {
        let mut found = at(ask, &mut Vec::new(), name, &docs);
        let text = docs.find("", name).unwrap_or_default();
        if by_id {
            if name == "kpis" {
                let ids: Vec<&str> = catalog::all().iter().map(|t| t.id.as_str()).collect();
                found["properties"]["template"]["enum"] = json!(ids);
            }
            found = json!({
                "type": ["object", "null"], "additionalProperties": found,
                "propertyNames": { "pattern": "^[a-z][a-z0-9_]*$" },
            });
        }
        found["description"] = json!(text);
        properties.insert(name.to_owned(), found);
    }
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "kpi-exporter",
        "description": "Configuration of kpi-exporter",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    })
}

fn ask<T: DeserializeOwned>(node: &Node) -> Option<(DeErrorKind, Vec<usize>)> {
    let error = T::deserialize(Reader(node)).err()?;
    let error = error.mismatch();
    Some((error.kind.clone(), error.path()))
}

/// Wraps a value in maps and lists, so that it stands at a place.
fn wrapped(path: &[Step], value: Node) -> Node {
    path.iter().rev().fold(value, |inner, step| match step {
        Step::Key(name) => {
            node(NodeKind::Map(vec![(Key { name: name.clone(), span: span() }, inner)]))
        }
        Step::Item => node(NodeKind::Seq(vec![inner])),
    })
}

fn span() -> TextSpan {
    TextSpan { file: FileId::from_number(0), start: 0, end: 0 }
}

fn node(kind: NodeKind) -> Node {
    Node { span: span(), kind }
}

fn key(name: &str) -> Key {
    Key { name: name.to_owned(), span: span() }
}

fn plain(text: &str) -> Node {
    node(NodeKind::Scalar(Scalar { text: text.to_owned(), plain: true, written: None, file: None }))
}

/// What may stand at a place.
fn at(ask: Ask, path: &mut Vec<Step>, section: &str, docs: &Docs) -> Value {
    let try_with = |value: Node| ask(&wrapped(path, value));
    let unknown =
        || node(NodeKind::Map(vec![(Key { name: UNKNOWN.to_owned(), span: span() }, plain("1"))]));
    let mut forms: Vec<Value> = Vec::new();
    let (as_map, as_list) = (try_with(unknown()), try_with(node(NodeKind::Seq(Vec::new()))));
    let as_text = try_with(plain(UNKNOWN));
    let (as_number, as_truth) = (try_with(plain("7")), try_with(plain("true")));
    // Not among what was asked for, but below it: the place itself takes this form.
    let below = |answer: &Option<(DeErrorKind, Vec<usize>)>| {
        answer.as_ref().is_some_and(|(_, at)| at.len() > path.len())
    };
    let free = as_map.is_none() && as_list.is_none();
    if path.len() >= DEEPEST || free {
        return json!({});
    }
    match &as_map {
        Some((DeErrorKind::UnknownKey { known, .. }, _)) => {
            let mut properties = Map::new();
            for key in *known {
                path.push(Step::Key((*key).to_owned()));
                let mut found = at(ask, path, section, docs);
                path.pop();
                if let Some(text) = docs.of(section, path, key) {
                    found["description"] = json!(text);
                }
                properties.insert((*key).to_owned(), found);
            }
            forms.push(json!({ "type": "object", "properties": properties, "additionalProperties": false }));
        }
        answer if answer.is_none() || below(answer) => {
            // Names of the user's own, some of which are days.
            let with = |name: &str| node(NodeKind::Map(vec![(key(name), plain("1"))]));
            let name =
                [UNKNOWN, "2026-05-01"].into_iter().find(|name| try_with(with(name)).is_none());
            path.push(Step::Key(name.unwrap_or(UNKNOWN).to_owned()));
            let found = at(ask, path, section, docs);
            path.pop();
            forms.push(json!({ "type": "object", "additionalProperties": found }));
        }
        _ => {}
    }
    if as_list.is_none() {
        path.push(Step::Item);
        let items = at(ask, path, section, docs);
        path.pop();
        forms.push(json!({ "type": "array", "items": items }));
    }
    let mut scalars: Vec<&str> = Vec::new();
    match &as_text {
        None => scalars.push("string"),
        Some((DeErrorKind::UnknownChoice { known, .. }, _)) => {
            forms.push(json!({ "enum": known }));
            forms.push(json!({ "type": "string", "pattern": REFERENCE }));
        }
        // A text of another form than this one, which only its own reader knows.
        Some((DeErrorKind::Expected(expected), _)) if is_text(expected) => scalars.push("string"),
        Some(_) => {}
    }
    if as_number.is_none() && !matches!(as_text, Some((DeErrorKind::UnknownChoice { .. }, _))) {
        scalars.push("number");
    }
    if as_truth.is_none() {
        scalars.push("boolean");
    }
    if !scalars.is_empty() && !scalars.contains(&"string") {
        forms.push(json!({ "type": "string", "pattern": REFERENCE }));
    }
    if !scalars.is_empty() {
        forms.push(json!({ "type": scalars }));
    }
    match forms.len() {
        1 => forms.remove(0),
        _ => json!({ "anyOf": forms }),
    }
}

/// Whether what is expected is written as a text.
fn is_text(expected: &str) -> bool {
    !["a list", "a map of keys", "true or false"].contains(&expected)
        && !expected.starts_with("u32")
        && !expected.starts_with("f64")
        && !expected.contains("whole number")
}

/// Words about keys, from the tables of the reference.
struct Docs(BTreeMap<(String, String), String>);

fn docs() -> Docs {
    let mut words = BTreeMap::new();
    for section in REFERENCE_DOCS.split("\n## ").skip(1) {
        let (heading, body) = section.split_once('\n').unwrap_or((section, ""));
        // The keys of the top belong to no section.
        let parts = heading.split('`').skip(1).step_by(2);
        for part in parts.chain((heading == "Top level").then_some("")) {
            for line in body.lines().filter(|line| line.starts_with("| `")) {
                let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
                let Some(keys) = cells.first() else { continue };
                let text = cells.iter().skip(1).filter(|cell| !cell.is_empty());
                let text = text.copied().collect::<Vec<_>>().join("; ").replace("\\|", "|");
                for key in keys.split('`').skip(1).step_by(2) {
                    let key = key.strip_prefix(&format!("{part}.")).unwrap_or(key);
                    words
                        .entry((part.to_owned(), key.to_owned()))
                        .or_insert_with(|| text.trim_end_matches('|').trim().to_owned());
                }
            }
        }
    }
    Docs(words)
}

impl Docs {
    fn find(&self, section: &str, key: &str) -> Option<&str> {
        let text = self.0.get(&(section.to_owned(), key.to_owned()))?;
        Some(text.as_str()).filter(|text| !text.is_empty())
    }

    /// The words about a key; without any, those about what it is a part of.
    fn of(&self, section: &str, path: &[Step], key: &str) -> Option<&str> {
        let above = path.iter().rev().filter_map(|step| match step {
            Step::Key(name) => Some(name.as_str()),
            Step::Item => None,
        });
        let parent = above.clone().next();
        let long = parent.map(|parent| format!("{parent}.{key}"));
        let own = long.and_then(|long| self.find(section, &long));
        let own = own.or_else(|| self.find(section, key));
        own.or_else(|| above.clone().find_map(|key| self.find(section, key)))
            .or_else(|| self.find("", section))
    }
}
