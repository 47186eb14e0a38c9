//! What gives a KPI's numbers their meaning, and what they are measured against, each as a text and
//! its hash. Titles, owners and schedules are in neither: changing them changes no number.
//!
//! The texts must come out the same on every machine and in every build: files in the field hold
//! them. A change of their form would look like a change of every definition.

use std::collections::BTreeSet;

use chrono_tz::Tz;
use serde_json::{Map, Value, json};

use crate::calendar::{Calendar, PeriodKind, WindowSpec, YearEnd};
use crate::id::MetricId;
use crate::kpi::{Baseline, Definitions, Formula, Kpi, Milestones, Path, Target, Thresholds};
use crate::metric::Metric;

/// The definition of a KPI, as far as its numbers depend on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// What the values are: formula, metrics, window, unit, accumulation, period. Values of another
    /// meaning are another series.
    pub meaning: Statement,
    /// What they are measured against: target, baseline, path, thresholds, predictions.
    pub goal: Statement,
}

/// One half of a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// One line of JSON, for comparing by eye and by program.
    pub text: String,
    /// 32 hexadecimal digits that stand for the text.
    pub hash: String,
}

impl Definition {
    /// The definition of a KPI with what it draws on.
    pub fn of(kpi: &Kpi, definitions: &Definitions) -> Self {
        let metrics = |ids: BTreeSet<&MetricId>| -> Map<String, Value> {
            let known = ids.into_iter().filter_map(|id| definitions.metrics.get(id));
            let meaning = |metric: &Metric| {
                let mut json = metric_json(metric);
                if metric.missing_is_zero {
                    json["missing"] = json!("zero");
                }
                json
            };
            known.map(|metric| (metric.id.to_string(), meaning(metric))).collect()
        };
        let meaning = json!({
            "formula": formula_text(&kpi.formula),
            "accumulation": kpi.accumulation,
            "unit": kpi.unit,
            "period": period_json(&kpi.period, &definitions.calendar),
            "window": window_text(kpi.window),
            "metrics": metrics(kpi.formula.metrics()),
        });
        let goal = json!({
            "direction": kpi.direction,
            "baseline": baseline_json(&kpi.baseline),
            "target": target_json(&kpi.target),
            "path": path_json(&kpi.path),
            "metrics": metrics(kpi.whole_formulas().flat_map(Formula::metrics).collect()),
            "thresholds": thresholds_json(&kpi.thresholds),
            "predicts": kpi.predicts,
        });
        Self { meaning: Statement::new(&meaning), goal: Statement::new(&goal) }
    }

    /// The two halves of a definition as stores of version 2 and before held it: in one text. It did
    /// not tell thresholds and predictions. A text that cannot be read is all meaning.
    pub(super) fn from_one_text(text: &str) -> Self {
        Self::split(text).unwrap_or_else(|| Self {
            meaning: Statement { text: text.to_owned(), hash: hash(text) },
            goal: Statement::new(&json!({})),
        })
    }

    fn split(text: &str) -> Option<Self> {
        let whole: Map<String, Value> = serde_json::from_str(text).ok()?;
        let formula = |value: &Value| Formula::parse(value.as_str()?).ok();
        let of_value = formula(whole.get("formula")?)?;
        let of_goal = ["baseline", "target"];
        let of_goal = of_goal.iter().filter_map(|key| formula(whole.get(*key)?.get("formula")?));
        let of_goal: Vec<Formula> = of_goal.collect();
        let metrics = |ids: BTreeSet<&MetricId>| -> Value {
            let all = whole.get("metrics").and_then(Value::as_object);
            let metric = |id: &MetricId| Some((id.to_string(), all?.get(id.as_str())?.clone()));
            Value::Object(ids.into_iter().filter_map(metric).collect())
        };
        let part = |keys: &[&str], metrics: Value| {
            let known =
                keys.iter().filter_map(|key| Some(((*key).to_owned(), whole.get(*key)?.clone())));
            let mut part: Map<String, Value> = known.collect();
            part.insert("metrics".to_owned(), metrics);
            Statement::new(&Value::Object(part))
        };
        Some(Self {
            meaning: part(
                &["formula", "accumulation", "unit", "period", "window"],
                metrics(of_value.metrics()),
            ),
            goal: part(
                &["direction", "baseline", "target", "path"],
                metrics(of_goal.iter().flat_map(Formula::metrics).collect()),
            ),
        })
    }
}

impl Statement {
    fn new(json: &Value) -> Self {
        let text = json.to_string();
        Self { hash: hash(&text), text }
    }

    /// Whether an older text says the same, as far as it goes: what it does not mention may be
    /// anything.
    pub(super) fn agrees_with(&self, older: &str) -> bool {
        let new: Option<Map<String, Value>> = serde_json::from_str(&self.text).ok();
        let old: Option<Map<String, Value>> = serde_json::from_str(older).ok();
        new.zip(old)
            .is_some_and(|(new, old)| old.iter().all(|(key, value)| new.get(key) == Some(value)))
    }
}

/// What two statements of the same half say differently, key by key: `target: 0.16` and
/// `target: 0.18`. Of metrics only the names: their queries are long.
pub fn difference(before: &str, now: &str) -> (String, String) {
    let read = |text| serde_json::from_str::<Map<String, Value>>(text).unwrap_or_default();
    let (before, now) = (read(before), read(now));
    let differs = |key: &&String| before.get(*key) != now.get(*key);
    let mut keys: Vec<&String> = now.keys().filter(differs).collect();
    keys.extend(before.keys().filter(|key| !now.contains_key(*key)));
    let said = |of: &Map<String, Value>| {
        let said = keys.iter().map(|key| match of.get(*key) {
            None | Some(Value::Null) => format!("{key}: none"),
            Some(Value::Object(metrics)) if *key == "metrics" => {
                let names: Vec<&str> = metrics.keys().map(String::as_str).collect();
                format!("metrics: {}", names.join(", "))
            }
            Some(Value::String(word)) => format!("{key}: {word}"),
            Some(value) => format!("{key}: {value}"),
        });
        said.collect::<Vec<_>>().join("; ")
    };
    (said(&before), said(&now))
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
        Path::Seasonal(except) if except.is_empty() => json!("seasonal"),
        Path::Seasonal(except) => json!({ "seasonal": { "except": except } }),
        Path::Milestones(Milestones { dated, yearly }) => {
            let dated = dated.iter().map(|(day, value)| (day.to_string(), json!(value)));
            let yearly = yearly.iter();
            let yearly = yearly.map(|((m, d), value)| (format!("{m:02}-{d:02}"), json!(value)));
            json!({ "milestones": Value::Object(dated.chain(yearly).collect()) })
        }
        Path::Formula(formula) => json!({ "formula": formula_text(formula) }),
    }
}

fn thresholds_json(thresholds: &Thresholds) -> Value {
    let Thresholds { at_risk, off_track, too_early, confirm, confirm_for } = thresholds;
    json!({
        "at_risk": at_risk,
        "off_track": off_track,
        "too_early": too_early,
        "confirm": confirm,
        "confirm_for": confirm_for.as_secs(),
    })
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
