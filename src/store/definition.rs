//! What gives a KPI's numbers their meaning, as a text and its hash. Titles, owners, thresholds and
//! schedules are not in it: changing them changes no number.
//!
//! The text must come out the same on every machine and in every build: files in the field hold it.
//! A change of its form would look like a change of every definition.

use chrono_tz::Tz;
use serde_json::{Value, json};

use crate::calendar::{Calendar, PeriodKind, WindowSpec, YearEnd};
use crate::kpi::{Baseline, Definitions, Formula, Kpi, Path, Target};
use crate::metric::Metric;

/// The definition of a KPI, as far as its numbers depend on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// One line of JSON, for comparing by eye and by program.
    pub text: String,
    /// 32 hexadecimal digits that stand for the text.
    pub hash: String,
}

impl Definition {
    /// The definition of a KPI: formula, target, baseline and what they draw on.
    pub fn of(kpi: &Kpi, definitions: &Definitions) -> Self {
        let mut metrics = serde_json::Map::new();
        for id in kpi.metrics() {
            if let Some(metric) = definitions.metrics.get(id) {
                metrics.insert(id.to_string(), metric_json(metric));
            }
        }
        let json = json!({
            "formula": formula_text(&kpi.formula),
            "accumulation": kpi.accumulation,
            "unit": kpi.unit,
            "direction": kpi.direction,
            "period": period_json(&kpi.period, &definitions.calendar),
            "window": window_text(kpi.window),
            "baseline": baseline_json(&kpi.baseline),
            "target": target_json(&kpi.target),
            "path": path_json(&kpi.path),
            "metrics": metrics,
        });
        let text = json.to_string();
        Self { hash: hash(&text), text }
    }
}

/// Stands for what a metric measures: numbers stored under another fingerprint are those of another
/// question. `timezone` is that of the calendar, in which days begin and end.
pub fn metric_fingerprint(metric: &Metric, timezone: Tz) -> String {
    let mut json = metric_json(metric);
    json["columns"] = json!(metric.columns);
    json["bare"] = json!(metric.bare);
    // Rows of other columns are other rows, though the whole is the same.
    if !metric.members.is_empty() {
        json["members"] = json!(metric.members);
    }
    json["timezone"] = json!(timezone.name());
    hash(&json.to_string())
}

fn metric_json(metric: &Metric) -> Value {
    let (kind, query) = metric.query.definition();
    let labels: Vec<_> = metric.labels.iter().filter(|l| !metric.members.contains(l)).collect();
    let mut json = json!({ "source": metric.source, kind: query, "labels": labels });
    if let Some(total) = &metric.total {
        json["total"] = metric_json(total);
    }
    json
}

/// Without spaces: they mean nothing in a formula.
fn formula_text(formula: &Formula) -> String {
    formula.to_string().split_whitespace().collect()
}

/// The kind of period and what decides where it begins. Business days and holidays are left out: a
/// calendar gets next year's holidays every year.
fn period_json(kind: &PeriodKind, calendar: &Calendar) -> Value {
    let mut json = json!({ "kind": kind.to_string(), "timezone": calendar.timezone.name() });
    if let Some(retail) = calendar.retail.filter(|_| !matches!(kind, PeriodKind::Dates { .. })) {
        json["weeks"] = json!(retail.weeks.as_str());
        json["year_end"] = json!(match retail.year_end {
            YearEnd::Last => "last",
            YearEnd::Nearest => "nearest",
        });
        json["year_ends_on"] = json!(retail.ends_on.to_string());
        json["year_end_month"] = json!(retail.month);
    }
    match kind {
        PeriodKind::Week => json["week_start"] = json!(calendar.week_start.to_string()),
        _ if calendar.retail.is_some() => {}
        PeriodKind::Quarter | PeriodKind::Half | PeriodKind::Year => {
            json["fiscal_year_start"] = json!(calendar.fiscal_year_start);
        }
        PeriodKind::Month | PeriodKind::Dates { .. } => {}
    }
    json
}

fn window_text(window: WindowSpec) -> String {
    match window {
        WindowSpec::PeriodToDate => "period".to_owned(),
        WindowSpec::TrailingDays(days) => format!("{days}d"),
        WindowSpec::TrailingSeconds(seconds) => format!("{seconds}s"),
    }
}

fn baseline_json(baseline: &Baseline) -> Value {
    match baseline {
        Baseline::None => Value::Null,
        Baseline::Fixed(value) => json!(value),
        Baseline::PreviousPeriod => json!("previous_period"),
        Baseline::SamePeriodLastYear => json!("same_period_last_year"),
        Baseline::Formula(formula) => json!({ "formula": formula_text(formula) }),
    }
}

fn target_json(target: &Target) -> Value {
    match target {
        Target::Absolute(value) => json!(value),
        Target::Relative(growth) => json!({ "relative": growth }),
        Target::Delta(change) => json!({ "delta": change }),
        Target::Min(limit) => json!({ "min": limit }),
        Target::Max(limit) => json!({ "max": limit }),
        Target::Range { min, max } => json!({ "min": min, "max": max }),
        Target::Formula(formula) => json!({ "formula": formula_text(formula) }),
    }
}

fn path_json(path: &Path) -> Value {
    match path {
        // The default of a trailing window was the straight line once, and is no other goal now.
        Path::Linear | Path::Trailing => json!("linear"),
        Path::BusinessDays => json!("business_days"),
        Path::Flat => json!("flat"),
        Path::Seasonal => json!("seasonal"),
        Path::Milestones(days) => {
            let days = days.iter().map(|(day, value)| (day.to_string(), json!(value)));
            json!({ "milestones": Value::Object(days.collect()) })
        }
    }
}

/// 128-bit FNV-1a: <http://www.isthe.com/chongo/tech/comp/fnv/>. Tells texts apart; nobody gains
/// anything by forging one.
fn hash(text: &str) -> String {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let hash =
        text.bytes().fold(OFFSET, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME));
    format!("{hash:032x}")
}
