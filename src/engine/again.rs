//! Which KPIs an update has to evaluate: those that draw on what came, and those whose verdict time alone
//! changes. All others are as they were. Not here: evaluating (`evaluate`).

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use crate::calendar::Calendar;
use crate::id::MetricId;
use crate::kpi::Kpi;
use crate::snapshot::Verdict;

/// What happened since the last update.
#[derive(Debug, Clone, Default)]
pub struct News {
    /// Metrics of which a run came, good or failed.
    pub metrics: BTreeSet<MetricId>,
    /// Whether time moves on for KPIs without any data as well, which say how much of their period has
    /// passed.
    pub tick: bool,
}

/// When a KPI is evaluated again although nothing came of its metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// Time changes nothing.
    Never,
    /// Its data is too old after this instant.
    After(DateTime<Utc>),
    /// Without data its numbers are those of the moment.
    EachTick,
    /// What was remembered of it changes what it says next.
    AtOnce,
}

impl Again {
    /// Of verdicts on measurements that were made for `as_of`.
    pub(super) fn of(
        kpi: &Kpi,
        calendar: &Calendar,
        as_of: Option<DateTime<Utc>>,
        verdicts: &[Verdict],
    ) -> Self {
        let Some(as_of) = as_of else { return Self::EachTick };
        let asked = calendar.asked_until(kpi.window, as_of);
        let oldest = verdicts
            .iter()
            .filter(|verdict| verdict.assessment.value.is_some())
            .map(|verdict| verdict.assessment.data_through.map_or(asked, |at| at.min(asked)))
            .min();
        let too_old = |through: DateTime<Utc>| {
            let max_age = TimeDelta::from_std(kpi.max_age).ok()?;
            as_of.checked_add_signed(max_age)?.checked_sub_signed(asked - through)
        };
        oldest.and_then(too_old).map_or(Self::Never, Self::After)
    }

    pub(super) fn is_due(self, now: DateTime<Utc>, tick: bool) -> bool {
        match self {
            Self::Never => false,
            Self::After(instant) => now > instant,
            Self::EachTick => tick,
            Self::AtOnce => true,
        }
    }
}
