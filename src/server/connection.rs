//! Connections: accepting, limits, draining. Nothing a client does may keep others out for long or
//! end the process.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Body as _, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::http::request::Parts;
use hyper::http::uri::PathAndQuery;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustix::net::sockopt::set_socket_send_buffer_size;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tracing::{Instrument as _, Span, info_span};

use super::paced::Paced;
use super::places::Places;
use super::progress::{Progress, SEND_BUFFER};
use super::response::{self, Body};
use super::site::Peer;
use super::{Shared, api_routes, lifecycle, notes, routes};
use crate::listen::{Listener, Stream};

/// Time for a client to send its headers, and to stay idle between requests.
const HEADER_TIMEOUT: Duration = Duration::from_secs(8);

/// A connection is asked to end after this: clients that never let go.
const CONNECTION_LIFETIME: Duration = Duration::from_mins(5);

/// Time for requests in flight to end when the program stops.
const DRAIN: Duration = Duration::from_secs(10);

/// Bytes of request line and headers, at most.
const MAX_HEAD_BYTES: u32 = 32 * 1024;

/// Requests at a time on one connection of HTTP/2.
const MAX_STREAMS: u32 = 32;

/// Of those who come by a socket in the file system: through a proxy, so it may be anybody.
const NO_ADDRESS: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// First and longest pause after a failed accept (out of file descriptors, mostly).
const ACCEPT_PAUSE: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// Serves on listeners that are already bound until `stop` is ready, then stops accepting and
/// returns when every request in flight is answered, after 10 seconds at the latest.
pub async fn serve(listeners: Vec<Listener>, shared: Arc<Shared>, stop: impl Future<Output = ()>) {
    for listener in &listeners {
        // Connections have it from their listener.
        if let Err(error) = set_socket_send_buffer_size(listener, SEND_BUFFER) {
            tracing::debug!(%error, "connections have the buffers that the system gives them");
        }
    }
    let (stopping, stopped) = watch::channel(());
    let mut places = Places::default();
    tokio::select! {
        () = stop => {}
        () = accept_forever(&listeners, &shared, &mut places, &stopped) => {}
    }
    drop((listeners, stopping));
    if timeout(DRAIN, places.all_ended()).await.is_err() {
        tracing::warn!("connections still open at the end of the drain time are cut");
    }
}

async fn accept_forever(
    listeners: &[Listener],
    shared: &Arc<Shared>,
    places: &mut Places,
    stopped: &watch::Receiver<()>,
) {
    let mut pause = ACCEPT_PAUSE.0;
    let mut first = 0;
    loop {
        let accepted = tokio::select! {
            accepted = accept(listeners, &mut first) => accepted,
            () = places.one_ended() => continue,
        };
        match accepted {
            Ok(stream) => {
                pause = ACCEPT_PAUSE.0;
                let (shared, stopped) = (Arc::clone(shared), stopped.clone());
                let another_went = match stream {
                    Stream::Tcp(stream, peer) => {
                        let peer = Peer(peer);
                        places.wait_for(peer.0).await;
                        places.let_in(peer.0, |progress| {
                            connection(stream, peer, shared, stopped, progress)
                        })
                    }
                    Stream::Unix(stream) => {
                        let peer = Peer(NO_ADDRESS);
                        places.wait_for(peer.0).await;
                        places.let_in(peer.0, |progress| {
                            connection(stream, peer, shared, stopped, progress)
                        })
                    }
                };
                if another_went {
                    // In a flood requests that have come are read before it is said who brought none.
                    yield_now().await;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                sleep(pause).await;
                pause = (pause * 2).min(ACCEPT_PAUSE.1);
            }
        }
    }
}

/// The next connection of any listener. Each is looked at first in its turn, so that none that is always
/// busy keeps the others waiting.
async fn accept(listeners: &[Listener], first: &mut usize) -> io::Result<Stream> {
    *first = (*first + 1) % listeners.len().max(1);
    let (before, after) = listeners.split_at(*first);
    poll_fn(|context| {
        for listener in after.iter().chain(before) {
            if let Poll::Ready(accepted) = listener.poll_accept(context) {
                return Poll::Ready(accepted);
            }
        }
        Poll::Pending
    })
    .await
}

/// Serves one connection to its end, by TLS where that is asked for.
async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: Peer,
    shared: Arc<Shared>,
    stopped: watch::Receiver<()>,
    progress: Arc<Progress>,
) {
    let stream = Paced::new(stream, Arc::clone(&progress));
    let Some(tls) = shared.door().and_then(|door| door.tls()) else {
        return http(stream, false, peer, shared, stopped, progress).await;
    };
    match timeout(HEADER_TIMEOUT, TlsAcceptor::from(tls).accept(stream)).await {
        Ok(Ok(stream)) => {
            let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            http(stream, http2, peer, shared, stopped, progress).await;
        }
        Ok(Err(error)) => tracing::debug!(%error, "no TLS came about"),
        Err(_) => tracing::debug!("a client took too long to agree on TLS"),
    }
}

/// Serves HTTP on a stream.
async fn http(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    http2: bool,
    peer: Peer,
    shared: Arc<Shared>,
    stopped: watch::Receiver<()>,
    progress: Arc<Progress>,
) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        progress.asked();
        // One whose body is still to come waits for its client, not for us.
        let answering = request.body().is_end_stream().then(|| progress.answering());
        request.extensions_mut().insert(peer);
        let answer = answer(Arc::clone(&shared), request);
        async move {
            let answer = answer.await;
            drop(answering);
            answer
        }
    });
    let stream = TokioIo::new(stream);
    if http2 {
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(HEADER_TIMEOUT)
            .max_header_list_size(MAX_HEAD_BYTES)
            .max_concurrent_streams(MAX_STREAMS)
            .serve_connection(stream, service);
        drive(connection, http2::Connection::graceful_shutdown, stopped).await;
    } else {
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .max_buf_size(MAX_HEAD_BYTES as usize)
            .serve_connection(stream, service);
        drive(connection, http1::Connection::graceful_shutdown, stopped).await;
    }
}

/// Lets a connection do its work until it ends, has lived long enough, or the server stops.
async fn drive<C: Future<Output = hyper::Result<()>>>(
    connection: C,
    end_gracefully: impl Fn(Pin<&mut C>),
    mut stopped: watch::Receiver<()>,
) {
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        // The sender is dropped when the server stops.
        _ = stopped.changed() => None,
        () = sleep(CONNECTION_LIFETIME) => None,
    };
    let ended = if let Some(ended) = ended {
        ended
    } else {
        end_gracefully(connection.as_mut());
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
) -> Result<Response<Full<Body>>, Infallible> {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let id = NUMBER.fetch_add(1, Ordering::Relaxed);
    let (method, path) = (request.method(), request.uri().path());
    let span = info_span!("request", id, %method, path);
    Ok(answer_to(shared, request).instrument(span).await.map(Full::new))
}

async fn answer_to(shared: Arc<Shared>, mut request: Request<Incoming>) -> Response<Body> {
    let door = shared.door().map(Arc::clone);
    let refused = match &door {
        Some(door) => door.refuse(&mut request).await.map(|refused| {
            // Whoever asks on the same machine has to know, and may have no login.
            routes::bad_news(request.uri().path(), &shared).unwrap_or(refused)
        }),
        None => None,
    };
    let mut answer = match refused {
        Some(refused) => refused,
        None => answer_to_admitted(shared, request).await,
    };
    if let Some(door) = door {
        door.dress(answer.headers_mut());
    }
    tracing::debug!(status = answer.status().as_u16(), "answered");
    answer
}

async fn answer_to_admitted(shared: Arc<Shared>, request: Request<Incoming>) -> Response<Body> {
    let (head, body) = request.into_parts();
    if notes::is_one(&head) {
        return notes::post(&head, body, &shared).await;
    }
    if !body.is_end_stream() {
        return response::body_refused();
    }
    let known: Vec<HeaderValue> =
        head.headers.get_all(header::IF_NONE_MATCH).iter().cloned().collect();
    let path = head.uri.path();
    let answer = if path == lifecycle::RELOAD {
        lifecycle::reload(&head, &shared).await
    } else if routes::is_for_machines(path) {
        routes::respond(&head, &shared)
    } else if routes::is_page(path, &shared) && matches!(head.method, Method::GET | Method::HEAD) {
        page(head, shared).await
    } else {
        let _turn = shared.pages().turn_of_others().await;
        off_the_loop(head, Arc::clone(&shared)).await
    };
    api_routes::unless_known(&known, answer)
}

/// A page as it was rendered for somebody else, or a new one, a few at a time.
async fn page(head: Parts, shared: Arc<Shared>) -> Response<Body> {
    let name = head.uri.path_and_query().map_or("", PathAndQuery::as_str).to_owned();
    let pages = shared.pages();
    if let Some(page) = pages.get(&name, shared.version()) {
        return page;
    }
    let _turn = pages.turn().await;
    // Somebody else may have asked for the same meanwhile.
    let version = shared.version();
    match pages.get(&name, version) {
        Some(page) => page,
        None => pages.keep(&name, version, off_the_loop(head, Arc::clone(&shared)).await),
    }
}

/// Off the event loop: a large page or a first compression must not hold up others, and a defect in
/// one answer stays with that request.
async fn off_the_loop(head: Parts, shared: Arc<Shared>) -> Response<Body> {
    let span = Span::current();
    let respond = move || span.in_scope(|| routes::respond(&head, &shared));
    tokio::task::spawn_blocking(respond).await.unwrap_or_else(|error| {
        tracing::error!(%error, "a request could not be answered");
        response::internal_error()
    })
}
