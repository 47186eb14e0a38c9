//! One KPI, key by key. All keys are looked at before the first mistake makes it `None`.

use std::collections::BTreeSet;

use super::context::Context;
use super::formula::formula;
use super::goal::{Goal, goal};
use super::sections::Defaults;
use super::{breakdown, path, period, range, thresholds};
use crate::calendar::WindowSpec;
use crate::catalog::Template;
use crate::config::raw::KpiRaw;
use crate::id::KpiId;
use crate::kpi::{Accumulation, Formula, Function, Kpi, Unit};
use crate::reader::entry::Entry;
use crate::reader::spanned::Text;
use crate::reader::suggest::closest;

/// Codes of the framework lint that a KPI can silence.
const LINTS: [&str; 21] = [
    "K001", "K002", "K003", "K004", "K005", "K006", "K007", "K008", "K009", "K010", "K011", "K012",
    "K013", "K014", "K101", "K102", "K103", "K104", "K105", "K106", "K107",
];

/// `None` after a mistake.
pub(super) fn kpi(
    context: &mut Context<'_>,
    entry: &Entry<KpiRaw>,
    template: Option<&'static Template>,
    defaults: &Defaults,
) -> Option<Kpi> {
    let raw = &entry.value;
    let kind =
        context.required(entry, "kind", raw.kind, "`kind: leading`, `efficiency` or `lagging`");
    let formula_text = context.required(
        entry,
        "formula",
        raw.formula.as_ref(),
        "one over metrics, like `formula: orders.revenue`",
    );
    let formula = formula_text.and_then(|text| formula(context, &entry.key("formula"), text));
    let accumulation = context.required(
        entry,
        "accumulation",
        raw.accumulation,
        "`accumulation: flow`, `level` or `ratio`",
    );
    let accumulation = accumulation.map(|choice| choice.0);
    if let (Some(Accumulation::Flow), Some(text), Some(true)) =
        (accumulation, formula_text, formula.as_ref().map(Formula::is_rate))
    {
        let path = entry.key("formula");
        let message = format!("`{path}`: a quotient of metrics does not add up, so it is no flow");
        let hint = "write `accumulation: ratio`, or `level` for a measure over a trailing window";
        context.problem(text.span, message, hint.to_owned());
    }
    let unit = unit(context, entry);
    let goal = goal(context, entry, unit.as_ref(), accumulation);
    let period = match &raw.period {
        Some(given) => period::period(context, &entry.key("period"), given),
        None => Some(defaults.period.clone()),
    };
    let window = window(context, entry, accumulation);
    let path = match &raw.path {
        Some(given) => path::path(context, entry, given, period.as_ref(), unit.as_ref()),
        None => accumulation.zip(window).map(|(a, w)| path::default(a, w)),
    };
    let objective = raw.objective.as_ref().map(|id| {
        context.reference(|context| &context.objectives, "objective", &entry.key("objective"), id)
    });
    let predicts = predicts(context, entry);
    check_labels(context, entry, formula.as_ref(), goal.as_ref());
    let breakdown = breakdown::breakdown(context, entry, formula.as_ref(), goal.as_ref());
    let weight = weight(context, entry);
    let allow = allow(context, entry);
    let thresholds = thresholds::thresholds(context, entry);
    let range = range::range(context, entry, unit.as_ref(), formula.as_ref(), template);

    let Goal { baseline, target, direction } = goal?;
    Some(Kpi {
        title: raw.title.clone().unwrap_or_else(|| entry.id.clone()),
        description: raw.description.clone(),
        kind: kind?.0,
        function: raw.function.map_or(Function::Other, |function| function.0),
        objective: objective.flatten(),
        team: raw.team.clone(),
        owner: raw.owner.clone(),
        levers: raw.levers.clone().unwrap_or_default(),
        accumulation: accumulation?,
        unit: unit?,
        direction,
        period: period?,
        window: window?,
        breakdown: breakdown?,
        weight: weight?,
        baseline,
        path: path?,
        predicts,
        lead_time: raw.lead_time.as_ref().map(|time| time.0),
        thresholds: thresholds?,
        max_age: raw.max_age.as_ref().map_or(defaults.max_age, |age| age.0),
        allow,
        range: range?,
        template: template.map(|template| template.id.as_str()),
        ..Kpi::new(entry.id.as_str(), formula?, target)
    })
}

fn unit(context: &mut Context<'_>, entry: &Entry<KpiRaw>) -> Option<Unit> {
    let given = context.required(
        entry,
        "unit",
        entry.value.unit.as_ref(),
        "`unit: count`, `percent`, `USD` or the like",
    )?;
    let name = given.value.as_str();
    let meant = meant(name);
    match Unit::parse(name) {
        Some(Unit::Other(_)) if meant.is_some() => {}
        Some(unit) => return Some(unit),
        None => {}
    }
    let expected = "count, percent, ratio, points, seconds, days, a currency code like USD or a word \
                    like tickets";
    let found = context.shown(given, name);
    let message = format!("`{}`: expected {expected}, found {found}", entry.key("unit"));
    let meant = meant.filter(|_| !given.interpolated);
    context.problem(given.span, message, meant.map(|unit| format!("did you mean `{unit}`?")));
    None
}

/// The unit that a word is a slip or another name of: `usd`, `percentage`, `second`.
fn meant(name: &str) -> Option<String> {
    let upper = name.to_uppercase();
    if matches!(Unit::parse(&upper), Some(Unit::Currency(_))) {
        return Some(upper);
    }
    let other = [
        ("%", "percent"),
        ("pct", "percent"),
        ("percentage", "percent"),
        ("$", "USD"),
        ("dollars", "USD"),
        ("€", "EUR"),
        ("euros", "EUR"),
        ("£", "GBP"),
        ("s", "seconds"),
        ("sec", "seconds"),
    ];
    let unit = other.into_iter().find(|(known, _)| name.eq_ignore_ascii_case(known));
    let known = ["count", "percent", "ratio", "points", "seconds", "days"];
    let unit = unit.map(|(_, unit)| unit).or_else(|| closest(name, known));
    unit.map(str::to_owned)
}

/// A flow is summed over its period: it has no trailing window.
fn window(
    context: &mut Context<'_>,
    entry: &Entry<KpiRaw>,
    accumulation: Option<Accumulation>,
) -> Option<WindowSpec> {
    let Some(given) = &entry.value.window else { return Some(WindowSpec::PeriodToDate) };
    let path = entry.key("window");
    let window = period::window(context, &path, given)?;
    if accumulation == Some(Accumulation::Flow) && window != WindowSpec::PeriodToDate {
        let message = format!("`{path}`: a flow is summed over its period, not a trailing window");
        let hint = "use `accumulation: level` for a trailing sum, or delete `window`".to_owned();
        context.problem(given.span, message, hint);
        return None;
    }
    Some(window)
}

fn predicts(context: &mut Context<'_>, entry: &Entry<KpiRaw>) -> Vec<KpiId> {
    let path = entry.key("predicts");
    let mut ids = Vec::new();
    for id in entry.value.predicts.iter().flatten() {
        if id.value == entry.id {
            let message = format!("`{path}`: a KPI cannot predict itself");
            context.problem(id.span, message, "name the KPI that follows it".to_owned());
        }
        let known = context.reference(|context| &context.kpis, "KPI", &path, id);
        ids.extend(known.map(KpiId::from));
    }
    ids
}

/// More than nothing: a KPI that should not count belongs to no objective.
fn weight(context: &mut Context<'_>, entry: &Entry<KpiRaw>) -> Option<f64> {
    let Some(given) = &entry.value.weight else {
        return (!entry.is_broken("weight")).then_some(1.0);
    };
    if given.value > 0.0 && given.value.is_finite() {
        return Some(given.value);
    }
    let message = format!("`{}`: expected a number above 0", entry.key("weight"));
    let hint = "1 is the default; leave `objective` out for a KPI that should not count";
    context.problem(given.span, message, hint.to_owned());
    None
}

fn allow(context: &mut Context<'_>, entry: &Entry<KpiRaw>) -> Vec<String> {
    let path = entry.key("allow");
    let given = entry.value.allow.iter().flatten();
    let (known, unknown): (Vec<&Text>, Vec<&Text>) =
        given.partition(|code| LINTS.contains(&code.value.as_str()));
    for code in unknown {
        let expected = "a lint code, K001 to K014 or K101 to K107";
        context.wrong_word(&path, code, &code.value, expected, &[]);
    }
    known.into_iter().map(|code| code.value.clone()).collect()
}

/// `labels`, where given, is what the metrics of the KPI have: a check, not a choice.
fn check_labels(
    context: &mut Context<'_>,
    entry: &Entry<KpiRaw>,
    formula: Option<&Formula>,
    goal: Option<&Goal>,
) {
    let (Some(given), Some(formula), Some(goal)) = (&entry.value.labels, formula, goal) else {
        return;
    };
    let mut expected: BTreeSet<&str> = BTreeSet::new();
    for formula in
        [Some(formula), goal.baseline.formula(), goal.target.formula()].into_iter().flatten()
    {
        for (reference, _) in formula.references() {
            // A metric with a mistake: nobody knows its labels.
            let Some(labels) = context.labels.get(&*reference.metric) else { return };
            let divides =
                |name: &&str| entry.value.breakdown.iter().flatten().any(|b| b.value == *name);
            expected.extend(labels.iter().map(String::as_str).filter(|name| !divides(name)));
        }
    }
    let found: BTreeSet<&str> = given.value.iter().map(String::as_str).collect();
    if found != expected {
        let list = expected.into_iter().collect::<Vec<_>>().join(", ");
        let message = format!("`{}` are not the labels of its metrics", entry.key("labels"));
        context.problem(
            given.span,
            message,
            format!("write `labels: [{list}]`, or delete the key"),
        );
    }
}
