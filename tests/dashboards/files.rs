//! The command and the files it writes.

use std::path::Path;
use std::process::{Command, Output};

use kpi_exporter::artifacts::dashboards;

fn generate(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kpi-exporter"));
    command.env_remove("KPI_EXPORTER_CONFIG").args(["generate", "dashboards"]).args(arguments);
    command.output().unwrap()
}

#[test]
fn the_committed_dashboards_are_the_generated_ones() {
    let output = generate(&["--check"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_file_that_differs_or_is_missing_fails_the_check_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    assert!(generate(&["--output", path]).status.success());
    assert!(generate(&["--output", path, "--check"]).status.success());

    std::fs::write(folder.path().join("kpi-detail.json"), "{}\n").unwrap();
    std::fs::remove_file(folder.path().join("kpi-scorecard.json")).unwrap();
    let output = generate(&["--output", path, "--check"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("kpi-detail.json: error: differs"), "{said}");
    assert!(said.contains("kpi-scorecard.json: error: cannot be read"), "{said}");
    assert!(!said.contains("kpi-weekly-review.json"), "{said}");
}

#[test]
fn a_kpi_of_its_own_dashboard_is_shown_in_its_unit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/kpi-exporter.yaml");
    let config = config.to_str().unwrap();
    assert!(generate(&["--per-kpi", "--output", path, "--config", config]).status.success());
    for (kpi, unit) in [
        ("organic_traffic", "short"),
        ("trial_to_paid", "percentunit"),
        ("net_new_arr", "currencyUSD"),
    ] {
        let file = folder.path().join(format!("kpi-detail-{kpi}.json"));
        let json: serde_json::Value =
            serde_json::from_reader(std::fs::File::open(file).unwrap()).unwrap();
        let panels = json["panels"].as_array().unwrap();
        for title in ["Value", "Value on its way to the target"] {
            let panel = panels.iter().find(|panel| panel["title"] == title).unwrap();
            assert_eq!(panel["fieldConfig"]["defaults"]["unit"], unit, "{kpi} {title}");
        }
    }
}

#[test]
fn a_new_kpi_needs_no_new_dashboard() {
    // Nothing of a configuration goes in.
    let names: Vec<_> = dashboards::shared().iter().map(dashboards::Dashboard::file_name).collect();
    assert_eq!(
        names,
        [
            "kpi-scorecard.json",
            "kpi-detail.json",
            "kpi-weekly-review.json",
            "kpi-exporter-health.json"
        ]
    );
}
