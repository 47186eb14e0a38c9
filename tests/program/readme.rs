//! What the README shows is what the program prints.

use std::path::Path;

use kpi_exporter::limits::read_capped;

use crate::exporter::{Exporter, command, run};

fn readme() -> String {
    String::from_utf8(read_capped(Path::new("README.md"), 1 << 20).unwrap()).unwrap()
}

/// The fenced block whose text starts like this, without the fence.
fn block<'a>(readme: &'a str, language: &str, start: &str) -> &'a str {
    let fence = format!("```{language}\n{start}");
    let at = readme.find(&fence).unwrap_or_else(|| panic!("no block starts with {start:?}"));
    let text = &readme[at + 4 + language.len()..];
    &text[..text.find("\n```").unwrap()]
}

/// What a console block shows after its command.
fn shown<'a>(readme: &'a str, command: &str) -> &'a str {
    block(readme, "console", &format!("$ {command}\n")).split_once('\n').unwrap().1
}

#[test]
fn the_evaluations_are_those_of_the_program() {
    for day in ["2026-04-30", "2026-06-30"] {
        let output = run(&["eval", "--as-of", day]);
        let printed = String::from_utf8(output.stdout).unwrap();
        let command = format!("kpi-exporter eval --as-of {day}");
        assert_eq!(shown(&readme(), &command), printed.trim_end(), "{day}");
    }
}

#[test]
fn the_metrics_are_those_of_the_demo() {
    let mut demo = Exporter::start(&["demo"]);
    let metrics = demo.until("values", |metrics| metrics.contains("\nkpi_value"));
    let readme = readme();
    for line in block(&readme, "text", "kpi_value").lines() {
        assert!(metrics.lines().any(|have| have == line), "{line} is not in\n{metrics}");
    }
    // It takes its files along.
    demo.signal("TERM");
    assert_eq!(demo.wait(), Some(0));
}

#[test]
fn the_first_kpi_passes_check_and_a_mistake_in_it_is_told_as_shown() {
    let readme = readme();
    let example = block(&readme, "yaml", "version: 1");
    let folder = tempfile::tempdir().unwrap();
    let check = |text: &str| {
        std::fs::write(folder.path().join("kpi-exporter.yaml"), text).unwrap();
        let mut check = command();
        check.args(["check", "--config", "kpi-exporter.yaml"]).current_dir(folder.path());
        check.env("WAREHOUSE_URL", "postgres://reader@db.example.com/shop").output().unwrap()
    };
    assert_eq!(check(example).status.code(), Some(0));
    let wrong = example
        .replace("kind: lagging ", "kind: laging ")
        .replace("formula: orders.revenue", "formula: order.revenue");
    let told = String::from_utf8(check(&wrong).stderr).unwrap();
    assert_eq!(shown(&readme, "kpi-exporter check --config kpi-exporter.yaml"), told.trim_end());
    let shipped = Path::new("config/examples/postgres/kpi-exporter.yaml");
    let shipped = String::from_utf8(read_capped(shipped, 1 << 20).unwrap()).unwrap();
    assert!(shipped.trim_end().ends_with(example), "the README and the example differ");
}

#[test]
fn the_sources_behind_http_pass_check() {
    let readme = readme();
    let sources = block(&readme, "yaml", "sources:\n  crm:");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kpi-exporter.yaml");
    std::fs::write(&path, format!("version: 1\n{sources}\n")).unwrap();
    let mut check = command();
    let output = check.args(["check", "--config"]).arg(&path).env("CRM_TOKEN", "t").output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("(0 KPIs, 2 metrics, 2 sources,"));
}

#[test]
fn the_fetch_is_that_of_the_program() {
    let output = run(&["fetch", "trials", "--as-of", "2026-04-30"]);
    let printed = String::from_utf8(output.stdout).unwrap();
    let readme = readme();
    let shown = shown(&readme, "kpi-exporter fetch trials --as-of 2026-04-30");
    let without_time = |line: &str| match line.split_once(" s  ") {
        Some((time, rest)) if time.trim().parse::<f64>().is_ok() => rest.to_owned(),
        _ => line.to_owned(),
    };
    for line in shown.lines().filter(|line| *line != "...") {
        let line = without_time(line);
        assert!(printed.lines().any(|have| without_time(have) == line), "{line} in\n{printed}");
    }
}
