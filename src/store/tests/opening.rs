//! What may lie where the store should be, and what is said about it.

use std::fs;

use insta::assert_snapshot;

use super::{Folder, evaluation, key, point};
use crate::store::{Problem, Store, StoreError};

/// A closed store with some pages of content.
async fn filled() -> Folder {
    let folder = Folder::new();
    let store = folder.open().await;
    let points = (0..500).map(|i| {
        point(key("revenue", &[("region", &format!("r{i}"))]), "2026-04-30T00:00:00Z", 1.0)
    });
    store.commit(&evaluation("2026-04-30T00:00:00Z", points.collect())).await.unwrap();
    store.close().await;
    folder
}

#[tokio::test]
async fn file_and_folder_are_created_and_opened_again() {
    let folder = filled().await;
    assert!(fs::read_dir(folder.path().parent().unwrap()).unwrap().count() <= 2);
    let store = folder.open().await;
    let all = super::day("2000-01-01")..super::day("2100-01-01");
    assert_eq!(store.history("revenue", None, all.start, all.end).await.unwrap().len(), 500);
}

#[tokio::test]
async fn two_daemons_cannot_share_a_store() {
    let folder = Folder::new();
    let first = folder.open().await;
    let refusal = folder.refusal().await.replace(&std::process::id().to_string(), "ID");
    assert_snapshot!(refusal, @"store `FOLDER/history/kpi.db` is in use by another kpi-exporter, process ID (hint: stop that one, or give each a `store.path` of its own)");
    first.close().await;
    folder.open().await;
}

#[tokio::test]
async fn another_program_may_read_while_the_store_is_open() {
    let folder = filled().await;
    let _open = folder.open().await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path());
    let mut reader = sqlx::ConnectOptions::connect(&options.read_only(true)).await.unwrap();
    let count: i64 =
        sqlx::query_scalar("SELECT count(*) FROM daily").fetch_one(&mut reader).await.unwrap();
    assert_eq!(count, 500);
}

/// Puts other bytes in the place of the store; opening it must fail and leave them alone.
async fn refusal_of(change: impl FnOnce(&mut Vec<u8>)) -> String {
    let folder = filled().await;
    let mut bytes = super::bytes(&folder);
    change(&mut bytes);
    fs::write(folder.path(), &bytes).unwrap();
    let refusal = folder.refusal().await;
    assert!(super::bytes(&folder) == bytes, "the file was changed");
    refusal
}

#[tokio::test]
async fn a_damaged_file_is_refused_and_left_alone() {
    let flipped = refusal_of(|bytes| {
        let middle = bytes.len() / 2;
        bytes[middle..middle + 5_000].iter_mut().for_each(|byte| *byte = !*byte);
    });
    let flipped = flipped.await;
    assert!(flipped.contains("kpi.db` is damaged: Tree "), "{flipped}");
    let cut = refusal_of(|bytes| bytes.truncate(bytes.len() / 2 / 4_096 * 4_096));
    assert_snapshot!(cut.await, @"store `FOLDER/history/kpi.db` is damaged: database disk image is malformed (hint: restore a backup, or save what is readable with `sqlite3 FILE .recover`; to start without history, move it away)");
}

#[tokio::test]
async fn a_file_of_something_else_is_refused_and_left_alone() {
    assert_snapshot!(refusal_of(Vec::clear).await, @"store `FOLDER/history/kpi.db` is an empty file (hint: if it was cut off, restore a backup; to start without history, remove it)");
    assert_snapshot!(refusal_of(|bytes| bytes[0] = b'?').await, @"store `FOLDER/history/kpi.db` is not a database (hint: is `store.path` right? if the file was overwritten, restore a backup; to start without history, move it away)");
    // The header's application id: https://www.sqlite.org/fileformat.html#application_id
    assert_snapshot!(refusal_of(|bytes| bytes[68..72].fill(0)).await, @"store `FOLDER/history/kpi.db` is a database of another program (hint: choose another `store.path`)");
}

#[tokio::test]
async fn a_file_of_a_later_version_is_refused_and_left_alone() {
    // The header's user version, big endian.
    let newer = refusal_of(|bytes| bytes[60..64].copy_from_slice(&9_u32.to_be_bytes()));
    assert_snapshot!(newer.await, @"store `FOLDER/history/kpi.db` has schema version 9, but this kpi-exporter knows no later one than 7 (hint: upgrade kpi-exporter, or restore a backup from before the newer one ran)");
}

#[tokio::test]
async fn a_log_without_its_database_is_not_thrown_away() {
    let folder = filled().await;
    let log = folder.path().with_extension("db-wal");
    fs::rename(folder.path(), &log).unwrap();
    assert_snapshot!(folder.refusal().await, @"store `FOLDER/history/kpi.db` is missing, but its write-ahead log `FOLDER/history/kpi.db-wal` is there (hint: put both back; to start without history, move the log away)");
    assert!(log.exists() && !folder.path().exists());
}

#[tokio::test]
async fn a_creation_that_was_cut_short_is_begun_again() {
    let folder = Folder::new();
    fs::create_dir_all(folder.path().parent().unwrap()).unwrap();
    fs::write(folder.path().with_extension("db.new"), "half a database").unwrap();
    fs::write(folder.path().with_extension("db.new-journal"), "and its journal").unwrap();
    folder.open().await.close().await;
    assert!(!folder.path().with_extension("db.new").exists());
    folder.open().await;
}

#[tokio::test]
async fn a_restored_backup_that_was_killed_on_its_way_is_rolled_back() {
    let folder = filled().await;
    let (path, before) = (folder.path(), super::bytes(&folder));
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let mut other: sqlx::SqliteConnection = sqlx::ConnectOptions::connect(&options).await.unwrap();
    // With no room in memory the change is half in the file, and the way back in the journal.
    let half = "PRAGMA journal_mode = DELETE; PRAGMA cache_size = 1; BEGIN;
                UPDATE daily SET period = hex(randomblob(100)) || 'x'";
    sqlx::raw_sql(half).execute(&mut other).await.unwrap();
    let killed = Folder::new();
    fs::create_dir_all(killed.path().parent().unwrap()).unwrap();
    fs::copy(&path, killed.path()).unwrap();
    fs::copy(path.with_extension("db-journal"), killed.path().with_extension("db-journal"))
        .unwrap();
    assert!(super::bytes(&killed).len() != before.len(), "nothing was written yet");
    let store = killed.open().await;
    let (from, to) = (super::day("2026-01-01"), super::day("2026-12-31"));
    let days = store.history("revenue", None, from, to).await.unwrap();
    assert_eq!(days.len(), 500);
    assert!(days.iter().all(|day| day.period == "2026-Q2"));
}

#[tokio::test]
async fn a_place_where_nothing_can_be_written_is_refused() {
    // Nobody may create files there, not even root.
    let error = Store::open("/sys/kpi.db").await.unwrap_err();
    assert_snapshot!(error, @"store `/sys/kpi.db` cannot be written: Permission denied (os error 13) (hint: file and folder have to be writable for the user that runs kpi-exporter, and the file system not mounted read-only)");
    let folder = filled().await;
    let error = Store::open(folder.path().join("kpi.db")).await.unwrap_err().to_string();
    let error = error.replace(&*folder.path().to_string_lossy(), "FILE");
    assert_snapshot!(error, @"store `FILE/kpi.db` cannot be opened: File exists (os error 17) (hint: `store.path` has to name a file, in a folder that exists or can be made)");
}

#[tokio::test]
async fn a_folder_is_not_a_store() {
    let folder = Folder::new();
    fs::create_dir_all(folder.path()).unwrap();
    assert_snapshot!(folder.refusal().await, @"store `FOLDER/history/kpi.db` cannot be opened: it is not a file (hint: `store.path` has to name a file, in a folder that exists or can be made)");
}

async fn refused_commit(store: &Store) -> String {
    let new = point(key("orders", &[]), "2026-05-01T00:00:00Z", 2.0);
    let error: StoreError =
        store.commit(&evaluation("2026-05-01T00:00:00Z", vec![new])).await.unwrap_err();
    let folder = store.path.parent().unwrap().parent().unwrap().to_owned();
    error.to_string().replace(&*folder.to_string_lossy(), "FOLDER")
}

#[tokio::test]
async fn a_commit_that_cannot_be_written_says_why() {
    let folder = filled().await;
    let store = folder.open().await;
    sqlx::raw_sql("PRAGMA query_only = ON").execute(&store.pool()).await.unwrap();
    assert_snapshot!(refused_commit(&store).await, @"store `FOLDER/history/kpi.db` cannot be written: attempt to write a readonly database (hint: file and folder have to be writable for the user that runs kpi-exporter, and the file system not mounted read-only)");
    sqlx::raw_sql("PRAGMA query_only = OFF; PRAGMA busy_timeout = 0")
        .execute(&store.pool())
        .await
        .unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path());
    let mut other: sqlx::SqliteConnection = sqlx::ConnectOptions::connect(&options).await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    assert_snapshot!(refused_commit(&store).await, @"store `FOLDER/history/kpi.db` is locked by another program (hint: close what has it open, such as a `sqlite3` shell in the middle of a transaction)");
}

#[tokio::test]
async fn a_full_disk_loses_nothing_but_the_evaluation() {
    let folder = filled().await;
    let store = folder.open().await;
    let pages = |count| format!("PRAGMA max_page_count = {count}");
    let pool = store.pool();
    let limit = |count| sqlx::raw_sql(sqlx::AssertSqlSafe(pages(count))).execute(&pool);
    limit(1).await.unwrap();
    let many = (0..1_000)
        .map(|i| point(key("orders", &[("shop", &i.to_string())]), "2026-05-01T00:00:00Z", 2.0));
    let evaluation = evaluation("2026-05-01T00:00:00Z", many.collect());
    let error = store.commit(&evaluation).await.unwrap_err();
    assert_eq!(error.problem, Problem::Full);
    assert_snapshot!(error.problem, @"cannot be written: the disk is full (hint: make room; what was stored before is still there)");
    let days = |kpi: &'static str| {
        store.history(kpi, None, super::day("2026-01-01"), super::day("2026-12-31"))
    };
    assert_eq!(days("orders").await.unwrap().len(), 0);
    assert_eq!(days("revenue").await.unwrap().len(), 500);
    limit(100_000).await.unwrap();
    store.commit(&evaluation).await.unwrap();
    assert_eq!(days("orders").await.unwrap().len(), 1_000);
}
