//! The house keeps its shape: rooms without circles, short files, tests where one looks for them.

#![expect(clippy::unwrap_used, reason = "what a test cannot do without stops it")]

mod circles;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use kpi_exporter::limits::read_capped;

/// Lines of a file, the tests at its end apart.
const MOST_LINES: usize = 400;

fn files() -> Vec<(PathBuf, String)> {
    let files = glob::glob("src/**/*.rs").unwrap().map(Result::unwrap);
    let files: Vec<_> = files.map(|file| (file.clone(), text(&file))).collect();
    assert!(files.len() > 100, "{} files", files.len());
    files
}

fn text(file: &Path) -> String {
    String::from_utf8(read_capped(file, 1 << 20).unwrap()).unwrap()
}

/// What comes before the tests of a file.
fn code_of(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default()
}

/// Whether the whole file is about tests.
fn is_test(file: &Path) -> bool {
    file.components().any(|part| part.as_os_str() == "tests") || file.ends_with("tests.rs")
}

#[test]
fn no_file_is_too_long_to_read() {
    let lines = files().into_iter().map(|(file, text)| (file, code_of(&text).lines().count()));
    let long: Vec<_> = lines.filter(|(_, lines)| *lines > MOST_LINES).collect();
    assert!(long.is_empty(), "too many lines: {long:?}");
}

/// Tests are read as well.
#[test]
fn no_file_of_tests_is_too_long_to_read() {
    let kinds = ["tests/**/*.rs", "src/**/tests/**/*.rs", "src/**/tests.rs", "benches/**/*.rs"];
    let files = kinds.iter().flat_map(|kind| glob::glob(kind).unwrap()).map(Result::unwrap);
    let lines = files
        .filter(|file| !file.components().any(|part| part.as_os_str() == "node_modules"))
        .map(|file| (file.clone(), text(&file).lines().count()));
    let lines: Vec<_> = lines.collect();
    assert!(lines.len() > 150, "{} files", lines.len());
    let long: Vec<_> = lines.into_iter().filter(|(_, lines)| *lines > MOST_LINES).collect();
    assert!(long.is_empty(), "too many lines: {long:?}");
}

/// A room with files of its own is `ROOM/mod.rs`.
#[test]
fn there_is_one_style_of_module_files() {
    for (file, _) in files() {
        let folder = file.with_extension("");
        let rust = glob::glob(&format!("{}/*.rs", folder.display())).unwrap().next().is_some();
        assert!(!rust, "{}: move it to {}/mod.rs", file.display(), folder.display());
    }
}

/// `mod tests` at the end of its file, `tests.rs` or the folder `tests` of the room: no other name.
#[test]
fn tests_are_called_tests() {
    for (file, text) in files() {
        let mut lines = text.lines().filter(|line| !line.trim_start().starts_with("#[path"));
        while let Some(line) = lines.next() {
            if line != "#[cfg(test)]" {
                continue;
            }
            let next = lines.next().unwrap_or_default();
            let module =
                next.split_once("mod ").map(|(_, name)| name.trim_end_matches([';', '{', ' ']));
            assert!(module.is_none_or(|name| name == "tests"), "{}: {next}", file.display());
        }
        let name = file.file_stem().unwrap().to_str().unwrap();
        let other =
            name.ends_with("_tests") || name.ends_with("_test") || name.starts_with("test_");
        assert!(!other, "{}: belongs into the folder `tests` beside it", file.display());
    }
}

/// The rooms that each room imports, tests apart.
fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let mut rooms: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (file, text) in files() {
        let room = file.components().nth(1).unwrap().as_os_str().to_str().unwrap();
        let room = room.trim_end_matches(".rs");
        if is_test(&file) || ["lib", "main"].contains(&room) {
            continue;
        }
        let code: Vec<_> =
            code_of(&text).lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let code = code.join("\n");
        let imported = rooms.entry(room.to_owned()).or_default();
        for rest in code.split("crate::").skip(1) {
            let names = match rest.strip_prefix('{') {
                Some(list) => list.split('}').next().unwrap_or_default(),
                None => rest,
            };
            let one = |name: &str| -> String {
                name.trim().chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect()
            };
            let names: Vec<String> = if rest.starts_with('{') {
                names.split(',').map(one).collect()
            } else {
                vec![one(names)]
            };
            imported.extend(names.into_iter().filter(|name| !name.is_empty() && name != room));
        }
    }
    rooms
}

#[test]
fn a_room_imports_only_what_stands_below_it() {
    let mut left = imports();
    assert!(left.len() > 15, "{left:#?}");
    // Taking away rooms that import nothing any more ends with nothing, unless there is a circle.
    while !left.is_empty() {
        let ground: Vec<String> = left
            .iter()
            .filter(|(_, imported)| imported.iter().all(|room| !left.contains_key(room)))
            .map(|(room, _)| room.clone())
            .collect();
        assert!(!ground.is_empty(), "circles between {left:#?}");
        for room in ground {
            left.remove(&room);
        }
    }
}

#[test]
fn no_file_needs_a_file_that_needs_it() {
    let house = files().into_iter().filter(|(file, _)| !is_test(file)).map(|(file, text)| {
        let name = file.strip_prefix("src").unwrap().to_str().unwrap().to_owned();
        (name, code_of(&text).to_owned())
    });
    let needs = circles::needs(&house.collect());
    assert!(needs.values().map(BTreeSet::len).sum::<usize>() > 500, "{needs:#?}");
    let found = circles::circles(&needs);
    for circle in &found {
        for file in circle {
            let to: Vec<_> = needs[file].intersection(circle).collect();
            eprintln!("{file} needs {to:?}");
        }
        eprintln!();
    }
    assert!(found.is_empty(), "{} circles", found.len());
}
