//! Queries for the inputs of templates, from what a database has: which table and which columns are meant,
//! and how their types are compared. Guesses by names and types, which people look at before they use them.
//!
//! Not here: asking the database (`cli`), nor what templates are (`catalog`).

mod column;
mod look;
mod matching;
mod names;
mod others;
mod rewrite;
mod tables;

pub use column::Column;
pub use look::{MOST_COLUMNS, columns_of, columns_query, sample_of, sample_query};
pub use names::quoted;

use std::collections::BTreeMap;

use self::matching::Found;
use crate::catalog::Template;
use crate::reader::suggest::closest;
use crate::source::statement::Dialect;

/// What a database has.
#[derive(Debug)]
pub struct Schema {
    /// How its statements are written.
    pub dialect: Dialect,
    /// In the order in which the database lists them.
    pub tables: Vec<Table>,
}

/// A table or view.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// Its schema, or its database; empty where there is one only.
    pub schema: String,
    /// As the database spells it.
    pub name: String,
    /// Names of it need no schema.
    pub is_home: bool,
    /// A view.
    pub is_view: bool,
    /// Looked into, and nothing was there.
    pub is_empty: bool,
    /// In order.
    pub columns: Vec<Column>,
}

impl Table {
    /// Its name as messages and flags have it.
    pub fn full_name(&self) -> String {
        if self.is_home { self.name.clone() } else { format!("{}.{}", self.schema, self.name) }
    }

    /// Its name as statements have it.
    pub fn in_sql(&self, dialect: Dialect) -> String {
        let name = quoted(dialect, &self.name);
        if self.is_home { name } else { format!("{}.{name}", quoted(dialect, &self.schema)) }
    }
}

/// What somebody says of the tables of templates: `orders` is `shop.purchases`.
pub type Chosen = BTreeMap<String, String>;

/// What is proposed for a template.
#[derive(Debug)]
pub struct Proposal {
    /// Queries by the names of their metrics, as the template has them.
    pub metrics: Vec<(String, String)>,
    /// Where it comes from and what to look at, a line each.
    pub notes: Vec<String>,
    /// The one currency that the rows have.
    pub currency: Option<String>,
}

/// The tables that the queries of a template are over, by the names that the catalogue gives them.
pub fn tables_of(template: &Template) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = Vec::new();
    for (_, query) in &template.metrics {
        names.extend(rewrite::table_of(query).map(|table| table.name.as_str()));
    }
    names.dedup();
    names
}

/// Whether the catalogue has a table of this name.
pub fn knows(name: &str) -> bool {
    tables::find(name).is_some()
}

/// The tables of the catalogue.
pub fn table_names() -> Vec<&'static str> {
    tables::all().iter().map(|known| known.name.as_str()).collect()
}

/// Tables that may be meant by one of the catalogue, the likeliest first.
pub fn candidates<'s>(schema: &'s Schema, name: &str) -> Vec<&'s Table> {
    tables::find(name).map_or_else(Vec::new, |known| matching::candidates(schema, known))
}

/// Whether a database has the table that somebody names, and else one that is called alike.
pub fn named<'s>(schema: &'s Schema, name: &str) -> Result<(), Option<&'s str>> {
    if matching::named(schema, name).is_some() {
        return Ok(());
    }
    Err(closest(name, schema.tables.iter().map(|table| table.name.as_str())))
}

/// All tables that any of the queries for a template may be over, the likeliest of each.
pub fn to_look_at<'s>(schema: &'s Schema, template: &Template, chosen: &Chosen) -> Vec<&'s Table> {
    const OF_EACH: usize = 3;
    let queries = template.metrics.iter().map(|(_, query)| query.as_str());
    let others = template.metrics.iter().flat_map(|(name, _)| others::of(&template.id, name));
    let mut found: Vec<&Table> = Vec::new();
    for known in queries.chain(others).filter_map(rewrite::table_of) {
        let named = chosen.get(&known.name).and_then(|name| matching::named(schema, name));
        found.extend(named);
        found.extend(matching::candidates(schema, known).into_iter().take(OF_EACH));
    }
    found.dedup_by_key(|table| table.full_name());
    found
}

/// Queries for all metrics of a template, or what is missing for the first that has none.
///
/// # Errors
/// What was looked for and is not there, for people.
pub fn propose(schema: &Schema, template: &Template, chosen: &Chosen) -> Result<Proposal, String> {
    let mut proposal = Proposal { metrics: Vec::new(), notes: Vec::new(), currency: None };
    for (name, query) in &template.metrics {
        let queries = std::iter::once(query.as_str()).chain(others::of(&template.id, name));
        let (mut found, mut reasons) = (None, Vec::new());
        for query in queries {
            match one(schema, query, chosen) {
                Ok(good) => {
                    found = Some(good);
                    break;
                }
                Err(reason) => reasons.push(reason),
            }
        }
        let Some((query, found)) = found else {
            reasons.dedup();
            return Err(reasons.join("; "));
        };
        proposal.notes.extend(notes(&found));
        proposal.notes.dedup();
        if proposal.currency.is_none() {
            proposal.currency = found.currency();
        }
        proposal.metrics.push((name.clone(), query));
    }
    Ok(proposal)
}

fn one<'s>(
    schema: &'s Schema,
    query: &str,
    chosen: &Chosen,
) -> Result<(String, Found<'s>), String> {
    let known = rewrite::table_of(query).ok_or("its query is over no table that is known")?;
    let needed = rewrite::columns_of(query, known);
    let found = matching::find(schema, known, &needed, chosen.get(&known.name))?;
    let text = rewrite::rewrite(schema.dialect, query, &found)?;
    Ok((text, found))
}

fn notes(found: &Found<'_>) -> Vec<String> {
    let columns = found.columns.iter().filter_map(|(wanted, column)| {
        let column = column.as_ref()?;
        Some(if column.name == wanted.name {
            column.name.clone()
        } else {
            format!("{} as {}", column.name, wanted.name)
        })
    });
    let columns: Vec<String> = columns.collect();
    let what = if found.table.is_view { "view" } else { "table" };
    let mut notes = vec![format!(
        "{} from the {what} {} ({})",
        found.known.what,
        found.table.full_name(),
        columns.join(", ")
    )];
    if found.table.is_empty {
        notes.push("there are no rows in it yet".to_owned());
    }
    notes.extend(found.remarks.iter().cloned());
    if !found.besides.is_empty() {
        let list: Vec<String> = found.besides.iter().take(3).cloned().collect();
        notes.push(format!(
            "{} may be meant as well: --table {}={}",
            list.join(", "),
            found.known.name,
            list.first().map_or("", String::as_str)
        ));
    }
    notes
}

#[cfg(test)]
#[path = "tests/mod.rs"]
mod tests;
