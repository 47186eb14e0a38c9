//! What is wrong with the settings of a client that have not been through the configuration. Without
//! secrets. Not here: what the configuration says of them (`settings`).

use crate::source::OpenError;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadSetting {
    #[error("`url` is no URL: {0}")]
    Url(String),
    #[error("`proxy` is no URL of a proxy, like http://proxy:3128")]
    Proxy,
    #[error("`auth.oauth2.token_url` is no URL that begins with http:// or https://")]
    TokenUrl,
    #[error("`{0}` is no name of a header")]
    HeaderName(String),
}

impl From<BadSetting> for OpenError {
    fn from(bad: BadSetting) -> Self {
        bad.to_string().into()
    }
}
