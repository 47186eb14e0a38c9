//! The configuration as written: one structure per kind of entry, every key optional. What is
//! mandatory, and whether values make sense together, is `validate`'s.

mod digest;

use std::time::Duration;

use chrono::{Datelike, NaiveDate, Weekday};
use serde::Deserialize;

use crate::calendar::{WeekPattern, YearName};
use crate::config::forms::Month;
use crate::config::settings::{Filled, LogFormat, WebAddress};
use crate::kpi::{Accumulation, Direction, Function, KpiKind};
use crate::listen::ListenAddress;
use crate::reader::forms::{Alternative, Choice, FromText, Mixed, Pairs, Parsed, Quantity, Size};
use crate::reader::json::Json;
use crate::reader::spanned::{Spanned, Text};

pub(crate) use digest::{ChannelRaw, DigestRaw, EmailRaw};

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ServerRaw {
    pub(crate) listen: Option<Parsed<ListenAddress>>,
    pub(crate) external_url: Option<Parsed<WebAddress>>,
    pub(crate) web_config_file: Option<Text>,
    pub(crate) healthy_without_login: Option<bool>,
    pub(crate) accept_notes: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LogRaw {
    pub(crate) level: Option<Choice<tracing::Level>>,
    pub(crate) format: Option<Choice<LogFormat>>,
}

/// What can get too large. The first two also for a single metric.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the keys as they are written")]
pub(crate) struct LimitsRaw {
    pub(crate) max_label_sets: Option<Spanned<u32>>,
    pub(crate) max_metric_bytes: Option<Spanned<Parsed<Size>>>,
    pub(crate) max_config_size: Option<Spanned<Parsed<Size>>>,
    pub(crate) max_formula_terms: Option<Spanned<u32>>,
    pub(crate) max_jsonpath_depth: Option<Spanned<u32>>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct StoreRaw {
    pub(crate) path: Option<Text>,
    pub(crate) keep_daily: Option<Parsed<Duration>>,
    pub(crate) keep_raw: Option<Parsed<Duration>>,
    pub(crate) backfill: Option<Parsed<Filled>>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct CalendarRaw {
    pub(crate) timezone: Option<Text>,
    pub(crate) fiscal_year_start: Option<Spanned<Parsed<Month>>>,
    pub(crate) fiscal_year_name: Option<Choice<YearName>>,
    pub(crate) weeks: Option<Spanned<Choice<WeekPattern>>>,
    pub(crate) year_ends: Option<Spanned<YearEndsRaw>>,
    pub(crate) week_start: Option<Parsed<Weekday>>,
    pub(crate) business_days: Option<Spanned<Vec<Parsed<Weekday>>>>,
    pub(crate) holidays: Option<Vec<Parsed<NaiveDate>>>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct YearEndsRaw {
    pub(crate) weekday: Option<Parsed<Weekday>>,
    pub(crate) nearest: Option<Parsed<Month>>,
    pub(crate) last: Option<Parsed<Month>>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DefaultsRaw {
    pub(crate) schedule: Option<Text>,
    pub(crate) period: Option<Spanned<Mixed<DatesRaw>>>,
    pub(crate) max_age: Option<Parsed<Duration>>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ObjectiveRaw {
    pub(crate) title: Option<String>,
    pub(crate) owner: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct KpiRaw {
    pub(crate) template: Option<Text>,
    pub(crate) inputs: Option<Spanned<Pairs<String, String>>>,
    pub(crate) title: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) kind: Option<Choice<KpiKind>>,
    pub(crate) function: Option<Choice<Function>>,
    pub(crate) objective: Option<Text>,
    pub(crate) team: Option<String>,
    pub(crate) owner: Option<String>,
    pub(crate) levers: Option<Vec<String>>,
    pub(crate) formula: Option<Text>,
    pub(crate) accumulation: Option<Choice<Accumulation>>,
    pub(crate) unit: Option<Text>,
    pub(crate) direction: Option<Spanned<Choice<Direction>>>,
    pub(crate) period: Option<Spanned<Mixed<DatesRaw>>>,
    pub(crate) window: Option<Text>,
    pub(crate) baseline: Option<Spanned<Mixed<FormulaRaw>>>,
    pub(crate) target: Option<Spanned<Mixed<TargetRaw>>>,
    pub(crate) path: Option<Spanned<Mixed<PathRaw>>>,
    pub(crate) predicts: Option<Vec<Text>>,
    pub(crate) lead_time: Option<Parsed<Duration>>,
    pub(crate) max_age: Option<Parsed<Duration>>,
    pub(crate) status: Option<Spanned<StatusRaw>>,
    pub(crate) allow: Option<Vec<Text>>,
    pub(crate) labels: Option<Spanned<Vec<String>>>,
    pub(crate) breakdown: Option<Vec<Text>>,
    pub(crate) weight: Option<Spanned<f64>>,
    pub(crate) range: Option<Spanned<RangeRaw>>,
}

/// A test of a user's own.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TestRaw {
    pub(crate) as_of: Option<Text>,
    pub(crate) given: Option<Spanned<Pairs<String, Json>>>,
    pub(crate) expect: Option<Spanned<Pairs<String, ExpectRaw>>>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ExpectRaw {
    pub(crate) labels: Option<Pairs<String, String>>,
    pub(crate) value: Option<Spanned<Quantity>>,
    pub(crate) status: Option<Text>,
    pub(crate) reason: Option<Text>,
}

/// What a value can be.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RangeRaw {
    pub(crate) min: Option<Spanned<Quantity>>,
    pub(crate) max: Option<Spanned<Quantity>>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct StatusRaw {
    pub(crate) on_track: Option<Spanned<Quantity>>,
    pub(crate) at_risk: Option<Spanned<Quantity>>,
    pub(crate) off_track: Option<Spanned<Quantity>>,
    pub(crate) too_early: Option<Spanned<Quantity>>,
    pub(crate) confirm: Option<Spanned<u32>>,
    pub(crate) confirm_for: Option<Parsed<Duration>>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DatesRaw {
    pub(crate) start: Option<Parsed<NaiveDate>>,
    pub(crate) end: Option<Parsed<NaiveDate>>,
}

impl Alternative for DatesRaw {
    const EXPECTED: &'static str =
        "week, month, quarter, half, year or { start: 2026-04-01, end: 2026-06-30 }";
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct FormulaRaw {
    pub(crate) formula: Option<Text>,
}

impl Alternative for FormulaRaw {
    const EXPECTED: &'static str = "a number, a percentage, previous_period, \
        same_period_last_year or { formula: plan.last_year }";
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TargetRaw {
    pub(crate) min: Option<Spanned<Quantity>>,
    pub(crate) max: Option<Spanned<Quantity>>,
    pub(crate) formula: Option<Text>,
}

impl Alternative for TargetRaw {
    const EXPECTED: &'static str = "a number, 16%, +10%, +1.4pt, { min: 1 }, { max: 2 }, \
        { min: 1, max: 2 } or { formula: plan.revenue }";
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PathRaw {
    pub(crate) milestones: Option<Spanned<Pairs<Parsed<MilestoneDay>, Quantity>>>,
    pub(crate) seasonal: Option<SeasonalRaw>,
    pub(crate) formula: Option<Text>,
}

impl Alternative for PathRaw {
    const EXPECTED: &'static str = "linear, business_days, flat, seasonal, { seasonal: { except: \
        [2020] } }, { milestones: { 2026-05-01: 20 } } or { formula: plan }";
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SeasonalRaw {
    pub(crate) except: Vec<Quantity>,
}

/// A day, or one of every year.
#[derive(Clone, Copy)]
pub(crate) enum MilestoneDay {
    Dated(NaiveDate),
    Yearly(u32, u32),
}

impl FromText for MilestoneDay {
    const EXPECTED: &'static str = "a date like 2026-05-31, or 05-31 for that of every year";
    fn from_text(text: &str) -> Option<Self> {
        if text.len() == 5 {
            // Of a leap year, so that 29 February is a day.
            let day = NaiveDate::from_text(&format!("2024-{text}"))?;
            return Some(Self::Yearly(day.month(), day.day()));
        }
        NaiveDate::from_text(text).map(Self::Dated)
    }
}

impl std::fmt::Display for MilestoneDay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Dated(day) => day.fmt(f),
            Self::Yearly(month, day) => write!(f, "{month:02}-{day:02}"),
        }
    }
}
