//! The frame of a chart: from days and values to places, and the ticks on both axes.

use chrono::{Datelike, NaiveDate, Weekday};
use maud::{Markup, html};

use crate::kpi::Unit;
use crate::web::svg::Scale;

/// The edges of what is drawn.
const LEFT: f64 = 74.0;
const RIGHT: f64 = 770.0;
pub(super) const TOP: f64 = 10.0;
pub(super) const BOTTOM: f64 = 326.0;

/// Lines of text are this far apart.
const LINE: f64 = 17.0;

/// Ticks of values, at most.
const MOST_TICKS: u8 = 5;

/// Days up to which weeks are marked, and months up to which all are.
const IN_WEEKS: f64 = 70.0;
const IN_MONTHS: f64 = 430.0;

/// Where everything goes.
pub(super) struct Frame {
    days: f64,
    values: Scale,
}

impl Frame {
    /// A frame for so many days that holds these values; `None` when there is nothing to tell apart.
    pub(super) fn around(values: &[f64], days: f64) -> Option<Self> {
        let zero = values.iter().all(|value| *value >= 0.0) && near_zero(values);
        let values = Scale::around(values, zero, (BOTTOM, TOP + 24.0))?;
        (days > 0.0).then_some(Self { days, values })
    }

    pub(super) fn x(&self, day: f64) -> f64 {
        tenth(LEFT + (RIGHT - LEFT) * (day / self.days).clamp(0.0, 1.0))
    }

    pub(super) fn y(&self, value: f64) -> f64 {
        self.values.place(value).clamp(TOP, BOTTOM)
    }

    pub(super) fn left(&self) -> f64 {
        self.x(0.0)
    }

    /// As the attribute of a line.
    pub(super) fn points(&self, spots: &[(f64, f64)]) -> String {
        let point = |(x, y): &(f64, f64)| format!("{},{}", self.x(*x), self.y(*y));
        spots.iter().map(point).collect::<Vec<_>>().join(" ")
    }

    /// Lines across at round numbers.
    pub(super) fn value_ticks(&self, unit: &Unit) -> Markup {
        let (low, high) = self.values.ends();
        html! {
            @for tick in round_numbers(low, high) {
                @let y = self.y(tick);
                line.grid x1=(LEFT) x2=(RIGHT) y1=(y) y2=(y) {}
                text.soft x=(LEFT - 8.0) y=(y + 4.0) text-anchor="end" { (unit.show(tick)) }
            }
        }
    }

    /// The first days of weeks, months or quarters.
    pub(super) fn day_ticks(&self, first: NaiveDate) -> Markup {
        let weeks = self.days <= IN_WEEKS;
        let marked = |day: &NaiveDate| match () {
            () if weeks => day.weekday() == Weekday::Mon,
            () if self.days <= IN_MONTHS => day.day() == 1,
            () => day.day() == 1 && day.month0().is_multiple_of(3),
        };
        let format = |day: NaiveDate| match () {
            () if weeks => day.format("%-d %b").to_string(),
            () if day.month() == 1 => day.format("%b %Y").to_string(),
            () => day.format("%b").to_string(),
        };
        // As many as there are days, which a period bounds.
        let inside = |day: &NaiveDate| ((*day - first).num_days() as f64) < self.days;
        let days = first.iter_days().take_while(inside).filter(marked);
        html! {
            line.axis x1=(LEFT) x2=(RIGHT) y1=(BOTTOM) y2=(BOTTOM) {}
            @for day in days {
                @let x = self.x((day - first).num_days() as f64);
                line.axis x1=(x) x2=(x) y1=(BOTTOM) y2=(BOTTOM + 5.0) {}
                text.soft x=(x) y=(BOTTOM + 20.0) text-anchor="middle" { (format(day)) }
            }
        }
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

/// At most five multiples of 1, 2, 2.5 or 5 times a power of ten.
fn round_numbers(low: f64, high: f64) -> Vec<f64> {
    let rough = (high - low) / f64::from(MOST_TICKS);
    if rough <= 0.0 || !rough.is_finite() {
        return Vec::new();
    }
    let power = 10_f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0].map(|step| step * power);
    let step = steps.into_iter().find(|step| *step >= rough).unwrap_or(rough);
    let first = (low / step).ceil();
    (0..=MOST_TICKS)
        .map(|index| (first + f64::from(index)) * step)
        .take_while(|tick| *tick <= high)
        .take(usize::from(MOST_TICKS))
        .collect()
}

/// The same heights, moved apart so that texts do not cover each other.
pub(super) fn apart(heights: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..heights.len()).collect();
    order.sort_by(|a, b| heights[*a].total_cmp(&heights[*b]));
    let mut placed = heights.to_vec();
    let mut least = TOP + 8.0;
    for index in &order {
        placed[*index] = placed[*index].max(least);
        least = placed[*index] + LINE;
    }
    // What was pushed out below moves up again.
    let mut most = BOTTOM;
    for index in order.iter().rev() {
        placed[*index] = placed[*index].min(most);
        most = placed[*index] - LINE;
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(round_numbers(0.0, 260_000.0), [0.0, 100_000.0, 200_000.0]);
        assert_eq!(round_numbers(91.0, 135.0), [100.0, 110.0, 120.0, 130.0]);
        assert_eq!(round_numbers(-5.0, 5.0).len(), 5);
        assert_eq!(round_numbers(1.0, 1.0), [0.0; 0]);
        for scale in -20..20 {
            let high = 10_f64.powi(scale) * 3.7;
            assert!((2..=5).contains(&round_numbers(0.0, high).len()), "{high}");
        }
    }

    #[test]
    fn labels_do_not_cover_each_other_and_stay_inside() {
        let placed = apart(&[BOTTOM, BOTTOM, BOTTOM - 1.0]);
        let mut sorted = placed.clone();
        sorted.sort_by(f64::total_cmp);
        assert!(sorted.windows(2).all(|two| two[1] - two[0] >= LINE - 1e-9), "{placed:?}");
        assert!(placed.iter().all(|y| (TOP..=BOTTOM).contains(y)));
    }
}
