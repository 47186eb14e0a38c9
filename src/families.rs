//! Every metric family of the program, declared once: name, type and help. The doc comment of a
//! family is its HELP text. No other file writes a metric name; rules and dashboards take theirs
//! from here too.

use std::fmt;

/// A metric family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Family {
    /// As in a query: counters end in `_total`, info families in `_info`.
    pub name: &'static str,
    /// What its samples are.
    pub kind: FamilyKind,
    /// One sentence.
    pub help: &'static str,
}

/// Types as OpenMetrics knows them; classic text writes `Info` and `StateSet` as gauges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FamilyKind {
    /// A number that goes up and down.
    Gauge,
    /// A number that only grows.
    Counter,
    /// Observations in buckets.
    Histogram,
    /// Text in labels, value always 1.
    Info,
    /// One sample per possible state, 1 for the current one.
    StateSet,
}

/// Labels that families have, beside those that bear the name of a stateset. Labels of users must
/// have other names.
const LABELS: &[&str] = &[
    "by",
    "digest",
    "direction",
    "function",
    "kind",
    "kpi",
    "member",
    "metric",
    "objective",
    "outcome",
    "owner",
    "period",
    "predicts",
    "lever",
    "reason",
    "revision",
    "source",
    "task",
    "team",
    "title",
    "unit",
    "version",
];

/// Labels that OpenMetrics itself uses.
const OF_OPENMETRICS: [&str; 2] = ["le", "quantile"];

/// Whether a label of that name is one of a family.
pub fn is_label(name: &str) -> bool {
    let of_a_stateset = || {
        let mut statesets = ALL.iter().filter(|family| family.kind == FamilyKind::StateSet);
        statesets.any(|family| family.name == name)
    };
    LABELS.contains(&name) || OF_OPENMETRICS.contains(&name) || of_a_stateset()
}

/// A family in a query is its name.
impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

macro_rules! families {
    ($(#[doc = $help:literal] $id:ident = $kind:ident $name:literal;)*) => {
        $(
            #[doc = $help]
            pub const $id: Family =
                Family { name: $name, kind: FamilyKind::$kind, help: $help.trim_ascii() };
        )*

        /// All families, in the order in which they are exposed.
        pub const ALL: &[Family] = &[$($id),*];
    };
}

families! {
    /// Definition of a KPI; always 1.
    KPI_INFO = Info "kpi_info";
    /// First thing that can be done about a KPI; always 1.
    KPI_LEVER_INFO = Info "kpi_lever_info";
    /// Current value, in the unit of the KPI.
    KPI_VALUE = Gauge "kpi_value";
    /// Baseline that the target is measured from, in the unit of the KPI.
    KPI_BASELINE_VALUE = Gauge "kpi_baseline_value";
    /// Value to reach by the end of the period, in the unit of the KPI.
    KPI_TARGET_VALUE = Gauge "kpi_target_value";
    /// Lower limit of the target, in the unit of the KPI.
    KPI_TARGET_LOWER_VALUE = Gauge "kpi_target_lower_value";
    /// Upper limit of the target, in the unit of the KPI.
    KPI_TARGET_UPPER_VALUE = Gauge "kpi_target_upper_value";
    /// Value that the path to the target asks for now, in the unit of the KPI.
    KPI_EXPECTED_VALUE = Gauge "kpi_expected_value";
    /// Attainment: 1 or more is a met target, whatever the direction.
    KPI_TARGET_RATIO = Gauge "kpi_target_ratio";
    /// Share of the way from the baseline (flow: from zero) to the target.
    KPI_PROGRESS_RATIO = Gauge "kpi_progress_ratio";
    /// Share of the way that the path asks for now.
    KPI_EXPECTED_PROGRESS_RATIO = Gauge "kpi_expected_progress_ratio";
    /// Pace: 1 is exactly on the path to the target.
    KPI_PACE_RATIO = Gauge "kpi_pace_ratio";
    /// Projected value at the end of the period, in the unit of the KPI.
    KPI_PROJECTED_VALUE = Gauge "kpi_projected_value";
    /// Lower bound of the 80 % interval of the projection, in the unit of the KPI.
    KPI_PROJECTED_LOWER_VALUE = Gauge "kpi_projected_lower_value";
    /// Upper bound of the 80 % interval of the projection, in the unit of the KPI.
    KPI_PROJECTED_UPPER_VALUE = Gauge "kpi_projected_upper_value";
    /// Projected attainment at the end of the period.
    KPI_PROJECTED_TARGET_RATIO = Gauge "kpi_projected_target_ratio";
    /// Probability of meeting the target at the end of the period.
    KPI_TARGET_HIT_PROBABILITY = Gauge "kpi_target_hit_probability";
    /// Run rate per day that is still needed to reach the target.
    KPI_REQUIRED_VALUE_PER_DAY = Gauge "kpi_required_value_per_day";
    /// How many times as fast as so far the rest of the period must run to reach the target.
    KPI_REQUIRED_PACE_RATIO = Gauge "kpi_required_pace_ratio";
    /// Value of a member of a KPI by one column of its breakdown, in the unit of the KPI.
    KPI_BREAKDOWN_VALUE = Gauge "kpi_breakdown_value";
    /// Share of a member in the whole: of the denominator of a quotient, else of the value.
    KPI_BREAKDOWN_SHARE = Gauge "kpi_breakdown_share";
    /// Verdict on a KPI: 1 for its current status, 0 for every other.
    KPI_STATUS = StateSet "kpi_status";
    /// Noise or news: 1 for what the newest weeks say, 0 for every other.
    KPI_SIGNAL = StateSet "kpi_signal";
    /// Correlation by which a KPI leads another, prewhitened; 0 where none is verified.
    KPI_LEAD_CORRELATION = Gauge "kpi_lead_correlation";
    /// Pace at or above which a KPI is on track at this point of its period.
    KPI_PACE_ON_TRACK_RATIO = Gauge "kpi_pace_on_track_ratio";
    /// Pace at or above which a KPI is at risk at this point of its period; below it is off track.
    KPI_PACE_AT_RISK_RATIO = Gauge "kpi_pace_at_risk_ratio";
    /// Age beyond which data counts as no data.
    KPI_MAX_DATA_AGE_SECONDS = Gauge "kpi_max_data_age_seconds";
    /// Share of the current period that has passed.
    KPI_PERIOD_ELAPSED_RATIO = Gauge "kpi_period_elapsed_ratio";
    /// Start of the current period.
    KPI_PERIOD_START_TIMESTAMP_SECONDS = Gauge "kpi_period_start_timestamp_seconds";
    /// End of the current period.
    KPI_PERIOD_END_TIMESTAMP_SECONDS = Gauge "kpi_period_end_timestamp_seconds";
    /// Value with which the last period closed, in the unit of the KPI.
    KPI_LAST_PERIOD_VALUE = Gauge "kpi_last_period_value";
    /// Attainment with which the last period closed.
    KPI_LAST_PERIOD_TARGET_RATIO = Gauge "kpi_last_period_target_ratio";
    /// End of the last period.
    KPI_LAST_PERIOD_END_TIMESTAMP_SECONDS = Gauge "kpi_last_period_end_timestamp_seconds";
    /// 1 while the value of a KPI is outside of what its definition can be; for KPIs with such limits.
    KPI_VALUE_OUT_OF_RANGE = Gauge "kpi_value_out_of_range";
    /// When what the values of a KPI mean last changed.
    KPI_DEFINITION_CHANGED_TIMESTAMP_SECONDS = Gauge "kpi_definition_changed_timestamp_seconds";
    /// When what the values of a KPI are measured against last changed.
    KPI_GOAL_CHANGED_TIMESTAMP_SECONDS = Gauge "kpi_goal_changed_timestamp_seconds";
    /// Instant up to which the data is complete.
    KPI_DATA_TIMESTAMP_SECONDS = Gauge "kpi_data_timestamp_seconds";
    /// Last computation from good data.
    KPI_LAST_SUCCESS_TIMESTAMP_SECONDS = Gauge "kpi_last_success_timestamp_seconds";
    /// Mean progress of the KPIs of an objective, each clamped to 0..1.
    KPI_OBJECTIVE_PROGRESS_RATIO = Gauge "kpi_objective_progress_ratio";
    /// How many KPIs of a kind a team has.
    KPI_FRAMEWORK_KPIS = Gauge "kpi_framework_kpis";
    /// Value of a metric behind the KPIs, over the current window.
    KPI_METRIC_VALUE = Gauge "kpi_metric_value";
    /// Why a KPI that needs somebody stands as it does, in one sentence; always 1.
    KPI_REASON_INFO = Info "kpi_reason_info";
    /// How a target was missed in the period that closed last, in one sentence; always 1.
    KPI_LAST_PERIOD_REASON_INFO = Info "kpi_last_period_reason_info";
    /// Whether the last fetch of every metric of a source was good.
    KPI_SOURCE_UP = Gauge "kpi_source_up";
    /// Last good fetch from a source.
    KPI_SOURCE_LAST_SUCCESS_TIMESTAMP_SECONDS = Gauge "kpi_source_last_success_timestamp_seconds";
    /// Fetches by outcome, and rows without a usable value.
    KPI_SOURCE_FETCHES_TOTAL = Counter "kpi_source_fetches_total";
    /// Time that a fetch took.
    KPI_SOURCE_FETCH_DURATION_SECONDS = Histogram "kpi_source_fetch_duration_seconds";
    /// Version of the running program; always 1.
    KPI_EXPORTER_BUILD_INFO = Info "kpi_exporter_build_info";
    /// How many KPIs are configured.
    KPI_EXPORTER_CONFIGURED_KPIS = Gauge "kpi_exporter_configured_kpis";
    /// Whether the last attempt to load the configuration was good.
    KPI_EXPORTER_CONFIG_LAST_RELOAD_SUCCESSFUL = Gauge "kpi_exporter_config_last_reload_successful";
    /// When a configuration was last loaded.
    KPI_EXPORTER_CONFIG_LAST_RELOAD_SUCCESS_TIMESTAMP_SECONDS =
        Gauge "kpi_exporter_config_last_reload_success_timestamp_seconds";
    /// Time that an evaluation of what is new took.
    KPI_EXPORTER_EVALUATION_DURATION_SECONDS = Histogram "kpi_exporter_evaluation_duration_seconds";
    /// When the KPIs were last evaluated.
    KPI_EXPORTER_LAST_EVALUATION_TIMESTAMP_SECONDS = Gauge "kpi_exporter_last_evaluation_timestamp_seconds";
    /// Bytes of the store and its write-ahead log.
    KPI_EXPORTER_STORE_SIZE_BYTES = Gauge "kpi_exporter_store_size_bytes";
    /// Time that writing an evaluation to the store took.
    KPI_EXPORTER_STORE_WRITE_DURATION_SECONDS = Histogram "kpi_exporter_store_write_duration_seconds";
    /// Evaluations and past days that could not be written to the store.
    KPI_EXPORTER_STORE_ERRORS_TOTAL = Counter "kpi_exporter_store_errors_total";
    /// Tasks that ended by a defect of the program and were started again.
    KPI_EXPORTER_TASK_RESTARTS_TOTAL = Counter "kpi_exporter_task_restarts_total";
    /// Digests by what became of them: sent, failed (each attempt), quiet, given up, or skipped because the program did not run.
    KPI_DIGEST_SENT_TOTAL = Counter "kpi_digest_sent_total";
    /// Lines of the log that could not be written, or that nobody took in time.
    KPI_EXPORTER_LOG_ERRORS_TOTAL = Counter "kpi_exporter_log_errors_total";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn labels_of_families_are_known() {
        for name in ["kpi", "kpi_status", "kpi_signal", "le", "team", "source"] {
            assert!(is_label(name), "{name}");
        }
        assert!(!is_label("region") && !is_label("kpi_value"));
    }

    #[test]
    fn names_are_unique_and_say_what_kind_they_are() {
        let names: BTreeSet<_> = ALL.iter().map(|family| family.name).collect();
        assert_eq!(names.len(), ALL.len());
        for family in ALL {
            let counter = family.name.ends_with("_total");
            assert_eq!(counter, family.kind == FamilyKind::Counter, "{}", family.name);
            let info = family.name.ends_with("_info");
            assert_eq!(info, family.kind == FamilyKind::Info, "{}", family.name);
            assert!(!family.help.is_empty() && !family.help.starts_with(' '), "{}", family.name);
        }
    }
}
