//! One template, as it is used. Not here: how it is written (`read`).

use std::time::Duration;

use crate::kpi::{Accumulation, Direction, Formula, Function, KpiKind, Range};

/// A KPI that is known in the field.
#[derive(Debug)]
pub struct Template {
    /// What configurations name it by.
    pub id: String,
    /// For people.
    pub title: String,
    /// Other names that people know it by.
    pub also: Vec<String>,
    /// What is counted, with unit and population.
    pub description: String,
    /// Predicts or reports.
    pub kind: KpiKind,
    /// Business function.
    pub function: Function,
    /// Over the inputs.
    pub formula: Formula,
    /// What the formula is over, in order.
    pub inputs: Vec<Input>,
    /// A unit, `money`, or the word after the number.
    pub unit: String,
    /// Which way is better.
    pub direction: Direction,
    /// How it adds up over time.
    pub accumulation: Accumulation,
    /// A period that belongs to it, as written.
    pub period: Option<String>,
    /// A trailing window, as written.
    pub window: Option<String>,
    /// A path other than the usual one, as written.
    pub path: Option<String>,
    /// What the value can be.
    pub range: Range,
    /// Templates that it moves before.
    pub leads: Vec<Partner>,
    /// Templates that move before it.
    pub follows: Vec<Partner>,
    /// What goes wrong with it.
    pub traps: Vec<String>,
    /// What teams do about it.
    pub levers: Vec<String>,
    /// A usual baseline and target, as written.
    pub baseline: String,
    /// See `baseline`.
    pub target: String,
    /// Numbers to check it with.
    pub example: Example,
    /// Where the definition comes from.
    pub definition: String,
    /// The kind of source that its queries are for: `sql` or `prometheus`.
    pub source: String,
    /// Queries that give the inputs, by the name of the metric.
    pub metrics: Vec<(String, String)>,
}

/// Something that a formula is over.
#[derive(Debug)]
pub struct Input {
    /// As in the formula.
    pub name: String,
    /// What it is.
    pub meaning: String,
    /// As `unit` of a template.
    pub unit: String,
    /// What it is where nobody binds it.
    pub default: Option<String>,
}

/// Another template, and how long lies between them.
#[derive(Debug)]
pub struct Partner {
    /// Its id.
    pub id: String,
    /// As written.
    pub text: String,
    /// Usual lead time.
    pub time: Duration,
}

/// A worked example.
#[derive(Debug)]
pub struct Example {
    /// Inputs.
    pub given: Vec<(String, f64)>,
    /// What the formula makes of them.
    pub value: f64,
}

impl Template {
    /// Id, title and other names, for a search.
    pub(super) fn name_text(&self) -> String {
        format!("{} {} {}", self.id, self.title, self.also.join(" ")).to_lowercase()
    }

    /// All that a search may find.
    pub(super) fn all_text(&self) -> String {
        let inputs: Vec<&str> = self.inputs.iter().map(|i| i.meaning.as_str()).collect();
        let text = [
            self.name_text(),
            self.description.clone(),
            self.function.to_string().replace('_', " "),
            self.kind.to_string(),
            self.unit.clone(),
            self.definition.clone(),
            self.source.clone(),
            self.traps.join(" "),
            self.levers.join(" "),
            inputs.join(" "),
        ];
        text.join(" ").to_lowercase()
    }

    /// Its queries by the names that metrics have in a configuration: of its own, so that blocks of
    /// several templates go together.
    pub fn named_metrics(&self) -> impl Iterator<Item = (String, &str)> {
        self.metrics.iter().map(|(name, query)| (self.metric_name(name), query.as_str()))
    }

    /// The name that a metric of it has in a configuration.
    pub fn metric_name(&self, name: &str) -> String {
        if self.id == name { name.to_owned() } else { format!("{}_{name}", self.id) }
    }

    /// The metric, and maybe column, that gives an input in the queries of the template.
    pub fn bind_of(&self, input: &str) -> Option<String> {
        if self.metrics.iter().any(|(name, _)| name == input) && self.source == "prometheus" {
            return Some(self.metric_name(input));
        }
        let gives = |query: &str| {
            let words: Vec<&str> =
                query.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).collect();
            let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
            words.windows(2).any(|pair| pair[0] == "AS" && pair[1] == input)
        };
        let (metric, _) = self.metrics.iter().find(|(_, query)| gives(query))?;
        Some(format!("{}.{input}", self.metric_name(metric)))
    }
}
