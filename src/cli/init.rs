//! `init`: a commented starter configuration from the catalogue: a whole framework of KPIs, leading and
//! lagging, linked. Asks on a terminal for what no flag says; shows what it writes and overwrites nothing.

use std::fmt::Write as _;
use std::io::{BufRead as _, IsTerminal as _, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::ValueEnum;

use super::Unusable;
use crate::catalog;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The framework to start from.
    #[arg(long, value_enum)]
    from_template: Option<Framework>,
    /// The team that reviews the KPIs.
    #[arg(long)]
    team: Option<String>,
    /// The goal they serve, in a few words.
    #[arg(long)]
    objective: Option<String>,
    /// Who answers for them.
    #[arg(long)]
    owner: Option<String>,
    /// The database, or the Prometheus server, that they come from (default: from the environment).
    #[arg(long)]
    url: Option<String>,
    /// The currency of amounts of money.
    #[arg(long, default_value = "USD")]
    currency: String,
    /// File to write.
    #[arg(long, value_name = "FILE", default_value = "kpi-exporter.yaml")]
    output: PathBuf,
    /// Write nothing: only show it.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Framework {
    Saas,
    Ecommerce,
    Marketing,
    Sales,
    Support,
    Executive,
    Platform,
}

impl Framework {
    fn templates(self) -> &'static [&'static str] {
        match self {
            Self::Saas => &["organic_traffic", "trial_to_paid", "churn_rate", "nrr", "net_new_arr"],
            Self::Ecommerce => {
                &["conversion_rate", "average_order_value", "repeat_purchase_rate", "revenue"]
            }
            Self::Marketing => {
                &["organic_traffic", "new_leads", "conversion_rate", "cac", "revenue"]
            }
            Self::Sales => &[
                "demos_completed",
                "pipeline_generated",
                "win_rate",
                "pipeline_coverage",
                "revenue_closed",
            ],
            Self::Support => &["sla_met", "csat", "nps", "churn_rate"],
            Self::Executive => &["quick_ratio", "runway", "arr", "nrr", "gross_margin"],
            Self::Platform => &[
                "deployment_frequency",
                "change_failure_rate",
                "incident_load",
                "error_budget",
                "uptime",
                "cloud_cost",
            ],
        }
    }

    fn goal(self) -> &'static str {
        match self {
            Self::Saas => "Grow recurring revenue",
            Self::Ecommerce => "Grow the shop",
            Self::Marketing => "Bring customers at a cost that pays",
            Self::Sales => "Close the quarter",
            Self::Support => "Keep customers happy",
            Self::Executive => "Grow without running dry",
            Self::Platform => "Deliver fast and stay up",
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if arguments.output.exists() && !arguments.dry_run {
        let message = format!(
            "{} is there already and is not overwritten (hint: --output FILE, or --dry-run)",
            arguments.output.display()
        );
        return Err(Unusable(message).into());
    }
    let names: Vec<String> = Framework::value_variants()
        .iter()
        .filter_map(ValueEnum::to_possible_value)
        .map(|v| v.get_name().to_owned())
        .collect();
    let framework = if let Some(framework) = arguments.from_template {
        framework
    } else {
        let answer = asked(&format!("Framework ({})", names.join(", ")), "saas")?;
        let unknown =
            || format!("there is no framework `{answer}`; there are {}", names.join(", "));
        Framework::from_str(&answer, true).map_err(|_| Unusable(unknown()))?
    };
    let team = given(arguments.team.as_ref(), "Team", "my_team")?;
    let objective = given(arguments.objective.as_ref(), "Objective", framework.goal())?;
    let owner = given(arguments.owner.as_ref(), "Owner", "me@example.com")?;
    let text = text(framework, arguments, &team, &objective, &owner);
    let mut out = anstream::stdout();
    write!(out, "{text}")?;
    if !arguments.dry_run {
        let file = std::fs::OpenOptions::new().write(true).create_new(true).open(&arguments.output);
        let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
        written.with_context(|| format!("cannot write {}", arguments.output.display()))?;
        anstream::eprintln!(
            "wrote {0}; next: put the names of your tables into the queries, then\n  kpi-exporter check --connect --config {0}\n  kpi-exporter eval --config {0}",
            arguments.output.display()
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn given(flag: Option<&String>, what: &str, default: &str) -> anyhow::Result<String> {
    flag.map_or_else(|| asked(what, default), |text| Ok(text.clone()))
}

/// What somebody types; the default without a terminal.
fn asked(what: &str, default: &str) -> anyhow::Result<String> {
    let input = std::io::stdin();
    if !input.is_terminal() {
        return Ok(default.to_owned());
    }
    anstream::eprint!("{what} [{default}]: ");
    let mut line = String::new();
    input.lock().read_line(&mut line)?;
    let line = line.trim();
    Ok(if line.is_empty() { default.to_owned() } else { line.to_owned() })
}

/// A text as a scalar of YAML.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn text(
    framework: Framework,
    arguments: &Arguments,
    team: &str,
    objective: &str,
    owner: &str,
) -> String {
    let templates: Vec<&catalog::Template> =
        framework.templates().iter().filter_map(|id| catalog::find(id)).collect();
    let uses = |kind: &str| templates.iter().any(|template| template.source == kind);
    let mut text = "# A framework of KPIs to start from. The queries are over tables as docs/catalog.md describes them: put the\n\
                    # names of yours into them. `kpi-exporter catalog ID` explains each KPI and its traps.\n\
                    version: 1\n\nsources:\n".to_owned();
    let url = |kind: &str, variable: &str| match &arguments.url {
        Some(url) if url.starts_with("http") == (kind == "prometheus") => quoted(url),
        _ => format!("\"${{env:{variable}}}\""),
    };
    if uses("sql") {
        let _ =
            writeln!(text, "  warehouse: {{ sql: {{ url: {} }} }}", url("sql", "WAREHOUSE_URL"));
    }
    if uses("prometheus") {
        let _ = writeln!(
            text,
            "  prometheus: {{ prometheus: {{ url: {} }} }}",
            url("prometheus", "PROMETHEUS_URL")
        );
    }
    let _ = writeln!(
        text,
        "\nobjectives:\n  goal: {{ title: {}, owner: {} }}\n\nmetrics:",
        quoted(objective),
        quoted(owner)
    );
    for template in &templates {
        text += &catalog::metrics(template);
    }
    text += "\nkpis:\n";
    for template in &templates {
        let mut block = catalog::kpi(template, Some("goal"))
            .replace("unit: USD", &format!("unit: {}", arguments.currency));
        block = block
            .replace("team: my_team", &format!("team: {}", quoted(team)))
            .replace("owner: me@example.com", &format!("owner: {}", quoted(owner)));
        let _ = write!(text, "  # {}\n{block}", template.title);
        if template.kind.is_early() {
            let lagging = |id: &str| templates.iter().any(|t| t.id == id && !t.kind.is_early());
            let partner = template.leads.iter().find(|partner| lagging(&partner.id));
            let outcome = templates.iter().rev().find(|other| !other.kind.is_early());
            let (id, time) = match (partner, outcome) {
                (Some(partner), _) => (partner.id.as_str(), partner.text.as_str()),
                (None, Some(outcome)) => {
                    (outcome.id.as_str(), template.leads.first().map_or("30d", |p| p.text.as_str()))
                }
                (None, None) => continue,
            };
            let _ = writeln!(text, "    predicts: [{id}]\n    lead_time: {time}");
        }
        if let Some(trap) = template.traps.first() {
            let _ = writeln!(text, "    # trap: {trap}");
        }
        text += "\n";
    }
    text.trim_end().to_owned() + "\n"
}
