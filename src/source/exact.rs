//! Whole numbers of JSON as they are written. Not here: reading the document (`json`).

use std::borrow::Cow;

/// A document in which whole numbers that no 64 bits hold are texts: a reader would round them, and
/// two ids would become one.
pub(super) fn exact(text: &str) -> Cow<'_, str> {
    /// Any number of so many digits fits.
    const FITS: usize = 18;
    let mut exact = String::new();
    let (mut copied, mut at) = (0, 0);
    let bytes = text.as_bytes();
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = end_of_text(bytes, at),
            b'-' | b'0'..=b'9' => {
                let start = at;
                let part =
                    |byte: &&u8| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
                at += bytes[at..].iter().take_while(part).count();
                let number = &text[start..at];
                let whole = number.trim_start_matches('-').bytes().all(|b| b.is_ascii_digit());
                let fits = || number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok();
                if number.len() > FITS && whole && !fits() {
                    exact.push_str(&text[copied..start]);
                    exact.push('"');
                    exact.push_str(number);
                    exact.push('"');
                    copied = at;
                }
            }
            _ => at += 1,
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    exact.push_str(&text[copied..]);
    Cow::Owned(exact)
}

/// Where a text ends that begins with the quote at `start`.
fn end_of_text(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_that_no_64_bits_hold_stay_exact() {
        for same in [
            "[1,-9223372036854775808,18446744073709551615,1.0e99,12345678901234567890123.5]",
            r#"{"a\"18446744073709551617":"18446744073709551617","b\\":-1}"#,
            r#"["18446744073709551617, no end"#,
            "",
        ] {
            assert_eq!(exact(same), same);
        }
        assert_eq!(
            exact(
                r#"[18446744073709551616,{"é":-9223372036854775809 },"\\",18446744073709551617]"#
            ),
            r#"["18446744073709551616",{"é":"-9223372036854775809" },"\\","18446744073709551617"]"#
        );
    }
}
