//! `${env:NAME}`, `${env:NAME:-default}`, `${file:PATH}` and `${credential:NAME}` in values, after
//! parsing: what they stand for is never read as YAML. `$${` is a literal `${`. Values are marked, so
//! that nobody shows them.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::diagnostic::Problems;
use super::environment::Environment;
use super::files::Files;
use super::node::{Node, NodeKind};
use crate::limits::read_capped;
use crate::secret::without_line_end;

/// A secret or a setting has at most this many bytes.
const MAX_FILE: u64 = 64 * 1024;

/// Where systemd says the credentials of a service are.
const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";

/// Where references are looked up.
pub(crate) struct Lookup<'a> {
    pub(crate) files: &'a Files,
    pub(crate) environment: &'a Environment,
    /// Files that references lead to, whether they can be read or not.
    pub(crate) references: &'a RefCell<BTreeSet<PathBuf>>,
}

/// A reference that cannot be resolved, with its place in the value.
struct Mistake {
    part: Range<usize>,
    message: String,
    hint: String,
}

/// A text without references.
#[derive(Debug, PartialEq, Eq)]
struct Expanded {
    text: String,
    /// Whether there were any.
    replaced: bool,
    /// The file whose whole content the text is.
    file: Option<PathBuf>,
}

/// What a reference stands for, and the file it is the content of.
type Resolved = (String, Option<PathBuf>);

/// Message and hint.
type Unresolved = (String, String);

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
                self.references.borrow_mut().extend(files_of(&scalar.text, self.environment, dir));
                match expand(&scalar.text, self.environment, dir) {
                    Ok(expanded) => {
                        let written = std::mem::replace(&mut scalar.text, expanded.text);
                        scalar.written = expanded.replaced.then_some(written);
                        scalar.file = expanded.file;
                    }
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

/// The text with references replaced.
fn expand(text: &str, environment: &Environment, dir: &Path) -> Result<Expanded, Mistake> {
    let mut expanded = Expanded { text: String::new(), replaced: false, file: None };
    let mut at = 0;
    while let Some(found) = text[at..].find("${") {
        let start = at + found;
        if let Some(before) = text[at..start].strip_suffix('$') {
            expanded.text.push_str(before);
            expanded.text.push_str("${");
            at = start + 2;
            continue;
        }
        expanded.text.push_str(&text[at..start]);
        let Some(length) = text[start..].find('}') else {
            return Err(Mistake {
                part: start..start + 2,
                message: "this `${` is never closed".to_owned(),
                hint: "close it with `}`, or write `$${` for a literal `${`".to_owned(),
            });
        };
        let part = start..start + length + 1;
        let (value, file) = resolve(&text[start + 2..part.end - 1], environment, dir)
            .map_err(|(message, hint)| Mistake { part: part.clone(), message, hint })?;
        expanded.text.push_str(&value);
        expanded.replaced = true;
        expanded.file = file.filter(|_| part == (0..text.len()));
        at = part.end;
    }
    expanded.text.push_str(&text[at..]);
    Ok(expanded)
}

/// The files that references of a text lead to.
fn files_of(text: &str, environment: &Environment, dir: &Path) -> Vec<PathBuf> {
    let parts = text.split("${").skip(1).filter_map(|part| part.split_once('}'));
    let file = |(reference, _): (&str, &str)| match reference.split_once(':') {
        Some(("file", path)) => Some(dir.join(path)),
        Some(("credential", name)) => {
            Some(Path::new(environment.get(CREDENTIALS_DIRECTORY)?).join(name))
        }
        _ => None,
    };
    parts.filter_map(file).collect()
}

/// What one reference (without `${` and `}`) stands for.
fn resolve(reference: &str, environment: &Environment, dir: &Path) -> Result<Resolved, Unresolved> {
    match reference.split_once(':') {
        Some(("env", name)) => variable(name, environment).map(|value| (value, None)),
        Some(("file", path)) => {
            let path = dir.join(path);
            let text = content(&path, || "the path is relative to this configuration file".into())?;
            Ok((text, Some(path)))
        }
        Some(("credential", name)) => credential(name, environment),
        _ => Err((
            format!("`${{{reference}}}` is not a reference"),
            "write `${env:NAME}`, `${env:NAME:-default}`, `${file:PATH}` or `${credential:NAME}`; \
             `$${` is a literal `${`"
                .to_owned(),
        )),
    }
}

fn variable(name: &str, environment: &Environment) -> Result<String, Unresolved> {
    let (name, default) = match name.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (name, None),
    };
    match (environment.get(name), default) {
        (Some(value), None) => Ok(value.to_owned()),
        (Some(value), Some(_)) if !value.is_empty() => Ok(value.to_owned()),
        (_, Some(default)) => Ok(default.to_owned()),
        (None, None) => Err((
            format!("the environment variable `{name}` is not set"),
            format!("set it, or give a default: `${{env:{name}:-default}}`"),
        )),
    }
}

/// A file of the folder in which systemd puts the credentials of a service (`LoadCredential=`).
fn credential(name: &str, environment: &Environment) -> Result<Resolved, Unresolved> {
    if name.is_empty() || name.contains(['/', '\\']) || name.contains("..") {
        return Err((
            format!("`{name}` cannot be the name of a credential"),
            "it is the name given in `LoadCredential=NAME:PATH`, not a path; `${file:PATH}` takes \
             one"
            .to_owned(),
        ));
    }
    let Some(folder) = environment.get(CREDENTIALS_DIRECTORY) else {
        return Err((
            format!("there are no credentials: `{CREDENTIALS_DIRECTORY}` is not set"),
            format!("systemd sets it for a unit with `LoadCredential={name}:PATH`"),
        ));
    };
    let path = Path::new(folder).join(name);
    let text = content(&path, || format!("the unit has to say `LoadCredential={name}:PATH`"))?;
    Ok((text, Some(path)))
}

/// A file's text without its last line end; `hint` says where it has to be.
fn content(path: &Path, hint: impl Fn() -> String) -> Result<String, Unresolved> {
    let bytes = read_capped(path, MAX_FILE).map_err(|error| {
        (format!("cannot read `{}`: {}", path.display(), reason(&error)), hint())
    })?;
    let text = String::from_utf8(bytes).map_err(|_| {
        let message = format!("`{}` does not hold UTF-8 text", path.display());
        (message, "a referenced file holds one value as plain text".to_owned())
    })?;
    Ok(without_line_end(&text).to_owned())
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
        expand(text, &environment, Path::new("/nowhere"))
            .map(|expanded| (expanded.text, expanded.replaced))
            .map_err(|mistake| mistake.message)
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
        let read = |text: &str| expand(text, &Environment::default(), dir.path()).map(|e| e.text);
        assert_eq!(read("${file:pw}").ok().as_deref(), Some("s3cret "));
        let error = read("${file:big}").err().unwrap().message;
        assert!(error.contains("larger than the limit"), "{error}");
    }

    #[test]
    fn a_value_that_is_one_file_or_credential_knows_its_file() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("token"), "s3cret\r\n").unwrap();
        let folder = dir.path().to_str().unwrap();
        let environment = [("CREDENTIALS_DIRECTORY", folder), ("X", "x")].into_iter().collect();
        for (text, expected, of_file) in [
            ("${file:token}", "s3cret", true),
            ("${credential:token}", "s3cret", true),
            ("Key ${credential:token}", "Key s3cret", false),
            ("${credential:token}${env:X}", "s3cretx", false),
            ("${env:X}${file:token}", "xs3cret", false),
        ] {
            let expanded = expand(text, &environment, dir.path()).ok().unwrap();
            let file = of_file.then(|| dir.path().join("token"));
            assert_eq!((expanded.text.as_str(), expanded.file), (expected, file), "{text}");
        }
    }

    #[test]
    fn credentials_are_names_in_the_folder_that_systemd_gives() {
        let none = Environment::default();
        let some = [("CREDENTIALS_DIRECTORY", "/run/nowhere")].into_iter().collect();
        for (environment, name, part) in [
            (&none, "crm", "`CREDENTIALS_DIRECTORY` is not set"),
            (&some, "crm", "cannot read `/run/nowhere/crm`: there is no such file"),
            (&some, "../etc/passwd", "cannot be the name of a credential"),
            (&some, "..", "cannot be the name of a credential"),
            (&some, "", "cannot be the name of a credential"),
        ] {
            let text = format!("${{credential:{name}}}");
            let mistake = expand(&text, environment, Path::new("")).err().unwrap();
            assert!(mistake.message.contains(part), "{name}: {}", mistake.message);
        }
    }
}
