//! Files made from what the program declares: nothing here is written twice by hand.
//!
//! Not here: the command line that writes them (`cli::generate`), and the metric names themselves
//! (`exposition::families`).

pub mod dashboards;
