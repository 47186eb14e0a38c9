//! A snapshot as Prometheus reads it: encoders, bodies rendered once per snapshot and shared by all
//! scrapes.
//!
//! Not here: the names of metrics (`families`), HTTP (`server`), and any computing of KPIs (`assess`).

mod body;
mod encode;
mod history;
mod labels;
mod number;
mod published;
mod self_metrics;
mod sink;
#[cfg(test)]
mod tests;

pub use crate::families;
pub use encode::ExpositionFormat;
pub use families::{Family, FamilyKind};
pub use history::History;
pub use labels::check_scrape_label;
pub use published::{Published, ScrapeBody};
pub use self_metrics::SelfMetrics;
