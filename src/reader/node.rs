//! A YAML value with its place in the text. Not here: how it is built (`yaml`) and what it means
//! (`de` and up).

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;

use super::files::TextSpan;
use super::secrets::mask_urls;
use crate::shown;

/// A value.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) span: TextSpan,
    pub(crate) kind: NodeKind,
}

#[derive(Clone)]
pub(crate) enum NodeKind {
    Scalar(Scalar),
    Seq(Vec<Node>),
    Map(Vec<(Key, Node)>),
    /// A mistake in it has been reported already.
    Reported,
}

/// A text, number, boolean or nothing.
#[derive(Clone)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    /// Without quotes: may be something else than text.
    pub(crate) plain: bool,
    /// What the file says, when `text` came from the environment or another file.
    pub(crate) written: Option<String>,
    /// The file whose whole content `text` is.
    pub(crate) file: Option<PathBuf>,
}

/// A key of a map, unique in it.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) span: TextSpan,
}

/// What a scalar is by the YAML 1.2 core schema (`yes` and `no` are text).
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Core {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text,
}

impl Scalar {
    /// The same, without quotes if a reference stands for it: those are for the reference.
    pub(crate) fn unquoted(&self) -> Self {
        Self { plain: self.plain || self.written.is_some(), ..self.clone() }
    }

    pub(crate) fn core(&self) -> Core {
        if !self.plain {
            return Core::Text;
        }
        let text = self.text.as_str();
        match text {
            // A reference is a value, whatever it stands for.
            "" | "~" | "null" | "Null" | "NULL" if self.written.is_none() => return Core::Null,
            "true" | "True" | "TRUE" => return Core::Bool(true),
            "false" | "False" | "FALSE" => return Core::Bool(false),
            ".nan" | ".NaN" | ".NAN" => return Core::Float(f64::NAN),
            ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
                return Core::Float(f64::INFINITY);
            }
            "-.inf" | "-.Inf" | "-.INF" => return Core::Float(f64::NEG_INFINITY),
            _ => {}
        }
        let radix = |prefix, radix| {
            let digits: &str = text.strip_prefix(prefix)?;
            let digits = (!digits.starts_with(['+', '-'])).then_some(digits)?;
            i64::from_str_radix(digits, radix).ok()
        };
        if let Some(number) = radix("0x", 16).or_else(|| radix("0o", 8)) {
            return Core::Integer(number);
        }
        if let Ok(number) = text.parse() {
            return Core::Integer(number);
        }
        // Rust also takes `inf`, `nan` and `infinity`; YAML does not.
        let numeric = text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
        match text.parse() {
            Ok(number) if numeric => Core::Float(number),
            _ => Core::Text,
        }
    }
}

impl Node {
    /// A text that is not in any file, or a key taken as a value.
    pub(crate) fn text(span: TextSpan, text: &str) -> Self {
        let scalar = Scalar { text: text.to_owned(), plain: false, written: None, file: None };
        Self { span, kind: NodeKind::Scalar(scalar) }
    }

    /// Stands for all that is written in it and below, with what references stand for.
    pub(crate) fn print(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.feed(&mut hasher);
        hasher.finish()
    }

    fn feed(&self, hasher: &mut DefaultHasher) {
        match &self.kind {
            NodeKind::Scalar(scalar) => {
                // A file by how it is referred to: the same configuration in another folder is the same.
                let file = scalar.file.as_ref().map(|_| &scalar.written);
                (0_u8, &scalar.text, scalar.plain, file).hash(hasher);
            }
            NodeKind::Seq(items) => {
                (1_u8, items.len()).hash(hasher);
                for item in items {
                    item.feed(hasher);
                }
            }
            NodeKind::Map(entries) => {
                (2_u8, entries.len()).hash(hasher);
                for (key, value) in entries {
                    key.name.hash(hasher);
                    value.feed(hasher);
                }
            }
            NodeKind::Reported => 3_u8.hash(hasher),
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.kind, NodeKind::Scalar(scalar) if scalar.core() == Core::Null)
    }

    /// Whether the value is not what the file says, and so must not be shown.
    pub(crate) fn is_interpolated(&self) -> bool {
        matches!(&self.kind, NodeKind::Scalar(Scalar { written: Some(_), .. }))
    }

    /// The file whose whole content the value is; UTF-8, or empty.
    pub(crate) fn file(&self) -> &str {
        match &self.kind {
            NodeKind::Scalar(Scalar { file: Some(file), .. }) => file.to_str().unwrap_or(""),
            _ => "",
        }
    }

    /// What it is, for a person: "a list", "the number 5", "`leadng`".
    pub(crate) fn describe(&self) -> String {
        match &self.kind {
            NodeKind::Seq(_) => "a list".to_owned(),
            NodeKind::Map(_) => "a map of keys".to_owned(),
            NodeKind::Reported => "a mistake".to_owned(),
            NodeKind::Scalar(Scalar { written: Some(written), .. }) => {
                format!("the value of `{}`", shortened(written))
            }
            NodeKind::Scalar(scalar) => match scalar.core() {
                Core::Null => "nothing".to_owned(),
                Core::Integer(_) | Core::Float(_) => {
                    format!("the number `{}`", shortened(&scalar.text))
                }
                _ if scalar.text.is_empty() => "an empty text".to_owned(),
                _ if scalar.text.parse::<f64>().is_ok() => {
                    format!("the text `{}`", shortened(&scalar.text))
                }
                _ => format!("`{}`", shortened(&scalar.text)),
            },
        }
    }

    /// The names of the keys and list positions on the way from here, dotted: `status.confirm`.
    pub(crate) fn path_name(&self, path: &[usize]) -> String {
        let mut names = String::new();
        let mut node = self;
        for step in path {
            match &node.kind {
                NodeKind::Map(entries) => {
                    let Some((key, value)) = entries.get(*step) else { break };
                    names.push('.');
                    names.push_str(&key.name);
                    node = value;
                }
                NodeKind::Seq(items) => {
                    let Some(item) = items.get(*step) else { break };
                    let _ = write!(names, "[{step}]");
                    node = item;
                }
                NodeKind::Scalar(_) | NodeKind::Reported => break,
            }
        }
        names
    }

    /// Takes out what stands at a path of positions. Nothing happens if nothing does.
    pub(crate) fn remove(&mut self, path: &[usize]) {
        let Some((step, rest)) = path.split_first() else { return };
        match &mut self.kind {
            NodeKind::Map(entries) if *step < entries.len() => match rest {
                [] => drop(entries.remove(*step)),
                _ => entries[*step].1.remove(rest),
            },
            NodeKind::Seq(items) if *step < items.len() => match rest {
                [] => drop(items.remove(*step)),
                _ => items[*step].remove(rest),
            },
            _ => {}
        }
    }
}

/// One line of at most 40 characters, without user information of URLs.
fn shortened(text: &str) -> String {
    let text = mask_urls(text);
    shown::line(&text, 40)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_are_what_the_core_schema_says() {
        for (text, core) in [
            ("", Core::Null),
            ("~", Core::Null),
            ("true", Core::Bool(true)),
            ("yes", Core::Text),
            ("no", Core::Text),
            ("on", Core::Text),
            ("12", Core::Integer(12)),
            ("012", Core::Integer(12)),
            ("0x1F", Core::Integer(31)),
            ("0o17", Core::Integer(15)),
            ("1_000", Core::Text),
            ("1e3", Core::Float(1000.0)),
            ("-.5", Core::Float(-0.5)),
            (".inf", Core::Float(f64::INFINITY)),
            ("inf", Core::Text),
            ("nan", Core::Text),
            ("2026-05-25", Core::Text),
            ("16%", Core::Text),
            ("30:5", Core::Text),
        ] {
            let scalar = Scalar { text: text.to_owned(), plain: true, written: None, file: None };
            assert_eq!(scalar.core(), core, "{text}");
        }
    }

    #[test]
    fn quoted_scalars_are_text() {
        let scalar = Scalar { text: "12".to_owned(), plain: false, written: None, file: None };
        assert_eq!(scalar.core(), Core::Text);
    }
}
