//! Schedules: crontab meaning, intervals, jitter, back-off. Owns time and nothing else: what runs on
//! a schedule is the caller's business.

/// When something is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule;
