//! Access tokens, RFC 6749: asked for once however many wait for one, kept until shortly before they
//! expire. A new refresh token that comes along is kept in memory only. Not here: sending a token along
//! (`auth`).

use std::fmt::Write as _;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode, Url};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::auth::{basic, reread, value};
use super::config::OAuth2;
use super::deadline::Deadline;
use super::failure::{self, Failure};
use super::redact::Redactor;
use super::transport::Transport;
use super::{body, told};
use crate::source::secret::Secret;
use crate::source::trace::{Step, Trace};
use crate::source::{FetchError, FetchErrorKind};

/// A token is replaced this long before it expires, or a tenth of its life if that is shorter.
const MARGIN: Duration = Duration::from_mins(1);
/// A token's answer is small.
const MAX_BYTES: u64 = 64 * 1024;

/// The tokens of a source.
pub(super) struct Tokens {
    url: Url,
    config: OAuth2,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    /// Given in exchange for the one in the configuration.
    refresh_token: Option<String>,
    /// The last failure, for those who were waiting when it happened.
    failed: Option<(Instant, FetchError)>,
}

struct Token {
    value: String,
    renew_at: Option<Instant>,
}

/// What is answered to a request for a token; `expires_in` is a number, or one in quotes.
#[derive(Deserialize)]
struct Given {
    access_token: Option<String>,
    expires_in: Option<Value>,
    refresh_token: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

impl Tokens {
    /// Reads the settings.
    ///
    /// # Errors
    /// A URL that is none.
    pub(super) fn new(config: &OAuth2) -> Result<Self, String> {
        let url = Url::parse(config.token_url.expose_secret())
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"))
            .ok_or("`auth.oauth2.token_url` is no URL that begins with http:// or https://")?;
        Ok(Self { url, config: config.clone(), state: Mutex::default() })
    }

    /// A token that is good for a while.
    pub(super) async fn get(
        &self,
        transport: &Transport,
        redactor: &Redactor,
        deadline: &Deadline,
        trace: &Trace,
    ) -> Result<String, Failure> {
        let asked = Instant::now();
        let silent = |_| failure::silent(&self.url, deadline);
        let mut state = deadline.limit(self.state.lock()).await.map_err(silent)?;
        if let Some(token) = &state.token
            && token.renew_at.is_none_or(|at| Instant::now() < at)
        {
            return Ok(token.value.clone());
        }
        // Who waited for a request that failed does not ask the same once more.
        if let Some((at, error)) = &state.failed
            && asked < *at
        {
            return Err(error.clone().into());
        }
        let outcome = self.renew(&mut state, transport, redactor, deadline, trace).await;
        match &outcome {
            Ok(_) => state.failed = None,
            Err(failure) => state.failed = Some((Instant::now(), failure.error.clone())),
        }
        outcome
    }

    /// Drops a token that was refused, unless it has been replaced already.
    pub(super) async fn forget(&self, refused: &str) {
        let mut state = self.state.lock().await;
        state.token.take_if(|token| token.value == refused);
    }

    /// What may be in files.
    pub(super) fn secrets(&self) -> Vec<Secret> {
        let own = self.config.client_secret.iter().chain(&self.config.refresh_token);
        own.chain(self.config.params.iter().map(|(_, secret)| secret)).cloned().collect()
    }

    /// Asks for a token; once more with what is in the files and the configuration now, if that is
    /// something else than what was refused.
    async fn renew(
        &self,
        state: &mut State,
        transport: &Transport,
        redactor: &Redactor,
        deadline: &Deadline,
        trace: &Trace,
    ) -> Result<String, Failure> {
        let mut again = true;
        loop {
            let refresh_token = state.refresh_token.as_deref();
            let (status, given) =
                self.ask(refresh_token, transport, redactor, deadline, trace).await?;
            if let (true, Some(token)) = (given.error.is_none(), &given.access_token) {
                let token = token.clone();
                self.accept(state, &given, &token, redactor);
                return Ok(token);
            }
            let rotated = state.refresh_token.take().is_some();
            let changed = reread(self.secrets()).await;
            if !again || !(rotated || changed) {
                let error = self.refusal(status, &given, redactor);
                return Err(Failure { error, passing: passing(status) });
            }
            again = false;
        }
    }

    fn accept(&self, state: &mut State, given: &Given, token: &str, redactor: &Redactor) {
        redactor.learn(token);
        let lifetime = given.expires_in.as_ref().and_then(seconds);
        let renew_at = lifetime.and_then(|life| Instant::now().checked_add(renew_after(life)));
        state.token = Some(Token { value: token.to_owned(), renew_at });
        if let (Some(_), Some(rotated)) = (&self.config.refresh_token, &given.refresh_token) {
            redactor.learn(rotated);
            state.refresh_token = Some(rotated.clone());
        }
    }

    async fn ask(
        &self,
        refresh_token: Option<&str>,
        transport: &Transport,
        redactor: &Redactor,
        deadline: &Deadline,
        trace: &Trace,
    ) -> Result<(StatusCode, Given), Failure> {
        let (headers, form) = self.request(refresh_token, redactor)?;
        let host = super::host(&self.url);
        trace.note(|| self.step(&form, redactor));
        let started = Instant::now();
        let http = transport.client().await?;
        let request = http.request(Method::POST, self.url.clone()).headers(headers);
        let sending = deadline.limit(request.body(super::form(&form)).send()).await;
        let response = sending
            .map_err(|_| failure::silent(&self.url, deadline))?
            .map_err(|error| failure::of_request(&error, &self.url, transport.proxy()))?;
        let (status, sent) = (response.status(), response.headers().clone());
        let body = body::whole(response, &self.url, MAX_BYTES, deadline).await?;
        let took = started.elapsed();
        trace.note(|| Step::now(format!("{} from {host} in {took:.1?}", told::shown(status))));
        match serde_json::from_slice::<Given>(&body) {
            Ok(given) if given.error.is_some() || given.access_token.is_some() => {
                Ok((status, given))
            }
            // Says nothing about tokens: somebody else answers, or somebody in trouble.
            _ => {
                let said = told::said(&sent, &body, redactor);
                let said = said.filter(|_| !status.is_success());
                let hint = "is `auth.oauth2.token_url` right?";
                let mut error = told::refusal(&host, status, said.as_deref(), Some(hint));
                if status.is_success() {
                    error.message = format!("{host} answered without an access token");
                }
                error.kind = FetchErrorKind::Unreachable;
                Err(Failure { error, passing: passing(status) })
            }
        }
    }

    /// Headers and fields of a request for a token.
    fn request(
        &self,
        refresh_token: Option<&str>,
        redactor: &Redactor,
    ) -> Result<(HeaderMap, Vec<(String, String)>), FetchError> {
        let config = &self.config;
        self.secrets().iter().for_each(|secret| redactor.learn(&secret.expose()));
        let mut form: Vec<(String, String)> = Vec::new();
        let mut field = |name: &str, value: &str| form.push((name.to_owned(), value.to_owned()));
        match &config.refresh_token {
            Some(configured) => {
                let configured = configured.expose();
                field("grant_type", "refresh_token");
                field("refresh_token", refresh_token.unwrap_or(&configured));
            }
            None => field("grant_type", "client_credentials"),
        }
        if !config.scopes.is_empty() {
            field("scope", &config.scopes.join(" "));
        }
        for (name, value) in &config.params {
            field(name, &value.expose());
        }
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(CONTENT_TYPE, form_type);
        match &config.client_secret {
            Some(secret) if !config.in_body => {
                // RFC 6749, section 2.3.1: both are written as in a form first.
                let login = basic(&encoded(&config.client_id), &encoded(&secret.expose()));
                redactor.learn(&login);
                headers.insert(AUTHORIZATION, value(&format!("Basic {login}"), true, "auth")?);
            }
            secret => {
                field("client_id", &config.client_id);
                if let Some(secret) = secret {
                    field("client_secret", &secret.expose());
                }
            }
        }
        Ok((headers, form))
    }

    fn refusal(&self, status: StatusCode, given: &Given, redactor: &Redactor) -> FetchError {
        let code = given.error.as_deref().unwrap_or("no token");
        let host = super::host(&self.url);
        let mut message = format!("{host} gives no access token: {code}");
        if let Some(description) = &given.error_description {
            let _ = write!(message, " ({})", told::line(description));
        } else if !status.is_success() {
            let _ = write!(message, ", {}", told::shown(status));
        }
        let hint = match code {
            "invalid_client" | "unauthorized_client" => {
                "check `client_id`, `client_secret` and `credentials_in` of `auth.oauth2`"
            }
            "invalid_grant" => "the refresh token has expired or was revoked: get a new one",
            "invalid_scope" => "check `scopes` of `auth.oauth2`",
            _ => "check `auth.oauth2`",
        };
        FetchError::new(FetchErrorKind::Unreachable, redactor.redact(&message)).with_hint(hint)
    }

    fn step(&self, form: &[(String, String)], redactor: &Redactor) -> Step {
        let shown = form.iter().map(|(name, value)| match name.as_str() {
            "grant_type" | "scope" => format!("{name}: {}", redactor.redact(value)),
            _ => format!("{name}: {}", super::redact::HIDDEN),
        });
        Step::now(format!("POST {} for an access token", super::origin(&self.url)))
            .with_details(shown)
    }
}

/// Whether a refusal says nothing about the login.
fn passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504)
}

/// A text as a form writes it.
fn encoded(text: &str) -> String {
    super::form(&[("", text)])[1..].to_owned()
}

fn seconds(value: &Value) -> Option<Duration> {
    let seconds = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
    Duration::try_from_secs_f64(seconds.max(0.0)).ok()
}

fn renew_after(lifetime: Duration) -> Duration {
    lifetime.saturating_sub(MARGIN.min(lifetime / 10))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_is_replaced_before_it_expires() {
        for (lifetime, renewed) in [(3600, 3540), (600, 540), (100, 90), (10, 9), (0, 0)] {
            let lifetime = Duration::from_secs(lifetime);
            assert_eq!(renew_after(lifetime), Duration::from_secs(renewed));
        }
    }

    #[test]
    fn a_lifetime_is_a_number_or_one_in_quotes() {
        for (value, expected) in [
            (json!(3600), Some(3600)),
            (json!("3600"), Some(3600)),
            (json!(-1), Some(0)),
            (json!("soon"), None),
            (json!(1e300), None),
            (json!(null), None),
        ] {
            assert_eq!(seconds(&value), expected.map(Duration::from_secs), "{value}");
        }
    }
}
