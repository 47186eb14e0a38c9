//! What several commands are asked in the same words: as of when, and about which KPIs. Not here: what they
//! do about it.

use anyhow::bail;
use chrono::{DateTime, Utc};
use tracing::warn;

use super::Unusable;
use crate::calendar::Calendar;
use crate::clock;
use crate::config::Config;

/// An instant that a command is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct AsOf {
    pub(super) at: DateTime<Utc>,
    /// It lies in the future: what is shown for it is not known yet.
    pub(super) to_come: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct When {
    /// Instant that it is about: RFC 3339, or a date for the end of that day (default: now).
    #[arg(long, value_name = "T")]
    as_of: Option<String>,
}

impl When {
    pub(super) fn as_of(&self, calendar: &Calendar) -> Result<AsOf, Unusable> {
        instant("--as-of", self.as_of.as_deref(), calendar)
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct Only {
    /// Only this KPI; may be given several times.
    #[arg(long, value_name = "ID")]
    kpi: Vec<String>,
}

impl Only {
    /// Leaves out the KPIs that were not asked for, so that only their metrics are fetched.
    pub(super) fn keep(&self, config: &mut Config) -> anyhow::Result<()> {
        let kpis = &mut config.definitions.kpis;
        if let Some(unknown) = self.kpi.iter().find(|id| !kpis.iter().any(|kpi| kpi.id == **id)) {
            let known: Vec<&str> = kpis.iter().map(|kpi| kpi.id.as_str()).collect();
            bail!("--kpi: there is no KPI `{unknown}`; the configuration has {}", known.join(", "));
        }
        if !self.kpi.is_empty() {
            kpis.retain(|kpi| self.kpi.iter().any(|id| kpi.id == *id));
        }
        Ok(())
    }
}

/// The instant that this argument names; now without it. One that is still to come is told, since what is
/// missing of it looks like a bad result.
pub(super) fn instant(
    argument: &str,
    text: Option<&str>,
    calendar: &Calendar,
) -> Result<AsOf, Unusable> {
    let now = clock::system();
    let Some(text) = text else { return Ok(AsOf { at: now, to_come: false }) };
    let at = calendar.parse_as_of(text);
    let at = at.map_err(|message| Unusable(format!("{argument}: {message}")))?;
    let to_come = at > now;
    if to_come {
        warn!(
            "{argument} {text} is still to come: what has not happened yet is missing from every number, \
             and a period that has not ended is shown as if it had (hint: without {argument} it is now)"
        );
    }
    Ok(AsOf { at, to_come })
}
