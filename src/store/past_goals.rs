//! Goals that were in force before: a period that ended under one of them is judged by it, however late
//! that is noticed. Not here: which period ended when (`engine`), and what a goal makes of a value
//! (`assess`).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use serde_json::{Map, Value};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};

use super::encode::{ROWS, instant, push_list, revision, series_key};
use super::revision::{InForce, Revision};
use super::{Store, StoreError};
use crate::assess::Goal;
use crate::id::KpiId;
use crate::kpi::{Direction, Formula, SeriesKey, Target};

/// Openings older than so many days are of no period that is still to be closed.
const DAYS: i64 = 800;

/// The goals of each KPI that came before the one in force, under the same meaning.
#[derive(Debug, Default)]
pub struct PastGoals {
    /// By KPI, in the order in which they came into force.
    goals: BTreeMap<KpiId, Vec<PastGoal>>,
    /// Baseline and target as they were frozen, by series, period and goal.
    frozen: BTreeMap<OpenedAs, (Option<f64>, Option<f64>)>,
}

/// Series, period, number of the goal.
type OpenedAs = (SeriesKey, String, u32);

#[derive(Debug, Clone)]
struct PastGoal {
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    revision: Revision,
    declared: Option<(Target, Direction)>,
}

impl PastGoals {
    /// The goal by which a period of a series is judged that ended at `end`, and its number; `None` where
    /// that is the one in force now, or where it is not known. `baseline` is what is known of it now.
    pub fn of(
        &self,
        series: &SeriesKey,
        period: &str,
        end: DateTime<Utc>,
        baseline: Option<f64>,
    ) -> Option<(Goal, Revision)> {
        let goals = self.goals.get(&series.kpi)?;
        let then = goals.iter().find(|goal| goal.since < end && end <= goal.until)?;
        let (target, direction) = then.declared.as_ref()?;
        let frozen = self.frozen.get(&(series.clone(), period.to_owned(), then.revision.goal));
        let (frozen_baseline, frozen_target) = frozen.copied().unwrap_or_default();
        let resolved = match (target, frozen_target) {
            (Target::Relative(_) | Target::Delta(_) | Target::Formula(_), Some(number)) => {
                Goal::resolve(&Target::Absolute(number), *direction, None, None)
            }
            _ => Goal::resolve(target, *direction, frozen_baseline.or(baseline), None),
        };
        Some((resolved?, then.revision))
    }
}

impl Store {
    /// The goals that the definitions in force took the place of.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn past_goals(
        &self,
        in_force: &BTreeMap<KpiId, InForce>,
        now: DateTime<Utc>,
    ) -> Result<PastGoals, StoreError> {
        self.answer(self.read_past_goals(in_force, now).await)
    }

    async fn read_past_goals(
        &self,
        in_force: &BTreeMap<KpiId, InForce>,
        now: DateTime<Utc>,
    ) -> sqlx::Result<PastGoals> {
        let mut past = PastGoals::default();
        let changed = in_force.iter().filter(|(_, definition)| definition.goal.at.is_some());
        let changed: Vec<&KpiId> = changed.map(|(kpi, _)| kpi).collect();
        let came_before = |kpi: &str, then: Revision| {
            let now = in_force.get(kpi).map(|definition| definition.revision);
            now.is_some_and(|now| then.meaning == now.meaning && then.goal != now.goal)
        };
        for kpis in changed.chunks(ROWS) {
            let mut query = QueryBuilder::<Sqlite>::new(
                "SELECT kpi, since, meaning, goal, (SELECT definition FROM goals
                 WHERE goals.kpi = changes.kpi AND goals.number = changes.goal) AS said
                 FROM changes WHERE kpi IN ",
            );
            push_list(&mut query, kpis);
            query.push(" ORDER BY kpi, number");
            let rows = query.build().fetch_all(&self.pool()).await?;
            let all = rows.iter().map(past_goal).collect::<sqlx::Result<Vec<_>>>()?;
            for of_kpi in all.chunk_by(|(a, _), (b, _)| a == b) {
                let ended = of_kpi.windows(2).map(|two| {
                    let ((kpi, goal), (_, next)) = (&two[0], &two[1]);
                    (kpi, PastGoal { until: next.since, ..goal.clone() })
                });
                for (kpi, goal) in ended.filter(|(kpi, goal)| came_before(kpi, goal.revision)) {
                    past.goals.entry(kpi.clone()).or_default().push(goal);
                }
            }
            let mut query = QueryBuilder::<Sqlite>::new(
                "SELECT kpi, labels, openings.* FROM series JOIN openings ON series = id WHERE kpi IN ",
            );
            push_list(&mut query, kpis);
            query.push(" AND opened_at >= ").push_bind(now.timestamp_millis() - DAYS * 86_400_000);
            let (query, pool) = (query.build(), self.pool());
            let mut rows = query.fetch(&pool);
            while let Some(row) = rows.try_next().await? {
                let (series, then) = (series_key(&row)?, revision(&row)?);
                if came_before(&series.kpi, then) {
                    let key = (series, row.try_get("period")?, then.goal);
                    past.frozen.insert(key, (row.try_get("baseline")?, row.try_get("target")?));
                }
            }
        }
        Ok(past)
    }
}

/// Of which KPI. It ends when the next one begins.
fn past_goal(row: &SqliteRow) -> sqlx::Result<(KpiId, PastGoal)> {
    let kpi: &str = row.try_get("kpi")?;
    let since = instant(row, "since")?;
    let said: Option<String> = row.try_get("said")?;
    let declared = said.as_deref().and_then(declared);
    Ok((kpi.into(), PastGoal { since, until: since, revision: revision(row)?, declared }))
}

/// Target and direction as the text of a goal has them.
fn declared(goal: &str) -> Option<(Target, Direction)> {
    let goal: Map<String, Value> = serde_json::from_str(goal).ok()?;
    let direction = match goal.get("direction")?.as_str()? {
        "increase" => Direction::Increase,
        "decrease" => Direction::Decrease,
        "maintain" => Direction::Maintain,
        _ => return None,
    };
    let target = goal.get("target")?;
    let number = |key| target.get(key).and_then(Value::as_f64);
    let target = match (target.as_f64(), number("min"), number("max")) {
        (Some(value), ..) => Target::Absolute(value),
        (None, Some(min), Some(max)) => Target::Range { min, max },
        (None, Some(min), None) => Target::Min(min),
        (None, None, Some(max)) => Target::Max(max),
        (None, None, None) => match (number("relative"), number("delta")) {
            (Some(growth), _) => Target::Relative(growth),
            (None, Some(change)) => Target::Delta(change),
            (None, None) => Target::Formula(Formula::parse(target.get("formula")?.as_str()?).ok()?),
        },
    };
    Some((target, direction))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::kpi;
    use crate::calendar::Calendar;
    use crate::kpi::{Definitions, Kpi};
    use crate::store::Definition;

    #[test]
    fn every_kind_of_target_is_read_as_it_was_written_down() {
        let definitions = Definitions {
            calendar: Calendar::default(),
            objectives: BTreeMap::new(),
            metrics: BTreeMap::new(),
            kpis: Vec::new(),
        };
        let targets = [
            Target::Absolute(0.16),
            Target::Relative(0.3),
            Target::Delta(-0.01),
            Target::Min(10.0),
            Target::Max(0.0),
            Target::Range { min: 1.0, max: 2.0 },
            Target::Formula(Formula::parse("plan.revenue").unwrap()),
        ];
        for target in targets {
            for direction in [Direction::Increase, Direction::Decrease, Direction::Maintain] {
                let kpi = Kpi { target: target.clone(), direction, ..kpi() };
                let text = Definition::of(&kpi, &definitions).goal.text;
                assert_eq!(declared(&text), Some((target.clone(), direction)), "{text}");
            }
        }
        assert_eq!(declared("{}"), None);
    }
}
