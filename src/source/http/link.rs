//! The `Link` header: finds the target of `rel="next"`. RFC 8288, section 3. Not here: whether it
//! may be followed (`paging`).

use reqwest::header::{HeaderMap, LINK};

/// The target of the first link whose relation is `next`, as written.
pub(super) fn next(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(LINK)
        .iter()
        .find_map(|value| next_in(&String::from_utf8_lossy(value.as_bytes())))
}

/// In one header, which may hold several links. What cannot be read is passed over, as section 3
/// asks of consumers.
fn next_in(header: &str) -> Option<String> {
    let mut rest = header;
    while let Some((_, after)) = rest.split_once('<') {
        let (target, after) = after.split_once('>')?;
        let (params, after) = params(after);
        rest = after;
        let find = |name: &str| params.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        // With an anchor the link belongs to another document.
        let is_next = find("rel").is_some_and(|(_, relations)| {
            relations.split_ascii_whitespace().any(|name| name.eq_ignore_ascii_case("next"))
        });
        if is_next && find("anchor").is_none() {
            return Some(target.trim().to_owned());
        }
    }
    None
}

/// The `; name=value` parameters of a link, and what follows them.
fn params(mut rest: &str) -> (Vec<(String, String)>, &str) {
    let mut params = Vec::new();
    while let Some(after) = rest.trim_start().strip_prefix(';') {
        let after = after.trim_start();
        let end = after.find(['=', ';', ',']).unwrap_or(after.len());
        let name = after[..end].trim().to_owned();
        let Some(value) = after[end..].strip_prefix('=') else {
            params.push((name, String::new()));
            rest = &after[end..];
            continue;
        };
        let value = value.trim_start();
        let (value, after) = if let Some(quoted) = value.strip_prefix('"') {
            unquoted(quoted)
        } else {
            let end = value.find([';', ',']).unwrap_or(value.len());
            (value[..end].trim().to_owned(), &value[end..])
        };
        params.push((name, value));
        rest = after;
    }
    (params, rest)
}

/// The text up to the closing quote, and what follows it.
fn unquoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return (value, &text[at + 1..]),
            '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn the_next_page_is_found_among_all_ways_to_write_links() {
        for (header, expected) in [
            ("<https://a/2>; rel=\"next\"", Some("https://a/2")),
            ("<https://a/1>; rel=\"prev\", <https://a/3>; rel=\"next\"", Some("https://a/3")),
            ("</a?x=1,2;3>;rel=next", Some("/a?x=1,2;3")),
            ("<a>; title=\"<b>; rel=\\\"next\\\"\"; REL=\"last Next\"", Some("a")),
            ("<a>; title=\"x, <b>; rel=next\"; rel=last", None),
            ("<a>; rel=\"prev\"; rel=\"next\"", None),
            ("<a> ; crossorigin ; rel = next", Some("a")),
            ("<a>; anchor=\"#x\"; rel=next, <b>; rel=next", Some("b")),
            ("<a>; rel=\"nextish\"", None),
            ("<a>", None),
            ("<a", None),
            ("", None),
            ("<a>; rel=\"next", Some("a")),
        ] {
            assert_eq!(next_in(header).as_deref(), expected, "{header}");
        }
    }

    #[test]
    fn several_headers_are_one_list() {
        let links =
            ["<a>; rel=first", "<b>; rel=next"].map(|v| (LINK, HeaderValue::from_static(v)));
        let mut headers = HeaderMap::new();
        for (name, value) in links {
            headers.append(name, value);
        }
        assert_eq!(next(&headers).as_deref(), Some("b"));
    }

    proptest! {
        #[test]
        fn whatever_stands_before_it_a_well_formed_next_link_is_found(
            others in prop::collection::vec(
                ("[a-z/?=&,;]{0,8}", "[a-z]{1,6}", "[a-z <>,;=]{0,12}"), 0..4,
            ),
            target in "[a-z/?=&,;]{1,12}",
        ) {
            let mut links: Vec<String> = others
                .iter()
                .map(|(url, rel, title)| format!("<{url}>; title=\"{title}\"; rel=\"x{rel}\""))
                .collect();
            links.push(format!("<{target}>; rel=\"next\""));
            prop_assert_eq!(next_in(&links.join(", ")), Some(target));
        }

        #[test]
        fn no_text_makes_it_stumble(header in ".{0,60}") {
            next_in(&header);
        }
    }
}
