//! The templates of software as a service beside another program that computes them: the package
//! `saas-metrics` 0.1.0 (MIT) of Python's index, on the export that it generates. What it says is in
//! `tests/data/saas-metrics`, written by `saas_numbers.py`; where the package is installed
//! (`tests/run.sh`), it is asked again.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use kpi_exporter::config::Environment;
use kpi_exporter::limits::read_capped;
use serde_json::Value;
use tempfile::TempDir;

use crate::program::program;

const FOLDER: &str = "tests/data/saas-metrics";

/// The blocks of the catalogue over files in place of a warehouse, by the month as the package has it.
const CONFIG: &str = "version: 1
sources:
  warehouse: { files: { tables: { mrr_movements: mrr_movements.csv, accounts: accounts.csv } } }
";

fn text(path: &Path) -> String {
    String::from_utf8(read_capped(path, 1 << 22).unwrap()).unwrap()
}

/// A folder with the tables and the templates' own queries.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["mrr_movements.csv", "accounts.csv"] {
        fs::write(folder.path().join(name), text(&Path::new(FOLDER).join(name))).unwrap();
    }
    fs::write(folder.path().join("base.yaml"), CONFIG).unwrap();
    for id in ["nrr", "grr", "churn_rate", "revenue_churn", "net_new_arr", "quick_ratio", "arr"] {
        let template = kpi_exporter::catalog::find(id).unwrap();
        let mut block = kpi_exporter::catalog::block(template);
        if !["nrr", "grr"].contains(&id) {
            block = block.replace("    team:", "    window: period\n    period: month\n    team:");
        }
        fs::write(folder.path().join(format!("{id}.yaml")), block).unwrap();
    }
    folder
}

/// Value by KPI at the end of a day.
fn values(folder: &Path, day: &str) -> BTreeMap<String, f64> {
    let arguments = ["eval", "--config", ".", "--as-of", day, "--format", "json"];
    let outcome = program(folder, &arguments);
    let answer: Value =
        serde_json::from_str(&outcome.out).unwrap_or_else(|_| panic!("{}", outcome.err));
    let kpis = answer["kpis"].as_array().unwrap().iter();
    kpis.map(|kpi| (kpi["kpi"].as_str().unwrap().to_owned(), kpi["value"].as_f64().unwrap()))
        .collect()
}

/// What the package says, a month a row, by column.
fn package() -> Vec<(String, BTreeMap<String, f64>)> {
    let text = text(&Path::new(FOLDER).join("metrics.csv"));
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let row = |cells: Vec<&str>| {
        let numbers = header.iter().zip(&cells).skip(1);
        let numbers =
            numbers.filter_map(|(name, cell)| Some(((*name).to_owned(), cell.parse().ok()?)));
        (cells[0].to_owned(), numbers.collect())
    };
    lines.map(row).collect()
}

#[test]
fn the_numbers_are_those_of_saas_metrics() {
    let folder = folder();
    let months = package();
    assert_eq!(months.len(), 4);
    let close = |ours: f64, theirs: f64, what: &str| {
        assert!(
            (ours - theirs).abs() <= 1e-9 * theirs.abs().max(1.0),
            "{what}: {ours} and {theirs}"
        );
    };
    for pair in months.windows(2) {
        let [(_, before), (day, theirs)] = pair else { unreachable!() };
        let ours = values(folder.path(), day);
        for (id, name) in [
            ("nrr", "nrr_12m"),
            ("grr", "grr_12m"),
            ("churn_rate", "logo_churn_rate"),
            ("revenue_churn", "gross_revenue_churn_rate"),
            ("arr", "arr"),
        ] {
            close(ours[id], theirs[name], &format!("{id} of {day}"));
        }
        close(ours["net_new_arr"], theirs["arr"] - before["arr"], &format!("net new ARR of {day}"));
        // Customers who come back are won by theirs, and by the definition of the catalogue not.
        let without = theirs["quick_ratio"] - theirs["reactivation"] / theirs["lost"];
        close(ours["quick_ratio"], without, &format!("quick ratio of {day}"));
        assert!(theirs["reactivation"] >= 0.0);
    }
}

#[test]
fn the_package_still_says_so() {
    let target = Environment::from_process().get("CARGO_TARGET_DIR").unwrap_or("target").to_owned();
    let python = Path::new(&target).join("saas-metrics/bin/python");
    if !python.exists() {
        eprintln!("not checked: saas-metrics is not installed (tests/run.sh does)");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut script = Command::new(&python);
    script.arg("tests/knowledge/saas_numbers.py").arg(folder.path());
    assert!(script.status().unwrap().success());
    for name in ["mrr_movements.csv", "accounts.csv", "metrics.csv"] {
        let committed = text(&Path::new(FOLDER).join(name));
        assert!(text(&folder.path().join(name)) == committed, "{name} differs");
    }
}
