//! The definition of a KPI as prose, for its own dashboard.

use std::sync::Arc;

use crate::kpi::Kpi;

/// A Markdown list of what the KPI is, who answers for it, what can be done about it, and which of
/// `all` KPIs it predicts or is predicted by.
pub(super) fn markdown(kpi: &Kpi, all: &[Arc<Kpi>]) -> String {
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
    let early = all.iter().filter(|other| other.predicts.contains(&kpi.id));
    line("Predicted by", early.map(|other| other.id.as_str()).collect::<Vec<_>>().join(", "));
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
