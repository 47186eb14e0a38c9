//! What hysteresis makes of a verdict, and what that does to what is remembered. Not here: the rules
//! (`assess::hysteresis`).

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use crate::assess::hysteresis::{self, Answers, ConfirmationRules, DataPoint, StatusMemory};
use crate::kpi::{Kpi, SeriesKey};
use crate::snapshot::Verdict;

/// What an evaluation did to what is remembered of a KPI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Remembers {
    /// Nothing.
    Same,
    /// It is another, and the next evaluation of the same data finds it as it is.
    Another,
    /// The next evaluation of the same data may find something else.
    Unsettled,
}

/// Where the data of a verdict is from.
#[derive(Clone, Copy)]
pub(super) struct Fetched<'a> {
    pub(super) as_of: Option<DateTime<Utc>>,
    pub(super) now: DateTime<Utc>,
    /// Of the fetch.
    pub(super) day: NaiveDate,
    pub(super) answers: &'a Arc<Answers>,
}

/// Shows on a verdict what is confirmed. What that did, and whether a status waits.
pub(super) fn confirm(
    memories: &mut BTreeMap<SeriesKey, StatusMemory>,
    kpi: &Kpi,
    verdict: &mut Verdict,
    Fetched { as_of, now, day, answers }: Fetched<'_>,
) -> (Remembers, bool) {
    let point = DataPoint {
        value: verdict.assessment.value,
        // Where the source says nothing it is the fetch's own instant, which is no news.
        data_through: verdict.assessment.data_through.filter(|through| Some(*through) != as_of),
        day,
    };
    let key = SeriesKey::new(&kpi.id, &verdict.labels);
    let fetched = as_of.unwrap_or(now);
    let (before, now) = (memories.get(&key), &verdict.assessment);
    let rules = ConfirmationRules::of(kpi);
    let memory = hysteresis::step(before, now, &rules, &point, fetched, answers);
    let remembers = if before == Some(&memory) {
        Remembers::Same
    } else if hysteresis::step(Some(&memory), now, &rules, &point, fetched, answers) == memory {
        Remembers::Another
    } else {
        Remembers::Unsettled
    };
    hysteresis::show(&memory, &rules, &mut verdict.assessment);
    let waits = memory.waiting.is_some();
    if remembers != Remembers::Same {
        memories.insert(key, memory);
    }
    (remembers, waits)
}
