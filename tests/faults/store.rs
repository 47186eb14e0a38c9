//! The store's file is deleted, replaced, shared or full while the daemon runs.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions};

use crate::exporter::{Exporter, command, sample};
use crate::shop::{Shop, UP, VALUE};

/// In a folder of its own.
const STORE: &str = "path: data/history.db";
const ERRORS: &str = "kpi_exporter_store_errors_total";
const SIZE: &str = "kpi_exporter_store_size_bytes";

impl Shop {
    fn set(&self, daemon: &Exporter, n: u32) {
        self.orders(n);
        daemon.until("the value", |m| sample(m, VALUE) == Some(f64::from(n)));
    }
}

fn told(daemon: &Exporter, words: &str) -> usize {
    daemon.log().lines().filter(|line| line.contains(words)).count()
}

fn on(store: &Path, sql: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = SqliteConnectOptions::new().filename(store);
        let mut connection: SqliteConnection = options.connect().await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    });
}

#[test]
fn a_store_that_is_deleted_while_it_runs_is_written_anew_with_all_it_held() {
    for whole_folder in [false, true] {
        let shop = Shop::new(STORE, 1);
        let daemon = shop.run();
        shop.set(&daemon, 2);
        let store = shop.path("data/history.db");
        on(&store, "INSERT INTO series (kpi, labels) VALUES ('of old', '{}')");
        if whole_folder {
            fs::remove_dir_all(shop.path("data")).unwrap();
        } else {
            for suffix in ["", "-wal", "-shm"] {
                fs::remove_file(shop.path(&format!("data/history.db{suffix}"))).unwrap();
            }
        }
        for n in 3..6 {
            shop.set(&daemon, n);
        }
        daemon.until("the file", |_| store.exists());
        assert_eq!(told(&daemon, "deleted while it was in use"), 1, "{}", daemon.log());
        assert!(sample(&daemon.metrics(), SIZE).unwrap() > 4096.0);
        on(
            &store,
            "INSERT INTO series (id, kpi, labels) SELECT 1 / count(*), 'x', 'y' FROM series
                    WHERE kpi = 'of old' HAVING count(*) = 0",
        );
        drop(daemon);
        assert_eq!(shop.remembered(), Some(5.0), "{whole_folder}");
    }
}

#[test]
fn a_store_that_is_replaced_while_it_runs_is_gone_on_with() {
    let shop = Shop::new(STORE, 1);
    let daemon = shop.run();
    shop.set(&daemon, 2);
    let (store, backup) = (shop.path("data/history.db"), shop.path("backup.db"));
    on(&store, &format!("VACUUM INTO '{}'", backup.display()));
    shop.set(&daemon, 3);
    fs::rename(&backup, &store).unwrap();
    for n in 4..7 {
        shop.set(&daemon, n);
    }
    assert_eq!(told(&daemon, "replaced while it was in use"), 1, "{}", daemon.log());
    // By what is none of ours: told once, left alone, and good again when it is.
    let (ours, other) = (shop.path("ours.db"), shop.path("other.db"));
    on(&store, &format!("VACUUM INTO '{}'", ours.display()));
    fs::write(&other, "something else, and longer than the header of a database has to be")
        .unwrap();
    fs::rename(&other, &store).unwrap();
    for n in 7..10 {
        shop.set(&daemon, n);
    }
    assert_eq!(told(&daemon, "history is not written"), 1, "{}", daemon.log());
    assert!(sample(&daemon.metrics(), ERRORS).unwrap() >= 1.0);
    assert!(fs::read_dir(shop.path("data")).unwrap().count() >= 1);
    fs::rename(&ours, &store).unwrap();
    shop.set(&daemon, 10);
    daemon.until("the good news", |_| told(&daemon, "history is written again") == 1);
    drop(daemon);
    assert_eq!(shop.remembered(), Some(10.0));
}

#[test]
fn a_second_daemon_is_refused_by_whatever_links_it_comes() {
    let shop = Shop::new(STORE, 1);
    let daemon = shop.run();
    shop.set(&daemon, 2);
    symlink("data/history.db", shop.path("link.db")).unwrap();
    symlink("link.db", shop.path("second.db")).unwrap();
    symlink("data", shop.path("folder")).unwrap();
    fs::hard_link(shop.path("data/history.db"), shop.path("hard.db")).unwrap();
    for path in
        ["hard.db", "link.db", "second.db", "folder/history.db", "folder/../data/history.db"]
    {
        let mut second = command();
        second.args(["run", "--web.listen-address", "127.0.0.1:0", "--config"]);
        second.arg(shop.path("kpis.yaml")).env("KPI_EXPORTER_STORE__PATH", shop.path(path));
        let output = second.output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && stderr.contains("is in use by another"), "{stderr}");
        assert!(stderr.contains(path), "{stderr}");
    }
    assert_eq!(sample(&daemon.metrics(), ERRORS), Some(0.0));
}

#[test]
fn a_value_does_not_fall_back_by_a_reload_while_the_store_is_full() {
    let shop = Shop::new(STORE, 1);
    let daemon = shop.run();
    shop.set(&daemon, 2);
    let limit = |size: &str| {
        let (id, size) = (daemon.id().to_string(), format!("--fsize={size}:unlimited"));
        assert!(Command::new("prlimit").args(["--pid", &id, &size]).status().unwrap().success());
    };
    limit("1");
    shop.set(&daemon, 3);
    fs::remove_file(shop.path("orders.csv")).unwrap();
    daemon.until("the failure", |m| sample(m, UP) == Some(0.0));
    let errors = |metrics: &str| sample(metrics, ERRORS).unwrap_or(0.0);
    let mut before = 0.0;
    for reloads in 1..3 {
        before = errors(&daemon.metrics());
        let id = daemon.id().to_string();
        assert!(Command::new("kill").args(["-HUP", &id]).status().unwrap().success());
        daemon.until("reloaded", |_| told(&daemon, "configuration reloaded") == reloads);
        let metrics = daemon.until("failed again", |m| sample(m, UP) == Some(0.0));
        assert_eq!(sample(&metrics, VALUE), Some(3.0), "reload {reloads}: {}", daemon.log());
    }
    // What was counted goes on after a reload.
    daemon.until("counted", |m| errors(m) > before);
    limit("unlimited");
    daemon.until("written", |_| told(&daemon, "history is written again") > 0);
    drop(daemon);
    shop.orders(9);
    assert_eq!(shop.remembered(), Some(3.0), "what could not be written was, when there was room");
}

#[test]
fn a_disk_that_is_full_at_the_start_leaves_a_daemon_without_history() {
    let shop = Shop::new(STORE, 1);
    for had_one in [false, true] {
        let mut limited = Command::new("prlimit");
        limited.arg("--fsize=1:1").arg(command().get_program());
        let daemon = Exporter::spawn(limited.args(["run", "--config"]).arg(shop.path("kpis.yaml")));
        for n in [2, 3] {
            shop.set(&daemon, n);
        }
        assert_eq!(told(&daemon, "going on without history, until a restart"), 1, "{had_one}");
        assert_eq!(daemon.get("/-/healthy").0, 200);
        drop(daemon);
        shop.set(&shop.run(), 4);
    }
    assert_eq!(shop.remembered(), Some(4.0));
}

#[test]
fn a_limit_on_the_size_of_files_is_an_error_and_not_the_end() {
    let shop = Shop::new(STORE, 1);
    let out = shop.path("rules.yml");
    let mut limited = Command::new("prlimit");
    limited.arg("--fsize=100").arg(command().get_program());
    let output = limited.args(["generate", "rules", "--output"]).arg(&out).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("cannot write") && stderr.contains("File too large"), "{stderr}");
    assert!(!out.exists());
}
