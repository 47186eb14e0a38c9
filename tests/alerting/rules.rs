//! The committed rules: what the program writes, accepted by promtool, each with a test and a runbook.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Output};

use kpi_exporter::artifacts::rules::alert_names;

use crate::exporter::run;

pub(crate) const RULES: &str = "deploy/prometheus/kpi-exporter.rules.yml";
pub(crate) const TESTS: &str = "deploy/prometheus/tests";

/// Runs a tool and gives its exit code and everything it says.
pub(crate) fn tool(program: &str, arguments: &[&str]) -> (bool, String) {
    let Output { status, stdout, stderr } = Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|e| panic!("{program}: {e}; tests/run.sh installs it"));
    (status.success(), String::from_utf8([stdout, stderr].concat()).unwrap())
}

/// The unit tests of the rules.
pub(crate) fn test_files() -> Vec<String> {
    let files = fs::read_dir(TESTS).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.map(|path| path.to_str().unwrap().to_owned()).collect();
    files.sort();
    files
}

#[test]
fn the_committed_rules_are_what_the_program_writes() {
    for (what, format, file) in [
        ("rules", &[][..], RULES),
        ("rules", &["--format=json"], "deploy/mixin/rules.json"),
        ("prometheus-rule", &[], "deploy/kubernetes/prometheusrule.yaml"),
        ("grafana-alerts", &[], crate::grafana::ALERTS),
    ] {
        let generate = [&["generate", what], format].concat();
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            assert!(run(&[&generate[..], &["--output", file]].concat()).status.success());
        }
        let output = run(&[&generate[..], &["--check", "--output", file]].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}: run with UPDATE_EXPECT=1 to write it anew");
    }
}

#[test]
fn links_lead_to_where_the_configuration_or_the_argument_says() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("kpis.yaml");
    let path = config.to_str().unwrap();
    let rules = |arguments: &[&str]| {
        let output = run(&[&["generate", "rules", "--config", path], arguments].concat());
        assert!(output.status.success());
        let said = String::from_utf8(output.stderr).unwrap();
        (String::from_utf8(output.stdout).unwrap(), said)
    };
    let (text, said) = rules(&[]);
    assert!(text.contains("\"http://localhost:9877/kpi/{{ $labels.kpi | urlquery }}\""));
    assert_eq!(said, "");

    fs::write(&config, "version: 1\nserver: { external_url: https://kpis.example/team/ }\n")
        .unwrap();
    let (text, said) = rules(&[]);
    assert!(text.contains("\"https://kpis.example/team/runbooks/KPINoData\"") && said.is_empty());
    let (text, _) = rules(&["--external-url", "https://other.example/"]);
    assert!(text.contains("\"https://other.example/?team={{ $labels.team | urlquery }}\""));
    assert!(!text.contains("kpis.example"));

    fs::write(&config, "version: 1\nserver: { external_url: ${env:NOT_SET} }\n").unwrap();
    let (text, said) = rules(&[]);
    assert!(text.contains("http://localhost:9877/") && said.contains("--external-url"), "{said}");
}

#[test]
fn drift_is_an_error_and_leaves_the_file_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yml");
    let path = file.to_str().unwrap();
    fs::write(&file, "groups: []\n").unwrap();
    let output = run(&["generate", "rules", "--check", "--output", path]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("is not what these arguments write"));
    assert_eq!(fs::read_to_string(&file).unwrap(), "groups: []\n");
    assert_eq!(run(&["generate", "rules", "--output", path]).status.code(), Some(0));
    assert_eq!(run(&["generate", "rules", "--check", "--output", path]).status.code(), Some(0));
    let other = run(&["generate", "rules", "--check", "--output", path, "--job", "other"]);
    assert_eq!(other.status.code(), Some(1));
}

#[test]
fn a_factor_or_a_severity_that_is_none_is_refused() {
    for (option, value, says) in [
        ("--duration-scale", "-1", "expected a number, 0 or more"),
        ("--duration-scale", "inf", "expected a number, 0 or more"),
        ("--severity-map", "warn=page", "is not a severity of the rules"),
        ("--check", "--job=x", "--output"),
    ] {
        let output = run(&["generate", "rules", option, value]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(says), "{said}");
    }
}

#[test]
fn promtool_accepts_the_rules_at_any_speed() {
    let folder = tempfile::tempdir().unwrap();
    for (i, scale) in ["1", "0.0066666667", "0", "0.333"].into_iter().enumerate() {
        let file = folder.path().join(format!("{i}.yml"));
        let path = file.to_str().unwrap();
        let arguments = [
            "generate",
            "rules",
            "--duration-scale",
            scale,
            "--job",
            "a \"b\" \\ c",
            "--output",
            path,
        ];
        assert!(run(&arguments).status.success());
        let (good, said) =
            tool("promtool", &["check", "rules", "--lint=all", "--lint-fatal", path]);
        assert!(good, "{said}");
        assert!(!said.to_lowercase().contains("error"), "{said}");
    }
}

#[test]
fn every_rule_passes_its_tests() {
    let files = test_files();
    let arguments: Vec<_> =
        ["test", "rules"].into_iter().chain(files.iter().map(String::as_str)).collect();
    let (good, said) = tool("promtool", &arguments);
    assert!(good, "{said}");
}

#[test]
#[expect(clippy::case_sensitive_file_extension_comparisons, reason = "the names are ours")]
fn every_alert_has_a_runbook_that_says_the_four_things_and_there_is_no_other() {
    let entries = fs::read_dir("docs/runbooks").unwrap();
    let found: BTreeSet<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "README.md" && name.ends_with(".md"))
        .collect();
    let expected: BTreeSet<String> =
        alert_names().iter().map(|name| format!("{name}.md")).collect();
    assert_eq!(found, expected);
    for name in alert_names() {
        let text = fs::read_to_string(format!("docs/runbooks/{name}.md")).unwrap();
        assert!(text.starts_with(&format!("# {name}\n")), "{name}");
        for section in
            ["## What it means", "## What to look at", "## What to do", "## How to silence"]
        {
            assert!(text.contains(&format!("\n{section}\n")), "{name}: {section}");
        }
        assert!(text.contains(&format!("alertname={name}")), "{name}: a command to silence it");
        let lines = text.lines().count();
        assert!((12..=40).contains(&lines), "{name} has {lines} lines");
    }
}
