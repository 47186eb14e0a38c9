//! The first page: are we on track, and if not, where.

use serde_json::{Value, json};

use super::board::Board;
use super::frame::{Frame, SCORECARD, detail_link, kpi_annotations, kpi_variables};
use super::panel::Panel;
use super::promql::{
    At, chosen, chosen_where, early, gauge, is_bad, is_good, named, or_zero, severity, three_states,
};
use super::status::{self, GREEN, ORANGE, RED, mappings};
use crate::exposition::families::{
    KPI_DATA_TIMESTAMP_SECONDS, KPI_MAX_DATA_AGE_SECONDS, KPI_PACE_RATIO,
    KPI_PROJECTED_TARGET_RATIO, KPI_TARGET_RATIO,
};

pub(super) fn dashboard() -> Value {
    let mut board = Board::default();
    board.row(
        5,
        [
            (7, answer()),
            (3, share_on_track()),
            (3, off_track()),
            (4, early_off_track()),
            (4, projected_misses()),
            (3, stale()),
        ],
    );
    board.row(8, [(24, table())]);
    board.row(8, [(24, timeline())]);
    board.row(
        6,
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

pub(super) fn answer() -> Panel {
    let words = [
        ("0", "✖ NO: off track", RED),
        ("1", "▲ ALMOST: at risk", ORANGE),
        ("2", "✔ YES: all on track", GREEN),
    ];
    Panel::stat(
        "Are we on track?",
        "The worst verdict of all KPIs that have data. One KPI off track is a NO: look at the table \
         for which one.",
    )
    .unit("none")
    .default("mappings", mappings(&words))
    .no_value("No KPI has data")
    .option("colorMode", json!("background"))
    .instant("", &format!("min({})", chosen(At::Instant, &three_states(At::Instant), "")))
}

pub(super) fn share_on_track() -> Panel {
    let good = chosen(At::Instant, &is_good(At::Instant), "");
    Panel::stat(
        "KPIs on track",
        "Share of KPIs that are on track, achieved, or too young in their period to tell. A KPI \
         without data is not on track.",
    )
    .unit("percentunit")
    .decimals(0)
    .thresholds(RED, &[(0.5, ORANGE), (0.8, GREEN)])
    .no_value("No KPI")
    .instant("", &format!("avg({good})"))
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
        &format!("sum({})", chosen(At::Instant, &format!("({missed})"), "")),
    )
}

fn stale() -> Panel {
    let age = format!("(time() - {})", gauge(At::Instant, &KPI_DATA_TIMESTAMP_SECONDS));
    let late = format!("({age} > bool {})", gauge(At::Instant, &KPI_MAX_DATA_AGE_SECONDS));
    count(
        "Stale KPIs",
        "KPIs whose newest data is older than they allow. Their status may no longer be true.",
        &format!("sum({})", chosen(At::Instant, &late, "")),
    )
}

fn bad(more: &str) -> String {
    format!("sum({})", chosen_where(At::Instant, &is_bad(At::Instant), "", more))
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
    Panel::table(
        "KPIs, the worst first",
        "Target met: value as a share of the target, whatever the direction. Pace: 100 % is exactly \
         on the way to the target. Projected: the same share at the end of the period if things go \
         on as they do. Click on a KPI for its history.",
    )
    .unit("percentunit")
    .no_value("No KPI: is the exporter scraped, and do the variables above match?")
    .rows(&chosen(At::Instant, &severity(At::Instant), "title, kind, objective, team"))
    .rows(&number(&KPI_TARGET_RATIO))
    .rows(&number(&KPI_PACE_RATIO))
    .rows(&number(&KPI_PROJECTED_TARGET_RATIO))
    .rows(&chosen(At::Instant, &age, ""))
    .columns(
        &[
            ("Value #A", "Status"),
            ("title", "KPI"),
            ("kind", "Kind"),
            ("Value #B", "Target met"),
            ("Value #C", "Pace"),
            ("Value #D", "Projected"),
            ("Value #E", "Data age"),
            ("objective", "Objective"),
            ("team", "Team"),
        ],
        &[],
    )
    .field("Status", &status::cell())
    .linked(detail_link())
    .field("Target met", &[("decimals", json!(0))])
    .field("Pace", &[("decimals", json!(0))])
    .field("Projected", &[("decimals", json!(0))])
    .field("Data age", &[("unit", json!("s")), ("decimals", json!(1))])
    .sorted(&[("Status", true), ("Pace", false)])
}

fn timeline() -> Panel {
    Panel::timeline(
        "Status over time",
        "Each KPI, one row per label set. A gap means that there was no data.",
    )
    .unit("none")
    .default("mappings", status::three_states())
    .no_value("No history yet")
    .option("legend", json!({ "displayMode": "list", "placement": "bottom", "showLegend": false }))
    .series("__auto", &named(&chosen(At::Step, &three_states(At::Step), "title")))
    .named()
}

fn share_by(label: &str, title: &str) -> Panel {
    let good = chosen(At::Instant, &is_good(At::Instant), label);
    Panel::bars(title, &format!("Share of the KPIs of each {label} that are on track."))
        .thresholds(RED, &[(0.5, ORANGE), (0.8, GREEN)])
        .no_value("No KPI")
        .instant(&format!("{{{{{label}}}}}"), &format!("avg by ({label}) ({good})"))
}
