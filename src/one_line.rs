//! Texts of others as messages show them. Not here: taking secrets out (`source::client`), numbers
//! (`figures`).

/// A text on one line, without controls, cut to a length in characters.
pub(crate) fn one_line(text: &str, longest: usize) -> String {
    let mut line = String::new();
    let mut left = longest;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
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

#[cfg(test)]
mod tests {
    use super::one_line;

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
            assert_eq!(one_line(text, 5), expected, "{text:?}");
        }
    }
}
