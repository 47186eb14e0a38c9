//! Reading an answer's body: in pieces, up to a limit on what it is when unpacked, in the time that
//! is left. Not here: what it means.

use std::io::{self, Read as _, Write as _};
use std::time::Duration;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use reqwest::header::CONTENT_ENCODING;
use reqwest::{Response, Url};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::deadline::Deadline;
use super::failure::{self, Failure};
use super::room::Room;
use super::urls;
use crate::metric::{FetchError, FetchErrorKind};

/// How every gzipped body begins.
const GZIP: &[u8] = b"\x1f\x8b";
/// Larger bodies are unpacked on a thread of their own: they may be a thousand times as large then.
const LARGE: usize = 4 * 1024;
/// Bytes unpacked before the clock is looked at again.
const AT_A_TIME: u64 = 256 * 1024;
/// As much is read of what came with a refusal.
const REFUSAL_BYTES: usize = 64 * 1024;
/// So long is waited for it.
const REFUSAL_TIME: Duration = Duration::from_secs(5);

/// The whole body, unpacked; an error when it has more than `limit` bytes.
pub(super) async fn whole(
    response: Response,
    url: &Url,
    limit: u64,
    deadline: &Deadline,
) -> Result<Bytes, Failure> {
    let encoding = response.headers().get(CONTENT_ENCODING);
    let called = encoding.is_some_and(|name| matches!(name.as_bytes(), b"gzip" | b"x-gzip"));
    let body = packed(response, url, limit, deadline).await?;
    // Files are served without saying that they are packed.
    if !(called && !body.is_empty() || body.starts_with(GZIP)) {
        return Ok(body);
    }
    if body.len() < LARGE {
        return unpacked(&body, url, limit, deadline);
    }
    let (url, place, deadline) = (url.clone(), url.clone(), *deadline);
    let unpacking = spawn_blocking(move || unpacked(&body, &url, limit, &deadline));
    unpacking.await.unwrap_or_else(|error| Err(failure::damaged(&place, &error.to_string())))
}

/// All members of a gzipped body. It ends with the time of its fetch: a thread cannot be told to stop, and
/// the next fetch would begin beside it.
fn unpacked(body: &[u8], url: &Url, limit: u64, deadline: &Deadline) -> Result<Bytes, Failure> {
    let mut whole = Room::new(limit + AT_A_TIME);
    let mut decoder = MultiGzDecoder::new(body);
    loop {
        let piece = io::copy(&mut decoder.by_ref().take(AT_A_TIME), &mut whole);
        let piece = piece.map_err(|error| failure::damaged(url, &error.to_string()))?;
        if whole.len() as u64 > limit {
            return Err(too_large(url, limit).into());
        }
        if piece == 0 {
            return Ok(whole.into_bytes());
        }
        if deadline.left().is_zero() {
            return Err(failure::stopped(url, whole.len(), deadline).into());
        }
    }
}

/// The body as it comes.
async fn packed(
    mut response: Response,
    url: &Url,
    limit: u64,
    deadline: &Deadline,
) -> Result<Bytes, Failure> {
    let length = response.content_length().unwrap_or(0);
    if length > limit {
        return Err(too_large(url, limit).into());
    }
    let mut body = Room::new(limit);
    loop {
        match deadline.limit(response.chunk()).await {
            Err(_) => return Err(failure::stopped(url, body.len(), deadline).into()),
            Ok(Err(error)) => return Err(failure::of_body(&error, url, body.len())),
            Ok(Ok(None)) => return Ok(body.into_bytes()),
            Ok(Ok(Some(chunk))) if (body.len() + chunk.len()) as u64 > limit => {
                return Err(too_large(url, limit).into());
            }
            Ok(Ok(Some(chunk))) => {
                body.write_all(&chunk).map_err(|error| no_room(url, &error))?;
            }
        }
    }
}

/// The beginning of a body, or of what comes of it in a few seconds.
pub(super) async fn beginning(mut response: Response, deadline: &Deadline) -> Bytes {
    let mut body = Vec::new();
    let reading = async {
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk[..chunk.len().min(REFUSAL_BYTES - body.len())]);
            if body.len() == REFUSAL_BYTES {
                break;
            }
        }
    };
    // What is there when the time is up will do.
    let _ = timeout(REFUSAL_TIME.min(deadline.left()), reading).await;
    if body.starts_with(GZIP) {
        let mut text = Vec::new();
        // Of a beginning, what can be unpacked.
        let _ = MultiGzDecoder::new(&*body).take(REFUSAL_BYTES as u64).read_to_end(&mut text);
        return text.into();
    }
    body.into()
}

fn no_room(url: &Url, error: &io::Error) -> FetchError {
    let message = format!("there is no memory for the answer of {}: {error}", urls::host(url));
    FetchError::new(FetchErrorKind::Shape, message)
        .with_hint("lower `max_body`, or give the program more memory")
}

fn too_large(url: &Url, limit: u64) -> FetchError {
    let host = urls::host(url);
    let message = format!("the answer of {host} has more than {} unpacked", bytes(limit));
    FetchError::new(FetchErrorKind::Shape, message)
        .with_hint("ask for less, in pages or a shorter window, or raise `max_body`")
}

/// A number of bytes in the largest unit that divides it.
fn bytes(number: u64) -> String {
    [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")]
        .into_iter()
        .find(|(unit, _)| number >= *unit && number.is_multiple_of(*unit))
        .map_or_else(
            || format!("{number} bytes"),
            |(unit, name)| format!("{} {name}", number / unit),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_told_as_they_were_set() {
        for (number, expected) in
            [(32 << 20, "32 MiB"), (1 << 30, "1 GiB"), (1000, "1000 bytes"), (1536, "1536 bytes")]
        {
            assert_eq!(bytes(number), expected);
        }
    }
}
