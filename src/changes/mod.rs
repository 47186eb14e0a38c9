//! What a change of configuration means: definitions changed, goals moved, KPIs added and removed, lint
//! that appears or goes. The harmful first. Pure: two configurations in, findings out.
//!
//! Not here: where the configurations come from, and printing (`cli`).

mod around;
mod goals;

use std::collections::BTreeMap;

use crate::config::Config;
use crate::kpi::{Kpi, Unit};
use crate::lint::{Lint, Past, Severity, lint};
use crate::store::{Definition, difference};

/// How much a change matters to who reviews it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Verdicts turn over, or a trend ends without a word.
    Harmful,
    /// Somebody has to agree.
    Notable,
    /// For completeness.
    Harmless,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// How much it matters.
    pub weight: Weight,
    /// `kpis.revenue`, `metrics.orders`, `sources.shop`.
    pub subject: String,
    /// What changed, in words: `target 250000 → 200000: easier by 20 %`.
    pub what: String,
    /// What that means.
    pub means: String,
}

/// What becomes of a trend.
const BROKEN: &str =
    "another meaning: the trend is broken from the day this is deployed, alerts start anew";

/// Everything that changed, the harmful first.
pub fn changes(old: &Config, new: &Config) -> Vec<Change> {
    let mut all = Vec::new();
    let before: BTreeMap<&str, &Kpi> =
        old.definitions.kpis.iter().map(|k| (k.id.as_str(), &**k)).collect();
    let after: BTreeMap<&str, &Kpi> =
        new.definitions.kpis.iter().map(|k| (k.id.as_str(), &**k)).collect();
    for (id, kpi) in &before {
        match after.get(id) {
            None => removed(&mut all, kpi, new),
            Some(now) => one(&mut all, (old, kpi), (new, now)),
        }
    }
    for (id, kpi) in after.iter().filter(|(id, _)| !before.contains_key(*id)) {
        all.push(change(
            Weight::Notable,
            id,
            format!("new KPI, target {}", goals::target(kpi)),
            &format!(
                "its history starts now, or with a back-fill; the alerts {} hold for it",
                around::alerts_of(kpi.kind)
            ),
        ));
    }
    calendar(&mut all, old, new);
    around::compare(&mut all, old, new);
    lints(&mut all, old, new);
    all.sort_by(|a, b| (a.weight, &a.subject).cmp(&(b.weight, &b.subject)));
    all
}

fn change(weight: Weight, id: &str, what: String, means: &str) -> Change {
    Change { weight, subject: format!("kpis.{id}"), what, means: means.to_owned() }
}

fn removed(all: &mut Vec<Change>, kpi: &Kpi, new: &Config) {
    let same = new
        .definitions
        .kpis
        .iter()
        .find(|other| other.formula == kpi.formula && other.unit == kpi.unit);
    let means = match same {
        Some(other) => {
            format!("`{}` has the same formula: renamed, its history does not go with it", other.id)
        }
        None => format!("its series end, the alerts {} fall silent", around::alerts_of(kpi.kind)),
    };
    all.push(Change {
        weight: Weight::Harmful,
        subject: format!("kpis.{}", kpi.id),
        what: "removed".to_owned(),
        means,
    });
}

/// A KPI that is in both.
fn one(all: &mut Vec<Change>, (old, before): (&Config, &Kpi), (new, now): (&Config, &Kpi)) {
    let id = now.id.as_str();
    let many = all.len();
    let mut say = |weight, what: String, means: &str| {
        all.push(change(weight, id, what, means));
    };
    if before.formula != now.formula {
        say(Weight::Harmful, format!("formula {} → {}", before.formula, now.formula), BROKEN);
    }
    if before.unit != now.unit {
        let money = matches!((&before.unit, &now.unit), (Unit::Currency(_), Unit::Currency(_)));
        let means = if money {
            "another currency under the same numbers: earlier values are in the old one"
        } else {
            BROKEN
        };
        say(Weight::Harmful, format!("unit {} → {}", before.unit, now.unit), means);
    }
    if before.direction != now.direction {
        let (a, b) = (goals::direction(before), goals::direction(now));
        say(
            Weight::Harmful,
            format!("direction {a} → {b}"),
            "good becomes bad: every verdict turns over",
        );
    }
    if before.accumulation != now.accumulation {
        let word = |kpi: &Kpi| format!("{:?}", kpi.accumulation).to_lowercase();
        say(Weight::Harmful, format!("accumulation {} → {}", word(before), word(now)), BROKEN);
    }
    if before.window != now.window {
        say(
            Weight::Harmful,
            format!("window {} → {}", goals::window(before), goals::window(now)),
            BROKEN,
        );
    }
    if before.period != now.period {
        say(
            Weight::Harmful,
            format!("period {:?} → {:?}", before.period, now.period).to_lowercase(),
            BROKEN,
        );
    }
    for (weight, what, means) in goals::compare(before, now) {
        say(weight, what, &means);
    }
    metrics(all, old, (new, now));
    let meaning = |config: &Config, kpi: &Kpi| Definition::of(kpi, &config.definitions).meaning;
    if all.len() == many && meaning(old, before) != meaning(new, now) {
        let (x, y) = difference(&meaning(old, before).text, &meaning(new, now).text);
        all.push(change(Weight::Harmful, id, format!("meaning {x} → {y}"), BROKEN));
    }
    people(all, before, now);
}

fn calendar(all: &mut Vec<Change>, old: &Config, new: &Config) {
    let (a, b) = (&old.definitions.calendar, &new.definitions.calendar);
    let mut say = |what: String| {
        let means =
            "days and periods begin elsewhere: every KPI is measured over other spans".to_owned();
        all.push(Change { weight: Weight::Harmful, subject: "calendar".to_owned(), what, means });
    };
    if a.timezone != b.timezone {
        say(format!("timezone {} → {}", a.timezone, b.timezone));
    }
    if a.fiscal_year_start != b.fiscal_year_start {
        say(format!("fiscal_year_start: month {} → {}", a.fiscal_year_start, b.fiscal_year_start));
    }
    if a.retail != b.retail {
        say("retail weeks".to_owned());
    }
    if a.week_start != b.week_start {
        say(format!("week_start {} → {}", a.week_start, b.week_start));
    }
}

fn lints(all: &mut Vec<Change>, old: &Config, new: &Config) {
    let (before, after) = (lint(old, &Past::default()), lint(new, &Past::default()));
    let same = |a: &Lint, b: &Lint| a.rule.code == b.rule.code && a.subject == b.subject;
    for one in after.iter().filter(|one| !before.iter().any(|old| same(old, one))) {
        let weight =
            if one.severity == Severity::Warning { Weight::Notable } else { Weight::Harmless };
        let what = format!("new {} {}: {}", one.rule.code, one.rule.name, one.message);
        all.push(Change {
            weight,
            subject: one.subject.clone(),
            what,
            means: one.rule.why.to_owned(),
        });
    }
    for one in before.iter().filter(|one| !after.iter().any(|new| same(new, one))) {
        let what = format!("{} {} is gone", one.rule.code, one.rule.name);
        all.push(Change {
            weight: Weight::Harmless,
            subject: one.subject.clone(),
            what,
            means: String::new(),
        });
    }
}

/// Two texts without what they begin and end with in common, cut to be read.
fn differing(a: &str, b: &str) -> (String, String) {
    let (a, b): (Vec<&str>, Vec<&str>) =
        (a.split_whitespace().collect(), b.split_whitespace().collect());
    let start = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let rest = a.len().min(b.len()) - start;
    let end = a.iter().rev().zip(b.iter().rev()).take(rest).take_while(|(x, y)| x == y).count();
    let part = |words: &[&str]| {
        crate::shown::cut(&words[start..words.len() - end].join(" "), 80).into_owned()
    };
    (format!("`{}`", part(&a)), format!("`{}`", part(&b)))
}

/// What the metrics behind a KPI ask.
fn metrics(all: &mut Vec<Change>, old: &Config, (new, now): (&Config, &Kpi)) {
    let id = now.id.as_str();
    let mut say = |weight, what: String, means: &str| all.push(change(weight, id, what, means));
    for metric in now.formula.metrics() {
        let (Some(a), Some(b)) =
            (old.definitions.metrics.get(metric), new.definitions.metrics.get(metric))
        else {
            continue;
        };
        if a.source != b.source {
            say(
                Weight::Harmful,
                format!("metric `{metric}`: source {} → {}", a.source, b.source),
                "the same question to another source: values may jump",
            );
        }
        if a.query.definition() != b.query.definition() {
            let text = |query: (&str, serde_json::Value)| {
                query.1.as_str().map_or_else(|| query.1.to_string(), str::to_owned)
            };
            let (x, y) = differing(&text(a.query.definition()), &text(b.query.definition()));
            let what = if a.query.is_secret() || b.query.is_secret() {
                format!("metric `{metric}`: another query")
            } else {
                format!("metric `{metric}`: query {x} → {y}")
            };
            say(Weight::Harmful, what, BROKEN);
        }
        if a.labels != b.labels {
            say(
                Weight::Harmful,
                format!(
                    "metric `{metric}`: labels [{}] → [{}]",
                    a.labels.join(", "),
                    b.labels.join(", ")
                ),
                "other series: dashboards and silences by label lose theirs",
            );
        }
        if a.missing_is_zero != b.missing_is_zero {
            say(
                Weight::Harmful,
                format!(
                    "metric `{metric}`: a missing row is {} now",
                    if b.missing_is_zero { "0" } else { "no data" }
                ),
                BROKEN,
            );
        }
    }
}

/// Where it is shown and who hears of it.
fn people(all: &mut Vec<Change>, before: &Kpi, now: &Kpi) {
    let id = now.id.as_str();
    let mut say = |weight, what: String, means: &str| all.push(change(weight, id, what, means));
    if let Some((weight, what, means)) = around::kind(before, now) {
        say(weight, what, &means);
    }
    if before.breakdown != now.breakdown {
        let what =
            format!("breakdown [{}] → [{}]", before.breakdown.join(", "), now.breakdown.join(", "));
        say(Weight::Notable, what, "series and panels by member come and go");
    }
    for (what, a, b) in [
        ("owner", before.owner.clone().unwrap_or_default(), now.owner.clone().unwrap_or_default()),
        ("team", before.team.clone().unwrap_or_default(), now.team.clone().unwrap_or_default()),
        (
            "objective",
            before.objective.clone().unwrap_or_default(),
            now.objective.clone().unwrap_or_default(),
        ),
        ("weight", before.weight.to_string(), now.weight.to_string()),
    ] {
        if a != b {
            let or = |text: String| if text.is_empty() { "none".to_owned() } else { text };
            say(
                Weight::Notable,
                format!("{what} {} → {}", or(a), or(b)),
                "where it is shown and who hears of it",
            );
        }
    }
    if before.description != now.description || before.title != now.title {
        say(Weight::Harmless, "title or description".to_owned(), "words only");
    }
}
