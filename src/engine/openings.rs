//! What was frozen when a period opened: baseline and target, so that the goal posts do not move.
//! Frozen when the grace for late data of the period before is over, not in its first minute, when
//! yesterday's rows may still be on their way. Not here: keeping them beyond the process (`store`).

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::assess::{Assessment, Finding, FrozenNumber};
use crate::kpi::{SeriesKey, same};

/// For so long after its end late data may still change the result of a period.
pub const GRACE: TimeDelta = TimeDelta::days(3);

/// What was frozen for one series and period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frozen {
    /// When.
    pub at: DateTime<Utc>,
    /// Baseline, in the KPI's unit.
    pub baseline: Option<f64>,
    /// Target, where it is a single number.
    pub target: Option<f64>,
}

impl Frozen {
    /// What the sources say otherwise now, where they say something.
    pub(super) fn moved(
        &self,
        baseline: Option<f64>,
        target: Option<f64>,
    ) -> impl Iterator<Item = Finding> + use<> {
        let both = [
            (FrozenNumber::Baseline, self.baseline, baseline),
            (FrozenNumber::Target, self.target, target),
        ];
        both.into_iter().filter_map(|(what, frozen, now)| {
            let (frozen, now) = frozen.zip(now)?;
            (!same(frozen, now)).then_some(Finding::Frozen { what, frozen, now })
        })
    }
}

/// By series, and for each by id of the period.
#[derive(Debug, Default, Clone)]
pub struct Openings(BTreeMap<SeriesKey, Vec<(String, Frozen)>>);

impl Openings {
    /// What was frozen for a period of a series.
    pub fn get(&self, key: &SeriesKey, period: &str) -> Option<&Frozen> {
        let (_, frozen) = self.0.get(key)?.iter().find(|(id, _)| id == period)?;
        Some(frozen)
    }

    /// Forgets all other series.
    pub fn keep(&mut self, stays: impl Fn(&SeriesKey) -> bool) {
        self.0.retain(|key, _| stays(key));
    }

    /// Puts back what was frozen before.
    pub fn restore(&mut self, key: SeriesKey, period: String, frozen: Frozen) {
        // Hardly ever more than one or two.
        let periods = self.0.entry(key).or_insert_with(|| Vec::with_capacity(1));
        match periods.binary_search_by(|(id, _)| id.cmp(&period)) {
            Ok(place) => periods[place].1 = frozen,
            Err(place) => periods.insert(place, (period, frozen)),
        }
    }

    /// Freezes what an assessment resolved, once the grace is over. What is frozen stays. Whether
    /// something was.
    pub(super) fn freeze(
        &mut self,
        key: &SeriesKey,
        assessment: &Assessment,
        now: DateTime<Utc>,
    ) -> bool {
        let period = &assessment.period;
        if assessment.goal.is_none() || now < period.span.start + GRACE {
            return false;
        }
        if self.get(key, &period.id).is_some() {
            return false;
        }
        let frozen = Frozen {
            at: now,
            baseline: assessment.baseline_value,
            target: assessment.target_value,
        };
        self.restore(key.clone(), period.id.clone(), frozen);
        true
    }

    /// Everything frozen.
    pub fn iter(&self) -> impl Iterator<Item = (&SeriesKey, &String, &Frozen)> {
        let all = self.0.iter();
        all.flat_map(|(key, periods)| periods.iter().map(move |(id, frozen)| (key, id, frozen)))
    }
}
