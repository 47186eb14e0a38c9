//! Small multiples: the label sets of a KPI beside each other on one scale, the worst first.

use chrono::NaiveDate;
use maud::{Markup, html};

use crate::kpi::SeriesKey;
use crate::snapshot::{KpiState, Snapshot, Verdict};
use crate::web::Site;
use crate::web::spark;
use crate::web::words::{ABSENT, badge, label_chips};

/// Pictures, at most: the table below has the others.
const MOST: usize = 24;

/// Days that are drawn.
const DAYS: usize = 183;

/// The pictures; nothing without history.
pub(super) fn multiples(
    site: &Site<'_>,
    snapshot: &Snapshot,
    state: &KpiState,
    verdicts: &[&Verdict],
) -> Markup {
    let today = snapshot.calendar.day_of(snapshot.as_of);
    let points = |verdict: &&&Verdict| -> Vec<(NaiveDate, f64)> {
        let days = site.days.of(&SeriesKey::new(&state.kpi.id, &verdict.labels));
        let days = days.iter().skip(days.len().saturating_sub(DAYS));
        let now = verdict.assessment.value.map(|value| (today, value));
        days.map(|day| (day.day, day.value)).chain(now).collect()
    };
    let all: Vec<Vec<(NaiveDate, f64)>> = verdicts.iter().take(MOST).map(|v| points(&v)).collect();
    let pictures =
        if all.iter().any(|points| points.len() > 2) { spark::multiples(&all) } else { Vec::new() };
    let value = |verdict: &Verdict| {
        verdict.assessment.value.map_or(ABSENT.to_owned(), |value| state.kpi.unit.show(value))
    };
    html! {
        @if !pictures.is_empty() {
            section {
                h2 { "Side by side" span.aside { "on one scale, the last half year" } }
                ul.multiples {
                    @for (verdict, picture) in verdicts.iter().zip(&pictures) {
                        li {
                            p { (badge(verdict.assessment.status)) " " strong { (value(verdict)) } }
                            (picture)
                            p { (label_chips(&verdict.labels)) }
                        }
                    }
                }
            }
        }
    }
}
