//! Small pictures as inline SVG. Colours are classes of the style sheet, so that one picture serves light,
//! dark and print; every picture says in words what it shows.

use maud::{Markup, html};

use super::words::target;
use crate::assess::{Assessment, Goal};
use crate::kpi::{Accumulation, Kpi};

/// Size of a bullet graph.
const WIDTH: f64 = 180.0;
const HEIGHT: f64 = 22.0;

/// From numbers to places along an axis.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Scale {
    /// A scale that holds all these numbers with some room on either side; from zero when asked for.
    /// `None` when there is nothing to tell apart.
    pub(super) fn around(numbers: &[f64], zero: bool, (from, to): (f64, f64)) -> Option<Self> {
        let known = || numbers.iter().copied().filter(|number| number.is_finite());
        let (least, most) = (known().reduce(f64::min)?, known().reduce(f64::max)?);
        let (least, most) = if zero { (least.min(0.0), most.max(0.0)) } else { (least, most) };
        let span = most - least;
        if span <= 0.0 || !span.is_finite() {
            return None;
        }
        let room = span * 0.08;
        let low = if zero && least >= 0.0 { 0.0 } else { least - room };
        Some(Self { low, high: most + room, from, to })
    }

    /// The least and the greatest number on it.
    pub(super) fn ends(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// The place of a number, to a tenth.
    pub(super) fn place(&self, number: f64) -> f64 {
        let share = (number - self.low) / (self.high - self.low);
        ((self.from + share * (self.to - self.from)) * 10.0).round() / 10.0
    }
}

/// Stephen Few's bullet graph: where it is, where it should be today, where it is to get to. A flow grows
/// from zero; what has a baseline moves away from that; what has neither is a dot. Unless it
/// `is_told`, in words as well, it has only what matters most.
pub(super) fn bullet(kpi: &Kpi, a: &Assessment, is_told: bool) -> Markup {
    let flow = kpi.accumulation == Accumulation::Flow;
    let limits = goal_limits(a);
    let risk = a.at_risk_values(kpi);
    let numbers: Vec<f64> = [a.value, a.expected_value, a.baseline_value.filter(|_| !flow)]
        .into_iter()
        .flatten()
        .chain(limits.iter().copied())
        .collect();
    let (Some(value), Some(scale)) = (a.value, Scale::around(&numbers, flow, (1.0, WIDTH - 1.0)))
    else {
        return html! {};
    };
    let x = |number: f64| scale.place(number).round().clamp(0.0, WIDTH);
    let now = x(value);
    let start = if flow { Some(x(0.0)) } else { a.baseline_value.map(x) };
    let goals: Vec<String> = limits.iter().map(|limit| format!("M{} 3v16", x(*limit))).collect();
    html! {
        svg.bullet viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role=[is_told.then_some("img")] aria-label=[is_told.then(|| told(kpi, a))] {
            @if is_told { (area("track", 0.0, WIDTH, (7, 8))) }
            @if let [low, high] = limits.as_slice() { (area("band", x(*low), x(*high), (7, 8))) }
            @if let Some((low, high)) = risk.filter(|_| is_told) { (area("risk", x(low), x(high), (5, 12))) }
            @if let Some(start) = start {
                (area("bar", start.min(now), start.max(now).max(start.min(now) + 2.0), (8, 6)))
                @if !flow && is_told { path.start d=(format!("M{start} 6v10")) {} }
            }
            @if let Some(due) = a.expected_value { path.due d=(format!("M{} 2v18", x(due))) {} }
            @if !goals.is_empty() { path.goal d=(goals.concat()) {} }
            @if !flow && (is_told || start.is_none()) { circle.dot cx=(now) cy="11" r="4.5" {} }
        }
    }
}

fn area(class: &str, from: f64, to: f64, (top, height): (u8, u8)) -> Markup {
    let to_draw = format!("M{from} {top}H{to}v{height}H{from}z");
    html! { path class=(class) d=(to_draw) {} }
}

/// The numbers of the goal: one to reach, or the ends of a band.
fn goal_limits(a: &Assessment) -> Vec<f64> {
    match (a.goal, a.target_value) {
        (Some(Goal::Between(low, high)), _) if low < high => vec![low, high],
        (Some(Goal::AtLeast(value) | Goal::AtMost(value) | Goal::Between(value, _)), _) => {
            vec![value]
        }
        (None, Some(value)) => vec![value],
        (None, None) => Vec::new(),
    }
}

/// The same in words.
fn told(kpi: &Kpi, a: &Assessment) -> String {
    let shown = |value: f64| kpi.unit.show(value);
    let mut said = vec![a.value.map_or("no value".to_owned(), |v| format!("now {}", shown(v)))];
    said.extend(a.expected_value.map(|due| format!("due today {}", shown(due))));
    said.push(format!("target {}", target(kpi, a)));
    said.extend(a.baseline_value.map(|from| format!("from {}", shown(from))));
    said.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_has_room_and_no_scale_is_made_of_one_number() {
        let scale = Scale::around(&[10.0, 20.0], false, (0.0, 116.0)).unwrap();
        assert!((scale.place(10.0) - 8.0).abs() < 1e-9 && (scale.place(20.0) - 108.0).abs() < 1e-9);
        let flow = Scale::around(&[100.0], true, (0.0, 108.0)).unwrap();
        assert!(flow.place(0.0).abs() < 1e-9 && (flow.place(100.0) - 100.0).abs() < 1e-9);
        assert!(Scale::around(&[5.0, 5.0], false, (0.0, 1.0)).is_none());
        assert!(Scale::around(&[f64::NAN], true, (0.0, 1.0)).is_none());
        assert!(Scale::around(&[f64::MAX, -f64::MAX], false, (0.0, 1.0)).is_none());
    }
}
