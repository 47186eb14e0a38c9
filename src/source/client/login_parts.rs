//! What logins and token requests share: reading secrets again, Basic credentials, values of headers.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::HeaderValue;

use crate::metric::{FetchError, FetchErrorKind};
use crate::secret::Secret;

/// Reads secrets again from their files; whether any has changed.
pub(super) async fn reread(secrets: Vec<Secret>) -> bool {
    let reading = move || secrets.iter().filter(|secret| secret.reread()).count() > 0;
    // A task that is not run to its end has changed nothing worth knowing.
    tokio::task::spawn_blocking(reading).await.unwrap_or(false)
}

/// What follows `Basic`, RFC 7617.
pub(super) fn basic(user: &str, password: &str) -> String {
    BASE64_STANDARD.encode(format!("{user}:{password}"))
}

/// A header's value; `key` says in the error where it comes from.
pub(super) fn value(text: &str, secret: bool, key: &str) -> Result<HeaderValue, FetchError> {
    let mut value = HeaderValue::from_bytes(text.as_bytes()).map_err(|_| {
        let message = format!("the value of `{key}` holds what no header may hold");
        FetchError::new(FetchErrorKind::Unreachable, message)
            .with_hint("is there a line end in it?")
    })?;
    value.set_sensitive(secret);
    Ok(value)
}
