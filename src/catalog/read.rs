//! From the embedded files to templates. A template with a mistake is left out; tests see to it that
//! none is.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::template::{Example, Input, Partner, Template};
use crate::calendar::parse_duration;
use crate::kpi::{Accumulation, Direction, Formula, Function, KpiKind, Range};
use crate::reader::de::Reader;
use crate::reader::diagnostic::Problems;
use crate::reader::files::Files;
use crate::reader::forms::{Choice, Pairs};
use crate::reader::node::Node;
use crate::reader::yaml;

/// The files, in the order in which they are listed.
const FILES: [(&str, &str); 7] = [
    ("marketing.yaml", include_str!("templates/marketing.yaml")),
    ("sales.yaml", include_str!("templates/sales.yaml")),
    ("product.yaml", include_str!("templates/product.yaml")),
    ("customer_success.yaml", include_str!("templates/customer_success.yaml")),
    ("executive.yaml", include_str!("templates/executive.yaml")),
    ("finance.yaml", include_str!("templates/finance.yaml")),
    ("platform.yaml", include_str!("templates/platform.yaml")),
];

/// Traps by code.
const TRAPS: &str = include_str!("templates/traps.yaml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRaw {
    function: Choice<Function>,
    templates: Pairs<String, TemplateRaw>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TemplateRaw {
    title: String,
    #[serde(default)]
    also: Vec<String>,
    description: String,
    kind: Choice<KpiKind>,
    formula: String,
    inputs: Pairs<String, InputRaw>,
    unit: String,
    direction: Choice<Direction>,
    accumulation: Choice<Accumulation>,
    period: Option<String>,
    window: Option<String>,
    path: Option<String>,
    #[serde(default)]
    range: RangeRaw,
    leads: Option<Pairs<String, String>>,
    follows: Option<Pairs<String, String>>,
    traps: Option<Vec<String>>,
    levers: Vec<String>,
    baseline: Option<String>,
    target: Option<String>,
    example: ExampleRaw,
    definition: String,
    source: Option<String>,
    metrics: Pairs<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InputRaw {
    unit: String,
    meaning: String,
    default: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RangeRaw {
    min: Option<f64>,
    max: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExampleRaw {
    given: Pairs<String, f64>,
    value: f64,
}

/// All templates of all files.
pub(super) fn templates() -> Vec<Template> {
    let traps: Pairs<String, String> = tree("traps.yaml", TRAPS)
        .and_then(|node| Pairs::deserialize(Reader(&node)).ok())
        .unwrap_or(Pairs(Vec::new()));
    let traps = plain(traps);
    let mut all = Vec::new();
    for (name, text) in FILES {
        let Some(node) = tree(name, text) else { continue };
        let Ok(file) = FileRaw::deserialize(Reader(&node)) else { continue };
        for (id, raw) in plain(file.templates) {
            all.extend(template(id, raw, file.function.0, &traps));
        }
    }
    all
}

fn tree(name: &str, text: &str) -> Option<Node> {
    let (mut files, mut problems) = (Files::default(), Problems::default());
    let file = files.add(name, text, Path::new(""));
    yaml::parse(&mut files, file, &mut problems).filter(|_| problems.is_empty())
}

fn template(
    id: String,
    raw: TemplateRaw,
    function: Function,
    traps: &[(String, String)],
) -> Option<Template> {
    let named = |trap: &String| traps.iter().find(|(code, _)| code == trap);
    let inputs = plain(raw.inputs).into_iter().map(|(name, input)| Input {
        name,
        meaning: input.meaning,
        unit: input.unit,
        default: input.default,
    });
    let target = match raw.direction.0 {
        Direction::Decrease => "-10%",
        Direction::Increase | Direction::Maintain => "+10%",
    };
    Some(Template {
        id,
        title: raw.title,
        also: raw.also,
        description: raw.description,
        kind: raw.kind.0,
        function,
        formula: Formula::parse(&raw.formula).ok()?,
        inputs: inputs.collect(),
        unit: raw.unit,
        direction: raw.direction.0,
        accumulation: raw.accumulation.0,
        period: raw.period,
        window: raw.window,
        path: raw.path,
        range: Range { min: raw.range.min, max: raw.range.max },
        leads: partners(raw.leads)?,
        follows: partners(raw.follows)?,
        traps: raw
            .traps
            .unwrap_or_default()
            .into_iter()
            .map(|trap| named(&trap).map_or(trap, |(_, text)| text.clone()))
            .collect(),
        levers: raw.levers,
        baseline: raw.baseline.unwrap_or_else(|| "previous_period".to_owned()),
        target: raw.target.unwrap_or_else(|| target.to_owned()),
        example: Example { given: plain(raw.example.given), value: raw.example.value },
        definition: raw.definition,
        source: raw.source.unwrap_or_else(|| "sql".to_owned()),
        metrics: plain(raw.metrics),
    })
}

fn partners(raw: Option<Pairs<String, String>>) -> Option<Vec<Partner>> {
    let raw = raw.map(plain).unwrap_or_default();
    raw.into_iter()
        .map(|(id, text)| {
            let time: Duration = parse_duration(&text).ok()?;
            Some(Partner { id, text, time })
        })
        .collect()
}

/// Without places.
fn plain<V>(pairs: Pairs<String, V>) -> Vec<(String, V)> {
    pairs.0.into_iter().map(|(key, value)| (key.value, value.value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_of_every_file_is_read() {
        for (name, text) in FILES {
            let (mut files, mut problems) = (Files::default(), Problems::default());
            let file = files.add(name, text, Path::new(""));
            let node = yaml::parse(&mut files, file, &mut problems);
            assert!(problems.is_empty(), "{}", problems.into_diagnostics(&files));
            let node = node.unwrap();
            if let Err(error) = FileRaw::deserialize(Reader(&node)) {
                panic!("{name}: {}", error.mismatch().found);
            }
        }
        let titles = FILES.iter().flat_map(|(_, text)| text.matches("\n    title: ")).count();
        assert_eq!(templates().len(), titles);
    }
}
