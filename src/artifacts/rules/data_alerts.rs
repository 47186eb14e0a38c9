//! Alerts about the data of KPIs and about how KPIs are set up.

use std::time::Duration;

use super::RuleOptions;
use super::draft::{DETAIL, Draft, HEALTH, OF_TEAM};
use super::duration::{DAY, HOUR, MINUTE};
use super::text::{OWNER, about};

pub(super) fn drafts(options: &RuleOptions) -> Vec<Draft> {
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

fn stale(severity: &'static str, factor: &str) -> Draft {
    let age = " has no new data: the newest is {{ $value | humanizeDuration }} old";
    let allowed = r#"{{ with query (printf "max(@max_data_age_seconds{job=%q,kpi=%q})" $labels.job $labels.kpi) }}, {{ . | first | value | humanizeDuration }} is allowed{{ end }}. Until it comes, what is shown is the past."#;
    Draft {
        name: "KPIDataStale",
        severity,
        expr: format!(
            "kpi:data_age:seconds > on (job, kpi) group_left () \
             ({factor}max by (job, kpi) (@max_data_age_seconds))"
        ),
        wait: 10 * MINUTE,
        keep: Duration::ZERO,
        summary: "The data of a KPI is older than it may be.",
        description: about(&[age, allowed, OWNER]),
        dashboard: DETAIL,
    }
}

fn no_data() -> Draft {
    Draft {
        name: "KPINoData",
        severity: "warning",
        expr: "kpi:meta:info unless on (job, kpi) @value".into(),
        wait: 15 * MINUTE,
        keep: Duration::ZERO,
        summary: "A KPI is configured but has no value.",
        description: about(&[
            " is configured but has no value: nobody knows whether it is on track.",
            OWNER,
        ]),
        dashboard: DETAIL,
    }
}

/// Only while the exporter answers: when it is down, nothing was removed.
fn removed(options: &RuleOptions) -> Draft {
    Draft {
        name: "KPIRemoved",
        severity: "info",
        expr: format!(
            "(kpi:meta:info offset {} unless on (job, kpi) kpi:meta:info)\n\
             and on (job) up == 1",
            options.look_back(HOUR)
        ),
        wait: 10 * MINUTE,
        keep: Duration::ZERO,
        summary: "A KPI is gone from the exporter.",
        description: "{{ $labels.kpi }} was measured an hour ago and is gone: it was taken out of \
                      the configuration, or renamed. Its history ends here."
            .into(),
        dashboard: DETAIL,
    }
}

fn source_failing(options: &RuleOptions) -> Draft {
    Draft {
        name: "KPISourceFailing",
        severity: "warning",
        expr: format!(
            "min ~once (max_over_time(@source_up[{}])) == 0",
            options.look_back(10 * MINUTE)
        ),
        wait: 5 * MINUTE,
        keep: Duration::ZERO,
        summary: "A data source of KPIs fails.",
        description: r#"No fetch from source {{ $labels.source }} has been good for a while
{{- with query (printf "time() - max(@source_last_success_timestamp_seconds{job=%q,source=%q})" $labels.job $labels.source) }} (the last good one was {{ . | first | value | humanizeDuration }} ago){{ end }}: its KPIs show their last values until these are too old."#
            .into(),
        dashboard: HEALTH,
    }
}

fn definition_changed() -> Draft {
    Draft {
        name: "KPIDefinitionChanged",
        severity: "info",
        expr: format!(
            "(time() - max by (job, kpi) (@definition_changed_timestamp_seconds) < {}) ~meta",
            DAY.as_secs()
        ),
        wait: Duration::ZERO,
        keep: Duration::ZERO,
        summary: "The definition of a KPI changed: its trend is broken there.",
        description: about(&[
            " is computed or judged in a new way since {{ $value | humanizeDuration }}: \
             do not compare with what was before.",
            OWNER,
        ]),
        dashboard: DETAIL,
    }
}

/// KPIs without a team are nobody's framework.
fn imbalanced() -> Draft {
    let count = |kinds: &str| {
        format!(
            "sum by (job, team) (max by (job, team, kind) (@framework_kpis{{team!=\"\",kind=~\"{kinds}\"}}))"
        )
    };
    let asked = |kinds: &str| {
        format!(
            r#"{{{{ with query (printf "sum(max by (kind) (@framework_kpis{{job=%q,team=%q,kind=~\"{kinds}\"}}))" $labels.job $labels.team) }}}}{{{{ . | first | value }}}}{{{{ end }}}}"#
        )
    };
    Draft {
        name: "KPIFrameworkImbalanced",
        severity: "info",
        expr: format!("{} == 0\nor\n{} == 0", count("leading|efficiency"), count("lagging")),
        wait: HOUR,
        keep: Duration::ZERO,
        summary: "A team measures only early signs or only outcomes.",
        description: format!(
            "Team {{{{ $labels.team }}}} has {} early (leading or efficiency) and {} lagging KPIs: \
             without early ones it learns too late, without lagging ones it never learns whether it worked.",
            asked("leading|efficiency"),
            asked("lagging")
        ),
        dashboard: OF_TEAM,
    }
}

fn too_many() -> Draft {
    Draft {
        name: "KPITooMany",
        severity: "info",
        expr: "sum by (job, team) (max by (job, team, kind) (@framework_kpis{team!=\"\"})) > 7"
            .into(),
        wait: HOUR,
        keep: Duration::ZERO,
        summary: "A team has too many KPIs to act on.",
        description:
            "Team {{ $labels.team }} has {{ $value }} KPIs; more than 7 cannot all be key: \
                      keep those that someone decides by, the rest are metrics."
                .into(),
        dashboard: OF_TEAM,
    }
}

fn flapping(options: &RuleOptions) -> Draft {
    Draft {
        name: "KPIFlapping",
        severity: "info",
        expr: format!("changes(kpi:on_track:bool[{}]) > 6", options.look_back(DAY)),
        wait: Duration::ZERO,
        keep: Duration::ZERO,
        summary: "The verdict on a KPI changes back and forth.",
        description: about(&[
            " changed between on track and not {{ $value }} times within a day: \
             its limits lie within its noise.",
            OWNER,
        ]),
        dashboard: DETAIL,
    }
}
