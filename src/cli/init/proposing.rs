//! Queries of a plan from a look at the database: what is found, what takes its place, what the database
//! refuses. Not here: guessing (`proposal`), and asking the database (`look`).

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::path::Path;

use super::address::Address;
use super::asked;
use super::look::Database;
use super::text::{Entry, Plan, Queries};
use crate::catalog::{self, Template};
use crate::cli::{Unusable, counted};
use crate::config::Environment;
use crate::kpi::Unit;
use crate::proposal::{self, Chosen, Schema};

/// The answer of who has no such table.
const NONE: &str = "none";

/// KPIs of a team, at least.
const FEW: usize = 3;

/// Looks for what the templates need.
pub(super) struct Proposing<'a> {
    pub(super) database: &'a Database,
    pub(super) address: &'a Address,
    pub(super) folder: &'a Path,
    pub(super) environment: &'a Environment,
}

impl Proposing<'_> {
    /// Puts queries into the plan, and other templates where too few have some. Gives the currency of the rows.
    pub(super) async fn fill(
        &self,
        plan: &mut Plan<'_>,
        spare: &[&str],
        chosen: &mut Chosen,
    ) -> anyhow::Result<Option<String>> {
        let mut schema = self.database.schema().await?;
        anstream::eprintln!("{}: {}", self.database.place, counted(schema.tables.len(), "table"));
        let wanted: Vec<&'static Template> =
            plan.entries.iter().map(|entry| entry.template).collect();
        let spare: Vec<&'static Template> =
            spare.iter().filter_map(|id| catalog::find(id)).collect();
        ask_for_tables(&schema, &wanted, chosen)?;
        check_tables(&schema, chosen)?;
        let all = wanted.iter().chain(&spare).filter(|template| template.source == "sql");
        let names: BTreeSet<String> = all
            .flat_map(|template| proposal::to_look_at(&schema, template, chosen))
            .map(proposal::Table::full_name)
            .collect();
        let names: Vec<String> = names.into_iter().collect();
        self.database.sample(&mut schema, &names).await;
        let propose =
            |template: &'static Template| match proposal::propose(&schema, template, chosen) {
                _ if template.source != "sql" => Queries::Catalogue,
                Ok(proposal) => Queries::Proposed(proposal),
                Err(why) => Queries::Missing(why),
            };
        plan.entries =
            wanted.iter().map(|&template| Entry { template, queries: propose(template) }).collect();
        self.drop_failing(plan).await?;
        for template in spare {
            if plan
                .entries
                .iter()
                .filter(|entry| !matches!(entry.queries, Queries::Missing(_)))
                .count()
                > FEW
            {
                break;
            }
            let queries = propose(template);
            if !matches!(queries, Queries::Missing(_)) {
                plan.entries.push(Entry { template, queries });
                self.drop_failing(plan).await?;
            }
        }
        if plan.entries.iter().all(|entry| matches!(entry.queries, Queries::Missing(_))) {
            return Err(nothing_found(&plan.entries).into());
        }
        let currencies = plan.entries.iter().filter_map(|entry| match &entry.queries {
            Queries::Proposed(proposal) => proposal.currency.clone(),
            _ => None,
        });
        Ok(currencies.into_iter().find(|text| matches!(Unit::parse(text), Some(Unit::Currency(_)))))
    }

    /// What a database refuses is not proposed.
    async fn drop_failing(&self, plan: &mut Plan<'_>) -> anyhow::Result<()> {
        let url = self.address.given.clone().unwrap_or_default();
        let text = plan.text(&|kind| {
            if kind == "sql" { url.clone() } else { "http://localhost:9090".to_owned() }
        });
        for (metric, why) in self.database.failing(&text, self.folder, self.environment).await? {
            let of = plan.entries.iter_mut().find(|entry| {
                let Queries::Proposed(proposal) = &entry.queries else { return false };
                proposal.metrics.iter().any(|(name, _)| entry.template.metric_name(name) == metric)
            });
            if let Some(entry) = of {
                entry.queries = Queries::Missing(format!("the database refuses its query: {why}"));
            }
        }
        Ok(())
    }
}

/// Tables that somebody names have to be there.
fn check_tables(schema: &Schema, chosen: &Chosen) -> Result<(), Unusable> {
    for (name, table) in chosen.iter().filter(|(_, table)| *table != NONE) {
        if let Err(like) = proposal::named(schema, table) {
            let hint = like.map(|like| format!(" (hint: did you mean `{like}`?)"));
            return Err(Unusable(format!(
                "--table {name}={table}: there is no table `{table}` that may be read{}",
                hint.unwrap_or_default()
            )));
        }
    }
    Ok(())
}

/// There is nothing to write: why, for each template.
fn nothing_found(entries: &[Entry]) -> Unusable {
    let mut text = "the database has nothing for any of the templates".to_owned();
    for entry in entries {
        if let Queries::Missing(why) = &entry.queries {
            let _ = write!(text, "\n  {}: {}", entry.template.id, crate::shown::line(why, 200));
        }
    }
    text.push_str("\n  hint: --table NAME=TABLE says which table is meant, --no-look writes the queries of the catalogue; tables that the login may not read are not seen");
    Unusable(text)
}

/// On a terminal people say which tables are meant.
fn ask_for_tables(
    schema: &Schema,
    wanted: &[&Template],
    chosen: &mut Chosen,
) -> anyhow::Result<()> {
    let mut asked_for = BTreeSet::new();
    for name in wanted.iter().flat_map(|template| proposal::tables_of(template)) {
        let first = proposal::candidates(schema, name).first().map(|table| table.full_name());
        if chosen.contains_key(name) || !asked_for.insert(name) || !std::io::stdin().is_terminal() {
            continue;
        }
        let default = first.unwrap_or_else(|| NONE.to_owned());
        let answer = asked(&format!("Table of {name}"), &default)?;
        // What is guessed may still give way to one that has the columns.
        if answer != default {
            chosen.insert(name.to_owned(), answer);
        }
    }
    Ok(())
}
