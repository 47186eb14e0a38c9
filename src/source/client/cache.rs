//! Answers that the server gave a tag for: it is asked whether they are still good instead of for
//! all of them again. In memory, bounded. Not here: any other caching; an answer is never used without
//! asking.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use reqwest::header::{CACHE_CONTROL, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH};
use reqwest::{Method, StatusCode, Url};

use super::Exchange;

/// At most so many answers ...
const MOST: usize = 64;
/// ... with so many bytes together.
const MOST_BYTES: usize = 8 << 20;

/// Answers with their tags, the one used last at the end.
#[derive(Default)]
pub(super) struct Cache {
    kept: Mutex<VecDeque<Kept>>,
}

/// An answer with its tag.
#[derive(Clone)]
pub(super) struct Kept {
    url: Url,
    asked_with: HeaderMap,
    pub(super) tag: HeaderValue,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Cache {
    /// What the same request got before.
    pub(super) fn find(&self, exchange: &Exchange) -> Option<Kept> {
        if !may_be_kept(exchange) {
            return None;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let place = kept.iter().position(|kept| kept.answers(exchange))?;
        let found = kept.remove(place)?;
        kept.push_back(found.clone());
        Some(found)
    }

    /// Keeps an answer for the next time, if it has a tag and is not too large.
    pub(super) fn keep(
        &self,
        exchange: &Exchange,
        status: StatusCode,
        headers: &HeaderMap,
        body: &Bytes,
    ) {
        if !may_be_kept(exchange) || status != StatusCode::OK {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|kept| !kept.answers(exchange));
        let forbidden = headers
            .get_all(CACHE_CONTROL)
            .iter()
            .any(|value| value.to_str().is_ok_and(|value| value.contains("no-store")));
        let Some(tag) = headers.get(ETAG).filter(|_| !forbidden && body.len() <= MOST_BYTES) else {
            return;
        };
        kept.push_back(Kept {
            url: exchange.url.clone(),
            asked_with: exchange.headers.clone(),
            tag: tag.clone(),
            headers: headers.clone(),
            body: body.clone(),
        });
        let bytes = |kept: &VecDeque<Kept>| kept.iter().map(|kept| kept.body.len()).sum::<usize>();
        while kept.len() > MOST || bytes(&kept) > MOST_BYTES {
            kept.pop_front();
        }
    }
}

impl Kept {
    fn answers(&self, exchange: &Exchange) -> bool {
        self.url == exchange.url && self.asked_with == exchange.headers
    }
}

fn may_be_kept(exchange: &Exchange) -> bool {
    exchange.method == Method::GET
        && exchange.body.is_none()
        && !exchange.headers.contains_key(IF_NONE_MATCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(path: usize) -> Exchange {
        Exchange::get(Url::parse(&format!("http://host/{path}")).unwrap())
    }

    fn tagged() -> HeaderMap {
        HeaderMap::from_iter([(ETAG, HeaderValue::from_static("\"1\""))])
    }

    #[test]
    fn the_least_used_answers_go_when_there_are_too_many() {
        let cache = Cache::default();
        for path in 0..MOST {
            cache.keep(&ask(path), StatusCode::OK, &tagged(), &Bytes::from_static(b"x"));
        }
        assert!(cache.find(&ask(0)).is_some());
        cache.keep(&ask(1000), StatusCode::OK, &tagged(), &Bytes::from_static(b"x"));
        assert!(cache.find(&ask(0)).is_some());
        assert!(cache.find(&ask(1)).is_none());
        assert!(cache.find(&ask(1000)).is_some());
    }

    #[test]
    fn all_answers_together_are_bounded() {
        let cache = Cache::default();
        let third = Bytes::from(vec![0; MOST_BYTES / 3]);
        (0..4).for_each(|path| cache.keep(&ask(path), StatusCode::OK, &tagged(), &third));
        assert!(cache.find(&ask(0)).is_none());
        assert!((1..4).all(|path| cache.find(&ask(path)).is_some()));
        let too_large = Bytes::from(vec![0; MOST_BYTES + 1]);
        cache.keep(&ask(9), StatusCode::OK, &tagged(), &too_large);
        assert!(cache.find(&ask(9)).is_none());
        assert!((1..4).all(|path| cache.find(&ask(path)).is_some()));
    }

    #[test]
    fn only_a_good_answer_to_the_same_question_is_kept() {
        let cache = Cache::default();
        let body = Bytes::from_static(b"x");
        cache.keep(&ask(1), StatusCode::OK, &HeaderMap::new(), &body);
        cache.keep(&ask(2), StatusCode::NOT_FOUND, &tagged(), &body);
        let mut never = tagged();
        never.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
        cache.keep(&ask(3), StatusCode::OK, &never, &body);
        let post = Exchange::post(ask(4).url, "text/plain", body.clone());
        cache.keep(&post, StatusCode::OK, &tagged(), &body);
        assert!((1..5).all(|path| cache.find(&ask(path)).is_none()));
        cache.keep(&ask(5), StatusCode::OK, &tagged(), &body);
        let other = ask(5).header(reqwest::header::ACCEPT_LANGUAGE, HeaderValue::from_static("de"));
        assert!(cache.find(&other).is_none());
    }
}
