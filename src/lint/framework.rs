//! What a framework of KPIs lacks: K001 to K010, and K012.

use std::collections::BTreeMap;

use super::Found;
use super::description::vague;
use crate::catalog;
use crate::kpi::{Definitions, Kpi, KpiKind, Target};

/// KPIs that a team can steer by.
const MOST: usize = 7;
/// Fewer show one side only.
const FEWEST: usize = 3;

pub(super) fn teams(found: &mut Found<'_>) {
    let mut teams: BTreeMap<Option<&str>, Vec<&Kpi>> = BTreeMap::new();
    let config = found.config;
    for kpi in &config.definitions.kpis {
        teams.entry(kpi.team.as_deref()).or_default().push(kpi);
    }
    for (team, kpis) in teams {
        let name = team
            .map_or_else(|| "the KPIs without a team".to_owned(), |t| format!("the team `{t}`"));
        let count = kpis.len();
        let (is, has) = if team.is_some() { ("has", "has") } else { ("are", "have") };
        if count > MOST {
            let message =
                format!("{name} {is} {count}{}", if team.is_some() { " KPIs" } else { "" });
            let hint = format!(
                "keep the {MOST} that decide most; what only explains them can stay a metric"
            );
            found.of_team("K001", team, message, hint);
        }
        if count < FEWEST {
            let only =
                if count == 1 { "a single KPI".to_owned() } else { format!("only {count} KPIs") };
            let message = if team.is_some() {
                format!("{name} has {only}")
            } else {
                format!("{name} are only {count}")
            };
            let hint = "add what leads to it and what comes of it: `kpi-exporter catalog` names partners of KPIs, \
                        and `team` puts those of one team together";
            found.of_team("K002", team, message, hint.to_owned());
        }
        if !kpis.iter().any(|kpi| kpi.kind.is_early()) {
            let hint = suggestions(&kpis, true).unwrap_or_else(|| {
                "add a `kind: leading` or `efficiency` KPI that moves before the outcome".to_owned()
            });
            found.of_team("K003", team, format!("{name} {has} no leading or efficiency KPI"), hint);
        }
        if !kpis.iter().any(|kpi| kpi.kind == KpiKind::Lagging) {
            let hint = suggestions(&kpis, false).unwrap_or_else(|| {
                "add the outcome that the work is for, as `kind: lagging`".to_owned()
            });
            found.of_team("K004", team, format!("{name} {has} no lagging KPI"), hint);
        }
    }
}

/// Partners of the team's KPIs in the catalogue: `early` ones that lead to them, else those they lead to.
fn suggestions(kpis: &[&Kpi], early: bool) -> Option<String> {
    let known = kpis.iter().filter_map(|kpi| catalog::find(kpi.template.unwrap_or(&kpi.id)));
    let partners =
        known.flat_map(|template| if early { &template.follows } else { &template.leads });
    let fits = partners.filter(|partner| {
        catalog::find(&partner.id).is_some_and(|other| other.kind.is_early() == early)
    });
    let mut names: Vec<String> = fits.map(|p| format!("`{}` (by {})", p.id, p.text)).collect();
    names.dedup();
    names.truncate(3);
    let what = if early { "what usually moves before" } else { "what usually follows" };
    (!names.is_empty())
        .then(|| format!("{what}: {}; `kpi-exporter catalog ID` explains them", names.join(", ")))
}

pub(super) fn kpi(found: &mut Found<'_>, kpi: &Kpi) {
    let id = &kpi.id;
    if kpi.objective.is_none() {
        let hint = "name the goal it serves: `objective: …`, defined under `objectives`".to_owned();
        found.of_kpi("K005", kpi, "", format!("`{id}` ladders up to no objective"), hint);
    }
    if kpi.owner.is_none() {
        let hint = "add `owner: somebody@example.com`: a person, not a group".to_owned();
        found.of_kpi("K006", kpi, "", format!("nobody owns `{id}`"), hint);
    }
    if kpi.levers.is_empty() {
        let template = catalog::find(kpi.template.unwrap_or(id));
        let levers =
            template.map_or("first thing to try, second thing".to_owned(), |t| t.levers.join(", "));
        let hint = format!("add what the team can do about it, like `levers: [{levers}]`");
        found.of_kpi("K007", kpi, "", format!("nothing can be done about `{id}`"), hint);
    }
    // A limit to keep is no way from somewhere to somewhere, a plan has its own.
    let limit = matches!(
        kpi.target,
        Target::Min(_) | Target::Max(_) | Target::Range { .. } | Target::Formula(_)
    );
    if !kpi.baseline.is_some() && !limit {
        let hint = "add `baseline: previous_period`, or the number it starts from".to_owned();
        found.of_kpi("K008", kpi, "target", format!("`{id}` has no baseline"), hint);
    }
    if let Some(lack) = vague(kpi) {
        let hint = "say what is counted, in which unit, of whom: `Percent of trial accounts, of those ending \
                    within 30 days, that now pay.`";
        found.of_kpi(
            "K009",
            kpi,
            "description",
            format!("the description of `{id}` {lack}"),
            hint.to_owned(),
        );
    }
    if kpi.kind.is_early() && !reaches_outcome(kpi, &found.config.definitions) {
        let template = catalog::find(kpi.template.unwrap_or(id));
        let partner = template.and_then(|template| template.leads.first());
        let hint = match partner {
            Some(partner) => format!(
                "`{}` usually follows it after {}: `predicts: [{}]`, `lead_time: {}`",
                partner.id, partner.text, partner.id, partner.text
            ),
            None => "add `predicts: [the outcome that follows]` and `lead_time`".to_owned(),
        };
        let message = format!("`{id}` is {} and predicts no lagging KPI", kpi.kind);
        found.of_kpi("K010", kpi, "predicts", message, hint);
    }
}

/// Whether what it predicts, or what that predicts, is an outcome.
fn reaches_outcome(kpi: &Kpi, definitions: &Definitions) -> bool {
    let mut seen = vec![&kpi.id];
    let mut next: Vec<_> = kpi.predicts.iter().collect();
    while let Some(id) = next.pop() {
        if seen.contains(&id) {
            continue;
        }
        seen.push(id);
        let Some(other) = definitions.kpis.iter().find(|other| other.id == *id) else { continue };
        if other.kind == KpiKind::Lagging {
            return true;
        }
        next.extend(&other.predicts);
    }
    false
}

pub(super) fn unused(found: &mut Found<'_>) {
    let config = found.config;
    for metric in config.definitions.metrics.keys() {
        if config.definitions.kpis.iter().any(|kpi| kpi.draws_on(metric)) {
            continue;
        }
        let hint =
            "use it in a formula, or delete it; as context beside the KPIs it may stay".to_owned();
        found.of_metric("K012", metric, "", format!("no KPI uses `{metric}`"), hint);
    }
}
