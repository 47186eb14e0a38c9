//! `POST /-/reload`, for those who start the program so that it may be asked: as Prometheus has it,
//! with the same flag. Not here: reading a configuration, and who else may ask (`cli`).

use std::time::Duration;

use hyper::header::{self, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::response::{self, Body};
use super::shared::{ReloadRequest, Shared};
use super::site::is_of_another_site;

/// Where a reload is asked for.
pub(super) const RELOAD: &str = "/-/reload";

/// A reading of the configuration that takes longer than this is not waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// Has the configuration read again, and says what came of it.
pub(super) async fn reload(request: &Parts, shared: &Shared) -> Response<Body> {
    if request.method != Method::POST && request.method != Method::PUT {
        let mut answer = response::plain(
            StatusCode::METHOD_NOT_ALLOWED,
            "a reload is asked for with POST or PUT\n",
        );
        answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST, PUT"));
        return answer;
    }
    let Some(lifecycle) = shared.lifecycle() else {
        let text = "reloads over HTTP are not enabled (hint: start with --web.enable-lifecycle, or \
                    send SIGHUP)\n";
        return response::plain(StatusCode::FORBIDDEN, text);
    };
    if is_of_another_site(request) {
        let text = "pages of other sites may not ask for a reload\n";
        return response::plain(StatusCode::FORBIDDEN, text);
    }
    match timeout(PATIENCE, ask(lifecycle)).await {
        Ok(Some(Ok(()))) => response::plain(StatusCode::OK, "the configuration is reloaded\n"),
        Ok(Some(Err(why))) => {
            let text = format!("the configuration was refused, the old one stays\n{why}\n");
            response::plain(StatusCode::INTERNAL_SERVER_ERROR, text)
        }
        Ok(None) => response::plain(StatusCode::SERVICE_UNAVAILABLE, "nothing is reloaded now\n"),
        Err(_) => {
            let text = "the configuration is still being read; the log will say what came of it\n";
            response::plain(StatusCode::GATEWAY_TIMEOUT, text)
        }
    }
}

async fn ask(lifecycle: &mpsc::Sender<ReloadRequest>) -> Option<Result<(), String>> {
    let (answer, answered) = oneshot::channel();
    lifecycle.send(answer).await.ok()?;
    answered.await.ok()
}
