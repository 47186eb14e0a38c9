//! Quotes of separated values that do not close, or that close in the middle of a value: a reader of
//! CSV takes all that follows for one value, and rows are gone without a word. Not here: reading.

/// Follows the quotes of a text that comes in pieces.
#[derive(Debug)]
pub(in crate::source) struct Quotes {
    delimiter: u8,
    place: Place,
    line: u64,
    after_return: bool,
    /// The line in which a quote opened that is open, or was the last one.
    opened: u64,
    /// Where a value goes on after its quote has closed.
    torn: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// A quote here opens a value.
    Start,
    /// Quotes here mean nothing.
    Plain,
    Quoted,
    /// After a quote that closes the value or is the first half of one.
    Closed,
}

impl Quotes {
    pub(in crate::source) fn new(delimiter: u8) -> Self {
        let place = Place::Start;
        Self { delimiter, place, line: 1, after_return: false, opened: 1, torn: None }
    }

    /// Takes the next piece.
    pub(in crate::source) fn follow(&mut self, piece: &[u8]) {
        for &byte in piece {
            self.step(byte);
        }
    }

    fn step(&mut self, byte: u8) {
        let ends_line = matches!(byte, b'\r' | b'\n');
        self.place = match (self.place, byte) {
            (Place::Quoted, b'"') => Place::Closed,
            (Place::Quoted, _) | (Place::Closed, b'"') => Place::Quoted,
            (_, byte) if byte == self.delimiter || ends_line => Place::Start,
            (Place::Start, b'"') => {
                self.opened = self.line;
                Place::Quoted
            }
            // Blanks after a quote are common and do no harm.
            (Place::Closed, b' ' | b'\t') => Place::Closed,
            (Place::Closed, _) => {
                self.torn.get_or_insert(self.opened);
                Place::Plain
            }
            _ => Place::Plain,
        };
        if byte == b'\r' || byte == b'\n' && !self.after_return {
            self.line += 1;
        }
        self.after_return = byte == b'\r';
    }

    /// What is wrong with them, and the line in which the value begins.
    pub(in crate::source) fn problem(&self) -> Option<(u64, &'static str)> {
        if let Some(line) = self.torn {
            return Some((line, "a quoted value goes on after its closing quote"));
        }
        (self.place == Place::Quoted).then_some((self.opened, "a quote opens that never closes"))
    }
}

/// What to do about it.
pub(in crate::source) const QUOTES: &str =
    "a quote inside a quoted value is doubled: `\"5\"\" pipe\"`";

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> Option<(u64, &'static str)> {
        let mut quotes = Quotes::new(b',');
        text.as_bytes().chunks(3).for_each(|piece| quotes.follow(piece));
        quotes.problem()
    }

    #[test]
    fn a_quote_closes_at_the_end_of_its_value() {
        for good in [
            "a,b\n1,2\n",
            "a,b\n\"1\",\"2\"\n",
            "a\n\"x\"\"y\"\n",
            "a\n\"x\ny\"\r\n\"z\"",
            "5\" pipe,b\n",
            "a\n\"\"\n",
            "\"a\" ,b\n",
            "a,\"\"\"\"\n",
            "",
        ] {
            assert_eq!(problem(good), None, "{good}");
        }
        let open = "a quote opens that never closes";
        assert_eq!(problem("a,b\n1,\"2\n3,4\n"), Some((2, open)));
        assert_eq!(problem("a,b\r\n1,2\r\n\"x"), Some((3, open)));
        assert_eq!(problem("a\n\"x\"\""), Some((2, open)));
        let torn = "a quoted value goes on after its closing quote";
        assert_eq!(problem("a,b\n1,\"2\n3,\"4\n5,6\n"), Some((2, torn)));
        assert_eq!(problem("a\n\"x\"y\n"), Some((2, torn)));
    }
}
