//! Grafana dashboards: one set for all KPIs, driven by variables, so that a new KPI needs no new
//! dashboard. `per_kpi` adds one for each KPI of a configuration, in the unit of that KPI.
//!
//! Not here: alert rules. The dashboards read the exported gauges and the alerts' own series, not
//! recorded ones: they are of use before the rules are loaded.

mod board;
mod definition;
mod detail;
mod exporter_health;
mod frame;
mod panel;
mod promql;
mod scorecard;
mod status;
mod unit;
mod weekly_review;

use serde_json::Value;

use crate::kpi::Definitions;

pub use promql::FOREIGN_METRICS;

/// Longest uid that Grafana takes.
const UID_LENGTH: usize = 40;

/// A dashboard and the name under which it is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Dashboard {
    /// Unique and fixed: part of every address of the dashboard; 40 characters at most.
    pub uid: String,
    /// Classic dashboard JSON, schema version 39.
    pub json: Value,
}

impl Dashboard {
    fn new(json: Value) -> Self {
        let uid = json["uid"].as_str().unwrap_or_default().to_owned();
        Self { uid, json }
    }

    /// Name of its file.
    pub fn file_name(&self) -> String {
        format!("{}.json", self.uid)
    }

    /// Content of its file: the same bytes for the same dashboard.
    pub fn text(&self) -> String {
        format!("{:#}\n", self.json)
    }
}

/// The four dashboards that serve all KPIs.
pub fn shared() -> Vec<Dashboard> {
    [
        scorecard::dashboard(),
        detail::dashboard(),
        weekly_review::dashboard(),
        exporter_health::dashboard(),
    ]
    .map(Dashboard::new)
    .into()
}

/// A detail dashboard for each KPI, its values in the KPI's own unit.
pub fn per_kpi(definitions: &Definitions) -> Vec<Dashboard> {
    let kpis = &definitions.kpis;
    kpis.iter()
        .map(|kpi| Dashboard::new(detail::dashboard_of(kpi, kpis, &kpi_uid(&kpi.id))))
        .collect()
}

/// The uid of a KPI's own dashboard. A long id is cut and gets a checksum, so that two ids with the
/// same beginning stay apart.
fn kpi_uid(id: &str) -> String {
    let uid = format!("{}-{id}", frame::DETAIL);
    if uid.len() <= UID_LENGTH {
        return uid;
    }
    // FNV-1a, 32 bits: stable across versions, which the standard hasher is not.
    let sum = id
        .bytes()
        .fold(0x811c_9dc5_u32, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let kept: String = uid.chars().take(UID_LENGTH - 9).collect();
    format!("{kept}-{sum:08x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_id_stays_readable_in_the_uid() {
        assert_eq!(kpi_uid("trial_to_paid"), "kpi-detail-trial_to_paid");
    }

    #[test]
    fn long_ids_with_the_same_beginning_get_different_uids_of_legal_length() {
        let beginning = "monthly_recurring_revenue_from_";
        let one = kpi_uid(&format!("{beginning}new_customers"));
        let two = kpi_uid(&format!("{beginning}old_customers"));
        assert_ne!(one, two);
        assert_eq!((one.len(), two.len()), (UID_LENGTH, UID_LENGTH));
    }
}
