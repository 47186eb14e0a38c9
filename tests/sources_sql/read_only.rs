//! Read-only means read-only: what looks like a query and is more changes nothing on a real server,
//! even for a login that may do all.

use sqlx::{AssertSqlSafe, Row, raw_sql};

use super::sqlite::shop;
use super::{config, login, mariadb, open, postgres};
use crate::ask::table;
use crate::servers;

const POSTGRES: [&str; 35] = [
    "WITH x AS (DELETE FROM t RETURNING a) SELECT count(*) FROM x",
    "WITH x AS (SELECT 1) INSERT INTO t SELECT 2",
    "EXPLAIN ANALYZE DELETE FROM t",
    "EXPLAIN (ANALYZE) INSERT INTO t VALUES (2)",
    "EXPLAIN ANALYZE EXECUTE p",
    "SELECT * INTO copied FROM t",
    "SELECT a INTO TEMP copied FROM t",
    "SELECT a FROM t FOR UPDATE",
    "SELECT 1; DELETE FROM t",
    "SELECT 1; COMMIT; DELETE FROM t",
    "SHOW ALL; DELETE FROM t",
    "COPY t TO PROGRAM 'touch @MARK@'",
    "COPY (SELECT 1) TO '@MARK@'",
    "DO $$ BEGIN DELETE FROM t; END $$",
    "CALL empty_it()",
    "SELECT wipe()",
    "SELECT definer_wipe()",
    "SELECT a FROM t WHERE wipe() > 0",
    "VALUES (wipe())",
    "TABLE wiping",
    "SELECT query_to_xml('DELETE FROM t', true, true, '')",
    "SELECT nextval('ids')",
    "SELECT setval('ids', 100)",
    "SELECT lo_export(lo_from_bytea(0, 'x'), '@MARK@')",
    "SELECT \"lo_export\"(1, '@MARK@')",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()",
    "SELECT pg_catalog.pg_cancel_backend(1)",
    "SELECT pg_reload_conf()",
    "SELECT set_config('transaction_read_only', 'off', true)",
    "SELECT set_config('session_authorization', 'kpi', false)",
    "SELECT * FROM dblink('host=127.0.0.1', 'DELETE FROM t RETURNING a') AS x (a int)",
    "SELECT dblink_exec('host=127.0.0.1', 'DELETE FROM t')",
    "SELECT pg_create_restore_point('x')",
    "SELECT pg_advisory_lock(7)",
    "EXPLAIN ANALYZE CREATE TABLE copied AS SELECT 1",
];

#[tokio::test]
async fn queries_change_nothing_on_postgres_even_for_a_superuser() {
    let server = servers::postgres().await;
    let mut admin = server.superuser("postgres").await;
    postgres::execute(
        &mut admin,
        "CREATE TABLE t (a int); INSERT INTO t VALUES (1); CREATE SEQUENCE ids;
         CREATE FUNCTION wipe() RETURNS int LANGUAGE sql AS 'DELETE FROM t; SELECT 1';
         CREATE FUNCTION definer_wipe() RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS
           'BEGIN EXECUTE ''SET LOCAL transaction_read_only = off''; DELETE FROM t; RETURN 1; END';
         CREATE PROCEDURE empty_it() LANGUAGE sql AS 'DELETE FROM t';
         CREATE VIEW wiping AS SELECT wipe()",
    )
    .await;
    let source = open(&login(&postgres::url(&server)));
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    for query in POSTGRES {
        let query = query.replace("@MARK@", &mark.display().to_string());
        let outcome = table(&source, &query).await;
        assert!(outcome.is_err(), "{query}: {outcome:?}");
        assert!(!mark.exists(), "{query}");
    }
    // What is undone with the transaction may run.
    for query in ["SELECT pg_notify('x', 'y')", "SELECT pg_advisory_xact_lock(7)"] {
        table(&source, query).await.unwrap();
    }
    // Versions before 16 let it run.
    let _ = table(&source, "SELECT lo_create(77)").await;
    let state = "SELECT (SELECT count(*) FROM t) || ',' || (SELECT count(*) FROM pg_locks \
        WHERE locktype = 'advisory') || ',' || coalesce(to_regclass('copied')::text, 'no') || ',' || \
        (SELECT is_called FROM ids) || ',' || (SELECT count(*) FROM pg_largeobject_metadata)";
    let row = raw_sql(state).fetch_one(&mut admin).await.unwrap();
    assert_eq!(row.get::<String, _>(0), "1,0,no,false,0");
}

const MARIADB: [&str; 24] = [
    "WITH x AS (SELECT 1) DELETE FROM t",
    "SELECT 1 INTO OUTFILE '@MARK@'",
    "SELECT 1 INTO DUMPFILE '@MARK@'",
    "SELECT a FROM t INTO @x",
    "TABLE t INTO OUTFILE '@MARK@'",
    "SELECT 1 /*!50000 INTO OUTFILE '@MARK@' */",
    "/*!50000 DELETE FROM t */",
    "SELECT 1 /*M!100100 FROM t FOR UPDATE */",
    "SELECT a FROM t FOR UPDATE",
    "SELECT a FROM t LOCK IN SHARE MODE",
    "EXPLAIN DELETE FROM t",
    "ANALYZE DELETE FROM t",
    "SELECT 1; DELETE FROM t",
    "SELECT wipe()",
    "SELECT a FROM t WHERE wipe() > 0",
    "SELECT * FROM wiping",
    "SELECT wipe_old()",
    "SELECT NEXT VALUE FOR ids",
    "SELECT nextval(ids)",
    "SELECT setval(ids, 100)",
    "SELECT GET_LOCK('x', 0)",
    "HANDLER t OPEN",
    "CALL empty_it()",
    "DO wipe()",
];

#[tokio::test]
async fn queries_change_nothing_on_mariadb_even_for_a_login_that_may_all() {
    let server = servers::mariadb().await;
    let mut admin = mariadb::admin(&server).await;
    for sql in [
        "GRANT ALL ON *.* TO kpi WITH GRANT OPTION",
        "CREATE TABLE t (a int)",
        "CREATE TABLE old (a int) ENGINE = MyISAM",
        "INSERT INTO t VALUES (1)",
        "INSERT INTO old VALUES (1)",
        "CREATE SEQUENCE ids",
        "CREATE FUNCTION wipe() RETURNS int BEGIN DELETE FROM t; RETURN 1; END",
        "CREATE FUNCTION wipe_old() RETURNS int BEGIN DELETE FROM old; RETURN 1; END",
        "CREATE PROCEDURE empty_it() DELETE FROM t",
        "CREATE VIEW wiping AS SELECT wipe() AS a",
    ] {
        mariadb::execute(&mut admin, sql).await;
    }
    let source = open(&login(&mariadb::url(&server)));
    let mark = server.socket().with_file_name("mark");
    for query in MARIADB {
        let query = query.replace("@MARK@", &mark.display().to_string());
        let outcome = table(&source, &query).await;
        assert!(outcome.is_err(), "{query}: {outcome:?}");
        assert!(!mark.exists(), "{query}");
    }
    let state = "SELECT CAST(CONCAT_WS(',', (SELECT count(*) FROM t), (SELECT count(*) FROM old), \
        (SELECT next_not_cached_value FROM ids), COALESCE(IS_USED_LOCK('x'), 'free')) AS char)";
    let row = raw_sql(AssertSqlSafe(state)).fetch_one(&mut admin).await.unwrap();
    assert_eq!(row.try_get_unchecked::<String, _>(0).unwrap(), "1,1,1,free");
}

const SQLITE: [&str; 18] = [
    "WITH x AS (SELECT 1) DELETE FROM t",
    "WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x",
    "EXPLAIN DELETE FROM t",
    "SELECT 1; DELETE FROM t",
    "VACUUM INTO '@MARK@'",
    "ATTACH '@MARK@' AS copy",
    "DETACH main",
    "REINDEX",
    "PRAGMA user_version = 7",
    "SELECT load_extension('@MARK@')",
    "SELECT \"load_extension\"('@MARK@')",
    "SELECT writefile('@MARK@', 'x')",
    "SELECT edit('x')",
    "SELECT * FROM pragma_hard_heap_limit(1)",
    "SELECT * FROM pragma_soft_heap_limit(1)",
    "SELECT * FROM pragma_journal_mode('delete')",
    "SELECT * FROM pragma_wal_checkpoint('truncate')",
    "SELECT * FROM pragma_query_only(0)",
];

#[tokio::test]
async fn queries_change_nothing_in_a_file_of_sqlite() {
    let file = shop(&["CREATE TABLE t (a)", "INSERT INTO t VALUES (1)"]).await;
    let before = std::fs::metadata(file.path()).unwrap().modified().unwrap();
    let source = open(&config(&file.url()));
    let mark = file.path().with_file_name("mark");
    for query in SQLITE {
        let query = query.replace("@MARK@", &mark.display().to_string());
        let outcome = table(&source, &query).await;
        assert!(outcome.is_err(), "{query}: {outcome:?}");
        assert!(!mark.exists(), "{query}");
        assert_eq!(table(&source, "SELECT a FROM t").await.unwrap().rows.len(), 1, "{query}");
    }
    assert_eq!(std::fs::metadata(file.path()).unwrap().modified().unwrap(), before);
}
