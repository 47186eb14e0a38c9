//! The engine: which spans of which metrics the KPIs need, the book of what was measured, and the
//! evaluation of it all into one snapshot. Not here: schedules and retries (`daemon`).

mod book;
mod collect;
mod demand;
mod evaluate;
mod history;
mod join;
mod kpi_state;
mod news;
mod openings;
mod outlook;
mod weeks;

pub use book::{Book, Entry};
pub use collect::{Fetch, Run, SourceHandle, Sources, collect, fetch};
pub use demand::{Plan, demand, last_close, plan, running_spans_of, spans_of};
pub use evaluate::{Engine, is_complete};
pub use history::{Daily, Day, History, SeriesKey};
pub use openings::{Frozen, GRACE, Openings};
