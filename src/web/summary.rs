//! The answer in one sentence, and what comes first: which KPIs need attention.

use std::cmp::{Ordering, Reverse};

use crate::assess::Status;
use crate::kpi::Kpi;
use crate::snapshot::{KpiState, Snapshot, Verdict};

/// Titles spelled out in the sentence; the rest is counted.
const NAMED: usize = 3;

/// Every verdict, the most urgent first: early KPIs that are off track lead, since there is still
/// time to act on them, then by status and pace. Equal ones stay in the order of the configuration.
pub(super) fn most_urgent_first(snapshot: &Snapshot) -> Vec<(&KpiState, &Verdict)> {
    let mut rows: Vec<_> = snapshot.verdicts().collect();
    rows.sort_by(|(a, x), (b, y)| {
        let rank = urgency(&a.kpi, x.assessment.status).cmp(&urgency(&b.kpi, y.assessment.status));
        rank.then_with(|| slowest_first(x.assessment.pace_ratio, y.assessment.pace_ratio))
    });
    rows
}

/// The verdicts of a KPI, the most urgent first.
pub(super) fn worst_first(state: &KpiState) -> Vec<&Verdict> {
    let mut verdicts: Vec<&Verdict> = state.verdicts.iter().collect();
    verdicts.sort_by(|x, y| {
        let (x, y) = (&x.assessment, &y.assessment);
        let rank = y.status.badness().cmp(&x.status.badness());
        rank.then_with(|| slowest_first(x.pace_ratio, y.pace_ratio))
    });
    verdicts
}

/// Whether things look bad, doubtful or good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// Something is off track or missed.
    Bad,
    /// Something is at risk or unknown.
    Doubtful,
    /// Nothing needs attention.
    Good,
}

/// "1 of 3 KPIs is off track: Trial-to-paid conversion." A KPI with several label sets counts once,
/// with its worst status.
pub(super) fn answer(snapshot: &Snapshot) -> (Tone, String) {
    let worst: Vec<(&Kpi, Status)> = snapshot
        .kpis
        .iter()
        .filter_map(|state| {
            let statuses = state.verdicts.iter().map(|verdict| verdict.assessment.status);
            Some((&*state.kpi, statuses.min_by_key(|status| urgency(&state.kpi, *status))?))
        })
        .collect();
    let total = worst.len();
    if total == 0 {
        return (Tone::Doubtful, "No KPI is configured.".to_owned());
    }
    let titles = |status| {
        let with = worst.iter().filter(move |(_, have)| *have == status);
        with.map(|(kpi, _)| kpi.title.as_str()).collect::<Vec<_>>()
    };
    for (status, tone, one, many) in [
        (Status::OffTrack, Tone::Bad, "is off track", "are off track"),
        (Status::Missed, Tone::Bad, "missed its target", "missed their targets"),
        (Status::AtRisk, Tone::Doubtful, "is at risk", "are at risk"),
        (Status::NoData, Tone::Doubtful, "has no data", "have no data"),
    ] {
        let titles = titles(status);
        if !titles.is_empty() {
            let verb = if titles.len() == 1 { one } else { many };
            let (count, named) = (titles.len(), list(&titles));
            return (tone, format!("{count} of {total} {} {verb}: {named}.", noun(total)));
        }
    }
    (Tone::Good, good_news(total, titles(Status::TooEarly).len(), titles(Status::Achieved).len()))
}

fn good_news(total: usize, too_early: usize, achieved: usize) -> String {
    let noun = noun(total);
    if too_early == total {
        format!("It is too early for a verdict on {total} {noun}.")
    } else if achieved == total {
        format!("{total} of {total} {noun} met the target.")
    } else if too_early == 0 && achieved == 0 {
        let verb = if total == 1 { "is" } else { "are" };
        format!("{total} of {total} {noun} {verb} on track.")
    } else {
        let counts = [
            (total - too_early - achieved, "on track"),
            (achieved, "achieved"),
            (too_early, "too early to tell"),
        ];
        let some = counts.iter().filter(|(count, _)| *count > 0);
        let parts: Vec<_> = some.map(|(count, words)| format!("{count} {words}")).collect();
        format!("No KPI needs attention: {}.", parts.join(", "))
    }
}

fn noun(count: usize) -> &'static str {
    if count == 1 { "KPI" } else { "KPIs" }
}

fn list(titles: &[&str]) -> String {
    if titles.len() <= NAMED + 1 {
        return titles.join(", ");
    }
    format!("{} and {} more", titles[..NAMED].join(", "), titles.len() - NAMED)
}

/// The least is the most urgent.
fn urgency(kpi: &Kpi, status: Status) -> (Reverse<u8>, bool) {
    (Reverse(status.badness()), !kpi.kind.is_early())
}

fn slowest_first(a: Option<f64>, b: Option<f64>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}
