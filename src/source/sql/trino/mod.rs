//! Trino (418 or newer) through its client protocol,
//! <https://trino.io/docs/current/develop/client-protocol.html>: a POST begins a query, each answer
//! names the next one, DELETE ends it. Whatever goes wrong here, a query that has begun is ended
//! there. Not here: how parameters are bound (`bind`), what types and errors mean (`cells`,
//! `errors`).

mod bind;
mod cells;
mod errors;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, TryFutureExt};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde::Deserialize;
use tokio::time::timeout;

use crate::metric::{FetchError, FetchErrorKind, Table, too_many_rows};
use crate::source::client::settings::Auth;
use crate::source::client::{Answer, Client, Exchange};
use crate::source::limit::server_limit;
use crate::source::sql::EngineConfig;
use crate::source::sql::engine::{note_query, trace};
use crate::source::sql::trino::bind::Bound;
use crate::source::sql::trino::cells::ColumnType;
use crate::source::sql::trino::errors::QueryError;
use crate::source::statement::{Dialect, statement};
use crate::source::trace::{Step, Trace};
use crate::source::{OpenError, Request, Source};

/// How long a failed fetch waits for the end of its query.
const GRACE: Duration = Duration::from_secs(2);

/// A Trino coordinator.
pub struct TrinoSource {
    client: Arc<Client>,
    /// Sent with every request.
    user: HeaderMap,
    /// Sent with the first request.
    session: HeaderMap,
    /// How long the server may take.
    limit: Duration,
}

/// One answer of the protocol.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Results {
    next_uri: Option<String>,
    columns: Option<Vec<Column>>,
    data: Option<Vec<Vec<serde_json::Value>>>,
    error: Option<QueryError>,
    #[serde(default)]
    warnings: Vec<Warning>,
}

#[derive(Deserialize)]
struct Column {
    name: String,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Warning {
    message: String,
}

impl TrinoSource {
    /// Reads the settings; connects to nothing.
    ///
    /// # Errors
    /// What is wrong with them, without secrets.
    pub fn new(config: &EngineConfig) -> Result<Self, OpenError> {
        let limit = server_limit(config.client.timeout);
        let user = match (&config.user, &config.client.auth) {
            (Some(user), _) => Some(user.as_str()),
            (None, Auth::None) => Some("kpi-exporter"),
            // Who logs in has a name already.
            (None, _) => None,
        };
        let run_time = format!("query_max_run_time={}ms", limit.as_millis());
        let session = [
            ("x-trino-catalog", config.database.as_deref()),
            ("x-trino-schema", config.schema.as_deref()),
            ("x-trino-source", Some("kpi-exporter")),
            ("x-trino-session", Some(&run_time)),
            // Else times would come rounded to milliseconds.
            ("x-trino-client-capabilities", Some("PARAMETRIC_DATETIME")),
        ];
        Ok(Self {
            client: Arc::new(Client::new(&config.client)?),
            user: headers([("x-trino-user", user)])?,
            session: headers(session)?,
            limit,
        })
    }

    async fn ask(&self, request: &Request) -> Result<Table, FetchError> {
        let bound = Bound::new(statement(Dialect::Trino, request.sql()?)?, request);
        note_query(request, bound.sql(), std::iter::empty());
        let mut query = Query { source: self, next: None };
        let outcome = query.run(request, &bound).await;
        query.end(&request.trace).await;
        outcome
    }

    fn first(&self, request: &Request, bound: &Bound) -> Result<Exchange, FetchError> {
        let body = Bytes::from(bound.sql().to_owned());
        let url = self.client.url("/v1/statement");
        let mut exchange = Exchange::post(url, "text/plain; charset=utf-8", body);
        // It only reads; if an answer gets lost, the server ends the first query at its limit.
        exchange.idempotent = true;
        exchange.headers.extend(self.user.clone());
        exchange.headers.extend(self.session.clone());
        exchange.headers.extend(zone(request)?);
        Ok(exchange)
    }

    /// The address of the next answer. A login must not go to another server.
    fn next(&self, uri: &str, answer: &Url) -> Result<Url, FetchError> {
        let known = [self.client.url("").origin(), answer.origin()];
        Url::parse(uri).ok().filter(|url| known.contains(&url.origin())).ok_or_else(|| {
            shape("the coordinator names another server for the rest of its answer").with_hint(
                "behind a proxy it needs `http-server.process-forwarded=true` in its configuration",
            )
        })
    }
}

impl Source for TrinoSource {
    fn fetch<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Table, FetchError>> {
        // An answer may repeat what was sent.
        self.ask(request).map_err(|error| self.client.redacted(error)).boxed()
    }
}

/// A query that may still run on the server.
struct Query<'a> {
    source: &'a TrinoSource,
    /// Where the rest of its answer is, and where it can be ended; `None` when it has ended.
    next: Option<Url>,
}

impl Query<'_> {
    async fn run(&mut self, request: &Request, bound: &Bound) -> Result<Table, FetchError> {
        let source = self.source;
        let mut deadline = source.client.deadline();
        let mut exchange = source.first(request, bound)?;
        let mut table = Table::default();
        let mut kinds = Vec::new();
        loop {
            let answer = source.client.send(&exchange, &mut deadline, &trace(request)).await?;
            let (results, url) = results(answer)?;
            self.next = results.next_uri.map(|uri| source.next(&uri, &url)).transpose()?;
            if let Some(error) = results.error {
                self.next = None;
                return Err(error.explain(bound, source.limit));
            }
            if let Some(columns) = results.columns.filter(|_| table.columns.is_empty()) {
                kinds = columns.iter().map(|column| ColumnType::parse(&column.kind)).collect();
                (table.columns, table.types) =
                    columns.into_iter().map(|column| (column.name, column.kind)).unzip();
            }
            take(&mut table, &kinds, &results.data.unwrap_or_default(), request)?;
            let Some(next) = &self.next else {
                note_warnings(&request.trace, results.warnings);
                return Ok(table);
            };
            exchange = Exchange::get(next.clone());
            exchange.headers.extend(source.user.clone());
        }
    }

    /// Ends the query on the server, unless it has ended.
    async fn end(&mut self, trace: &Trace) {
        let Some(next) = &self.next else { return };
        // Stays until it is done: a dropped future tries once more.
        let ending = cancel(&self.source.client, next.clone(), self.source.user.clone(), trace);
        let _ = timeout(GRACE, ending).await;
        self.next = None;
    }
}

impl Drop for Query<'_> {
    fn drop(&mut self) {
        let Some(next) = self.next.take() else { return };
        let (client, user) = (Arc::clone(&self.source.client), self.source.user.clone());
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { cancel(&client, next, user, &Trace::default()).await });
        }
    }
}

async fn cancel(client: &Client, next: Url, headers: HeaderMap, trace: &Trace) {
    let delete =
        Exchange { method: Method::DELETE, url: next, headers, body: None, idempotent: true };
    // Nobody is left to be told: the server ends the query at its own limit.
    let _ = client.send(&delete, &mut client.deadline(), trace).await;
}

fn results(answer: Answer) -> Result<(Results, Url), FetchError> {
    let answer = answer.success()?;
    match serde_json::from_slice(&answer.body) {
        Ok(results) => Ok((results, answer.url)),
        Err(_) => Err(shape("the answer is not one of Trino's client protocol")
            .with_hint("is this the url of a coordinator, and does it need a login?")),
    }
}

fn take(
    table: &mut Table,
    kinds: &[ColumnType],
    data: &[Vec<serde_json::Value>],
    request: &Request,
) -> Result<(), FetchError> {
    if table.rows.len() + data.len() > request.metric.max_label_sets {
        return Err(too_many_rows(&request.metric));
    }
    for row in data {
        if row.len() != kinds.len() {
            return Err(shape("the answer has a row that does not fit its columns"));
        }
        let cells = kinds.iter().zip(row).map(|(kind, value)| kind.cell(value, request.timezone));
        table.rows.push(cells.collect());
    }
    Ok(())
}

fn note_warnings(trace: &Trace, warnings: Vec<Warning>) {
    if !warnings.is_empty() {
        let lines = warnings.into_iter().map(|warning| warning.message);
        trace.note(|| Step::now("warnings of the server").with_details(lines));
    }
}

/// Days begin in the calendar's zone.
fn zone(request: &Request) -> Result<HeaderMap, FetchError> {
    headers([("x-trino-time-zone", Some(request.timezone.name()))])
        .map_err(|error| shape(error.to_string()))
}

/// A value that cannot be sent as this header.
#[derive(Debug, thiserror::Error)]
#[error("no header can hold what goes into {0}: use ASCII")]
struct NoHeader(&'static str);

impl From<NoHeader> for OpenError {
    fn from(error: NoHeader) -> Self {
        error.to_string().into()
    }
}

fn headers<'a>(
    pairs: impl IntoIterator<Item = (&'static str, Option<&'a str>)>,
) -> Result<HeaderMap, NoHeader> {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        if let Some(value) = value {
            let value = HeaderValue::from_str(value).map_err(|_| NoHeader(name))?;
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    Ok(headers)
}

fn shape(message: impl Into<String>) -> FetchError {
    FetchError::new(FetchErrorKind::Shape, message)
}
