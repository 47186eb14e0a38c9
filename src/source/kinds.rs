//! The kinds of sources there are: the one place that names them all. Not here: what a kind is (its
//! room).

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::Source;
use super::down::DownSource;
use super::files::settings::{self as files, FilesConfig, FilesRaw};
use super::http::settings::{self as http, HttpConfig, HttpRaw};
use super::kind::{Aside, Question, SourceKind};
use super::metric_raw::MetricRaw;
use super::open_error::OpenError;
use super::prometheus::settings::{self as prometheus, PrometheusConfig, PrometheusRaw};
use super::sql::settings::{self as sql, DatabaseConfig, SqlRaw};
use crate::metric::{FetchErrorKind, Query};
use crate::reader::entry::Entry;
use crate::reader::report::Report;

/// A validated source, not yet opened.
#[derive(Debug, Clone)]
pub enum SourceConfig {
    /// Files on disk, queried by SQL.
    Files(FilesConfig),
    /// A database or an engine that understands SQL.
    Sql(DatabaseConfig),
    /// An HTTP API.
    Http(HttpConfig),
    /// A server with the HTTP API of Prometheus.
    Prometheus(PrometheusConfig),
}

/// A source as written. Externally tagged: the key is the type, and there is one.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SourceRaw {
    files: Option<FilesRaw>,
    sql: Option<SqlRaw>,
    http: Option<HttpRaw>,
    prometheus: Option<PrometheusRaw>,
}

impl SourceRaw {
    /// The types that are given.
    fn given(&self) -> Vec<&'static str> {
        let Self { files, sql, http, prometheus } = self;
        let given = [
            files.as_ref().map(|_| "files"),
            sql.as_ref().map(|_| "sql"),
            http.as_ref().map(|_| "http"),
            prometheus.as_ref().map(|_| "prometheus"),
        ];
        given.into_iter().flatten().collect()
    }
}

/// One source; `None` after a mistake. It is opened as the daemon opens it, which touches neither
/// network nor disk: what is accepted here can be started.
pub(crate) fn source(report: &mut Report<'_>, entry: &Entry<SourceRaw>) -> Option<SourceConfig> {
    let config = validated(report, entry)?;
    match config.open() {
        Ok(_) => Some(config),
        Err(error) => {
            let message = format!("`{}`: {}", entry.path, error.message);
            report.problem(entry.span, message, error.hint);
            None
        }
    }
}

fn validated(report: &mut Report<'_>, entry: &Entry<SourceRaw>) -> Option<SourceConfig> {
    let raw = &entry.value;
    if let [first, second, ..] = raw.given()[..] {
        let message = format!("`{}` has two types, `{first}` and `{second}`", entry.path);
        report.problem(entry.span, message, "make it two sources".to_owned());
        return None;
    }
    if let Some(raw) = &raw.files {
        return files::settings(report, entry, raw).map(SourceConfig::Files);
    }
    if let Some(raw) = &raw.sql {
        return sql::settings(report, entry, raw).map(SourceConfig::Sql);
    }
    if let Some(raw) = &raw.http {
        return http::settings(report, entry, raw).map(SourceConfig::Http);
    }
    if let Some(raw) = &raw.prometheus {
        return prometheus::settings(report, entry, raw).map(SourceConfig::Prometheus);
    }
    if !entry.has_broken() {
        let hint = "write `{ files: { tables: … } }`, `{ sql: { url: … } }`, `{ http: { url: … } }` \
                    or `{ prometheus: { url: … } }`";
        report.problem(entry.span, format!("`{}` has no type", entry.path), hint.to_owned());
    }
    None
}

impl SourceConfig {
    fn kind(&self) -> &dyn SourceKind {
        match self {
            Self::Files(config) => config,
            Self::Sql(config) => config.kind(),
            Self::Http(config) => config,
            Self::Prometheus(config) => config,
        }
    }

    /// `files`, `http`, `prometheus`, or the name of the database.
    pub fn name(&self) -> &'static str {
        self.kind().name()
    }

    /// Kind and place, without secrets.
    pub fn describe(&self) -> String {
        self.kind().describe()
    }

    /// The least that it can be asked: for sources that no metric uses yet.
    pub fn greeting(&self) -> Query {
        self.kind().greeting()
    }

    /// Whether a greeting that failed so tells that the source cannot be used.
    pub fn is_rebuffed_by(&self, kind: FetchErrorKind) -> bool {
        self.kind().is_rebuffed_by(kind)
    }

    /// What tells what its login may do besides reading, where that can be asked.
    pub fn login_aside(&self) -> Option<Aside> {
        self.kind().login_aside()
    }

    /// What tells whether the times that a query compares are what they seem, where that can be asked.
    pub fn times_aside(&self, query: &Query) -> Option<Aside> {
        self.kind().times_aside(query)
    }

    /// How many fetches it takes at once.
    pub fn concurrency(&self) -> usize {
        self.kind().concurrency()
    }

    /// Time allowed for one fetch.
    pub fn timeout(&self) -> Duration {
        self.kind().timeout()
    }

    /// Opens it: touches neither network nor disk.
    ///
    /// # Errors
    /// What is wrong with the settings, in words that hold no secret.
    pub fn open(&self) -> Result<Arc<dyn Source>, OpenError> {
        self.kind().open()
    }

    /// Opens it, or what stands for a source that is down, with the reason.
    pub fn open_or_down(&self) -> (Arc<dyn Source>, Option<OpenError>) {
        match self.open() {
            Ok(source) => (source, None),
            Err(why) => (Arc::new(DownSource(why.clone())), Some(why)),
        }
    }

    /// What a metric asks it; `None` after a mistake.
    pub(crate) fn question(
        &self,
        report: &mut Report<'_>,
        entry: &Entry<MetricRaw>,
        labels: Option<&[String]>,
    ) -> Option<Question> {
        self.kind().question(report, entry, labels)
    }

    /// How a metric's column gets another name, for hints.
    pub(crate) fn renaming(&self, metric: &MetricRaw) -> &'static str {
        self.kind().renaming(metric)
    }
}
