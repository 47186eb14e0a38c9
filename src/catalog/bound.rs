//! A formula over inputs becomes one over metrics. Not here: whether the metrics exist (`config`).

use super::template::Template;
use crate::kpi::{Formula, Unit};

/// The text of a template's formula with what its inputs are bound to in their places. Inputs that
/// nobody binds have their defaults; `None` when one has none.
pub fn bind<'b>(template: &Template, bound: &impl Fn(&str) -> Option<&'b str>) -> Option<String> {
    let mut text = template.formula.to_string();
    let mut places: Vec<_> = template.formula.references().collect();
    places.sort_by_key(|(_, span)| std::cmp::Reverse(span.start));
    for (reference, span) in places {
        let input = template.inputs.iter().find(|input| input.name == *reference.metric)?;
        let given = bound(&input.name).or(input.default.as_deref())?;
        let atom = given.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
        let given = if atom { given.to_owned() } else { format!("({given})") };
        // Spaces after a name belong to its place.
        let name = text[span.clone()].trim_end().len();
        text.replace_range(span.start..span.start + name, &given);
    }
    // Just what it stands for, without the parentheses of a part.
    let whole = text.strip_prefix('(').and_then(|text| text.strip_suffix(')'));
    match whole {
        Some(whole)
            if Formula::parse(whole).is_ok() && template.formula.references().count() == 1 =>
        {
            Some(whole.to_owned())
        }
        _ => Some(text),
    }
}

/// Whether a unit can be that of a template: `money` is any currency, a time any unit of time.
pub fn compatible(of_template: &str, unit: &Unit) -> bool {
    match of_template {
        "money" => matches!(unit, Unit::Currency(_)),
        "percent" | "ratio" => matches!(unit, Unit::Percent | Unit::Ratio),
        "count" => matches!(unit, Unit::Count | Unit::Other(_)),
        "points" => matches!(unit, Unit::Points | Unit::Other(_)),
        _ => matches!(unit, Unit::Seconds | Unit::Days | Unit::Other(_)),
    }
}
