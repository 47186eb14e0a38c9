//! The page at `/`: are we on track, why, what now?

mod choose;
mod problems;
mod row;
mod sort;
mod warning;
pub(super) mod week;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use maud::{Markup, html};

use super::Site;
use super::frame::Place;
use super::words::{as_of, complete_through, counted, period_days};
use crate::assess::Status;
use crate::engine::RecentDays;
use crate::figures;
use crate::filter::Filter;
use crate::snapshot::{KpiState, ObjectiveState, Snapshot};
use crate::summary::{Tone, answer, besides, most_urgent_first, worst_first, worst_status};

use self::sort::Column;
pub use self::sort::Sort;

/// What of the scorecard somebody wants to see.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// Which KPIs.
    pub filter: Filter,
    /// Seconds after which the browser shall ask again; links keep it.
    pub refresh: Option<u32>,
    /// In which order; the most urgent first without one.
    pub sort: Option<Sort>,
}

/// With more KPIs than this a row says less: the page of the KPI has all of it.
const MANY: usize = 200;

/// What rows are made from besides their KPI. What is the same for most of them is said once, above.
pub(super) struct Common<'s> {
    snapshot: &'s Snapshot,
    days: &'s RecentDays,
    today: NaiveDate,
    days_of_period: Option<String>,
    left: Option<String>,
    through: Option<DateTime<Utc>>,
    many: bool,
}

impl Site<'_> {
    /// The scorecard: the answer in one sentence, then every KPI by objective.
    pub fn scorecard(&self, view: &View) -> String {
        let Some(snapshot) = self.snapshot else { return self.waiting() };
        let chosen: Vec<&KpiState> = snapshot
            .kpis
            .iter()
            .map(Arc::as_ref)
            .filter(|state| view.filter.keeps(&state.kpi))
            .collect();
        let (tone, sentence) = answer(&chosen);
        let mut shown = most_urgent_first(&chosen, &view.filter);
        let common = Common::of(snapshot, self.days, &shown);
        sort::sort(&mut shown, view.sort);
        let body = html! {
            div.headline.(tone_class(tone)) {
                p.crumbs {
                    "KPI scorecard · " (as_of(snapshot.as_of, snapshot.timezone))
                    @if let Some(left) = &common.left { " · " strong { (left) } }
                    @if let Some(days) = &common.days_of_period { " of " (days) }
                    @if let Some(at) = common.through { " · data through " (complete_through(at, snapshot.timezone)) }
                }
                h1 { (sentence) }
                @let second = second_line(snapshot, &chosen, self.days);
                @if !second.is_empty() { p.lead { (second) } }
            }
            (choose::bar(snapshot, &chosen, view))
            (warning::early(snapshot, &chosen))
            @if shown.is_empty() && !chosen.is_empty() {
                p.empty { "No KPI has this status. " a href="./" { "Show all" } }
            } @else if shown.is_empty() && !snapshot.kpis.is_empty() {
                p.empty { "No KPI fits. " a href="./" { "Show all" } }
            } @else if shown.is_empty() {
                p.empty { "Add KPIs under " code { "kpis:" } " in the configuration; " code { "kpi-exporter demo --write DIR" } " writes an example to start from." }
            }
            @for (objective, states) in by_objective(snapshot, &shown) {
                (section(view, &common, objective, &states))
            }
            (problems::problems(snapshot))
        };
        self.page(Place::Scorecard, &sentence, &body)
    }

    /// The page before the first evaluation.
    pub fn waiting(&self) -> String {
        let body = html! {
            p.crumbs { "KPI scorecard" }
            h1 { "Waiting for the first evaluation." }
            p.muted { "The sources are being asked; this page looks again by itself." }
        };
        self.page(Place::Scorecard, "KPI scorecard", &body)
    }
}

impl<'s> Common<'s> {
    fn of(snapshot: &'s Snapshot, days: &'s RecentDays, shown: &[&KpiState]) -> Self {
        let numbers = || shown.iter().flat_map(|s| s.verdicts.iter()).map(|v| &v.assessment);
        let today = snapshot.calendar.day_of(snapshot.as_of);
        let period = most_frequent(numbers().map(|a| (period_days(&a.period), a.period.end_day)));
        let left = period.as_ref().map(|(_, end)| {
            format!("{} left", figures::days((*end - today).num_days().max(0) as f64, ""))
        });
        Self {
            snapshot,
            days,
            today,
            days_of_period: period.map(|(days, _)| days),
            left,
            through: most_frequent(numbers().filter_map(|a| a.data_through)),
            many: shown.len() > MANY,
        }
    }
}

/// What comes most often; the first of equals by order.
fn most_frequent<T: Ord>(all: impl Iterator<Item = T>) -> Option<T> {
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    for one in all {
        *counts.entry(one).or_default() += 1;
    }
    let most = counts.values().copied().max()?;
    counts.into_iter().find(|(_, count)| *count == most).map(|(one, _)| one)
}

/// What is due, what is projected to miss, what a week changed.
fn second_line(snapshot: &Snapshot, chosen: &[&KpiState], days: &RecentDays) -> String {
    let troubled = |state: &&&KpiState| worst_status(state).is_some_and(Status::is_bad);
    let mut bad = chosen.iter().filter(troubled);
    let due = bad.next().filter(|_| bad.next().is_none()).and_then(|state| {
        let worst = &worst_first(state).first()?.assessment;
        let (now, due) = state.kpi.unit.show_pair(worst.value?, worst.expected_value?);
        Some(format!("{now} where {due} is due."))
    });
    let parts = [due, besides(chosen), week::verdicts(snapshot, chosen, days)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// The KPIs of each objective, those without one last. The objective with the most urgent KPI comes
/// first.
fn by_objective<'s>(
    snapshot: &'s Snapshot,
    shown: &[&'s KpiState],
) -> Vec<(Option<&'s ObjectiveState>, Vec<&'s KpiState>)> {
    let mut sections: Vec<(Option<&str>, Vec<&KpiState>)> = Vec::new();
    for state in shown {
        let id = state.kpi.objective.as_deref();
        match sections.iter_mut().find(|(known, _)| *known == id) {
            Some((_, states)) => states.push(state),
            None => sections.push((id, vec![state])),
        }
    }
    sections.sort_by_key(|(id, _)| id.is_none());
    let objective = |id: Option<&str>| id.and_then(|id| snapshot.objectives.get(id));
    sections.into_iter().map(|(id, states)| (objective(id), states)).collect()
}

fn section(
    view: &View,
    common: &Common<'_>,
    objective: Option<&ObjectiveState>,
    states: &[&KpiState],
) -> Markup {
    let title = objective.map_or("Without an objective", |o| o.objective.title.as_str());
    html! {
        section.objective {
            h2 {
                (title)
                @if let Some(owner) = objective.and_then(|o| o.objective.owner.as_deref()) { span.aside { (owner) } }
                span.count {
                    (counted(states.len(), "KPI", "KPIs"))
                    @if let Some(ratio) = objective.and_then(|o| o.progress_ratio) {
                        " · " (figures::attainment(ratio)) " of the way"
                    }
                }
            }
            table.kpis {
                caption.hidden { (title) ": KPIs" }
                thead {
                    tr {
                        th.status scope="col" aria-sort=[view.sort.is_none().then_some("descending")] {
                            a href=(choose::address(&View { sort: None, ..view.clone() })) { "Status" }
                        }
                        th scope="col" aria-sort=[sort::order(view, Column::Kpi)] { (sort::head(view, Column::Kpi, "KPI")) }
                        th.number.now scope="col" { "Now of target" }
                        th.picture scope="col" { "Progress" span.legend { "┊ due " span.unbroken { "┃ target" } } }
                        th.weeks scope="col" { "13 weeks" }
                        th.number.week scope="col" { "1 week" }
                        th.number.pace scope="col" aria-sort=[sort::order(view, Column::Pace)] { (sort::head(view, Column::Pace, "Pace")) }
                        th.number.end scope="col" aria-sort=[sort::order(view, Column::Projected)] { (sort::head(view, Column::Projected, "Projected")) }
                    }
                }
                @for state in states { (row::kpi(common, state)) }
            }
        }
    }
}

fn tone_class(tone: Tone) -> &'static str {
    match tone {
        Tone::Bad => "bad",
        Tone::Doubtful => "doubtful",
        Tone::Good => "good",
    }
}
