//! What every validator needs besides the report: ids that exist, and what formulas ask of metrics.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use crate::config::document::Names;
use crate::metric::Query;
use crate::reader::bounds::Bounds;
use crate::reader::diagnostic::Problems;
use crate::reader::files::{Files, TextSpan};
use crate::reader::report::Report;
use crate::reader::spanned::Text;
use crate::reader::suggest::{did_you_mean, listed};

/// The state of a validation: the report, which it can be used as, and what is known so far.
pub(super) struct Context<'a> {
    pub(super) report: Report<'a>,
    /// What is no mistake, and could be better.
    pub(super) notes: Problems,
    pub(super) sources: Names,
    pub(super) objectives: Names,
    pub(super) metrics: Names,
    pub(super) kpis: Names,
    /// Label columns of the metrics that are right so far.
    pub(super) labels: BTreeMap<String, Vec<String>>,
    /// Columns of the metrics that say which they have.
    pub(super) columns: BTreeMap<String, Vec<String>>,
    /// What is known of how the rows of a metric add up.
    pub(super) adding: BTreeMap<String, Adding>,
    /// What the wholes of metrics are asked by whose rows do not add up.
    pub(super) totals: BTreeMap<String, Query>,
    /// What formulas ask of metrics.
    pub(super) uses: BTreeMap<String, Use>,
}

/// How the rows of a metric add up to the whole of its answer.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Adding {
    /// Their sum is the whole.
    Up,
    /// It is not (`additive: false`).
    No,
    /// The same, and this column divides it: by any other a member would be a sum.
    Only(String),
    /// Nothing is said, and the query looks like a distinct count, an average or a median.
    Doubtful(&'static str),
}

/// How formulas name a metric.
#[derive(Default)]
pub(super) struct Use {
    pub(super) columns: Vec<String>,
    pub(super) bare: bool,
}

impl<'a> Deref for Context<'a> {
    type Target = Report<'a>;

    fn deref(&self) -> &Report<'a> {
        &self.report
    }
}

impl<'a> DerefMut for Context<'a> {
    fn deref_mut(&mut self) -> &mut Report<'a> {
        &mut self.report
    }
}

impl<'a> Context<'a> {
    pub(super) fn new(files: &'a Files, problems: &'a mut Problems) -> Self {
        Self {
            report: Report { files, problems, bounds: Bounds::default() },
            notes: Problems::default(),
            sources: Names::default(),
            objectives: Names::default(),
            metrics: Names::default(),
            kpis: Names::default(),
            labels: BTreeMap::new(),
            columns: BTreeMap::new(),
            adding: BTreeMap::new(),
            totals: BTreeMap::new(),
            uses: BTreeMap::new(),
        }
    }

    /// What is no mistake, and could be better.
    pub(super) fn note(
        &mut self,
        span: TextSpan,
        message: String,
        hint: impl Into<Option<String>>,
    ) {
        self.notes.at(span, message).hint(hint);
    }

    /// An id that has to exist among `names`; `what` says of what kind.
    pub(super) fn reference(
        &mut self,
        names: fn(&Self) -> &Names,
        what: &str,
        path: &str,
        id: &Text,
    ) -> Option<String> {
        if names(self).has(&id.value) {
            return Some(id.value.clone());
        }
        let known: Vec<&str> = names(self).ids.iter().map(String::as_str).collect();
        let hint = match id.interpolated || self.problems.are_many(known.len()) {
            _ if known.is_empty() => format!("no {what} is defined yet"),
            true => format!("the {what}s are {}", listed(&known, "and")),
            false => did_you_mean(&id.value, &format!("the {what}s are"), &known),
        };
        let message = format!("`{path}`: {} is the id of no {what}", self.shown(id, &id.value));
        self.problem(id.span, message, hint);
        None
    }
}
