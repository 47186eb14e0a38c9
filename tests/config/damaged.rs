//! Whatever a configuration holds, it gets an answer.

use std::path::Path;

use kpi_exporter::config::{Environment, load_text};
use proptest::prelude::*;

use super::{FULL, environment};

/// A line of the example, sometimes with a piece put into it.
fn mutated() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "", "&a ", "*a", "<<: ", "[", "]", "{", "}", "\"", "'", "|", "\t", "- ", ": ", "? ", "#",
        "é", "${", "${env:X}", "!!str ", "---\n", "売", "\u{0}", "%", "+1pt", "1e400", "-", "~",
        "\r",
    ]);
    prop::collection::vec((any::<prop::sample::Index>(), pieces), 1..4).prop_map(|edits| {
        let mut text: Vec<char> = FULL.chars().collect();
        for (at, piece) in edits {
            let at = at.index(text.len());
            text.splice(at..(at + piece.len()).min(text.len()), piece.chars());
        }
        text.into_iter().collect()
    })
}

proptest! {
    #[test]
    fn damaged_configurations_give_answers_and_never_panic(text in mutated()) {
        if let Err(diagnostics) = load_text("t", &text, Path::new(""), &environment()) {
            prop_assert!(diagnostics.len() > 0);
            prop_assert!(!diagnostics.to_string().contains("s3cr3t"));
        }
    }

    #[test]
    fn random_texts_give_answers_and_never_panic(text in "(?s).{0,200}") {
        let result = load_text("t", &text, Path::new(""), &Environment::default());
        prop_assert!(result.is_ok() || result.is_err_and(|d| d.len() > 0));
    }

    #[test]
    fn random_structure_gives_answers_and_never_panics(
        text in "(version: 1\n)?((kpis|metrics|sources|log|calendar):( |\n  )([a-z]{1,3}: ?|- |[\\[\\]{},'\"&*a]|\n {0,4}|[0-9%+]){0,20}\n){1,3}"
    ) {
        let result = load_text("t", &text, Path::new(""), &Environment::default());
        prop_assert!(result.is_ok() || result.is_err_and(|d| d.len() > 0));
    }
}
