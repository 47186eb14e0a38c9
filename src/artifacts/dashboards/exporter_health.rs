//! For those who run the exporter: can its numbers be trusted.

use serde_json::{Value, json};

use super::board::Board;
use super::frame::{EXPORTER_HEALTH, Frame, exporter_annotations, exporter_variables};
use super::panel::Panel;
use super::promql::{
    PROCESS_CPU, PROCESS_MEMORY, PROCESS_START, RULE_FAILURES, SCRAPE_DURATION, SCRAPE_SAMPLES, UP,
    or_zero,
};
use super::status::{GREEN, GREY, ORANGE, RED, mappings};
use crate::artifacts::promql::without_replicas;
use crate::assess::Status;
use crate::exposition::families::{
    KPI_EXPORTER_BUILD_INFO, KPI_EXPORTER_CONFIG_LAST_RELOAD_SUCCESS_TIMESTAMP_SECONDS,
    KPI_EXPORTER_CONFIG_LAST_RELOAD_SUCCESSFUL, KPI_EXPORTER_CONFIGURED_KPIS,
    KPI_EXPORTER_EVALUATION_DURATION_SECONDS, KPI_SOURCE_FETCH_DURATION_SECONDS,
    KPI_SOURCE_FETCHES_TOTAL, KPI_SOURCE_LAST_SUCCESS_TIMESTAMP_SECONDS, KPI_SOURCE_UP, KPI_STATUS,
};

pub(super) fn dashboard() -> Value {
    let mut board = Board::default();
    board.row(
        4,
        [
            (5, up()),
            (4, reload()),
            (4, configured()),
            (4, without_value()),
            (4, sources_down()),
            (3, version()),
        ],
    );
    board.row(5, [(24, sources())]);
    board.row(8, [(8, fetch_rate()), (8, fetch_errors()), (8, fetch_p95())]);
    board.row(8, [(8, source_age()), (8, evaluation()), (8, scrape())]);
    board.row(8, [(8, memory()), (8, cpu()), (8, rule_failures())]);
    Frame {
        uid: EXPORTER_HEALTH,
        title: "KPI exporter health",
        description: "Can the numbers be trusted: the exporter, its sources, its scrapes.",
        from: "now-6h",
        refresh: "1m",
        variables: exporter_variables(&KPI_EXPORTER_BUILD_INFO),
        annotations: exporter_annotations(),
    }
    .around(board)
}

/// Sources are asked every few minutes: a shorter step would show single fetches and gaps.
const SPARSE: &str = "5m";

/// Series of the chosen instances.
fn series(name: &str, more: &str) -> String {
    format!(r#"{name}{{job=~"$job", instance=~"$instance"{more}}}"#)
}

fn up() -> Panel {
    let words = [("0", "✖ Down", RED), ("1", "✔ Up", GREEN)];
    Panel::stat("Exporter", "Whether every chosen instance answered the last scrape.")
        .unit("none")
        .default("mappings", mappings(&words))
        .no_value("✖ Not scraped")
        .option("colorMode", json!("background"))
        .instant("", &format!("min({})", series(UP, "")))
}

fn reload() -> Panel {
    let words = [("0", "✖ Refused", RED), ("1", "✔ Good", GREEN)];
    Panel::stat("Configuration", "Whether the newest configuration is the one at work.")
        .unit("none")
        .default("mappings", mappings(&words))
        .no_value("No data")
        .instant(
            "",
            &format!("min({})", series(KPI_EXPORTER_CONFIG_LAST_RELOAD_SUCCESSFUL.name, "")),
        )
}

fn configured() -> Panel {
    Panel::stat("KPIs configured", "How many KPIs the configuration holds.")
        .unit("none")
        .decimals(0)
        .thresholds("text", &[])
        .no_value("No data")
        .instant("", &format!("max({})", series(KPI_EXPORTER_CONFIGURED_KPIS.name, "")))
}

fn without_value() -> Panel {
    let label = KPI_STATUS.name;
    let no_data = Status::NoData.as_str();
    let states = series(label, &format!(r#", {label}="{no_data}""#));
    Panel::stat(
        "Without value",
        "KPIs, or label sets of them, that have no value or too old a one.",
    )
    .unit("none")
    .decimals(0)
    .thresholds(GREEN, &[(1.0, ORANGE)])
    .instant("", &or_zero(&format!("sum(max {} ({states}))", without_replicas(&[]))))
}

fn sources_down() -> Panel {
    let down = series(KPI_SOURCE_UP.name, "");
    Panel::stat("Sources failing", "Sources of which the last fetch of some metric failed.")
        .unit("none")
        .decimals(0)
        .thresholds(GREEN, &[(1.0, RED)])
        .instant("", &or_zero(&format!("count(min {} ({down}) == 0)", without_replicas(&[]))))
}

fn version() -> Panel {
    Panel::stat("Version", "Of the running program.")
        .unit("none")
        .thresholds("text", &[])
        .no_value("No data")
        .option("textMode", json!("name"))
        .instant(
            "{{version}}",
            &format!("count by (version) ({})", series(KPI_EXPORTER_BUILD_INFO.name, "")),
        )
}

fn sources() -> Panel {
    let words = [("0", "✖ Failing", RED), ("1", "✔ Up", GREEN)];
    Panel::timeline(
        "Sources over time",
        "Each source: whether the last fetch of all its metrics was good.",
    )
    .unit("none")
    .default("mappings", mappings(&words))
    .no_value("No source has been asked yet")
    .option("legend", json!({ "displayMode": "list", "placement": "bottom", "showLegend": false }))
    .series("{{source}}", &format!("min by (job, source) ({})", series(KPI_SOURCE_UP.name, "")))
}

fn fetch_rate() -> Panel {
    let rate = per_second(&series(KPI_SOURCE_FETCHES_TOTAL.name, r#", outcome="success""#));
    Panel::lines("Good fetches a minute", "Of each source, over all instances.")
        .unit("none")
        .custom("axisSoftMax", json!(1))
        .every(SPARSE)
        .default("min", json!(0))
        .no_value("No fetch yet")
        .series("{{source}}", &format!("60 * sum by (source) ({rate})"))
}

fn fetch_errors() -> Panel {
    let rate = per_second(&series(KPI_SOURCE_FETCHES_TOTAL.name, r#", outcome!="success""#));
    Panel::lines("Failed fetches and bad rows a minute", "Of each source and kind of failure.")
        .unit("none")
        .every(SPARSE)
        .custom("axisSoftMax", json!(1))
        .default("min", json!(0))
        .no_value("✔ No failure")
        .series("{{source}}: {{outcome}}", &format!("60 * sum by (source, outcome) ({rate})"))
}

fn fetch_p95() -> Panel {
    Panel::lines("Time of a fetch", "The 95th percentile of each source.")
        .unit("s")
        .every(SPARSE)
        .default("min", json!(0))
        .no_value("No fetch in this time")
        .series("{{source}}", &p95(KPI_SOURCE_FETCH_DURATION_SECONDS.name, "source, "))
}

fn source_age() -> Panel {
    let last = series(KPI_SOURCE_LAST_SUCCESS_TIMESTAMP_SECONDS.name, "");
    let reload = series(KPI_EXPORTER_CONFIG_LAST_RELOAD_SUCCESS_TIMESTAMP_SECONDS.name, "");
    Panel::lines(
        "Since the last success",
        "Time since the last good fetch of each source, and since a configuration was last loaded.",
    )
    .unit("suffix:min")
    .default("min", json!(0))
    .no_value("No success yet")
    .series("{{source}}", &format!("(time() - max by (source) ({last})) / 60"))
    .series("configuration", &format!("(time() - max({reload})) / 60"))
    .field("configuration", &[("color", json!({ "mode": "fixed", "fixedColor": GREY }))])
}

fn evaluation() -> Panel {
    Panel::lines("Time of an evaluation", "The 95th percentile of computing all KPIs once.")
        .unit("s")
        .default("min", json!(0))
        .no_value("No evaluation in this time")
        .series("95th percentile", &p95(KPI_EXPORTER_EVALUATION_DURATION_SECONDS.name, ""))
}

fn scrape() -> Panel {
    Panel::lines(
        "Scrapes",
        "How long a scrape took (left) and how many samples it brought (right).",
    )
    .unit("s")
    .default("min", json!(0))
    .no_value("Not scraped")
    .series("{{instance}}: time", &series(SCRAPE_DURATION, ""))
    .series("{{instance}}: samples", &series(SCRAPE_SAMPLES, ""))
    .matching(
        ".*: samples",
        &[
            ("unit", json!("short")),
            ("custom.axisPlacement", json!("right")),
            ("custom.lineStyle", json!({ "fill": "dash", "dash": [8, 6] })),
        ],
    )
}

fn memory() -> Panel {
    Panel::lines("Memory", "Resident memory of each instance; a restart starts a new line.")
        .unit("bytes")
        .default("min", json!(0))
        .no_value("Not known on this system")
        .series("{{instance}}", &series(PROCESS_MEMORY, ""))
}

fn cpu() -> Panel {
    let rate = per_second(&series(PROCESS_CPU, ""));
    let start = series(PROCESS_START, "");
    Panel::lines(
        "Processor",
        "Share of one core that each instance uses, and its restarts in an hour.",
    )
    .unit("percentunit")
    .custom("axisSoftMax", json!(0.05))
    .default("min", json!(0))
    .no_value("Not known on this system")
    .series("{{instance}}", &rate)
    .series("{{instance}}: restarts", &format!("changes({start}[1h])"))
    .matching(
        ".*: restarts",
        &[
            ("unit", json!("none")),
            ("decimals", json!(0)),
            ("custom.axisPlacement", json!("right")),
            ("custom.axisSoftMax", json!(1)),
            ("custom.lineStyle", json!({ "fill": "dash", "dash": [8, 6] })),
        ],
    )
}

fn rule_failures() -> Panel {
    // Prometheus tells this about itself, under a job of its own.
    let rate = per_second(&format!(r#"{RULE_FAILURES}{{rule_group=~".*kpi.*"}}"#));
    // `/etc/prometheus/kpi-exporter.rules.yml;kpi` is the group `kpi`.
    let group = format!(r#"label_replace({rate}, "group", "$1", "rule_group", ".*;(.*)")"#);
    Panel::lines(
        "Failing rules",
        "Evaluations a minute of KPI rules that failed. Needs Prometheus to scrape itself.",
    )
    .unit("none")
    .custom("axisSoftMax", json!(1))
    .default("min", json!(0))
    .no_value("No KPI rules, or Prometheus does not scrape itself")
    .series("{{group}}", &format!("60 * sum by (group) ({group})"))
}

fn per_second(series: &str) -> String {
    format!("rate({series}[$__rate_interval])")
}

/// `labels` are what to keep, each with a comma after it. Without events there is no quantile: the
/// comparison takes the NaN out.
fn p95(histogram: &str, labels: &str) -> String {
    let buckets = per_second(&series(&format!("{histogram}_bucket"), ""));
    format!("histogram_quantile(0.95, sum by ({labels}le) ({buckets})) >= 0")
}
