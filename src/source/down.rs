//! A source that cannot be opened is down: every fetch of it fails with the reason, and the others go
//! on. Not here: telling the log.

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};

use super::{OpenError, Request, Source};
use crate::metric::{FetchError, FetchErrorKind, Table};

/// What stands for a source that cannot be opened.
#[derive(Debug)]
pub(super) struct DownSource(pub(super) OpenError);

impl Source for DownSource {
    fn fetch<'a>(&'a self, _: &'a Request) -> BoxFuture<'a, Result<Table, FetchError>> {
        let OpenError { message, hint, .. } = &self.0;
        let message = format!("the source cannot be opened: {message}");
        let error = FetchError::new(FetchErrorKind::Unreachable, message);
        let error = match hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        };
        ready(Err(error)).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::tests::{metric, request};

    #[tokio::test]
    async fn every_fetch_tells_why_there_is_no_source() {
        let source = DownSource(OpenError::from("`ca_file` is gone").with_hint("mend it"));
        let request =
            request(metric(), chrono_tz::UTC, "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z");
        let error = source.fetch(&request).await.unwrap_err();
        assert_eq!(error.kind, FetchErrorKind::Unreachable);
        let expected = "the source cannot be opened: `ca_file` is gone (hint: mend it)";
        assert_eq!(error.to_string(), expected);
    }
}
