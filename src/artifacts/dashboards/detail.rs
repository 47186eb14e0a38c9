//! One KPI: where it stands, how it got there, where it is heading.

use std::sync::Arc;

use serde_json::{Value, json};

use super::board::Board;
use super::definition::markdown;
use super::frame::{
    DETAIL, Frame, detail_link, fixed_kpi_variables, kpi_annotations, one_kpi_variables,
};
use super::panel::Panel;
use super::promql::{
    At, firing, gauge, joined, named, of_the_others, selector, severity, three_states,
};
use super::status::{self, BLUE, GREEN, GREY, ORANGE, RED, mappings};
use super::unit::grafana_unit;
use crate::artifacts::promql::without_replicas;
use crate::exposition::Family;
use crate::exposition::families::{
    KPI_BASELINE_VALUE, KPI_DATA_TIMESTAMP_SECONDS, KPI_EXPECTED_PROGRESS_RATIO,
    KPI_EXPECTED_VALUE, KPI_INFO, KPI_PACE_AT_RISK_RATIO, KPI_PACE_ON_TRACK_RATIO, KPI_PACE_RATIO,
    KPI_PERIOD_END_TIMESTAMP_SECONDS, KPI_PROGRESS_RATIO, KPI_PROJECTED_LOWER_VALUE,
    KPI_PROJECTED_UPPER_VALUE, KPI_PROJECTED_VALUE, KPI_REQUIRED_VALUE_PER_DAY, KPI_SIGNAL,
    KPI_TARGET_HIT_PROBABILITY, KPI_TARGET_LOWER_VALUE, KPI_TARGET_RATIO, KPI_TARGET_UPPER_VALUE,
    KPI_TARGET_VALUE, KPI_VALUE,
};
use crate::kpi::Kpi;

/// For any KPI: values are plain numbers, those of percent KPIs percent.
pub(super) fn dashboard() -> Value {
    Frame {
        uid: DETAIL,
        title: "KPI detail",
        description: "One KPI: where it stands, how it got there, where it is heading. Values are in \
                      the unit of the KPI.",
        from: "now-90d",
        refresh: "5m",
        variables: one_kpi_variables(),
        annotations: kpi_annotations(),
    }
    .around(board(None, (4, definition())))
}

/// For one KPI of a configuration, in its unit and with the definition in full. `all` is every KPI of
/// it.
pub(super) fn dashboard_of(kpi: &Kpi, all: &[Arc<Kpi>], uid: &str) -> Value {
    Frame {
        uid,
        title: &format!("KPI: {}", kpi.title),
        description: kpi.description.as_deref().unwrap_or("One KPI."),
        from: "now-90d",
        refresh: "5m",
        variables: fixed_kpi_variables(&kpi.id),
        annotations: kpi_annotations(),
    }
    .around(board(Some(&grafana_unit(&kpi.unit)), (8, definition_of(kpi, all))))
}

/// `definition` comes with its height.
fn board(unit: Option<&str>, (height, definition): (u32, Panel)) -> Board {
    let value = |title, description, family| value_stat(title, description, unit, family);
    let mut board = Board::default();
    let target = "What it has to reach by the end of the period.";
    let met = "Value as a share of the target, whatever the direction.";
    let pace_text = "100 % is exactly on the way to the target.";
    board.row(
        4,
        [
            (5, verdict()),
            (4, value("Value", "The KPI's current value, in its unit.", &KPI_VALUE)),
            (4, value("Target", target, &KPI_TARGET_VALUE)),
            (4, ratio_stat("Target met", met, &KPI_TARGET_RATIO)),
            (4, ratio_stat("Pace", pace_text, &KPI_PACE_RATIO)),
            (3, days_left()),
        ],
    );
    let close = "Value at the end of the period if things go on as they do.";
    let needed = "Run rate per day that still reaches the target. Only for KPIs that add up over the \
                  period.";
    let needed = value("Needed per day", needed, &KPI_REQUIRED_VALUE_PER_DAY);
    board.row(
        4,
        [
            (5, value("Projected close", close, &KPI_PROJECTED_VALUE)),
            (4, probability()),
            (4, needed.no_value("does not apply")),
            (4, value("Baseline", "What the target is measured from.", &KPI_BASELINE_VALUE)),
            (4, signal()),
            (3, data_age()),
        ],
    );
    board.row(12, [(24, values(unit))]);
    board.row(8, [(12, progress()), (12, pace())]);
    board.row(5, [(24, timeline())]);
    board.row(height, [(24, definition)]);
    board.row(7, [(14, neighbours()), (10, alerts())]);
    board
}

/// Units that the shared dashboard tells apart: a condition on the definition, and Grafana's unit. One
/// KPI is chosen at a time, so all queries of one unit come back empty.
fn shared_units(at: At) -> [(String, &'static str); 2] {
    let percent = at.newest("max by (kpi)", &selector(&KPI_INFO, r#", unit="percent""#));
    [(format!("unless on () {percent}"), "short"), (format!("and on () {percent}"), "percentunit")]
}

/// A gauge of the chosen KPI; only its own labels are left.
fn own(at: At, family: &Family) -> String {
    format!("max without (job, kpi) ({})", gauge(at, family))
}

/// Legend of a number: nothing beside a single one, else the labels that tell them apart.
const LABEL_SETS: &str = "__auto";

fn verdict() -> Panel {
    Panel::stat("Status", "The verdict of the exporter, with its hysteresis.")
        .unit("none")
        .default("mappings", status::severities())
        .no_value("No data")
        .option("colorMode", json!("background"))
        .instant(LABEL_SETS, &format!("max without (job, kpi) ({})", severity(At::Instant)))
}

/// A value in this unit; without one, in the unit that the definition asks for.
fn value_stat(title: &str, description: &str, unit: Option<&str>, family: &Family) -> Panel {
    let panel = Panel::stat(title, description).thresholds("text", &[]).no_value("none");
    let expr = own(At::Instant, family);
    match unit {
        Some(unit) => panel.unit(unit).instant(LABEL_SETS, &expr),
        None => {
            shared_units(At::Instant).iter().fold(panel.unit("short"), |panel, (only, unit)| {
                panel.instant(LABEL_SETS, &format!("{expr} {only}")).unit_of_last(unit)
            })
        }
    }
}

fn ratio_stat(title: &str, description: &str, family: &Family) -> Panel {
    value_stat(title, description, Some("percentunit"), family).decimals(0)
}

fn days_left() -> Panel {
    let end = own(At::Instant, &KPI_PERIOD_END_TIMESTAMP_SECONDS);
    Panel::stat("Days left", "Until the period of the target ends.")
        .unit("none")
        .decimals(0)
        .thresholds("text", &[])
        .no_value("none")
        .instant(LABEL_SETS, &format!("clamp_min(({end} - time()) / 86400, 0)"))
}

fn data_age() -> Panel {
    let through = own(At::Instant, &KPI_DATA_TIMESTAMP_SECONDS);
    Panel::stat("Data age", "Since the instant up to which the data is complete.")
        .unit("s")
        .decimals(1)
        .thresholds("text", &[])
        .no_value("No data")
        .instant(LABEL_SETS, &format!("time() - {through}"))
}

fn probability() -> Panel {
    ratio_stat(
        "Chance to hit the target",
        "From how far projections at the same point of earlier periods were off. Needs at least two \
         earlier periods, and a KPI whose past says something about its path.",
        &KPI_TARGET_HIT_PROBABILITY,
    )
    .no_value("not known")
}

fn signal() -> Panel {
    let label = KPI_SIGNAL.name;
    let state = |state: &str| {
        let series = selector(&KPI_SIGNAL, &format!(r#", {label}="{state}""#));
        format!("max {} ({series})", without_replicas(&["job", "kpi", label]))
    };
    let words =
        [("0", "No signal", GREY), ("1", "▲ Drifting away", ORANGE), ("2", "✖ Sudden shift", RED)];
    Panel::stat(
        "Noise or news?",
        "Whether the newest weeks leave the usual ups and downs on the bad side. Too few weeks to tell \
         are no signal either.",
    )
    .unit("none")
    .default("mappings", mappings(&words))
    .thresholds("text", &[])
    .no_value("no history yet")
    .instant(LABEL_SETS, &format!("2 * {} + {}", state("shift"), state("drift")))
}

/// The value at which the pace would be as in `limit`. Pace is 1 at the expected value, whatever kind
/// of KPI it is, and linear in the value; where a decrease divides by the value, it is the expected
/// value over the limit.
fn value_at_pace(limit: &Family) -> String {
    let [value, expected, pace, limit] =
        [&KPI_VALUE, &KPI_EXPECTED_VALUE, &KPI_PACE_RATIO, limit].map(|f| own(At::Step, f));
    let off_path = format!("(abs({pace} - 1) > 1e-6)");
    let divided = format!("(abs({pace} * {value} / {expected} - 1) < 1e-6)");
    let linear = format!("({expected} + ({limit} - 1) * ({value} - {expected}) / ({pace} - 1))");
    format!("({expected} / {limit} and {divided} and {off_path}) or ({linear} and {off_path})")
}

fn values(unit: Option<&str>) -> Panel {
    let line = |color: &str| ("color", json!({ "mode": "fixed", "fixedColor": color }));
    let dashes = ("custom.lineStyle", json!({ "fill": "dash", "dash": [8, 6] }));
    let dots = ("custom.lineStyle", json!({ "fill": "dot", "dash": [2, 4] }));
    let width = |width: u8| ("custom.lineWidth", json!(width));
    let band = |below: &str| ("custom.fillBelowTo", json!(below));
    let opacity = |percent: u8| ("custom.fillOpacity", json!(percent));
    value_lines(unit)
        .field("Value", &[line(BLUE), width(3)])
        .field("Expected", &[line(GREY), dashes.clone()])
        .field("Target", &[line(GREEN), width(2)])
        .field("Baseline", &[line(GREY), dots.clone(), width(1)])
        .field("On track from", &[line(ORANGE), width(0), band("Off track from"), opacity(20)])
        .field("Off track from", &[line(ORANGE), width(1)])
        .field("Projected close", &[line("purple"), dashes, width(2)])
        .field("Projected, high", &[line("purple"), width(0), band("Projected, low"), opacity(15)])
        .field("Projected, low", &[line("purple"), width(0)])
        .field("Lower limit", &[line(GREEN), dots.clone()])
        .field("Upper limit", &[line(GREEN), dots])
}

/// The lines of [`values`], before their colours.
fn value_lines(unit: Option<&str>) -> Panel {
    let panel = Panel::lines(
        "Value on its way to the target",
        "Below the orange band (for a KPI that should fall: above it) the KPI is off track, inside it \
         at risk. The projection for the end of the period is drawn as a level line at each day's \
         estimate, because there are no samples of the future; its band is the 80 % interval. Where \
         the KPI has labels of its own, choose one set of them above.",
    )
    .no_value("No history yet");
    let lines = [
        ("Value", own(At::Step, &KPI_VALUE)),
        ("Expected", own(At::Step, &KPI_EXPECTED_VALUE)),
        ("Target", own(At::Step, &KPI_TARGET_VALUE)),
        ("Baseline", own(At::Step, &KPI_BASELINE_VALUE)),
        ("On track from", value_at_pace(&KPI_PACE_ON_TRACK_RATIO)),
        ("Off track from", value_at_pace(&KPI_PACE_AT_RISK_RATIO)),
        ("Projected close", own(At::Step, &KPI_PROJECTED_VALUE)),
        ("Projected, high", own(At::Step, &KPI_PROJECTED_UPPER_VALUE)),
        ("Projected, low", own(At::Step, &KPI_PROJECTED_LOWER_VALUE)),
        ("Lower limit", own(At::Step, &KPI_TARGET_LOWER_VALUE)),
        ("Upper limit", own(At::Step, &KPI_TARGET_UPPER_VALUE)),
    ];
    if let Some(unit) = unit {
        return lines.iter().fold(panel.unit(unit), |panel, (name, expr)| panel.series(name, expr));
    }
    let mut panel = panel.unit("short");
    for (only, unit) in shared_units(At::Step) {
        for (name, expr) in &lines {
            panel = panel.series(name, &format!("({expr}) {only}")).unit_of_last(unit);
        }
    }
    panel
}

fn progress() -> Panel {
    let grey = json!({ "mode": "fixed", "fixedColor": GREY });
    let blue = json!({ "mode": "fixed", "fixedColor": BLUE });
    Panel::lines(
        "Progress against expected",
        "Share of the way from the baseline (a KPI that adds up: from zero) to the target, and the \
         share that should be done by now.",
    )
    .unit("percentunit")
    .no_value("No history yet")
    .series("Progress", &own(At::Step, &KPI_PROGRESS_RATIO))
    .series("Expected", &own(At::Step, &KPI_EXPECTED_PROGRESS_RATIO))
    .field("Progress", &[("color", blue)])
    .field(
        "Expected",
        &[("color", grey), ("custom.lineStyle", json!({ "fill": "dash", "dash": [8, 6] }))],
    )
}

fn pace() -> Panel {
    let color = |color: &str| ("color", json!({ "mode": "fixed", "fixedColor": color }));
    let dashes = ("custom.lineStyle", json!({ "fill": "dash", "dash": [8, 6] }));
    Panel::lines(
        "Pace and its limits",
        "Above the upper line: on track. Below the lower one: off track.",
    )
    .unit("percentunit")
    .no_value("No history yet")
    .series("Pace", &own(At::Step, &KPI_PACE_RATIO))
    .series("On track from", &own(At::Step, &KPI_PACE_ON_TRACK_RATIO))
    .series("At risk from", &own(At::Step, &KPI_PACE_AT_RISK_RATIO))
    .field("Pace", &[color(BLUE)])
    .field("On track from", &[color(GREEN), dashes.clone()])
    .field("At risk from", &[color(RED), dashes])
}

fn timeline() -> Panel {
    let states = three_states(At::Day);
    // The definition has no label of the KPI's own: it is out of sight once one of them is chosen.
    let titled = format!("({} or on (job, kpi) {states})", joined(At::Day, &states, "title", ""));
    Panel::timeline(
        "Status over time",
        "One row per label set of the KPI. A gap means that there was no data for a day.",
    )
    .unit("none")
    .default("mappings", status::three_states())
    .no_value("No history yet")
    .option("legend", json!({ "displayMode": "list", "placement": "bottom", "showLegend": false }))
    .series("__auto", &named(&titled))
    .named()
}

fn definition_of(kpi: &Kpi, all: &[Arc<Kpi>]) -> Panel {
    Panel::text("Definition", "As configured.", &markdown(kpi, all))
}

fn definition() -> Panel {
    let labels =
        ["title", "kind", "function", "objective", "team", "owner", "unit", "direction", "period"];
    let columns =
        ["Title", "Kind", "Function", "Objective", "Team", "Owner", "Unit", "Direction", "Period"];
    let columns: Vec<_> = labels.into_iter().zip(columns).collect();
    Panel::table(
        "Definition",
        "As the exporter states it. Formula, levers and predictions are on the exporter's own page of \
         the KPI, and on a dashboard generated for this KPI.",
    )
    .unit("none")
    .no_value("No such KPI")
    .rows(&format!("max by ({}) ({})", labels.join(", "), selector(&KPI_INFO, "")))
    .columns(&columns, &["Value"])
    .widths(&[
        ("Kind", 100),
        ("Function", 120),
        ("Objective", 130),
        ("Team", 120),
        ("Unit", 90),
        ("Direction", 100),
        ("Period", 90),
    ])
}

fn neighbours() -> Panel {
    let others = joined(At::Instant, &severity(At::Instant), "title, kind, objective", "");
    let chosen = selector(&KPI_INFO, r#", objective!="""#);
    let columns =
        [("Value", "Status"), ("title", "KPI"), ("kind", "Kind"), ("objective", "Objective")];
    Panel::table(
        "Other KPIs of the same objective",
        "Leading and efficiency KPIs predict the lagging ones: what this KPI moves, or what moves it.",
    )
    .unit("none")
    .no_value("This KPI has no others beside it")
    .rows(&format!("{} and on (job, objective) {chosen}", of_the_others(&others)))
    .columns(&columns, &[])
    .field("Status", &status::cell())
    .linked(detail_link())
    .widths(&[("Kind", 100), ("Objective", 120)])
    .sorted(&[("Status", true)])
}

fn alerts() -> Panel {
    Panel::table("Firing alerts", "Alerts about this KPI that fire now.")
        .unit("none")
        .no_value("✔ No alert fires")
        .rows(&format!("max by (alertname, severity) ({})", firing(r#", kpi=~"$kpi""#)))
        .columns(&[("alertname", "Alert"), ("severity", "Severity")], &["Value"])
}
