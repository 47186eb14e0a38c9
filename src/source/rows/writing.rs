//! How a table writes its numbers: decimal comma, thousands, signs that stand beside them. Reads
//! them as programs write numbers, and tells which way of writing a column has, if any fits. Not
//! here: the type of a number (`infer`).

use std::borrow::Cow;
use std::fmt;

use super::infer::CellKind;

/// A way of writing numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberFormat {
    /// What stands before the fraction: `.` or `,`.
    pub decimal: char,
    /// What stands between groups of three digits; a space also means its narrow kinds.
    pub thousands: Option<char>,
    /// What may stand before or after a number, such as `€`.
    pub strip: Vec<String>,
}

impl Default for NumberFormat {
    /// As programs write them.
    fn default() -> Self {
        Self { decimal: '.', thousands: None, strip: Vec::new() }
    }
}

/// As in the long form of a table: `decimal: ",", thousands: "."`.
impl fmt::Display for NumberFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut keys = Vec::new();
        if self.decimal != '.' {
            keys.push(format!("decimal: \"{}\"", self.decimal));
        }
        if let Some(thousands) = self.thousands {
            keys.push(format!("thousands: \"{thousands}\""));
        }
        if !self.strip.is_empty() {
            let signs: Vec<String> = self.strip.iter().map(|sign| format!("\"{sign}\"")).collect();
            keys.push(format!("strip: [{}]", signs.join(", ")));
        }
        f.write_str(&keys.join(", "))
    }
}

/// The usual separators of thousands and both signs before fractions, the plainest first.
const WAYS: [(char, Option<char>); 8] = [
    ('.', None),
    (',', None),
    (',', Some('.')),
    ('.', Some(',')),
    ('.', Some(' ')),
    (',', Some(' ')),
    ('.', Some('\'')),
    (',', Some('\'')),
];

impl NumberFormat {
    /// A text and its type: a number so written as programs write it, or the text as it is.
    pub(super) fn read<'t>(&self, text: &'t str) -> (Cow<'t, str>, CellKind) {
        if *self == Self::default() {
            return (Cow::Borrowed(text), CellKind::of(text));
        }
        if let Some(plain) = self.plain(text) {
            let kind = CellKind::of(&plain);
            if kind != CellKind::Text {
                return (Cow::Owned(plain), kind);
            }
        }
        (Cow::Borrowed(text), CellKind::Text)
    }

    /// The number as programs write it.
    fn plain(&self, text: &str) -> Option<String> {
        let (negative, body) = self.bare(text)?;
        let (mantissa, power) = match body.find(['e', 'E']) {
            Some(at) => body.split_at(at),
            None => (body, ""),
        };
        let (whole, part) = match mantissa.split_once(self.decimal) {
            Some((whole, part)) if !part.is_empty() => (whole, Some(part)),
            Some(_) => return None,
            None => (mantissa, None),
        };
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let whole = self.ungrouped(whole)?;
        if part.is_some_and(|part| !digits(part)) {
            return None;
        }
        let sign = if negative { "-" } else { "" };
        let part = part.map(|part| format!(".{part}")).unwrap_or_default();
        Some(format!("{sign}{whole}{part}{power}"))
    }

    /// Whether it is negative, and the digits without sign and what is to be stripped.
    fn bare<'t>(&self, text: &'t str) -> Option<(bool, &'t str)> {
        let (mut rest, mut negative) = (text.trim(), None);
        loop {
            let before = rest.len();
            for sign in &self.strip {
                rest = rest.strip_prefix(sign.as_str()).unwrap_or(rest).trim_start();
                rest = rest.strip_suffix(sign.as_str()).unwrap_or(rest).trim_end();
            }
            if negative.is_none()
                && let Some(after) = rest.strip_prefix('-')
            {
                negative = Some(true);
                rest = after;
            }
            if rest.len() == before {
                break;
            }
        }
        rest.starts_with(|c: char| c.is_ascii_digit() || c == self.decimal)
            .then_some((negative.unwrap_or_default(), rest))
    }

    /// Digits without what stands between groups of three.
    fn ungrouped(&self, whole: &str) -> Option<String> {
        let separates = |c: char| match self.thousands {
            Some(' ') => matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}'),
            Some('\'') => matches!(c, '\'' | '’'),
            Some(thousands) => c == thousands,
            None => false,
        };
        let groups: Vec<&str> = whole.split(separates).collect();
        let all_digits = groups.iter().all(|group| group.bytes().all(|b| b.is_ascii_digit()));
        let grouped = groups.len() == 1
            || (1..=3).contains(&groups[0].len())
                && groups[1..].iter().all(|group| group.len() == 3);
        (all_digits && grouped).then(|| groups.concat())
    }

    /// Other ways in which all these texts are numbers and which make different numbers of them; none
    /// when they are no numbers in any way. What this way could read has come as programs write it.
    pub(super) fn others<'t>(&self, texts: impl Iterator<Item = &'t str> + Clone) -> Vec<Self> {
        let Some(strip) = signs(texts.clone()) else { return Vec::new() };
        if *self != Self::default() {
            let more: Vec<_> =
                strip.into_iter().filter(|sign| !self.strip.contains(sign)).collect();
            let way = Self { strip: [self.strip.clone(), more].concat(), ..self.clone() };
            let mut all = texts;
            let fits = all.all(|text| {
                CellKind::of(text) != CellKind::Text || way.read(text).1 != CellKind::Text
            });
            return if fits { vec![way] } else { Vec::new() };
        }
        let mut found: Vec<Self> = Vec::new();
        for (decimal, thousands) in WAYS {
            let way = Self { decimal, thousands, strip: strip.clone() };
            let fits = texts.clone().all(|text| way.read(text).1 != CellKind::Text);
            let same = |known: &Self| texts.clone().all(|text| way.read(text) == known.read(text));
            if fits && !found.iter().any(same) {
                found.push(way);
            }
        }
        found
    }
}

/// What stands beside the digits of these texts: a currency or a percent sign, and never more than a
/// few.
fn signs<'t>(texts: impl Iterator<Item = &'t str>) -> Option<Vec<String>> {
    const MOST: usize = 4;
    let mut signs: Vec<String> = Vec::new();
    for text in texts {
        let (first, last) =
            (text.find(|c: char| c.is_ascii_digit())?, text.rfind(|c: char| c.is_ascii_digit())?);
        for part in [&text[..first], &text[last + 1..]] {
            let part = part.trim().trim_start_matches('-').trim_end_matches(['-', '.', ',']).trim();
            let known = part.is_empty() || signs.iter().any(|sign| sign == part);
            if known {
                continue;
            }
            if !is_sign(part) || signs.len() == MOST {
                return None;
            }
            signs.push(part.to_owned());
        }
    }
    Some(signs)
}

/// A currency, by sign or code, or a percent sign.
fn is_sign(text: &str) -> bool {
    const WORDS: [&str; 8] = ["kr", "kr.", "zł", "Kč", "Fr", "Fr.", "Ft", "lei"];
    let mut chars = text.chars();
    matches!((chars.next(), chars.next()), (Some(c), None) if "€$£¥₹₽₩₺₴₪₫฿¢%‰".contains(c))
        || text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase())
        || WORDS.contains(&text)
}

#[cfg(test)]
#[path = "tests/writing.rs"]
mod tests;
