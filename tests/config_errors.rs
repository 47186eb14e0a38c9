//! Every mistake that a configuration can hold, and the exact words a user gets for it.
//!
//! `tests/config_errors/TOPIC/NAME.yaml` (or a folder `NAME`) holds the mistake, `NAME.expected` the
//! whole rendering. `UPDATE_EXPECT=1` rewrites the latter: read what it says as its user would.

#![expect(clippy::unwrap_used, reason = "what a test cannot do without stops it")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use kpi_exporter::config::{Environment, load};
use kpi_exporter::limits::read_capped;

/// As named in messages: tests run in the folder of the package.
const FOLDER: &str = "tests/config_errors";

/// What the fixtures may refer to. No value of it may appear in a message.
fn environment() -> Environment {
    ["DB_URL", "BAD_UNIT", "BAD_FORMULA", "BAD_SCHEDULE", "BAD_DURATION", "BAD_KIND"]
        .map(|name| (name, "hunter2 + x"))
        .into_iter()
        .collect()
}

/// What the folders of all topics hold.
fn entries(wanted: impl Fn(&Path) -> bool) -> BTreeSet<PathBuf> {
    let topics = inside(Path::new(FOLDER)).into_iter().filter(|path| path.is_dir());
    topics.flat_map(|topic| inside(&topic)).filter(|path| wanted(path)).collect()
}

fn inside(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn has_extension(path: &Path, wanted: &str) -> bool {
    path.extension().is_some_and(|extension| extension == wanted)
}

#[test]
fn every_mistake_is_told_in_the_expected_words() {
    let update = Environment::from_process().get("UPDATE_EXPECT").is_some();
    let inputs = entries(|path| path.is_dir() || has_extension(path, "yaml"));
    assert!(inputs.len() >= 40, "only {} fixtures", inputs.len());
    let mut failures = Vec::new();
    for input in &inputs {
        let expected = input.with_extension("expected");
        let found = match load(input, &environment()) {
            Ok(_) => "no error".to_owned(),
            Err(diagnostics) => diagnostics.to_string(),
        } + "\n";
        assert!(!found.contains("hunter2"), "a secret is shown for {}:\n{found}", input.display());
        if update {
            fs::write(&expected, &found).unwrap();
        }
        match read_capped(&expected, 1 << 20).map(String::from_utf8) {
            Ok(text) if text.as_ref() == Ok(&found) => {}
            Ok(_) => failures.push(format!("{}:\n{found}", input.display())),
            Err(error) => failures.push(format!("{}: {error}\n{found}", expected.display())),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_mistake_is_in_the_folder_of_its_topic() {
    let loose: Vec<_> =
        inside(Path::new(FOLDER)).into_iter().filter(|path| !path.is_dir()).collect();
    assert!(loose.is_empty(), "these belong into the folder of a topic: {loose:#?}");
}

#[test]
fn every_expectation_has_its_mistake() {
    for expected in entries(|path| has_extension(path, "expected")) {
        let file = expected.with_extension("yaml");
        let folder = expected.with_extension("");
        assert!(file.exists() || folder.is_dir(), "{} is left over", expected.display());
    }
}

#[test]
fn a_single_mistake_is_reported_once() {
    for input in entries(|path| has_extension(path, "yaml")) {
        if input.parent().is_some_and(|topic| topic.ends_with("many")) {
            continue;
        }
        let diagnostics = load(&input, &environment()).err().unwrap();
        assert_eq!(diagnostics.len(), 1, "{}:\n{diagnostics}", input.display());
    }
}
