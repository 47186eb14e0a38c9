//! The settings of a `files` source: as written, as validated, and what the kind tells of itself.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::FilesSource;
use super::tables::{self, FileTable, TableRaw};
use crate::metric::{Query, Template};
use crate::reader::entry::Entry;
use crate::reader::forms::{Mixed, Pairs, Parsed};
use crate::reader::report::Report;
use crate::reader::spanned::Spanned;
use crate::source::kind::{Question, SourceKind};
use crate::source::limit::TIMEOUT;
use crate::source::metric_raw::MetricRaw;
use crate::source::statement::{Dialect, RENAMING, SqlQuery, question};
use crate::source::{OpenError, Source};

/// Settings of a `files` source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilesConfig {
    /// By name.
    pub tables: BTreeMap<String, FileTable>,
    /// Time allowed for one fetch, reading included.
    pub timeout: Duration,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct FilesRaw {
    tables: Option<Spanned<Pairs<String, Mixed<TableRaw>>>>,
    timeout: Option<Parsed<Duration>>,
}

/// `None` after a mistake.
pub(in crate::source) fn settings<E>(
    report: &mut Report<'_>,
    entry: &Entry<E>,
    raw: &FilesRaw,
) -> Option<FilesConfig> {
    let path = entry.key("files");
    let Some(tables) = raw.tables.as_ref().filter(|tables| !tables.value.0.is_empty()) else {
        let span = raw.tables.as_ref().map_or(entry.span, |tables| tables.span);
        let hint = "name a table and its file: `tables: { orders: data/orders.csv }`";
        report.problem(span, format!("`{path}` has no `tables`"), hint.to_owned());
        return None;
    };
    let tables = tables::tables(report, &format!("{path}.tables"), &tables.value)?;
    let timeout = raw.timeout.as_ref().map_or(TIMEOUT, |timeout| timeout.0);
    Some(FilesConfig { tables, timeout })
}

impl SourceKind for FilesConfig {
    fn name(&self) -> &'static str {
        "files"
    }

    fn describe(&self) -> String {
        let tables: Vec<&str> = self.tables.keys().map(String::as_str).collect();
        let s = if tables.len() == 1 { "" } else { "s" };
        format!("files of table{s} {}", tables.join(", "))
    }

    /// Reads all tables.
    fn greeting(&self) -> Query {
        let counts = self.tables.keys().map(|table| format!("(SELECT count(*) FROM \"{table}\")"));
        let sql = format!("SELECT {} AS value", counts.collect::<Vec<_>>().join(" + "));
        Query::new(SqlQuery(Template::plain(sql)))
    }

    /// One in-memory database behind one connection.
    fn concurrency(&self) -> usize {
        1
    }

    fn timeout(&self) -> Duration {
        self.timeout
    }

    fn open(&self) -> Result<Arc<dyn Source>, OpenError> {
        Ok(Arc::new(FilesSource::new(self)?))
    }

    fn question(
        &self,
        report: &mut Report<'_>,
        entry: &Entry<MetricRaw>,
        _labels: Option<&[String]>,
    ) -> Option<Question> {
        question(report, entry, Some(Dialect::Sqlite))
    }

    fn renaming(&self, _metric: &MetricRaw) -> &'static str {
        RENAMING
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::metric::FetchErrorKind;

    #[test]
    fn the_greeting_reads_all_tables() {
        let tables =
            ["a", "b"].map(|name| (name.to_owned(), PathBuf::from(format!("{name}.csv")).into()));
        let files = FilesConfig { tables: tables.into(), timeout: Duration::from_secs(1) };
        let expected = r#"SELECT (SELECT count(*) FROM "a") + (SELECT count(*) FROM "b") AS value"#;
        assert_eq!(files.greeting().terms(), Some(&SqlQuery(Template::plain(expected))));
        assert!(files.is_rebuffed_by(FetchErrorKind::Shape));
    }
}
