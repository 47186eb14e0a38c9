//! For the weekly meeting: what changed, what is coming.

use serde_json::{Value, json};

use super::board::Board;
use super::frame::{Frame, WEEKLY_REVIEW, detail_link, kpi_annotations, kpi_variables};
use super::panel::{Panel, thresholds};
use super::promql::{
    At, chosen, chosen_where, early, firing, gauge, is_bad, is_good, kpis_with, of_whole_kpis,
    or_zero, outcomes, severity,
};
use super::scorecard::{answer, count, timeline};
use super::status::{self, GREEN, ORANGE, RED};
use crate::artifacts::promql::without_replicas;
use crate::exposition::families::{
    KPI_PACE_RATIO, KPI_PERIOD_END_TIMESTAMP_SECONDS, KPI_PROJECTED_TARGET_RATIO, KPI_TARGET_RATIO,
};

pub(super) fn dashboard() -> Value {
    let mut board = Board::default();
    board.row(
        5,
        [
            (6, answer("On track now", At::Instant)),
            (6, answer("On track before", At::Before)),
            (
                4,
                count(
                    "Went off track",
                    "KPIs off track now that were not when the time range began.",
                    &total(&went_off()),
                ),
            ),
            (4, recoveries()),
            (4, closings()),
        ],
    );
    board.row(7, [(8, newly_off_track()), (8, recovered()), (8, divergence())]);
    board.row(10, [(12, movers()), (12, time_on_track())]);
    board.row(7, [(12, closing()), (12, alert_hours())]);
    board.row(10, [(24, timeline())]);
    Frame {
        uid: WEEKLY_REVIEW,
        title: "KPI weekly review",
        description: "What changed in the chosen time, a week by default, and what closes soon.",
        from: "now-7d",
        refresh: "15m",
        variables: kpi_variables(),
        annotations: kpi_annotations(),
    }
    .around(board)
}

/// Bars that fit their panel.
const MOST_BARS: u8 = 9;

const TITLE: &str = "title, kind, objective";

fn recoveries() -> Panel {
    number(
        "Recovered",
        "KPIs on track now that were off track when the time range began.",
        &total(&recovery()),
    )
}

fn closings() -> Panel {
    let soon = format!("({} >= bool 0)", closing_soon());
    number("Closing soon", "KPIs whose period ends within 14 days.", &total(&soon))
}

/// A number of KPIs that is neither good nor bad.
fn number(title: &str, description: &str, expr: &str) -> Panel {
    Panel::stat(title, description)
        .unit("none")
        .decimals(0)
        .thresholds("text", &[])
        .instant("", &or_zero(expr))
}

fn total(expr: &str) -> String {
    kpis_with(&chosen(At::Instant, expr, ""))
}

/// 1 for each KPI that is off track and was not.
fn went_off() -> String {
    format!("({} == 1 unless {} == 1)", is_bad(At::Instant), is_bad(At::Before))
}

/// 1 for each KPI that is on track and was off track.
fn recovery() -> String {
    format!("({} == 1 and {} == 1)", is_good(At::Instant), is_bad(At::Before))
}

/// Seconds to the end of the periods that end within 14 days.
fn closing_soon() -> String {
    let left = format!("({} - time())", gauge(At::Instant, &KPI_PERIOD_END_TIMESTAMP_SECONDS));
    format!("({left} >= 0 and {left} <= 14 * 86400)")
}

fn newly_off_track() -> Panel {
    names(
        "✖ Newly off track",
        "Off track now, and not so when the time range began.",
        &chosen(At::Instant, &went_off(), TITLE),
    )
    .no_value("✔ No KPI went off track")
}

fn recovered() -> Panel {
    names(
        "✔ Recovered",
        "On track now, off track when the time range began. A period that began anew counts as well.",
        &chosen(At::Instant, &recovery(), TITLE),
    )
    .no_value("No KPI recovered")
}

fn divergence() -> Panel {
    let early = chosen_where(At::Instant, &is_bad(At::Instant), TITLE, &early());
    let outcome = chosen_where(At::Instant, &is_good(At::Instant), "objective", &outcomes());
    names(
        "▲ Early warning: leading red, lagging green",
        "These predict an outcome that still looks fine. There is time to act.",
        &format!(
            "({early} == 1) and on (job, objective) (min by (job, objective) ({outcome}) == 1)"
        ),
    )
    .no_value("✔ No early warning")
}

/// A list of KPIs.
fn names(title: &str, description: &str, expr: &str) -> Panel {
    Panel::table(title, description)
        .unit("none")
        .rows(expr)
        .columns(&[("title", "KPI"), ("kind", "Kind"), ("objective", "Objective")], &["Value"])
        .linked(detail_link())
        .widths(&[("Kind", 90), ("Objective", 100)])
        .field("KPI", &[("custom.minWidth", json!(180))])
}

fn movers() -> Panel {
    let now = gauge(At::Instant, &KPI_PACE_RATIO);
    let then = gauge(At::Before, &KPI_PACE_RATIO);
    let change = format!("(100 * ({now} - {then}))");
    Panel::table(
        "Movers",
        "Pace now, when the time range began, and the difference in points; the largest fall first. A \
         new period starts from another pace.",
    )
    .unit("percentunit")
    .decimals(0)
    .no_value("No history yet")
    .rows(&chosen(At::Instant, &change, "title"))
    .rows(&chosen(At::Instant, &then, ""))
    .rows(&chosen(At::Instant, &now, ""))
    .columns(
        &[
            ("title", "KPI"),
            ("Value #B", "Pace before"),
            ("Value #C", "Pace now"),
            ("Value #A", "Change"),
        ],
        &[],
    )
    .linked(detail_link())
    .field("Change", &[
        ("color", json!({ "mode": "thresholds" })),
        ("unit", json!("suffix:pt")),
        ("thresholds", thresholds(RED, &[(-5.0, "text"), (5.0, GREEN)])),
        ("custom.cellOptions", json!({ "type": "color-text" })),
    ])
    .widths(&[("Pace before", 110), ("Pace now", 100), ("Change", 100)])
    .sorted(&[("Change", false)])
    .paged()
}

fn closing() -> Panel {
    let left = format!("({} - time())", gauge(At::Instant, &KPI_PERIOD_END_TIMESTAMP_SECONDS));
    let soon = format!("({left} >= 0 and {left} <= 14 * 86400)");
    let ratio =
        |family| chosen(At::Instant, &format!("({} and {soon})", gauge(At::Instant, family)), "");
    let status = format!("({} and {soon})", severity(At::Instant));
    Panel::table("Periods that close within 14 days", "The last chance to reach the target.")
        .unit("percentunit")
        .decimals(0)
        .no_value("No period closes within 14 days")
        .rows(&chosen(At::Instant, &soon, "title"))
        .rows(&chosen(At::Instant, &status, ""))
        .rows(&ratio(&KPI_TARGET_RATIO))
        .rows(&ratio(&KPI_PROJECTED_TARGET_RATIO))
        .columns(
            &[
                ("Value #B", "Status"),
                ("title", "KPI"),
                ("Value #A", "Closes in"),
                ("Value #C", "Target met"),
                ("Value #D", "Projected"),
            ],
            &[],
        )
        .field("Status", &status::cell())
        .linked(detail_link())
        .widths(&[("Target met", 100), ("Projected", 100), ("Closes in", 110)])
        .field("Closes in", &[("unit", json!("s")), ("decimals", json!(1))])
        .sorted(&[("Closes in", false)])
}

fn time_on_track() -> Panel {
    let good = of_whole_kpis(&chosen(At::Instant, &is_good(At::Day), "title"), ", title");
    let share = format!("bottomk({MOST_BARS}, avg_over_time(({good})[$__range:1h]))");
    Panel::bars(
        "Time on track",
        "Share of the time range, as seen every hour, that a KPI was on track with all its label sets: the \
         nine that were least.",
    )
    .thresholds(RED, &[(0.5, ORANGE), (0.8, GREEN)])
    .no_value("No history yet")
    .instant("{{title}}", &format!("sort({share})"))
}

fn alert_hours() -> Panel {
    let seen = format!("count_over_time({}[$__range:5m])", firing(r#", kpi=~"$kpi""#));
    Panel::table("Alert hours", "For how long alerts about a KPI fired within the time range.")
        .unit("h")
        .decimals(1)
        .no_value("✔ No alert fired")
        .rows(&format!("sum by (alertname, kpi) (max {} ({seen})) * 5 / 60", without_replicas(&[])))
        .columns(&[("alertname", "Alert"), ("kpi", "KPI id"), ("Value", "Hours")], &[])
        .sorted(&[("Hours", true)])
}
