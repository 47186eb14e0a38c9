//! Text from outside as it may be shown: in a log line, a message or a reason it has so many
//! characters and no more, whatever came. Not here: what may not be shown at all (`secret`).

use std::borrow::Cow;

/// Characters of one text from outside that are shown.
pub const MOST: usize = 200;
/// Characters of a whole message, which may quote several of them.
pub const MOST_OF_A_MESSAGE: usize = 800;
/// Names of a list that are shown.
const NAMES: usize = 20;
/// Characters of a name in a list.
const NAME: usize = 40;

/// So many characters at most, and `…` for the rest.
pub fn cut(text: &str, longest: usize) -> Cow<'_, str> {
    match text.char_indices().nth(longest) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
    }
}

/// Whether a character has what comes after it read in the other direction: a text with such may look like
/// another one.
pub fn turns(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a character is of a script that is read from right to left.
fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// Whether a name is read from right to left.
pub fn turned(name: &str) -> bool {
    name.chars().find(|c| c.is_alphabetic()).is_some_and(is_right_to_left)
}

/// A name within a sentence: one that is read from right to left keeps to itself, so that what comes after it,
/// a number or another such name, is not drawn before it.
pub fn isolated(name: &str) -> Cow<'_, str> {
    if name.chars().any(is_right_to_left) {
        return Cow::Owned(format!("\u{2068}{name}\u{2069}"));
    }
    Cow::Borrowed(name)
}

/// A whole message: cut, and with blanks for controls. Whoever writes one cuts what it quotes; should one have
/// forgotten to, it ends here.
pub fn message(text: &str) -> String {
    let plain = |c: char| if c.is_control() || turns(c) { ' ' } else { c };
    cut(text, MOST_OF_A_MESSAGE).chars().map(plain).collect()
}

/// A text on one line, without controls, of so many characters at most.
pub fn line(text: &str, longest: usize) -> String {
    let mut line = String::new();
    let mut left = longest;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control() || turns(c)) {
        if word.is_empty() {
            continue;
        }
        let blank = if line.is_empty() { "" } else { " " };
        for char in blank.chars().chain(word.chars()) {
            if left == 0 {
                line.push('…');
                return line;
            }
            line.push(char);
            left -= 1;
        }
    }
    line
}

/// `a, b, c`: the first of many names, and how many there are besides.
pub fn list<T: AsRef<str>>(names: &[T]) -> String {
    listed(names, "")
}

/// The same with each name between backticks.
pub fn quoted<T: AsRef<str>>(names: &[T]) -> String {
    listed(names, "`")
}

fn listed<T: AsRef<str>>(names: &[T], mark: &str) -> String {
    let mut list = String::new();
    let mut characters = 0;
    for (index, name) in names.iter().enumerate() {
        let name = line(name.as_ref(), NAME);
        characters += name.chars().count() + 2;
        if index == NAMES || (index > 0 && characters > MOST) {
            return format!("{list} and {} more", names.len() - index);
        }
        if index > 0 {
            list.push_str(", ");
        }
        for part in [mark, &name, mark] {
            list.push_str(part);
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_is_cut_between_characters_and_a_short_one_is_left_alone() {
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("äöüß", 3), "äöü…");
        assert_eq!(cut("abc", 0), "…");
        assert_eq!(cut("", 0), "");
        assert_eq!(line(" a\n\tb\u{1b}[31m c ", 10), "a b [31m c");
    }

    #[test]
    fn only_a_name_that_is_read_from_right_to_left_is_isolated() {
        assert_eq!(isolated("مصر (2026)"), "\u{2068}مصر (2026)\u{2069}");
        assert_eq!(isolated("לקוחות"), "\u{2068}לקוחות\u{2069}");
        assert!(turned("85% לקוחות of 2026") && !turned("Kunden (לקוחות)"));
        for name in ["Umsatz", "売上", "🚀", ""] {
            assert_eq!(isolated(name), name);
            assert!(!turned(name), "{name}");
        }
    }

    #[test]
    fn of_many_names_the_first_are_shown_with_the_number_of_the_rest() {
        let names: Vec<String> = (0..50_000).map(|i| format!("column{i}")).collect();
        let shown = list(&names);
        assert!(shown.starts_with("column0, column1, "), "{shown}");
        assert!(shown.ends_with(" more") && shown.chars().count() < MOST + 20, "{shown}");
        assert_eq!((list(&["a", "b"]), quoted(&["a", "b"])), ("a, b".into(), "`a`, `b`".into()));
        assert_eq!(list::<&str>(&[]), "");
        let long = "x".repeat(100_000);
        assert!(list(&[&long, &long]).chars().count() < 2 * NAME + 5);
    }

    proptest! {
        #[test]
        fn nothing_is_longer_than_it_may_be(text in ".{0,60}", longest in 1_usize..40) {
            let cut = cut(&text, longest);
            prop_assert!(cut.chars().count() <= longest + 1);
            prop_assert!(text.starts_with(cut.trim_end_matches('…')));
            let line = line(&text, longest);
            prop_assert!(line.chars().count() <= longest + 1 && !line.contains(char::is_control));
        }
    }

    #[test]
    fn a_text_is_brought_on_one_line_and_cut_to_its_length() {
        for (text, expected) in [
            (" a\r\n\tb\u{1b}c ", "a b c"),
            ("12345", "12345"),
            ("123456", "12345…"),
            ("1234 6", "1234 …"),
            ("\u{1F600}\u{1F600} ", "\u{1F600}\u{1F600}"),
            (" \n", ""),
        ] {
            assert_eq!(line(text, 5), expected, "{text:?}");
        }
    }
}
