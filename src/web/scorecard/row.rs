//! One KPI on the scorecard: its sign, its numbers, why; its label sets folded below it.

use maud::{Markup, html};

use super::Common;
use crate::assess::{Assessment, Status};
use crate::figures;
use crate::kpi::Kpi;
use crate::snapshot::{KpiState, Snapshot, Verdict};
use crate::summary::worst_first;
use crate::web::frame::Place;
use crate::web::svg;
use crate::web::words::{ABSENT, badge, complete_through, label_chips, period_days, target};

/// Label sets that are unfolded; the page of the KPI has all.
const UNFOLDED: usize = 25;

/// Columns of the table.
const COLUMNS: usize = 6;

/// The rows of a KPI, which has at least one verdict.
pub(super) fn kpi(snapshot: &Snapshot, state: &KpiState, common: &Common) -> Markup {
    let verdicts = worst_first(state);
    let Some(worst) = verdicts.first() else { return html! {} };
    let (kpi, a) = (&state.kpi, &worst.assessment);
    html! {
        tbody class=(a.status.as_str()) {
            tr {
                td.status { (badge(a.status)) }
                th scope="row" {
                    a.title href=(Place::Scorecard.link(&format!("kpi/{}", kpi.id))) { (kpi.title) }
                    @if verdicts.len() > 1 { " " span.label { "worst of " (verdicts.len()) } }
                    " " (label_chips(&worst.labels))
                    span.note { (about(snapshot, state, a, common)) }
                }
                (numbers(kpi, a))
            }
            @if !a.reason.is_empty() && a.needs_somebody() {
                tr.why { td {} td colspan=(COLUMNS - 1) { (a.reason) } }
            } @else if !a.reason.is_empty() {
                tr.why.calm { td {} td colspan=(COLUMNS - 1) { details { summary { "Why" } (a.reason) } } }
            }
            @if verdicts.len() > 1 {
                tr.sets { td {} td colspan=(COLUMNS - 1) { (sets(kpi, &verdicts)) } }
            }
        }
    }
}

fn numbers(kpi: &Kpi, a: &Assessment) -> Markup {
    html! {
        td.number.now data-label="Now" {
            strong { (a.value.map_or(ABSENT.to_owned(), |value| kpi.unit.show(value))) }
            span.of { " of " (target(kpi, a)) }
        }
        td.picture { (svg::bullet(kpi, a)) }
        td.number data-label="Pace" { (a.pace_ratio.map_or(ABSENT.to_owned(), |pace| format!("{pace:.2} ×"))) }
        td.number data-label="Projected" { (projected(kpi, a)) }
    }
}

/// Where it will end, and by how much that misses or beats the target.
fn projected(kpi: &Kpi, a: &Assessment) -> Markup {
    let Some(projected) = a.projected_value else { return html! { (ABSENT) } };
    let misses = a.projected_target_ratio.is_some_and(|ratio| ratio < 1.0);
    let gap = a.target_value.map(|target| kpi.unit.show_change(projected - target));
    html! {
        (kpi.unit.show(projected))
        @if let Some(gap) = gap {
            span.gap.off_track[misses] { " " (gap) @if misses { span.hidden { ": misses the target" } } }
        }
        @if let Some(chance) = a.target_hit_probability {
            span.gap { " " (figures::share(chance)) " chance" }
        }
    }
}

/// What kind it is, what it leads, whose it is, and what differs from the other KPIs.
fn about(snapshot: &Snapshot, state: &KpiState, a: &Assessment, common: &Common) -> String {
    let kpi = &state.kpi;
    let mut said = vec![kpi.kind.to_string()];
    let titles = kpi.predicts.iter().map(|id| {
        let other = snapshot.kpis.iter().find(|other| other.kpi.id == *id);
        other.map_or(id.as_str(), |other| other.kpi.title.as_str())
    });
    let titles: Vec<&str> = titles.collect();
    if !titles.is_empty() {
        let by = kpi.lead_time.map(|time| figures::duration(time.as_secs_f64()));
        let by = by.map_or(String::new(), |by| format!(" by {by}"));
        said.push(format!("leads {}{by}", titles.join(", ")));
    }
    said.extend(kpi.owner.clone().or_else(|| kpi.team.clone()));
    if common.period.is_none() {
        said.push(period_days(&a.period));
    }
    if common.through.is_none()
        && let Some(at) = a.data_through
    {
        said.push(format!("data through {}", complete_through(at, snapshot.timezone)));
    }
    said.join(" · ")
}

/// The label sets, the worst first: unfolded by who wants to see them.
fn sets(kpi: &Kpi, verdicts: &[&Verdict]) -> Markup {
    html! {
        details {
            summary { (verdicts.len()) " label sets: " (counts(verdicts)) }
            table.plain.inner {
                caption.hidden { "Label sets of " (kpi.title) }
                tbody {
                    @for verdict in verdicts.iter().take(UNFOLDED) {
                        @let a = &verdict.assessment;
                        tr class=(a.status.as_str()) {
                            td { (badge(a.status)) }
                            th scope="row" { (label_chips(&verdict.labels)) }
                            (numbers(kpi, a))
                        }
                    }
                }
            }
            @if verdicts.len() > UNFOLDED {
                p.muted {
                    a href=(Place::Scorecard.link(&format!("kpi/{}", kpi.id))) { "and " (verdicts.len() - UNFOLDED) " more" }
                }
            }
        }
    }
}

/// `2 ✕ off track, 4 ✓ on track`.
fn counts(verdicts: &[&Verdict]) -> String {
    let counted = Status::WORST_FIRST.into_iter().filter_map(|status| {
        let count = verdicts.iter().filter(|v| v.assessment.status == status).count();
        (count > 0).then(|| format!("{count} {} {}", status.symbol(), status.words()))
    });
    counted.collect::<Vec<_>>().join(", ")
}
