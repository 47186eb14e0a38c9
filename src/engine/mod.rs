//! The engine: which spans of which metrics the KPIs need, the book of what was measured, the log of
//! the last runs, and the evaluation of it all into one snapshot. Not here: schedules and retries (`daemon`).

mod again;
mod at_once;
mod book;
mod breakdown;
mod collect;
mod confirm;
mod daily;
mod dates;
mod demand;
mod drawn;
mod earlier;
mod evaluate;
mod evidence;
mod history;
mod join;
mod kpi_state;
mod last;
mod metric_states;
mod openings;
mod outlook;
mod readers;
mod runs;
mod seasons;
mod uses;
mod weekly_signals;
mod weeks;

pub use again::News;
pub use book::{Book, Entry, share_unchanged};
pub use collect::{
    Answer, Fetch, Fetched, Round, Run, Slot, SourceHandle, Sources, ask, fetch, slots,
};
pub use daily::{Daily, Day};
pub use demand::{Plan, demand, last_close, plan, running_spans_of, spans_of};
pub use evaluate::{Engine, Evaluated};
pub use history::{ChartDay, History, RecentDays};
pub use openings::{Frozen, GRACE, Openings};
pub use readers::Readers;
pub use runs::{MetricLog, RunLog, RunRecord, SourceFacts, SourceLog, untried};
pub use uses::{Use, uses_of};
