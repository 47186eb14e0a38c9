//! What every kind of source tells of itself. A kind is a room of its own (`files`, `sql`, `http`,
//! `prometheus`) that keeps all of this: the list of kinds is in `kinds`.

use std::sync::Arc;
use std::time::Duration;

use super::Source;
use super::metric_raw::MetricRaw;
use super::open_error::OpenError;
use crate::metric::{FetchErrorKind, Query, Table};
use crate::reader::entry::Entry;
use crate::reader::report::Report;

/// Settings of one kind of source: validated, not yet opened.
pub(super) trait SourceKind {
    /// The name of the kind, or that of the database.
    fn name(&self) -> &'static str;

    /// Kind and place: tables, host and database, or the host of an API. Without secrets; the path of
    /// a URL may be one and is left out.
    fn describe(&self) -> String;

    /// The least that it can be asked to find out whether it answers and takes the login.
    fn greeting(&self) -> Query;

    /// Whether a greeting that failed so tells that the source cannot be used.
    fn is_rebuffed_by(&self, _kind: FetchErrorKind) -> bool {
        true
    }

    /// What tells what its login may do besides reading, where that can be asked.
    fn login_aside(&self) -> Option<Aside> {
        None
    }

    /// What tells whether the times that a query compares are what they seem, where that can be asked.
    fn times_aside(&self, _query: &Query) -> Option<Aside> {
        None
    }

    /// How many fetches it takes at once.
    fn concurrency(&self) -> usize;

    /// Time allowed for one fetch.
    fn timeout(&self) -> Duration;

    /// Opens it: touches neither network nor disk.
    fn open(&self) -> Result<Arc<dyn Source>, OpenError>;

    /// What a metric asks it, from the metric's keys; `None` after a mistake. `labels` are those of the
    /// metric, unless there is a mistake in them.
    fn question(
        &self,
        report: &mut Report<'_>,
        entry: &Entry<MetricRaw>,
        labels: Option<&[String]>,
    ) -> Option<Question>;

    /// How a metric's column gets another name, for hints.
    fn renaming(&self, metric: &MetricRaw) -> &'static str;
}

/// What a metric asks its source.
pub(crate) struct Question {
    /// What is asked.
    pub(crate) query: Query,
    /// The columns of the answer, when they are known before anything is fetched.
    pub(crate) columns: Option<Vec<String>>,
}

/// How an answer is read.
type Reading = Box<dyn Fn(&Table) -> Option<Remark>>;

/// A question beside those of metrics, which only `check --connect` asks.
pub struct Aside {
    /// What is asked.
    pub query: Query,
    /// What a person should know of the answer.
    pub read: Reading,
}

/// Something that a person should know of a source that works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// What was seen.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}
