//! The block of a configuration that a template suggests: metrics with queries to start from, and
//! the KPI. Not here: printing it.

use std::fmt::Write as _;

use super::template::Template;

/// The sources that the blocks ask, to go with them: `warehouse` and `prometheus`.
pub fn sources(kind: &str) -> &'static str {
    match kind {
        "prometheus" => "prometheus: { prometheus: { url: \"http://prometheus:9090\" } }",
        _ => "warehouse: { sql: { url: \"${env:WAREHOUSE_URL}\" } }",
    }
}

/// `metrics:` and `kpis:` of a template, ready to paste.
pub fn block(template: &Template) -> String {
    format!("metrics:\n{}\nkpis:\n{}", metrics(template), kpi(template, None))
}

/// Its metrics, indented for below `metrics:`. Names of metrics are those of the template.
pub fn metrics(template: &Template) -> String {
    template.named_metrics().map(|(name, query)| metric(template, &name, query)).collect()
}

/// One metric of it with this query.
pub fn metric(template: &Template, name: &str, query: &str) -> String {
    let source = if template.source == "prometheus" { "prometheus" } else { "warehouse" };
    let mut text = format!("  {name}:\n    source: {source}\n");
    let query = query.trim_end();
    if source == "prometheus" && query.lines().count() == 1 {
        let _ = writeln!(text, "    query: '{query}'");
        return text;
    }
    text.push_str("    query: |\n");
    for line in query.lines() {
        let _ = writeln!(text, "      {line}");
    }
    text
}

/// The KPI, indented for below `kpis:`.
pub fn kpi(template: &Template, objective: Option<&str>) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "  {}:\n    template: {}", template.id, template.id);
    let binds = template.inputs.iter().filter_map(|input| {
        let to = template.bind_of(&input.name)?;
        Some(format!("{}: {to}", input.name))
    });
    let binds: Vec<String> = binds.collect();
    let line = format!("    inputs: {{ {} }}", binds.join(", "));
    if line.len() <= 100 {
        let _ = writeln!(text, "{line}");
    } else {
        let _ = writeln!(text, "    inputs:\n      {}", binds.join("\n      "));
    }
    if let Some(objective) = objective {
        let _ = writeln!(text, "    objective: {objective}");
    }
    let _ = writeln!(text, "    team: my_team\n    owner: me@example.com");
    let _ = writeln!(text, "    levers: [{}]", template.levers.join(", "));
    if template.unit == "money" {
        text.push_str("    unit: USD\n");
    }
    let _ = writeln!(text, "    baseline: {}\n    target: {}", template.baseline, template.target);
    text
}
