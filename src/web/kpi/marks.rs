//! What is marked on a chart: where its definition or goal changed, what its source restated, what people
//! said. Each mark is told in words besides.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use maud::{Markup, html};

use super::axis::{Frame, Room, Side};
use super::placed::{Area, Placed};
use crate::metric::Labels;
use crate::shown;
use crate::snapshot::{KpiState, Snapshot};

/// Notes that are marked, the newest.
const MARKED: usize = 20;

/// As high as they pile up.
const PILE: f64 = 5.0;

/// Notes that are told below the chart, and their characters.
const TOLD: usize = 3;
const LONGEST: usize = 140;

/// The days of a chart: the first of them, and how many there are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Days {
    pub(super) first: NaiveDate,
    pub(super) count: f64,
}

impl Days {
    /// The place of an instant, if it is on the chart.
    fn place(self, at: DateTime<Utc>, snapshot: &Snapshot) -> Option<f64> {
        let local = at.with_timezone(&snapshot.timezone).naive_local();
        let since = local.signed_duration_since(self.first.and_time(NaiveTime::MIN));
        let days = since.num_seconds() as f64 / 86_400.0;
        (0.0..=self.count).contains(&days).then_some(days)
    }
}

/// All marks.
pub(super) fn marks(
    frame: &Frame,
    words: &mut Placed<'_>,
    days: Days,
    snapshot: &Snapshot,
    state: &KpiState,
    labels: &Labels,
) -> Markup {
    let notes = notes(frame, words, days, snapshot, state);
    html! {
        (changes(frame, words, days, snapshot, state))
        (restated(frame, words, days, snapshot, state, labels))
        (notes)
    }
}

/// Where numbers got another meaning or another goal.
fn changes(
    frame: &Frame,
    words: &mut Placed<'_>,
    days: Days,
    snapshot: &Snapshot,
    state: &KpiState,
) -> Markup {
    let goal = state.goal_changed.as_ref().map(|change| change.at);
    let Room { top, bottom, .. } = *frame.room;
    let all = [(state.definition_changed, "new definition"), (goal, "new goal")];
    html! {
        @for (at, what) in all {
            @if let Some(day) = at.and_then(|at| days.place(at, snapshot)) {
                @let x = frame.x(day.floor());
                line.change x1=(x) x2=(x) y1=(top) y2=(bottom) {}
                (words.put("soft", (x + 5.0, top + 32.0), Side::Right, what))
            }
        }
    }
}

/// What the source says of closed periods now, where that is not their result.
fn restated(
    frame: &Frame,
    words: &mut Placed<'_>,
    days: Days,
    snapshot: &Snapshot,
    state: &KpiState,
    labels: &Labels,
) -> Markup {
    let unit = &state.kpi.unit;
    let ours = state.closed.iter().filter(|closed| closed.labels == *labels);
    let marked = ours.filter_map(|closed| {
        let now = closed.restated.as_ref()?.value?;
        let x = frame.x(days.place(closed.end, snapshot)?);
        Some((x, frame.y(closed.value.unwrap_or(now)), frame.y(now), now, &closed.period))
    });
    html! {
        @for (x, before, y, now, period) in marked {
            g.restated {
                title { (period) ": restated as " (unit.show(now)) }
                line x1=(x) x2=(x) y1=(before) y2=(y) {}
                circle cx=(x) cy=(y) r="4" {}
                (words.put_near("soft", (x - 8.0, y + 4.0), Side::Left, "restated"))
            }
        }
    }
}

/// Numbers on the axis.
fn notes(
    frame: &Frame,
    words: &mut Placed<'_>,
    days: Days,
    snapshot: &Snapshot,
    state: &KpiState,
) -> Markup {
    let Room { mark, bottom, .. } = *frame.room;
    // They stand on each other where they are closer than they are wide.
    let wide = 2.0 * mark + 1.0;
    let mut last: Option<(f64, f64)> = None;
    let marked = on_chart(days, snapshot, state).into_iter().map(|(index, day)| {
        let x = frame.x(day);
        // The newest comes first, from the right.
        let pile = match last {
            Some((other, pile)) if other - x < wide => (pile + 1.0).min(PILE),
            _ => 0.0,
        };
        last = Some((if pile > 0.0 { last.map_or(x, |(other, _)| other) } else { x }, pile));
        (index, x, bottom - pile * wide)
    });
    let marked: Vec<_> = marked.collect();
    for (_, x, y) in &marked {
        words.take(Area::around((*x, *y), mark));
    }
    html! {
        @for (index, x, y) in marked {
            g.said {
                title { (shown::line(&state.notes[index].text, LONGEST)) }
                circle cx=(x) cy=(y) r=(mark) {}
                text x=(x) y=(y + 4.0) text-anchor="middle" { (index + 1) }
            }
        }
    }
}

/// The notes that are marked, by their index, with their day; the newest first.
fn on_chart(days: Days, snapshot: &Snapshot, state: &KpiState) -> Vec<(usize, f64)> {
    let newest = state.notes.iter().enumerate().take(MARKED);
    newest.filter_map(|(index, note)| Some((index, days.place(note.at, snapshot)?))).collect()
}

/// The newest of the notes that are marked, below the chart.
pub(super) fn told(days: Days, snapshot: &Snapshot, state: &KpiState) -> Markup {
    html! {
        @for (index, _) in on_chart(days, snapshot, state).into_iter().take(TOLD) {
            @let note = &state.notes[index];
            p.noted {
                (number(index)) " "
                (note.at.with_timezone(&snapshot.timezone).format("%-d %b"))
                @if let Some(author) = &note.author { ", " bdi { (author) } }
                ": “" bdi { (shown::line(&note.text, LONGEST)) } "”"
            }
        }
    }
}

/// The number of a note, as it is marked; nothing for one that is not.
pub(super) fn number(index: usize) -> Markup {
    html! { @if index < MARKED { span.marker { (index + 1) } } }
}
