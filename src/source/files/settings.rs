//! The settings of a `files` source: as written, as validated, and what the kind tells of itself.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::FilesSource;
use crate::metric::{Query, Template};
use crate::reader::entry::Entry;
use crate::reader::forms::{Pairs, Parsed};
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
    /// Table name to path or glob; relative paths are already resolved against the configuration.
    pub tables: BTreeMap<String, PathBuf>,
    /// Time allowed for one fetch, reading included.
    pub timeout: Duration,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct FilesRaw {
    tables: Option<Spanned<Pairs<String, String>>>,
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
    let good = check_tables(report, &path, &tables.value);
    let tables = tables.value.0.iter();
    let tables = tables
        .map(|(name, file)| (name.value.clone(), report.dir(file.span).join(&file.value)))
        .collect();
    let timeout = raw.timeout.as_ref().map_or(TIMEOUT, |timeout| timeout.0);
    good.then_some(FilesConfig { tables, timeout })
}

fn check_tables(report: &mut Report<'_>, path: &str, tables: &Pairs<String, String>) -> bool {
    let mut good = true;
    for (name, file) in &tables.0 {
        let starts = name.value.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !starts || !name.value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            let message =
                format!("`{path}.tables`: `{}` cannot be the name of a table", name.value);
            let hint = "letters, digits and `_`, so that SQL needs no quotes".to_owned();
            report.problem(name.span, message, hint);
            good = false;
        }
        if file.value.is_empty() {
            let message = format!("`{path}.tables.{}` names no file", name.value);
            let hint = "give a path, or a glob like data/*.csv".to_owned();
            report.problem(file.span, message, hint);
            good = false;
        }
    }
    good
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
    use super::*;
    use crate::metric::FetchErrorKind;

    #[test]
    fn the_greeting_reads_all_tables() {
        let tables = ["a", "b"].map(|name| (name.to_owned(), format!("{name}.csv").into()));
        let files = FilesConfig { tables: tables.into(), timeout: Duration::from_secs(1) };
        let expected = r#"SELECT (SELECT count(*) FROM "a") + (SELECT count(*) FROM "b") AS value"#;
        assert_eq!(files.greeting().terms(), Some(&SqlQuery(Template::plain(expected))));
        assert!(files.is_rebuffed_by(FetchErrorKind::Shape));
    }
}
