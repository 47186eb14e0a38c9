//! The picture of a KPI: the days so far, the way to the target, where it is heading. And the same as a
//! table, for those who do not see pictures.

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};
use maud::{Markup, html};

use super::axis::{BROAD, Frame, NARROW, Room, Side};
use super::marks::{self, marks};
use crate::assess::{Assessment, Goal};
use crate::engine::ChartDay;
use crate::kpi::{Accumulation, Kpi, same};
use crate::snapshot::{KpiState, Snapshot, Verdict};
use crate::web::words::{ABSENT, complete_through, period_days};

/// A hole in history longer than this is a hole in the line.
const MAX_GAP: i64 = 7;

/// Days before the running period that are shown at least, where they are known.
const LEAST_BEFORE: i64 = 91;

/// Rows of the table.
const MOST_ROWS: usize = 92;

/// Pieces in which what is left of the path is drawn.
const PIECES: u32 = 12;

/// A place: days since the first day of the chart, and a value.
type Spot = (f64, f64);

/// What is drawn, in days and values.
struct Lines {
    first: NaiveDate,
    /// Where the running period begins and ends.
    begin: f64,
    end: f64,
    /// Of earlier periods, in stretches without a hole.
    before: Vec<Vec<Spot>>,
    running: Vec<Spot>,
    path: Vec<Spot>,
    /// Between off track and on track: x, low, high.
    risk: Vec<(f64, f64, f64)>,
    /// The newest value.
    now: Spot,
    /// The instant of the evaluation.
    today: f64,
}

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
    let values = lines.values(a);
    // The style sheet shows the one that the page has room for.
    let frames = [&BROAD, &NARROW].map(|room| Frame::around(room, &values, lines.end));
    let [Some(broad), Some(narrow)] = frames else { return html! {} };
    let on = marks::Days { first: lines.first, count: lines.end };
    html! {
        figure {
            @for frame in [broad, narrow] {
                @let Room { class, width, height, .. } = frame.room;
                svg.chart.(class) viewBox=(format!("0 0 {width} {height}")) role="img" aria-label=(format!("{}: {}", kpi.title, a.reason)) {
                    (backdrop(&frame, &lines, a))
                    (frame.value_ticks())
                    (frame.day_ticks(lines.first))
                    (fan(&frame, &lines, a))
                    (goal_and_path(&frame, &lines, a))
                    (line(&frame, &lines))
                    (frame.value_names(&kpi.unit))
                    (marks(&frame, on, snapshot, state, &verdict.labels))
                    (labels(&frame, &lines, kpi, a))
                }
            }
            figcaption {
                "Days in " (snapshot.timezone) ". "
                @if lines.before.is_empty() && lines.running.len() < 3 { "History begins with this program; " code { "kpi-exporter backfill" } " fills in what the sources know. " }
                (marks::told(on, snapshot, state))
            }
            (table(snapshot, kpi, a, days))
        }
    }
}

impl Lines {
    fn of(snapshot: &Snapshot, kpi: &Kpi, a: &Assessment, days: &[ChartDay]) -> Option<Self> {
        let value = a.value?;
        let begins = a.period.first_day;
        let length = (a.period.end_day - begins).num_days();
        let earliest =
            begins.checked_sub_days(Days::new(length.max(LEAST_BEFORE).unsigned_abs()))?;
        let first = days.iter().map(|day| day.day).find(|day| *day >= earliest);
        let first = first.unwrap_or(begins).min(begins);
        let place = |day: NaiveDate| (day - first).num_days() as f64;
        let instant = |at: DateTime<Utc>| {
            let local = at.with_timezone(&snapshot.timezone).naive_local();
            let seconds = local.signed_duration_since(first.and_time(chrono::NaiveTime::MIN));
            seconds.num_seconds() as f64 / 86_400.0
        };
        let now = (instant(a.data_through.unwrap_or(snapshot.as_of)), value);
        // A day's value is that of its end.
        let closes = |day: &ChartDay| place(day.day) + 1.0;
        let shown = || days.iter().filter(|day| day.day >= first && closes(day) < now.0);
        let before = shown().filter(|day| day.day < begins).map(|day| (closes(day), day.value));
        let mut running: Vec<Spot> =
            shown().filter(|day| day.day >= begins).map(|day| (closes(day), day.value)).collect();
        running.push(now);
        let (begin, end) = (place(begins), place(a.period.end_day));
        let due = shown().filter(|day| day.day >= begins);
        let due = due.filter_map(|day| Some((closes(day), day.expected?)));
        let path = path(kpi, a, (begin, end), now.0, due.collect());
        let risk = path.iter().filter_map(|(x, due)| {
            let (low, high) = a.at_risk_around(kpi, *due)?;
            Some((*x, low, high))
        });
        Some(Self {
            first,
            begin,
            end,
            before: stretches(before, kpi.accumulation == Accumulation::Flow),
            risk: risk.collect(),
            running,
            path,
            now,
            today: instant(snapshot.as_of).min(end),
        })
    }

    /// All that has to fit.
    fn values(&self, a: &Assessment) -> Vec<f64> {
        let lines = self.before.iter().flatten().chain(&self.running).chain(&self.path);
        let single = [
            a.target_value,
            a.target_lower_value,
            a.target_upper_value,
            a.projected_value,
            a.projected_lower_value,
            a.projected_upper_value,
        ];
        lines.map(|(_, value)| *value).chain(single.into_iter().flatten()).collect()
    }
}

/// From the start of the period through what was and is due to the target at its end.
fn path(
    kpi: &Kpi,
    a: &Assessment,
    (begin, end): (f64, f64),
    now: f64,
    due: Vec<Spot>,
) -> Vec<Spot> {
    let (Some(expected), Some(target)) = (a.expected_value, a.target_value) else {
        return Vec::new();
    };
    let start = if kpi.accumulation == Accumulation::Flow {
        Some(0.0)
    } else if same(expected, target) {
        Some(target)
    } else {
        a.baseline_value
    };
    let mut path: Vec<Spot> = start.map(|start| (begin, start)).into_iter().collect();
    let known = !due.is_empty();
    path.extend(due);
    let mut to = |(x, value): Spot, pieces: u32| {
        let Some(&(from, start)) = path.last() else { return path.push((x, value)) };
        path.extend((1..=pieces).map(|piece| {
            let share = f64::from(piece) / f64::from(pieces);
            (from + (x - from) * share, start + (value - start) * share)
        }));
    };
    to((now, expected), if known { 1 } else { PIECES });
    if end > now {
        to((end, target), PIECES);
    }
    path
}

/// Lines without holes; a flow that starts again at zero starts a new one.
fn stretches(spots: impl Iterator<Item = Spot>, flow: bool) -> Vec<Vec<Spot>> {
    let mut all: Vec<Vec<Spot>> = Vec::new();
    for spot in spots {
        let follows =
            |before: &Spot| spot.0 - before.0 <= MAX_GAP as f64 && !(flow && spot.1 < before.1);
        match all.last_mut() {
            Some(line) if line.last().is_some_and(follows) => line.push(spot),
            _ => all.push(vec![spot]),
        }
    }
    all
}

fn backdrop(frame: &Frame, lines: &Lines, a: &Assessment) -> Markup {
    let (left, begin) = (frame.left(), frame.x(lines.begin));
    let Room { top, bottom, beside, .. } = *frame.room;
    html! {
        @if lines.begin > 0.0 {
            rect.closed x=(left) y=(top) width=(begin - left) height=(bottom - top) {}
            @if begin - left > 70.0 {
                @if beside { text.soft x=(left + 8.0) y=(top + 16.0) { "closed" } }
                // To the left stands what a line across is for.
                @else { (frame.text("soft", (begin, top + 16.0), 8.0, Side::Left, "closed")) }
            }
        }
        (frame.text("soft", (begin, top + 16.0), 8.0, Side::Right, &period_days(&a.period)))
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
            circle.ring cx=(frame.x(lines.end)) cy=(frame.y(target)) r="5.5" {}
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

/// Where it is heading, while there are days left.
fn projected(lines: &Lines, a: &Assessment) -> Option<f64> {
    a.projected_value.filter(|_| lines.now.0 < lines.end)
}

fn line(frame: &Frame, lines: &Lines) -> Markup {
    let Room { top, bottom, beside, .. } = *frame.room;
    let today = frame.x(lines.today);
    // Above what the axis says there.
    let foot = if beside || today > 90.0 { 6.0 } else { 22.0 };
    html! {
        @for before in &lines.before { polyline.before points=(frame.points(before)) {} }
        line.today x1=(today) x2=(today) y1=(top + 24.0) y2=(bottom) {}
        (frame.text("soft over", (today, bottom - foot), 11.0, Side::Right, "today"))
        polyline.value points=(frame.points(&lines.running)) {}
        circle.point cx=(frame.x(lines.now.0)) cy=(frame.y(lines.now.1)) r="4.5" {}
    }
}

/// What the lines are, written beside them, or in the picture where that is narrow.
fn labels(frame: &Frame, lines: &Lines, kpi: &Kpi, a: &Assessment) -> Markup {
    let Room { top, bottom, beside, .. } = *frame.room;
    let shown = |value: f64| kpi.unit.show(value);
    let mut wanted: Vec<(f64, &str, String)> = Vec::new();
    let over = |y: f64| if beside { y } else { y - 14.0 };
    let under = |y: f64| if beside { y } else { y + 15.0 };
    if let Some(target) = a.target_value {
        wanted.push((over(frame.y(target)), "strong", format!("Target {}", shown(target))));
    } else {
        for (limit, word) in [(a.target_upper_value, "At most"), (a.target_lower_value, "At least")]
        {
            if let Some(limit) = limit {
                wanted.push((over(frame.y(limit)), "strong", format!("{word} {}", shown(limit))));
            }
        }
    }
    if let Some(projected) = projected(lines, a) {
        let y = frame.y(projected);
        let ahead = a.target_value.is_some_and(|target| frame.y(target) > y);
        // At the foot stands "today".
        let place = if ahead || y + 34.0 > bottom { over(y) } else { under(y) };
        wanted.push((place, "data", format!("Projected {}", shown(projected))));
        if let (Some(lower), Some(upper), true) =
            (a.projected_lower_value, a.projected_upper_value, beside)
        {
            let range = format!("{} – {}", shown(lower), shown(upper));
            wanted.push((y + 1.0, "soft", range));
        }
    }
    let end = frame.x(lines.end);
    let (x, anchor) = if beside { (end + 12.0, None) } else { (end + 7.0, Some("end")) };
    // Below the words at the top of the picture.
    let highest = if beside { top } else { top + 28.0 };
    let heights: Vec<f64> = wanted.iter().map(|(y, ..)| y.max(highest)).collect();
    let now = frame.y(lines.now.1);
    let above = a.expected_value.is_none_or(|due| lines.now.1 >= due) || now + 26.0 > bottom;
    let now = (frame.x(lines.now.0), now + if above { -10.0 } else { 20.0 });
    html! {
        @for ((_, class, text), y) in wanted.iter().zip(frame.apart(&heights)) {
            text.over.(class) x=(x) y=(y + 4.0) text-anchor=[anchor] { (text) }
        }
        (frame.text("data over", now, 6.0, Side::Left, &shown(lines.now.1)))
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
