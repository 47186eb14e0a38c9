//! No file needs, by whatever way round, a file that needs it. Read from `use` lines and from paths
//! in the code; a name that a room passes on (`pub use`) counts for the file that declares it.
//! Not counted: `mod.rs` and a file of its own room. It says what the room is for all its files, and
//! puts them together.

use std::collections::{BTreeMap, BTreeSet};

/// Text of each file by its path below `src`.
pub(crate) type House = BTreeMap<String, String>;

type Module = Vec<String>;

/// What each file takes from which others.
pub(crate) fn needs(house: &House) -> BTreeMap<String, BTreeSet<String>> {
    let modules: BTreeMap<Module, &str> =
        house.keys().map(|file| (module_of(file), file.as_str())).collect();
    let imports: BTreeMap<Module, Vec<Import>> =
        house.iter().map(|(file, text)| (module_of(file), imports(text))).collect();
    let street = Street { modules, imports };
    let mut needs = BTreeMap::new();
    for (module, file) in &street.modules {
        let text = &house[*file];
        let used = street.imports[module].iter().filter(|import| !import.passed_on);
        let mut paths: Vec<Module> = used.map(|import| import.path.clone()).collect();
        let mut rest = text.clone();
        for statement in statements(text) {
            rest = rest.replacen(statement, "", 1);
        }
        paths.extend(paths_in(&rest));
        let found = paths.iter().filter_map(|path| street.file(module, path, 0));
        let own =
            |other: &str| file.strip_suffix("mod.rs").is_some_and(|room| other.starts_with(room));
        let others = found.filter(|other| other != file && !own(other)).map(str::to_owned);
        let others = others.collect();
        needs.insert((*file).to_owned(), others);
    }
    needs
}

/// Files that need one another, each group once.
pub(crate) fn circles(needs: &BTreeMap<String, BTreeSet<String>>) -> Vec<BTreeSet<String>> {
    let reach = |from: &String| {
        let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
        while let Some(file) = next.pop() {
            next.extend(needs[file].iter().filter(|other| seen.insert((*other).clone())));
        }
        seen
    };
    let all: BTreeMap<&String, BTreeSet<String>> =
        needs.keys().map(|file| (file, reach(file))).collect();
    let mut groups = BTreeSet::new();
    for (file, seen) in &all {
        if seen.contains(*file) {
            let group = seen.iter().filter(|other| all[other].contains(*file)).cloned();
            groups.insert(group.collect::<BTreeSet<String>>());
        }
    }
    groups.into_iter().collect()
}

/// A `use` of one name.
struct Import {
    path: Module,
    name: String,
    passed_on: bool,
}

struct Street<'a> {
    modules: BTreeMap<Module, &'a str>,
    imports: BTreeMap<Module, Vec<Import>>,
}

impl<'a> Street<'a> {
    /// The file that declares what `path` means inside `from`; `None` outside this house.
    fn file(&self, from: &[String], path: &[String], depth: usize) -> Option<&'a str> {
        let mut at = from.to_vec();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => (at, rest) = (Vec::new(), &path[1..]),
            "self" => rest = &path[1..],
            "super" => {
                while rest.first().is_some_and(|part| part == "super") {
                    at.pop()?;
                    rest = &rest[1..];
                }
            }
            first if !self.has(&at, first) => return None,
            _ => {}
        }
        while let [first, others @ ..] = rest {
            let mut below = at.clone();
            below.push(first.clone());
            if self.modules.contains_key(&below) {
                (at, rest) = (below, others);
                continue;
            }
            let passed = self.imports.get(&at)?.iter().find(|import| import.name == *first);
            let Some(passed) = passed.filter(|_| depth < 9) else { break };
            let mut path = passed.path.clone();
            path.extend_from_slice(others);
            return self.file(&at, &path, depth + 1);
        }
        self.modules.get(&at).copied()
    }

    fn has(&self, module: &[String], child: &str) -> bool {
        let mut below = module.to_vec();
        below.push(child.to_owned());
        self.modules.contains_key(&below)
    }
}

fn module_of(file: &str) -> Module {
    let path = file.trim_end_matches(".rs").trim_end_matches("/mod");
    path.split('/').filter(|part| *part != "lib").map(str::to_owned).collect()
}

/// Every name that a `use` brings in; a list in braces is taken apart.
fn imports(text: &str) -> Vec<Import> {
    let mut found = Vec::new();
    for statement in statements(text) {
        let (before, tree) = statement.split_once("use ").unwrap_or_default();
        let mut paths = Vec::new();
        expand("", tree, &mut paths);
        for path in paths {
            let (path, alias) = path.split_once(" as ").unwrap_or((&path, ""));
            let path: Module = path.split("::").map(|part| part.trim().to_owned()).collect();
            let path: Module =
                path.into_iter().filter(|part| !part.is_empty() && part != "*").collect();
            let last = path.last().cloned().unwrap_or_default();
            let name = if alias.is_empty() { last } else { alias.trim().to_owned() };
            found.push(Import { path, name, passed_on: before.starts_with("pub") });
        }
    }
    found
}

fn statements(text: &str) -> impl Iterator<Item = &str> {
    let is_use = |line: &str| {
        line.starts_with("use ") || (line.starts_with("pub") && line.contains(" use "))
    };
    let starts = text.match_indices('\n').map(|(at, _)| at + 1);
    let starts = std::iter::once(0)
        .chain(starts)
        .filter(move |at| is_use(text[*at..].lines().next().unwrap_or_default()));
    starts.filter_map(|at| text[at..].split(';').next())
}

fn expand(prefix: &str, tree: &str, into: &mut Vec<String>) {
    let Some((head, list)) = tree.split_once('{') else {
        into.push(format!("{prefix}{}", tree.trim()).replace("::self", ""));
        return;
    };
    let list = list.rsplit_once('}').map_or(list, |(list, _)| list);
    let (mut depth, mut start) = (0, 0);
    for (at, sign) in list.char_indices().chain([(list.len(), ',')]) {
        match sign {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let one = list[start..at].trim();
                if !one.is_empty() {
                    expand(&format!("{prefix}{}", head.trim()), one, into);
                }
                start = at + 1;
            }
            _ => {}
        }
    }
}

/// Paths that stand in the code itself: `super::outlook::of(…)`.
fn paths_in(text: &str) -> Vec<Module> {
    let mut found = Vec::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
        for root in ["crate::", "super::", "self::"] {
            for (at, _) in line.match_indices(root) {
                let part = |c: char| c.is_alphanumeric() || c == '_';
                if line[..at].ends_with(|c: char| part(c) || c == ':') {
                    continue;
                }
                let path = line[at..].split(|c: char| !part(c) && c != ':').next();
                let parts = path.unwrap_or_default().split("::").map(str::to_owned);
                found.push(parts.filter(|part| !part.is_empty()).collect());
            }
        }
    }
    found
}

fn house(files: &[(&str, &str)]) -> House {
    files.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect()
}

/// What the test of the real house rests on: each way to need a file is seen.
#[test]
fn a_circle_is_found_however_it_is_written() {
    let other = "pub struct B;\nuse super::a::A;\n";
    for written in [
        "use super::b::B;",
        "use super::b;",
        "use crate::room::b::B;",
        "use crate::room::{c::C, b::{self, B}};",
        "use super::{\n    b::B,\n    c::C,\n};",
        "use super::B;",
        "use crate::room::B as Other;",
        "fn f() { super::b::go(); }",
    ] {
        let room = "mod a; mod b;\npub use b::B;\n";
        let files = house(&[
            ("room/mod.rs", room),
            ("room/a.rs", written),
            ("room/b.rs", other),
            ("room/c.rs", ""),
        ]);
        let found = circles(&needs(&files));
        let expected = BTreeSet::from(["room/a.rs".to_owned(), "room/b.rs".to_owned()]);
        assert_eq!(found, [expected], "{written}");
    }
}

#[test]
fn what_is_no_circle_is_none() {
    for (a, b) in [
        ("use super::b::B;", "use std::fmt;"),
        ("use super::b::B;", "// use super::a::A;\n/// super::a::A"),
        ("use super::b::B;", "use chrono::a::A;"),
        ("pub use super::b::B;", "use super::a::A;"),
    ] {
        let files = house(&[("room/mod.rs", "pub use a::A;"), ("room/a.rs", a), ("room/b.rs", b)]);
        let found = circles(&needs(&files));
        assert!(found.is_empty(), "{a} | {b}: {found:?}");
    }
}
