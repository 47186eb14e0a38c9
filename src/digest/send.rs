//! Sending a message. A post is held back by its last byte until `release` has been called: before that
//! nobody has got it, whatever happens to this process; after that it is out. Mail cannot be held back.

use std::future::Future;
use std::io::Write as _;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::channel::Channel;
use super::failure::{SendError, TIMEOUT};
use super::message::{Line, Message};
use super::{mail, slack, teams};

/// Sends a message that bears `id`. `release` is called once right before nothing can hold it back any
/// more; where it fails nothing is sent.
///
/// # Errors
/// Why the channel did not take it.
pub async fn send(
    channel: &Channel,
    message: &Message,
    id: &str,
    release: impl Future<Output = Result<(), String>>,
) -> Result<(), SendError> {
    match channel {
        Channel::Slack(url) => post(&url.expose(), &slack::payload(message), id, release).await,
        Channel::Teams(url) => post(&url.expose(), &teams::payload(message), id, release).await,
        Channel::Webhook(url) => post(&url.expose(), &payload(message, id), id, release).await,
        Channel::Email(email) => {
            // It cannot be held back by a byte; a copy bears the same number.
            let letter = mail::letter(email, message, id)?;
            mail::post(email, letter).await
        }
        Channel::Stdout => {
            release.await.map_err(SendError::new)?;
            let written = writeln!(std::io::stdout(), "{}", message.text());
            written.map_err(|error| SendError::new(format!("standard output: {error}")))
        }
    }
}

/// The body for anybody.
fn payload(message: &Message, id: &str) -> Value {
    let line = |line: &Line| json!({ "sign": line.sign, "subject": line.subject, "text": line.text, "url": line.link });
    json!({
        "id": id,
        "title": message.title,
        "besides": message.besides,
        "lines": message.lines.iter().map(line).collect::<Vec<_>>(),
        "more": message.more,
        "url": message.link,
        "text": message.text(),
    })
}

async fn post(
    url: &str,
    payload: &Value,
    id: &str,
    release: impl Future<Output = Result<(), String>>,
) -> Result<(), SendError> {
    let (held, ask, go) = Held::new(Bytes::from(payload.to_string()));
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(trust()?)
        .user_agent(concat!("kpi-exporter/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .http1_only()
        .timeout(TIMEOUT)
        .build()
        .map_err(|error| SendError::new(error.without_url().to_string()))?;
    let key = HeaderValue::from_str(id).map_err(|_| SendError::new("no such id".to_owned()))?;
    let request = client
        .post(url)
        .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
        .header("idempotency-key", key)
        .body(reqwest::Body::wrap(held));
    let letting_go = async {
        if ask.await.is_ok() {
            let _ = go.send(release.await);
        }
    };
    let (answer, ()) = tokio::join!(request.send(), letting_go);
    let answer = answer.map_err(|error| SendError::new(unsent(&error)))?;
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    Err(SendError::new(format!("the channel refused it with {status}")))
}

/// Nothing that may hold the address.
fn unsent(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        format!("the channel did not answer within {} s", TIMEOUT.as_secs())
    } else if error.is_builder() {
        "its address is no URL".to_owned()
    } else if error.is_connect() {
        "the channel cannot be reached".to_owned()
    } else {
        "the connection ended before an answer".to_owned()
    }
}

fn trust() -> Result<rustls::ClientConfig, SendError> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = rustls::crypto::ring::default_provider();
    let builder = rustls::ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .map_err(|error| SendError::new(error.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// A body whose last byte waits.
struct Held {
    first: Option<Bytes>,
    last: Option<Bytes>,
    length: u64,
    ask: Option<oneshot::Sender<()>>,
    go: oneshot::Receiver<Result<(), String>>,
}

impl Held {
    fn new(mut bytes: Bytes) -> (Self, oneshot::Receiver<()>, oneshot::Sender<Result<(), String>>) {
        let length = bytes.len() as u64;
        let last = bytes.split_off(bytes.len().saturating_sub(1));
        let ((ask, asked), (go, going)) = (oneshot::channel(), oneshot::channel());
        let held = Self { first: Some(bytes), last: Some(last), length, ask: Some(ask), go: going };
        (held, asked, go)
    }
}

impl Body for Held {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if let Some(first) = self.first.take().filter(|first| !first.is_empty()) {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        if self.last.is_none() {
            return Poll::Ready(None);
        }
        if let Some(ask) = self.ask.take() {
            let _ = ask.send(());
        }
        match Pin::new(&mut self.go).poll(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(Ok(()))) => Poll::Ready(self.last.take().map(Frame::data).map(Ok)),
            Poll::Ready(Ok(Err(_)) | Err(_)) => {
                Poll::Ready(Some(Err(std::io::Error::other("held back"))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.last.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let sent = if self.first.is_none() { self.length.saturating_sub(1) } else { 0 };
        let left = if self.last.is_none() { 0 } else { self.length - sent };
        SizeHint::with_exact(left)
    }
}
