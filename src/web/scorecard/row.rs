//! One KPI on the scorecard: its sign, its numbers, why; its label sets folded below it.

use maud::{Markup, html};

use super::{Common, week};
use crate::assess::{Assessment, Status};
use crate::engine::ChartDay;
use crate::figures;
use crate::kpi::{Kpi, SeriesKey, same};
use crate::shown;
use crate::snapshot::{KpiState, Snapshot, Verdict};
use crate::summary::worst_first;
use crate::web::frame::Place;
use crate::web::spark::{Spark, spark};
use crate::web::svg;
use crate::web::words::{
    ABSENT, badge, complete_through, label_chips, lead_time, led, period_days, target,
};

/// Label sets that are unfolded; the page of the KPI has all.
const UNFOLDED: usize = 25;

/// The same where there are very many KPIs.
const FEW_UNFOLDED: usize = 3;

/// Columns of the table.
pub(super) const COLUMNS: usize = 8;

/// The rows of a KPI, which has at least one verdict.
pub(super) fn kpi(common: &Common<'_>, state: &KpiState) -> Markup {
    let verdicts = worst_first(state);
    let Some(worst) = verdicts.first() else { return html! {} };
    let (kpi, a) = (&state.kpi, &worst.assessment);
    let calm = a.status.is_good();
    let why = !a.reason.is_empty() && (a.status.is_bad() || !common.many);
    html! {
        tbody class=(a.status.as_str()) {
            tr {
                td.status {
                    @if common.many { (a.status.symbol()) " " (a.status.words()) } @else { (badge(a.status)) }
                }
                @let turned = shown::turned(&kpi.title);
                th scope="row" dir=[turned.then_some("rtl")] {
                    a href=(Place::Scorecard.link(&format!("kpi/{}", kpi.id))) { (kpi.title) }
                    @if verdicts.len() > 1 { " " (label_chips(&worst.labels)) }
                    @if common.many { span.note dir=[turned.then_some("ltr")] { (about(common, state, a)) } } @else { div.about {
                        span.note dir=[turned.then_some("ltr")] { (about(common, state, a)) }
                        @if why && calm { details.why { summary { "Why" } p { (a.reason) } } }
                    } }
                }
                (numbers(common, kpi, worst))
            }
            @if (why && !calm) || verdicts.len() > 1 {
                tr.more-of-it {
                    td {}
                    td colspan=(COLUMNS - 1) {
                        @if why && !calm {
                            p.why { (a.reason) @if a.status == Status::NoData { " " a href=(Place::Scorecard.link("sources")) { "→ Sources" } } }
                        }
                        @if verdicts.len() > 1 { (sets(common, kpi, &verdicts)) }
                    }
                }
            }
        }
    }
}

fn numbers(common: &Common<'_>, kpi: &Kpi, verdict: &Verdict) -> Markup {
    let a = &verdict.assessment;
    let days = common.days.of(&SeriesKey::new(&kpi.id, &verdict.labels));
    html! {
        td.number.now {
            strong { (a.value.map_or(ABSENT.to_owned(), |value| kpi.unit.show(value))) }
            span.of { " of " (target(kpi, a)) }
        }
        td.picture { (svg::bullet(kpi, a, !common.many)) }
        td.weeks { (weeks(common, kpi, a, days)) }
        td.number.week { (change(common.snapshot, kpi, a, days)) }
        td.number.pace {
            (a.pace_ratio.map_or(ABSENT.to_owned(), pace))
            @if let Some(chance) = a.target_hit_probability.filter(|_| !common.many) {
                span.gap { " " (figures::share(chance)) " chance" }
            }
        }
        td.number.end { (projected(kpi, a)) }
    }
}

fn weeks(common: &Common<'_>, kpi: &Kpi, a: &Assessment, days: &[ChartDay]) -> Markup {
    let Some(value) = a.value else { return html! {} };
    spark(Spark {
        today: common.today,
        days,
        now: (value, a.expected_value),
        starts_again: week::starts_again(kpi),
        coarse: common.many,
    })
}

/// With a true minus, as all numbers.
fn pace(pace: f64) -> String {
    format!("{pace:.2} ×").replace('-', "−")
}

/// What a week changed.
fn change(snapshot: &Snapshot, kpi: &Kpi, a: &Assessment, days: &[ChartDay]) -> Markup {
    let Some(change) = week::change(snapshot, kpi, a, days) else { return html! { (ABSENT) } };
    let sign = match change {
        change if same(change, 0.0) => "",
        change if change > 0.0 => "▲ ",
        _ => "▼ ",
    };
    html! { (sign) (kpi.unit.show_change(change)) }
}

/// Where it will end, and by how much that misses or beats the target.
fn projected(kpi: &Kpi, a: &Assessment) -> Markup {
    let Some(projected) = a.projected_value else { return html! { (ABSENT) } };
    let misses = a.projected_target_ratio.is_some_and(|ratio| ratio < 1.0);
    let gap = a.target_value.map(|target| kpi.unit.show_change(projected - target));
    html! {
        (kpi.unit.show(projected))
        @if let Some(gap) = gap {
            span.gap.off_track[misses] { " " (gap) @if misses { " miss" } }
        }
    }
}

/// What kind it is, what it leads, whose it is, and what differs from the other KPIs.
fn about(common: &Common<'_>, state: &KpiState, a: &Assessment) -> String {
    let kpi = &state.kpi;
    let mut said = vec![kpi.kind.to_string()];
    if !kpi.predicts.is_empty() {
        let by = kpi.lead_time.map(lead_time);
        let by = by.map_or(String::new(), |by| format!(" by {by}"));
        said.push(format!("leads {}{by}", led(common.snapshot, kpi)));
    }
    said.extend(kpi.owner.as_deref().map(short).or_else(|| kpi.team.clone()));
    let period = period_days(&a.period);
    if common.days_of_period.as_ref().is_some_and(|usual| *usual != period) {
        said.push(period);
    }
    if let Some(at) = a.data_through
        && common.through.is_some_and(|usual| at < usual)
    {
        said.push(format!("data through {}", complete_through(at, common.snapshot.timezone)));
    }
    said.join(" · ")
}

/// `growth@` of an address: who works here knows the rest, and the page of the KPI has it.
fn short(owner: &str) -> String {
    match owner.split_once('@') {
        Some((name, domain)) if domain.contains('.') && !domain.contains(' ') => format!("{name}@"),
        _ => owner.to_owned(),
    }
}

/// The label sets, the worst first: unfolded by who wants to see them.
fn sets(common: &Common<'_>, kpi: &Kpi, verdicts: &[&Verdict]) -> Markup {
    let most = if common.many { FEW_UNFOLDED } else { UNFOLDED };
    html! {
        details.sets {
            summary { (verdicts.len()) " " (kinds(verdicts)) ": " (counts(verdicts)) }
            table.inner {
                caption.hidden { "Label sets of " (kpi.title) }
                tbody {
                    @for verdict in verdicts.iter().take(most) {
                        tr class=(verdict.assessment.status.as_str()) {
                            td.status { (badge(verdict.assessment.status)) }
                            th scope="row" { (label_chips(&verdict.labels)) }
                            (numbers(common, kpi, verdict))
                        }
                    }
                }
            }
            @if verdicts.len() > most {
                p.muted {
                    a href=(Place::Scorecard.link(&format!("kpi/{}", kpi.id))) { "and " (verdicts.len() - most) " more" }
                }
            }
        }
    }
}

/// What they are: the name of their only label, or label sets.
fn kinds(verdicts: &[&Verdict]) -> String {
    let name = verdicts.first().and_then(|verdict| verdict.labels.names().next());
    let only = |name: &&str| verdicts.iter().all(|v| v.labels.names().eq([*name]));
    let Some(name) = name.filter(only) else { return "label sets".to_owned() };
    let words = name.replace('_', " ");
    match words.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ if words.ends_with('s') => words,
        _ => format!("{words}s"),
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
