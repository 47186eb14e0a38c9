//! `docs/configuration.md` and the keys that the program takes are the same. The keys are not listed
//! here: an unknown key is told which ones there are, so asking with one at every place finds them all.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;

use super::{environment, refused};

const DOCS: &str = include_str!("../../docs/configuration.md");

/// No key, and like none.
const UNKNOWN: &str = "zzzzzzzz";

/// Every place with its keys; `*` stands for an id or name of the user's own.
fn places() -> BTreeMap<String, Vec<String>> {
    let mut places = BTreeMap::new();
    let mut ask: VecDeque<Vec<String>> = VecDeque::from([vec![]]);
    while let Some(path) = ask.pop_front() {
        let Some((below, keys)) = keys_at(&path) else { continue };
        let mut place = path;
        place.extend(below.then(|| "*".to_owned()));
        for key in &keys {
            ask.push_back(place.iter().chain([key]).cloned().collect());
        }
        places.insert(place.join("."), keys);
        assert!(places.len() < 200, "{places:#?}");
    }
    places
}

/// The keys at a place, or of every entry right below it (then `true`).
fn keys_at(path: &[String]) -> Option<(bool, Vec<String>)> {
    let id = |key: &String| if key == "*" { UNKNOWN.to_owned() } else { key.clone() };
    let mut text = String::new();
    for (depth, key) in path.iter().map(id).enumerate() {
        writeln!(text, "{}{key}:", "  ".repeat(depth)).unwrap();
    }
    let depth = path.len();
    writeln!(text, "{}{UNKNOWN}:\n{}{UNKNOWN}: 0", "  ".repeat(depth), "  ".repeat(depth + 1))
        .unwrap();
    let said = refused(&text, &environment());
    let place = said.lines().position(|line| line.contains("unknown") && line.contains(UNKNOWN))?;
    let line: usize = said.lines().nth(place)?.split(':').nth(1)?.parse().ok()?;
    let hint = said.lines().skip(place).find_map(|line| line.split_once(" are "))?.1;
    let keys = hint
        .replace(" and ", ", ")
        .split(", ")
        .map(|key| key.trim_matches('`').to_owned())
        .collect();
    Some((line > depth + 1, keys))
}

/// Sections of the document by the keys of the top level that their heading names; what is above all
/// of them under the empty name.
fn sections() -> BTreeMap<&'static str, &'static str> {
    let mut sections = BTreeMap::new();
    for section in DOCS.split("\n## ").skip(1) {
        let (heading, body) = section.split_once('\n').unwrap();
        let names = heading.split('`').skip(1).step_by(2);
        if heading == "Top level" {
            sections.insert("", body);
        }
        sections.extend(names.map(|name| (name, body)));
    }
    sections
}

/// Words within code spans and blocks.
fn code_words(text: &str) -> BTreeSet<&str> {
    let code = text.split('`').skip(1).step_by(2);
    code.flat_map(|code| code.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))).collect()
}

/// First cells of the tables that list keys.
fn listed_keys(section: &str) -> Vec<String> {
    let (mut keys, mut in_table) = (Vec::new(), false);
    for line in section.lines() {
        let first = line.strip_prefix('|').and_then(|line| line.split('|').next()).map(str::trim);
        in_table =
            first.is_some_and(|cell| in_table || cell == "key" || cell.starts_with("key of"));
        if let Some(cell) = first.filter(|_| in_table) {
            let names = cell.split('`').skip(1).step_by(2);
            keys.extend(names.map(|name| name.rsplit('.').next().unwrap().to_owned()));
        }
    }
    keys
}

#[test]
fn every_key_is_in_the_reference_in_the_section_of_its_part() {
    let (places, sections) = (places(), sections());
    assert!(places.len() > 30, "{places:#?}");
    let documented = |place: &str, key: &str| {
        let part = place.split('.').next().unwrap();
        code_words(sections[part]).contains(key)
    };
    for (place, keys) in &places {
        // What can be written in two places, such as dates of a period, is explained in one.
        let name = place.rsplit('.').next();
        let same = places
            .iter()
            .filter(|(other, as_many)| other.rsplit('.').next() == name && *as_many == keys);
        let same: Vec<_> = same.map(|(other, _)| other).collect();
        for key in keys {
            assert!(same.iter().any(|place| documented(place, key)), "`{key}` of `{place}`");
        }
    }
}

#[test]
fn every_key_that_the_reference_lists_exists() {
    let places = places();
    for (part, section) in sections() {
        let of_part = |place: &str| place.split('.').next() == Some(part);
        let keys: BTreeSet<&String> =
            places.iter().filter(|(place, _)| of_part(place)).flat_map(|(_, keys)| keys).collect();
        // One section may be about several parts.
        let others = sections().into_iter().filter(|(_, body)| *body == section);
        let others: Vec<&str> = others.map(|(part, _)| part).collect();
        for key in listed_keys(section) {
            let elsewhere = places.iter().any(|(place, keys)| {
                others.contains(&place.split('.').next().unwrap()) && keys.contains(&key)
            });
            assert!(
                keys.contains(&key) || elsewhere,
                "`{key}` in the section of `{part}` is no key"
            );
        }
    }
}
