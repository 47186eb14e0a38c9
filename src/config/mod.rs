//! Configuration: from YAML files and the environment to validated definitions, or to *all* that is
//! wrong with them at once, each mistake with its place, its line and what to do about it.
//!
//! # Layout
//! `load` reads files; `document` merges them; `raw` and `forms` are entries as written; `validate`
//! makes definitions of them. The daemon's own `settings` also take the environment. How YAML is
//! read and mistakes are shown is `reader`'s.
//!
//! Not here: opening sources, or anything that needs a clock.

mod document;
mod expectation;
mod folder;
mod forms;
mod load;
mod parse;
mod places;
mod prints;
mod raw;
mod schema;
mod settings;
mod size;
mod validate;
mod watch;

use std::collections::BTreeMap;

pub use crate::reader::diagnostic::{Diagnostic, Diagnostics};
pub use crate::reader::environment::Environment;
pub use expectation::{Expect, Given, UserTest};
pub use load::{Loaded, load, load_text, load_texts, load_watched};
pub use places::{Places, Spot};
pub use prints::Prints;
pub use schema::schema;
pub use settings::{LogFormat, LogSettings, ServerSettings, Settings, StoreSettings};
pub use watch::{Contents, Watched};

pub(crate) use crate::reader::suggest::did_you_mean;
pub(crate) use settings::WebAddress;

use crate::calendar::PeriodKind;
use crate::digest::Digest;
use crate::id::SourceId;
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
    pub sources: BTreeMap<SourceId, SourceConfig>,
    /// In the order of the configuration.
    pub digests: Vec<Digest>,
    /// What is right and could be better: for people who check it.
    pub notes: Vec<Diagnostic>,
    /// What tells how sources and metrics are written.
    pub prints: Prints,
    /// Users' own tests.
    pub tests: Vec<UserTest>,
    /// Where KPIs and metrics stand.
    pub places: Places,
    /// The period of what says nothing about it.
    pub default_period: PeriodKind,
}
