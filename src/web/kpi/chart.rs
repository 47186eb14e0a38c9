//! The picture of a KPI: the days so far, the way to the target, where it is heading. And the same as a
//! table, for those who do not see pictures.

use chrono::Datelike as _;
use maud::{Markup, html};

use super::axis::{BROAD, Frame, NARROW, Room, tenth};
use super::labels::{headings, labels, today};
use super::lines::{Lines, Spot, projected};
use super::marks::{self, marks};
use super::placed::{Area, Placed};
use crate::assess::{Assessment, Goal};
use crate::engine::ChartDay;
use crate::kpi::Kpi;
use crate::snapshot::{KpiState, Snapshot, Verdict};
use crate::web::words::{ABSENT, complete_through};

/// Rows of the table.
const MOST_ROWS: usize = 92;

/// Words that have to find a place among the lines: what is now, today, the period, two limits, where it is
/// heading, two changes.
const MOST_WORDS: usize = 8;

/// Half of the newest value as it is drawn, and of the target.
const POINT: f64 = 4.5;
const RING: f64 = 5.5;

/// The chart with its table; nothing without a value or with nothing to tell apart.
pub(super) fn chart(
    snapshot: &Snapshot,
    state: &KpiState,
    verdict: &Verdict,
    days: &[ChartDay],
) -> Markup {
    let (kpi, a) = (&state.kpi, &verdict.assessment);
    let lines = Lines::of(snapshot, kpi, a, days);
    let Some(lines) = lines else { return html! {} };
    // The style sheet shows the one that the page has room for.
    let pictures = [&BROAD, &NARROW].map(|room| picture(room, &lines, snapshot, state, verdict));
    let [Some(broad), Some(narrow)] = pictures else { return html! {} };
    let on = marks::Days { first: lines.first, count: lines.end };
    html! {
        figure {
            (broad)
            (narrow)
            figcaption {
                "Days in " (snapshot.timezone) ". "
                @if lines.before.is_empty() && lines.running.len() < 3 { "History begins with this program; " code { "kpi-exporter backfill" } " fills in what the sources know. " }
                (marks::told(on, snapshot, state))
            }
            (table(snapshot, kpi, a, days))
        }
    }
}

/// One picture; with rows above its lines for words that find no place among them.
fn picture(
    room: &'static Room,
    lines: &Lines,
    snapshot: &Snapshot,
    state: &KpiState,
    verdict: &Verdict,
) -> Option<Markup> {
    let values = lines.values(&verdict.assessment);
    let mut rows = 0;
    loop {
        let frame = Frame::around(room, &values, lines.end, &state.kpi.unit, rows)?;
        let (drawn, without_room) = draw(&frame, lines, snapshot, state, verdict);
        if without_room == 0 || rows >= MOST_WORDS {
            return Some(drawn);
        }
        rows = (rows + without_room).min(MOST_WORDS);
    }
}

/// What is drawn, and how many words found no place.
fn draw(
    frame: &Frame,
    lines: &Lines,
    snapshot: &Snapshot,
    state: &KpiState,
    verdict: &Verdict,
) -> (Markup, usize) {
    let (kpi, a) = (&state.kpi, &verdict.assessment);
    let Room { class, width, height, .. } = *frame.room;
    let on = marks::Days { first: lines.first, count: lines.end };
    let mut words = Placed::beside(frame, &lines.drawn(frame, a));
    // In the order of their weight: who comes first gets the place.
    words.take(Area::around(lines.spot(frame), POINT));
    if let Some(target) = a.target_value {
        words.take(Area::around((frame.x(lines.end), frame.y(target)), RING));
    }
    let headings = headings(frame, &mut words, lines, a);
    let labels = labels(frame, &mut words, lines, kpi, a);
    let marks = marks(frame, &mut words, on, snapshot, state, &verdict.labels);
    let today = today(frame, &mut words, lines);
    let drawn = html! {
        svg.chart.(class) viewBox=(format!("0 0 {width} {height}")) role="img" aria-label=(format!("{}: {}", kpi.title, a.reason)) {
            (backdrop(frame, lines))
            (frame.value_ticks())
            (frame.value_names(&kpi.unit))
            (frame.day_ticks(lines.first))
            (fan(frame, lines, a))
            (goal_and_path(frame, lines, a))
            (line(frame, lines))
            (headings)
            (today)
            (marks)
            (labels)
        }
    };
    (drawn, words.without_room())
}

fn backdrop(frame: &Frame, lines: &Lines) -> Markup {
    let (left, begin) = (frame.left(), frame.x(lines.begin));
    let Room { top, bottom, .. } = *frame.room;
    html! {
        @if lines.begin > 0.0 {
            rect.closed x=(left) y=(top) width=(tenth(begin - left)) height=(bottom - top) {}
        }
    }
}

fn goal_and_path(frame: &Frame, lines: &Lines, a: &Assessment) -> Markup {
    let upper = lines.risk.iter().map(|(x, _, high)| (*x, *high));
    let lower = lines.risk.iter().rev().map(|(x, low, _)| (*x, *low));
    let risk: Vec<Spot> = upper.chain(lower).collect();
    let limits = match a.goal {
        Some(Goal::Between(low, high)) if low < high => Some((low, high)),
        _ => None,
    };
    html! {
        @if let Some((low, high)) = limits {
            polygon.band points=(frame.points(&[(lines.begin, low), (lines.end, low), (lines.end, high), (lines.begin, high)])) {}
        }
        @if !risk.is_empty() { polygon.risk points=(frame.points(&risk)) {} }
        @if lines.path.len() > 1 { polyline.path points=(frame.points(&lines.path)) {} }
        @if let Some(projected) = projected(lines, a) {
            polyline.projected points=(frame.points(&[lines.now, (lines.end, projected)])) {}
        }
        @if let Some(target) = a.target_value {
            circle.ring cx=(frame.x(lines.end)) cy=(frame.y(target)) r=(RING) {}
        }
    }
}

/// Where it may end.
fn fan(frame: &Frame, lines: &Lines, a: &Assessment) -> Markup {
    html! {
        @if let (Some(_), Some(lower), Some(upper)) = (projected(lines, a), a.projected_lower_value, a.projected_upper_value) {
            polygon.fan points=(frame.points(&[lines.now, (lines.end, upper), (lines.end, lower)])) {}
        }
    }
}

fn line(frame: &Frame, lines: &Lines) -> Markup {
    let Room { top, bottom, .. } = *frame.room;
    let (today, (x, y)) = (frame.x(lines.today), lines.spot(frame));
    html! {
        @for before in &lines.before { polyline.before points=(frame.points(before)) {} }
        line.today x1=(today) x2=(today) y1=(top + 24.0) y2=(bottom) {}
        polyline.value points=(frame.points(&lines.running)) {}
        circle.point cx=(x) cy=(y) r=(POINT) {}
    }
}

/// The newest days first.
fn table(snapshot: &Snapshot, kpi: &Kpi, a: &Assessment, days: &[ChartDay]) -> Markup {
    let value = |value: Option<f64>| value.map_or(ABSENT.to_owned(), |value| kpi.unit.show(value));
    let now = a.data_through.unwrap_or(snapshot.as_of);
    html! {
        details.twin {
            summary { "As a table" }
            table.days {
                caption.hidden { "Values by day, the newest first" }
                thead { tr { th scope="col" { "Through" } th.number scope="col" { "Value" } th.number scope="col" { "Due" } } }
                tbody {
                    tr {
                        th scope="row" { (complete_through(now, snapshot.timezone)) }
                        td.number { (value(a.value)) }
                        td.number { (value(a.expected_value)) }
                    }
                    @for day in days.iter().rev().take(MOST_ROWS) {
                        tr {
                            th scope="row" { (day.day.day()) (day.day.format(" %b %Y")) }
                            td.number { (value(Some(day.value))) }
                            td.number { (value(day.expected)) }
                        }
                    }
                }
            }
        }
    }
}
