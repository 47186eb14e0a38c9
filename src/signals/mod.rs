//! Noise or news, and does the leading KPI lead? Two statistical answers from numbers alone.
//!
//! `chart` watches the residuals of one series for a departure in the bad direction; `lead` asks
//! whether one series announces another. Not here: KPIs, dates, status, storage; callers bring
//! evenly spaced numbers, oldest first, and translate the answers. `docs/signals.md` says what the
//! answers mean and how often they are wrong.

mod autoregression;
pub mod chart;
pub mod lead;
mod renewal;
mod season;
#[cfg(test)]
mod tests;

pub use chart::{ChartBaseline, Reading, Side, Signal};
pub use lead::{Lead, lead_correlation};
pub use renewal::fresh_start;
pub use season::detect_in_season;
