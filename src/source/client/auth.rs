//! The login: what is added to a request so that the server lets it in, and what to do when it does
//! not. Not here: getting tokens (`oauth`), and when a login may be sent (`redirect`).

use reqwest::header::{
    ACCEPT, ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    USER_AGENT,
};

use super::bad_setting::BadSetting;
use super::failure::Failure;
use super::grant::Around;
use super::login_parts::{basic, reread, value};
use super::oauth::Tokens;
use super::settings::{ApiKeyPlace, Auth, ClientConfig};
use crate::secret::Secret;

/// Headers that hold no secret, whatever they hold.
const PLAIN: [HeaderName; 5] =
    [ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE, USER_AGENT, HeaderName::from_static("x-scope-orgid")];

/// How a source logs in.
pub(super) struct Login {
    headers: Vec<(HeaderName, Secret)>,
    auth: LoginMethod,
}

/// A kind of login, checked.
enum LoginMethod {
    None,
    Bearer(Secret),
    Basic { user: String, password: Secret },
    KeyHeader(HeaderName, Secret),
    KeyParam(String, Secret),
    OAuth2(Box<Tokens>),
}

/// What is added to one request.
#[derive(Default)]
pub(super) struct Credentials {
    /// The source's headers.
    headers: HeaderMap,
    /// That of the login.
    login: Option<(HeaderName, HeaderValue)>,
    /// A parameter of the URL.
    pub(super) param: Option<(String, String)>,
    token: Option<String>,
}

impl Credentials {
    /// The headers of a request: its own go before those of the source, the login before all.
    pub(super) fn added_to(&self, own: &HeaderMap) -> HeaderMap {
        let mut headers = self.headers.clone();
        for name in own.keys() {
            headers.remove(name);
        }
        for (name, value) in own {
            headers.append(name, value.clone());
        }
        if let Some((name, value)) = &self.login {
            headers.insert(name, value.clone());
        }
        headers
    }
}

impl Login {
    /// Reads the settings.
    ///
    /// # Errors
    /// Names that are none, without secrets.
    pub(super) fn new(config: &ClientConfig) -> Result<Self, BadSetting> {
        let headers = config.headers.iter().map(|(name, value)| Ok((header(name)?, value.clone())));
        let auth = match &config.auth {
            Auth::None => LoginMethod::None,
            Auth::Bearer(token) => LoginMethod::Bearer(token.clone()),
            Auth::Basic { user, password } => {
                LoginMethod::Basic { user: user.clone(), password: password.clone() }
            }
            Auth::ApiKey { place: ApiKeyPlace::Header(name), key } => {
                LoginMethod::KeyHeader(header(name)?, key.clone())
            }
            Auth::ApiKey { place: ApiKeyPlace::Query(name), key } => {
                LoginMethod::KeyParam(name.clone(), key.clone())
            }
            Auth::OAuth2(config) => LoginMethod::OAuth2(Box::new(Tokens::new(config)?)),
        };
        Ok(Self { headers: headers.collect::<Result<_, BadSetting>>()?, auth })
    }

    /// What the next request gets.
    pub(super) async fn credentials(&self, around: &Around<'_>) -> Result<Credentials, Failure> {
        let mut with = Credentials::default();
        for (name, secret) in &self.headers {
            let text = secret.expose();
            let plain = PLAIN.contains(name);
            if !plain {
                around.redactor.learn(&text);
                around.redactor.learn_keys(&text);
            }
            with.headers.append(name, value(&text, !plain, name.as_str())?);
        }
        let (name, text) = match &self.auth {
            LoginMethod::None => return Ok(with),
            LoginMethod::Bearer(token) => {
                around.redactor.learn(&token.expose());
                (AUTHORIZATION, format!("Bearer {}", token.expose()))
            }
            LoginMethod::Basic { user, password } => {
                let login = basic(user, &password.expose());
                around.redactor.learn(&password.expose());
                around.redactor.learn(&login);
                (AUTHORIZATION, format!("Basic {login}"))
            }
            LoginMethod::KeyHeader(name, key) => {
                around.redactor.learn(&key.expose());
                (name.clone(), key.expose())
            }
            LoginMethod::KeyParam(name, key) => {
                around.redactor.learn(&key.expose());
                with.param = Some((name.clone(), key.expose()));
                return Ok(with);
            }
            LoginMethod::OAuth2(tokens) => {
                let token = tokens.get(around).await?;
                with.token = Some(token.clone());
                (AUTHORIZATION, format!("Bearer {token}"))
            }
        };
        let login = value(&text, true, "auth")?;
        with.login = Some((name, login));
        Ok(with)
    }

    /// After a login was refused: reads secrets again and forgets the token. Whether that may change
    /// anything.
    pub(super) async fn renew(&self, refused: &Credentials) -> bool {
        let changed = reread(self.secrets()).await;
        match (&self.auth, &refused.token) {
            (LoginMethod::OAuth2(tokens), Some(token)) => {
                tokens.forget(token).await;
                true
            }
            _ => changed || !self.still_gives(refused),
        }
    }

    /// Another fetch may have read a new secret already, so that reading it again shows no change.
    fn still_gives(&self, refused: &Credentials) -> bool {
        let sent = |name: &HeaderName, text: &str| {
            refused.headers.get_all(name).iter().any(|value| value.as_bytes() == text.as_bytes())
        };
        let login = |text: &str| {
            refused.login.as_ref().is_some_and(|(_, value)| value.as_bytes() == text.as_bytes())
        };
        let headers = self.headers.iter().all(|(name, secret)| sent(name, &secret.expose()));
        headers
            && match &self.auth {
                LoginMethod::None | LoginMethod::OAuth2(_) => true,
                LoginMethod::Bearer(token) => login(&format!("Bearer {}", token.expose())),
                LoginMethod::Basic { user, password } => {
                    login(&format!("Basic {}", basic(user, &password.expose())))
                }
                LoginMethod::KeyHeader(_, key) => login(&key.expose()),
                LoginMethod::KeyParam(_, key) => {
                    refused.param.as_ref().is_some_and(|(_, sent)| *sent == key.expose())
                }
            }
    }

    /// The parameter that holds a key.
    pub(super) fn key_param(&self) -> Option<&str> {
        match &self.auth {
            LoginMethod::KeyParam(name, _) => Some(name),
            _ => None,
        }
    }

    /// What to do when the server does not let one in.
    pub(super) fn hint(&self) -> &'static str {
        match &self.auth {
            LoginMethod::None => "it wants a login: set `auth`",
            LoginMethod::Bearer(_) => "check the token in `auth.bearer`: it may have expired",
            LoginMethod::Basic { .. } => "check user and password in `auth.basic`",
            LoginMethod::KeyHeader(..) | LoginMethod::KeyParam(..) => {
                "check the key in `auth.api_key`"
            }
            LoginMethod::OAuth2(_) => {
                "check `auth.oauth2`: the token was given, but is not accepted"
            }
        }
    }

    fn secrets(&self) -> Vec<Secret> {
        let headers = self.headers.iter().map(|(_, secret)| secret.clone());
        let auth = match &self.auth {
            LoginMethod::None => vec![],
            LoginMethod::Bearer(secret)
            | LoginMethod::Basic { password: secret, .. }
            | LoginMethod::KeyHeader(_, secret)
            | LoginMethod::KeyParam(_, secret) => vec![secret.clone()],
            LoginMethod::OAuth2(tokens) => tokens.secrets(),
        };
        headers.chain(auth).collect()
    }
}

fn header(name: &str) -> Result<HeaderName, BadSetting> {
    name.parse().map_err(|_| BadSetting::HeaderName(name.to_owned()))
}
