//! Files of earlier versions are brought up to date, or left as they were.

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};

use super::{Folder, day};
use crate::store::schema::{MIGRATIONS, migrate};

/// A store as version 1 wrote it.
const V1: &str = include_str!("../fixtures/v1.sql");

async fn connect(folder: &Folder) -> SqliteConnection {
    std::fs::create_dir_all(folder.path().parent().unwrap()).unwrap();
    let options = SqliteConnectOptions::new().filename(folder.path()).create_if_missing(true);
    SqliteConnection::connect_with(&options).await.unwrap()
}

/// A folder with a store of version 1.
async fn version_1() -> Folder {
    let folder = Folder::new();
    let mut connection = connect(&folder).await;
    sqlx::raw_sql(V1).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    folder
}

async fn version(connection: &mut SqliteConnection) -> i64 {
    sqlx::query_scalar("PRAGMA user_version").fetch_one(connection).await.unwrap()
}

#[tokio::test]
async fn a_store_of_version_1_opens_with_all_it_holds() {
    let folder = version_1().await;
    let store = folder.open().await;
    insta::assert_debug_snapshot!((
        store.load_runs().await.unwrap(),
        store.load_statuses().await.unwrap(),
        store.history("churn", None, day("2026-01-01"), day("2026-12-31")).await.unwrap(),
        store.openings("churn", "2026-Q2", 1).await.unwrap(),
        store.last_closings().await.unwrap(),
        store.restatements("churn").await.unwrap(),
        store.revisions("churn").await.unwrap(),
    ));
}

#[tokio::test]
async fn migrations_are_applied_one_after_the_other_and_once() {
    let folder = version_1().await;
    let mut connection = connect(&folder).await;
    let later: Vec<&str> = MIGRATIONS[..1]
        .iter()
        .copied()
        .chain(["ALTER TABLE daily ADD COLUMN note TEXT", "UPDATE daily SET note = 'migrated'"])
        .collect();
    assert_eq!(migrate(&mut connection, &later).await.unwrap(), 2);
    assert_eq!(version(&mut connection).await, 3);
    assert_eq!(migrate(&mut connection, &later).await.unwrap(), 0);
    let notes: Vec<String> =
        sqlx::query_scalar("SELECT note FROM daily").fetch_all(&mut connection).await.unwrap();
    assert!(!notes.is_empty() && notes.iter().all(|note| note == "migrated"));
    // A fresh file takes the same way from the beginning.
    let fresh = Folder::new();
    let mut connection = connect(&fresh).await;
    assert_eq!(migrate(&mut connection, &later).await.unwrap(), 3);
}

#[tokio::test]
async fn a_migration_that_fails_has_never_happened() {
    let folder = version_1().await;
    let mut connection = connect(&folder).await;
    let failing = [MIGRATIONS[0], "DELETE FROM daily; ALTER TABLE nothing RENAME TO something"];
    migrate(&mut connection, &failing).await.unwrap_err();
    assert_eq!(version(&mut connection).await, 1);
    let days: i64 =
        sqlx::query_scalar("SELECT count(*) FROM daily").fetch_one(&mut connection).await.unwrap();
    assert!(days > 0);
}
