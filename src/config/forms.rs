//! The forms of values that only a configuration of KPIs has: kinds of KPIs, days and months, addresses.
//! Not here: forms that any YAML may use (`reader::forms`).

use chrono::Weekday;

use crate::calendar::{WeekPattern, YearName};
use crate::kpi::{Accumulation, Direction, Function, KpiKind};
use crate::reader::forms::{FromText, named};

named!(KpiKind: "leading" => KpiKind::Leading, "efficiency" => KpiKind::Efficiency,
    "lagging" => KpiKind::Lagging);
named!(Accumulation: "flow" => Accumulation::Flow, "level" => Accumulation::Level,
    "ratio" => Accumulation::Ratio);
named!(Direction: "increase" => Direction::Increase, "decrease" => Direction::Decrease,
    "maintain" => Direction::Maintain);
named!(Function: "marketing" => Function::Marketing, "sales" => Function::Sales,
    "product" => Function::Product, "customer_success" => Function::CustomerSuccess,
    "executive" => Function::Executive, "finance" => Function::Finance,
    "operations" => Function::Operations, "other" => Function::Other);
named!(YearName: "end" => YearName::End, "start" => YearName::Start);
named!(WeekPattern: "4-4-5" => WeekPattern::W445, "4-5-4" => WeekPattern::W454,
    "5-4-4" => WeekPattern::W544);
named!(tracing::Level: "trace" => Self::TRACE, "debug" => Self::DEBUG, "info" => Self::INFO,
    "warn" => Self::WARN, "error" => Self::ERROR);

/// A month by its English name, 1 to 12.
#[derive(Clone, Copy)]
pub(crate) struct Month(pub(crate) u32);

impl FromText for Weekday {
    const EXPECTED: &'static str = "a day of the week like monday or mon";
    fn from_text(text: &str) -> Option<Self> {
        Some(match text {
            "monday" | "mon" => Self::Mon,
            "tuesday" | "tue" => Self::Tue,
            "wednesday" | "wed" => Self::Wed,
            "thursday" | "thu" => Self::Thu,
            "friday" | "fri" => Self::Fri,
            "saturday" | "sat" => Self::Sat,
            "sunday" | "sun" => Self::Sun,
            _ => return None,
        })
    }
}

impl FromText for Month {
    const EXPECTED: &'static str = "the name of a month like january";
    fn from_text(text: &str) -> Option<Self> {
        const NAMES: [&str; 12] = [
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ];
        (1..).zip(NAMES).find(|(_, name)| *name == text).map(|(number, _)| Self(number))
    }
}
