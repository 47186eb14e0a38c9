//! The `prometheus` source: one instant query at the end of the window, on any server with the HTTP
//! API of Prometheus. Not here: what its answer means (`answer`); login, limits and retries
//! (`client`).

mod answer;
mod query;
pub(super) mod settings;

pub use self::query::PromQlQuery;
pub use self::settings::PrometheusConfig;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, TryFutureExt};
use reqwest::StatusCode;

use self::answer::{Good, no_such_column};
use super::client::settings::ClientConfig;
use super::client::{Answer, Client, Deadline, Exchange, form};
use super::trace::{Step, Trace};
use super::{OpenError, Request, Source, template};
use crate::id::MetricId;
use crate::metric::{FetchError, Table};
use crate::source::limit::server_limit;

/// Why an empty answer may be empty.
const NO_SERIES: &str = "Prometheus looks back 5 minutes for the newest sample (staleness): a \
                         metric that stopped, a typo in a name or label, or a window end in a gap \
                         gives nothing";

/// A server with the HTTP API of Prometheus.
pub struct PrometheusSource {
    client: Client,
    /// How long the server may take.
    limit: Duration,
    /// Whether it has refused POST.
    get_only: AtomicBool,
    /// What its last answers said besides the numbers, by metric: each is told once.
    said: Mutex<BTreeMap<MetricId, Vec<String>>>,
}

impl PrometheusSource {
    /// Reads the settings; connects to nothing.
    ///
    /// # Errors
    /// What is wrong with them, without secrets.
    pub fn new(config: &ClientConfig) -> Result<Self, OpenError> {
        Ok(Self {
            client: Client::new(config)?,
            limit: server_limit(config.timeout),
            get_only: AtomicBool::new(false),
            said: Mutex::default(),
        })
    }

    async fn ask(&self, request: &Request) -> Result<Table, FetchError> {
        let metric = &*request.metric;
        let PromQlQuery(query) = request.terms()?;
        if let Some(column) = metric.columns.iter().find(|column| *column != "value") {
            return Err(no_such_column(metric, column));
        }
        let text = template::fill(&query.text, request, |value| value)?;
        let at = request.span.window.end;
        request.trace.note(|| {
            let shown = if query.secret { "***" } else { &text };
            Step::now(format!("instant query at {}", shown_time(at)))
                .with_details(shown.lines().map(str::to_owned))
        });
        let params = [
            ("query", text),
            ("time", unix(at)),
            ("timeout", format!("{}ms", self.limit.as_millis())),
            // One more than allowed tells that there are too many; older servers ignore it.
            ("limit", (metric.max_label_sets + 1).to_string()),
        ];
        let mut deadline = self.client.deadline();
        // The client would show what it sends.
        let trace = if query.secret { Trace::default() } else { request.trace.clone() };
        let answer = self.send(&params, &mut deadline, &trace).await?;
        let Good { table, notes } = answer::read(answer, metric, query.secret)?;
        self.tell(request, &table, notes);
        Ok(table)
    }

    /// POST, since a query may be longer than a URL; GET for servers that know no other.
    async fn send(
        &self,
        params: &[(&str, String)],
        deadline: &mut Deadline,
        trace: &Trace,
    ) -> Result<Answer, FetchError> {
        let url = self.client.url("/api/v1/query");
        if !self.get_only.load(Ordering::Relaxed) {
            let body = Bytes::from(form(params));
            let mut post = Exchange::post(url.clone(), "application/x-www-form-urlencoded", body);
            post.idempotent = true;
            let answer = self.client.send(&post, deadline, trace).await?;
            let refused = [StatusCode::METHOD_NOT_ALLOWED, StatusCode::NOT_IMPLEMENTED];
            if !refused.contains(&answer.status) {
                return Ok(answer);
            }
        }
        let mut with_params = url;
        with_params.query_pairs_mut().extend_pairs(params);
        let answer = self.client.send(&Exchange::get(with_params), deadline, trace).await?;
        self.get_only.store(answer.status.is_success(), Ordering::Relaxed);
        Ok(answer)
    }

    /// Passes on what the server said besides the numbers, and that there are none: to the log when
    /// it is new, to the trace always.
    fn tell(&self, request: &Request, table: &Table, mut notes: Vec<String>) {
        let metric = &request.metric;
        let series = table.rows.len();
        if series == 0 {
            notes.push(format!("no series: {NO_SERIES}"));
        }
        request.trace.note(|| {
            let at = shown_time(request.span.window.end);
            Step::now(format!("{series} series at {at}")).with_details(notes.clone())
        });
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.get(&metric.id).map_or(&[][..], Vec::as_slice) != notes {
            for note in &notes {
                tracing::warn!(source = %metric.source, metric = %metric.id, "{note}");
            }
            said.insert(metric.id.clone(), notes);
        }
    }
}

impl Source for PrometheusSource {
    fn fetch<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Table, FetchError>> {
        // An answer may repeat what was sent.
        self.ask(request).map_err(|error| self.client.redacted(error)).boxed()
    }
}

impl fmt::Debug for PrometheusSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrometheusSource").finish_non_exhaustive()
    }
}

/// Seconds since 1970 with milliseconds, as Prometheus counts.
fn unix(at: DateTime<Utc>) -> String {
    let milliseconds = at.timestamp_millis();
    format!("{}.{:03}", milliseconds.div_euclid(1000), milliseconds.rem_euclid(1000))
}

fn shown_time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
