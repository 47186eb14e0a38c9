//! What happened to a request that got no answer, in plain words, from what the libraries below say.
//! Shows of a URL only host and port. Not here: answers that say no (`told`).

use std::error::Error;
use std::io;

use reqwest::Url;

use super::deadline::Deadline;
use super::{tls_failure, urls};
use crate::metric::{FetchError, FetchErrorKind};
use crate::source::limit::seconds;

/// What may cut a connection.
const BROKEN_OFF: &str = "look into its log, or at what is in between: a proxy or a firewall";

/// A failed request.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) error: FetchError,
    /// It may well work when sent again.
    pub(super) passing: bool,
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        Self { error, passing: false }
    }
}

/// Time ran out before there was any answer.
pub(super) fn silent(url: &Url, deadline: &Deadline) -> FetchError {
    let (host, allowed) = (urls::host(url), deadline.allowed());
    FetchError::new(
        FetchErrorKind::Timeout,
        format!("no answer from {host} within {}", seconds(allowed)),
    )
    .with_hint("ask for less, or raise `timeout`")
}

/// Time ran out in the middle of an answer.
pub(super) fn stopped(url: &Url, got: usize, deadline: &Deadline) -> FetchError {
    let (host, allowed) = (urls::host(url), deadline.allowed());
    let (allowed, got) = (seconds(allowed), bytes(got));
    let message = format!("the answer of {host} was not complete within {allowed}: {got}");
    FetchError::new(FetchErrorKind::Timeout, message).with_hint("ask for less, or raise `timeout`")
}

/// No answer. `proxy`: host and port of the proxy it would have come through.
pub(super) fn of_request(error: &reqwest::Error, url: &Url, proxy: Option<String>) -> Failure {
    if let Some(error) = find::<rustls::Error>(error) {
        return tls_failure::explain(error, &urls::host(url)).into();
    }
    let host = urls::host(url);
    // A proxy that is used finds the host by itself.
    let (first, through) = match proxy {
        Some(proxy) => (proxy, " (the proxy)"),
        None => (host.clone(), ""),
    };
    let unreachable = |message: String| FetchError::new(FetchErrorKind::Unreachable, message);
    if error.is_dns() {
        let name = first.rsplit_once(':').map_or(first.as_str(), |(name, _)| name);
        let error = unreachable(format!("cannot find host `{name}`{through}"));
        return passing(error.with_hint("check the name and this machine's DNS"));
    }
    if let Some(tunnel) = tunnel_error(error) {
        return unreachable(format!("the proxy does not let through to {host}: {tunnel}"))
            .with_hint("check `proxy` and what it allows")
            .into();
    }
    if error.is_timeout() {
        let message = format!("cannot connect to {first}{through}: it does not answer");
        let hint = "is the address right, and does a firewall let it through?";
        return FetchError::new(FetchErrorKind::Timeout, message).with_hint(hint).into();
    }
    if let Some(kind) = io_kind(error) {
        return passing(of_io(kind, error.is_connect(), &first, through));
    }
    of_protocol(error, &host)
}

/// An answer whose body broke off after so many bytes.
pub(super) fn of_body(error: &reqwest::Error, url: &Url, got: usize) -> Failure {
    let (host, got) = (urls::host(url), bytes(got));
    let broken_off = |how: &str| {
        let message = format!("the answer of {host} {how} after {got}");
        passing(FetchError::new(FetchErrorKind::Unreachable, message).with_hint(BROKEN_OFF))
    };
    // What hyper says was amiss before it came to unpacking.
    if let Some(error) = find::<hyper::Error>(error) {
        return match io_kind(error) {
            Some(io::ErrorKind::UnexpectedEof) => broken_off("ended early"),
            Some(io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) => {
                Failure { passing: false, ..broken_off("is no proper HTTP") }
            }
            _ if error.is_incomplete_message() => broken_off("ended early"),
            _ => broken_off("was cut off"),
        };
    }
    damaged(url, &format!("after {got}"))
}

/// An answer that came whole, but is packed in a way that cannot be undone.
pub(super) fn damaged(url: &Url, how: &str) -> Failure {
    let message = format!("the answer of {} cannot be unpacked: {how}", urls::host(url));
    FetchError::new(FetchErrorKind::Shape, message)
        .with_hint("its Content-Encoding is not that of its body, or it is damaged")
        .into()
}

fn bytes(number: usize) -> String {
    format!("{number} byte{}", if number == 1 { "" } else { "s" })
}

fn passing(error: FetchError) -> Failure {
    Failure { error, passing: true }
}

fn of_io(kind: io::ErrorKind, connecting: bool, host: &str, through: &str) -> FetchError {
    let unreachable = |message: String| FetchError::new(FetchErrorKind::Unreachable, message);
    match kind {
        io::ErrorKind::ConnectionRefused => {
            unreachable(format!("{host}{through} refused the connection"))
                .with_hint("is the server running, and is the port right?")
        }
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => {
            unreachable(format!("{host}{through} broke off the connection without an answer"))
                .with_hint(BROKEN_OFF)
        }
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            unreachable(format!("there is no way to {host}{through}: {kind}"))
                .with_hint("check this machine's network and the firewall")
        }
        _ if connecting => unreachable(format!("cannot connect to {host}{through}: {kind}")),
        _ => unreachable(format!("the connection to {host}{through} failed: {kind}")),
    }
}

/// What came is not what HTTP allows.
fn of_protocol(error: &reqwest::Error, host: &str) -> Failure {
    match find::<hyper::Error>(error) {
        Some(error)
            if error.is_incomplete_message() || error.is_canceled() || error.is_closed() =>
        {
            passing(
                FetchError::new(
                    FetchErrorKind::Unreachable,
                    format!("{host} broke off the connection without an answer"),
                )
                .with_hint(BROKEN_OFF),
            )
        }
        Some(error) if error.is_parse() => {
            FetchError::new(FetchErrorKind::Unreachable, format!("{host} does not answer in HTTP"))
                .with_hint("is the port right, and should the URL begin with `https://`?")
                .into()
        }
        _ => {
            let message = format!("the request to {host} failed: {}", innermost(error));
            FetchError::new(FetchErrorKind::Unreachable, message).into()
        }
    }
}

/// What a proxy said to `CONNECT`; the type is not public.
fn tunnel_error(error: &reqwest::Error) -> Option<String> {
    causes(error).find_map(|cause| {
        let text = cause.to_string();
        text.strip_prefix("tunnel error: ").map(str::to_owned)
    })
}

fn io_kind(error: &(dyn Error + 'static)) -> Option<io::ErrorKind> {
    find::<io::Error>(error).map(io::Error::kind)
}

fn innermost(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

/// The first cause of a type.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// An error, its cause, the cause of that ... An I/O error that wraps another one keeps it to itself.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref::<io::Error>() {
        Some(io) => io.get_ref().map(|inner| inner as &(dyn Error + 'static)),
        None => error.source(),
    })
}
