//! The connections of a client: built when they are first used, and again when the certificates
//! behind them have changed. Not here: what is sent through them.

use std::sync::Arc;
use std::time::Duration;

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::Url;
use reqwest::header::{ACCEPT_ENCODING, HeaderValue};
use reqwest::redirect::Policy;
use secrecy::ExposeSecret;
use tokio::sync::Mutex;

use super::bad_setting::BadSetting;
use super::redact::Redactor;
use super::settings::{ClientConfig, Proxy, TlsConfig};
use super::tls::Files;
use super::urls;
use crate::metric::{FetchError, FetchErrorKind};

/// A connection is there within this time or not at all.
const LONGEST_CONNECT: Duration = Duration::from_secs(10);
const USER_AGENT: &str = concat!("kpi-exporter/", env!("CARGO_PKG_VERSION"));

/// The connections of a client.
pub(super) struct Transport {
    tls: TlsConfig,
    way: Connecting,
    through: Through,
    /// What the certificate files held when the connections were built.
    built: Mutex<Option<(Arc<Files>, reqwest::Client)>>,
}

/// Which proxy stands in the way, for messages.
enum Through {
    None,
    /// Host and port.
    Named(String),
    /// As the environment said when this program began to look.
    Environment(Box<Matcher>),
}

/// What does not change.
#[derive(Clone)]
struct Connecting {
    proxy: Option<reqwest::Proxy>,
    environment: bool,
    connect_timeout: Duration,
    connections: usize,
}

impl Transport {
    /// Reads the settings, but no files.
    ///
    /// # Errors
    /// A proxy that is no URL.
    pub(super) fn new(config: &ClientConfig, redactor: &Redactor) -> Result<Self, BadSetting> {
        let (proxy, through) = match &config.proxy {
            Proxy::Url(url) => {
                let (proxy, place) = proxy(url.expose_secret(), redactor)?;
                (Some(proxy), Through::Named(place))
            }
            Proxy::Environment => (None, Through::Environment(Box::new(Matcher::from_system()))),
            Proxy::Off => (None, Through::None),
        };
        let way = Connecting {
            proxy,
            environment: matches!(config.proxy, Proxy::Environment),
            connect_timeout: connect_timeout(config),
            connections: config.max_connections as usize,
        };
        Ok(Self { tls: config.tls.clone(), way, through, built: Mutex::default() })
    }

    /// Host and port of the proxy that a request goes through.
    pub(super) fn proxy(&self, url: &Url) -> Option<String> {
        match &self.through {
            Through::None => None,
            Through::Named(place) => Some(place.clone()),
            Through::Environment(matcher) => {
                let proxy = matcher.intercept(&url.as_str().parse().ok()?)?;
                Some(proxy.uri().authority()?.as_str().to_owned())
            }
        }
    }

    /// Connections with the certificates that the files hold now.
    pub(super) async fn client(&self) -> Result<reqwest::Client, FetchError> {
        let mut built = self.built.lock().await;
        if let Some((_, client)) = &*built
            && self.tls == TlsConfig::default()
        {
            return Ok(client.clone());
        }
        let old = built.as_ref().map(|(files, client)| (Arc::clone(files), client.clone()));
        let (tls, way) = (self.tls.clone(), self.way.clone());
        let task = tokio::task::spawn_blocking(move || {
            let files = Files::read(&tls)?;
            match old {
                Some((old, client)) if *old == files => Ok((old, client)),
                _ => way.build(&files, &tls).map(|client| (Arc::new(files), client)),
            }
        });
        let new = task.await.map_err(|error| failed(&error.to_string()))??;
        Ok(built.insert(new).1.clone())
    }
}

impl Connecting {
    fn build(&self, files: &Files, tls: &TlsConfig) -> Result<reqwest::Client, FetchError> {
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(files.settings(tls)?)
            .user_agent(USER_AGENT)
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            // It reads the first member of several and drops the rest: `body` unpacks.
            .gzip(false)
            .default_headers(
                [(ACCEPT_ENCODING, HeaderValue::from_static("gzip, deflate"))]
                    .into_iter()
                    .collect(),
            )
            .http1_only()
            .connect_timeout(self.connect_timeout)
            .pool_max_idle_per_host(self.connections);
        if !self.environment {
            builder = builder.no_proxy();
        }
        if let Some(proxy) = &self.proxy {
            builder = builder.proxy(proxy.clone());
        }
        builder.build().map_err(|error| failed(&error.without_url().to_string()))
    }
}

/// Time to connect in.
pub(super) fn connect_timeout(config: &ClientConfig) -> Duration {
    config.timeout.min(LONGEST_CONNECT)
}

/// A proxy with its host and port.
fn proxy(url: &str, redactor: &Redactor) -> Result<(reqwest::Proxy, String), BadSetting> {
    // What comes with either error may quote the URL, and with it a password.
    let parsed = Url::parse(url).map_err(|_| BadSetting::Proxy)?;
    let proxy = reqwest::Proxy::all(url).map_err(|_| BadSetting::Proxy)?;
    if let Some(password) = parsed.password() {
        let (user, plain) = (urls::decoded(parsed.username()), urls::decoded(password));
        redactor.learn(&super::login_parts::basic(&user, &plain));
        redactor.learn(&plain);
        redactor.learn(password);
    }
    Ok((proxy, urls::host(&parsed)))
}

fn failed(message: &str) -> FetchError {
    FetchError::new(FetchErrorKind::Unreachable, format!("cannot set up connections: {message}"))
}
