//! `init`: a commented starter configuration from the catalogue: a whole framework of KPIs, leading and
//! lagging, linked. Asks on a terminal for what no flag says; with the address of a database it looks at
//! its tables and proposes the queries. Shows what it writes and overwrites nothing.

mod address;
mod frameworks;
mod look;
mod proposing;
mod text;

use std::collections::BTreeSet;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;

use self::address::Address;
use self::frameworks::Framework;
use self::look::Database;
use self::proposing::Proposing;
use self::text::{Entry, Plan, Queries};
use super::Unusable;
use crate::catalog::{self, Template};
use crate::config::{self, Environment};
use crate::kpi::Unit;
use crate::proposal::{self, Chosen};

/// Where an editor finds what the keys are.
const SCHEMA: &str = "kpi-exporter.schema.json";

/// What people try.
const EXAMPLES: &str = "\
Examples:
  kpi-exporter init                                      asks for everything
  kpi-exporter init --from-template ecommerce --url '${env:WAREHOUSE_URL}'
  kpi-exporter init --template revenue --template churn_rate --url sqlite://shop.db --dry-run";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The framework to start from.
    #[arg(long, value_enum)]
    from_template: Option<Framework>,
    /// Only these templates of the catalogue, instead of those of a framework.
    #[arg(long, value_name = "ID")]
    template: Vec<String>,
    /// The team that reviews the KPIs.
    #[arg(long)]
    team: Option<String>,
    /// The goal they serve, in a few words.
    #[arg(long)]
    objective: Option<String>,
    /// Who answers for them.
    #[arg(long)]
    owner: Option<String>,
    /// The database, or the Prometheus server, that they come from; best as '${env:NAME}', since a command
    /// line is no secret. Tables of PostgreSQL, MySQL, MariaDB and SQLite are looked at.
    #[arg(long)]
    url: Option<String>,
    /// The table that one of the catalogue is: `orders=shop.purchases`.
    #[arg(long, value_name = "NAME=TABLE")]
    table: Vec<String>,
    /// Do not look at the database: the queries are over the tables of docs/catalog.md.
    #[arg(long)]
    no_look: bool,
    /// The currency of amounts of money (default: that of the rows, else USD).
    #[arg(long)]
    currency: Option<String>,
    /// File to write.
    #[arg(long, value_name = "FILE", default_value = "kpi-exporter.yaml")]
    output: PathBuf,
    /// Write nothing: only show it.
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(arguments: &Arguments, environment: &Environment) -> anyhow::Result<ExitCode> {
    let output = &arguments.output;
    if output.exists() && !arguments.dry_run {
        let message = format!(
            "{} is there already and is not overwritten (hint: --output FILE, or --dry-run)",
            output.display()
        );
        return Err(Unusable(message).into());
    }
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let currency = arguments.currency.as_deref().map(currency).transpose()?;
    let mut chosen = chosen(&arguments.table)?;
    let framework = framework(arguments)?;
    let wanted = templates(arguments, framework)?;
    let goal = framework.map_or("Reach what we set out for", Framework::goal);
    let team = given(arguments.team.as_ref(), "Team", "my_team")?;
    let objective = given(arguments.objective.as_ref(), "Objective", goal)?;
    let owner = given(arguments.owner.as_ref(), "Owner", "me@example.com")?;
    let of_sql = wanted.iter().any(|template| template.source == "sql");
    let question = if of_sql {
        "Database URL, best as ${env:NAME}; none to look at nothing"
    } else {
        "URL of Prometheus"
    };
    let url = given(arguments.url.as_ref(), question, "")?;
    let address = Address::of(Some(url.as_str()).filter(|url| !url.is_empty()), output);

    let look_away = arguments.no_look || !of_sql || address.is_prometheus();
    let database = match &address.given {
        Some(url) if !look_away => Database::open(url, folder, environment)?,
        _ => None,
    };
    if let (None, Some(_), false) = (&database, &address.given, look_away) {
        anstream::eprintln!("only PostgreSQL, MySQL, MariaDB and SQLite are looked at");
    }
    let mut plan = Plan {
        head: head(framework, database.as_ref()),
        team: &team,
        objective: &objective,
        owner: &owner,
        currency: currency.clone().unwrap_or_else(|| "USD".to_owned()),
        entries: wanted
            .iter()
            .map(|&template| Entry { template, queries: Queries::Catalogue })
            .collect(),
    };
    if let Some(database) = &database {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let spare =
            framework.filter(|_| arguments.template.is_empty()).map_or(&[][..], Framework::spare);
        let proposing = Proposing { database, address: &address, folder, environment };
        let found = runtime.block_on(proposing.fill(&mut plan, spare, &mut chosen))?;
        if let Some(found) = found.filter(|_| currency.is_none()) {
            plan.currency = found;
        }
    }
    let text = plan.text(&|kind| address_of(&address, kind));
    let mut out = anstream::stdout();
    write!(out, "{text}")?;
    if arguments.dry_run || !confirmed(output)? {
        return Ok(ExitCode::SUCCESS);
    }
    write_new(output, &text)?;
    let schema = folder.join(SCHEMA);
    if !schema.exists() {
        write_new(&schema, &format!("{:#}\n", config::schema()))?;
    }
    tell_next(output, &address, database.is_some());
    Ok(ExitCode::SUCCESS)
}

/// What somebody does next.
fn tell_next(output: &Path, address: &Address, looked: bool) {
    let output = output.display();
    let names = if looked {
        "look at the queries"
    } else {
        "put the names of your tables into the queries"
    };
    let variable = if address.is_prometheus() { "PROMETHEUS_URL" } else { "WAREHOUSE_URL" };
    if !address.is_plain() {
        anstream::eprintln!(
            "the address holds a password, which is not written: the file asks for it in {variable}\n  export {variable}=…  # the address that you gave"
        );
    } else if address.given.is_none() {
        anstream::eprintln!("the file asks for the address in {variable}");
    }
    anstream::eprintln!(
        "wrote {output} and {SCHEMA} beside it, for editors; next: {names}, then\n  kpi-exporter check --connect --config {output}\n  kpi-exporter eval --config {output}"
    );
}

fn write_new(path: &Path, text: &str) -> anyhow::Result<()> {
    let file = std::fs::OpenOptions::new().write(true).create_new(true).open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.with_context(|| format!("cannot write {}", path.display()))
}

fn address_of(address: &Address, kind: &str) -> String {
    match kind {
        "prometheus" if address.is_prometheus() => address.written("PROMETHEUS_URL"),
        "prometheus" => Address::default().written("PROMETHEUS_URL"),
        _ if address.is_prometheus() => Address::default().written("WAREHOUSE_URL"),
        _ => address.written("WAREHOUSE_URL"),
    }
}

fn head(framework: Option<Framework>, database: Option<&Database>) -> String {
    let what = framework.map_or_else(
        || "KPIs of the catalogue".to_owned(),
        |framework| format!("The framework `{}`", framework.name()),
    );
    let how = match database {
        Some(database) => format!(
            "written by `kpi-exporter init` after a look at {}.\n# Look at the queries: tables and columns are guessed by their names.",
            crate::shown::line(&database.place, 200)
        ),
        None => "to start from. The queries are over tables as docs/catalog.md\n# describes them: put the names of yours into them.".to_owned(),
    };
    format!(
        "# yaml-language-server: $schema={SCHEMA}\n# {what}, {how}\n# `kpi-exporter catalog ID` explains each KPI and its traps.\n"
    )
}

fn chosen(flags: &[String]) -> Result<Chosen, Unusable> {
    let one = |flag: &String| {
        let pair =
            flag.split_once('=').filter(|(name, table)| !name.is_empty() && !table.is_empty());
        let (name, table) = pair.ok_or_else(|| {
            Unusable(format!(
                "--table: expected NAME=TABLE, like orders=shop.purchases, found `{flag}`"
            ))
        })?;
        if proposal::knows(name) {
            return Ok((name.to_owned(), table.to_owned()));
        }
        let names = proposal::table_names().join(", ");
        Err(Unusable(format!("--table: the catalogue has no table `{name}`; it has {names}")))
    };
    flags.iter().map(one).collect()
}

fn currency(text: &str) -> Result<String, Unusable> {
    match Unit::parse(text) {
        Some(Unit::Currency(_)) => Ok(text.to_owned()),
        _ => Err(Unusable(format!(
            "--currency: expected an ISO 4217 code like USD or EUR, found `{text}`"
        ))),
    }
}

/// `None` where templates are named one by one.
fn framework(arguments: &Arguments) -> anyhow::Result<Option<Framework>> {
    if arguments.from_template.is_some() || !arguments.template.is_empty() {
        return Ok(arguments.from_template);
    }
    let answer = asked(&format!("Framework ({})", Framework::names()), "saas")?;
    let framework = <Framework as clap::ValueEnum>::from_str(&answer, true);
    let unknown =
        |_| Unusable(format!("there is no framework `{answer}`; there are {}", Framework::names()));
    Ok(Some(framework.map_err(unknown)?))
}

fn templates(
    arguments: &Arguments,
    framework: Option<Framework>,
) -> anyhow::Result<Vec<&'static Template>> {
    let mut ids: Vec<String> = arguments.template.clone();
    if ids.is_empty()
        && let Some(framework) = framework
    {
        let all = framework.templates().join(", ");
        let answer = asked("Templates", &all)?;
        ids = answer.split([',', ' ']).filter(|id| !id.is_empty()).map(str::to_owned).collect();
    }
    let mut seen = BTreeSet::new();
    ids.retain(|id| seen.insert(id.clone()));
    let find = |id: &String| {
        catalog::find(id).ok_or_else(|| {
            let hint = match catalog::meant(id) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "`kpi-exporter catalog` lists them".to_owned(),
            };
            Unusable(format!("there is no template `{id}` (hint: {hint})")).into()
        })
    };
    ids.iter().map(find).collect()
}

fn given(flag: Option<&String>, what: &str, default: &str) -> anyhow::Result<String> {
    flag.map_or_else(|| asked(what, default), |text| Ok(text.clone()))
}

/// Whether to write, which only a terminal is asked for.
fn confirmed(output: &Path) -> anyhow::Result<bool> {
    let answer = asked(&format!("Write {}", output.display()), "yes")?;
    Ok(["yes", "y"].contains(&answer.to_lowercase().as_str()))
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
