//! A look at a database: which tables it has, a few rows of those that may be meant, and whether a query
//! that is proposed runs. Reads only, and little.

use std::path::Path;

use anyhow::Context as _;

use crate::cli::Unusable;
use crate::cli::probe::{Questions, probe, stand_in};
use crate::config::{self, Config, Environment};
use crate::engine::{SourceHandle, uses_of};
use crate::id::SourceId;
use crate::metric::{self, Query, Template};
use crate::proposal::{self, Schema};
use crate::source::SourceConfig;
use crate::source::sql::{DatabaseConfig, SqlSource};
use crate::source::statement::{Dialect, SqlQuery};
use crate::source::trace::Trace;
use crate::{clock, daemon};

/// A database that can be looked at.
pub(super) struct Database {
    config: Config,
    id: SourceId,
    handle: SourceHandle,
    /// Kind and address, without login.
    pub(super) place: String,
    dialect: Dialect,
}

impl Database {
    /// `None` where it is of a kind that nobody looks at here.
    pub(super) fn open(
        url: &str,
        folder: &Path,
        environment: &Environment,
    ) -> anyhow::Result<Option<Self>> {
        let url = serde_json::Value::from(url);
        let text = format!(
            "version: 1\nsources:\n  warehouse:\n    sql:\n      timeout: 20s\n      url: {url}\n"
        );
        let config = config::load_text("--url", &text, folder, environment)?;
        let Some((id, source)) = config.sources.iter().next() else { return Ok(None) };
        let SourceConfig::Sql(DatabaseConfig::Database(sql)) = source else { return Ok(None) };
        let unusable = |why: crate::source::OpenError| Unusable(format!("--url: {why}"));
        let dialect = SqlSource::new(sql).map_err(unusable)?.dialect();
        let handle = daemon::open_source(source).map_err(unusable)?;
        let (id, place) = (id.clone(), source.describe());
        Ok(Some(Self { config, id, handle, place, dialect }))
    }

    /// Its tables.
    pub(super) async fn schema(&self) -> anyhow::Result<Schema> {
        let query = proposal::columns_query(self.dialect).unwrap_or_default();
        let answer = self.ask(query, proposal::MOST_COLUMNS).await;
        let answer = answer.map_err(|error| {
            let hint = error.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
            let message = format!(
                "cannot look at {}: {} (hint: --no-look writes the queries over the tables of docs/catalog.md{hint})",
                self.place, error.message
            );
            Unusable(message)
        })?;
        Ok(proposal::columns_of(self.dialect, &answer))
    }

    /// Notes what some rows of these tables hold. One that cannot be read stays unknown.
    pub(super) async fn sample(&self, schema: &mut Schema, names: &[String]) {
        for table in &mut schema.tables {
            if names.contains(&table.full_name())
                && let Ok(answer) =
                    self.ask(proposal::sample_query(self.dialect, table), 10_000).await
            {
                proposal::sample_of(table, &answer);
            }
        }
    }

    async fn ask(&self, sql: String, rows: usize) -> Result<metric::Table, metric::FetchError> {
        let query = Query::new(SqlQuery(Template::plain(sql)));
        let failed =
            || metric::FetchError::new(metric::FetchErrorKind::Query, "it cannot be asked");
        let metric = stand_in(&self.id, query, rows).ok_or_else(failed)?;
        let span = Questions::of(Vec::new(), &self.config, clock::system(), None).span;
        let probe = probe(&metric, span, &self.config, &self.handle, Trace::default()).await;
        // What it means is of no matter: there need not be numbers.
        probe.table.ok_or_else(|| probe.measured.err().unwrap_or_else(failed))
    }

    /// Tries each metric of a configuration once: those that fail, and why.
    pub(super) async fn failing(
        &self,
        text: &str,
        folder: &Path,
        environment: &Environment,
    ) -> anyhow::Result<Vec<(String, String)>> {
        let config = config::load_text("the proposal", text, folder, environment)
            .context("what was found makes no configuration")?;
        let mut failing = Vec::new();
        let as_of = clock::system();
        for metric in config.definitions.metrics.values() {
            if metric.source != self.id {
                continue;
            }
            let span =
                Questions::of(uses_of(metric, &config.definitions, as_of), &config, as_of, None)
                    .span;
            let probe = probe(metric, span, &config, &self.handle, Trace::default()).await;
            if let Err(error) = probe.measured {
                failing.push((metric.id.to_string(), error.message));
            }
        }
        Ok(failing)
    }
}
