//! The tables that the queries of templates are over, and what others call them: `tables.yaml`, embedded.

use std::path::Path;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::reader::de::Reader;
use crate::reader::diagnostic::Problems;
use crate::reader::files::Files;
use crate::reader::forms::Pairs;
use crate::reader::yaml;

const FILE: &str = include_str!("tables.yaml");

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A day or an instant.
    Time,
    Money,
    Number,
    /// What tells things apart.
    Id,
    /// One of a few words.
    Word,
    /// Yes or no.
    Flag,
}

/// A column of a table of the catalogue.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) role: Role,
    /// Other names, the likeliest first.
    pub(super) names: Vec<String>,
    /// What stands for it where nothing is found.
    pub(super) otherwise: Option<String>,
}

/// A table of the catalogue.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) name: String,
    /// Of its rows, for people.
    pub(super) what: String,
    /// Other names, the likeliest first.
    pub(super) names: Vec<String>,
    pub(super) columns: Vec<Wanted>,
}

impl Known {
    /// All that it may be called.
    pub(super) fn all_names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.name.as_str()).chain(self.names.iter().map(String::as_str))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRaw {
    tables: Pairs<String, KnownRaw>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KnownRaw {
    what: String,
    #[serde(default)]
    names: Vec<String>,
    columns: Pairs<String, WantedRaw>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WantedRaw {
    role: String,
    #[serde(default)]
    names: Vec<String>,
    or: Option<String>,
}

/// All of them.
pub(super) fn all() -> &'static [Known] {
    static ALL: OnceLock<Vec<Known>> = OnceLock::new();
    ALL.get_or_init(|| read().unwrap_or_default())
}

/// The table with this name.
pub(super) fn find(name: &str) -> Option<&'static Known> {
    all().iter().find(|known| known.name == name)
}

/// `None` after a mistake, of which a test knows.
fn read() -> Option<Vec<Known>> {
    let (mut files, mut problems) = (Files::default(), Problems::default());
    let file = files.add("tables.yaml", FILE, Path::new(""));
    let node = yaml::parse(&mut files, file, &mut problems);
    let raw = FileRaw::deserialize(Reader(&node?)).ok().filter(|_| problems.is_empty())?;
    let tables = raw.tables.0.into_iter().map(|(name, known)| {
        let known = known.value;
        let columns = known.columns.0.into_iter().map(|(name, column)| {
            let WantedRaw { role, names, or } = column.value;
            Some(Wanted { name: name.value, role: Role::of(&role)?, names, otherwise: or })
        });
        let columns = columns.collect::<Option<Vec<Wanted>>>()?;
        Some(Known { name: name.value, what: known.what, names: known.names, columns })
    });
    tables.collect()
}

impl Role {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "time" => Self::Time,
            "money" => Self::Money,
            "number" => Self::Number,
            "id" => Self::Id,
            "word" => Self::Word,
            "flag" => Self::Flag,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_of_the_file_is_read() {
        assert_eq!(all().len(), FILE.matches("    what: ").count());
        assert!(all().len() > 25);
    }
}
