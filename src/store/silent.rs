//! Days of which the sources know nothing, so that they are asked for them once and not at every start.
//! Not here: which days are asked for (`daemon`).

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use sqlx::Row;

use super::encode::insert;
use super::revision::InForce;
use super::{Store, StoreError};
use crate::id::KpiId;

/// Days by KPI.
pub type DaysOfKpis = BTreeMap<KpiId, BTreeSet<NaiveDate>>;

impl Store {
    /// The silent days of the meanings in force.
    ///
    /// # Errors
    /// What the store says.
    pub async fn silent_days(
        &self,
        in_force: &BTreeMap<KpiId, InForce>,
    ) -> Result<DaysOfKpis, StoreError> {
        let query = sqlx::query("SELECT kpi, meaning, day FROM silent_days");
        let rows = self.answer(query.fetch_all(&self.pool()).await)?;
        let mut silent = DaysOfKpis::new();
        for row in &rows {
            let known = || -> sqlx::Result<(String, u32, NaiveDate)> {
                Ok((row.try_get("kpi")?, row.try_get("meaning")?, row.try_get("day")?))
            };
            let (kpi, meaning, day) = self.answer(known())?;
            let Some((kpi, now)) = in_force.get_key_value(kpi.as_str()) else { continue };
            if now.revision.meaning == meaning {
                silent.entry(kpi.clone()).or_default().insert(day);
            }
        }
        Ok(silent)
    }

    /// Notes that the sources know nothing of a day of these KPIs.
    ///
    /// # Errors
    /// What the store says; nothing is noted then.
    pub async fn note_silent(
        &self,
        day: NaiveDate,
        kpis: &[(KpiId, u32)],
    ) -> Result<(), StoreError> {
        if kpis.is_empty() {
            return Ok(());
        }
        let write = async {
            let mut transaction = self.begin().await?;
            let head = "INSERT INTO silent_days (kpi, meaning, day) ";
            let tail = " ON CONFLICT DO NOTHING";
            insert(&mut transaction, head, tail, kpis, |values, (kpi, meaning)| {
                values.push_bind(kpi.to_string()).push_bind(*meaning).push_bind(day);
            })
            .await?;
            transaction.commit().await
        };
        self.answer(write.await)
    }
}
