//! Notes and finds revisions: which meaning and which goal of a KPI held from when on. Values of
//! different meanings are not one series; a goal that changes all the time is none. Not here: what a
//! definition says (`definition`).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row, SqliteConnection};

use super::definition::{Definition, Statement};
use super::encode::{instant, revision};
use super::revision::{Change, InForce, Revision};
use super::{Store, StoreError};
use crate::id::KpiId;

/// Which half of a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    Meaning,
    Goal,
}

/// A pair that came into force.
struct Pair {
    number: u32,
    since: DateTime<Utc>,
    revision: Revision,
}

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
        self.answer(self.known(definitions).await)
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
        self.answer(self.seen(definitions).await)
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
        for (kpi, definition) in definitions {
            let noted = note_one(&mut transaction, kpi, definition, at).await?;
            in_force.insert(kpi.clone(), noted);
        }
        transaction.commit().await?;
        Ok(in_force)
    }

    async fn known(
        &self,
        definitions: &BTreeMap<KpiId, Definition>,
    ) -> sqlx::Result<BTreeMap<KpiId, InForce>> {
        let mut connection = self.pool().acquire().await?;
        let mut known = BTreeMap::new();
        for (kpi, definition) in definitions {
            let meaning = find(&mut connection, Half::Meaning, kpi, &definition.meaning).await?;
            let goal = find(&mut connection, Half::Goal, kpi, &definition.goal).await?;
            let pairs = pairs(&mut connection, kpi).await?;
            let last = pairs.last().map(|pair| pair.revision);
            let asked = meaning.zip(goal).map(|(meaning, goal)| Revision { meaning, goal });
            if asked.is_some() && asked == last {
                let in_force = describe(&mut connection, kpi, &pairs, definition, false).await?;
                known.insert(kpi.clone(), in_force);
            }
        }
        Ok(known)
    }

    async fn seen(
        &self,
        definitions: &BTreeMap<KpiId, Definition>,
    ) -> sqlx::Result<BTreeMap<KpiId, InForce>> {
        let mut seen = self.known(definitions).await?;
        let mut connection = self.pool().acquire().await?;
        for (kpi, definition) in definitions {
            if seen.contains_key(kpi) {
                continue;
            }
            let meaning = find(&mut connection, Half::Meaning, kpi, &definition.meaning).await?;
            let goal = find(&mut connection, Half::Goal, kpi, &definition.goal).await?;
            if let Some(meaning) = meaning {
                let revision = Revision { meaning, goal: goal.unwrap_or(0) };
                let [meaning, goal] = [&definition.meaning, &definition.goal].map(Change::unnoted);
                seen.insert(kpi.clone(), InForce { revision, meaning, goal });
            }
        }
        Ok(seen)
    }
}

impl Change {
    /// Of a statement that nobody has noted as the one in force.
    fn unnoted(statement: &Statement) -> Self {
        let now = statement.text.clone();
        Self { at: None, is_new: false, returned: false, before: None, now }
    }
}

async fn note_one(
    connection: &mut SqliteConnection,
    kpi: &str,
    definition: &Definition,
    at: DateTime<Utc>,
) -> sqlx::Result<InForce> {
    let mut pairs = pairs(connection, kpi).await?;
    let last = pairs.last().map(|pair| pair.revision);
    let meaning = number(connection, Half::Meaning, kpi, &definition.meaning, None).await?;
    let last_goal = last.map(|last| last.goal);
    let goal = number(connection, Half::Goal, kpi, &definition.goal, last_goal).await?;
    let revision = Revision { meaning, goal };
    let is_new = last != Some(revision);
    if is_new {
        let number = pairs.last().map_or(1, |pair| pair.number + 1);
        add_pair(connection, kpi, &Pair { number, since: at, revision }).await?;
        pairs.push(Pair { number, since: at, revision });
    }
    describe(connection, kpi, &pairs, definition, is_new).await
}

/// How the last of the pairs came to be, half by half.
async fn describe(
    connection: &mut SqliteConnection,
    kpi: &str,
    pairs: &[Pair],
    definition: &Definition,
    is_new: bool,
) -> sqlx::Result<InForce> {
    let revision = pairs.last().map_or(Revision { meaning: 1, goal: 1 }, |pair| pair.revision);
    let mut changes = Vec::with_capacity(2);
    for (half, statement) in [(Half::Meaning, &definition.meaning), (Half::Goal, &definition.goal)]
    {
        let change = pairs.windows(2).rev().find_map(|two| {
            let (before, after) = (half.of(two[0].revision), half.of(two[1].revision));
            (before != after).then_some((before, two[1].since, two[1].number))
        });
        let before = match change {
            Some((before, ..)) => text(connection, half, kpi, before).await?,
            None => None,
        };
        let newest = pairs.last().map(|pair| pair.number);
        let earlier =
            pairs.iter().take_while(|pair| change.is_some_and(|(.., number)| pair.number < number));
        let returned =
            earlier.map(|pair| half.of(pair.revision)).any(|number| number == half.of(revision));
        changes.push(Change {
            at: change.map(|(_, since, _)| since),
            is_new: is_new && change.is_some_and(|(.., number)| Some(number) == newest),
            returned,
            before,
            now: statement.text.clone(),
        });
    }
    let [meaning, goal] = <[Change; 2]>::try_from(changes)
        .map_err(|_| sqlx::Error::Protocol("two halves are not two".to_owned()))?;
    Ok(InForce { revision, meaning, goal })
}

async fn pairs(connection: &mut SqliteConnection, kpi: &str) -> sqlx::Result<Vec<Pair>> {
    let query = sqlx::query("SELECT * FROM changes WHERE kpi = ? ORDER BY number");
    query.bind(kpi).fetch_all(connection).await?.iter().map(pair).collect()
}

fn pair(row: &SqliteRow) -> sqlx::Result<Pair> {
    Ok(Pair {
        number: row.try_get("number")?,
        since: instant(row, "since")?,
        revision: revision(row)?,
    })
}

async fn add_pair(connection: &mut SqliteConnection, kpi: &str, pair: &Pair) -> sqlx::Result<()> {
    let query = "INSERT INTO changes (kpi, number, since, meaning, goal) VALUES (?, ?, ?, ?, ?)";
    sqlx::query(query)
        .bind(kpi)
        .bind(pair.number)
        .bind(pair.since.timestamp_millis())
        .bind(pair.revision.meaning)
        .bind(pair.revision.goal)
        .execute(connection)
        .await?;
    Ok(())
}

impl Half {
    fn table(self) -> &'static str {
        match self {
            Self::Meaning => "meanings",
            Self::Goal => "goals",
        }
    }

    fn of(self, revision: Revision) -> u32 {
        match self {
            Self::Meaning => revision.meaning,
            Self::Goal => revision.goal,
        }
    }
}

/// The number of a statement that was seen before.
async fn find(
    connection: &mut SqliteConnection,
    half: Half,
    kpi: &str,
    statement: &Statement,
) -> sqlx::Result<Option<u32>> {
    let sql = format!("SELECT number FROM {} WHERE kpi = ? AND hash = ?", half.table());
    let query = sqlx::query_scalar(AssertSqlSafe(sql)).bind(kpi).bind(&statement.hash);
    query.fetch_optional(connection).await
}

/// The same; a new number for one that was not. `last` is in force so far: an older form of the same
/// statement takes on the new one.
async fn number(
    connection: &mut SqliteConnection,
    half: Half,
    kpi: &str,
    statement: &Statement,
    last: Option<u32>,
) -> sqlx::Result<u32> {
    if let Some(number) = find(connection, half, kpi, statement).await? {
        return Ok(number);
    }
    if let Some(last) = last
        && let Some(older) = text(connection, half, kpi, last).await?
        && statement.agrees_with(&older)
    {
        let sql = format!(
            "UPDATE {} SET hash = ?, definition = ? WHERE kpi = ? AND number = ?",
            half.table()
        );
        let query = sqlx::query(AssertSqlSafe(sql)).bind(&statement.hash).bind(&statement.text);
        query.bind(kpi).bind(last).execute(connection).await?;
        return Ok(last);
    }
    let sql = format!("SELECT coalesce(max(number), 0) + 1 FROM {} WHERE kpi = ?", half.table());
    let new: u32 =
        sqlx::query_scalar(AssertSqlSafe(sql)).bind(kpi).fetch_one(&mut *connection).await?;
    add(connection, half, kpi, new, statement).await?;
    Ok(new)
}

async fn add(
    connection: &mut SqliteConnection,
    half: Half,
    kpi: &str,
    number: u32,
    statement: &Statement,
) -> sqlx::Result<()> {
    let sql =
        format!("INSERT INTO {} (kpi, number, hash, definition) VALUES (?, ?, ?, ?)", half.table());
    let query = sqlx::query(AssertSqlSafe(sql)).bind(kpi).bind(number);
    query.bind(&statement.hash).bind(&statement.text).execute(connection).await?;
    Ok(())
}

async fn text(
    connection: &mut SqliteConnection,
    half: Half,
    kpi: &str,
    number: u32,
) -> sqlx::Result<Option<String>> {
    let sql = format!("SELECT definition FROM {} WHERE kpi = ? AND number = ?", half.table());
    let query = sqlx::query_scalar(AssertSqlSafe(sql)).bind(kpi).bind(number);
    query.fetch_optional(connection).await
}

/// Stores of version 2 and before held meaning and goal as one. Their revisions become pairs; what
/// belongs to a revision gets the numbers of its pair.
pub(super) async fn split_old_revisions(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    let old = sqlx::query("SELECT * FROM revisions ORDER BY kpi, number");
    for row in old.fetch_all(&mut *connection).await? {
        let (kpi, old): (String, u32) = (row.try_get("kpi")?, row.try_get("number")?);
        let definition = Definition::from_one_text(row.try_get("definition")?);
        let mut numbers = [0; 2];
        for (number, (half, statement)) in numbers
            .iter_mut()
            .zip([(Half::Meaning, &definition.meaning), (Half::Goal, &definition.goal)])
        {
            *number = if let Some(known) = find(connection, half, &kpi, statement).await? {
                known
            } else {
                add(connection, half, &kpi, old, statement).await?;
                old
            };
        }
        let revision = Revision { meaning: numbers[0], goal: numbers[1] };
        let since = instant(&row, "since")?;
        add_pair(connection, &kpi, &Pair { number: old, since, revision }).await?;
        for table in ["daily", "openings"] {
            let sql = format!(
                "UPDATE OR REPLACE {table} SET meaning = ?, goal = ? WHERE meaning = ? AND goal = ?
                 AND series IN (SELECT id FROM series WHERE kpi = ?)"
            );
            let query = sqlx::query(AssertSqlSafe(sql)).bind(numbers[0]).bind(numbers[1]);
            query.bind(old).bind(old).bind(&kpi).execute(&mut *connection).await?;
        }
    }
    sqlx::query("DROP TABLE revisions").execute(connection).await?;
    Ok(())
}
