//! The review: what changed since the last one, what follows from it, and every KPI in a row. Made from a
//! snapshot and the days before it; pure. The page, the document, the digest and the API show it.
//!
//! Not here: how it looks (`web`, `cli`), and what the numbers mean (`assess`).

mod actions;
mod buckets;
mod cadence;
mod change;
mod needs;
mod row;
mod sections;
mod story;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

pub use actions::Action;
pub use cadence::Cadence;
pub use change::Change;
pub use needs::days_needed;
pub use row::Row;
pub use sections::{Item, Section, Topic};

use crate::engine::{ChartDay, RecentDays};
use crate::filter::Filter;
use crate::snapshot::{KpiState, Snapshot, Verdict};
use crate::summary::{self, Tone};

/// What a review is made from.
#[derive(Debug, Clone, Copy)]
pub struct Known<'s> {
    /// The numbers of now.
    pub snapshot: &'s Snapshot,
    /// The days before.
    pub days: &'s RecentDays,
}

/// A review of the chosen KPIs.
#[derive(Debug)]
pub struct Review<'s> {
    /// The numbers it is about.
    pub snapshot: &'s Snapshot,
    /// How often there is one.
    pub cadence: Cadence,
    /// The day at whose end the last one was.
    pub since: NaiveDate,
    /// The answer in one sentence.
    pub headline: String,
    /// Whether that is good news.
    pub tone: Tone,
    /// What the headline leaves out.
    pub besides: Option<String>,
    /// What there is to say, by topic; a topic without anything is left out.
    pub sections: Vec<Section<'s>>,
    /// The topics that were left out, in one line: `Nothing recovered; no data problems.`
    pub nothing: Option<String>,
    /// What can be done about what is not fine, the early KPIs first.
    pub actions: Vec<Action<'s>>,
    /// The spans that the rows have numbers of, the oldest first: the last day of each.
    pub columns: Vec<NaiveDate>,
    /// Every KPI, the most urgent first.
    pub rows: Vec<Row<'s>>,
}

/// Reviews the KPIs that `filter` keeps.
pub fn review<'s>(known: Known<'s>, filter: &Filter, cadence: Cadence) -> Review<'s> {
    let snapshot = known.snapshot;
    let all: Vec<&KpiState> =
        snapshot.kpis.iter().map(Arc::as_ref).filter(|state| filter.keeps(&state.kpi)).collect();
    let chosen = summary::most_urgent_first(&all, filter);
    let (tone, headline) = summary::answer(&chosen);
    let looking = Looking { known, cadence, chosen: &chosen };
    let (sections, nothing) = sections::sections(&looking);
    Review {
        snapshot,
        cadence,
        since: looking.since(),
        headline,
        tone,
        besides: summary::besides(&chosen),
        sections,
        nothing,
        actions: actions::actions(&looking),
        columns: looking.columns(),
        rows: chosen.iter().filter_map(|state| row::row(&looking, state)).collect(),
    }
}

/// What the parts of a review look at.
struct Looking<'s, 'c> {
    known: Known<'s>,
    cadence: Cadence,
    chosen: &'c [&'s KpiState],
}

impl<'s> Looking<'s, '_> {
    fn as_of(&self) -> DateTime<Utc> {
        self.known.snapshot.as_of
    }

    /// The day that was the last one at the review before.
    fn since(&self) -> NaiveDate {
        let today = self.known.snapshot.calendar.day_before(self.as_of());
        self.cadence.before(today)
    }

    fn days_of(&self, state: &KpiState, verdict: &Verdict) -> &'s [ChartDay] {
        self.known.days.of(&crate::kpi::SeriesKey::new(&state.kpi.id, &verdict.labels))
    }

    fn columns(&self) -> Vec<NaiveDate> {
        let spans =
            buckets::newest(&self.known.snapshot.calendar, self.cadence.kind(), self.as_of());
        spans.iter().map(|span| span.end_day - chrono::Days::new(1)).collect()
    }
}
