//! Projections from history: turns days into steps, asks `forecast`, tells the assessment.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use super::daily::{Daily, Day};
use super::evidence::{largest_denominator, scatter};
use super::history::{History, seasons};
use crate::assess::Evidence;
use crate::calendar::{Calendar, Period, WindowSpec};
use crate::forecast::{Projection, StepKind, forecast};
use crate::kpi::{Accumulation, Kpi, SeriesKey};

/// With fewer earlier periods the declared path knows better.
const NEEDED: usize = 2;

/// Days that no period of its own is made of.
const FEW: usize = 14;

/// What was found, each good until its series has news.
#[derive(Debug, Default)]
pub(super) struct Outlooks(BTreeMap<SeriesKey, (NaiveDate, Option<f64>, Evidence)>);

impl Outlooks {
    /// What the days before say about a value of the running period that is complete up to an
    /// instant.
    pub(super) fn evidence(
        &mut self,
        kpi: &Kpi,
        calendar: &Calendar,
        key: &SeriesKey,
        period: &Period,
        (through, value): (DateTime<Utc>, Option<f64>),
        history: &History,
    ) -> Evidence {
        let Some(daily) = history.of(key).filter(|_| through > period.span.start) else {
            return Evidence::default();
        };
        let day = calendar.day_before(through);
        if let Some(known) = self.0.get(key).filter(|(of, from, _)| (*of, *from) == (day, value)) {
            return known.2.clone();
        }
        let (projection, periods) = match project(kpi, calendar, period, through, daily) {
            Some((projection, periods)) => (Some(projection), periods),
            None => (None, 0),
        };
        let evidence = Evidence {
            projection,
            periods,
            spread: scatter(kpi, calendar, period, through, daily),
            denominator: largest_denominator(kpi, calendar, period, through, daily),
        };
        // Where there are only a few days to learn from, that is found at once.
        if daily.len() < FEW && evidence == Evidence::default() {
            self.0.remove(key);
        } else {
            self.0.insert(key.clone(), (day, value, evidence.clone()));
        }
        evidence
    }
}

/// The projection, and from how many earlier periods.
fn project(
    kpi: &Kpi,
    calendar: &Calendar,
    period: &Period,
    through: DateTime<Utc>,
    daily: &Daily,
) -> Option<(Projection, usize)> {
    let project = |kind, value: fn(&Day) -> Option<f64>| -> Option<(Projection, usize)> {
        let seasons = seasons(kpi, calendar, period, through, daily, kind, value)?;
        let periods = seasons.earlier.len();
        if periods < NEEDED { None } else { Some((forecast(&seasons)?, periods)) }
    };
    let projection = match (kpi.accumulation, kpi.window) {
        (Accumulation::Flow, _) => project(StepKind::Flow, |day| Some(day.value)),
        (Accumulation::Ratio, WindowSpec::PeriodToDate) => {
            let whole = project(StepKind::Level, |day| Some(day.value));
            let numerator = project(StepKind::Flow, |day| day.sums.map(|sums| sums.numerator));
            let denominator = project(StepKind::Flow, |day| day.sums.map(|sums| sums.denominator));
            match (&whole, numerator.zip(denominator)) {
                // The two parts tell where it ends; how sure that is, its own past tells.
                (Some((whole, periods)), Some(((above, _), (below, _)))) if below.value > 0.0 => {
                    let value = above.value / below.value;
                    let (method, spread) = (above.method, whole.spread);
                    Some((Projection { value, method, spread }, *periods))
                }
                _ => whole,
            }
        }
        _ => project(StepKind::Level, |day| Some(day.value)),
    };
    projection.filter(|(projection, _)| projection.value.is_finite())
}
