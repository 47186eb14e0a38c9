//! The first page: are we on track, and if not, where.

use serde_json::{Value, json};

use super::board::Board;
use super::frame::{Frame, SCORECARD, detail_link, kpi_annotations, kpi_variables};
use super::panel::Panel;
use super::promql::{
    At, chosen, chosen_where, early, gauge, in_own_unit, is_bad, is_good, kpis_with, named,
    of_the_worst, of_whole_kpis, or_none, or_zero, severity, three_states,
};
use super::status::{self, GREEN, ORANGE, RED};
use crate::exposition::families::{
    KPI_DATA_TIMESTAMP_SECONDS, KPI_MAX_DATA_AGE_SECONDS, KPI_PACE_RATIO,
    KPI_PROJECTED_TARGET_RATIO, KPI_TARGET_LOWER_VALUE, KPI_TARGET_UPPER_VALUE, KPI_TARGET_VALUE,
    KPI_VALUE,
};

pub(super) fn dashboard() -> Value {
    let mut board = Board::default();
    board.row(
        5,
        [
            (8, answer("Are we on track?", At::Instant)),
            (4, off_track()),
            (4, early_off_track()),
            (4, projected_misses()),
            (4, stale()),
        ],
    );
    board.row(14, [(24, table())]);
    board.row(10, [(24, timeline())]);
    board.row(
        8,
        [
            (8, share_by("objective", "On track by objective")),
            (8, share_by("function", "On track by function")),
            (8, share_by("team", "On track by team")),
        ],
    );
    Frame {
        uid: SCORECARD,
        title: "KPI scorecard",
        description: "Are we on track? All KPIs, the worst first.",
        from: "now-30d",
        refresh: "5m",
        variables: kpi_variables(),
        annotations: kpi_annotations(),
    }
    .around(board)
}

/// `27 of 30 on track`.
pub(super) fn answer(title: &str, at: At) -> Panel {
    let good = of_whole_kpis(&chosen(At::Instant, &is_good(at), ""), "");
    let counted = |label: &str, of: &str| format!(r#"count_values("{label}", {of}({good}))"#);
    let [on, all] = [("on", "sum"), ("all", "count")].map(|(label, of)| counted(label, of));
    Panel::stat(
        title,
        "KPIs that are on track, achieved, or too young in their period to tell. A KPI is on track if \
         all its label sets are; one without data is not.",
    )
    .unit("percentunit")
    .thresholds(RED, &[(0.5, ORANGE), (1.0, GREEN)])
    .no_value("No KPI has data")
    .option("textMode", json!("name"))
    .instant(
        "{{on}} of {{all}} on track",
        &format!("avg({good}) * on () group_left (on, all) ({on} * on () group_left (all) {all})"),
    )
}

fn off_track() -> Panel {
    count("KPIs off track", "KPIs that are off track or missed their target.", &bad(""))
}

fn early_off_track() -> Panel {
    count(
        "Early warnings",
        "Leading and efficiency KPIs that are off track. They predict outcomes: act now, while \
         there is time.",
        &bad(&early()),
    )
}

fn projected_misses() -> Panel {
    let missed = format!("{} < bool 1", gauge(At::Instant, &KPI_PROJECTED_TARGET_RATIO));
    count(
        "Projected misses",
        "KPIs whose projection for the end of the period misses the target, whatever their status \
         is today.",
        &kpis_with(&chosen(At::Instant, &format!("({missed})"), "")),
    )
}

fn stale() -> Panel {
    let age = format!("(time() - {})", gauge(At::Instant, &KPI_DATA_TIMESTAMP_SECONDS));
    let late = format!("({age} > bool {})", gauge(At::Instant, &KPI_MAX_DATA_AGE_SECONDS));
    count(
        "Stale KPIs",
        "KPIs whose newest data is older than they allow. Their status may no longer be true.",
        &kpis_with(&chosen(At::Instant, &late, "")),
    )
}

fn bad(more: &str) -> String {
    kpis_with(&chosen_where(At::Instant, &is_bad(At::Instant), "", more))
}

/// A number of KPIs that ought to be zero.
pub(super) fn count(title: &str, description: &str, expr: &str) -> Panel {
    Panel::stat(title, description)
        .unit("none")
        .decimals(0)
        .thresholds(GREEN, &[(1.0, RED)])
        .instant("", &or_zero(expr))
}

fn table() -> Panel {
    let age = format!("(time() - {})", gauge(At::Instant, &KPI_DATA_TIMESTAMP_SECONDS));
    let number = |family| chosen(At::Instant, &gauge(At::Instant, family), "");
    let in_unit = |numbers: &str| chosen(At::Instant, &in_own_unit(numbers), "");
    Panel::table(
        "KPIs, the worst first",
        "Value and target are in the unit beside them. Of a target with two limits the broken one is \
         shown, else the lower one. Pace: 100 % is exactly on the way to the target. Projected: the share \
         of the target at the end of the period if things go on as they do. Click on a KPI for its \
         history.",
    )
    .unit("percentunit")
    .no_value("No KPI: is the exporter scraped, and do the variables above match?")
    .rows(&chosen(At::Instant, &severity(At::Instant), "title, kind, objective, team, unit"))
    .rows(&in_unit(&gauge(At::Instant, &KPI_VALUE)))
    .rows(&in_unit(&target()))
    .rows(&number(&KPI_PACE_RATIO))
    .rows(&number(&KPI_PROJECTED_TARGET_RATIO))
    .rows(&chosen(At::Instant, &age, ""))
    .columns(
        &[
            ("Value #A", "Status"),
            ("title", "KPI"),
            ("Value #B", "Value"),
            ("Value #C", "Target"),
            ("unit", "Unit"),
            ("Value #D", "Pace"),
            ("Value #E", "Projected"),
            ("Value #F", "Data age"),
            ("kind", "Kind"),
            ("objective", "Objective"),
            ("team", "Team"),
        ],
        &[],
    )
    .field("Status", &status::cell())
    .linked(detail_link())
    .field("Value", &[("unit", json!("short"))])
    .field("Target", &[("unit", json!("short"))])
    .field("Unit", &[("mappings", unit_names())])
    .field("Pace", &[("decimals", json!(0))])
    .field("Projected", &[("decimals", json!(0))])
    .field("Data age", &[("unit", json!("s")), ("decimals", json!(1))])
    .widths(&[
        ("Value", 100),
        ("Target", 100),
        ("Unit", 80),
        ("Pace", 80),
        ("Projected", 100),
        ("Data age", 110),
        ("Kind", 100),
        ("Objective", 120),
        ("Team", 120),
    ])
    .sorted(&[("Status", true), ("Pace", false)])
    .paged()
}

/// What has to be reached; of two limits the one that is broken, else the lower one.
fn target() -> String {
    let [value, target, lower, upper] =
        [&KPI_VALUE, &KPI_TARGET_VALUE, &KPI_TARGET_LOWER_VALUE, &KPI_TARGET_UPPER_VALUE]
            .map(|family| gauge(At::Instant, family));
    format!("({target} or ({upper} < {value}) or {lower} or {upper})")
}

/// Units as they stand after a number.
fn unit_names() -> Value {
    let names = [("percent", "%"), ("count", " "), ("ratio", "×"), ("seconds", "s"), ("days", "d")];
    let options: serde_json::Map<_, _> = names
        .iter()
        .enumerate()
        .map(|(index, (unit, name))| ((*unit).into(), json!({ "text": name, "index": index })))
        .collect();
    json!([{ "type": "value", "options": options }])
}

/// Rows that can be read in a panel of ten units of height.
const MOST_ROWS: u8 = 15;

pub(super) fn timeline() -> Panel {
    let titled = chosen(At::Day, &of_the_worst(MOST_ROWS, &three_states(At::Day)), "title");
    Panel::timeline(
        "Status over time",
        "The fifteen KPIs, or label sets of them, that are worst at the end. A gap means that there was no \
         data for a day.",
    )
    .unit("none")
    .default("mappings", status::three_states())
    .no_value("No history yet")
    .option("legend", json!({ "displayMode": "list", "placement": "bottom", "showLegend": false }))
    .series("__auto", &named(&titled))
    .named()
}

fn share_by(label: &str, title: &str) -> Panel {
    let good = chosen(At::Instant, &is_good(At::Instant), label);
    let good = or_none(&of_whole_kpis(&good, &format!(", {label}")), label);
    Panel::bars(title, &format!("Share of the KPIs of each {label} that are on track."))
        .thresholds(RED, &[(0.5, ORANGE), (0.8, GREEN)])
        .no_value("No KPI")
        .instant(&format!("{{{{{label}}}}}"), &format!("sort(avg by ({label}) ({good}))"))
}
