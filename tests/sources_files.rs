//! The `files` source on real files.

#[cfg(test)]
#[path = "support/ask.rs"]
mod ask;

#[cfg(test)]
#[path = "sources_files/mod.rs"]
mod tests;
