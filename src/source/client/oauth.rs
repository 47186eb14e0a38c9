//! Access tokens, RFC 6749: asked for once however many wait for one, kept until shortly before they
//! expire. A new refresh token that comes along is kept in memory only. Not here: sending a token along
//! (`auth`).

use std::time::Duration;

use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::bad_setting::BadSetting;
use super::failure::{self, Failure};
use super::grant::{Around, Grant, TokenAnswer, passing};
use super::login_parts::reread;
use super::redact::Redactor;
use super::settings::OAuth2;
use crate::secret::Secret;

/// A token is replaced this long before it expires, or a tenth of its life if that is shorter.
const MARGIN: Duration = Duration::from_mins(1);

/// The tokens of a source.
pub(super) struct Tokens {
    grant: Grant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    /// Given in exchange for the one in the configuration.
    refresh_token: Option<String>,
    /// The last failure, for those who were waiting when it happened.
    failed: Option<(Instant, Failure)>,
}

struct Token {
    value: String,
    renew_at: Option<Instant>,
}

impl Tokens {
    /// Reads the settings.
    ///
    /// # Errors
    /// A URL that is none.
    pub(super) fn new(config: &OAuth2) -> Result<Self, BadSetting> {
        Ok(Self { grant: Grant::new(config)?, state: Mutex::default() })
    }

    /// A token that is good for a while.
    pub(super) async fn get(&self, around: &Around<'_>) -> Result<String, Failure> {
        let asked = Instant::now();
        let silent = |_| failure::silent(&self.grant.url, around.deadline);
        let mut state = around.deadline.limit(self.state.lock()).await.map_err(silent)?;
        if let Some(token) = &state.token
            && token.renew_at.is_none_or(|at| Instant::now() < at)
        {
            return Ok(token.value.clone());
        }
        // Who waited for a request that failed does not ask the same once more.
        if let Some((at, failure)) = &state.failed
            && asked < *at
        {
            return Err(failure.clone());
        }
        let outcome = self.renew(&mut state, around).await;
        match &outcome {
            Ok(_) => state.failed = None,
            Err(failure) => state.failed = Some((Instant::now(), failure.clone())),
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
        self.grant.secrets()
    }

    /// Asks for a token; once more with what is in the files and the configuration now, if that is
    /// something else than what was refused.
    async fn renew(&self, state: &mut State, around: &Around<'_>) -> Result<String, Failure> {
        let mut again = true;
        loop {
            let refresh_token = state.refresh_token.as_deref();
            let (status, given) = self.grant.ask(refresh_token, around).await?;
            if let (true, Some(token)) = (given.error.is_none(), &given.access_token) {
                let token = token.clone();
                self.accept(state, &given, &token, around.redactor);
                return Ok(token);
            }
            // A good one is not thrown away because the server is in trouble.
            let rotated = given.error.as_deref() == Some("invalid_grant")
                && state.refresh_token.take().is_some();
            let changed = reread(self.secrets()).await;
            if !again || !(rotated || changed) {
                let error = self.grant.refusal(status, &given, around.redactor);
                return Err(Failure { error, passing: passing(status) });
            }
            again = false;
        }
    }

    fn accept(&self, state: &mut State, given: &TokenAnswer, token: &str, redactor: &Redactor) {
        redactor.learn(token);
        let lifetime = given.expires_in.as_ref().and_then(seconds);
        let renew_at = lifetime.and_then(|life| Instant::now().checked_add(renew_after(life)));
        state.token = Some(Token { value: token.to_owned(), renew_at });
        if let (true, Some(rotated)) = (self.grant.refreshes(), &given.refresh_token) {
            redactor.learn(rotated);
            state.refresh_token = Some(rotated.clone());
        }
    }
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
