//! From a hand-made snapshot to what scrapers, scripts and people are given.

#[cfg(test)]
mod api;
#[cfg(test)]
mod docs;
#[cfg(test)]
mod exposition;
#[cfg(test)]
mod kpi_page;
#[cfg(test)]
mod names;
#[cfg(test)]
mod parameters;
#[cfg(test)]
mod server;
#[cfg(test)]
#[path = "../support/snapshot.rs"]
mod snapshot;
#[cfg(test)]
#[path = "../support/thousand.rs"]
mod thousand;
#[cfg(test)]
mod web;
