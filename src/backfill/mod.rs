//! History recomputed: the KPIs as of every day of a span, one after the other, with the same
//! hysteresis that a daemon would have shown. Days are handed over one by one as snapshots; keeping
//! or writing them is the caller's business.

mod gaps;
mod record;
mod replay;
mod resume;
mod steps;

pub use gaps::{Gap, Gaps};
pub use record::{FINAL_AFTER, Recorder};
pub use replay::replay;
pub use resume::{Resume, ResumeError, resume, warm_up};
pub use steps::{MAX_STEPS, StepsError, parse_step, steps};
