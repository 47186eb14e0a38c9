//! One value of separated values (CSV). Not here: cutting records into values.

use std::borrow::Cow;

/// The value without the blanks around it, which people put there to be read by people: with them a day would
/// be before all days and a region another one. A quote after blanks is a quote.
pub(in crate::source) fn value(raw: &str) -> Cow<'_, str> {
    let bare = raw.trim();
    let is_quoted = bare.len() >= 2 && bare.starts_with('"') && bare.ends_with('"');
    if is_quoted && raw.starts_with([' ', '\t']) {
        return Cow::Owned(bare[1..bare.len() - 1].replace("\"\"", "\""));
    }
    Cow::Borrowed(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_around_a_value_are_none_of_it() {
        for (raw, is) in [
            ("3", "3"),
            (" 3", "3"),
            ("2026-11-01 ", "2026-11-01"),
            ("\tEU\u{a0}", "EU"),
            ("New York", "New York"),
            ("  ", ""),
            (" \"New  York \"", "New  York "),
            (" \"a \"\"b\"\"\"", "a \"b\""),
            // What stood in quotes is given without them: these are part of it.
            ("\"EU\"", "\"EU\""),
            (" \"", "\""),
        ] {
            assert_eq!(value(raw), is, "{raw:?}");
        }
    }
}
