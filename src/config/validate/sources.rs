//! Sources: the right keys for their type, within limits. Nothing is opened here.

use std::path::Path;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::context::Context;
use crate::config::entry::Entry;
use crate::config::forms::{Pairs, Parsed};
use crate::config::raw::{FilesRaw, SourceRaw, SqlRaw};
use crate::config::spanned::Spanned;
use crate::source::sql::Dialect;
use crate::source::{FilesConfig, SourceConfig, SqlConfig};

const TIMEOUT: Duration = Duration::from_secs(30);
const MAX_CONNECTIONS: u32 = 4;

/// One source; `None` after a mistake.
pub(super) fn source(context: &mut Context<'_>, entry: &Entry<SourceRaw>) -> Option<SourceConfig> {
    match (&entry.value.files, &entry.value.sql) {
        (Some(raw), None) => files(context, entry, raw).map(SourceConfig::Files),
        (None, Some(raw)) => sql(context, entry, raw).map(SourceConfig::Sql),
        (None, None) if entry.has_broken() => None,
        (None, None) => {
            let hint = "write `{ files: { tables: … } }` or `{ sql: { url: … } }`";
            context.problem(entry.span, format!("`{}` has no type", entry.path), hint.to_owned());
            None
        }
        (Some(_), Some(_)) => {
            let message = format!("`{}` has two types, `files` and `sql`", entry.path);
            context.problem(entry.span, message, "make it two sources".to_owned());
            None
        }
    }
}

fn files(
    context: &mut Context<'_>,
    entry: &Entry<SourceRaw>,
    raw: &FilesRaw,
) -> Option<FilesConfig> {
    let path = entry.key("files");
    let Some(tables) = raw.tables.as_ref().filter(|tables| !tables.value.0.is_empty()) else {
        let span = raw.tables.as_ref().map_or(entry.span, |tables| tables.span);
        let hint = "name a table and its file: `tables: { orders: data/orders.csv }`";
        context.problem(span, format!("`{path}` has no `tables`"), hint.to_owned());
        return None;
    };
    let good = check_tables(context, &path, &tables.value);
    let tables = tables.value.0.iter().map(|(name, file)| {
        let dir = &context.files.get(file.span.file).dir;
        (name.value.clone(), dir.join(&file.value))
    });
    let tables = tables.collect();
    let timeout = raw.timeout.as_ref().map_or(TIMEOUT, |timeout| timeout.0);
    good.then_some(FilesConfig { tables, timeout })
}

fn check_tables(context: &mut Context<'_>, path: &str, tables: &Pairs<String, String>) -> bool {
    let mut good = true;
    for (name, file) in &tables.0 {
        let starts = name.value.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !starts || !name.value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            let message =
                format!("`{path}.tables`: `{}` cannot be the name of a table", name.value);
            let hint = "letters, digits and `_`, so that SQL needs no quotes".to_owned();
            context.problem(name.span, message, hint);
            good = false;
        }
        if file.value.is_empty() {
            let message = format!("`{path}.tables.{}` names no file", name.value);
            context.problem(
                file.span,
                message,
                "give a path, or a glob like data/*.csv".to_owned(),
            );
            good = false;
        }
    }
    good
}

fn sql(context: &mut Context<'_>, entry: &Entry<SourceRaw>, raw: &SqlRaw) -> Option<SqlConfig> {
    let path = entry.key("sql");
    let url = if let Some(given) = &raw.url {
        url(context, &path, given, raw)
    } else {
        let hint = "add `url: postgres://host/database`, mysql:// or sqlite://".to_owned();
        context.problem(entry.span, format!("`{path}` lacks `url`"), hint);
        None
    };
    let connections = raw.max_connections.as_ref();
    if let Some(given) = connections.filter(|given| !(1..=100).contains(&given.value)) {
        let found = context.shown(given, &given.value.to_string());
        let message = format!("`{path}.max_connections`: expected 1 to 100, found {found}");
        context.problem(given.span, message, "4 is the default".to_owned());
    }
    Some(SqlConfig {
        url: url?,
        user: raw.user.as_ref().map(|user| user.value.clone()),
        password: raw.password.as_ref().map(|password| password.value.0.clone()),
        max_connections: connections.map_or(MAX_CONNECTIONS, |given| given.value),
        timeout: raw.timeout.as_ref().map_or(TIMEOUT, |timeout| timeout.0),
    })
}

/// A URL of a known kind; a relative SQLite path is resolved. Never shown, for it may hold a
/// password.
fn url(
    context: &mut Context<'_>,
    path: &str,
    given: &Spanned<Parsed<SecretString>>,
    raw: &SqlRaw,
) -> Option<SecretString> {
    let text = given.value.0.expose_secret();
    let rest = text.split_once(':').map_or("", |(_, rest)| rest);
    match Dialect::of_url(text) {
        Some(Dialect::Sqlite) => {
            let user = raw.user.as_ref().map(|user| ("user", user.span));
            let password = raw.password.as_ref().map(|password| ("password", password.span));
            for (key, span) in [user, password].into_iter().flatten() {
                let message = format!("`{path}.{key}`: SQLite has no users");
                context.problem(span, message, "delete the key".to_owned());
            }
            let dir = &context.files.get(given.span.file).dir;
            Some(sqlite_url(rest, dir).map_or_else(|| given.value.0.clone(), SecretString::from))
        }
        Some(_) if rest.starts_with("//") => Some(given.value.0.clone()),
        _ => unknown_scheme(context, path, given),
    }
}

fn unknown_scheme<T>(
    context: &mut Context<'_>,
    path: &str,
    given: &Spanned<T>,
) -> Option<SecretString> {
    let message = format!("`{path}.url` is not the URL of a database");
    let hint = "it starts with postgres://, mysql://, mariadb:// or sqlite://".to_owned();
    context.problem(given.span, message, hint);
    None
}

/// A SQLite URL with a relative path, made relative to the configuration; `None` if there is nothing
/// to do. Takes what follows `sqlite:`.
fn sqlite_url(rest: &str, dir: &Path) -> Option<String> {
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let (path, query) = rest.split_once('?').map_or((rest, ""), |(path, query)| (path, query));
    if path.is_empty() || path == ":memory:" || path.starts_with('/') {
        return None;
    }
    // The path of the URL is percent-encoded already, the folder is not.
    let dir = dir.to_str()?.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
    let joined = Path::new(&dir).join(path);
    let mark = if query.is_empty() { "" } else { "?" };
    Some(format!("sqlite://{}{mark}{query}", joined.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_sqlite_paths_are_relative_to_the_configuration() {
        let dir = Path::new("/etc/kpi 50%");
        for (rest, expected) in [
            ("data/x.db", Some("sqlite:///etc/kpi 50%25/data/x.db")),
            ("//data/x.db?mode=ro", Some("sqlite:///etc/kpi 50%25/data/x.db?mode=ro")),
            ("///var/x.db", None),
            ("/var/x.db", None),
            (":memory:", None),
            ("//:memory:", None),
        ] {
            assert_eq!(sqlite_url(rest, dir).as_deref(), expected, "{rest}");
        }
        assert_eq!(sqlite_url("x.db", Path::new("")).as_deref(), Some("sqlite://x.db"));
    }
}
