//! All files of a configuration as one: top-level keys, merged. Not here: what is below them.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;

use crate::reader::diagnostic::Problems;
use crate::reader::entry;
use crate::reader::entry::Entry;
use crate::reader::files::{FileId, Files, TextSpan};
use crate::reader::node::{Key, Node, NodeKind};
use crate::reader::suggest::did_you_mean;
use crate::reader::yaml::report_duplicate;

/// Every key at the top of a configuration.
const SECTIONS: [&str; 13] = [
    "version",
    "server",
    "log",
    "store",
    "calendar",
    "limits",
    "defaults",
    "sources",
    "objectives",
    "digest",
    "metrics",
    "kpis",
    "tests",
];

/// The merged files.
#[derive(Default)]
pub(crate) struct Document {
    /// In the order of the files.
    pub(crate) files: Vec<FileId>,
    /// Every `version`, one a file at most.
    pub(crate) versions: Vec<Node>,
    sections: Vec<(Key, Node)>,
}

/// Ids that exist, right or wrong, so that references to a wrong entry are not called dangling.
#[derive(Default)]
pub(crate) struct Names {
    pub(crate) ids: BTreeSet<String>,
    /// The section could not be read: any id may exist.
    pub(crate) unknown: bool,
}

impl Names {
    pub(crate) fn has(&self, id: &str) -> bool {
        self.unknown || self.ids.contains(id)
    }
}

impl Document {
    /// Adds the tree of one file, if it is a map. Sections merge by key; a key that is there already
    /// is a mistake.
    pub(crate) fn merge(
        &mut self,
        file: FileId,
        root: Node,
        files: &Files,
        problems: &mut Problems,
    ) -> bool {
        self.files.push(file);
        if !matches!(root.kind, NodeKind::Map(_)) {
            let message = format!("expected a map of keys, found {}", root.describe());
            problems.at(root.span, message).hint("start with `version: 1`".to_owned());
        }
        let NodeKind::Map(entries) = root.kind else { return false };
        for (key, node) in entries {
            if key.name == "version" {
                self.versions.push(node);
                continue;
            }
            match self.sections.iter_mut().find(|(have, _)| have.name == key.name) {
                None => self.sections.push((key, node)),
                Some(_) if node.is_null() => {}
                Some((_, have)) if have.is_null() => *have = node,
                Some((have_key, have)) => match (&mut have.kind, node.kind) {
                    (NodeKind::Map(into), NodeKind::Map(from)) => {
                        merge_entries(into, from, files, problems);
                    }
                    _ => report_duplicate(files, problems, &key, have_key.span),
                },
            }
        }
        true
    }

    /// A section of keys; without it, or when it is unreadable, its defaults.
    pub(crate) fn section<T: DeserializeOwned + Default>(
        &mut self,
        name: &str,
        problems: &mut Problems,
    ) -> T {
        self.section_entry(name, problems).map_or_else(T::default, |entry| entry.value)
    }

    /// The same with its place and the keys that hold mistakes.
    pub(crate) fn section_entry<T: DeserializeOwned>(
        &mut self,
        name: &str,
        problems: &mut Problems,
    ) -> Option<Entry<T>> {
        let (key, node) = self.take(name).filter(|(_, node)| !node.is_null())?;
        entry::read(name.to_owned(), &key, node, problems)
    }

    /// A section of entries with ids, and all ids that are in use there.
    pub(crate) fn entries<T: DeserializeOwned>(
        &mut self,
        name: &str,
        problems: &mut Problems,
    ) -> (Vec<Entry<T>>, Names) {
        let mut names = Names::default();
        let Some((_, node)) = self.take(name).filter(|(_, node)| !node.is_null()) else {
            return (Vec::new(), names);
        };
        let NodeKind::Map(entries) = node.kind else {
            let message = format!("`{name}`: expected a map of keys, found {}", node.describe());
            problems
                .at(node.span, message)
                .hint("write an id and a colon first: `my_id:`".to_owned());
            names.unknown = true;
            return (Vec::new(), names);
        };
        let mut read = Vec::new();
        for (key, node) in entries {
            names.ids.insert(key.name.clone());
            check_id(&key, problems);
            read.extend(entry::read(format!("{name}.{}", key.name), &key, node, problems));
        }
        (read, names)
    }

    /// Reports what nobody asked for.
    pub(crate) fn check_rest(self, problems: &mut Problems) {
        for (key, _) in self.sections {
            problems.at(key.span, format!("unknown key `{}`", key.name)).hint(did_you_mean(
                &key.name,
                "the keys at this level are",
                &SECTIONS,
            ));
        }
    }

    fn take(&mut self, name: &str) -> Option<(Key, Node)> {
        let at = self.sections.iter().position(|(key, _)| key.name == name)?;
        Some(self.sections.remove(at))
    }
}

fn merge_entries(
    into: &mut Vec<(Key, Node)>,
    from: Vec<(Key, Node)>,
    files: &Files,
    problems: &mut Problems,
) {
    let mut known: BTreeMap<String, TextSpan> =
        into.iter().map(|(have, _)| (have.name.clone(), have.span)).collect();
    for (key, node) in from {
        if let Some(first) = known.get(&key.name) {
            report_duplicate(files, problems, &key, *first);
        } else {
            known.insert(key.name.clone(), key.span);
            into.push((key, node));
        }
    }
}

fn check_id(key: &Key, problems: &mut Problems) {
    let id = &key.name;
    let good = id.starts_with(|c: char| c.is_ascii_lowercase())
        && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !good {
        let better: String = id
            .to_lowercase()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect();
        let better = better.trim_start_matches(|c: char| !c.is_ascii_lowercase());
        let message = "ids are lower-case letters, digits and `_`, and start with a letter";
        problems
            .at(key.span, format!("`{id}` cannot be an id: {message}"))
            .hint((!better.is_empty()).then(|| format!("write `{better}`")));
    }
}
