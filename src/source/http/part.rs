//! Signs that an answer is but a part: a total that is larger than its rows, a link to a next page that
//! nobody follows, a number of rows that looks like a limit. Not here: going from page to page
//! (`paging`).

use serde_json::Value;

/// What a document says besides its rows.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Signs {
    /// JSONPath of a number that counts all rows, and the number.
    pub(super) total: Option<(String, u64)>,
    /// JSONPath of what looks like the link or cursor of a next page.
    pub(super) next: Option<String>,
}

/// Names of totals, without what separates their words.
const TOTALS: [&str; 14] = [
    "total",
    "count",
    "totalcount",
    "totalresults",
    "totalrecords",
    "totalitems",
    "totalsize",
    "totalelements",
    "totalrows",
    "totalhits",
    "numfound",
    "recordstotal",
    "resultcount",
    "itemcount",
];

impl Signs {
    /// Looks at a document and at the objects directly in it.
    pub(super) fn of(document: &Value) -> Self {
        let mut signs = Self::default();
        let Value::Object(members) = document else { return signs };
        signs.look("$", document);
        for (name, value) in members {
            signs.look(&step("$", name), value);
        }
        signs
    }

    fn look(&mut self, path: &str, value: &Value) {
        let Value::Object(members) = value else { return };
        for (name, value) in members {
            let plain: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
            let plain = plain.to_ascii_lowercase();
            if TOTALS.contains(&&*plain)
                && let Some(total) = value.as_u64()
                && self.total.as_ref().is_none_or(|(_, known)| *known < total)
            {
                self.total = Some((step(path, name), total));
            }
            let leads_on = matches!(value, Value::String(text) if !text.trim().is_empty());
            if (plain.starts_with("next")
                || plain.ends_with("nextlink")
                || plain.ends_with("cursor"))
                && leads_on
            {
                self.next.get_or_insert_with(|| step(path, name));
            }
        }
    }
}

fn step(path: &str, name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if plain {
        format!("{path}.{name}")
    } else {
        format!("{path}['{}']", name.replace('\\', "\\\\").replace('\'', "\\'"))
    }
}

/// Whether so many rows are what a page has when it is full.
pub(super) fn looks_full(rows: u64) -> bool {
    rows >= 10 && (rows.is_multiple_of(10) || rows.is_multiple_of(25))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_total_and_a_next_page_are_known_by_their_names() {
        for (document, total, next) in [
            (
                json!({ "count": 560, "next": "/x?page=2", "data": [1] }),
                Some(("$.count", 560)),
                Some("$.next"),
            ),
            (json!({ "meta": { "total-count": 7 } }), Some(("$.meta['total-count']", 7)), None),
            (json!({ "@odata.nextLink": "http://x" }), None, Some("$['@odata.nextLink']")),
            (
                json!({ "paging": { "next_cursor": "abc" }, "next": null }),
                None,
                Some("$.paging.next_cursor"),
            ),
            (
                json!({ "next": "", "total": "560", "data": [{ "count": 9, "next": "x" }] }),
                None,
                None,
            ),
            (json!([{ "total": 5 }]), None, None),
        ] {
            let signs = Signs::of(&document);
            let total = total.map(|(path, number): (&str, u64)| (path.to_owned(), number));
            assert_eq!(signs, Signs { total, next: next.map(str::to_owned) }, "{document}");
        }
    }
}
