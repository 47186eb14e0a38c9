//! A stand-in for somebody's HTTP server on a free loopback port: answers what the test says and
//! takes down what it was asked. Not for faults below HTTP.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// What the server was asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Path and parameters, as sent.
    pub(crate) target: String,
    /// By name in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }

    /// The parameters of the URL, decoded, in order.
    pub(crate) fn params(&self) -> Vec<(String, String)> {
        let url = reqwest::Url::parse(&format!("http://x{}", self.target)).unwrap();
        url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
    }

    pub(crate) fn param(&self, name: &str) -> Option<String> {
        self.params().into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

pub(crate) type Reply = Response<Full<Bytes>>;

/// A running server; ends when it is dropped.
pub(crate) struct StandIn {
    /// `http://127.0.0.1:PORT`
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    _tasks: JoinSet<()>,
}

impl StandIn {
    /// Starts a server that answers each request with what `answer` makes of it.
    pub(crate) async fn start(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (taken, answer) = (Arc::clone(&asked), Arc::new(answer));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (taken, answer) = (Arc::clone(&taken), Arc::clone(&answer));
                let service = service_fn(move |request: Request<Incoming>| {
                    let (taken, answer) = (Arc::clone(&taken), Arc::clone(&answer));
                    async move {
                        let asked = take_down(request).await;
                        taken.lock().unwrap().push(asked.clone());
                        Ok::<_, std::convert::Infallible>(answer(&asked))
                    }
                });
                connections.spawn(async move {
                    let mut http = hyper::server::conn::http1::Builder::new();
                    // A client that goes away in the middle is not this server's concern.
                    let _ = http
                        .timer(TokioTimer::new())
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Self { url, asked, _tasks: tasks }
    }

    /// All requests so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

#[expect(clippy::disallowed_methods, reason = "the body is limited")]
async fn take_down(request: Request<Incoming>) -> Asked {
    let (parts, body) = request.into_parts();
    let body = BodyExt::collect(Limited::new(body, 1 << 20)).await.unwrap().to_bytes();
    let header = |(name, value): (&hyper::header::HeaderName, &hyper::header::HeaderValue)| {
        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    Asked {
        method: parts.method.to_string(),
        target: parts.uri.to_string(),
        headers: parts.headers.iter().map(header).collect(),
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

/// An answer with status 200.
pub(crate) fn ok(content_type: &str, body: impl Into<Bytes>) -> Reply {
    status(200, content_type, body)
}

/// An answer.
pub(crate) fn status(status: u16, content_type: &str, body: impl Into<Bytes>) -> Reply {
    let response = Response::builder().status(status).header("content-type", content_type);
    response.body(Full::new(body.into())).unwrap()
}

/// A good answer with a JSON document.
pub(crate) fn json(body: &serde_json::Value) -> Reply {
    ok("application/json", body.to_string())
}
