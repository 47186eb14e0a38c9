//! The settings of a `sql` source: as written, as validated, and what the kind tells of itself. Which
//! database it is, the URL says. Not here: engines that are asked over HTTP (`engine_settings`).

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::SqlSource;
use super::config::{Engine, EngineConfig, SqlConfig};
pub(in crate::source) use super::raw::SqlRaw;
use super::{columns, engine_settings, powers, uri};
use crate::metric::Query;
use crate::reader::entry::Entry;
use crate::reader::report::Report;
use crate::reader::secret_text::SecretText;
use crate::reader::spanned::Spanned;
use crate::source::client::settings::{limits, refuse};
use crate::source::kind::{Aside, Question, SourceKind};
use crate::source::metric_raw::MetricRaw;
use crate::source::statement::{Dialect, RENAMING, greeting, question};
use crate::source::{OpenError, Source};

/// Settings of a `sql` source.
#[derive(Debug, Clone)]
pub enum DatabaseConfig {
    /// PostgreSQL, MySQL, MariaDB or SQLite.
    Database(SqlConfig),
    /// ClickHouse or Trino, over HTTP.
    Engine(Box<EngineConfig>),
}

impl DatabaseConfig {
    /// What it tells of itself.
    pub(in crate::source) fn kind(&self) -> &dyn SourceKind {
        match self {
            Self::Database(config) => config,
            Self::Engine(config) => &**config,
        }
    }
}

/// `None` after a mistake.
pub(in crate::source) fn settings<E>(
    report: &mut Report<'_>,
    entry: &Entry<E>,
    raw: &SqlRaw,
) -> Option<DatabaseConfig> {
    let path = entry.key("sql");
    let Some(given) = &raw.url else {
        let hint = "add `url: postgres://host/database`, mysql:// or sqlite://".to_owned();
        report.problem(entry.span, format!("`{path}` lacks `url`"), hint);
        return None;
    };
    if let Some((engine, url)) = Engine::of_url(given.value.0.expose_secret()) {
        let config = engine_settings::settings(report, &path, raw, engine, &given.with(url));
        return config.map(|config| DatabaseConfig::Engine(Box::new(config)));
    }
    let url = url(report, &path, given, raw);
    if url.is_some() {
        refuse_http_keys(report, &path, raw);
    }
    let max_connections = limits::max_connections(report, &path, &raw.client());
    let config = SqlConfig {
        url: url?,
        user: raw.user.as_ref().map(|user| user.value.clone()),
        password: raw.password.as_ref().map(|password| password.value.0.clone()),
        max_connections,
        timeout: limits::timeout(&raw.client()),
    };
    match SqlSource::new(&config) {
        Ok(_) => Some(DatabaseConfig::Database(config)),
        Err(error) => {
            refuse_url(report, &format!("{path}.url"), given, &config, error);
            None
        }
    }
}

/// What the code that opens the source says of its URL, at the place that it names.
fn refuse_url(
    report: &mut Report<'_>,
    path: &str,
    given: &SecretText,
    config: &SqlConfig,
    error: OpenError,
) {
    let written = given.value.0.expose_secret();
    // A relative path of SQLite has been put behind another; what a reference stands for is not shown.
    let same = written == config.url.expose_secret() && !given.interpolated;
    let span = match error.part.filter(|_| same) {
        Some(part) => report.files.part(given.span, written, part),
        None => given.span,
    };
    report.problem(span, format!("`{path}`: {}", error.message), error.hint);
}

/// Refuses the keys that only mean something over HTTP.
fn refuse_http_keys(report: &mut Report<'_>, path: &str, raw: &SqlRaw) {
    let certificates = "a database takes certificates as parameters of its `url`: sslmode, \
                        sslrootcert (PostgreSQL), ssl-ca (MySQL)";
    let keys = raw.client();
    let remove = "delete the key";
    for (key, given, hint) in [
        ("auth", keys.auth.map(|given| given.span), "write `user` and `password`"),
        ("headers", keys.headers.map(|given| given.span), remove),
        ("tls", keys.tls.map(|given| given.span), certificates),
        ("proxy", keys.proxy.map(|given| given.span), remove),
        ("max_redirects", keys.max_redirects.map(|given| given.span), remove),
        (
            "requests_per_second",
            keys.requests_per_second.map(|given| given.span),
            "`max_connections` limits the queries at a time",
        ),
        ("retries", keys.retries.map(|given| given.span), remove),
        (
            "max_body",
            keys.max_body.map(|given| given.span),
            "`limits.max_label_sets` limits the rows of an answer",
        ),
    ] {
        refuse(report, path, key, given, "is for ClickHouse and Trino", hint);
    }
    let tenant = raw.tenant.as_ref().map(|given| given.span);
    refuse(report, path, "tenant", tenant, "is for `prometheus` sources", remove);
}

/// A URL of a known kind; a relative SQLite path is resolved. Never shown, for it may hold a
/// password.
fn url(
    report: &mut Report<'_>,
    path: &str,
    given: &SecretText,
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
                report.problem(span, message, "delete the key".to_owned());
            }
            let dir = report.dir(given.span);
            Some(sqlite_url(rest, dir).map_or_else(|| given.value.0.clone(), SecretString::from))
        }
        Some(_) if rest.starts_with("//") => Some(given.value.0.clone()),
        _ => unknown_scheme(report, path, given),
    }
}

fn unknown_scheme<T>(
    report: &mut Report<'_>,
    path: &str,
    given: &Spanned<T>,
) -> Option<SecretString> {
    let message = format!("`{path}.url` is not the URL of a database");
    let hint =
        "it starts with postgres://, mysql://, mariadb://, sqlite://, clickhouse+https:// or \
                trino+https://"
            .to_owned();
    report.problem(given.span, message, hint);
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
    let joined = Path::new(&uri::escaped(dir)).join(path);
    let mark = if query.is_empty() { "" } else { "?" };
    Some(format!("sqlite://{}{mark}{query}", joined.display()))
}

impl SourceKind for SqlConfig {
    fn name(&self) -> &'static str {
        match Dialect::of_url(self.url.expose_secret()) {
            Some(Dialect::Postgres) => "postgres",
            Some(Dialect::MySql) => "mysql",
            Some(Dialect::Sqlite) => "sqlite",
            Some(Dialect::ClickHouse | Dialect::Trino) | None => "sql",
        }
    }

    fn describe(&self) -> String {
        match SqlSource::new(self) {
            Ok(source) => source.target().to_owned(),
            Err(_) => self.name().to_owned(),
        }
    }

    fn greeting(&self) -> Query {
        greeting()
    }

    fn login_aside(&self) -> Option<Aside> {
        let source = SqlSource::new(self).ok()?;
        powers::aside(source.dialect(), source.database())
    }

    fn times_aside(&self, query: &Query) -> Option<Aside> {
        columns::aside(Dialect::of_url(self.url.expose_secret())?, query)
    }

    fn concurrency(&self) -> usize {
        self.max_connections as usize
    }

    fn timeout(&self) -> Duration {
        self.timeout
    }

    fn open(&self) -> Result<Arc<dyn Source>, OpenError> {
        Ok(Arc::new(SqlSource::new(self)?))
    }

    fn question(
        &self,
        report: &mut Report<'_>,
        entry: &Entry<MetricRaw>,
        _labels: Option<&[String]>,
    ) -> Option<Question> {
        question(report, entry, Dialect::of_url(self.url.expose_secret()))
    }

    fn renaming(&self, _metric: &MetricRaw) -> &'static str {
        RENAMING
    }
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
