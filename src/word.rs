//! The word that begins what a command has to say: `error:`, `warning:` or `note:`. Printed with `{:#}` it has
//! its colour, which only a stream of `anstream` may be given: that takes it away where nobody wants it.

use std::fmt;

use anstyle::{AnsiColor, Color, Style};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// It cannot be used.
    Error,
    /// It can, and should be mended.
    Warning,
    /// Good to know.
    Note,
}

impl Word {
    /// Without its colon, as other formats call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }

    /// Its colour, bold.
    pub fn style(self) -> Style {
        let colour = match self {
            Self::Error => AnsiColor::Red,
            Self::Warning => AnsiColor::Yellow,
            Self::Note => AnsiColor::Cyan,
        };
        Style::new().fg_color(Some(Color::Ansi(colour))).bold()
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            let style = self.style();
            return write!(f, "{style}{}:{style:#}", self.as_str());
        }
        write!(f, "{}:", self.as_str())
    }
}

/// A file and, if it is known, a line and a column of it (both from 1): `FILE:LINE:COLUMN:`, from which editors
/// jump there. Bold with `{:#}`.
pub struct Place<'a>(pub &'a str, pub Option<(usize, usize)>);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let style = if f.alternate() { Style::new().bold() } else { Style::new() };
        let Self(file, place) = self;
        // A name with controls in it would command the terminal.
        let file = file.replace(char::is_control, "?");
        match place {
            Some((line, column)) => write!(f, "{style}{file}:{line}:{column}:{style:#}"),
            None => write!(f, "{style}{file}:{style:#}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_there_only_when_asked_for() {
        let at = Place("k.yaml", Some((2, 3)));
        assert_eq!(format!("{at} {}", Word::Warning), "k.yaml:2:3: warning:");
        assert_eq!(Place("a\u{1b}[31m.yaml", None).to_string(), "a?[31m.yaml:");
        let coloured = format!("{at:#} {:#}", Word::Error);
        assert_eq!(coloured, "\u{1b}[1mk.yaml:2:3:\u{1b}[0m \u{1b}[1m\u{1b}[31merror:\u{1b}[0m");
    }
}
