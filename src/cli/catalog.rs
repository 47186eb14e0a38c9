//! `catalog`: the built-in templates of KPIs: a list, a search, or one explained with a block to paste.

use std::io::Write;
use std::process::ExitCode;

use clap::ValueEnum;
use serde_json::{Value, json};

use super::{FAILED, Unusable};
use crate::catalog::{self, Template};
use crate::kpi::{Function, Range};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The template to explain; without it all are listed.
    id: Option<String>,
    /// List only the templates that hold all of these words.
    #[arg(long, value_name = "WORDS", conflicts_with = "id")]
    search: Option<String>,
    /// How to write it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut out = anstream::stdout();
    if let Some(id) = &arguments.id {
        let Some(template) = catalog::find(id) else {
            let hint = match catalog::meant(id) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "`catalog` lists them, `catalog --search WORD` finds one".to_owned(),
            };
            return Err(Unusable(format!("there is no template `{id}` (hint: {hint})")).into());
        };
        match arguments.format {
            Format::Text => explain(&mut out, template)?,
            Format::Json => writeln!(out, "{:#}", as_json(template))?,
        }
        return Ok(ExitCode::SUCCESS);
    }
    let found = match &arguments.search {
        Some(words) => catalog::search(words),
        None => catalog::all().iter().collect(),
    };
    if arguments.format == Format::Json {
        let list: Vec<Value> = found.into_iter().map(as_json).collect();
        writeln!(out, "{:#}", Value::Array(list))?;
        return Ok(ExitCode::SUCCESS);
    }
    if found.is_empty() {
        let words = arguments.search.as_deref().unwrap_or_default();
        writeln!(out, "no template holds `{words}`; `kpi-exporter catalog` lists them all")?;
        return Ok(ExitCode::from(FAILED));
    }
    if arguments.search.is_some() {
        write_list(&mut out, &found)?;
    } else {
        for function in Function::ALL {
            let of: Vec<&Template> =
                found.iter().copied().filter(|t| t.function == function).collect();
            if !of.is_empty() {
                let name = if function == Function::Operations {
                    "platform".to_owned()
                } else {
                    function.to_string().replace('_', " ")
                };
                writeln!(out, "{name}")?;
                write_list(&mut out, &of)?;
                writeln!(out)?;
            }
        }
        writeln!(out, "`kpi-exporter catalog ID` explains one, with a block to paste")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn write_list(out: &mut impl Write, list: &[&Template]) -> std::io::Result<()> {
    let width = list.iter().map(|template| template.id.len()).max().unwrap_or(0);
    for template in list {
        let kind = template.kind.to_string();
        writeln!(out, "  {:width$}  {kind:10}  {}", template.id, template.description)?;
    }
    Ok(())
}

fn explain(out: &mut impl Write, template: &Template) -> std::io::Result<()> {
    let Template { id, title, description, .. } = template;
    writeln!(out, "{title} ({id})\n{description}\n")?;
    let mut fact = |name: &str, text: &str| writeln!(out, "{name:12} {text}");
    fact("formula", &template.formula.to_string())?;
    for (at, input) in template.inputs.iter().enumerate() {
        let default =
            input.default.as_ref().map(|d| format!(", {d} by default")).unwrap_or_default();
        let name = if at == 0 { "inputs" } else { "" };
        fact(name, &format!("{}: {} ({}{default})", input.name, input.meaning, input.unit))?;
    }
    let direction = format!("{:?}", template.direction).to_lowercase();
    fact("unit", &format!("{}, {direction}{}", template.unit, range(template.range)))?;
    fact(
        "kind",
        &format!("{}, {}", template.kind, template.function.to_string().replace('_', " ")),
    )?;
    let window = template.window.as_deref().unwrap_or("period");
    let path = template.path.as_ref().map(|path| format!(", path {path}")).unwrap_or_default();
    let period =
        template.period.as_ref().map(|period| format!(", period {period}")).unwrap_or_default();
    let adds = format!("{:?}", template.accumulation).to_lowercase();
    fact("adds up as", &format!("{adds}, window {window}{path}{period}"))?;
    for (name, partners) in [("leads", &template.leads), ("follows", &template.follows)] {
        let list: Vec<String> =
            partners.iter().map(|p| format!("{} by {}", p.id, p.text)).collect();
        if !list.is_empty() {
            fact(name, &list.join(", "))?;
        }
    }
    for (at, trap) in template.traps.iter().enumerate() {
        fact(if at == 0 { "traps" } else { "" }, &format!("- {trap}"))?;
    }
    let given = template.example.given.iter().map(|(name, number)| format!("{name} {number}"));
    let given: Vec<String> = given.collect();
    fact("example", &format!("{} give {}", given.join(", "), template.example.value))?;
    fact("definition", &template.definition)?;
    writeln!(
        out,
        "\nTo paste, once there is a source like\n  {}",
        catalog::sources(&template.source)
    )?;
    writeln!(out, "and with the names of your tables:\n\n{}", catalog::block(template).trim_end())
}

fn range(Range { min, max }: Range) -> String {
    match (min, max) {
        (Some(min), Some(max)) => format!(", {min} to {max}"),
        (Some(min), None) => format!(", not below {min}"),
        (None, Some(max)) => format!(", not above {max}"),
        (None, None) => String::new(),
    }
}

fn as_json(template: &Template) -> Value {
    let partners = |list: &[catalog::Partner]| -> Vec<Value> {
        list.iter().map(|p| json!({ "id": p.id, "lead_time": p.text })).collect()
    };
    let inputs: Vec<Value> = template
        .inputs
        .iter()
        .map(|i| json!({ "name": i.name, "meaning": i.meaning, "unit": i.unit, "default": i.default }))
        .collect();
    let given: serde_json::Map<String, Value> =
        template.example.given.iter().map(|(name, number)| (name.clone(), json!(number))).collect();
    json!({
        "id": template.id, "title": template.title, "also": template.also,
        "description": template.description, "kind": template.kind, "function": template.function,
        "formula": template.formula.to_string(), "inputs": inputs, "unit": template.unit,
        "direction": template.direction, "accumulation": template.accumulation,
        "window": template.window.as_deref().unwrap_or("period"), "path": template.path,
        "range": { "min": template.range.min, "max": template.range.max },
        "leads": partners(&template.leads), "follows": partners(&template.follows),
        "traps": template.traps, "levers": template.levers,
        "example": { "given": given, "value": template.example.value },
        "definition": template.definition, "block": catalog::block(template),
    })
}
