//! The settings of ClickHouse and Trino, written as `sql` sources with a URL like
//! `clickhouse+https://host:8443/database` or `trino+https://host:8443/catalog/schema`, and what they
//! tell of themselves. Not here: the keys (`settings`), and asking them (`clickhouse`, `trino`).

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use secrecy::SecretString;

use super::config::{Engine, EngineConfig};
use super::raw::SqlRaw;
use super::{ClickHouseSource, TrinoSource, columns, powers};
use crate::metric::Query;
use crate::reader::entry::Entry;
use crate::reader::report::Report;
use crate::reader::secret_text::secret;
use crate::reader::spanned::Spanned;
use crate::secret::Secret;
use crate::source::client::decoded;
use crate::source::client::settings::auth::auth;
use crate::source::client::settings::{Auth, origin, refuse};
use crate::source::kind::{Aside, Question, SourceKind};
use crate::source::metric_raw::MetricRaw;
use crate::source::statement::{Dialect, RENAMING, greeting, question};
use crate::source::{OpenError, Source};

impl Engine {
    /// The engine that a URL names before a `+`, and the rest of the URL.
    pub(super) fn of_url(url: &str) -> Option<(Self, &str)> {
        let (engine, rest) = url.split_once('+')?;
        let engine = match engine.to_ascii_lowercase().as_str() {
            "clickhouse" => Self::ClickHouse,
            "trino" => Self::Trino,
            _ => return None,
        };
        Some((engine, rest))
    }

    /// In which its queries are written.
    fn dialect(self) -> Dialect {
        match self {
            Self::ClickHouse => Dialect::ClickHouse,
            Self::Trino => Dialect::Trino,
        }
    }

    /// How a URL of it is written.
    fn example(self) -> &'static str {
        match self {
            Self::ClickHouse => "clickhouse+https://host:8443/database",
            Self::Trino => "trino+https://host:8443/catalog/schema",
        }
    }

    /// How many names the path of its URL may hold.
    fn names(self) -> usize {
        match self {
            Self::ClickHouse => 1,
            Self::Trino => 2,
        }
    }
}

/// `url` is what follows the name of the engine. `None` after a mistake.
pub(super) fn settings(
    report: &mut Report<'_>,
    path: &str,
    raw: &SqlRaw,
    engine: Engine,
    url: &Spanned<&str>,
) -> Option<EngineConfig> {
    let tenant = raw.tenant.as_ref().map(|given| given.span);
    refuse(report, path, "tenant", tenant, "is for `prometheus` sources", "delete the key");
    let address = address(report, &format!("{path}.url"), engine, url);
    let (user, password) = match &address {
        Some(address) => (address.user.clone(), address.password.clone()),
        None => (None, None),
    };
    let user = raw.user.as_ref().map(|user| user.value.clone()).or(user);
    let password = raw.password.as_ref().map(secret).or(password.map(Secret::fixed));
    let login = match (raw.client().auth, password) {
        (Some(given), Some(_)) => {
            let message = format!("`{path}` has both `auth` and a password");
            report.problem(given.span, message, "keep one of the two".to_owned());
            None
        }
        (given, None) => auth(report, path, given),
        (None, Some(password)) => match &user {
            Some(user) => Some(Auth::Basic { user: user.clone(), password }),
            None if address.is_none() => None,
            None => {
                let span = raw.password.as_ref().map_or(url.span, |given| given.span);
                let message = format!("`{path}` has a password without `user`");
                report.problem(span, message, "add `user: …`".to_owned());
                None
            }
        },
    };
    let base = address.as_ref().map(|address| SecretString::from(address.base.clone()));
    let client = raw.client().settings(report, path, base, login)?;
    let mut names = address?.names.into_iter();
    Some(EngineConfig { engine, client, user, database: names.next(), schema: names.next() })
}

/// The parts of an engine's URL.
struct Address {
    /// Scheme, host and port.
    base: String,
    user: Option<String>,
    password: Option<String>,
    /// Those of the path.
    names: Vec<String>,
}

/// Never shown, for it may hold a password.
fn address(
    report: &mut Report<'_>,
    path: &str,
    engine: Engine,
    given: &Spanned<&str>,
) -> Option<Address> {
    let url = Url::parse(given.value).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
    let (message, hint) = match url {
        // Else part of a password would be taken for a host and turn up in messages.
        Some(url) if url.path().contains('@') => (
            format!("`{path}` has an `@` after a `/`, as if that were in its password"),
            "write `user` and `password` as keys of their own".to_owned(),
        ),
        Some(url) if url.port() == Some(0) => (
            format!("`{path}` has the port 0, where nothing listens"),
            format!("write it like {}", engine.example()),
        ),
        Some(url) if url.query().is_some() || url.fragment().is_some() => (
            format!("`{path}` has parameters or a fragment"),
            format!("write it like {}", engine.example()),
        ),
        Some(url) => match names(&url).filter(|names| names.len() <= engine.names()) {
            Some(names) => return Some(parts(url, names)),
            None => (
                format!("the path of `{path}` has too many names, or an empty one"),
                format!("write it like {}", engine.example()),
            ),
        },
        None => (
            format!("`{path}` is not the URL of a server"),
            format!(
                "write it like {}; a password with special characters goes into the key `password`",
                engine.example()
            ),
        ),
    };
    report.problem(given.span, message, hint);
    None
}

fn parts(mut url: Url, names: Vec<String>) -> Address {
    let user = Some(decoded(url.username())).filter(|user| !user.is_empty());
    let password = url.password().map(decoded);
    url.set_path("");
    // These fail for URLs without a host only.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    let base = url.as_str().trim_end_matches('/').to_owned();
    Address { base, user, password, names }
}

/// The names in a path; `None` when one is empty.
fn names(url: &Url) -> Option<Vec<String>> {
    let path = url.path().trim_matches('/');
    if path.is_empty() {
        return Some(Vec::new());
    }
    path.split('/').map(|name| Some(decoded(name)).filter(|name| !name.is_empty())).collect()
}

impl SourceKind for EngineConfig {
    fn name(&self) -> &'static str {
        match self.engine {
            Engine::ClickHouse => "clickhouse",
            Engine::Trino => "trino",
        }
    }

    fn describe(&self) -> String {
        let parts = std::iter::once(origin(&self.client.url));
        let names = self.database.iter().chain(&self.schema).cloned();
        format!("{} at {}", self.name(), parts.chain(names).collect::<Vec<_>>().join("/"))
    }

    fn greeting(&self) -> Query {
        greeting()
    }

    fn login_aside(&self) -> Option<Aside> {
        powers::aside(self.engine.dialect(), self.database.as_deref())
    }

    fn times_aside(&self, query: &Query) -> Option<Aside> {
        columns::aside(self.engine.dialect(), query)
    }

    fn concurrency(&self) -> usize {
        self.client.max_connections as usize
    }

    fn timeout(&self) -> Duration {
        self.client.timeout
    }

    fn open(&self) -> Result<Arc<dyn Source>, OpenError> {
        Ok(match self.engine {
            Engine::ClickHouse => Arc::new(ClickHouseSource::new(self)?),
            Engine::Trino => Arc::new(TrinoSource::new(self)?),
        })
    }

    fn question(
        &self,
        report: &mut Report<'_>,
        entry: &Entry<MetricRaw>,
        _labels: Option<&[String]>,
    ) -> Option<Question> {
        question(report, entry, Some(self.engine.dialect()))
    }

    fn renaming(&self, _metric: &MetricRaw) -> &'static str {
        RENAMING
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_are_named_before_the_scheme() {
        let of = |url| Engine::of_url(url);
        assert_eq!(of("clickhouse+http://h/d"), Some((Engine::ClickHouse, "http://h/d")));
        assert_eq!(of("Trino+https://h"), Some((Engine::Trino, "https://h")));
        assert_eq!(of("clickhouse://h"), None);
        assert_eq!(of("postgres://u:a+b@h"), None);
    }

    #[test]
    fn the_parts_of_a_url_come_apart_and_are_decoded() {
        let url = Url::parse("https://r%40x:p%3A%25w@Host:8443/my%20catalog/schema/").unwrap();
        let names = names(&url).unwrap();
        assert_eq!(names, ["my catalog", "schema"]);
        let parts = parts(url, names);
        assert_eq!(parts.base, "https://host:8443");
        assert_eq!((parts.user.as_deref(), parts.password.as_deref()), (Some("r@x"), Some("p:%w")));
        let url = Url::parse("http://h").unwrap();
        assert_eq!(super::names(&url), Some(Vec::new()));
        let parts = super::parts(url, Vec::new());
        assert_eq!((parts.base.as_str(), parts.user, parts.password), ("http://h", None, None));
        assert_eq!(super::names(&Url::parse("http://h/a//b").unwrap()), None);
        assert_eq!((decoded("50%"), decoded("%zz%é")), ("50%".to_owned(), "%zz%é".to_owned()));
    }
}
