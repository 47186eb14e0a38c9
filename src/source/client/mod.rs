//! The HTTP client that all sources behind HTTP share: sends one request and gives the answer within
//! limits of time and size, after such redirects, retries and logins as it takes. Not here: what the
//! answer means (`http`, `prometheus`, `engines`).

mod auth;
mod body;
mod cache;
pub mod config;
mod deadline;
mod exchange;
mod failure;
mod note;
mod oauth;
mod pace;
mod redact;
mod redirect;
mod retry;
#[cfg(test)]
mod tests;
mod tls;
mod tls_failure;
mod told;
mod transport;

use std::time::Duration;

use reqwest::header::IF_NONE_MATCH;
use reqwest::{Response, StatusCode, Url};
use secrecy::ExposeSecret;
use tokio::time::{Instant, sleep};

use self::auth::{Credentials, Login};
use self::cache::{Cache, Kept};
use self::config::ClientConfig;
pub(in crate::source) use self::deadline::Deadline;
pub(in crate::source) use self::exchange::{Answer, Exchange};
use self::failure::Failure;
use self::pace::Pace;
use self::redact::Redactor;
use self::redirect::Hop;
use self::transport::Transport;
use super::trace::{Step, Trace};
use super::{FetchError, FetchErrorKind};

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
    pub(in crate::source) fn new(config: &ClientConfig) -> Result<Self, String> {
        let base = Url::parse(config.url.expose_secret())
            .map_err(|error| format!("`url` is no URL: {error}"))?;
        let redactor = Redactor::default();
        learn_parts(&base, &redactor);
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

    /// A text that nobody may see: from now on errors and traces have `***` in its place.
    pub(in crate::source) fn hide(&self, secret: &str) {
        self.redactor.learn(secret);
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
        let mut attempt = 0;
        loop {
            attempt += 1;
            let outcome = self.attempt(exchange, deadline, trace).await;
            let Some(wait) = self.pause(&outcome, exchange, attempt, deadline) else {
                return outcome.map_err(|failure| self.redacted(failure.error));
            };
            trace.note(|| {
                let why = match &outcome {
                    Ok(answer) => told::shown(answer.status),
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

    /// Sends a request once, but for redirects and for a login that has to be renewed.
    async fn attempt(
        &self,
        exchange: &Exchange,
        deadline: &mut Deadline,
        trace: &Trace,
    ) -> Result<Answer, Failure> {
        let kept = self.cache.find(exchange);
        let mut hop = Hop::first(exchange, &self.base)?;
        if let Some(kept) = &kept {
            hop.headers.insert(IF_NONE_MATCH, kept.tag.clone());
        }
        let mut renewed = false;
        loop {
            self.pace.turn(deadline, trace).await?;
            let with = self.credentials(&hop, deadline, trace).await?;
            let started = Instant::now();
            let response = self.request(&hop, &with, deadline, trace).await?;
            let status = response.status();
            if status == StatusCode::UNAUTHORIZED && hop.home && !renewed {
                renewed = true;
                // Somebody else may be getting a token, and take his time.
                if deadline.limit(self.login.renew(&with)).await.unwrap_or(false) {
                    trace.note(|| Step::now("401 Unauthorized: trying again with a new login"));
                    continue;
                }
            }
            if let Some(next) = hop.next(status, response.headers(), self.login.key_param())? {
                self.check_redirects(&hop, &next)?;
                trace.note(|| {
                    let (status, to) = (told::shown(status), origin(&next.url));
                    Step::now(format!("{status}: redirected to {to}"))
                });
                hop = next;
                continue;
            }
            let answer = self.receive(response, &hop, started, deadline, trace).await?;
            return Ok(self.conditional(answer, exchange, kept, &hop));
        }
    }

    /// Other servers get no login.
    async fn credentials(
        &self,
        hop: &Hop,
        deadline: &Deadline,
        trace: &Trace,
    ) -> Result<Credentials, Failure> {
        if !hop.home {
            return Ok(Credentials::default());
        }
        self.login.credentials(&self.transport, &self.redactor, deadline, trace).await
    }

    async fn request(
        &self,
        hop: &Hop,
        with: &Credentials,
        deadline: &Deadline,
        trace: &Trace,
    ) -> Result<Response, Failure> {
        let mut url = hop.url.clone();
        if let Some((name, key)) = &with.param {
            set_param(&mut url, name, key);
        }
        let headers = with.added_to(&hop.headers);
        trace.note(|| {
            let shown = Hop { url: url.clone(), headers: headers.clone(), ..hop.clone() };
            note::request(&shown, &self.base, &self.redactor)
        });
        let sending = async {
            let http = self.transport.client().await?;
            let mut request = http.request(hop.method.clone(), url).headers(headers);
            if let Some(body) = &hop.body {
                request = request.body(body.clone());
            }
            let sent = request.send().await;
            sent.map_err(|error| failure::of_request(&error, &hop.url, self.transport.proxy()))
        };
        deadline.limit(sending).await.map_err(|_| failure::silent(&hop.url, deadline))?
    }

    /// Reads an answer to its end.
    async fn receive(
        &self,
        response: Response,
        hop: &Hop,
        started: Instant,
        deadline: &Deadline,
        trace: &Trace,
    ) -> Result<Answer, Failure> {
        let (status, headers) = (response.status(), response.headers().clone());
        let body = if status.is_success() {
            body::whole(response, &hop.url, self.max_body, deadline).await?
        } else {
            body::beginning(response, deadline).await
        };
        let took = started.elapsed();
        trace.note(|| note::answer(status, &headers, &body, took, &self.redactor));
        let refusal = (!status.is_success()).then(|| {
            let said = told::said(&headers, &body, &self.redactor);
            let hint = matches!(status.as_u16(), 401 | 403).then(|| self.login.hint());
            let error = told::refusal(&host(&hop.url), status, said.as_deref(), hint);
            let retry_after = retry::asked_for(&headers);
            Box::new(FetchError { retry_after, ..error })
        });
        if let (StatusCode::TOO_MANY_REQUESTS, true, Some(refusal)) = (status, hop.home, &refusal)
            && let Some(wait) = refusal.retry_after
        {
            self.pace.hold(wait, (**refusal).clone());
        }
        Ok(Answer { status, headers, url: hop.url.clone(), body, refusal })
    }

    /// Puts in what was kept when the server says that it is still good, keeps what is new.
    fn conditional(
        &self,
        answer: Answer,
        exchange: &Exchange,
        kept: Option<Kept>,
        hop: &Hop,
    ) -> Answer {
        match kept {
            Some(Kept { headers, body, .. }) if answer.status == StatusCode::NOT_MODIFIED => {
                Answer { status: StatusCode::OK, headers, body, refusal: None, ..answer }
            }
            _ => {
                if hop.redirects == 0 {
                    self.cache.keep(exchange, answer.status, &answer.headers, &answer.body);
                }
                answer
            }
        }
    }

    fn check_redirects(&self, hop: &Hop, next: &Hop) -> Result<(), FetchError> {
        if next.redirects <= self.max_redirects {
            return Ok(());
        }
        let (host, count, to) = (host(&self.base), next.redirects, origin(&next.url));
        let message = format!("{host} redirected {count} times, at last to {to}");
        let looped = next.url == hop.url;
        let hint = if looped {
            "it redirects to itself"
        } else {
            "it may go in circles; `max_redirects` sets how many are followed"
        };
        Err(FetchError::new(FetchErrorKind::Query, message).with_hint(hint))
    }

    fn redacted(&self, error: FetchError) -> FetchError {
        let hint = error.hint.map(|hint| self.redact(&hint));
        FetchError { message: self.redact(&error.message), hint, ..error }
    }
}

/// `https://example.com:8443`: all that is shown of a URL, since the rest may be secret.
fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// `example.com:8443`
fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or("nowhere");
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Fields as a form or a URL writes them.
fn form<N: AsRef<str>, V: AsRef<str>>(fields: &[(N, V)]) -> String {
    let mut url = Url::parse("http://host").ok();
    if let Some(url) = &mut url {
        url.query_pairs_mut().extend_pairs(fields);
    }
    url.as_ref().and_then(Url::query).unwrap_or_default().to_owned()
}

/// Sets a parameter once, whatever a link brought along.
fn set_param(url: &mut Url, name: &str, value: &str) {
    redirect::strip_param(url, name);
    url.query_pairs_mut().append_pair(name, value);
}

/// Parts of the source's URL may be what lets one in: parameters, and what looks like a key in the
/// path. Ordinary words do not, and would be missing from every message.
fn learn_parts(base: &Url, redactor: &Redactor) {
    let like_a_key = |part: &&str| {
        let digits = part.chars().any(|c| c.is_ascii_digit());
        let letters = part.chars().any(|c| c.is_ascii_alphabetic());
        part.len() >= 20 || (part.len() >= 8 && digits && letters)
    };
    base.path().split('/').filter(like_a_key).for_each(|part| redactor.learn(part));
    base.query_pairs().for_each(|(_, value)| redactor.learn(&value));
}
