//! The alerts for Grafana: what the program writes, of the types that Grafana publishes, and the same
//! alerts as Prometheus' own, by the tests of those.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use crate::exporter::run;
use crate::rules::{RULES, TESTS, test_files, tool};

pub(crate) const ALERTS: &str = "grafana/alerts/kpi-exporter.yaml";

#[test]
fn the_committed_alerts_have_the_types_that_grafana_publishes() {
    let checked = Command::new("node")
        .args(["tests/browser/grafana-alerts.mjs", ALERTS])
        .output()
        .expect("node is there; tests/run.sh installs it");
    let said = String::from_utf8_lossy(&[&*checked.stdout, &*checked.stderr].concat()).into_owned();
    assert!(checked.status.success(), "{said}");
    // The check can fail.
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(ALERTS).unwrap();
    for (good, bad) in [
        ("noDataState: OK", "noDataState: Fine"),
        ("type: threshold", "type: treshold"),
        ("    title: ", "    name: "),
        ("for: 15m", "for: soon"),
        ("apiVersion: 1", "apiVersion: 2"),
    ] {
        assert!(text.contains(good), "{good}");
        let file = folder.path().join("bad.yaml");
        fs::write(&file, text.replacen(good, bad, 1)).unwrap();
        let checked = Command::new("node")
            .arg("tests/browser/grafana-alerts.mjs")
            .arg(&file)
            .output()
            .unwrap();
        assert!(!checked.status.success(), "{bad} is taken");
    }
}

#[test]
fn data_source_folder_and_organisation_are_the_users_own() {
    let output = run(&[
        "generate",
        "grafana-alerts",
        "--folder=Team: KPIs",
        "--datasource-uid=mimir-1",
        "--org-id=7",
        "--severity-map=critical=page",
    ]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("folder: \"Team: KPIs\"") && text.contains("orgId: 7"), "{text}");
    assert!(text.contains("datasourceUid: \"mimir-1\"") && text.contains("severity: \"page\""));
    assert!(
        !text.contains("\"prometheus\"\n      - refId") && !text.contains("severity: \"critical\"")
    );
    assert_eq!(run(&["generate", "grafana-alerts", "--org-id=0"]).status.code(), Some(2));
}

/// Expression by name and severity, in a file of rules or of alerts.
fn expressions(text: &str, name: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let (mut current, mut expr): (Option<String>, Option<String>) = (None, None);
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let key = line.trim_start().trim_start_matches("- ");
        if let Some(value) = key.strip_prefix(name) {
            current = Some(value.trim_matches('"').to_owned());
        } else if let Some(value) = key.strip_prefix("expr: ") {
            let indent = line.len() - line.trim_start().len();
            expr = Some(if value == "|-" {
                let mut block = String::new();
                while let Some(next) = lines.peek()
                    && (next.len() - next.trim_start().len() > indent || next.is_empty())
                {
                    block.push_str(next.trim_start());
                    block.push(' ');
                    lines.next();
                }
                block.trim_end().to_owned()
            } else {
                serde_json::from_str(value).unwrap()
            });
        } else if let Some(severity) = key.strip_prefix("severity: ")
            && let (Some(name), Some(expr)) = (&current, &expr)
        {
            let name = name.split(' ').next().unwrap();
            found.insert(format!("{name} {}", severity.trim_matches('"')), expr.clone());
        }
    }
    found
}

/// Prometheus' rules with the expressions of Grafana's alerts pass the tests of the rules.
#[test]
fn they_fire_when_those_of_prometheus_do() {
    let alerts = expressions(&fs::read_to_string(ALERTS).unwrap(), "title: ");
    assert!(alerts.len() > 20 && alerts.values().all(|expr| !expr.contains("kpi:")), "{alerts:#?}");
    let mut rules = String::new();
    let text = fs::read_to_string(RULES).unwrap();
    let mut replaced = 0;
    // Each alert as a block that begins with its name.
    let mut blocks = text.split("  - alert: ");
    rules.push_str(blocks.next().unwrap());
    for block in blocks {
        let (name, rest) = block.split_once('\n').unwrap();
        let severity = rest.split("severity: ").nth(1).unwrap().lines().next().unwrap();
        let key = format!("{} {}", name.trim_matches('"'), severity.trim_matches('"'));
        writeln!(rules, "  - alert: {name}").unwrap();
        match alerts.get(&key) {
            Some(expr) => {
                replaced += 1;
                writeln!(rules, "    expr: {}", serde_json::Value::from(expr.as_str())).unwrap();
                let mut rest = rest
                    .lines()
                    .skip_while(|line| !line.trim_start().starts_with("expr: "))
                    .skip(1)
                    .peekable();
                while rest.next_if(|line| line.starts_with("      ")).is_some() {}
                for line in rest {
                    rules.push_str(line);
                    rules.push('\n');
                }
            }
            None => rules.push_str(rest),
        }
    }
    assert_eq!(replaced, alerts.len());
    let folder = tempfile::tempdir().unwrap();
    let tests = folder.path().join("tests");
    fs::create_dir(&tests).unwrap();
    fs::write(folder.path().join("kpi-exporter.rules.yml"), &rules).unwrap();
    let mut arguments = vec!["test".to_owned(), "rules".to_owned()];
    for file in test_files() {
        let name = file.strip_prefix(TESTS).unwrap().trim_start_matches('/');
        fs::copy(&file, tests.join(name)).unwrap();
        arguments.push(tests.join(name).to_str().unwrap().to_owned());
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (good, said) = tool("promtool", &arguments);
    assert!(good, "{said}\n{rules}");
}
