//! What a metric is asked about: the window to measure, in the light of a period and an instant.

use chrono::{DateTime, Utc};

use crate::calendar::Window;

/// The instants that a query may refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// What is measured.
    pub window: Window,
    /// The KPI's period.
    pub period: Window,
    /// The instant for which everything is computed.
    pub as_of: DateTime<Utc>,
}
