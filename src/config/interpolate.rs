//! `${env:NAME}`, `${env:NAME:-default}` and `${file:PATH}` in values, after parsing: what they stand
//! for is never read as YAML. `$${` is a literal `${`. Values are marked, so that nobody shows them.

use std::ops::Range;
use std::path::Path;

use super::diagnostic::Problems;
use super::environment::Environment;
use super::files::Files;
use super::node::{Node, NodeKind};
use crate::limits::read_capped;
use crate::source::secret::without_line_end;

/// A secret or a setting has at most this many bytes.
const MAX_FILE: u64 = 64 * 1024;

/// Where references are looked up.
pub(crate) struct Lookup<'a> {
    pub(crate) files: &'a Files,
    pub(crate) environment: &'a Environment,
}

/// A reference that cannot be resolved, with its place in the value.
struct Mistake {
    part: Range<usize>,
    message: String,
    hint: String,
}

impl Lookup<'_> {
    /// Replaces references in all values below a node; `path` names the node.
    pub(crate) fn replace(&self, path: &str, node: &mut Node, problems: &mut Problems) {
        match &mut node.kind {
            NodeKind::Map(entries) => {
                for (key, value) in entries {
                    let dot = if path.is_empty() { "" } else { "." };
                    self.replace(&format!("{path}{dot}{}", key.name), value, problems);
                }
            }
            NodeKind::Seq(items) => {
                for (i, item) in items.iter_mut().enumerate() {
                    self.replace(&format!("{path}[{i}]"), item, problems);
                }
            }
            NodeKind::Scalar(scalar) if scalar.text.contains("${") => {
                let dir = &self.files.get(node.span.file).dir;
                match expand(&scalar.text, self.environment, dir) {
                    Ok((text, true)) => {
                        scalar.written = Some(std::mem::replace(&mut scalar.text, text));
                    }
                    Ok((text, false)) => scalar.text = text,
                    Err(mistake) => {
                        let span = self.files.part(node.span, &scalar.text, mistake.part);
                        problems
                            .at(span, format!("`{path}`: {}", mistake.message))
                            .hint(mistake.hint);
                        node.kind = NodeKind::Reported;
                    }
                }
            }
            NodeKind::Scalar(_) | NodeKind::Reported => {}
        }
    }
}

/// The text with references replaced, and whether there were any.
fn expand(text: &str, environment: &Environment, dir: &Path) -> Result<(String, bool), Mistake> {
    let mut result = String::with_capacity(text.len());
    let mut replaced = false;
    let mut at = 0;
    while let Some(found) = text[at..].find("${") {
        let start = at + found;
        if let Some(before) = text[at..start].strip_suffix('$') {
            result.push_str(before);
            result.push_str("${");
            at = start + 2;
            continue;
        }
        result.push_str(&text[at..start]);
        let Some(length) = text[start..].find('}') else {
            return Err(Mistake {
                part: start..start + 2,
                message: "this `${` is never closed".to_owned(),
                hint: "close it with `}`, or write `$${` for a literal `${`".to_owned(),
            });
        };
        let part = start..start + length + 1;
        let value = resolve(&text[start + 2..part.end - 1], environment, dir)
            .map_err(|(message, hint)| Mistake { part: part.clone(), message, hint })?;
        result.push_str(&value);
        replaced = true;
        at = part.end;
    }
    result.push_str(&text[at..]);
    Ok((result, replaced))
}

/// What one reference (without `${` and `}`) stands for; else message and hint.
fn resolve(
    reference: &str,
    environment: &Environment,
    dir: &Path,
) -> Result<String, (String, String)> {
    if let Some(name) = reference.strip_prefix("env:") {
        let (name, default) = match name.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (name, None),
        };
        return match (environment.get(name), default) {
            (Some(value), None) => Ok(value.to_owned()),
            (Some(value), Some(_)) if !value.is_empty() => Ok(value.to_owned()),
            (_, Some(default)) => Ok(default.to_owned()),
            (None, None) => Err((
                format!("the environment variable `{name}` is not set"),
                format!("set it, or give a default: `${{env:{name}:-default}}`"),
            )),
        };
    }
    if let Some(path) = reference.strip_prefix("file:") {
        let path = dir.join(path);
        let bytes = read_capped(&path, MAX_FILE).map_err(|error| {
            let message = format!("cannot read `{}`: {}", path.display(), reason(&error));
            (message, "the path is relative to this configuration file".to_owned())
        })?;
        let text = String::from_utf8(bytes).map_err(|_| {
            let message = format!("`{}` does not hold UTF-8 text", path.display());
            (message, "a referenced file holds one value as plain text".to_owned())
        })?;
        return Ok(without_line_end(&text).to_owned());
    }
    Err((
        format!("`${{{reference}}}` is not a reference"),
        "write `${env:NAME}`, `${env:NAME:-default}` or `${file:PATH}`; `$${` is a literal `${`"
            .to_owned(),
    ))
}

/// What went wrong with a file, in words that are the same on every system.
pub(crate) fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        std::io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand_here(text: &str) -> Result<(String, bool), String> {
        let environment = [("NAME", "va}lue"), ("EMPTY", ""), ("YAML", "a: [1, ${env:NAME}]")]
            .into_iter()
            .collect();
        expand(text, &environment, Path::new("/nowhere")).map_err(|mistake| mistake.message)
    }

    #[test]
    fn references_are_replaced_once_and_never_read_again() {
        for (text, expected) in [
            ("${env:NAME}", "va}lue"),
            ("x${env:NAME}y${env:NAME}", "xva}lueyva}lue"),
            ("${env:YAML}", "a: [1, ${env:NAME}]"),
            ("${env:NOPE:-d:-e}", "d:-e"),
            ("${env:NOPE:-}", ""),
            ("${env:EMPTY:-d}", "d"),
            ("${env:EMPTY}", ""),
        ] {
            assert_eq!(expand_here(text), Ok((expected.to_owned(), true)), "{text}");
        }
    }

    #[test]
    fn two_dollars_escape_a_reference_and_other_dollars_are_left_alone() {
        for (text, expected) in [
            ("$${env:NAME}", "${env:NAME}"),
            ("$$ body $$ $1 $", "$$ body $$ $1 $"),
            ("a $$${x", "a $${x"),
        ] {
            assert_eq!(expand_here(text), Ok((expected.to_owned(), false)), "{text}");
        }
    }

    #[test]
    fn unknown_missing_and_open_references_are_mistakes() {
        for text in ["${env:NOPE}", "${vault:x}", "${NAME}", "${env:NAME", "${file:nope}"] {
            expand_here(text).unwrap_err();
        }
    }

    #[test]
    fn a_file_is_read_without_its_last_line_end_and_up_to_a_limit() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("pw"), "s3cret \n").unwrap();
        std::fs::write(dir.path().join("big"), vec![b'x'; 70_000]).unwrap();
        let read = |text: &str| expand(text, &Environment::default(), dir.path()).map(|(t, _)| t);
        assert_eq!(read("${file:pw}").ok().as_deref(), Some("s3cret "));
        let error = read("${file:big}").err().unwrap().message;
        assert!(error.contains("larger than the limit"), "{error}");
    }
}
