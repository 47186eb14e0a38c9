//! `store check`, `compact` and `export` as people use them: beside a daemon, on a file that is damaged or of
//! somebody else, in a folder that may only be read.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;

use kpi_exporter::limits::read_capped;
use serde_json::Value;

use crate::exporter::{Exporter, command, sample};
use crate::shop::{Shop, VALUE};

/// Of what was before the daemon nothing is written.
const STORE: &str = "path: history.db, backfill: off";

/// What a command said, and whether all was well.
#[derive(Debug)]
struct Said {
    out: String,
    problem: String,
    is_good: bool,
}

impl Shop {
    /// With a store that a daemon has left behind.
    fn with_history() -> Self {
        let shop = Self::new(STORE, 7);
        let mut daemon = shop.daemon();
        daemon.signal("TERM");
        assert_eq!(daemon.wait(), Some(0));
        shop
    }

    /// A daemon that shows the value, which it has written before.
    fn daemon(&self) -> Exporter {
        let daemon = self.run();
        daemon.until("a value", |m| sample(m, VALUE) == Some(7.0));
        daemon
    }

    fn store(&self, arguments: &[&str]) -> Said {
        said(command().arg("store").args(arguments).arg("--config").arg(self.path("kpis.yaml")))
    }

    fn bytes(&self) -> Vec<u8> {
        read_capped(&self.path("history.db"), 1 << 30).unwrap()
    }

    /// What lies in the folder.
    fn names(&self) -> Vec<String> {
        let names = fs::read_dir(self.folder()).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn said(command: &mut Command) -> Said {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, problem) = (text(&output.stdout), text(&output.stderr));
    Said { out, problem, is_good: output.status.success() }
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn beside_a_daemon_a_store_is_examined_and_exported_and_not_written_anew() {
    let shop = Shop::new(STORE, 7);
    let daemon = shop.daemon();
    let check = shop.store(&["check"]);
    assert!(check.is_good, "{check:?}");
    assert!(check.out.contains("history.db: ok (schema version "), "{check:?}");
    assert!(check.out.contains("\n1 label set, 1 day, "), "{check:?}");

    let export = shop.store(&["export"]);
    assert!(export.is_good, "{export:?}");
    let days = lines(&export.out);
    assert_eq!(days.len(), 1, "{export:?}");
    assert_eq!((&days[0]["kpi"], &days[0]["value"]), (&"orders".into(), &7.0.into()));
    assert_eq!(
        (&days[0]["labels"], &days[0]["status"]),
        (&Value::Object([].into_iter().collect()), &"on_track".into())
    );

    let compact = shop.store(&["compact"]);
    assert!(!compact.is_good, "{compact:?}");
    let process = format!("process {}", daemon.id());
    for word in ["history.db", "is in use by another kpi-exporter", &process] {
        assert!(compact.problem.contains(word), "no {word} in {compact:?}");
    }
    // The daemon has noticed nothing.
    daemon.until("a value", |m| sample(m, VALUE) == Some(7.0));
    assert!(!daemon.log().contains("ERROR"), "{}", daemon.log());
}

#[test]
fn a_store_that_was_written_anew_holds_what_it_held() {
    let shop = Shop::with_history();
    let before = shop.store(&["export"]);
    let compact = shop.store(&["compact"]);
    assert!(compact.is_good, "{compact:?}");
    assert!(compact.out.contains("before") && compact.out.contains("now"), "{compact:?}");
    let file = shop.path("days.jsonl");
    let after = shop.store(&["export", "--output", file.to_str().unwrap()]);
    assert!(after.is_good && after.out.contains("1 day written"), "{after:?}");
    assert_eq!(String::from_utf8(read_capped(&file, 1 << 20).unwrap()).unwrap(), before.out);
    assert!(shop.store(&["check"]).is_good);
    // What the daemon knew it still knows: it is shown before anything is asked.
    fs::remove_file(shop.path("orders.csv")).unwrap();
    let daemon = shop.daemon();
    drop(daemon);
}

#[test]
fn damage_is_told_and_nothing_is_made_worse() {
    let shop = Shop::with_history();
    let mut bytes = shop.bytes();
    // Of every page but the first the beginning, where it says what it is.
    for page in bytes.chunks_mut(4096).skip(1) {
        page[..64].fill(0xa5);
    }
    fs::write(shop.path("history.db"), &bytes).unwrap();
    for arguments in [&["check"][..], &["compact"], &["export"]] {
        let said = shop.store(arguments);
        assert!(!said.is_good, "{arguments:?}: {said:?}");
        for word in ["history.db", "is damaged", "hint: restore a backup"] {
            assert!(said.problem.contains(word), "{arguments:?}: no {word} in {said:?}");
        }
        assert_eq!(shop.bytes(), bytes, "{arguments:?}");
    }
    assert_eq!(shop.store(&["export", "--output", "days.jsonl"]).out, "");
    assert!(!Path::new("days.jsonl").exists(), "nothing is written of what cannot be read");
}

#[test]
fn what_is_no_store_is_left_alone() {
    let shop = Shop::new(STORE, 7);
    let path = shop.path("history.db");
    let foreign = rusqlite::Connection::open(&path).unwrap();
    foreign.execute_batch("CREATE TABLE series (id); INSERT INTO series VALUES (1)").unwrap();
    drop(foreign);
    let foreign = shop.bytes();
    for (bytes, word) in [
        (foreign, "is a database of another program"),
        (b"orders of the day\n".repeat(500), "is not a database"),
        (Vec::new(), "is an empty file"),
    ] {
        fs::write(&path, &bytes).unwrap();
        for arguments in [&["check"][..], &["compact"], &["export"]] {
            let said = shop.store(arguments);
            assert!(!said.is_good && said.problem.contains(word), "{arguments:?}: {said:?}");
            assert_eq!(said.out, "", "{arguments:?}");
            assert_eq!(shop.bytes(), bytes, "{arguments:?} of what {word}");
        }
    }
    fs::remove_file(&path).unwrap();
    let before = shop.names();
    for arguments in [&["check"][..], &["compact"], &["export"]] {
        let said = shop.store(arguments);
        assert!(!said.is_good && said.problem.contains("history.db"), "{arguments:?}: {said:?}");
        assert!(!shop.path("history.db").exists(), "{arguments:?} made a store");
    }
    let is_lock = |name: &String| Path::new(name).extension().is_some_and(|kind| kind == "lock");
    let after: Vec<_> = shop.names().into_iter().filter(|name| !is_lock(name)).collect();
    assert_eq!(after, before);
}

#[test]
fn in_a_folder_that_may_only_be_read_it_is_examined_and_exported() {
    let shop = Shop::with_history();
    for name in shop.names() {
        fs::set_permissions(shop.path(&name), Permissions::from_mode(0o444)).unwrap();
    }
    fs::set_permissions(shop.folder(), Permissions::from_mode(0o555)).unwrap();
    // Root may write everywhere.
    let as_somebody = |arguments: &[&str]| {
        let mut run = Command::new("setpriv");
        if fs::metadata(shop.folder()).unwrap().uid() == 0 {
            run.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
        }
        run.arg(command().get_program()).arg("store").args(arguments);
        said(run.arg("--config").arg(shop.path("kpis.yaml")))
    };
    let check = as_somebody(&["check"]);
    assert!(check.is_good && check.out.contains(": ok"), "{check:?}");
    let export = as_somebody(&["export"]);
    assert!(export.is_good && lines(&export.out).len() == 1, "{export:?}");
    let compact = as_somebody(&["compact"]);
    assert!(!compact.is_good, "{compact:?}");
    for word in ["history.db", "cannot be written", "hint: "] {
        assert!(compact.problem.contains(word), "no {word} in {compact:?}");
    }
    fs::set_permissions(shop.folder(), Permissions::from_mode(0o755)).unwrap();
}
