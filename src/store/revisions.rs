//! Notes and finds revisions, many KPIs to a statement: each is a way to SQLite's thread and back. Not here: what a
//! definition says (`definition`), which of its versions is in force (`versions`).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, QueryBuilder, Row, Sqlite, SqliteConnection};

use super::definition::{Definition, Statement};
use super::encode::{ROWS, insert, instant, push_list, revision};
use super::revision::{InForce, Revision};
use super::versions::{Half, New, Pair, Versions};
use super::{Store, StoreError};
use crate::id::KpiId;

/// KPIs by name, a batch.
type Batch<'a> = [(&'a KpiId, &'a Definition)];

impl Store {
    /// Notes the definitions in force, by KPI, and says how they came to be.
    ///
    /// # Errors
    /// What SQLite says; then nothing is noted.
    pub async fn note_revisions(
        &self,
        definitions: &BTreeMap<KpiId, Definition>,
        at: DateTime<Utc>,
    ) -> Result<BTreeMap<KpiId, InForce>, StoreError> {
        let noted = self.answer(self.note(definitions, at).await);
        if noted.as_ref().is_err_and(StoreError::is_of_the_disk) {
            // Nothing need be written where nothing changed.
            let known = self.known_revisions(definitions).await?;
            if known.len() == definitions.len() {
                return Ok(known);
            }
        }
        noted
    }

    /// The definitions in force, for those of `definitions` that are.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn known_revisions(
        &self,
        definitions: &BTreeMap<KpiId, Definition>,
    ) -> Result<BTreeMap<KpiId, InForce>, StoreError> {
        self.answer(self.find(definitions, Versions::in_force).await)
    }

    /// What the store knows of the meaning and goal of each KPI, whether they are in force or not. KPIs
    /// with a meaning that it never saw are left out; a goal that it never saw has the number 0.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn seen_revisions(
        &self,
        definitions: &BTreeMap<KpiId, Definition>,
    ) -> Result<BTreeMap<KpiId, InForce>, StoreError> {
        self.answer(self.find(definitions, Versions::seen).await)
    }

    /// How often the definition of each KPI changed since an instant; KPIs without a change are left
    /// out.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn changes_since(
        &self,
        since: DateTime<Utc>,
    ) -> Result<BTreeMap<KpiId, u32>, StoreError> {
        let query = sqlx::query_as(
            "SELECT kpi, count(*) FROM changes WHERE number > 1 AND since >= ? GROUP BY kpi",
        );
        let changes: Vec<(String, u32)> =
            self.answer(query.bind(since.timestamp_millis()).fetch_all(&self.pool()).await)?;
        Ok(changes.into_iter().map(|(kpi, count)| (kpi.into(), count)).collect())
    }

    async fn note(
        &self,
        definitions: &BTreeMap<KpiId, Definition>,
        at: DateTime<Utc>,
    ) -> sqlx::Result<BTreeMap<KpiId, InForce>> {
        let mut transaction = self.begin().await?;
        let mut in_force = BTreeMap::new();
        for batch in batches(definitions) {
            let mut stored = versions(&mut transaction, &batch).await?;
            let mut new = New::default();
            for (kpi, definition) in batch {
                let mut of_kpi = stored.remove(kpi.as_str()).unwrap_or_default();
                in_force.insert(kpi.clone(), of_kpi.note(kpi, definition, at, &mut new));
            }
            write(&mut transaction, &new).await?;
        }
        transaction.commit().await?;
        Ok(in_force)
    }

    async fn find(
        &self,
        definitions: &BTreeMap<KpiId, Definition>,
        find: impl Fn(&Versions, &Definition) -> Option<InForce>,
    ) -> sqlx::Result<BTreeMap<KpiId, InForce>> {
        let mut connection = self.pool().acquire().await?;
        let mut found = BTreeMap::new();
        for batch in batches(definitions) {
            let stored = versions(&mut connection, &batch).await?;
            let one = |(kpi, definition): &(&KpiId, &Definition)| {
                Some(((*kpi).clone(), find(stored.get(kpi.as_str())?, definition)?))
            };
            found.extend(batch.iter().filter_map(one));
        }
        Ok(found)
    }
}

fn batches(
    definitions: &BTreeMap<KpiId, Definition>,
) -> impl Iterator<Item = Vec<(&KpiId, &Definition)>> {
    let mut all = definitions.iter();
    std::iter::from_fn(move || {
        Some(all.by_ref().take(ROWS).collect()).filter(|batch: &Vec<_>| !batch.is_empty())
    })
}

/// What is known of each KPI of a batch.
async fn versions(
    connection: &mut SqliteConnection,
    batch: &Batch<'_>,
) -> sqlx::Result<BTreeMap<String, Versions>> {
    let mut all: BTreeMap<String, Versions> = BTreeMap::new();
    for half in [Half::Meaning, Half::Goal] {
        for row in select(half.table(), batch).build().fetch_all(&mut *connection).await? {
            let statement =
                Statement { text: row.try_get("definition")?, hash: row.try_get("hash")? };
            let of_kpi = all.entry(row.try_get("kpi")?).or_default();
            of_kpi.put(half, row.try_get("number")?, statement);
        }
    }
    for row in select("changes", batch).build().fetch_all(connection).await? {
        let (number, since) = (row.try_get("number")?, instant(&row, "since")?);
        let of_kpi = all.entry(row.try_get("kpi")?).or_default();
        of_kpi.pairs.push(Pair { number, since, revision: revision(&row)? });
    }
    Ok(all)
}

fn select(table: &str, batch: &Batch<'_>) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(format!("SELECT * FROM {table} WHERE kpi IN "));
    push_list(&mut query, batch.iter().map(|(kpi, _)| kpi));
    query.push(" ORDER BY kpi, number");
    query
}

async fn write(connection: &mut SqliteConnection, new: &New) -> sqlx::Result<()> {
    for (half, statements) in [(Half::Meaning, &new.meanings), (Half::Goal, &new.goals)] {
        let head = match half {
            Half::Meaning => "INSERT INTO meanings (kpi, number, hash, definition) ",
            Half::Goal => "INSERT INTO goals (kpi, number, hash, definition) ",
        };
        let tail = " ON CONFLICT (kpi, number) DO UPDATE SET hash = excluded.hash, definition = excluded.definition";
        insert(connection, head, tail, statements, |values, (kpi, number, statement)| {
            values
                .push_bind(kpi.to_string())
                .push_bind(*number)
                .push_bind(statement.hash.clone())
                .push_bind(statement.text.clone());
        })
        .await?;
    }
    let head = "INSERT INTO changes (kpi, number, since, meaning, goal) ";
    insert(connection, head, "", &new.pairs, |values, (kpi, pair)| {
        values
            .push_bind(kpi.to_string())
            .push_bind(pair.number)
            .push_bind(pair.since.timestamp_millis())
            .push_bind(pair.revision.meaning)
            .push_bind(pair.revision.goal);
    })
    .await
}

/// Stores of version 2 and before held meaning and goal as one. Their revisions become pairs; what
/// belongs to a revision gets the numbers of its pair.
pub(super) async fn split_old_revisions(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    let old = sqlx::query("SELECT * FROM revisions ORDER BY kpi, number");
    let mut all: BTreeMap<KpiId, Versions> = BTreeMap::new();
    let mut new = New::default();
    for row in old.fetch_all(&mut *connection).await? {
        let (kpi, old): (&str, u32) = (row.try_get("kpi")?, row.try_get("number")?);
        let kpi = KpiId::from(kpi);
        let definition = Definition::from_one_text(row.try_get("definition")?);
        let since = instant(&row, "since")?;
        let of_kpi = all.entry(kpi.clone()).or_default();
        let Revision { meaning, goal } = of_kpi.split(&kpi, old, since, &definition, &mut new);
        for table in ["daily", "openings"] {
            let sql = format!(
                "UPDATE OR REPLACE {table} SET meaning = ?, goal = ? WHERE meaning = ? AND goal = ?
                 AND series IN (SELECT id FROM series WHERE kpi = ?)"
            );
            let query = sqlx::query(AssertSqlSafe(sql)).bind(meaning).bind(goal);
            query.bind(old).bind(old).bind(kpi.as_str()).execute(&mut *connection).await?;
        }
    }
    write(connection, &new).await?;
    sqlx::query("DROP TABLE revisions").execute(connection).await?;
    Ok(())
}
