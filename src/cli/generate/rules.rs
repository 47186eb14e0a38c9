//! `generate rules`: the rule file.

use std::io::Write as _;
use std::process::ExitCode;

use super::GenerateTarget;
use crate::artifacts::rules::{JOB, RuleOptions, SeverityMap, groups, rule_file, rule_file_json};
use crate::cli::Global;
use crate::config::{self, Environment};
use crate::word::Word;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Prometheus takes both; the mixin reads JSON.
    #[arg(long, value_enum, default_value_t = Format::Yaml)]
    format: Format,
    #[command(flatten)]
    wanted: Wanted,
}

/// Rules in whatever wrapping, and where they go.
#[derive(Debug, clap::Args)]
pub(super) struct Wanted {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    target: GenerateTarget,
}

impl Wanted {
    /// Writes the text that is made with the options, or compares with it.
    pub(super) fn put(
        &self,
        global: &Global,
        environment: &Environment,
        text: impl FnOnce(&RuleOptions) -> String,
    ) -> anyhow::Result<ExitCode> {
        self.target.put(&text(&self.options.to_rule_options(global, environment)))
    }
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Format {
    Yaml,
    Json,
}

/// What can be chosen about the rules, whatever they are wrapped in.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Name of the job that scrapes the exporter.
    #[arg(long, default_value = JOB)]
    job: String,
    /// Factor on every waiting time: 0.01 for a test bench.
    #[arg(long, value_name = "F", default_value_t = 1.0, allow_negative_numbers = true, value_parser = factor)]
    duration_scale: f64,
    /// Where people reach the exporter, for links to its pages and runbooks; without it
    /// `server.external_url` of the configuration, if there is one.
    #[arg(long, value_name = "URL")]
    external_url: Option<String>,
    /// Address of a folder of runbooks instead; ALERT.md is added.
    #[arg(long, value_name = "URL")]
    runbook_base_url: Option<String>,
    /// Address of Grafana: alerts then lead to its dashboards.
    #[arg(long, value_name = "URL")]
    dashboard_base_url: Option<String>,
    /// Other names for severities: warning=page,critical=page.
    #[arg(long, value_name = "FROM=TO,…", default_value = "", hide_default_value = true)]
    severity_map: SeverityMap,
}

impl Options {
    pub(super) fn to_rule_options(
        &self,
        global: &Global,
        environment: &Environment,
    ) -> RuleOptions {
        let defaults = RuleOptions::default();
        let configured = || external_url(global, environment);
        RuleOptions {
            job: self.job.clone(),
            duration_scale: self.duration_scale,
            external_url: self
                .external_url
                .clone()
                .or_else(configured)
                .unwrap_or(defaults.external_url),
            runbook_base_url: self.runbook_base_url.clone(),
            dashboard_base_url: self.dashboard_base_url.clone(),
            severity_map: self.severity_map.clone(),
        }
    }
}

/// As configured. The rules hold for every configuration, so they can be written without one.
fn external_url(global: &Global, environment: &Environment) -> Option<String> {
    if !global.config.exists() {
        return None;
    }
    if let Ok(config) = config::load(&global.config, environment) {
        return config.settings.server.external_url;
    }
    // A closed stderr is nobody's loss.
    let _ = writeln!(
        anstream::stderr(),
        "{:#} {} has mistakes or lacks its secrets here, so links do not follow its \
         server.external_url; --external-url says where they lead",
        Word::Warning,
        global.config.display()
    );
    None
}

pub(super) fn run(
    arguments: &Arguments,
    global: &Global,
    environment: &Environment,
) -> anyhow::Result<ExitCode> {
    arguments.wanted.put(global, environment, |options| match arguments.format {
        Format::Yaml => rule_file(&groups(options)),
        Format::Json => rule_file_json(&groups(options)),
    })
}

fn factor(text: &str) -> Result<f64, String> {
    let usable = |factor: &f64| factor.is_finite() && *factor >= 0.0;
    text.parse().ok().filter(usable).ok_or_else(|| "expected a number, 0 or more".to_owned())
}
