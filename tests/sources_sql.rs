//! The `sql` source on real servers. Each test that needs a server starts its own and does a lot
//! with it.

#[cfg(test)]
#[path = "support/ask.rs"]
mod ask;
#[cfg(test)]
#[path = "support/servers.rs"]
mod servers;

#[cfg(test)]
#[path = "sources_sql/mod.rs"]
mod tests;
