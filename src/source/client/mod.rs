//! The HTTP client that all sources behind HTTP share: sends one request and gives the answer within
//! limits of time and size, after such redirects, retries and logins as it takes. Not here: what the
//! answer means (`http`, `prometheus`, `engines`).

mod attempt;
mod auth;
mod bad_setting;
mod body;
mod cache;
mod deadline;
mod exchange;
mod failure;
mod grant;
mod login_parts;
mod note;
mod oauth;
mod pace;
mod redact;
mod redirect;
mod refusal;
mod retry;
mod room;
pub mod settings;
#[cfg(test)]
mod tests;
mod tls;
mod tls_failure;
mod transport;
mod urls;

use std::time::Duration;

use reqwest::Url;
use secrecy::ExposeSecret;
use tokio::time::sleep;

use self::auth::Login;
use self::cache::Cache;
pub(in crate::source) use self::deadline::Deadline;
pub(in crate::source) use self::exchange::{Answer, Exchange};
pub(in crate::source) use self::urls::{decoded, form};

use self::bad_setting::BadSetting;
use self::failure::Failure;
use self::pace::Pace;
use self::redact::Redactor;
use self::settings::ClientConfig;
use self::transport::Transport;
use super::trace::{Step, Trace};
use crate::metric::FetchError;
use crate::source::OpenError;

/// Sends requests to one server.
pub(in crate::source) struct Client {
    base: Url,
    timeout: Duration,
    max_body: u64,
    max_redirects: u32,
    retries: u32,
    transport: Transport,
    login: Login,
    pace: Pace,
    cache: Cache,
    redactor: Redactor,
}

impl Client {
    /// Reads the settings; connects to nothing.
    ///
    /// # Errors
    /// What is wrong with them, without secrets.
    pub(in crate::source) fn new(config: &ClientConfig) -> Result<Self, OpenError> {
        let base = Url::parse(config.url.expose_secret())
            .map_err(|error| BadSetting::Url(error.to_string()))?;
        let redactor = Redactor::default();
        // What lets one in may be part of the URL; ordinary words in it are not hidden.
        redactor.learn_keys(base.path());
        base.query_pairs().for_each(|(_, value)| redactor.learn(&value));
        Ok(Self {
            transport: Transport::new(config, &redactor)?,
            login: Login::new(config)?,
            pace: Pace::new(config.requests_per_second),
            cache: Cache::default(),
            timeout: config.timeout,
            max_body: config.max_body,
            max_redirects: config.max_redirects,
            retries: config.retries,
            base,
            redactor,
        })
    }

    /// The time for one fetch.
    pub(in crate::source) fn deadline(&self) -> Deadline {
        Deadline::of(self.timeout)
    }

    /// The URL of a path below the source's URL.
    pub(in crate::source) fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        url
    }

    /// A text that nobody may see, and what in it looks like a key: from now on errors and traces
    /// have `***` in its place.
    pub(in crate::source) fn hide(&self, secret: &str) {
        self.redactor.learn(secret);
        self.redactor.learn_keys(secret);
    }

    /// A text without the secrets that this client knows.
    pub(in crate::source) fn redact(&self, text: &str) -> String {
        self.redactor.redact(text)
    }

    /// Sends a request. Gives an answer of any status, after such retries as are allowed.
    pub(in crate::source) async fn send(
        &self,
        exchange: &Exchange,
        deadline: &mut Deadline,
        trace: &Trace,
    ) -> Result<Answer, FetchError> {
        let sensitive = exchange.headers.values().filter(|value| value.is_sensitive());
        sensitive.for_each(|value| self.hide(&String::from_utf8_lossy(value.as_bytes())));
        let mut attempt = 0;
        loop {
            attempt += 1;
            let outcome = self.attempt(exchange, deadline, trace).await;
            let Some(wait) = self.pause(&outcome, exchange, attempt, deadline) else {
                return outcome.map_err(|failure| self.redacted(failure.error));
            };
            trace.note(|| {
                let why = match &outcome {
                    Ok(answer) => refusal::shown(answer.status),
                    Err(failure) => self.redact(&failure.error.message),
                };
                Step::now(format!("{why}: trying again in {wait:.1?}"))
            });
            sleep(wait).await;
        }
    }

    /// How long to wait before the next try; `None` when there is none.
    fn pause(
        &self,
        outcome: &Result<Answer, Failure>,
        exchange: &Exchange,
        attempt: u32,
        deadline: &Deadline,
    ) -> Option<Duration> {
        let (again, asked) = match outcome {
            Err(failure) => (failure.passing && exchange.idempotent, None),
            Ok(answer) => {
                let asked = retry::asked_for(&answer.headers);
                (retry::may_follow(answer.status, asked.is_some(), exchange.idempotent), asked)
            }
        };
        if !again || attempt > self.retries {
            return None;
        }
        let wait = asked.unwrap_or_else(|| retry::pause(attempt, exchange.url.as_str()));
        deadline.leaves_time_after(wait).then_some(wait)
    }

    /// A failure without the secrets that this client knows: for those that quote an answer.
    pub(in crate::source) fn redacted(&self, error: FetchError) -> FetchError {
        let hint = error.hint.map(|hint| self.redact(&hint));
        FetchError { message: self.redact(&error.message), hint, ..error }
    }
}
