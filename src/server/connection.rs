//! Connections: accepting, limits, draining. Nothing a client does may keep others out for long or
//! end the process.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};
use tracing::{Instrument as _, Span, info_span};

use super::response::{self, Body};
use super::{Shared, routes};

/// Connections at a time; more wait in the queue of the listener.
const MAX_CONNECTIONS: u32 = 512;

/// Time for a client to send its headers, and to stay idle between requests. Short enough for
/// silent connections to make room for a scrape within a usual scrape timeout.
const HEADER_TIMEOUT: Duration = Duration::from_secs(8);

/// A connection is asked to end after this: clients that read slowly or never let go.
const CONNECTION_LIFETIME: Duration = Duration::from_mins(5);

/// Time for requests in flight to end when the program stops.
const DRAIN: Duration = Duration::from_secs(10);

/// Bytes of request line and headers, at most.
const MAX_HEAD_BYTES: usize = 32 * 1024;

/// First and longest pause after a failed accept (out of file descriptors, mostly).
const ACCEPT_PAUSE: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// Serves on a listener that is already bound until `stop` is ready, then stops accepting and
/// returns when every request in flight is answered, after 10 seconds at the latest.
pub async fn serve(listener: TcpListener, shared: Arc<Shared>, stop: impl Future<Output = ()>) {
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS as usize));
    let (stopping, stopped) = watch::channel(());
    tokio::select! {
        () = stop => {}
        () = accept_forever(&listener, &shared, &slots, &stopped) => {}
    }
    drop((listener, stopping));
    if timeout(DRAIN, slots.acquire_many(MAX_CONNECTIONS)).await.is_err() {
        tracing::warn!("connections still open at the end of the drain time are cut");
    }
}

async fn accept_forever(
    listener: &TcpListener,
    shared: &Arc<Shared>,
    slots: &Arc<Semaphore>,
    stopped: &watch::Receiver<()>,
) {
    let mut pause = ACCEPT_PAUSE.0;
    // The semaphore is never closed.
    while let Ok(slot) = Arc::clone(slots).acquire_owned().await {
        match listener.accept().await {
            Ok((stream, _)) => {
                pause = ACCEPT_PAUSE.0;
                let connection = connection(stream, Arc::clone(shared), stopped.clone(), slot);
                tokio::spawn(connection);
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                sleep(pause).await;
                pause = (pause * 2).min(ACCEPT_PAUSE.1);
            }
        }
    }
}

/// Serves one connection to its end. Holds its slot until then.
async fn connection(
    stream: TcpStream,
    shared: Arc<Shared>,
    mut stopped: watch::Receiver<()>,
    _slot: OwnedSemaphorePermit,
) {
    let service = service_fn(|request| answer(Arc::clone(&shared), request));
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .max_buf_size(MAX_HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), service)
    );
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        // The sender is dropped when the server stops.
        _ = stopped.changed() => None,
        () = sleep(CONNECTION_LIFETIME) => None,
    };
    let ended = if let Some(ended) = ended {
        ended
    } else {
        connection.as_mut().graceful_shutdown();
        timeout(DRAIN, connection).await.unwrap_or(Ok(()))
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended early");
    }
}

/// Answers a request; all that is logged meanwhile bears its number.
async fn answer(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let id = NUMBER.fetch_add(1, Ordering::Relaxed);
    let (method, path) = (request.method(), request.uri().path());
    let span = info_span!("request", id, %method, path);
    Ok(answer_off_the_loop(shared, request).instrument(span).await)
}

/// Off the event loop: a large page or a first compression must not hold up others, and a defect in
/// one answer stays with that request.
async fn answer_off_the_loop(shared: Arc<Shared>, request: Request<Incoming>) -> Response<Body> {
    let (head, body) = request.into_parts();
    if !body.is_end_stream() {
        return response::body_refused();
    }
    let span = Span::current();
    let respond = move || span.in_scope(|| routes::respond(&head, &shared));
    let answer = tokio::task::spawn_blocking(respond).await.unwrap_or_else(|error| {
        tracing::error!(%error, "a request could not be answered");
        response::internal_error()
    });
    tracing::debug!(status = answer.status().as_u16(), "answered");
    answer
}
