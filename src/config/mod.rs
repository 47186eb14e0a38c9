//! Configuration: from YAML files and the environment to validated definitions, or to *all* that is
//! wrong with them at once, each mistake with its place, its line and what to do about it.
//!
//! # Layout
//! `load` reads files; `yaml` makes a tree of `node`s with places; `interpolate` resolves `${...}`;
//! `document` merges the files; `entry`, `de`, `forms` and `raw` read entries as written; `validate`
//! makes definitions of them. `diagnostic`, `excerpt` and `secrets` show mistakes. The daemon's own
//! `settings` also take the environment.
//!
//! Not here: opening sources, or anything that needs a clock.

mod de;
mod diagnostic;
mod document;
mod entry;
mod environment;
mod excerpt;
mod files;
mod forms;
mod interpolate;
mod json;
mod load;
mod node;
mod parse;
mod raw;
mod secrets;
mod settings;
mod spanned;
mod suggest;
mod validate;
mod yaml;

use std::collections::BTreeMap;

pub use diagnostic::{Diagnostic, Diagnostics};
pub use environment::Environment;
pub use load::{load, load_text};
pub use settings::{LogFormat, LogSettings, ServerSettings, Settings, StoreSettings};

pub(crate) use suggest::did_you_mean;

use crate::calendar::PeriodKind;
use crate::kpi::Definitions;
use crate::source::SourceConfig;

/// A configuration without mistakes.
#[derive(Debug)]
pub struct Config {
    /// Of the daemon itself.
    pub settings: Settings,
    /// Calendar, objectives, metrics and KPIs.
    pub definitions: Definitions,
    /// By id; every metric's source is among them.
    pub sources: BTreeMap<String, SourceConfig>,
    /// The period of what says nothing about it.
    pub default_period: PeriodKind,
}
