//! Who comes in, and how: TLS, logins, headers and the limit of requests, as the web configuration file
//! has them. It is read again when it, or a file that it names, holds something else. Not here: what
//! the file may say (`web_config`).

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Request, Response, StatusCode};
use rustls::ServerConfig;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};
use tracing::{error, info};

use super::response::{self, Body};
use crate::config::Diagnostics;
use crate::web_config::{self, Login, WebConfig};

/// Where probes ask how the program is.
pub(super) const HEALTHY: &str = "/-/healthy";
pub(super) const READY: &str = "/-/ready";

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Who sent a request, once the login has been checked.
#[derive(Debug, Clone)]
pub struct User(pub String);

/// The web configuration in force.
#[derive(Debug)]
pub struct Door {
    file: PathBuf,
    config: ArcSwap<WebConfig>,
    /// Probes may ask how the program is without a login.
    health_is_open: bool,
}

impl Door {
    /// Reads the file.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn new(file: PathBuf, health_is_open: bool) -> Result<Self, Diagnostics> {
        let config = ArcSwap::from_pointee(web_config::load(&file)?);
        Ok(Self { file, config, health_is_open })
    }

    /// Whether people reach the pages by `https`.
    pub fn has_tls(&self) -> bool {
        self.config.load().tls.is_some()
    }

    /// Reads the file again whenever it holds something else. What cannot be used is told, and what
    /// was in force stays.
    pub async fn watch(self: Arc<Self>) {
        let mut told = String::new();
        loop {
            sleep(LOOK_EVERY).await;
            let door = Arc::clone(&self);
            let look =
                move || door.config.load().is_outdated().then(|| web_config::load(&door.file));
            match spawn_blocking(look).await {
                Ok(Some(Ok(config))) => {
                    self.config.store(Arc::new(config));
                    told.clear();
                    info!(file = %self.file.display(), "web configuration reloaded");
                }
                Ok(Some(Err(problem))) => {
                    let problem = problem.to_string();
                    if problem != told {
                        error!("web configuration not reloaded, the old one stays\n{problem}");
                        told = problem;
                    }
                }
                Ok(None) | Err(_) => {}
            }
        }
    }

    /// Settings of TLS for a new connection, if there is TLS.
    pub(super) fn tls(&self) -> Option<Arc<ServerConfig>> {
        self.config.load().tls.clone()
    }

    /// Sends a request away, or lets it in with the name of its sender.
    pub(super) async fn refuse<B>(&self, request: &mut Request<B>) -> Option<Response<Body>> {
        let config = self.config.load_full();
        if self.health_is_open && request.uri().path() == HEALTHY {
            return None;
        }
        if config.rate.as_ref().is_some_and(|rate| !rate.allows(Instant::now())) {
            return Some(response::plain(StatusCode::TOO_MANY_REQUESTS, "too many requests\n"));
        }
        let logins = config.logins.as_ref()?;
        let given = request.headers().get(header::AUTHORIZATION);
        if let Some(login) = given.and_then(|value| Login::from_header(value.as_bytes())) {
            let user = User(login.user.clone());
            if logins.admit(login).await {
                request.extensions_mut().insert(user);
                return None;
            }
        }
        let mut answer = response::plain(StatusCode::UNAUTHORIZED, "a login is needed\n");
        let challenge = HeaderValue::from_static("Basic realm=\"kpi-exporter\"");
        answer.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        Some(answer)
    }

    /// Sets the headers of the file; they take the place of the program's own.
    pub(super) fn dress(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.config.load().headers {
            headers.insert(name.clone(), value.clone());
        }
    }
}
