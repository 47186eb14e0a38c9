//! Whether the newest weeks of a KPI are more than noise, and whether it leads those that it claims to
//! predict. Feeds weekly history to `signals`. Both change once a week at most, so they are worked out
//! once a day and remembered. Not here: the statistics (`signals`).

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use super::history::History;
use super::weeks::{plan_changes, weeks};
use crate::assess::Finding;
use crate::calendar::Calendar;
use crate::id::KpiId;
use crate::kpi::{Definitions, Direction, Kpi, SeriesKey};
use crate::metric::Labels;
use crate::signals::{Lead, Side, Signal, detect_in_season, fresh_start, lead_correlation};
use crate::snapshot::{LeadState, Verdict};

/// Weeks of lead looked at for a KPI that does not say how long it leads.
const USUAL_LEAD_WEEKS: usize = 4;

/// Whole weeks, so that weekdays stay where they are.
const WEEKS_OF_A_YEAR: usize = 52;

/// Answers of today.
#[derive(Debug, Default)]
pub(super) struct WeeklySignals {
    signals: BTreeMap<SeriesKey, (NaiveDate, Signal, Option<Finding>)>,
    leads: BTreeMap<KpiId, (NaiveDate, Vec<LeadState>)>,
}

impl WeeklySignals {
    /// Says on a verdict whether its newest weeks are noise or news.
    pub(super) fn signal(
        &mut self,
        kpi: &Kpi,
        calendar: &Calendar,
        history: &History,
        verdict: &mut Verdict,
    ) {
        let Some(through) = verdict.assessment.data_through else { return };
        let today = calendar.day_before(through);
        let key = SeriesKey::new(&kpi.id, &verdict.labels);
        let known = self.signals.get(&key).filter(|(day, ..)| *day == today);
        let (_, signal, finding) = if let Some(known) = known {
            known.clone()
        } else {
            let target = verdict.assessment.target_value;
            let (signal, finding) = read(kpi, calendar, history, &key, (through, target));
            self.signals.insert(key, (today, signal, finding.clone()));
            (today, signal, finding)
        };
        verdict.signal = signal;
        verdict.assessment.findings.extend(finding);
    }

    /// What the KPI's own predictions are worth so far. For KPIs without labels.
    pub(super) fn leads(
        &mut self,
        kpi: &Kpi,
        definitions: &Definitions,
        history: &History,
        now: DateTime<Utc>,
    ) -> Vec<LeadState> {
        let today = definitions.calendar.day_before(now);
        if let Some((_, known)) = self.leads.get(&kpi.id).filter(|(day, _)| *day == today) {
            return known.clone();
        }
        let lagging = |id: &KpiId| definitions.kpis.iter().find(|kpi| kpi.id == *id);
        let leads: Vec<LeadState> = kpi
            .predicts
            .iter()
            .filter_map(lagging)
            .map(|lagging| LeadState {
                predicts: lagging.id.clone(),
                lead: lead(kpi, lagging, &definitions.calendar, history, now),
            })
            .collect();
        self.leads.insert(kpi.id.clone(), (today, leads.clone()));
        leads
    }
}

fn read(
    kpi: &Kpi,
    calendar: &Calendar,
    history: &History,
    key: &SeriesKey,
    (through, target): (DateTime<Utc>, Option<f64>),
) -> (Signal, Option<Finding>) {
    let Some(daily) = history.of(key) else { return (Signal::None, None) };
    let weeks = weeks(kpi, calendar, daily, through);
    let residuals: Vec<Option<f64>> = weeks.iter().map(|week| week.residual).collect();
    let start = fresh_start(&plan_changes(kpi, calendar, daily, &weeks, target), weeks.len());
    let reading = detect_in_season(&residuals, WEEKS_OF_A_YEAR, start);
    if reading.signal == Signal::None {
        return (Signal::None, None);
    }
    let side = if kpi.direction == Direction::Decrease { Side::Above } else { Side::Below };
    let since = reading.since.and_then(|index| weeks.get(index)).map(|week| week.last_day);
    (reading.signal, Some(Finding::Signal { reading: Box::new(reading), side, since }))
}

fn lead(
    leading: &Kpi,
    lagging: &Kpi,
    calendar: &Calendar,
    history: &History,
    now: DateTime<Utc>,
) -> Lead {
    let weekly = |kpi: &Kpi| -> BTreeMap<NaiveDate, Option<f64>> {
        let daily = history.of(&SeriesKey::new(&kpi.id, &Labels::default()));
        let weeks = daily.map_or_else(Vec::new, |daily| weeks(kpi, calendar, daily, now));
        weeks.into_iter().map(|week| (week.last_day, week.level)).collect()
    };
    let (leading_weeks, lagging_weeks) = (weekly(leading), weekly(lagging));
    let pairs: Vec<(Option<f64>, Option<f64>)> = leading_weeks
        .into_iter()
        .map(|(day, level)| (level, lagging_weeks.get(&day).copied().flatten()))
        .collect();
    let lead_weeks = leading.lead_time.map_or(USUAL_LEAD_WEEKS, |time| {
        usize::try_from(time.as_secs().div_ceil(7 * 86_400)).unwrap_or(USUAL_LEAD_WEEKS)
    });
    lead_correlation(&pairs, 2 * lead_weeks)
}
