//! Sources: which type, and the keys of files and databases. Nothing is opened here. Not here:
//! what is reached over HTTP (`remote`, `engine`).

use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

use super::context::Context;
use super::engine::{self, Engine};
use super::limits;
use super::remote::{self, Kind, misplaced};
use crate::config::raw::{FilesRaw, RemoteRaw, SecretText, SourceRaw};
use crate::reader::entry::Entry;
use crate::reader::forms::Pairs;
use crate::reader::spanned::Spanned;
use crate::source::statement::Dialect;
use crate::source::{FilesConfig, SourceConfig, SqlConfig};

/// One source; `None` after a mistake.
pub(super) fn source(context: &mut Context<'_>, entry: &Entry<SourceRaw>) -> Option<SourceConfig> {
    let SourceRaw { files: of_files, sql: of_sql, http, prometheus } = &entry.value;
    let given = [
        of_files.as_ref().map(|_| "files"),
        of_sql.as_ref().map(|_| "sql"),
        http.as_ref().map(|_| "http"),
        prometheus.as_ref().map(|_| "prometheus"),
    ];
    let given: Vec<&str> = given.into_iter().flatten().collect();
    if let [first, second, ..] = given[..] {
        let message = format!("`{}` has two types, `{first}` and `{second}`", entry.path);
        context.problem(entry.span, message, "make it two sources".to_owned());
        return None;
    }
    if let Some(raw) = of_files {
        return files(context, entry, raw).map(SourceConfig::Files);
    }
    if let Some(raw) = of_sql {
        return sql(context, entry, raw);
    }
    if let Some(raw) = http {
        return remote::server(context, entry, Kind::Http, raw).map(SourceConfig::Http);
    }
    if let Some(raw) = prometheus {
        let server = remote::server(context, entry, Kind::Prometheus, raw);
        return server.map(SourceConfig::Prometheus);
    }
    if !entry.has_broken() {
        let hint = "write `{ files: { tables: … } }`, `{ sql: { url: … } }`, `{ http: { url: … } }` \
                    or `{ prometheus: { url: … } }`";
        context.problem(entry.span, format!("`{}` has no type", entry.path), hint.to_owned());
    }
    None
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
    let timeout = raw.timeout.as_ref().map_or(limits::TIMEOUT, |timeout| timeout.0);
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

/// A database, or an engine that is asked over HTTP.
fn sql(
    context: &mut Context<'_>,
    entry: &Entry<SourceRaw>,
    raw: &RemoteRaw,
) -> Option<SourceConfig> {
    let path = entry.key("sql");
    let Some(given) = &raw.url else {
        let hint = "add `url: postgres://host/database`, mysql:// or sqlite://".to_owned();
        context.problem(entry.span, format!("`{path}` lacks `url`"), hint);
        return None;
    };
    if let Some((engine, url)) = Engine::of_url(given.value.0.expose_secret()) {
        let config = engine::engine(context, &path, raw, engine, &given.with(url))?;
        return Some(match engine {
            Engine::ClickHouse => SourceConfig::ClickHouse(config),
            Engine::Trino => SourceConfig::Trino(config),
        });
    }
    let url = url(context, &path, given, raw);
    if url.is_some() {
        misplaced(context, &path, Kind::Database, raw);
    }
    let max_connections = limits::max_connections(context, &path, raw);
    Some(SourceConfig::Sql(SqlConfig {
        url: url?,
        user: raw.user.as_ref().map(|user| user.value.clone()),
        password: raw.password.as_ref().map(|password| password.value.0.clone()),
        max_connections,
        timeout: limits::timeout(raw),
    }))
}

/// A URL of a known kind; a relative SQLite path is resolved. Never shown, for it may hold a
/// password.
fn url(
    context: &mut Context<'_>,
    path: &str,
    given: &SecretText,
    raw: &RemoteRaw,
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
    let hint =
        "it starts with postgres://, mysql://, mariadb://, sqlite://, clickhouse+https:// or \
                trino+https://"
            .to_owned();
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
