//! A disk that is full while the daemon runs. A limit on the size of files stands in for it: it can
//! be set from outside, and lifted.

use std::process::Command;

use crate::exporter::{Exporter, sample};
use crate::shop::{Shop, VALUE};

/// No file may grow beyond this.
fn limit(daemon: &Exporter, size: &str) {
    let id = daemon.id().to_string();
    let size = format!("--fsize={size}:unlimited");
    let set = Command::new("prlimit").args(["--pid", &id, &size]).status().unwrap();
    assert!(set.success());
}

#[test]
fn a_full_disk_is_told_once_stops_nothing_and_is_written_again_when_there_is_room() {
    let shop = Shop::new("path: history.db", 1);
    let daemon = shop.run();
    daemon.until("a value", |m| sample(m, VALUE) == Some(1.0));

    limit(&daemon, "1");
    for n in 2..5 {
        shop.orders(n);
        daemon.until("a value that cannot be written", |m| sample(m, VALUE) == Some(f64::from(n)));
    }
    let log = daemon.log();
    let told: Vec<&str> =
        log.lines().filter(|line| line.contains("history is not written")).collect();
    assert_eq!(told.len(), 1, "{log}");
    for word in ["ERROR", "history.db", "cannot be written", "hint: make room"] {
        assert!(told[0].contains(word), "no {word} in {}", told[0]);
    }

    limit(&daemon, "unlimited");
    shop.orders(5);
    daemon.until("a value that is written", |m| sample(m, VALUE) == Some(5.0));
    daemon.until("the good news", |_| daemon.log().contains("history is written again"));
    drop(daemon);
    assert_eq!(shop.remembered(), Some(5.0), "what was written when there was room");
}
