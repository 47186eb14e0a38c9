//! A snapshot as Prometheus reads it: encoders, bodies rendered and compressed from those before and shared by all
//! scrapes.
//!
//! Not here: the names of metrics (`families`), HTTP (`server`), and any computing of KPIs (`assess`).

mod body;
mod compressed;
mod encode;
mod history;
mod labels;
mod number;
mod pieces;
mod published;
mod rendered;
mod self_metrics;
mod sink;
#[cfg(test)]
mod tests;

pub use crate::families;
pub use compressed::Compressor;
pub use encode::ExpositionFormat;
pub use families::{Family, FamilyKind};
pub use history::History;
pub use labels::check_scrape_label;
pub use published::{Published, ScrapeBody};
pub use self_metrics::SelfMetrics;
