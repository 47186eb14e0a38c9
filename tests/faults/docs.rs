//! `docs/failures.md` quotes the words of the program.

use kpi_exporter::limits::read_capped;

#[test]
fn the_words_in_the_documentation_are_those_of_the_tests() {
    let words = include_str!("sources.rs");
    // A text may go on in the next line.
    let lines = words.lines().map(str::trim);
    let tests: String = lines.map(|line| line.strip_suffix('\\').unwrap_or(line)).collect();
    let page = include_str!("../../docs/failures.md");
    let (_, table) = page.split_once("## An API").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| line.starts_with("| "))
        .skip(1)
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    assert!(rows.len() > 15);
    for row in rows {
        let [_, case, says, hint, _] = row[..] else { panic!("{row:?}") };
        let says = says.trim_matches('`').trim().trim_end_matches("...").trim_end();
        let hint = if hint == "the same" { "" } else { hint };
        let hint = hint.split(". ").next().unwrap();
        for text in [says, hint] {
            assert!(tests.contains(text), "{case}: nothing says {text:?}");
        }
    }
}

#[test]
fn the_tests_that_security_promises_are_there() {
    let files = ["src/**/*.rs", "tests/**/*.rs"].map(|files| glob::glob(files).unwrap());
    let read = |file: glob::GlobResult| {
        let bytes = read_capped(&file.unwrap(), 1 << 20).unwrap();
        String::from_utf8(bytes).unwrap()
    };
    let code: String = files.into_iter().flatten().map(read).collect();
    let promises = include_str!("../../SECURITY.md");
    let (_, table) = promises.split_once("which test shows it").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let quoted = table.split('`').skip(1).step_by(2);
    let names: Vec<&str> = quoted.filter(|name| name.matches('_').count() > 2).collect();
    assert!(names.len() > 30, "{names:?}");
    for name in names {
        assert!(code.contains(&format!("fn {name}(")), "no test is called {name}");
    }
}
