//! The definition of a KPI as prose, for its own dashboard.

use crate::kpi::Kpi;

/// A Markdown list of what the KPI is, who answers for it and what can be done about it.
pub(super) fn markdown(kpi: &Kpi) -> String {
    let mut lines = Vec::new();
    let mut line = |name: &str, text: String| {
        if !text.is_empty() {
            lines.push(format!("- **{name}:** {text}"));
        }
    };
    line("What", kpi.description.clone().unwrap_or_default());
    line("Formula", format!("`{}`", kpi.formula));
    line("Kind", format!("{}, {}", kpi.kind, kpi.function));
    line("Objective", kpi.objective.clone().unwrap_or_default());
    line("Team", kpi.team.clone().unwrap_or_default());
    line("Owner", kpi.owner.clone().unwrap_or_default());
    line("Levers", kpi.levers.join(", "));
    line("Predicts", predictions(kpi));
    lines.join("\n")
}

fn predictions(kpi: &Kpi) -> String {
    let predicts = kpi.predicts.join(", ");
    match kpi.lead_time {
        Some(time) if !predicts.is_empty() => {
            format!("{predicts}, {} days ahead", time.as_secs() / 86_400)
        }
        _ => predicts,
    }
}
