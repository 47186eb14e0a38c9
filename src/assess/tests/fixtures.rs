//! KPIs and measurements of the worked example (Q2 2026), for tests to vary.

use chrono::NaiveDate;

use super::*;
use crate::calendar::{Calendar, PeriodKind, WindowSpec};
use crate::kpi::{Accumulation, Formula, Kpi, KpiKind, Path, Target, Unit};

pub(super) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(super) fn calendar() -> Calendar {
    Calendar { timezone: chrono_tz::America::New_York, ..Calendar::default() }
}

/// A flow that increases to 390 000 in its quarter; tests change what they are about.
pub(crate) fn kpi() -> Kpi {
    let formula = Formula::parse("a / b").unwrap();
    Kpi {
        kind: KpiKind::Leading,
        period: PeriodKind::Quarter,
        ..Kpi::new("traffic", formula, Target::Absolute(390_000.0))
    }
}

pub(super) fn traffic_level() -> Kpi {
    Kpi {
        accumulation: Accumulation::Level,
        window: WindowSpec::TrailingDays(30),
        path: Path::Trailing,
        target: Target::Relative(0.3),
        ..kpi()
    }
}

pub(super) fn trial_to_paid() -> Kpi {
    Kpi {
        accumulation: Accumulation::Ratio,
        unit: Unit::Percent,
        window: WindowSpec::TrailingDays(30),
        path: Path::Trailing,
        target: Target::Absolute(0.16),
        ..kpi()
    }
}

pub(super) fn net_new_arr() -> Kpi {
    Kpi { target: Target::Absolute(250_000.0), unit: Unit::Currency("USD".into()), ..kpi() }
}

/// Assesses at the end of a day of Q2 2026.
#[expect(clippy::needless_pass_by_value, reason = "reads better where it is called")]
pub(super) fn at_end_of(day: &str, kpi: &Kpi, measured: Measured) -> Assessment {
    let calendar = calendar();
    let as_of = calendar.parse_as_of(day).unwrap();
    let period = calendar.period_at(&kpi.period, as_of);
    let mut assessment = assess(kpi, &calendar, &period, as_of, as_of, &measured);
    assessment.reason = reason(kpi, &assessment);
    assessment
}

pub(super) fn value(value: f64) -> Measured {
    Measured { value: Some(value), ..Measured::default() }
}

pub(super) fn from(baseline: f64, measured: Measured) -> Measured {
    Measured { baseline: Some(baseline), ..measured }
}

#[track_caller]
pub(super) fn close(actual: Option<f64>, expected: f64) {
    let actual = actual.expect("a number");
    let tolerance = if expected.abs() >= 1000.0 { 0.005 } else { 5e-7 };
    assert!((actual - expected).abs() <= tolerance, "{actual} is not {expected}");
}
