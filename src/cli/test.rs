//! `test`: users' own tests of their definitions. Sources are replaced by the rows of a test, so the real
//! queries run on known data; nothing else is asked.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use clap::ValueEnum;

use super::{FAILED, Global, Unusable, counted, eval};
use crate::config::{self, Config, Environment, Expect, Given, UserTest};
use crate::metric::{Metric, Query, Template};
use crate::snapshot::{Snapshot, Verdict};
use crate::source::SourceConfig;
use crate::source::files::{FileTable, FilesConfig};
use crate::source::statement::SqlQuery;

/// What exit codes mean.
const NOTES: &str = "\
Exit code 0: all tests pass. 1: some do not. 2: the configuration cannot be used, or holds no test.";

/// The source that takes the place of all.
const STAND_IN: &str = "given";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(super) struct Arguments {
    /// Only these tests.
    names: Vec<String>,
    /// How to write the results.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Junit,
    Tap,
}

/// What came of a test: what differs, each in a few lines.
struct Outcome {
    name: String,
    differs: Vec<String>,
}

pub(super) fn run(
    arguments: &Arguments,
    global: &Global,
    environment: &Environment,
) -> anyhow::Result<ExitCode> {
    let config = config::load(&global.config, environment)?;
    let tests: Vec<UserTest> = config.tests.clone();
    if let Some(unknown) =
        arguments.names.iter().find(|name| !tests.iter().any(|test| test.name == **name))
    {
        let known: Vec<&str> = tests.iter().map(|test| test.name.as_str()).collect();
        return Err(Unusable(format!(
            "there is no test `{unknown}`; there are {}",
            known.join(", ")
        ))
        .into());
    }
    if tests.is_empty() {
        let text = "the configuration holds no test (hint: add `tests:` with `as_of`, `given` and `expect`)";
        return Err(Unusable(text.to_owned()).into());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut outcomes = Vec::new();
    for test in tests {
        if !arguments.names.is_empty() && !arguments.names.contains(&test.name) {
            continue;
        }
        let config = config::load(&global.config, environment)?;
        let differs = match runtime.block_on(one(config, &test)) {
            Ok(differs) => differs,
            Err(error) => vec![format!("{error:#}")],
        };
        outcomes.push(Outcome { name: test.name, differs });
    }
    let mut out = anstream::stdout();
    match arguments.format {
        Format::Text => text(&mut out, &outcomes)?,
        Format::Junit => junit(&mut out, &outcomes)?,
        Format::Tap => tap(&mut out, &outcomes)?,
    }
    let good = outcomes.iter().all(|outcome| outcome.differs.is_empty());
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

/// What differs from what a test expects.
async fn one(mut config: Config, test: &UserTest) -> anyhow::Result<Vec<String>> {
    let at = config.definitions.calendar.parse_as_of(&test.as_of);
    let at = at.map_err(|message| Unusable(format!("as_of: {message}")))?;
    let folder = tempfile::tempdir()?;
    stand_in(&mut config, test, folder.path())?;
    let wanted = |id: &crate::id::KpiId| test.expect.iter().any(|expect| expect.kpi == *id);
    config.definitions.kpis.retain(|kpi| wanted(&kpi.id));
    config.settings.store.path = None;
    let snapshot = eval::evaluate(config, at).await;
    Ok(test.expect.iter().flat_map(|expect| differences(expect, &snapshot)).collect())
}

/// Puts the given rows in the place of every source: tables keep their names; a metric of a source without
/// tables has rows of its own name, with a `day`, summed over the window.
fn stand_in(config: &mut Config, test: &UserTest, folder: &Path) -> anyhow::Result<()> {
    let mut tables = std::collections::BTreeMap::new();
    for (name, given) in &test.given {
        let path = match given {
            Given::File(path) => path.clone(),
            Given::Rows(rows) => {
                let path = folder.join(format!("{name}.json"));
                std::fs::write(&path, rows.to_string())?;
                path
            }
        };
        tables.insert(name.clone(), FileTable::from(path));
    }
    for metric in config.definitions.metrics.values_mut() {
        let source = config.sources.get(&metric.source);
        let asked_in_sql = matches!(source, Some(SourceConfig::Files(_) | SourceConfig::Sql(_)));
        let query = if asked_in_sql { metric.query.clone() } else { sums(metric) };
        let replaced = metric.stand_in(STAND_IN, query);
        *metric = std::sync::Arc::new(replaced);
    }
    let files = FilesConfig { tables, timeout: std::time::Duration::from_secs(30) };
    config.sources = [(STAND_IN.into(), SourceConfig::Files(files))].into();
    Ok(())
}

/// The rows of a metric's own name, summed over the window.
fn sums(metric: &Metric) -> Query {
    let labels: Vec<String> = metric.labels.iter().map(|label| format!("\"{label}\"")).collect();
    let group = labels.join(", ");
    let labels = if group.is_empty() { String::new() } else { format!("{group}, ") };
    let columns =
        if metric.columns.is_empty() { vec!["value".to_owned()] } else { metric.columns.clone() };
    let sums: Vec<String> = columns.iter().map(|c| format!("sum(\"{c}\") AS \"{c}\"")).collect();
    let group = if group.is_empty() { String::new() } else { format!(" GROUP BY {group}") };
    let sql = format!(
        "SELECT {labels}{} FROM \"{}\" WHERE day >= :window_start_date AND day < :window_end_date{group}",
        sums.join(", "),
        metric.id
    );
    Query::new(SqlQuery(Template::plain(sql)))
}

fn differences(expect: &Expect, snapshot: &Snapshot) -> Vec<String> {
    let fits = |verdict: &&Verdict| match &expect.labels {
        None => true,
        Some(labels) => {
            labels.iter().all(|(name, value)| verdict.labels.get(name) == Some(value.as_str()))
        }
    };
    let state = snapshot.kpis.iter().find(|state| state.kpi.id == expect.kpi);
    let Some((state, verdict)) = state.and_then(|s| Some((s, s.verdicts.iter().find(fits)?)))
    else {
        return vec![format!("{}: no such label set", expect.kpi)];
    };
    let assessment = &verdict.assessment;
    let mut all = Vec::new();
    let mut differ = |what: &str, wanted: String, found: String| {
        all.push(format!("{} {what}\n  - {wanted}\n  + {found}", expect.kpi));
    };
    if let Some((wanted, tolerance)) = expect.value {
        let good = assessment.value.is_some_and(|value| (value - wanted).abs() <= tolerance);
        if !good {
            let unit = &state.kpi.unit;
            let (wanted, found) = match assessment.value {
                Some(value) => unit.show_pair(wanted, value),
                None => (unit.show(wanted), format!("nothing: {}", assessment.reason)),
            };
            differ("value", wanted, found);
        }
    }
    if let Some(status) =
        expect.status.as_ref().filter(|status| **status != assessment.status.as_str())
    {
        differ(
            "status",
            status.clone(),
            format!("{} ({})", assessment.status.as_str(), assessment.reason),
        );
    }
    if let Some(reason) = expect.reason.as_ref().filter(|part| !assessment.reason.contains(*part)) {
        differ("reason", reason.clone(), assessment.reason.clone());
    }
    all
}

fn text(out: &mut impl Write, outcomes: &[Outcome]) -> std::io::Result<()> {
    for Outcome { name, differs } in outcomes {
        writeln!(out, "{} {name}", if differs.is_empty() { "ok    " } else { "FAILED" })?;
        for line in differs.iter().flat_map(|text| text.lines()) {
            writeln!(out, "       {line}")?;
        }
    }
    let failed = outcomes.iter().filter(|outcome| !outcome.differs.is_empty()).count();
    writeln!(out, "{}, {failed} failed", counted(outcomes.len(), "test"))
}

/// The Test Anything Protocol, in the version that all of its readers know.
fn tap(out: &mut impl Write, outcomes: &[Outcome]) -> std::io::Result<()> {
    writeln!(out, "TAP version 13\n1..{}", outcomes.len())?;
    for (at, Outcome { name, differs }) in outcomes.iter().enumerate() {
        writeln!(out, "{}ok {} - {name}", if differs.is_empty() { "" } else { "not " }, at + 1)?;
        if !differs.is_empty() {
            writeln!(out, "  ---\n  message: |")?;
            for line in differs.iter().flat_map(|text| text.lines()) {
                writeln!(out, "    {line}")?;
            }
            writeln!(out, "  ...")?;
        }
    }
    Ok(())
}

fn junit(out: &mut impl Write, outcomes: &[Outcome]) -> std::io::Result<()> {
    let escaped = |text: &str| {
        let text: String = text.chars().filter(|c| !c.is_control() || *c == '\n').collect();
        text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
    };
    let failed = outcomes.iter().filter(|outcome| !outcome.differs.is_empty()).count();
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuites tests=\"{0}\" failures=\"{failed}\">\n<testsuite name=\"kpi-exporter\" tests=\"{0}\" failures=\"{failed}\">",
        outcomes.len()
    )?;
    for Outcome { name, differs } in outcomes {
        let name = escaped(name);
        if differs.is_empty() {
            writeln!(out, "<testcase classname=\"tests\" name=\"{name}\"/>")?;
        } else {
            let first =
                escaped(differs.first().and_then(|text| text.lines().next()).unwrap_or_default());
            let all = escaped(&differs.join("\n"));
            writeln!(
                out,
                "<testcase classname=\"tests\" name=\"{name}\"><failure message=\"{first}\">{all}</failure></testcase>"
            )?;
        }
    }
    writeln!(out, "</testsuite>\n</testsuites>")
}
