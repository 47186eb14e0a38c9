//! How a number moved. Percentages move by points, everything else by a share of what it was.

use crate::figures;
use crate::kpi::{Direction, Kpi, Unit};

/// From one number to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// What it was.
    pub from: f64,
    /// What it is.
    pub to: f64,
}

impl Change {
    /// Between two numbers that are both known.
    pub(super) fn between(from: Option<f64>, to: Option<f64>) -> Option<Self> {
        Some(Self { from: from?, to: to? })
    }

    /// As a share of what it was, where that is something.
    pub fn relative(self) -> Option<f64> {
        let share = (self.to - self.from) / self.from.abs();
        share.is_finite().then_some(share)
    }

    /// Whether it went the right way; `None` where neither way is right, or it did not move.
    pub fn is_good(self, direction: Direction) -> Option<bool> {
        let up = self.to > self.from;
        match direction {
            _ if crate::kpi::same(self.to, self.from) => None,
            Direction::Increase => Some(up),
            Direction::Decrease => Some(!up),
            Direction::Maintain => None,
        }
    }

    /// `+4.2 %`, `−1.2 pt`.
    pub fn text(self, unit: &Unit) -> String {
        match unit {
            Unit::Percent | Unit::Points => unit.show_change(self.to - self.from),
            _ => match self.relative() {
                Some(share) => figures::growth(share),
                None => unit.show_change(self.to - self.from),
            },
        }
    }

    /// `12 % → 10 % (−2.0 pt)`.
    pub fn sentence(self, kpi: &Kpi) -> String {
        let (from, to) = kpi.unit.show_pair(self.from, self.to);
        format!("{from} → {to} ({})", self.text(&kpi.unit))
    }
}
