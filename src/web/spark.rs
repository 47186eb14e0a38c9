//! Sparklines: the last thirteen weeks of a series with its path dashed, as a small picture. Coordinates are
//! whole, so that a page of a thousand stays small.

use std::fmt::Write as _;

use chrono::{Days, NaiveDate};
use maud::{Markup, html};

use super::svg::Scale;
use crate::engine::ChartDay;

/// Days that are shown.
const DAYS: u64 = 91;
/// Days from one point to the next where there are many pictures.
const COARSE: u64 = 7;
/// What is off a straight line by less cannot be seen.
const STRAIGHT: f64 = 0.75;
/// Size.
const WIDTH: f64 = 110.0;
const HEIGHT: f64 = 28.0;

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spark<'d> {
    /// The day that is not over.
    pub(super) today: NaiveDate,
    /// The days before it, the oldest first.
    pub(super) days: &'d [ChartDay],
    /// Value of now, and where it should be.
    pub(super) now: (f64, Option<f64>),
    /// Whether it counts up from zero in each period.
    pub(super) starts_again: bool,
    /// Whether a point a week is enough.
    pub(super) coarse: bool,
}

/// The picture; nothing where there is no history.
pub(super) fn spark(spark: Spark<'_>) -> Markup {
    let Some(first) = spark.today.checked_sub_days(Days::new(DAYS)) else { return html! {} };
    let from = spark.days.partition_point(|day| day.day < first);
    let step = if spark.coarse { COARSE } else { 1 };
    let is_drawn =
        |day: &&ChartDay| (spark.today - day.day).num_days().unsigned_abs().is_multiple_of(step);
    let days = || spark.days.get(from..).unwrap_or_default().iter().filter(is_drawn);
    let place = |day: NaiveDate| (day - first).num_days() as f64;
    let now = DAYS as f64;
    let mut values: Vec<(f64, f64)> = days().map(|day| (place(day.day), day.value)).collect();
    let mut due: Vec<(f64, f64)> =
        days().filter_map(|day| Some((place(day.day), day.expected?))).collect();
    if values.is_empty() {
        return html! {};
    }
    values.push((now, spark.now.0));
    due.extend(spark.now.1.map(|due| (now, due)));
    let all: Vec<f64> = values.iter().chain(&due).map(|(_, value)| *value).collect();
    let Some(scale) = Scale::around(&all, spark.starts_again, (HEIGHT - 2.0, 2.0)) else {
        return html! {};
    };
    let x = |day: f64| (day * (WIDTH - 6.0) / DAYS as f64 + 2.0).round();
    let y = |value: f64| scale.place(value).round().clamp(0.0, HEIGHT);
    let line = |spots: &[(f64, f64)]| path(spots, spark.starts_again, &x, &y);
    html! {
        svg.spark viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) aria-hidden=[(!spark.coarse).then_some("true")] {
            @if due.len() > 1 { path.path d=(line(&due)) {} }
            path d=(line(&values)) {}
            @if !spark.coarse { circle cx=(x(now)) cy=(y(spark.now.0)) r="2.5" {} }
        }
    }
}

/// The `d` of a line; one that starts again at zero is lifted, and points on a straight line are left out.
fn path(
    spots: &[(f64, f64)],
    starts_again: bool,
    x: &impl Fn(f64) -> f64,
    y: &impl Fn(f64) -> f64,
) -> String {
    let mut text = String::new();
    let mut before: Option<(f64, f64)> = None;
    let mut placed: Vec<(f64, f64, bool)> = Vec::new();
    // Where the last piece began, and the points that it stands for.
    let mut from = 0;
    let mut left_out: Vec<(f64, f64)> = Vec::new();
    for (day, value) in spots {
        let gap = before.is_none_or(|(last, was)| {
            day - last > COARSE as f64 || (starts_again && *value < was * 0.5)
        });
        before = Some((*day, *value));
        let (x, y) = (x(*day), y(*value));
        if gap {
            from = placed.len();
            left_out.clear();
        } else if let (Some((x0, y0, _)), Some((x1, y1, _))) = (placed.get(from), placed.last())
            && placed.len() == from + 2
        {
            left_out.push((*x1, *y1));
            let off = |(px, py): &(f64, f64)| {
                ((px - x0) * (y - y0) / (x - x0).max(1.0) + y0 - py).abs() > STRAIGHT
            };
            if left_out.iter().any(off) {
                from += 1;
                left_out.clear();
            } else {
                placed.pop();
            }
        }
        placed.push((x, y, gap));
    }
    for (x, y, gap) in placed {
        let _ = write!(text, "{}{x} {y}", if gap { 'M' } else { 'L' });
    }
    text
}

/// Several series on one scale, so that they can be compared: each with its end as a dot.
pub(super) fn multiples(all: &[Vec<(NaiveDate, f64)>]) -> Vec<Markup> {
    let values: Vec<f64> = all.iter().flatten().map(|(_, value)| *value).collect();
    let days = || all.iter().flatten().map(|(day, _)| *day);
    let scale = Scale::around(&values, true, (HEIGHT * 2.0 - 4.0, 4.0));
    let (Some(scale), Some(first), Some(last)) = (scale, days().min(), days().max()) else {
        return Vec::new();
    };
    let length = ((last - first).num_days() as f64).max(1.0);
    let x = |day: NaiveDate| {
        ((day - first).num_days() as f64 * (WIDTH * 2.0 - 8.0) / length + 2.0).round()
    };
    let one = |points: &Vec<(NaiveDate, f64)>| {
        let mut drawn = String::new();
        for (index, (day, value)) in points.iter().enumerate() {
            let letter = if index == 0 { 'M' } else { 'L' };
            let _ = write!(drawn, "{letter}{} {}", x(*day), scale.place(*value).round());
        }
        html! {
            svg.spark.large viewBox=(format!("0 0 {} {}", WIDTH * 2.0, HEIGHT * 2.0)) aria-hidden="true" {
                path.zero d=(format!("M0 {0}H{1}", scale.place(0.0).round(), WIDTH * 2.0)) {}
                path d=(drawn) {}
                @if let Some((day, value)) = points.last() { circle cx=(x(*day)) cy=(scale.place(*value).round()) r="3" {} }
            }
        }
    };
    all.iter().map(one).collect()
}

/// Any dates with their values as a line with a dot at its end.
pub(super) fn line(points: &[(NaiveDate, f64)]) -> Markup {
    let values: Vec<f64> = points.iter().map(|(_, value)| *value).collect();
    let scale = Scale::around(&values, false, (HEIGHT - 2.0, 2.0));
    let (Some(scale), Some((first, _)), Some((last, now))) = (scale, points.first(), points.last())
    else {
        return html! {};
    };
    let length = ((*last - *first).num_days() as f64).max(1.0);
    let x = |day: f64| (day * (WIDTH - 6.0) / length + 2.0).round();
    let y = |value: f64| scale.place(value).round();
    let day = |(day, value): &(NaiveDate, f64)| ((*day - *first).num_days() as f64, *value);
    let mut drawn = String::new();
    for (index, (day, value)) in points.iter().map(day).enumerate() {
        let _ = write!(drawn, "{}{} {}", if index == 0 { 'M' } else { 'L' }, x(day), y(value));
    }
    html! {
        svg.spark viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) aria-hidden="true" {
            path d=(drawn) {}
            circle cx=(x(length)) cy=(y(*now)) r="2.5" {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(values: impl Fn(u32) -> f64, starts_again: bool) -> String {
        let today = NaiveDate::from_ymd_opt(2026, 11, 29).unwrap();
        let first = today - Days::new(120);
        let day = |(index, day)| ChartDay {
            day,
            value: values(index),
            expected: None,
            sums: None,
            status: None,
        };
        let days: Vec<ChartDay> = (0..).zip(first.iter_days().take(120)).map(day).collect();
        let now = (values(120), None);
        spark(Spark { today, days: &days, now, starts_again, coarse: false }).into_string()
    }

    #[test]
    fn a_straight_line_has_two_points_and_what_starts_again_is_lifted() {
        let straight = picture(|_| 1.0, false);
        assert_eq!(straight, "", "nothing to tell apart");
        let flow = picture(|day| f64::from(day % 30), true);
        // Three months, the last day before them and the first after them.
        assert_eq!(flow.matches('M').count(), 5, "{flow}");
        assert!(!flow.contains('.') || flow.contains("2.5"), "{flow}");
        let level = picture(|day| f64::from(day % 2), false);
        assert_eq!(level.matches('M').count(), 1);
        assert!(level.len() < 1000, "{}", level.len());
    }
}
