//! Baseline, target and direction, and whether they go together.

use super::amount::{self, Amount, AmountError};
use super::context::Context;
use super::formula::formula;
use crate::config::raw::{FormulaRaw, KpiRaw, TargetRaw};
use crate::kpi::{Accumulation, Baseline, Direction, Target, Unit, hundredth};
use crate::reader::entry::Entry;
use crate::reader::forms::{Alternative, Choice, Mixed, Quantity};
use crate::reader::spanned::Spanned;

/// The three that make sense only together.
pub(super) struct Goal {
    pub(super) baseline: Baseline,
    pub(super) target: Target,
    pub(super) direction: Direction,
}

/// `None` after a mistake in any of them.
pub(super) fn goal(
    context: &mut Context<'_>,
    entry: &Entry<KpiRaw>,
    unit: Option<&Unit>,
    accumulation: Option<Accumulation>,
) -> Option<Goal> {
    let raw = &entry.value;
    let baseline = match &raw.baseline {
        Some(given) => baseline(context, &entry.key("baseline"), given, unit),
        None if entry.is_broken("baseline") => None,
        None => Some(Baseline::None),
    };
    let given = context.required(
        entry,
        "target",
        raw.target.as_ref(),
        "a value like `target: 250000`, or a change like `target: +10%`",
    );
    let target = given.and_then(|given| target(context, &entry.key("target"), given, unit));
    let direction = direction(context, entry, raw.direction.as_ref(), target.as_ref());
    let (target, baseline, direction) = (target?, baseline?, direction?);
    let wrong = mismatch(&target, &baseline, direction, accumulation);
    if let (Some((message, hint)), Some(given)) = (wrong, given) {
        context.problem(given.span, format!("`{}`: {message}", entry.key("target")), hint);
        return None;
    }
    Some(Goal { baseline, target, direction })
}

fn baseline(
    context: &mut Context<'_>,
    path: &str,
    given: &Spanned<Mixed<FormulaRaw>>,
    unit: Option<&Unit>,
) -> Option<Baseline> {
    let quantity = match &given.value {
        Mixed::Map(raw) => return formula_of(context, path, given, raw).map(Baseline::Formula),
        Mixed::Quantity(quantity) => quantity,
    };
    match quantity {
        Quantity::Text(word) if word == "previous_period" => Some(Baseline::PreviousPeriod),
        Quantity::Text(word) if word == "same_period_last_year" => {
            Some(Baseline::SamePeriodLastYear)
        }
        Quantity::Text(word)
            if amount::parse(word) == Err(AmountError::NotANumber)
                && amount::spelled_out(word, false).is_none() =>
        {
            let known = ["previous_period", "same_period_last_year"];
            context.wrong_word(path, given, word, FormulaRaw::EXPECTED, &known);
            None
        }
        _ => {
            let quantity = quantity.clone();
            amount::value(context, path, &given.with(quantity), unit).map(Baseline::Fixed)
        }
    }
}

fn formula_of(
    context: &mut Context<'_>,
    path: &str,
    given: &Spanned<Mixed<FormulaRaw>>,
    raw: &FormulaRaw,
) -> Option<crate::kpi::Formula> {
    let Some(text) = &raw.formula else {
        let hint = "write `{ formula: plan.last_year }`".to_owned();
        context.problem(given.span, format!("`{path}` is an empty map"), hint);
        return None;
    };
    formula(context, &format!("{path}.formula"), text)
}

fn target(
    context: &mut Context<'_>,
    path: &str,
    given: &Spanned<Mixed<TargetRaw>>,
    unit: Option<&Unit>,
) -> Option<Target> {
    let text = match &given.value {
        Mixed::Map(raw) => return limits(context, path, given, raw, unit),
        Mixed::Quantity(Quantity::Number(number)) => {
            return amount::plain(context, path, given, *number, unit).map(Target::Absolute);
        }
        Mixed::Quantity(Quantity::Text(text)) => text,
    };
    let found = context.shown(given, text);
    let (message, hint) = match amount::parse(text) {
        Ok(Amount::Relative(change)) => return Some(Target::Relative(change)),
        Ok(Amount::Points(points)) => {
            let percent = unit == Some(&Unit::Percent);
            return Some(Target::Delta(if percent { hundredth(points) } else { points }));
        }
        Ok(Amount::Value(value)) => {
            let value = if text.contains('%') {
                amount::percentage(context, path, given, value, unit)
            } else {
                amount::plain(context, path, given, value, unit)
            };
            return value.map(Target::Absolute);
        }
        Err(AmountError::SignedNumber) => {
            let number = text.trim_start_matches('+');
            let hint = format!(
                "write `{number}` for the value, `{text}pt` for that much more than the baseline"
            );
            (format!("{found} may be a value or a change"), Some(hint))
        }
        Err(AmountError::UnsignedPoints) => (
            format!("points are a change, and {found} has no sign"),
            Some(format!("write `+{text}` or `-{text}`")),
        ),
        Err(AmountError::NotANumber) => (
            format!("expected {}, found {found}", TargetRaw::EXPECTED),
            amount::spelled_out(text, given.interpolated),
        ),
    };
    let hint = hint.filter(|_| !given.interpolated);
    context.problem(given.span, format!("`{path}`: {message}"), hint);
    None
}

/// `{ min }`, `{ max }`, both, or `{ formula }`.
fn limits(
    context: &mut Context<'_>,
    path: &str,
    given: &Spanned<Mixed<TargetRaw>>,
    raw: &TargetRaw,
    unit: Option<&Unit>,
) -> Option<Target> {
    if let Some(text) = &raw.formula {
        if raw.min.is_some() || raw.max.is_some() {
            let message = format!("`{path}` has both a formula and limits");
            context.problem(given.span, message, "keep one of the two".to_owned());
        }
        return formula(context, &format!("{path}.formula"), text).map(Target::Formula);
    }
    let mut limit = |name: &str, quantity: Option<&Spanned<Quantity>>| {
        quantity.map(|q| amount::value(context, &format!("{path}.{name}"), q, unit))
    };
    let (min, max) = (limit("min", raw.min.as_ref()), limit("max", raw.max.as_ref()));
    match (min, max) {
        (Some(min), None) => min.map(Target::Min),
        (None, Some(max)) => max.map(Target::Max),
        (Some(min), Some(max)) => {
            let (min, max) = (min?, max?);
            if min >= max {
                let message = format!("`{path}`: `min` has to be less than `max`");
                context.problem(given.span, message, "swap the two".to_owned());
                return None;
            }
            Some(Target::Range { min, max })
        }
        (None, None) => {
            let message = format!("`{path}` is an empty map");
            context.problem(given.span, message, format!("expected {}", TargetRaw::EXPECTED));
            None
        }
    }
}

/// Mandatory, except where limits imply it.
fn direction(
    context: &mut Context<'_>,
    entry: &Entry<KpiRaw>,
    given: Option<&Spanned<Choice<Direction>>>,
    target: Option<&Target>,
) -> Option<Direction> {
    let implied = match target {
        Some(Target::Min(_)) => Some((Direction::Increase, "`min` means `direction: increase`")),
        Some(Target::Max(_)) => Some((Direction::Decrease, "`max` means `direction: decrease`")),
        Some(Target::Range { .. }) => {
            Some((Direction::Maintain, "`min` with `max` means `direction: maintain`"))
        }
        _ => None,
    };
    match (given, implied) {
        (Some(given), Some((implied, why))) if given.value.0 != implied => {
            let message = format!("`{}` contradicts the target", entry.key("direction"));
            context.problem(given.span, message, format!("{why}, and the key can be left out"));
            None
        }
        (Some(given), _) => Some(given.value.0),
        (None, Some((implied, _))) if !entry.is_broken("direction") => Some(implied),
        // Without a readable target nobody knows whether it is needed.
        (None, _) if target.is_none() => None,
        (None, _) => context.required(
            entry,
            "direction",
            None,
            "`direction: increase`, `decrease` or `maintain`",
        ),
    }
}

/// Why a target cannot be reached from a baseline in a direction; message and hint.
fn mismatch(
    target: &Target,
    baseline: &Baseline,
    direction: Direction,
    accumulation: Option<Accumulation>,
) -> Option<(String, String)> {
    let below_zero = match target {
        Target::Absolute(value) | Target::Min(value) | Target::Max(value) => *value < 0.0,
        Target::Range { max, .. } => *max < 0.0,
        Target::Relative(_) | Target::Delta(_) | Target::Formula(_) => false,
    };
    if below_zero && accumulation == Some(Accumulation::Flow) {
        let message = "a flow starts at 0, so a goal below 0 has no path to it";
        let hint = "count the other way round: `formula: 0 - x` with `max: 40000` for a loss of at \
                    most 40000";
        return Some((message.to_owned(), hint.to_owned()));
    }
    let change = match target {
        Target::Relative(change) | Target::Delta(change) => {
            if !baseline.is_some() {
                let hint = "add `baseline: previous_period`, or a number";
                return Some(("a change needs a baseline".to_owned(), hint.to_owned()));
            }
            if matches!((target, baseline), (Target::Relative(_), Baseline::Fixed(b)) if *b <= 0.0)
            {
                let message = "a percentage of a baseline of 0 or less says nothing";
                let hint = "give the value itself, or a change in points like `+5pt`";
                return Some((message.to_owned(), hint.to_owned()));
            }
            *change
        }
        Target::Absolute(value) => {
            let flow_up =
                accumulation == Some(Accumulation::Flow) && direction == Direction::Increase;
            if flow_up && *value <= 0.0 {
                let message = "a flow starts at 0 and should increase, so 0 or less is no target";
                let hint = "give a target above 0, or use `accumulation: level`";
                return Some((message.to_owned(), hint.to_owned()));
            }
            let Baseline::Fixed(baseline) = baseline else { return None };
            value - baseline
        }
        Target::Min(_) | Target::Max(_) | Target::Range { .. } | Target::Formula(_) => return None,
    };
    let (away, word) = match direction {
        Direction::Increase => (change <= 0.0, "above"),
        Direction::Decrease => (change >= 0.0, "below"),
        Direction::Maintain => return None,
    };
    let verb = if direction == Direction::Increase { "increase" } else { "decrease" };
    away.then(|| {
        let message = format!("the KPI should {verb}, but the target is not {word} the baseline");
        (message, "check `direction`, `baseline` and `target` against each other".to_owned())
    })
}
