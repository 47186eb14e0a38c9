//! Files of earlier versions are brought up to date, or left as they were.

use chrono::DateTime;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};

use super::{Folder, day, opened};
use crate::store::schema::{MIGRATIONS, Migration, migrate};
use crate::store::{Definition, Revision, Statement};

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
        opened(&store, "churn", "2026-Q2").await,
        store.last_closings(chrono::DateTime::<chrono::Utc>::MAX_UTC).await.unwrap(),
        store.restatements("churn").await.unwrap(),
        store.changes_since(DateTime::UNIX_EPOCH).await.unwrap(),
    ));
}

/// Definitions as version 1 wrote them, of a KPI whose target and then formula changed and came back.
const OLD_REVISIONS: &str = r#"
INSERT INTO revisions VALUES ('churn', 2, 'b', 1769904000000, '{"formula":"members.lost/members.members","target":0.1}');
INSERT INTO revisions VALUES ('churn', 3, 'c', 1772323200000, '{"formula":"members.lost","target":0.1}');
INSERT INTO revisions VALUES ('churn', 4, 'd', 1775001600000, '{"formula":"members.lost/members.members","target":0.1}');
UPDATE daily SET revision = 3 WHERE series = 2;
INSERT INTO openings VALUES (1, '2026-Q2', 2, 1775016006000, 0.2, 0.1, NULL, NULL);
INSERT INTO openings VALUES (1, '2026-Q2', 4, 1775016007000, 0.2, 0.1, NULL, NULL);
"#;

#[tokio::test]
async fn revisions_of_version_1_become_meanings_and_goals() {
    let folder = version_1().await;
    let mut connection = connect(&folder).await;
    sqlx::raw_sql(OLD_REVISIONS).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let store = folder.open().await;
    let days = store.history("churn", None, day("2026-01-01"), day("2026-12-31")).await.unwrap();
    let revisions: Vec<_> =
        days.iter().map(|day| (day.series.labels.is_empty(), day.revision)).collect();
    let (first, other) = (Revision { meaning: 1, goal: 1 }, Revision { meaning: 3, goal: 2 });
    assert_eq!(revisions, [(false, first), (true, other)]);
    let second = Revision { meaning: 1, goal: 2 };
    let opened = opened(&store, "churn", "2026-Q2").await;
    let of_second = opened.iter().find(|one| one.revision == second);
    assert_eq!(of_second.unwrap().baseline, Some(0.2));
    let changes = store.changes_since(DateTime::UNIX_EPOCH).await.unwrap();
    assert_eq!(changes["churn"], 3);
    // What a later version says besides is no change.
    let old = r#"{"formula":"members.lost/members.members","target":0.1}"#;
    let Definition { meaning, .. } = Definition::from_one_text(old);
    let text = r#"{"target":0.1,"metrics":{},"predicts":["arr"]}"#.to_owned();
    let goal = Statement { hash: "e".to_owned(), text };
    let now = [("churn".into(), Definition { meaning, goal })].into();
    let noted = store.note_revisions(&now, DateTime::UNIX_EPOCH).await.unwrap();
    let noted = &noted["churn"];
    assert_eq!((noted.revision, noted.meaning.is_new, noted.goal.is_new), (second, false, false));
}

#[tokio::test]
async fn migrations_are_applied_one_after_the_other_and_once() {
    let folder = version_1().await;
    let mut connection = connect(&folder).await;
    let later: Vec<Migration> = MIGRATIONS[..1]
        .iter()
        .copied()
        .chain(
            ["ALTER TABLE daily ADD COLUMN note TEXT", "UPDATE daily SET note = 'migrated'"]
                .map(Migration::Sql),
        )
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
    let failing = "DELETE FROM daily; ALTER TABLE nothing RENAME TO something";
    let failing = [MIGRATIONS[0], Migration::Sql(failing)];
    migrate(&mut connection, &failing).await.unwrap_err();
    assert_eq!(version(&mut connection).await, 1);
    let days: i64 =
        sqlx::query_scalar("SELECT count(*) FROM daily").fetch_one(&mut connection).await.unwrap();
    assert!(days > 0);
}
