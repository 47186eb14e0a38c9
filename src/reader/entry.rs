//! Reads one entry (a KPI, a metric, a section) and reports *all* of its mistakes: after each one
//! the offending key is taken out and the entry read again. Not here: mistakes that take more than
//! one entry, or more than the shape of a value, to see (`validate`).

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;

use super::de::Reader;
use super::de_error::{DeErrorKind, Mismatch};
use super::diagnostic::Problems;
use super::files::TextSpan;
use super::node::{Key, Node, NodeKind};
use super::secrets::is_secret_key;
use super::suggest::{did_you_mean, listed};

/// So many mistakes in one entry are enough for one round.
const MAX_MISTAKES: usize = 100;

/// Keys that are the type of a source, as serde gives them.
const SOURCE_TYPES: [&str; 4] = ["files", "sql", "http", "prometheus"];

/// One entry as far as it could be read.
pub(crate) struct Entry<T> {
    /// Its key: an id, or the name of a section.
    pub(crate) id: String,
    /// Dotted, for messages: `kpis.average_order_value`.
    pub(crate) path: String,
    /// The place of its key.
    pub(crate) span: TextSpan,
    pub(crate) value: T,
    /// Stands for all that is written in it.
    pub(crate) print: u64,
    /// Keys that are left out because a mistake in them has been reported.
    broken: BTreeSet<String>,
}

impl<T> Entry<T> {
    /// Whether a mistake in this key, or below it, has been reported.
    pub(crate) fn is_broken(&self, key: &str) -> bool {
        self.broken.contains(key)
    }

    /// A mistake in this key has been reported.
    pub(crate) fn break_key(&mut self, key: &str) {
        self.broken.insert(key.to_owned());
    }

    /// Whether any key had a mistake.
    pub(crate) fn has_broken(&self) -> bool {
        !self.broken.is_empty()
    }

    /// `kpis.average_order_value.target`.
    pub(crate) fn key(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }
}

/// Reads an entry. Without a value it is of no use at all, e.g. a text instead of a map. A key with
/// a mistake anywhere below it is left out of the value as a whole.
pub(crate) fn read<T: DeserializeOwned>(
    path: String,
    key: &Key,
    mut node: Node,
    problems: &mut Problems,
) -> Option<Entry<T>> {
    let mut broken = BTreeSet::new();
    let print = node.print();
    for _ in 0..MAX_MISTAKES {
        let Err(error) = T::deserialize(Reader(&node)) else { break };
        let error = error.mismatch();
        report(&path, &node, error, key.span, problems);
        let steps = error.path();
        let name = node.path_name(steps.get(..1)?);
        broken.insert(name.trim_start_matches('.').to_owned());
        node.remove(&steps);
    }
    if let NodeKind::Map(entries) = &mut node.kind {
        entries.retain(|(key, _)| !broken.contains(&key.name));
    }
    let value = T::deserialize(Reader(&node)).ok()?;
    Some(Entry { id: key.name.clone(), path, span: key.span, value, print, broken })
}

fn report(path: &str, node: &Node, error: &Mismatch, fallback: TextSpan, problems: &mut Problems) {
    let steps = error.path();
    let span = error.span.unwrap_or(fallback);
    let name = format!("{path}{}", node.path_name(&steps));
    let key = name.rsplit('.').next().and_then(|key| key.split('[').next());
    // What stands where a secret belongs may be one.
    let hidden = error.found.starts_with('`') && key.is_some_and(is_secret_key);
    let found = if hidden { "a text" } else { error.found.as_str() };
    match &error.kind {
        DeErrorKind::Reported => {}
        DeErrorKind::NoValue => problems
            .at(span, format!("`{name}` has no value"))
            .hint("write a value after the colon, or delete the key".to_owned()),
        DeErrorKind::UnknownKey { key, known } => {
            let parent = steps.split_last().map_or(&steps[..], |(_, parent)| parent);
            let parent = format!("{path}{}", node.path_name(parent));
            let (what, list) = if *known == SOURCE_TYPES {
                ("source type", "the types of sources are")
            } else {
                ("key", "the keys here are")
            };
            let hint = (!problems.are_many(known.len())).then(|| did_you_mean(key, list, known));
            problems.at(span, format!("unknown {what} `{key}` in `{parent}`")).hint(hint);
        }
        DeErrorKind::UnknownChoice { given, known } => {
            let expected = listed(known, "or");
            let message = format!("`{name}`: expected {expected}, found {found}");
            let similar = super::suggest::closest(given, known.iter().copied());
            let shown = similar.filter(|_| !error.interpolated);
            problems.at(span, message).hint(shown.map(|one| format!("did you mean `{one}`?")));
        }
        DeErrorKind::Expected(expected) => {
            let message = format!("`{name}`: expected {expected}, found {found}");
            problems.at(span, message).hint(form_hint(expected, found));
        }
        DeErrorKind::Other(message) if !error.interpolated => {
            problems.at(span, format!("`{name}`: {message}")).hint(None);
        }
        DeErrorKind::Other(_) => {
            problems.at(span, format!("`{name}` cannot be {found}")).hint(None);
        }
    }
}

/// The way out of the most frequent slips of form.
fn form_hint(expected: &str, found: &str) -> Option<String> {
    let quoted = |prefix: &str| found.strip_prefix(prefix)?.strip_suffix('`');
    if expected.contains("number")
        && let Some(number) = quoted("the text `")
    {
        return Some(format!("write {number} without quotes"));
    }
    if expected == "a list"
        && let Some(item) = quoted("`")
    {
        return Some(format!("write `[{item}]`"));
    }
    if expected.starts_with("a duration")
        && let Some(number) = quoted("the number `")
    {
        return Some(format!("add a unit, for example `{number}h`"));
    }
    if expected == "true or false"
        && let Some(word) = quoted("`")
    {
        // Those of an older YAML.
        let known = [("yes", true), ("on", true), ("no", false), ("off", false)];
        let meant = known.iter().find(|(known, _)| word.eq_ignore_ascii_case(known));
        return meant.map(|(_, answer)| format!("write {answer}"));
    }
    if expected.starts_with("a size")
        && let Some(number) = quoted("the number `")
    {
        return Some(format!("add a unit, for example `{number}MiB`"));
    }
    None
}
