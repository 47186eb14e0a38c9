//! One request for an access token, RFC 6749, and what is answered to it. Not here: when to ask
//! (`oauth`).

use std::fmt::Write as _;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode, Url};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use super::bad_setting::BadSetting;
use super::deadline::Deadline;
use super::failure::{self, Failure};
use super::login_parts::{basic, value};
use super::redact::{HIDDEN, Redactor};
use super::settings::OAuth2;
use super::transport::Transport;
use super::{body, refusal, urls};
use crate::metric::{FetchError, FetchErrorKind};
use crate::secret::Secret;
use crate::source::trace::{Step, Trace};

/// A token's answer is small.
const MAX_BYTES: u64 = 64 * 1024;

/// What it takes to ask for a token on the way.
pub(super) struct Around<'a> {
    pub(super) transport: &'a Transport,
    pub(super) redactor: &'a Redactor,
    pub(super) deadline: &'a Deadline,
    pub(super) trace: &'a Trace,
}

/// How to ask for a token.
pub(super) struct Grant {
    pub(super) url: Url,
    config: OAuth2,
}

/// What is answered to a request for a token; `expires_in` is a number, or one in quotes.
#[derive(Deserialize)]
pub(super) struct TokenAnswer {
    pub(super) access_token: Option<String>,
    pub(super) expires_in: Option<Value>,
    pub(super) refresh_token: Option<String>,
    pub(super) error: Option<String>,
    pub(super) error_description: Option<String>,
}

impl Grant {
    /// Reads the settings.
    ///
    /// # Errors
    /// A URL that is none.
    pub(super) fn new(config: &OAuth2) -> Result<Self, BadSetting> {
        let url = Url::parse(config.token_url.expose_secret())
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"))
            .ok_or(BadSetting::TokenUrl)?;
        Ok(Self { url, config: config.clone() })
    }

    /// Whether it is given for a refresh token.
    pub(super) fn refreshes(&self) -> bool {
        self.config.refresh_token.is_some()
    }

    /// What may be in files.
    pub(super) fn secrets(&self) -> Vec<Secret> {
        let own = self.config.client_secret.iter().chain(&self.config.refresh_token);
        own.chain(self.config.params.iter().map(|(_, secret)| secret)).cloned().collect()
    }

    /// Asks for a token: with `refresh_token` instead of the configured one, if there is one.
    ///
    /// # Errors
    /// What keeps the server from giving any answer about tokens.
    pub(super) async fn ask(
        &self,
        refresh_token: Option<&str>,
        around: &Around<'_>,
    ) -> Result<(StatusCode, TokenAnswer), Failure> {
        let (headers, form) = self.request(refresh_token, around.redactor)?;
        let host = urls::host(&self.url);
        around.trace.note(|| self.step(&form, around.redactor));
        let started = Instant::now();
        let http = around.transport.client().await?;
        let request = http.request(Method::POST, self.url.clone()).headers(headers);
        let sending = around.deadline.limit(request.body(urls::form(&form)).send()).await;
        let response =
            sending.map_err(|_| failure::silent(&self.url, around.deadline))?.map_err(|error| {
                failure::of_request(&error, &self.url, around.transport.proxy(&self.url))
            })?;
        let (status, sent) = (response.status(), response.headers().clone());
        let body = body::whole(response, &self.url, MAX_BYTES, around.deadline).await?;
        let took = started.elapsed();
        around
            .trace
            .note(|| Step::now(format!("{} from {host} in {took:.1?}", refusal::shown(status))));
        match serde_json::from_slice::<TokenAnswer>(&body) {
            Ok(given) if given.error.is_some() || given.access_token.is_some() => {
                Ok((status, given))
            }
            // Says nothing about tokens: somebody else answers, or somebody in trouble.
            _ => {
                let said = refusal::said(&sent, &body, around.redactor);
                let said = said.filter(|_| !status.is_success());
                let hint = "is `auth.oauth2.token_url` right?";
                let mut error = refusal::of_status(&host, status, said.as_deref(), Some(hint));
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
        for secret in self.secrets() {
            redactor.learn(&secret.expose());
        }
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

    /// The failure that an answer without a token is.
    pub(super) fn refusal(
        &self,
        status: StatusCode,
        given: &TokenAnswer,
        redactor: &Redactor,
    ) -> FetchError {
        let code = given.error.as_deref().unwrap_or("no token");
        let host = urls::host(&self.url);
        let mut message = format!("{host} gives no access token: {code}");
        if let Some(description) = &given.error_description {
            let _ = write!(message, " ({})", refusal::line(description));
        } else if !status.is_success() {
            let _ = write!(message, ", {}", refusal::shown(status));
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
            _ => format!("{name}: {HIDDEN}"),
        });
        Step::now(format!("POST {} for an access token", urls::origin(&self.url)))
            .with_details(shown)
    }
}

/// Whether a refusal says nothing about the login.
pub(super) fn passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504)
}

/// A text as a form writes it.
fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
