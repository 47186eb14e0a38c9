//! What can be told of a JSONPath (RFC 9535) from its text: the names that it begins with, and whether
//! it looks at rows. Not here: what it selects (`json`).

use super::query::{HttpQuery, NextPage};

/// The names that a path begins with, and the rest: `data`, `items` and `[*].x` of
/// `$.data['items'][*].x`.
pub(super) fn leading(path: &str) -> (Vec<String>, &str) {
    let mut names = Vec::new();
    let mut rest = path.trim().strip_prefix('$').unwrap_or_default().trim_start();
    loop {
        let quoted = rest.strip_prefix('[').map(str::trim_start).and_then(|inner| {
            let quote = inner.chars().next().filter(|char| matches!(char, '"' | '\''))?;
            let (name, after) = inner[1..].split_once(quote)?;
            let after = after.trim_start().strip_prefix(']')?;
            // An escape, which may be one of the quote, ends what is known.
            (!name.contains('\\')).then_some((name, after))
        });
        let dotted = || {
            let after = rest.strip_prefix('.')?.trim_start();
            let end = after.find(|c: char| !(c.is_alphanumeric() || c == '_' || !c.is_ascii()));
            let (name, after) = after.split_at(end.unwrap_or(after.len()));
            (!name.is_empty()).then_some((name, after))
        };
        let Some((name, after)) = quoted.or_else(dotted) else { return (names, rest.trim_end()) };
        names.push(name.to_owned());
        rest = after.trim_start();
    }
}

/// The names that lead to rows which are all members of something: `data` of `$.data[*]`.
pub(super) fn members(path: &str) -> Option<Vec<String>> {
    let (names, rest) = leading(path);
    matches!(rest, "[*]" | ".*").then_some(names)
}

/// Whether all that a query wants to know of a document besides its rows can be told without them,
/// but for the last.
pub(super) fn are_spared(query: &HttpQuery, rows: &[String]) -> bool {
    let mut pages = match query.pagination.as_ref().map(|pagination| &pagination.next) {
        Some(NextPage::Link(path)) => vec![path],
        Some(NextPage::Cursor { from, more, .. }) => std::iter::once(from).chain(more).collect(),
        _ => Vec::new(),
    };
    if let Some(pagination) = &query.pagination {
        pages.extend(pagination.more.iter().chain(&pagination.total));
    }
    let required = query.require.iter().map(|(path, _)| path);
    required.chain(pages).all(|path| spares(path, rows))
}

fn spares(path: &str, rows: &[String]) -> bool {
    let (names, rest) = leading(path);
    if names.iter().zip(rows).any(|(name, on_the_way)| name != on_the_way) {
        return true;
    }
    // Among the rows, or perhaps on the way to them.
    names.len() >= rows.len() && rest.starts_with("[-1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_that_a_path_begins_with_are_those_before_anything_else() {
        for (path, expected) in [
            ("$.data[*]", vec!["data"]),
            ("$.data.items[0].x", vec!["data", "items"]),
            ("$['data'][ \"a b\" ].été[?@.x]", vec!["data", "a b", "été"]),
            ("$ .data .x", vec!["data", "x"]),
            ("$..rows[*]", vec![]),
            ("$[*]", vec![]),
            ("$['a\\'b'].c", vec![]),
            ("$['a','b']", vec![]),
            ("$.*", vec![]),
            ("$", vec![]),
        ] {
            assert_eq!(leading(path).0, expected, "{path}");
        }
    }

    #[test]
    fn rows_are_members_when_a_path_ends_with_all_of_them() {
        for (path, expected) in [
            ("$.data[*]", Some(vec!["data"])),
            ("$['a b'].items.*", Some(vec!["a b", "items"])),
            ("$[*]", Some(vec![])),
            ("$.data[*].items[*]", None),
            ("$..data[*]", None),
            ("$.data[?@.x]", None),
            ("$.data[0]", None),
            ("$.data", None),
        ] {
            let names = members(path);
            assert_eq!(names, expected.map(|names| names.into_iter().map(str::to_owned).collect()));
        }
    }

    #[test]
    fn what_looks_at_rows_other_than_the_last_does_not_spare_them() {
        let rows = ["data".to_owned(), "items".to_owned()];
        for (path, expected) in [
            ("$.next", true),
            ("$.data.paging.after", true),
            ("$.data.items[-1].id", true),
            ("$.data.items[0].id", false),
            ("$.data.items[*].id", false),
            ("$.data.items", false),
            ("$.data[*]", false),
            ("$..after", false),
            ("$[?@.next]", false),
        ] {
            assert_eq!(spares(path, &rows), expected, "{path}");
        }
        assert!(spares("$[-1].id", &[]) && !spares("$.next", &[]));
    }
}
