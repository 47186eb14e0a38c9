//! The `http` source: one request to an API, or one for each page, and rows from what it answers.
//! Not here: login, limits and retries (`client`).

mod answer_body;
mod fetched_rows;
mod hidden;
mod json;
mod link;
mod names;
mod page_request;
mod paging;
mod part;
mod query;
mod reader;
mod recent;
mod samples;
mod separated;
pub(super) mod settings;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::StatusCode;
use tokio::time::Instant;

pub use self::query::{
    AnswerFormat, CsvFormat, HttpQuery, JsonTemplate, Method, NextPage, PageParam, Pagination,
    RequestBody,
};
pub use self::settings::HttpConfig;

use self::answer_body::{AnswerBody, shape};
use self::fetched_rows::RowsOutcome;
use self::page_request::PageRequest;
use self::paging::{Found, Pager};
use self::reader::Reader;
use self::recent::Recent;
use super::client::Client;
use super::client::settings::ClientConfig;
use super::trace::{Step, Trace};
use super::{OpenError, Request, Source};
use crate::metric::{FetchError, FetchErrorKind, Table};
use crate::shown;
use crate::source::rows::{self, LoggedRemarks};

/// What all pages of one fetch may hold together, decompressed; one page may hold what the source's
/// `max_body` says.
const MAX_BYTES: usize = 512 << 20;

/// An HTTP API.
pub struct HttpSource {
    client: Client,
    /// For the requests of one fetch together, and for a query over their rows.
    timeout: Duration,
    /// Whether the source says itself which formats it accepts.
    accepts: bool,
    recent: Recent,
    told: LoggedRemarks,
}

impl HttpSource {
    /// Reads the settings; connects to nothing.
    ///
    /// # Errors
    /// What is wrong with them, without secrets.
    pub fn new(config: &ClientConfig) -> Result<Self, OpenError> {
        let accepts = config.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("accept"));
        Ok(Self {
            client: Client::new(config)?,
            timeout: config.timeout,
            accepts,
            recent: Recent::default(),
            told: LoggedRemarks::default(),
        })
    }

    async fn ask(&self, request: &Request) -> Result<Table, FetchError> {
        let query: &HttpQuery = request.terms()?;
        for secret in hidden::secrets(query) {
            self.client.hide(&secret);
        }
        // What came may repeat what was sent.
        let rows = self.rows(query, request).await;
        match &*rows.map_err(|error| self.client.redacted(error))? {
            RowsOutcome::Table(table) => Ok(table.clone()),
            RowsOutcome::Query(known, statement) => {
                let mut table = rows::query::run(known, statement, request, self.timeout).await?;
                table.remarks.extend(known.remarks.iter().cloned());
                let concerned = known.texts.iter();
                let concerned = concerned.filter(|texts| texts.concern(statement.sql()));
                let remarks = concerned.filter_map(|texts| {
                    let remark = texts.remark(texts.in_sql().as_deref())?;
                    Some((format!("{}.{}", request.metric.id, texts.column), remark))
                });
                table.remarks.extend(self.told.tell(remarks.collect()));
                request.trace.note(|| {
                    let columns = shown::list(&table.columns);
                    Step::now(format!("query over the rows: {}", in_words(table.rows.len())))
                        .with_details([format!("columns: {columns}")])
                });
                Ok(table)
            }
        }
    }

    /// The rows of all pages; those of another window of the same run if it asked the same.
    async fn rows(
        &self,
        query: &HttpQuery,
        request: &Request,
    ) -> Result<Arc<RowsOutcome>, FetchError> {
        let locate = |path: &str| self.client.url(path);
        let mut page_request = PageRequest::new(query, request, locate, !self.accepts)?;
        let pager = Pager::new(query.pagination.as_ref(), &mut page_request)?;
        let (metric, first) = (&request.metric.id, page_request.exchange());
        if let Some(known) = self.recent.get(metric, &first, request.asked) {
            request
                .trace
                .note(|| Step::now("the same request as before: its answer is used again"));
            return Ok(known);
        }
        let begun = Instant::now();
        let (outcome, bytes) = self.gather(query, request, page_request, pager).await?;
        let outcome = Arc::new(outcome);
        self.recent.put(metric, first, begun, bytes, &outcome);
        Ok(outcome)
    }

    /// Goes through all pages; gives their rows, and their bytes together.
    async fn gather(
        &self,
        query: &HttpQuery,
        request: &Request,
        mut page_request: PageRequest,
        mut pager: Pager<'_>,
    ) -> Result<(RowsOutcome, usize), FetchError> {
        let mut reader = Reader::new(&request.metric, query)?;
        let mut deadline = self.client.deadline();
        let mut bytes = 0;
        loop {
            let number = pager.number();
            let exchange = page_request.exchange();
            let answer = self.client.send(&exchange, &mut deadline, &request.trace).await?;
            let answer = answer.success()?;
            match answer.status {
                StatusCode::ACCEPTED => return Err(not_ready()),
                StatusCode::PARTIAL_CONTENT => return Err(only_a_part()),
                _ => {}
            }
            bytes += answer.body.len();
            if bytes > MAX_BYTES {
                let message = format!("all pages together are larger than {} MiB", MAX_BYTES >> 20);
                return Err(shape(message).with_hint("ask the API for less"));
            }
            let page;
            (reader, page) = reader
                .read(AnswerBody::of(&answer))
                .await
                .map_err(|error| on_page(number, error))?;
            note(&request.trace, number, &page, reader.first_row());
            if !pager.next(&mut page_request, &answer.url, &answer.headers, &page)? {
                let mut outcome = reader.finish()?;
                if let Some(remark) = pager.remark() {
                    let told = format!("metric `{}`: {remark}", request.metric.id);
                    self.told.tell(vec![(request.metric.id.to_string(), told.clone())]);
                    outcome.remark(remark);
                }
                return Ok((outcome, bytes));
            }
        }
    }
}

/// "I have taken it down" is no answer.
fn not_ready() -> FetchError {
    let message = "the answer is not ready: the server has accepted the question (status 202)";
    FetchError::new(FetchErrorKind::Query, message)
        .with_hint("let the API wait longer for its result, or ask for less")
}

/// Nobody asked for a part.
fn only_a_part() -> FetchError {
    shape("the answer is only a part of the whole (status 206)".to_owned())
        .with_hint("delete a `Range` header; otherwise the server or a proxy cuts answers off")
}

/// The first page needs no number: there may be no other.
fn on_page(number: u32, error: FetchError) -> FetchError {
    if number == 1 {
        return error;
    }
    FetchError { message: format!("page {number}: {}", error.message), ..error }
}

fn note(trace: &Trace, number: u32, page: &Found, first_row: &[String]) {
    trace.note(|| {
        let details = if number == 1 { first_row } else { &[] };
        let details = details.iter().map(|column| format!("first row has {column}"));
        Step::now(format!("page {number}: {}", in_words(page.rows))).with_details(details)
    });
}

fn in_words(rows: usize) -> String {
    format!("{rows} row{}", if rows == 1 { "" } else { "s" })
}

impl Source for HttpSource {
    fn fetch<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Table, FetchError>> {
        self.ask(request).boxed()
    }
}

impl fmt::Debug for HttpSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpSource").finish_non_exhaustive()
    }
}
