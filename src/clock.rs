//! The one place that reads the clock. Everything else takes the instant as an argument.

use chrono::{DateTime, Utc};

/// What the daemon and the commands ask for the time.
pub type Clock = fn() -> DateTime<Utc>;

/// The system's time.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn system() -> DateTime<Utc> {
    Utc::now()
}
