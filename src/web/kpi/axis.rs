//! The frame of a chart: from days and values to places, and the ticks on both axes.

use chrono::{Datelike, NaiveDate, Weekday};
use maud::{Markup, html};
use unicode_width::UnicodeWidthStr as _;

use crate::kpi::Unit;
use crate::web::svg::Scale;

/// The room of a picture, in its own units: a letter is about twelve of them high.
pub(super) struct Room {
    pub(super) class: &'static str,
    pub(super) width: f64,
    pub(super) height: f64,
    /// The edges of what is drawn.
    left: f64,
    right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
    /// Lines of text are this far apart.
    line: f64,
    /// What a letter takes.
    letter: f64,
    /// Ticks of values, and of days, at most.
    values: u8,
    days: usize,
    /// Half a numbered mark.
    pub(super) mark: f64,
    /// Whether texts stand beside what is drawn; else they stand in it.
    pub(super) beside: bool,
}

/// For a page as wide as that of a desk.
pub(super) const BROAD: Room = Room {
    class: "broad",
    width: 930.0,
    height: 360.0,
    left: 74.0,
    right: 752.0,
    top: 10.0,
    bottom: 326.0,
    line: 18.0,
    letter: 7.0,
    values: 5,
    days: 14,
    mark: 8.0,
    beside: true,
};

/// For a phone, where it is as wide as the page.
pub(super) const NARROW: Room = Room {
    class: "narrow",
    width: 340.0,
    height: 286.0,
    left: 3.0,
    right: 328.0,
    top: 4.0,
    bottom: 258.0,
    line: 17.0,
    letter: 7.4,
    values: 4,
    days: 6,
    mark: 9.0,
    beside: false,
};

/// Days up to which weeks are marked.
const IN_WEEKS: f64 = 70.0;

/// Where everything goes.
pub(super) struct Frame {
    pub(super) room: &'static Room,
    days: f64,
    values: Scale,
}

/// Where a text stands, if there is room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

impl Frame {
    /// A frame for so many days that holds these values; `None` when there is nothing to tell apart.
    pub(super) fn around(room: &'static Room, values: &[f64], days: f64) -> Option<Self> {
        let zero = values.iter().all(|value| *value >= 0.0) && near_zero(values);
        let values = Scale::around(values, zero, (room.bottom, room.top + 24.0))?;
        (days > 0.0).then_some(Self { room, days, values })
    }

    pub(super) fn x(&self, day: f64) -> f64 {
        let Room { left, right, .. } = self.room;
        tenth(left + (right - left) * (day / self.days).clamp(0.0, 1.0))
    }

    pub(super) fn y(&self, value: f64) -> f64 {
        self.values.place(value).clamp(self.room.top, self.room.bottom)
    }

    pub(super) fn left(&self) -> f64 {
        self.x(0.0)
    }

    /// About as wide as a text is.
    fn width_of(&self, text: &str) -> f64 {
        text.width() as f64 * self.room.letter
    }

    /// A text beside a place; on its other side where this one has no room for it, and never outside.
    pub(super) fn text(
        &self,
        class: &str,
        (x, y): (f64, f64),
        gap: f64,
        side: Side,
        text: &str,
    ) -> Markup {
        let Room { left, right, .. } = *self.room;
        let wide = gap + self.width_of(text);
        let (to_left, to_right) = (x - wide >= left, x + wide <= right);
        let (x, anchor) = match side {
            Side::Right if to_right => (x + gap, None),
            Side::Left | Side::Right if to_left => (x - gap, Some("end")),
            Side::Left if to_right => (x + gap, None),
            Side::Right => (right, Some("end")),
            Side::Left => (left, None),
        };
        html! { text.(class) x=(tenth(x)) y=(tenth(y)) text-anchor=[anchor] { (text) } }
    }

    /// As the attribute of a line.
    pub(super) fn points(&self, spots: &[(f64, f64)]) -> String {
        let point = |(x, y): &(f64, f64)| format!("{},{}", self.x(*x), self.y(*y));
        spots.iter().map(point).collect::<Vec<_>>().join(" ")
    }

    /// Round numbers of the scale, with their heights.
    fn values(&self) -> impl Iterator<Item = (f64, f64)> {
        let (low, high) = self.values.ends();
        round_numbers(low, high, self.room.values).into_iter().map(|tick| (tick, self.y(tick)))
    }

    /// Lines across at round numbers.
    pub(super) fn value_ticks(&self) -> Markup {
        let Room { left, right, .. } = *self.room;
        html! { @for (_, y) in self.values() { line.grid x1=(left) x2=(right) y1=(y) y2=(y) {} } }
    }

    /// What they stand for: beside them, or on them and then over all that is drawn.
    pub(super) fn value_names(&self, unit: &Unit) -> Markup {
        let Room { left, beside, .. } = *self.room;
        html! {
            @for (tick, y) in self.values() {
                @if beside { text.soft x=(left - 8.0) y=(y + 4.0) text-anchor="end" { (unit.show(tick)) } }
                @else { text.soft.over x=(left) y=(tenth(y - 4.0)) { (unit.show(tick)) } }
            }
        }
    }

    /// The first days of weeks or months, of every second or third of them where they are many.
    pub(super) fn day_ticks(&self, first: NaiveDate) -> Markup {
        let Room { left, right, width, bottom, days: most, .. } = *self.room;
        let weeks = self.days <= IN_WEEKS;
        let begins =
            |day: &NaiveDate| if weeks { day.weekday() == Weekday::Mon } else { day.day() == 1 };
        // As many as there are days, which a period bounds.
        let inside = |day: &NaiveDate| ((*day - first).num_days() as f64) < self.days;
        let mut days: Vec<NaiveDate> =
            first.iter_days().take_while(inside).filter(begins).collect();
        if weeks {
            let step = days.len().div_ceil(most).max(1);
            days = days.into_iter().step_by(step).collect();
        } else {
            let each = |step: u32| move |day: &&NaiveDate| day.month0().is_multiple_of(step);
            let steps = [1, 2, 3, 6, 12];
            let step =
                steps.into_iter().find(|step| days.iter().filter(each(*step)).count() <= most);
            days.retain(|day| each(step.unwrap_or(12))(&day));
        }
        let format = |day: NaiveDate| match () {
            () if weeks => day.format("%-d %b").to_string(),
            () if day.month() == 1 => day.format("%b %Y").to_string(),
            () => day.format("%b").to_string(),
        };
        html! {
            line.axis x1=(left) x2=(right) y1=(bottom) y2=(bottom) {}
            @for day in days {
                @let (x, text) = (self.x((day - first).num_days() as f64), format(day));
                @let half = self.width_of(&text) / 2.0;
                line.axis x1=(x) x2=(x) y1=(bottom) y2=(bottom + 5.0) {}
                text.soft x=(tenth(x.max(half + 3.0).min(width - half))) y=(bottom + 20.0) text-anchor="middle" { (text) }
            }
        }
    }

    /// Heights of lines of text, moved apart so that they do not cover each other.
    pub(super) fn apart(&self, heights: &[f64]) -> Vec<f64> {
        let line = self.room.line;
        let mut order: Vec<usize> = (0..heights.len()).collect();
        order.sort_by(|a, b| heights[*a].total_cmp(&heights[*b]));
        let mut placed = heights.to_vec();
        let mut least = self.room.top + 8.0;
        for index in &order {
            placed[*index] = placed[*index].max(least);
            least = placed[*index] + line;
        }
        // What was pushed out below moves up again.
        let mut most = self.room.bottom;
        for index in order.iter().rev() {
            placed[*index] = placed[*index].min(most);
            most = placed[*index] - line;
        }
        placed
    }
}

fn tenth(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

/// Whether a scale from zero wastes little.
fn near_zero(values: &[f64]) -> bool {
    let (least, most) = values.iter().fold((f64::INFINITY, 0.0_f64), |(least, most), value| {
        (least.min(*value), most.max(*value))
    });
    least <= most / 3.0
}

/// So many multiples of 1, 2, 2.5 or 5 times a power of ten, at most.
fn round_numbers(low: f64, high: f64, most: u8) -> Vec<f64> {
    let rough = (high - low) / f64::from(most);
    if rough <= 0.0 || !rough.is_finite() {
        return Vec::new();
    }
    let power = 10_f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0].map(|step| step * power);
    let step = steps.into_iter().find(|step| *step >= rough).unwrap_or(rough);
    let first = (low / step).ceil();
    (0..=most)
        .map(|index| (first + f64::from(index)) * step)
        .take_while(|tick| *tick <= high)
        .take(usize::from(most))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(round_numbers(0.0, 260_000.0, 5), [0.0, 100_000.0, 200_000.0]);
        assert_eq!(round_numbers(91.0, 135.0, 5), [100.0, 110.0, 120.0, 130.0]);
        assert_eq!(round_numbers(-5.0, 5.0, 5).len(), 5);
        assert_eq!(round_numbers(1.0, 1.0, 5), [0.0; 0]);
        for scale in -20..20 {
            let high = 10_f64.powi(scale) * 3.7;
            assert!((2..=5).contains(&round_numbers(0.0, high, 5).len()), "{high}");
            assert!((2..=4).contains(&round_numbers(0.0, high, 4).len()), "{high}");
        }
    }

    #[test]
    fn labels_do_not_cover_each_other_and_stay_inside() {
        for room in [&BROAD, &NARROW] {
            let frame = Frame::around(room, &[0.0, 1.0], 90.0).unwrap();
            let placed = frame.apart(&[room.bottom, room.bottom, room.bottom - 1.0]);
            let mut sorted = placed.clone();
            sorted.sort_by(f64::total_cmp);
            assert!(sorted.windows(2).all(|two| two[1] - two[0] >= room.line - 1e-9), "{placed:?}");
            assert!(placed.iter().all(|y| (room.top..=room.bottom).contains(y)));
        }
    }

    /// Where a text begins and ends.
    fn extent(frame: &Frame, x: f64, side: Side, text: &str) -> (f64, f64) {
        let drawn = frame.text("soft", (x, 9.0), 6.0, side, text).into_string();
        let at = drawn.split("x=\"").nth(1).unwrap().split('"').next().unwrap();
        let (at, wide) = (at.parse::<f64>().unwrap(), frame.width_of(text));
        if drawn.contains("end") { (at - wide, at) } else { (at, at + wide) }
    }

    #[test]
    fn a_text_stands_where_there_is_room_for_it() {
        let frame = Frame::around(&NARROW, &[0.0, 1.0], 90.0).unwrap();
        let Room { left, right, .. } = NARROW;
        for (x, side, found) in [
            (100.0, Side::Right, "x=\"106\" y=\"9\">"),
            (100.0, Side::Left, "x=\"94\" y=\"9\" text-anchor=\"end\">"),
            // No room on that side.
            (320.0, Side::Right, "x=\"314\" y=\"9\" text-anchor=\"end\">"),
            (10.0, Side::Left, "x=\"16\" y=\"9\">"),
        ] {
            let drawn = frame.text("soft", (x, 9.0), 6.0, side, "today").into_string();
            assert!(drawn.contains(found), "{x} {side:?}: {drawn}");
        }
        for x in [left, 90.0, 170.0, 250.0, right] {
            for side in [Side::Left, Side::Right] {
                for long in 1..44 {
                    let (from, to) = extent(&frame, x, side, &"m".repeat(long));
                    assert!(from >= left && to <= right + 6.0, "{x} {side:?} {long}: {from} {to}");
                }
            }
        }
    }

    #[test]
    fn days_have_no_more_ticks_than_there_is_room_for() {
        for room in [&BROAD, &NARROW] {
            for days in [7, 31, 60, 70, 71, 91, 183, 366, 731, 1100] {
                let frame = Frame::around(room, &[0.0, 1.0], f64::from(days)).unwrap();
                let first = NaiveDate::from_ymd_opt(2026, 1, 2).unwrap();
                let ticks = frame.day_ticks(first).into_string().matches("<text").count();
                assert!((1..=room.days).contains(&ticks), "{} {days}: {ticks}", room.class);
            }
        }
    }
}
