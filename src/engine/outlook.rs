//! Projections from history: turns days into steps, asks `forecast`, tells the assessment.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::history::{Daily, Day, History, seasons};
use crate::assess::Assessment;
use crate::calendar::{Calendar, WindowSpec};
use crate::forecast::{Kind, Projection, forecast};
use crate::kpi::{Accumulation, Kpi, SeriesKey};
use crate::snapshot::Verdict;

/// With fewer earlier periods the declared path knows better.
const NEEDED: usize = 2;

/// Projections made, each good until its series has news.
#[derive(Debug, Default)]
pub(super) struct Outlooks(BTreeMap<SeriesKey, (NaiveDate, Option<f64>, Option<Projection>)>);

impl Outlooks {
    /// Projects the close of the current period from what is known of the days before.
    pub(super) fn look_ahead(
        &mut self,
        kpi: &Kpi,
        calendar: &Calendar,
        verdict: &mut Verdict,
        history: &History,
    ) {
        let Some(through) = verdict.assessment.data_through else { return };
        let key = SeriesKey::new(&kpi.id, &verdict.labels);
        let Some(daily) = history.of(&key) else { return };
        let (day, value) = (calendar.day_before(through), verdict.assessment.value);
        let known = self.0.get(&key).filter(|(of, from, _)| (*of, *from) == (day, value));
        let projection = if let Some((.., known)) = known {
            known.clone()
        } else {
            let new = project(kpi, calendar, &verdict.assessment, daily);
            self.0.insert(key, (day, value, new.clone()));
            new
        };
        if let Some(projection) = projection {
            verdict.assessment.look_ahead(&projection);
        }
    }
}

fn project(
    kpi: &Kpi,
    calendar: &Calendar,
    assessment: &Assessment,
    daily: &Daily,
) -> Option<Projection> {
    let project = |kind, value: fn(&Day) -> Option<f64>| -> Option<Projection> {
        let through = assessment.data_through?;
        let period = &assessment.period;
        let seasons = seasons(kpi, calendar, period, through, daily, kind, value)?;
        if seasons.earlier.len() < NEEDED { None } else { forecast(&seasons) }
    };
    let projection = match (kpi.accumulation, kpi.window) {
        (Accumulation::Flow, _) => project(Kind::Flow, |day| Some(day.value)),
        (Accumulation::Ratio, WindowSpec::PeriodToDate) => {
            let whole = project(Kind::Level, |day| Some(day.value));
            let numerator = project(Kind::Flow, |day| day.sums.map(|sums| sums.numerator));
            let denominator = project(Kind::Flow, |day| day.sums.map(|sums| sums.denominator));
            match (&whole, numerator.zip(denominator)) {
                // The two parts tell where it ends; how sure that is, its own past tells.
                (Some(whole), Some((above, below))) if below.value > 0.0 => {
                    let value = above.value / below.value;
                    Some(Projection { value, method: above.method, spread: whole.spread })
                }
                _ => whole,
            }
        }
        _ => project(Kind::Level, |day| Some(day.value)),
    };
    projection.filter(|projection| projection.value.is_finite())
}
