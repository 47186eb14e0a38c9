//! What a fetch sent and got, step by step, for a person who looks for a mistake (`fetch`). Off in
//! the daemon, where it costs nothing. Whoever notes a step leaves secrets out. Not here: printing.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::time::Instant;

/// Takes down steps, or does nothing. Clones write to the same list.
#[derive(Debug, Clone, Default)]
pub struct Trace(Option<Arc<Mutex<Vec<Step>>>>);

/// One step.
#[derive(Debug, Clone)]
pub struct Step {
    /// When it was noted.
    pub at: Instant,
    /// What was done or came, in one line: `GET https://api.example.com/v1/sessions`.
    pub what: String,
    /// More about it, a line each: headers, parameters, columns.
    pub details: Vec<String>,
    /// What came, as it came; shown on demand.
    pub raw: Option<Bytes>,
}

impl Trace {
    /// One that takes down steps.
    pub fn on() -> Self {
        Self(Some(Arc::default()))
    }

    /// Notes a step; `step` is not asked when it is off.
    pub fn note(&self, step: impl FnOnce() -> Step) {
        if let Some(steps) = &self.0 {
            let step = step();
            steps.lock().unwrap_or_else(PoisonError::into_inner).push(step);
        }
    }

    /// The steps so far, oldest first.
    pub fn steps(&self) -> Vec<Step> {
        match &self.0 {
            Some(steps) => steps.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            None => Vec::new(),
        }
    }
}

impl Step {
    /// A step of this moment, without details.
    pub fn now(what: impl Into<String>) -> Self {
        Self { at: Instant::now(), what: what.into(), details: Vec::new(), raw: None }
    }

    /// The same with more about it.
    #[must_use]
    pub fn with_details(mut self, details: impl IntoIterator<Item = String>) -> Self {
        self.details.extend(details);
        self
    }

    /// The same with what came.
    #[must_use]
    pub fn with_raw(mut self, raw: Bytes) -> Self {
        self.raw = Some(raw);
        self
    }
}
