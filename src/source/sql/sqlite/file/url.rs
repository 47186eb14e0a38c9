//! The URL of an SQLite file: its parameters are SQLite's own, and nothing is passed over. Not here:
//! opening the file.

use std::path::PathBuf;
use std::str::FromStr;

use sqlx::sqlite::SqliteConnectOptions;

use crate::reader::suggest::{closest, listed};
use crate::source::OpenError;

const KNOWN: [(&str, &[&str]); 4] = [
    ("mode", &["ro", "rw", "rwc"]),
    ("cache", &["private", "shared"]),
    ("immutable", &["true", "false", "1", "0"]),
    ("vfs", &[]),
];

/// The file that a URL names, once its parameters are known to be right.
pub(super) fn file(url: &str) -> Result<PathBuf, OpenError> {
    let query = url.find('?').map_or(url.len(), |at| at + 1);
    let mut start = query;
    let mut seen: Vec<&str> = Vec::new();
    for pair in url[query..].split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let part = start..start + name.len();
        start += pair.len() + 1;
        if pair.is_empty() {
            continue;
        }
        let wrong = |why: &str, hint: String| {
            let message = format!("the parameter `{name}` of the url {why}");
            Err(OpenError::at(part.clone(), message).with_hint(hint))
        };
        let Some((_, values)) = KNOWN.iter().find(|(known, _)| *known == name) else {
            let names = KNOWN.map(|(name, _)| name);
            let hint = match closest(name, names) {
                Some(one) => format!("did you mean `{one}`?"),
                None => format!("the known ones are {}", listed(&names, "and")),
            };
            return wrong("is not known", hint);
        };
        if seen.contains(&name) {
            return wrong("is there twice", "keep one of the two".to_owned());
        }
        seen.push(name);
        if (name, value) == ("mode", "memory") {
            return Err(in_memory());
        }
        if !values.is_empty() && !values.contains(&value) {
            return wrong(
                "has a value that is not known",
                format!("write {}", listed(values, "or")),
            );
        }
    }
    if url.contains(":memory:") {
        return Err(in_memory());
    }
    let options = SqliteConnectOptions::from_str(url)
        .map_err(|_| OpenError::from("the url is not valid: expected sqlite://FILE"))?;
    Ok(options.get_filename().to_owned())
}

fn in_memory() -> OpenError {
    "an sqlite database in memory is always empty here: name a file".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_sqlites_own_and_the_others_are_refused_by_name() {
        assert_eq!(file("sqlite:///a%20b.db?mode=ro&cache=shared"), Ok("/a b.db".into()));
        for (url, part, hint) in [
            ("sqlite://a.db?mdoe=ro", Some("mdoe"), Some("did you mean `mode`?")),
            (
                "sqlite://a.db?mode=ro&busy_timeout=5",
                Some("busy_timeout"),
                Some("the known ones are mode, cache, immutable and vfs"),
            ),
            ("sqlite://a.db?mode=read", Some("mode"), Some("write ro, rw or rwc")),
            ("sqlite://a.db?vfs=a&vfs=b", Some("vfs"), Some("keep one of the two")),
            ("sqlite://a.db?mode=memory", None, None),
            ("sqlite::memory:", None, None),
        ] {
            let error = file(url).unwrap_err();
            assert_eq!(error.part.map(|part| &url[part]), part, "{url}");
            assert_eq!(error.hint.as_deref(), hint, "{url}");
        }
    }
}
