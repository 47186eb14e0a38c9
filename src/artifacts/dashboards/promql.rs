//! Query text that the panels share. Three habits: labels of replicas are aggregated away, so that two
//! of them double nothing; every label of the KPI's own stays, so that each label set has a row;
//! history is read with `last_over_time`, so that samples a day apart (a backfill) are seen as well.

use crate::artifacts::promql::{
    bad_states, early_kinds, good_states, outcome_kinds, without_replicas, without_status,
};
use crate::assess::Status;
use crate::exposition::Family;
use crate::exposition::families::{KPI_INFO, KPI_STATUS};

/// Series that Prometheus itself or the process library provides and the dashboards read.
pub const FOREIGN_METRICS: &[&str] = &[
    ALERTS,
    UP,
    SCRAPE_DURATION,
    SCRAPE_SAMPLES,
    PROCESS_CPU,
    PROCESS_MEMORY,
    PROCESS_START,
    RULE_FAILURES,
];
pub(super) const ALERTS: &str = "ALERTS";
pub(super) const UP: &str = "up";
pub(super) const SCRAPE_DURATION: &str = "scrape_duration_seconds";
pub(super) const SCRAPE_SAMPLES: &str = "scrape_samples_scraped";
pub(super) const PROCESS_CPU: &str = "process_cpu_seconds_total";
pub(super) const PROCESS_MEMORY: &str = "process_resident_memory_bytes";
pub(super) const PROCESS_START: &str = "process_start_time_seconds";
pub(super) const RULE_FAILURES: &str = "prometheus_rule_evaluation_failures_total";

/// Matcher for the KPIs that warn early.
pub(super) fn early() -> String {
    format!(", kind=~\"{}\"", early_kinds())
}

/// Matcher for the KPIs that state an outcome.
pub(super) fn outcomes() -> String {
    format!(", kind=~\"{}\"", outcome_kinds())
}

/// When a gauge is read.
#[derive(Debug, Clone, Copy)]
pub(super) enum At {
    /// At the instant of the query.
    Instant,
    /// Within the step of a range query.
    Step,
    /// Before the time range of the dashboard began, up to a day earlier.
    Before,
    /// The newest of the day before each step: history of a sample a day has no gaps then.
    Day,
    /// The same at the end of the time range, whatever the step.
    End,
}

impl At {
    /// The newest samples, those of replicas and of programs that ended beside each other.
    fn read(self, selector: &str) -> String {
        match self {
            Self::Instant => selector.to_owned(),
            Self::Step => format!("last_over_time({selector}[$__rate_interval])"),
            Self::Before => format!("last_over_time({selector}[1d] offset $__range)"),
            Self::Day => format!("last_over_time({selector}[1d])"),
            Self::End => format!("last_over_time({selector}[1d] @ end())"),
        }
    }

    /// `aggregation` of the newest samples. Where there are samples at the very instant, older ones do not
    /// count: a pod that was replaced an hour ago has no say, nor has back-filled history once there is a
    /// scrape.
    pub(super) fn newest(self, aggregation: &str, selector: &str) -> String {
        let read = |samples: &str| format!("{aggregation} ({samples})");
        let over_time = read(&self.read(selector));
        let modifier = match self {
            Self::Instant | Self::Step => return over_time,
            Self::Before => " offset $__range",
            Self::Day => "",
            Self::End => " @ end()",
        };
        format!("({} or {over_time})", read(&format!("{selector}{modifier}")))
    }
}

/// How many KPIs the numbers are above zero for: a KPI counts once, whatever label sets it has.
pub(super) fn kpis_with(numbers: &str) -> String {
    format!("sum(max by (job, kpi) ({numbers}))")
}

/// What is good of all label sets of a KPI.
pub(super) fn of_whole_kpis(good: &str, more: &str) -> String {
    format!("min by (job, kpi{more}) ({good})")
}

/// The numbers of percent KPIs times a hundred, those of others as they are.
pub(super) fn in_own_unit(numbers: &str) -> String {
    let of = |more| format!("max by (job, kpi) ({})", selector(&KPI_INFO, more));
    let percent = of(r#", unit="percent""#);
    format!("{numbers} * on (job, kpi) group_left () (100 * {percent} or {})", of(""))
}

/// The numbers of the series that are worst at the end of the time range.
pub(super) fn of_the_worst(most: u8, numbers: &str) -> String {
    let worst = chosen(At::End, &severity(At::End), "");
    format!("({numbers} and topk({most}, {worst}))")
}

/// Words in place of a label that only some KPIs have.
pub(super) fn or_none(numbers: &str, label: &str) -> String {
    format!(r#"label_replace({numbers}, "{label}", "no {label}", "{label}", "")"#)
}

/// Series of the chosen jobs and KPIs. `more` is further matchers, each with a comma before it.
pub(super) fn selector(family: &Family, more: &str) -> String {
    format!(r#"{}{{job=~"$job", kpi=~"$kpi"{more}}}"#, family.name)
}

/// A gauge of the chosen KPIs, one series per job, KPI and label set.
pub(super) fn gauge(at: At, family: &Family) -> String {
    at.newest(&format!("max {}", without_replicas(&[])), &selector(family, ""))
}

/// 1 where nothing needs attention, else 0.
pub(super) fn is_good(at: At) -> String {
    has_status(at, &good_states())
}

/// 1 where a KPI is off track or missed its target, else 0.
pub(super) fn is_bad(at: At) -> String {
    has_status(at, &bad_states())
}

/// 1 where the status is one of `states` (a regular expression), else 0.
fn has_status(at: At, states: &str) -> String {
    let series = selector(&KPI_STATUS, &format!(r#", {KPI_STATUS}=~"{states}""#));
    at.newest(&format!("max {}", without_status()), &series)
}

/// 2 on track, 1 at risk, 0 off track or missed; nothing where there is no data.
pub(super) fn three_states(at: At) -> String {
    format!(
        "((2 * {} + {}) unless ({} == 1))",
        is_good(at),
        has_status(at, Status::AtRisk.as_str()),
        has_status(at, Status::NoData.as_str()),
    )
}

/// A number per status, the worst highest: 7 missed, 6 off track, 5 at risk, 4 no data, 3 too early,
/// 2 on track, 1 achieved.
pub(super) fn severity(at: At) -> String {
    let states = ["missed", "off_track", "at_risk", "no_data", "too_early", "on_track", "achieved"];
    let terms: Vec<_> = states
        .iter()
        .zip((1..=7).rev())
        .map(|(state, number)| format!("{number} * {}", has_status(at, state)))
        .collect();
    // Exactly one term is not zero.
    format!("({})", terms.join(" + "))
}

/// Matchers of `kpi_info` for the KPIs that the variables choose.
const CHOSEN: &str = r#", objective=~"$objective", team=~"$team", function=~"$function""#;

/// One series per job and KPI, always 1, with what the KPI is: for joins. Survives replicas and a
/// label that changes.
fn meta(at: At, matchers: &str) -> String {
    let labels = "max by (job, kpi, title, kind, function, objective, team, unit)";
    format!("topk by (job, kpi) (1, {})", at.newest(labels, &selector(&KPI_INFO, matchers)))
}

/// `numbers` of the KPIs that the variables choose, with `labels` of their definition.
pub(super) fn chosen(at: At, numbers: &str, labels: &str) -> String {
    chosen_where(at, numbers, labels, "")
}

/// As [`chosen`], only for the KPIs whose definition also matches `more`.
pub(super) fn chosen_where(at: At, numbers: &str, labels: &str, more: &str) -> String {
    joined(at, numbers, labels, &format!("{CHOSEN}{more}"))
}

/// `numbers` of the KPIs whose definition matches, with `labels` of it.
pub(super) fn joined(at: At, numbers: &str, labels: &str, matchers: &str) -> String {
    format!("{numbers} * on (job, kpi) group_left ({labels}) {}", meta(at, matchers))
}

/// Puts the `title` of these numbers into a label `Name`, which sorts first; takes `kpi` and `title`
/// away. A legend made of all labels then reads well after [`super::panel::Panel::named`].
pub(super) fn named(titled: &str) -> String {
    format!(r#"max without (kpi, title) (label_replace({titled}, "Name", "$1", "title", "(.*)"))"#)
}

/// The same question about all KPIs of the job but the chosen one.
pub(super) fn of_the_others(expr: &str) -> String {
    expr.replace(r#"kpi=~"$kpi""#, r#"kpi!~"$kpi""#)
}

/// Firing alerts about KPIs; not the watchdog, which always fires.
pub(super) fn firing(more: &str) -> String {
    format!(
        r#"{ALERTS}{{alertname=~"KPI.+", alertname!="KPIWatchdog", alertstate="firing", job=~"$job"{more}}}"#
    )
}

/// `count`, or zero where nothing is to be counted.
pub(super) fn or_zero(count: &str) -> String {
    format!("{count} or vector(0)")
}
