//! Schema versions and the way from one to the next. The version is SQLite's `user_version`; the
//! `application_id` tells our files from those of other programs. Migrations only go forward.

use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use super::error::Problem;
use super::revisions::split_old_revisions;

/// Migration `i` leads from version `i` to `i + 1`. Append, never edit: files in the field have run
/// them already.
pub(super) const MIGRATIONS: &[Migration] = &[
    Migration::Sql(include_str!("schema/1.sql")),
    Migration::Sql(include_str!("schema/2.sql")),
    Migration::Sql(include_str!("schema/3.sql")),
    Migration::SplitOldRevisions,
    Migration::Sql(include_str!("schema/4.sql")),
    Migration::Sql(include_str!("schema/5.sql")),
    Migration::Sql(include_str!("schema/6.sql")),
];

/// The way from one version to the next.
#[derive(Debug, Clone, Copy)]
pub(super) enum Migration {
    /// Statements.
    Sql(&'static str),
    /// What SQL alone cannot do: see [`split_old_revisions`].
    SplitOldRevisions,
}

/// `KPIS` in ASCII, as set by the first migration.
const APPLICATION_ID: i64 = 0x4B50_4953;

/// What the header of a file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    application: i64,
    version: i64,
}

impl Header {
    pub(super) fn new(application: i64, version: i64) -> Self {
        Self { application, version }
    }

    pub(super) async fn read(connection: &mut SqliteConnection) -> sqlx::Result<Self> {
        let application =
            sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *connection).await?;
        let version = sqlx::query_scalar("PRAGMA user_version").fetch_one(connection).await?;
        Ok(Self { application, version })
    }

    /// Why a file with this header is none of ours.
    pub(super) fn problem(self) -> Option<Problem> {
        let known = MIGRATIONS.len();
        if self.application != APPLICATION_ID {
            return Some(Problem::Foreign);
        }
        let is_newer = usize::try_from(self.version).is_ok_and(|found| found > known);
        is_newer.then_some(Problem::Newer { found: self.version, known })
    }

    /// Why a file with this header has to be brought up to date before it can be read.
    pub(super) fn behind(self) -> Option<Problem> {
        let known = MIGRATIONS.len();
        let is_older = usize::try_from(self.version).is_ok_and(|found| found < known);
        is_older.then_some(Problem::Older { found: self.version, known })
    }
}

/// Brings a database to the version that `migrations` lead to, each in a transaction of its own, so
/// that an interrupted one has never happened. Gives how many were applied.
pub(super) async fn migrate(
    connection: &mut SqliteConnection,
    migrations: &[Migration],
) -> sqlx::Result<usize> {
    let found = Header::read(connection).await?.version;
    let found = usize::try_from(found).unwrap_or(0).min(migrations.len());
    for (before, migration) in migrations.iter().enumerate().skip(found) {
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        match migration {
            Migration::Sql(sql) => {
                sqlx::raw_sql(*sql).execute(&mut *transaction).await?;
            }
            Migration::SplitOldRevisions => split_old_revisions(&mut transaction).await?,
        }
        let version = format!("PRAGMA user_version = {}", before + 1);
        sqlx::raw_sql(AssertSqlSafe(version)).execute(&mut *transaction).await?;
        transaction.commit().await?;
    }
    Ok(migrations.len() - found)
}
