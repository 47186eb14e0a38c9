//! The frame of a chart: from days and values to places, and the ticks on both axes.

use chrono::{Datelike, NaiveDate, Weekday};
use maud::{Markup, html};
use unicode_width::UnicodeWidthStr as _;

use crate::kpi::Unit;
use crate::web::svg::Scale;

/// The room of a picture, in its own units: a letter is about twelve of them high.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) class: &'static str,
    pub(super) width: f64,
    pub(super) height: f64,
    /// The edges of what is drawn; to the left it makes room for what values are called.
    left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
    /// Lines of text are this far apart.
    line: f64,
    /// What a letter takes, in a broad font, and where the style sheet makes it larger.
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
    letter: 9.6,
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
    letter: 8.6,
    values: 4,
    days: 6,
    mark: 9.0,
    beside: false,
};

/// Days up to which weeks are marked.
const IN_WEEKS: f64 = 70.0;

/// Height of the headings above all lines.
const HEADING: f64 = 24.0;

/// Between what a value is called and what is drawn.
const GAP: f64 = 8.0;

/// Where everything goes.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) room: &'static Room,
    left: f64,
    /// Rows above all lines that are kept for words, besides the one for headings.
    rows: usize,
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
    /// A frame for so many days that holds these values below so many rows of words; `None` when there is
    /// nothing to tell apart.
    pub(super) fn around(
        room: &'static Room,
        values: &[f64],
        days: f64,
        unit: &Unit,
        rows: usize,
    ) -> Option<Self> {
        let zero = values.iter().all(|value| *value >= 0.0) && near_zero(values);
        let highest = room.top + HEADING + rows as f64 * room.line;
        let values = Scale::around(values, zero, (room.bottom, highest))?;
        let mut frame = Self { room, left: room.left, rows, days, values };
        let names = frame.values().map(|(tick, _)| frame.width_of(&unit.show(tick)) + GAP);
        frame.left = names.fold(room.left, f64::max).min(room.width / 3.0).round();
        (days > 0.0).then_some(frame)
    }

    /// How high lines go at most.
    pub(super) fn highest(&self) -> f64 {
        self.room.top + HEADING + self.rows as f64 * self.room.line
    }

    /// Where the words of the rows above all lines stand; the first is that of headings.
    pub(super) fn rows(&self) -> impl Iterator<Item = f64> {
        let Room { top, line, .. } = *self.room;
        (0..=self.rows).map(move |row| top + 16.0 + row as f64 * line)
    }

    pub(super) fn x(&self, day: f64) -> f64 {
        let (left, right) = (self.left, self.room.right);
        tenth(left + (right - left) * (day / self.days).clamp(0.0, 1.0))
    }

    pub(super) fn y(&self, value: f64) -> f64 {
        self.values.place(value).clamp(self.room.top, self.room.bottom)
    }

    pub(super) fn left(&self) -> f64 {
        self.x(0.0)
    }

    /// About as wide as a text is.
    pub(super) fn width_of(&self, text: &str) -> f64 {
        text.width() as f64 * self.room.letter
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
        let (left, right) = (self.left, self.room.right);
        html! { @for (_, y) in self.values() { line.grid x1=(left) x2=(right) y1=(y) y2=(y) {} } }
    }

    /// What they stand for, beside them.
    pub(super) fn value_names(&self, unit: &Unit) -> Markup {
        let x = self.left - GAP;
        html! {
            @for (tick, y) in self.values() {
                text.soft x=(x) y=(tenth(y + 4.0)) text-anchor="end" { (unit.show(tick)) }
            }
        }
    }

    /// The first days of weeks or months, of every second or third of them where they are many.
    pub(super) fn day_ticks(&self, first: NaiveDate) -> Markup {
        let Room { right, width, bottom, days: most, .. } = *self.room;
        let left = self.left;
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

pub(super) fn tenth(number: f64) -> f64 {
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
            let frame = Frame::around(room, &[0.0, 1.0], 90.0, &Unit::Count, 0).unwrap();
            let placed = frame.apart(&[room.bottom, room.bottom, room.bottom - 1.0]);
            let mut sorted = placed.clone();
            sorted.sort_by(f64::total_cmp);
            assert!(sorted.windows(2).all(|two| two[1] - two[0] >= room.line - 1e-9), "{placed:?}");
            assert!(placed.iter().all(|y| (room.top..=room.bottom).contains(y)));
        }
    }

    #[test]
    fn values_have_room_for_what_they_are_called() {
        for (room, values, unit) in [
            (&NARROW, [0.0, 260_000.0], Unit::Currency("EUR".to_owned())),
            (&BROAD, [0.0, 1.0], Unit::Percent),
            (&BROAD, [-1e12, 1e12], Unit::Currency("USD".to_owned())),
        ] {
            let frame = Frame::around(room, &values, 90.0, &unit, 0).unwrap();
            let widest = frame.values().map(|(tick, _)| frame.width_of(&unit.show(tick)));
            let widest = widest.fold(0.0, f64::max);
            assert!((widest..room.width / 3.0 + 1.0).contains(&frame.left()), "{}", frame.left());
        }
    }

    #[test]
    fn days_have_no_more_ticks_than_there_is_room_for() {
        for room in [&BROAD, &NARROW] {
            for days in [7, 31, 60, 70, 71, 91, 183, 366, 731, 1100] {
                let frame =
                    Frame::around(room, &[0.0, 1.0], f64::from(days), &Unit::Count, 0).unwrap();
                let first = NaiveDate::from_ymd_opt(2026, 1, 2).unwrap();
                let ticks = frame.day_ticks(first).into_string().matches("<text").count();
                assert!((1..=room.days).contains(&ticks), "{} {days}: {ticks}", room.class);
            }
        }
    }
}
