//! The answer in one sentence, and what comes first: which KPIs need attention.

use std::cmp::{Ordering, Reverse};

use crate::assess::Status;
use crate::figures;
use crate::filter::Filter;
use crate::id::KpiId;
use crate::kpi::Kpi;
use crate::shown;
use crate::snapshot::{KpiState, Snapshot, Verdict};

/// Titles spelled out in the sentence; the rest is counted.
const NAMED: usize = 3;

/// Bytes of a title that it names.
const LONGEST: usize = 60;

/// The KPIs with a status that is asked for, the most urgent first: early KPIs that are off track lead,
/// since there is still time to act on them, then by status and pace. Equal ones stay in the order of the
/// configuration.
pub fn most_urgent_first<'s>(kpis: &[&'s KpiState], filter: &Filter) -> Vec<&'s KpiState> {
    let asked = |state: &&KpiState| worst_status(state).is_some_and(|s| filter.keeps_status(s));
    let mut rows: Vec<_> = kpis.iter().copied().filter(asked).collect();
    rows.sort_by_cached_key(|state| {
        let worst = worst_first(state).first().map(|verdict| &verdict.assessment);
        let rank = worst.map(|worst| urgency(&state.kpi, worst.status));
        (rank, Slowest(worst.and_then(|worst| worst.pace_ratio)))
    });
    rows
}

/// The worst status of a KPI: the one it is counted with.
pub fn worst_status(state: &KpiState) -> Option<Status> {
    state.verdicts.iter().map(|verdict| verdict.assessment.status).max_by_key(|s| s.badness())
}

/// A pace, the slowest first and none last.
struct Slowest(Option<f64>);

impl PartialEq for Slowest {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Slowest {}

impl PartialOrd for Slowest {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Slowest {
    fn cmp(&self, other: &Self) -> Ordering {
        slowest_first(self.0, other.0)
    }
}

/// The verdicts of a KPI, the most urgent first.
pub fn worst_first(state: &KpiState) -> Vec<&Verdict> {
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
pub enum Tone {
    /// Something is off track or missed.
    Bad,
    /// Something is at risk or unknown.
    Doubtful,
    /// Nothing needs attention.
    Good,
}

/// "1 of 3 KPIs is off track: Trial-to-paid conversion." A KPI with several label sets counts once,
/// with its worst status.
pub fn answer(kpis: &[&KpiState]) -> (Tone, String) {
    let worst: Vec<(&Kpi, Status)> =
        kpis.iter().filter_map(|state| Some((&*state.kpi, worst_status(state)?))).collect();
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

/// What the headline leaves out: other troubles, projected misses. `None` when there is nothing.
pub fn besides(kpis: &[&KpiState]) -> Option<String> {
    let with = |status| kpis.iter().filter(|state| worst_status(state) == Some(status)).count();
    let mut troubles = [Status::OffTrack, Status::Missed, Status::AtRisk, Status::NoData]
        .map(|status| (with(status), status.words()))
        .into_iter()
        .filter(|(count, _)| *count > 0);
    // The first is the headline.
    let _ = troubles.next();
    let mut said: Vec<String> = troubles.map(|(count, words)| format!("{count} {words}")).collect();
    let misses = |state: &&&KpiState| {
        let numbers = state.verdicts.iter().map(|verdict| &verdict.assessment);
        // What is decided is projected no more.
        let open = numbers.filter(|a| !matches!(a.status, Status::Missed | Status::Achieved));
        open.filter_map(|a| a.projected_target_ratio).any(|ratio| ratio < 1.0)
    };
    let missing = kpis.iter().filter(misses).count();
    if missing > 0 {
        let verb = if missing == 1 { "is" } else { "are" };
        said.push(format!("{missing} {verb} projected to miss the target"));
    }
    (!said.is_empty()).then(|| format!("{}.", said.join(", ")))
}

/// A KPI in trouble that leads one that still looks fine.
#[derive(Debug, Clone, Copy)]
pub struct EarlyWarning<'s> {
    /// The one in trouble.
    pub early: &'s KpiState,
    /// The one that will show it later.
    pub late: &'s KpiState,
}

/// Every such pair of which the first is among the chosen.
pub fn early_warnings<'s>(
    snapshot: &'s Snapshot,
    chosen: &[&'s KpiState],
) -> Vec<EarlyWarning<'s>> {
    let troubled = |state: &&&KpiState| {
        matches!(worst_status(state), Some(Status::OffTrack | Status::AtRisk | Status::Missed))
    };
    let pairs = chosen.iter().filter(troubled);
    let pairs = pairs.flat_map(|early| early.kpi.predicts.iter().map(move |id| (*early, id)));
    let warning = |(early, id): (&'s KpiState, &KpiId)| {
        let late = snapshot.kpis.iter().find(|state| state.kpi.id == *id)?;
        worst_status(late).is_some_and(Status::is_good).then_some(EarlyWarning { early, late })
    };
    pairs.filter_map(warning).collect()
}

impl EarlyWarning<'_> {
    /// What leads what, by how much, and what can be done.
    pub fn sentence(&self) -> String {
        format!("{} {}", shown::isolated(&self.early.kpi.title), self.clause())
    }

    /// The same without the name of what is in trouble: `is off track and leads …`.
    pub fn clause(&self) -> String {
        let Self { early, late } = self;
        let status = worst_status(early).map_or("in trouble", Status::words);
        let by = early.kpi.lead_time.map(|time| figures::days(time.as_secs_f64() / 86_400.0, ""));
        let by = by.map_or(String::new(), |by| format!(" by {by}"));
        let levers = match early.kpi.levers.as_slice() {
            [] => String::new(),
            levers => format!(" Levers: {}.", levers.join(", ")),
        };
        let known = early.leads.iter().find(|lead| lead.predicts == late.kpi.id);
        let proof = known.map_or(String::new(), |known| format!(" ({})", known.lead.proof()));
        let other = shown::isolated(&late.kpi.title);
        format!("is {status} and leads {other}{by}{proof}, which still looks fine.{levers}")
    }
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

/// Long titles are cut: the page of the KPI has all of it.
fn list(titles: &[&str]) -> String {
    let all = titles.len() <= NAMED + 1;
    let named = titles.iter().take(if all { titles.len() } else { NAMED });
    let named = named.map(|title| shown::isolated(&shown::line(title, LONGEST)).into_owned());
    let named = named.collect::<Vec<_>>().join(", ");
    if all { named } else { format!("{named} and {} more", titles.len() - NAMED) }
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
