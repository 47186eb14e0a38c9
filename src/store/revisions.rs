//! Revisions: which definition of a KPI held from when on. Numbers of different revisions are not
//! one series; a definition that changes all the time is no goal.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::definition::Definition;
use super::encode::instant;
use super::{Store, StoreError};
use crate::id::KpiId;

/// One revision of the definition of a KPI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// 1 for the first that was seen.
    pub number: u32,
    /// When it was first seen.
    pub since: DateTime<Utc>,
    /// What it was.
    pub definition: Definition,
    /// Whether it was a change, just now; the first sight of a KPI is none.
    pub changed: bool,
}

impl Store {
    /// Notes the definitions in force, by KPI, and gives their revisions. One that differs from the
    /// KPI's last is a new revision, even when it is an earlier one come back.
    pub async fn note_revisions(
        &self,
        definitions: &BTreeMap<KpiId, Definition>,
        at: DateTime<Utc>,
    ) -> Result<BTreeMap<KpiId, Revision>, StoreError> {
        self.answer(self.note(definitions, at).await)
    }

    /// All revisions of a KPI, oldest first.
    pub async fn revisions(&self, kpi: &str) -> Result<Vec<Revision>, StoreError> {
        let query = sqlx::query("SELECT * FROM revisions WHERE kpi = ? ORDER BY number");
        let rows = self.answer(query.bind(kpi).fetch_all(&self.pool).await)?;
        self.answer(rows.iter().map(revision).collect())
    }

    /// How often the definition of each KPI changed since an instant; KPIs without a change are left
    /// out.
    pub async fn changes_since(
        &self,
        since: DateTime<Utc>,
    ) -> Result<BTreeMap<KpiId, u32>, StoreError> {
        let query = sqlx::query_as(
            "SELECT kpi, count(*) FROM revisions WHERE number > 1 AND since >= ? GROUP BY kpi",
        );
        let changes: Vec<(String, u32)> =
            self.answer(query.bind(since.timestamp_millis()).fetch_all(&self.pool).await)?;
        Ok(changes.into_iter().map(|(kpi, count)| (kpi.into(), count)).collect())
    }

    async fn note(
        &self,
        definitions: &BTreeMap<KpiId, Definition>,
        at: DateTime<Utc>,
    ) -> sqlx::Result<BTreeMap<KpiId, Revision>> {
        let mut transaction = self.begin().await?;
        let mut revisions = BTreeMap::new();
        for (kpi, definition) in definitions {
            let revision = note_one(&mut transaction, kpi, definition, at).await?;
            revisions.insert(kpi.clone(), revision);
        }
        transaction.commit().await?;
        Ok(revisions)
    }
}

async fn note_one(
    connection: &mut SqliteConnection,
    kpi: &str,
    definition: &Definition,
    at: DateTime<Utc>,
) -> sqlx::Result<Revision> {
    let last = sqlx::query("SELECT * FROM revisions WHERE kpi = ? ORDER BY number DESC LIMIT 1");
    let last = last.bind(kpi).fetch_optional(&mut *connection).await?;
    let last = last.as_ref().map(revision).transpose()?;
    let number = match last {
        Some(last) if last.definition.hash == definition.hash => return Ok(last),
        Some(last) => last.number + 1,
        None => 1,
    };
    sqlx::query(
        "INSERT INTO revisions (kpi, number, hash, since, definition) VALUES (?, ?, ?, ?, ?)",
    )
    .bind(kpi)
    .bind(number)
    .bind(&definition.hash)
    .bind(at.timestamp_millis())
    .bind(&definition.text)
    .execute(connection)
    .await?;
    Ok(Revision { number, since: at, definition: definition.clone(), changed: number > 1 })
}

fn revision(row: &SqliteRow) -> sqlx::Result<Revision> {
    let definition = Definition { text: row.try_get("definition")?, hash: row.try_get("hash")? };
    let (number, since) = (row.try_get("number")?, instant(row, "since")?);
    Ok(Revision { number, since, definition, changed: false })
}
