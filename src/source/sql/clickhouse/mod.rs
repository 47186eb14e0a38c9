//! ClickHouse (23.6 or newer) through its HTTP interface. Parameters are ClickHouse's own
//! `{name:Type}`, filled by the server from `param_name` in the URL. The session is read-only, in the
//! calendar's zone, limited in time and rows by the server itself, and cancelled by it when the
//! connection ends. A `DateTime` column without a zone keeps that of the server all the same: local
//! days of it are `toDate(placed_at, 'Europe/Berlin')`. Not here: what types and errors mean (`cells`, `errors`).

mod cells;
mod errors;

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, TryFutureExt};
use reqwest::Url;
use reqwest::header::{HeaderName, HeaderValue};
use serde::Deserialize;

use crate::metric::{FetchError, FetchErrorKind, Table, too_many_rows};
use crate::source::client::settings::Auth;
use crate::source::client::{Answer, Client, Exchange};
use crate::source::limit::server_limit;
use crate::source::params::{Param, ParamValue};
use crate::source::sql::EngineConfig;
use crate::source::sql::clickhouse::cells::ColumnType;
use crate::source::sql::engine::{note_query, trace};
use crate::source::statement::{Dialect, Statement, statement};
use crate::source::{OpenError, Request, Source};

/// Who asks, if there is no password to go with it.
const USER: HeaderName = HeaderName::from_static("x-clickhouse-user");

/// A ClickHouse server.
pub struct ClickHouseSource {
    client: Client,
    database: Option<String>,
    user: Option<HeaderValue>,
    /// How long the server may take.
    limit: Duration,
}

/// `FORMAT JSONCompact`.
#[derive(Deserialize)]
struct Document {
    meta: Vec<Column>,
    #[serde(default)]
    data: Vec<Vec<serde_json::Value>>,
    /// What went wrong after the answer had begun.
    exception: Option<String>,
}

#[derive(Deserialize)]
struct Column {
    name: String,
    #[serde(rename = "type")]
    kind: String,
}

impl ClickHouseSource {
    /// Reads the settings; connects to nothing.
    ///
    /// # Errors
    /// What is wrong with them, without secrets.
    pub fn new(config: &EngineConfig) -> Result<Self, OpenError> {
        // The server refuses a name in two places.
        let user = config.user.as_ref().filter(|_| matches!(config.client.auth, Auth::None));
        let user = user.map(|user| HeaderValue::from_str(user)).transpose();
        Ok(Self {
            client: Client::new(&config.client)?,
            database: config.database.clone(),
            user: user.map_err(|_| "the user has a character that no header can hold")?,
            limit: server_limit(config.client.timeout),
        })
    }

    async fn ask(&self, request: &Request) -> Result<Table, FetchError> {
        let statement = statement(Dialect::ClickHouse, request.sql()?)?;
        let bound: Vec<(String, String)> =
            statement.params().iter().map(|param| (param.name(), shown(*param, request))).collect();
        note_query(
            request,
            statement.sql(),
            bound.iter().map(|(name, value)| format!("{name} = {value}")),
        );
        let url = self.url(request, &bound);
        let body = Bytes::from(statement.sql().to_owned());
        let mut exchange = Exchange::post(url, "text/plain; charset=utf-8", body);
        exchange.idempotent = true;
        if let Some(user) = &self.user {
            exchange = exchange.header(USER, user.clone());
        }
        let mut deadline = self.client.deadline();
        let answer = self.client.send(&exchange, &mut deadline, &trace(request)).await?;
        self.read(answer, request, &statement)
    }

    fn url(&self, request: &Request, bound: &[(String, String)]) -> Url {
        let mut url = self.client.url("/");
        let mut pairs = url.query_pairs_mut();
        if let Some(database) = &self.database {
            pairs.append_pair("database", database);
        }
        for (name, value) in bound {
            pairs.append_pair(&format!("param_{name}"), value);
        }
        let rows = request.metric.max_label_sets + 1;
        pairs.extend_pairs([
            ("default_format", "JSONCompact"),
            // A failure then comes with its status, not in the middle of an answer.
            ("wait_end_of_query", "1"),
            // 2 reads only, but takes settings; 1 would refuse those that follow.
            ("readonly", "2"),
            ("cancel_http_readonly_queries_on_client_close", "1"),
            ("session_timezone", request.timezone.name()),
            ("max_execution_time", &self.limit.as_secs_f64().to_string()),
            ("max_result_rows", &rows.to_string()),
            ("result_overflow_mode", "break"),
            // Local times would be ambiguous, numbers would lose digits.
            ("date_time_output_format", "unix_timestamp"),
            ("output_format_json_quote_64bit_integers", "1"),
            ("output_format_json_quote_decimals", "1"),
            // Else they come as null.
            ("output_format_json_quote_denormals", "1"),
        ]);
        drop(pairs);
        url
    }

    fn read(
        &self,
        answer: Answer,
        request: &Request,
        statement: &Statement,
    ) -> Result<Table, FetchError> {
        if let Ok(document) = serde_json::from_slice::<Document>(&answer.body) {
            if let Some(said) = &document.exception {
                return Err(self.explain(said, statement));
            }
            return table(document, request);
        }
        let text = String::from_utf8_lossy(&answer.body);
        // At the end of an answer that had begun well, or all of it.
        let at = if text.starts_with("Code: ") { Some(0) } else { text.rfind("Code: ") };
        if let Some(said) = at.map(|at| &text[at..]).filter(|said| said.contains("Exception: ")) {
            return Err(self.explain(said, statement));
        }
        drop(text);
        answer.success()?;
        let message = "the answer is not ClickHouse's JSONCompact";
        Err(FetchError::new(FetchErrorKind::Shape, message).with_hint(
            "the query must not name a FORMAT; is this the HTTP port, 8123 or (TLS) 8443?",
        ))
    }

    fn explain(&self, said: &str, statement: &Statement) -> FetchError {
        errors::explain(said, statement, self.limit)
    }
}

impl Source for ClickHouseSource {
    fn fetch<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Table, FetchError>> {
        // An answer may repeat what was sent.
        self.ask(request).map_err(|error| self.client.redacted(error)).boxed()
    }
}

/// As ClickHouse reads it: instants as seconds since 1970, which no zone can change.
fn shown(param: Param, request: &Request) -> String {
    match param.value(request) {
        ParamValue::Instant(instant) => {
            let milliseconds = instant.timestamp_millis();
            format!("{}.{:03}", milliseconds.div_euclid(1000), milliseconds.rem_euclid(1000))
        }
        ParamValue::Date(date) => date.to_string(),
        ParamValue::Unix(seconds) => seconds.to_string(),
    }
}

fn table(document: Document, request: &Request) -> Result<Table, FetchError> {
    let metric = &request.metric;
    if document.data.len() > metric.max_label_sets {
        return Err(too_many_rows(metric));
    }
    let kinds: Vec<ColumnType> =
        document.meta.iter().map(|column| ColumnType::parse(&column.kind)).collect();
    let rows = document.data.iter().map(|row| {
        if row.len() != kinds.len() {
            let message = "the answer has rows of more than one length";
            return Err(FetchError::new(FetchErrorKind::Shape, message));
        }
        Ok(kinds.iter().zip(row).map(|(kind, value)| kind.cell(value)).collect())
    });
    let rows = rows.collect::<Result<_, _>>()?;
    let (columns, types) =
        document.meta.into_iter().map(|column| (column.name, column.kind)).unzip();
    Ok(Table { columns, types, rows, ..Table::default() })
}
