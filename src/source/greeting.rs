//! The least that a source can be asked to find out whether it answers and takes the login: for
//! sources that no metric uses yet. Not here: asking.

use super::{FilesConfig, SourceConfig};
use crate::metric::{FetchErrorKind, Format, HttpQuery, Method, Query, Template};

impl SourceConfig {
    /// A query that any source of its kind can answer. For files, one that reads all tables; for an
    /// API, whose paths are not known, the source's own URL.
    pub fn greeting(&self) -> Query {
        match self {
            Self::Files(config) => Query::Sql(Template::plain(all_tables(config))),
            Self::Sql(_) | Self::ClickHouse(_) | Self::Trino(_) => {
                Query::Sql(Template::plain("SELECT 1 AS value"))
            }
            Self::Prometheus(_) => Query::PromQl(Template::plain("vector(1)")),
            Self::Http(_) => Query::Http(Box::new(HttpQuery {
                method: Method::Get,
                path: Template::plain(""),
                params: Vec::new(),
                headers: Vec::new(),
                body: None,
                format: Format::Json,
                require: Vec::new(),
                rows: None,
                columns: Vec::new(),
                pagination: None,
                sql: None,
            })),
        }
    }

    /// Whether a greeting that failed so tells that the source cannot be used. What an API has at its
    /// own URL says nothing: it answered.
    pub fn is_rebuffed_by(&self, kind: FetchErrorKind) -> bool {
        let unreachable = matches!(kind, FetchErrorKind::Unreachable | FetchErrorKind::Timeout);
        unreachable || !matches!(self, Self::Http(_))
    }
}

fn all_tables(config: &FilesConfig) -> String {
    let counts = config.tables.keys().map(|table| format!("(SELECT count(*) FROM \"{table}\")"));
    format!("SELECT {} AS value", counts.collect::<Vec<_>>().join(" + "))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::source::client::config::{Auth, ClientConfig, Proxy, TlsConfig};

    #[test]
    fn files_are_all_read_and_an_api_that_answers_anything_is_there() {
        let tables = ["a", "b"].map(|name| (name.to_owned(), format!("{name}.csv").into()));
        let files = FilesConfig { tables: tables.into(), timeout: Duration::from_secs(1) };
        let files = SourceConfig::Files(files);
        let expected = r#"SELECT (SELECT count(*) FROM "a") + (SELECT count(*) FROM "b") AS value"#;
        assert_eq!(files.greeting(), Query::Sql(Template::plain(expected)));
        assert!(files.is_rebuffed_by(FetchErrorKind::Shape));
        let api = SourceConfig::Http(ClientConfig {
            url: "http://127.0.0.1:1".into(),
            auth: Auth::None,
            headers: Vec::new(),
            tls: TlsConfig::default(),
            proxy: Proxy::Off,
            max_redirects: 0,
            max_connections: 1,
            requests_per_second: None,
            retries: 0,
            timeout: Duration::from_secs(1),
            max_body: 1,
        });
        assert!(!api.is_rebuffed_by(FetchErrorKind::Query));
        assert!(!api.is_rebuffed_by(FetchErrorKind::Shape));
        assert!(api.is_rebuffed_by(FetchErrorKind::Unreachable));
    }
}
