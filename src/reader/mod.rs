//! Reading YAML: from texts to structures with places, or to *all* that is wrong with them at once,
//! each mistake with its place, its line and what to do about it.
//!
//! # Layout
//! `files` holds the texts; `yaml` makes a tree of `node`s with places; `interpolate` resolves
//! `${...}` from the `environment` and from files; `entry`, `de`, `spanned`, `json` and `forms` read
//! structures from the tree. `diagnostic`, `excerpt`, `secrets` and `suggest` show mistakes.
//!
//! Not here: any key. What a configuration may say is known above (`source`, `config`).

pub(crate) mod bounds;
pub(crate) mod de;
pub(crate) mod de_error;
pub(crate) mod diagnostic;
pub(crate) mod entry;
pub(crate) mod environment;
pub(crate) mod excerpt;
pub(crate) mod files;
pub(crate) mod forms;
pub(crate) mod interpolate;
pub(crate) mod json;
pub(crate) mod node;
pub(crate) mod parse;
pub(crate) mod report;
pub(crate) mod secret_text;
pub(crate) mod secrets;
pub(crate) mod spanned;
pub(crate) mod suggest;
pub(crate) mod yaml;
