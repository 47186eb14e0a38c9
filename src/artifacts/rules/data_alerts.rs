//! Alerts about the data of KPIs and about how KPIs are set up.

use std::time::Duration;

use super::RuleOptions;
use super::alert::AlertSpec;
use super::duration::{DAY, HOUR, MINUTE};
use super::look::Look;
use super::recording::JOIN_META;
use super::text::{about, title};
use crate::artifacts::promql::{early_kinds, outcome_kinds, without_replicas};
use crate::exposition::families::{
    KPI_DEFINITION_CHANGED_TIMESTAMP_SECONDS, KPI_FRAMEWORK_KPIS, KPI_MAX_DATA_AGE_SECONDS,
    KPI_SOURCE_LAST_SUCCESS_TIMESTAMP_SECONDS, KPI_SOURCE_UP, KPI_VALUE,
};

pub(super) fn alerts(options: &RuleOptions) -> Vec<AlertSpec> {
    vec![
        stale("warning", ""),
        stale("critical", "3 * "),
        no_data(),
        removed(options),
        source_failing(options),
        definition_changed(),
        imbalanced(),
        too_many(),
        flapping(options),
    ]
}

fn stale(severity: &'static str, factor: &str) -> AlertSpec {
    let allowed = format!(
        "{{{{ with query (printf \"max({KPI_MAX_DATA_AGE_SECONDS}{{job=%q,kpi=%q}})\" $labels.job $labels.kpi) }}}}, \
         {{{{ . | first | value | humanizeDuration }}}} is allowed{{{{ end }}}}. Until it comes, what is shown is the past."
    );
    let age = " has no new data: the newest is {{ $value | humanizeDuration }} old";
    AlertSpec {
        name: "KPIDataStale",
        severity,
        expr: format!(
            "kpi:data_age:seconds > on (job, kpi) group_left () \
             ({factor}max by (job, kpi) ({KPI_MAX_DATA_AGE_SECONDS}))"
        ),
        wait: 10 * MINUTE,
        keep: Duration::ZERO,
        summary: title(" has data that is older than it may be"),
        description: about(&format!("{age}{allowed}")),
        look: Look::Kpi,
    }
}

fn no_data() -> AlertSpec {
    AlertSpec {
        name: "KPINoData",
        severity: "warning",
        expr: format!("kpi:meta:info unless on (job, kpi) {KPI_VALUE}"),
        wait: 15 * MINUTE,
        keep: Duration::ZERO,
        summary: title(" has no value"),
        description: about(" is configured but has no value: nobody knows whether it is on track."),
        look: Look::Kpi,
    }
}

/// Only while the exporter answers: when it is down, nothing was removed.
fn removed(options: &RuleOptions) -> AlertSpec {
    let hour = options.look_back(HOUR);
    AlertSpec {
        name: "KPIRemoved",
        severity: "info",
        expr: format!(
            "(kpi:meta:info offset {hour} unless on (job, kpi) kpi:meta:info)\n\
             and on (job) up == 1"
        ),
        wait: 10 * MINUTE,
        keep: Duration::ZERO,
        summary: "{{ $labels.kpi }} is gone from the exporter".into(),
        description: "{{ $labels.kpi }} was measured an hour ago and is gone: it was taken out of \
                      the configuration, or renamed. Its history ends here."
            .into(),
        look: Look::Kpi,
    }
}

fn source_failing(options: &RuleOptions) -> AlertSpec {
    let (once, minutes) = (without_replicas(&[]), options.look_back(10 * MINUTE));
    AlertSpec {
        name: "KPISourceFailing",
        severity: "warning",
        expr: format!("min {once} (max_over_time({KPI_SOURCE_UP}[{minutes}])) == 0"),
        wait: 5 * MINUTE,
        keep: Duration::ZERO,
        summary: "Source {{ $labels.source }} of KPIs fails".into(),
        description: format!(
            "No fetch from source {{{{ $labels.source }}}} has been good for a while\n\
             {{{{- with query (printf \"time() - max({KPI_SOURCE_LAST_SUCCESS_TIMESTAMP_SECONDS}{{job=%q,source=%q}})\" $labels.job $labels.source) }}}} \
             (the last good one was {{{{ . | first | value | humanizeDuration }}}} ago){{{{ end }}}}: \
             its KPIs show their last values until these are too old."
        ),
        look: Look::Exporter,
    }
}

fn definition_changed() -> AlertSpec {
    let day = DAY.as_secs();
    AlertSpec {
        name: "KPIDefinitionChanged",
        severity: "info",
        expr: format!(
            "(time() - max by (job, kpi) ({KPI_DEFINITION_CHANGED_TIMESTAMP_SECONDS}) < {day}) {JOIN_META}"
        ),
        wait: Duration::ZERO,
        keep: Duration::ZERO,
        summary: title(" has a new definition: its trend is broken there"),
        description: about(
            " is computed or judged in a new way since {{ $value | humanizeDuration }}: \
             do not compare with what was before.",
        ),
        look: Look::Kpi,
    }
}

/// KPIs without a team are nobody's framework.
fn imbalanced() -> AlertSpec {
    let count = |kinds: &str| {
        format!(
            "sum by (job, team) (max by (job, team, kind) ({KPI_FRAMEWORK_KPIS}{{team!=\"\",kind=~\"{kinds}\"}}))"
        )
    };
    let asked = |kinds: &str| {
        format!(
            "{{{{ with query (printf \"sum(max by (kind) ({KPI_FRAMEWORK_KPIS}{{job=%q,team=%q,kind=~\\\"{kinds}\\\"}}))\" $labels.job $labels.team) }}}}\
             {{{{ . | first | value }}}}{{{{ end }}}}"
        )
    };
    let (early, outcome) = (early_kinds(), outcome_kinds());
    AlertSpec {
        name: "KPIFrameworkImbalanced",
        severity: "info",
        expr: format!("{} == 0\nor\n{} == 0", count(&early), count(&outcome)),
        wait: HOUR,
        keep: Duration::ZERO,
        summary: "Team {{ $labels.team }} measures only early signs or only outcomes".into(),
        description: format!(
            "Team {{{{ $labels.team }}}} has {} early (leading or efficiency) and {} lagging KPIs: \
             without early ones it learns too late, without lagging ones it never learns whether it worked.",
            asked(&early),
            asked(&outcome)
        ),
        look: Look::Team,
    }
}

fn too_many() -> AlertSpec {
    AlertSpec {
        name: "KPITooMany",
        severity: "info",
        expr: format!(
            "sum by (job, team) (max by (job, team, kind) ({KPI_FRAMEWORK_KPIS}{{team!=\"\"}})) > 7"
        ),
        wait: HOUR,
        keep: Duration::ZERO,
        summary: "Team {{ $labels.team }} has too many KPIs to act on".into(),
        description:
            "Team {{ $labels.team }} has {{ $value }} KPIs; more than 7 cannot all be key: \
                      keep those that someone decides by, the rest are metrics."
                .into(),
        look: Look::Team,
    }
}

fn flapping(options: &RuleOptions) -> AlertSpec {
    let day = options.look_back(DAY);
    AlertSpec {
        name: "KPIFlapping",
        severity: "info",
        expr: format!("changes(kpi:on_track:bool[{day}]) > 6"),
        wait: Duration::ZERO,
        keep: Duration::ZERO,
        summary: title(" changes its verdict back and forth"),
        description: about(
            " changed between on track and not {{ $value }} times within a day: \
             its limits lie within its noise.",
        ),
        look: Look::Kpi,
    }
}
