//! `check --connect`: every source and metric once, none hidden by another.

use std::path::Path;

use crate::exporter::{command, run};
use crate::fetch::{Shop, assert_printed, percent_encoded, steady};
use crate::servers::{self, PASSWORD};

const MANY: &str = "
version: 1
sources:
  far: { sql: { url: 'postgres://kpi:@SECRET@@127.0.0.1:1/shop' } }
  files: { files: { tables: { stock: stock.csv, lost: lost.csv } } }
  idle: { sql: { url: 'mysql://kpi:@SECRET@@127.0.0.1:1/shop' } }
  idle_api: { http: { url: 'http://127.0.0.1:1', retries: 0, proxy: 'off', auth: { bearer: '@SECRET@' } } }
  idle_prometheus: { prometheus: { url: 'http://127.0.0.1:1', retries: 0, proxy: 'off' } }
  idle_tables: { files: { tables: { stock: stock.csv } } }
metrics:
  orders: { source: far, query: SELECT count(*) AS value FROM orders }
  revenue: { source: far, query: SELECT sum(amount) AS value FROM orders }
  stock: { source: files, query: 'SELECT item, n AS value, at FROM stock', labels: [item, at] }
  bad: { source: files, query: SELECT item AS value FROM stock }
  empty: { source: files, query: SELECT n AS value FROM stock WHERE n > 100 }
  lost: { source: files, query: SELECT count(*) AS value FROM lost }
kpis:
  stock: { kind: leading, formula: stock, accumulation: level, unit: count, target: { min: 1 } }
";

#[test]
fn all_that_is_wrong_is_told_and_what_is_right_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("kpis.yaml");
    std::fs::write(&config, MANY.replace("@SECRET@", "s3cret")).unwrap();
    std::fs::write(folder.path().join("stock.csv"), "item,n,at\npen,5,2026-01-01\n").unwrap();
    let mut check = command();
    let output = check.args(["check", "--connect", "--config"]).arg(&config).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_printed!(steady(&output, folder.path()));
    let said = [output.stdout, output.stderr].concat();
    assert!(!String::from_utf8_lossy(&said).contains("s3cret"));
}

#[test]
fn a_configuration_that_answers_gives_exit_code_0() {
    let output =
        run(&["check", "--connect", "--config", "config/examples/cdnow/kpi-exporter.yaml"]);
    assert_eq!(output.status.code(), Some(0));
    assert_printed!(steady(&output, Path::new("/no/folder")));
    let silent = run(&["check", "--config", "config/examples/cdnow/kpi-exporter.yaml"]);
    let first = String::from_utf8(output.stdout).unwrap();
    let first = first.lines().next().unwrap();
    assert_eq!(String::from_utf8(silent.stdout).unwrap(), format!("{first}\n"));
}

#[test]
fn a_mistake_in_the_configuration_comes_first_and_gives_exit_code_2() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("kpis.yaml");
    std::fs::write(&config, MANY.replace("source: far", "source: fat")).unwrap();
    let mut check = command();
    let output = check.args(["check", "--connect", "--config"]).arg(&config).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
}

#[tokio::test]
async fn a_wrong_password_is_told_without_it() {
    let server = servers::postgres().await;
    let shop = Shop::sqlite().await;
    let secret = percent_encoded(&format!("not {PASSWORD}"));
    let url = format!("postgres://kpi:{secret}@127.0.0.1:{}/postgres", server.port);
    shop.configure(&format!("url: '{url}'"));
    let check = || {
        let mut check = command();
        check.args(["check", "--connect", "--config"]).arg(shop.path("kpis.yaml"));
        check.output().unwrap()
    };
    let mut output = check();
    // The server listens a little earlier than it takes logins.
    while String::from_utf8_lossy(&output.stdout).contains("starting up") {
        output = check();
    }
    assert_eq!(output.status.code(), Some(1));
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.contains("password authentication failed for user \"kpi\""), "{stdout}");
    assert!(stdout.contains("hint: check the `user` and `password` of the source"), "{stdout}");
    assert!(stdout.contains("failed, 4 of 4 metrics"), "{stdout}");
    let said = stdout + &String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains(PASSWORD) && !said.contains(&secret), "{said}");
}
