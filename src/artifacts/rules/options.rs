//! What a user may choose about the rules.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use super::duration::show;
use super::look::Look;

/// Name of the scrape job that rules and back-filled history go by, unless another one is chosen.
pub const JOB: &str = "kpi-exporter";

/// Parameters of the rules. The default is what is committed under `deploy/`.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleOptions {
    /// Name of the scrape job: only the alerts about the exporter itself need it.
    pub job: String,
    /// Factor on every waiting time and look-back, 0 or more: small for tests.
    pub duration_scale: f64,
    /// Where people reach the exporter: its pages and runbooks, unless other places are given.
    pub external_url: String,
    /// Folder of the runbooks, if not the exporter; the name of the alert and `.md` follow.
    pub runbook_base_url: Option<String>,
    /// Address of Grafana, if the alerts shall lead there; the path of a dashboard follows.
    pub dashboard_base_url: Option<String>,
    /// Names for severities.
    pub severity_map: SeverityMap,
}

impl Default for RuleOptions {
    fn default() -> Self {
        Self {
            job: JOB.into(),
            duration_scale: 1.0,
            external_url: "http://localhost:9877".into(),
            runbook_base_url: None,
            dashboard_base_url: None,
            severity_map: SeverityMap::default(),
        }
    }
}

impl RuleOptions {
    /// A waiting time, scaled, to the millisecond.
    pub(super) fn wait(&self, duration: Duration) -> Duration {
        // A factor that makes it absurdly long means "never": the longest that Prometheus takes.
        let longest = 100.0 * 365.0 * 86_400.0;
        let seconds = (duration.as_secs_f64() * self.duration_scale).clamp(0.0, longest);
        Duration::from_secs_f64((seconds * 1000.0).round() / 1000.0)
    }

    /// A range or an offset of an expression, scaled; a range must not be empty.
    pub(super) fn look_back(&self, duration: Duration) -> String {
        show(self.wait(duration).max(Duration::from_secs(1)))
    }

    pub(super) fn severity(&self, severity: &str) -> String {
        self.severity_map.0.get(severity).map_or(severity, String::as_str).to_owned()
    }

    pub(super) fn runbook(&self, alert: &str) -> String {
        match &self.runbook_base_url {
            Some(base) => format!("{}/{alert}.md", base.trim_end_matches('/')),
            None => format!("{}/runbooks/{alert}", self.external_url.trim_end_matches('/')),
        }
    }

    /// Address of what to look at; a Go template.
    pub(super) fn page(&self, look: Look) -> String {
        match &self.dashboard_base_url {
            Some(base) => format!("{}/d/{}", base.trim_end_matches('/'), look.dashboard()),
            None => format!("{}/{}", self.external_url.trim_end_matches('/'), look.page()),
        }
    }
}

/// From the severities of the rules (`critical`, `warning`, `info`, `none`) to those of a house.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeverityMap(BTreeMap<String, String>);

impl SeverityMap {
    /// What the rules use.
    pub const KNOWN: [&str; 4] = ["critical", "warning", "info", "none"];
}

/// Why a text is no [`SeverityMap`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SeverityMapError {
    /// Not two names with `=` between them.
    #[error("`{0}`: expected SEVERITY=NAME, such as warning=page")]
    NoPair(String),
    /// No rule has this severity.
    #[error("`{0}` is not a severity of the rules, which are {known}", known = SeverityMap::KNOWN.join(", "))]
    Unknown(String),
}

impl FromStr for SeverityMap {
    type Err = SeverityMapError;

    /// Reads `warning=page,critical=page`.
    fn from_str(text: &str) -> Result<Self, SeverityMapError> {
        let mut map = BTreeMap::new();
        for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let (from, to) = pair
                .split_once('=')
                .filter(|(_, to)| !to.trim().is_empty())
                .ok_or_else(|| SeverityMapError::NoPair(pair.to_owned()))?;
            if !Self::KNOWN.contains(&from) {
                return Err(SeverityMapError::Unknown(from.to_owned()));
            }
            map.insert(from.to_owned(), to.trim().to_owned());
        }
        Ok(Self(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_severity_map_says_what_it_cannot_read() {
        let error = |text: &str| text.parse::<SeverityMap>().unwrap_err().to_string();
        assert_eq!(error("warning"), "`warning`: expected SEVERITY=NAME, such as warning=page");
        assert!(error("warn=page").starts_with("`warn` is not a severity of the rules, which are"));
        assert_eq!("".parse::<SeverityMap>().unwrap(), SeverityMap::default());
    }

    #[test]
    fn a_scaled_range_is_never_empty_and_a_scaled_wait_may_be() {
        let options = RuleOptions { duration_scale: 0.0, ..RuleOptions::default() };
        assert_eq!(options.look_back(Duration::from_mins(10)), "1s");
        assert_eq!(options.wait(Duration::from_mins(10)), Duration::ZERO);
        let options = RuleOptions { duration_scale: f64::MAX, ..RuleOptions::default() };
        assert_eq!(options.look_back(Duration::from_hours(1)), "36500d");
    }
}
