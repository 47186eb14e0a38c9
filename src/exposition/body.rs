//! From a snapshot to samples: the families one after the other, and what they say of all of it. Not here:
//! what they say of one KPI or metric (`pieces`).

use std::collections::BTreeMap;

use super::families::{self, Family};
use super::pieces::{About, KpiRows, about, kind_name, one_label, seconds, write_metric};
use super::sink::{FamilySink, Sink};
use crate::kpi::KpiKind;
use crate::snapshot::Snapshot;

/// Hands over what a snapshot says about KPIs, objectives and metrics: numbers only, and nothing about
/// sources.
pub(super) fn kpi_families(sink: &mut impl Sink, snapshot: &Snapshot) {
    let rows: Vec<KpiRows<'_>> = snapshot.kpis.iter().map(|state| KpiRows::of(state)).collect();
    for family in families::ALL.iter().filter(|family| !is_text_or_source(family)) {
        match about(family) {
            About::Kpis(of) => {
                let mut sink = sink.family(family);
                for rows in &rows {
                    rows.write(&mut sink, family, of);
                }
            }
            About::Metrics => {
                let mut sink = sink.family(family);
                for states in &snapshot.metrics {
                    write_metric(&mut sink, states);
                }
            }
            About::All => write_whole(&mut sink.family(family), family, snapshot),
            About::Program => {}
        }
    }
}

fn is_text_or_source(family: &Family) -> bool {
    matches!(
        *family,
        families::KPI_REASON_INFO
            | families::KPI_LAST_PERIOD_REASON_INFO
            | families::KPI_SOURCE_UP
            | families::KPI_SOURCE_LAST_SUCCESS_TIMESTAMP_SECONDS
    )
}

/// Hands over what a family says about all of a snapshot.
pub(super) fn write_whole(sink: &mut impl FamilySink, family: &Family, snapshot: &Snapshot) {
    match *family {
        families::KPI_OBJECTIVE_PROGRESS_RATIO => {
            for (id, state) in &snapshot.objectives {
                if let Some(progress) = state.progress_ratio {
                    sink.sample(&one_label("objective", id), progress);
                }
            }
        }
        families::KPI_FRAMEWORK_KPIS => framework(sink, snapshot),
        families::KPI_SOURCE_UP => {
            for (id, source) in &snapshot.sources {
                if let Some(up) = source.up {
                    sink.sample(&one_label("source", id), f64::from(u8::from(up)));
                }
            }
        }
        families::KPI_SOURCE_LAST_SUCCESS_TIMESTAMP_SECONDS => {
            for (id, source) in &snapshot.sources {
                if let Some(at) = source.last_success {
                    sink.sample(&one_label("source", id), seconds(at));
                }
            }
        }
        _ => {}
    }
}

/// Zeros included, so that a rule can see that a team has no leading KPI.
fn framework(sink: &mut impl FamilySink, snapshot: &Snapshot) {
    const KINDS: [KpiKind; 3] = [KpiKind::Leading, KpiKind::Efficiency, KpiKind::Lagging];
    let mut teams: BTreeMap<&str, [u32; 3]> = BTreeMap::new();
    for state in &snapshot.kpis {
        let counts = teams.entry(state.kpi.team.as_deref().unwrap_or_default()).or_default();
        for (count, kind) in counts.iter_mut().zip(KINDS) {
            *count += u32::from(state.kpi.kind == kind);
        }
    }
    for (team, counts) in teams {
        let set = one_label("team", team);
        for (count, kind) in counts.into_iter().zip(KINDS) {
            sink.sample_with(&set, ("kind", kind_name(kind)), f64::from(count));
        }
    }
}
