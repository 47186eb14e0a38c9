//! How large what is written may be: enough for anything that people write, and little enough that
//! no text takes long to read or nests beyond the stack.

/// Bounds on formulas and paths.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Numbers, metrics and calls in a formula.
    pub(crate) formula_terms: u32,
    /// Brackets and parentheses inside each other in a `JSONPath`.
    pub(crate) jsonpath_depth: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { formula_terms: 200, jsonpath_depth: 8 }
    }
}

/// Bytes of a path.
const LONGEST_PATH: usize = 4096;
/// What a path may cost to read: a filter in a filter is read twice, one in that four times.
const MOST_WORK: u64 = 50_000;

/// Why a `JSONPath` is not even read: from which byte on, and what about it.
pub(crate) fn too_much_of_a_path(text: &str, depth: u32) -> Option<(usize, String)> {
    if text.len() > LONGEST_PATH {
        return Some((0, format!("a path has at most {LONGEST_PATH} bytes")));
    }
    let (mut open, mut work, mut quote, mut escaped) = (0_u32, 0_u64, None, false);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(mark), c) if c == mark => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '[' | '(') => open += 1,
            (None, ']' | ')') => open = open.saturating_sub(1),
            (Some(_) | None, _) => {}
        }
        if open > depth {
            return Some((at, format!("brackets nest more than {depth} deep")));
        }
        work += 1_u64 << open.min(32);
        if work > MOST_WORK {
            return Some((at, "too much inside brackets inside brackets".to_owned()));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_people_write_are_small_and_others_are_told_where_they_get_too_large() {
        let depth = Bounds::default().jsonpath_depth;
        for path in [
            "$.data[*]",
            "$.deals[?@.stage == 'won' && (@.amount > 10 || @.tags[?@ == 'x'])]",
            r#"$["a[[[[[[[[[[[[","b\"[[[[[[[[[[[[[["]"#,
        ] {
            assert_eq!(too_much_of_a_path(path, depth), None, "{path}");
        }
        let at = |path: &str| too_much_of_a_path(path, depth).map(|(at, _)| at);
        assert_eq!(at(&format!("${}", "[?@".repeat(30))), Some(1 + 8 * 3));
        assert_eq!(at(&format!("$[?{}@.a", "(".repeat(3400))), Some(2 + 8));
        assert_eq!(at(&"$.a".repeat(2000)), Some(0));
        let wide = format!("${}{}", "[?@".repeat(8), "||@.a".repeat(500));
        assert!(at(&wide).is_some_and(|at| at > 30));
    }
}
