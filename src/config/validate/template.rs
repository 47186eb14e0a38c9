//! A KPI that is made from a template of the catalogue: what it does not say itself is filled in, and
//! its inputs take the places of those in the template's formula. All that is checked afterwards is
//! checked as if the user had written it.

use super::context::Context;
use super::formula::formula;
use crate::catalog::{self, Template};
use crate::config::raw::{KpiRaw, TargetRaw};
use crate::kpi::{Direction, Unit};
use crate::reader::entry::Entry;
use crate::reader::files::TextSpan;
use crate::reader::forms::{Choice, Mixed, Quantity};
use crate::reader::spanned::{Spanned, Text};
use crate::reader::suggest::closest;

/// Fills in what the template of a KPI says, if it has one.
pub(super) fn apply(
    context: &mut Context<'_>,
    entry: &mut Entry<KpiRaw>,
) -> Option<&'static Template> {
    let Some(name) = entry.value.template.take() else {
        if let Some(inputs) = &entry.value.inputs
            && !entry.is_broken("template")
        {
            let message = format!("`{}` are for a KPI with a `template`", entry.key("inputs"));
            let hint = "add `template: …` (`kpi-exporter catalog` lists them), or write a `formula` \
                        over metrics";
            context.problem(inputs.span, message, hint.to_owned());
            entry.break_key("formula");
        }
        return None;
    };
    let Some(template) = catalog::find(&name.value) else {
        unknown(context, entry, &name);
        return None;
    };
    unit(context, entry, template, &name);
    direction(context, entry, template, &name);
    inputs(context, entry, template, &name);
    fill(entry, template, &name);
    Some(template)
}

fn unknown(context: &mut Context<'_>, entry: &mut Entry<KpiRaw>, name: &Text) {
    let found = context.shown(name, &name.value);
    let message = format!("`{}`: {found} is no template", entry.key("template"));
    let hint = match catalog::meant(&name.value).filter(|_| !name.interpolated) {
        Some(id) => format!("did you mean `{id}`?"),
        None => "`kpi-exporter catalog` lists the templates, `catalog --search WORD` finds one"
            .to_owned(),
    };
    context.problem(name.span, message, hint);
    // What the template would have said is not missing.
    for key in ["kind", "formula", "accumulation", "unit", "direction"] {
        entry.break_key(key);
    }
}

/// The unit of money is the user's, any other has to be one that the template's numbers can have.
fn unit(context: &mut Context<'_>, entry: &mut Entry<KpiRaw>, template: &Template, name: &Text) {
    let Some(given) = &entry.value.unit else {
        if template.unit == "money" && !entry.is_broken("unit") {
            let message = format!("`{}` lacks `unit`", entry.path);
            let hint = format!(
                "`{}` is an amount of money: add its currency, like `unit: USD`",
                template.id
            );
            context.problem(name.span, message, hint);
            entry.break_key("unit");
        } else if !entry.is_broken("unit") {
            entry.value.unit = Some(Spanned::at(name.span, template.unit.clone()));
        }
        return;
    };
    let Some(unit) = Unit::parse(&given.value) else { return };
    if catalog::compatible(&template.unit, &unit) {
        return;
    }
    let found = context.shown(given, &given.value);
    let (is, write) = match template.unit.as_str() {
        "money" => ("an amount of money", "a currency like `unit: USD`"),
        unit => (unit, ""),
    };
    let message =
        format!("`{}`: {found} is no unit of `{}`, which is {is}", entry.key("unit"), template.id);
    let hint = if write.is_empty() {
        format!("delete the key, or write `unit: {is}`")
    } else {
        format!("write {write}")
    };
    context.problem(given.span, message, hint);
    entry.value.unit = None;
    entry.break_key("unit");
}

/// A limit to keep implies a direction: one that is not the template's has to be meant.
fn direction(
    context: &mut Context<'_>,
    entry: &mut Entry<KpiRaw>,
    template: &Template,
    name: &Text,
) {
    if entry.value.direction.is_some() || entry.is_broken("direction") {
        return;
    }
    let target = entry.value.target.as_ref();
    let limits = target.and_then(|target| match &target.value {
        Mixed::Map(TargetRaw { min, max, formula: None }) => {
            Some((target.span, min.is_some(), max.is_some()))
        }
        _ => None,
    });
    match limits {
        Some((span, true, false)) if template.direction == Direction::Decrease => {
            against(context, entry, template, span, "min", "increase");
        }
        Some((span, false, true)) if template.direction == Direction::Increase => {
            against(context, entry, template, span, "max", "decrease");
        }
        Some((_, min, max)) if min || max => {}
        _ => {
            let direction = Choice(template.direction);
            entry.value.direction = Some(Spanned::at(name.span, direction));
        }
    }
}

fn against(
    context: &mut Context<'_>,
    entry: &mut Entry<KpiRaw>,
    template: &Template,
    span: TextSpan,
    limit: &str,
    implied: &str,
) {
    let better = if limit == "min" { "less" } else { "more" };
    let message = format!(
        "`{}`: of `{}` {better} is better, and a `{limit}` says the opposite",
        entry.key("target"),
        template.id
    );
    let other = if limit == "min" { "max" } else { "min" };
    let hint = format!("write `{{ {other}: … }}`, or `direction: {implied}` if that is meant");
    context.problem(span, message, hint);
    entry.break_key("direction");
}

/// The formula over metrics, from what the inputs are bound to.
fn inputs(context: &mut Context<'_>, entry: &mut Entry<KpiRaw>, template: &Template, name: &Text) {
    let given = entry.value.inputs.take();
    if entry.value.formula.is_some() || entry.is_broken("formula") {
        if let Some(given) = given.filter(|_| entry.value.formula.is_some()) {
            let message = format!("`{}` has both `inputs` and a `formula` of its own", entry.path);
            let hint = "delete the one or the other: a formula goes before that of the template";
            context.problem(given.span, message, hint.to_owned());
        }
        return;
    }
    if entry.is_broken("inputs") {
        return entry.break_key("formula");
    }
    let span = given.as_ref().map_or(name.span, |given| given.span);
    let pairs = given.map(|given| given.value.0).unwrap_or_default();
    let path = entry.key("inputs");
    let known: Vec<&str> = template.inputs.iter().map(|input| input.name.as_str()).collect();
    let mut good = true;
    let mut bound: Vec<(String, String)> = Vec::new();
    for (key, value) in pairs {
        if !known.contains(&key.value.as_str()) {
            let hint = match closest(&key.value, known.iter().copied()) {
                Some(one) => format!("did you mean `{one}`?"),
                None => format!("its inputs are {}", explained(template)),
            };
            let message = format!("`{path}`: `{}` is no input of `{}`", key.value, template.id);
            context.problem(key.span, message, hint);
            good = false;
            continue;
        }
        good &= formula(context, &format!("{path}.{}", key.value), &value).is_some();
        bound.push((key.value, value.value));
    }
    let missing: Vec<_> = template
        .inputs
        .iter()
        .filter(|input| {
            input.default.is_none() && !bound.iter().any(|(name, _)| *name == input.name)
        })
        .collect();
    // A slip of a name has been told: it is the one that is missing.
    if good && !missing.is_empty() {
        let names: Vec<String> = missing.iter().map(|input| format!("`{}`", input.name)).collect();
        let what: Vec<String> =
            missing.iter().map(|input| format!("{}: {}", input.name, input.meaning)).collect();
        let message = format!("`{path}` of `{}` lacks {}", template.id, names.join(" and "));
        context.problem(span, message, format!("bind it to a metric ({})", what.join("; ")));
        good = false;
    }
    let of =
        |name: &str| bound.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    match catalog::bind(template, &of).filter(|_| good) {
        Some(text) => entry.value.formula = Some(Spanned::at(name.span, text)),
        None => entry.break_key("formula"),
    }
}

fn explained(template: &Template) -> String {
    let inputs =
        template.inputs.iter().map(|input| format!("`{}` ({})", input.name, input.meaning));
    inputs.collect::<Vec<_>>().join(", ")
}

/// What has no rules of its own.
fn fill(entry: &mut Entry<KpiRaw>, template: &Template, name: &Text) {
    let raw = &mut entry.value;
    let text = |text: &String| Spanned::at(name.span, text.clone());
    let word = |word: &String| Quantity::Text(word.clone());
    raw.title.get_or_insert_with(|| template.title.clone());
    raw.description.get_or_insert_with(|| template.description.clone());
    raw.kind.get_or_insert(Choice(template.kind));
    raw.function.get_or_insert(Choice(template.function));
    let own = raw.accumulation.is_some();
    raw.accumulation.get_or_insert(Choice(template.accumulation));
    // Another way to add up has another window and path.
    if !own {
        raw.window = raw.window.take().or_else(|| template.window.as_ref().map(text));
        let path =
            template.path.as_ref().map(|path| Spanned::at(name.span, Mixed::Quantity(word(path))));
        raw.path = raw.path.take().or(path);
    }
    let period = template.period.as_ref().map(|p| Spanned::at(name.span, Mixed::Quantity(word(p))));
    raw.period = raw.period.take().or(period);
}
