//! Rendered pages, shared by all who ask for the same while nothing changes. However many read them,
//! and however slowly, they take a bounded room. Not here: rendering (`routes`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Buf as _, Bytes};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Response, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use super::response::{self, Body};

/// Room for pages that somebody reads or that are kept, in KiB.
const ROOM: usize = 96 << 10;

/// Pages rendered at a time, and other answers.
const AT_ONCE: usize = 2;
const OTHERS_AT_ONCE: usize = 4;

/// Pages kept of what is shown now, and bytes of the name of one.
const KEPT: usize = 64;
const LONGEST_NAME: usize = 1024;

/// The pages of what is shown now.
#[derive(Debug)]
pub(super) struct Pages {
    kept: Mutex<Kept>,
    room: Arc<Semaphore>,
    turns: Semaphore,
    turns_of_others: Semaphore,
}

#[derive(Debug, Default)]
struct Kept {
    /// Of what is shown.
    version: u64,
    pages: HashMap<String, Page>,
}

#[derive(Debug, Clone)]
struct Page {
    status: StatusCode,
    headers: HeaderMap,
    text: Bytes,
}

/// A text with the room that it takes, given back when nobody has it any more.
struct Held {
    text: Bytes,
    _room: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.text
    }
}

impl Default for Pages {
    fn default() -> Self {
        Self {
            kept: Mutex::default(),
            room: Arc::new(Semaphore::new(ROOM)),
            turns: Semaphore::new(AT_ONCE),
            turns_of_others: Semaphore::new(OTHERS_AT_ONCE),
        }
    }
}

impl Pages {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A page that was rendered before, of the same version of what is shown.
    pub(super) fn get(&self, name: &str, version: u64) -> Option<Response<Body>> {
        let kept = self.kept();
        if kept.version != version {
            return None;
        }
        kept.pages.get(name).cloned().map(Page::answer)
    }

    /// Waits for its turn to render.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.turns.acquire().await.ok()
    }

    /// The same for what is no page: a crowd that asks at once must not get a thread each.
    pub(super) async fn turn_of_others(&self) -> Option<SemaphorePermit<'_>> {
        self.turns_of_others.acquire().await.ok()
    }

    /// Keeps what was rendered, and gives it; or what there is to say when there is no room.
    pub(super) fn keep(&self, name: &str, version: u64, answer: Response<Body>) -> Response<Body> {
        let (parts, mut body) = answer.into_parts();
        let text = body.copy_to_bytes(body.remaining());
        let room = u32::try_from(text.len() >> 10).unwrap_or(u32::MAX).saturating_add(1);
        {
            let mut kept = self.kept();
            if kept.version < version {
                *kept = Kept { version, pages: HashMap::new() };
            }
        }
        let Ok(permit) = Arc::clone(&self.room).try_acquire_many_owned(room) else {
            return no_room();
        };
        let text = Bytes::from_owner(Held { text, _room: permit });
        let page = Page { status: parts.status, headers: parts.headers, text };
        let mut kept = self.kept();
        if kept.version == version && kept.pages.len() < KEPT && name.len() <= LONGEST_NAME {
            kept.pages.insert(name.to_owned(), page.clone());
        }
        page.answer()
    }
}

impl Page {
    fn answer(self) -> Response<Body> {
        let mut answer = Response::new(self.text.chain(Bytes::new()));
        *answer.status_mut() = self.status;
        *answer.headers_mut() = self.headers;
        answer
    }
}

fn no_room() -> Response<Body> {
    let text = "too many pages are being read slowly; try again soon\n";
    let mut answer = response::plain(StatusCode::SERVICE_UNAVAILABLE, text);
    answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(size: usize) -> Response<Body> {
        response::plain(StatusCode::OK, vec![b'x'; size])
    }

    #[test]
    fn a_page_is_shared_until_what_is_shown_changes() {
        let pages = Pages::default();
        assert!(pages.get("/", 1).is_none());
        let first = pages.keep("/", 1, rendered(5000));
        let again = pages.get("/", 1).unwrap();
        let at = |answer: &Response<Body>| answer.body().first_ref().as_ptr();
        assert_eq!(at(&first), at(&again), "the same bytes");
        assert_eq!(again.headers(), first.headers());
        assert!(pages.get("/?status=missed", 1).is_none());
        assert!(pages.get("/", 2).is_none());
        pages.keep("/", 2, rendered(1));
        pages.keep("/old", 1, rendered(1));
        assert!(pages.get("/old", 1).is_none(), "it came too late");
        for n in 0..1000 {
            pages.keep(&format!("/?n={n}"), 2, rendered(1));
        }
        assert!(pages.kept().pages.len() <= KEPT);
    }

    #[test]
    fn what_is_read_slowly_takes_a_bounded_room_that_is_given_back() {
        let pages = Pages::default();
        let size = 9 << 20;
        let mut readers = Vec::new();
        for version in 1..=100 {
            let answer = pages.keep("/", version, rendered(size));
            if answer.status() == StatusCode::OK {
                readers.push(answer);
            } else {
                assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
            }
        }
        assert_eq!(readers.len(), 10, "96 MiB of 9");
        readers.clear();
        assert_eq!(pages.keep("/", 200, rendered(size)).status(), StatusCode::OK);
    }
}
