//! Sources: where numbers come from. A source answers one [`Request`] with one [`Table`], within its
//! time limit; when to ask again after a failure is not its business, nor are KPIs. Turning a table
//! into numbers with labels is the same for every kind of source (`metric`).
//!
//! # Layout
//! One room for each kind of source: `files`, `sql`, `http`, `prometheus`. Beside them what they
//! share: `client` for all that goes over HTTP (logins, redirects, limits), `statement` for SQL as
//! users write it, `rows` for SQL over rows without a database; `params` and `template` put the
//! instants of a request into SQL and other texts.

pub mod client;
mod down;
mod exact;
pub mod files;
mod html;
pub mod http;
mod json;
mod kind;
pub(crate) mod kinds;
mod limit;
pub(crate) mod metric_raw;
mod open_error;
pub mod params;
pub mod prometheus;
mod rows;
pub mod sql;
pub mod statement;
pub mod template;
#[cfg(test)]
pub(crate) mod tests;
pub mod trace;

use std::sync::Arc;

use chrono_tz::Tz;
use futures_util::future::BoxFuture;
use tokio::time::Instant;

pub use self::kind::{Aside, Remark};
pub use self::kinds::SourceConfig;
pub use self::open_error::OpenError;
pub use self::rows::{DayOrder, NumberFormat};

use self::statement::SqlQuery;
use self::trace::Trace;
use crate::metric::{FetchError, FetchErrorKind, Metric, QueryTerms, Span, Table};

/// Something that can be asked for a metric over a window.
pub trait Source: Send + Sync {
    /// Asks once. Must give up by itself within the source's own time limit and leave nothing
    /// running on the other side.
    fn fetch<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Table, FetchError>>;
}

/// One question: a metric, over a window, in the light of a period and an as-of instant.
#[derive(Debug, Clone)]
pub struct Request {
    /// What to ask.
    pub metric: Arc<Metric>,
    /// The span to measure.
    pub span: Span,
    /// Zone in which days begin and end.
    pub timezone: Tz,
    /// When it was asked. What a source looked up since then may serve it, what it looked up before
    /// may not.
    pub asked: Instant,
    /// Where sources note what they send and get.
    pub trace: Trace,
}

impl Request {
    /// The query, in the terms of the source.
    fn terms<T: QueryTerms>(&self) -> Result<&T, FetchError> {
        self.metric.query.terms().ok_or_else(|| {
            // A configuration that is read lets none through.
            let message = "the query is of another kind than the source";
            FetchError::new(FetchErrorKind::Query, message)
        })
    }

    /// The query of a metric that asks in SQL.
    fn sql(&self) -> Result<&str, FetchError> {
        self.terms::<SqlQuery>().map(|query| query.0.text.as_str())
    }
}
