//! `docs/failures.md` quotes the words of the program.

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
