//! What ships with the program keeps to what it asks of others: examples and blocks of the catalogue under
//! `check --strict`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use kpi_exporter::catalog;
use kpi_exporter::limits::read_capped;
use serde_json::Value;

use crate::program::program;

fn text(path: &Path) -> String {
    String::from_utf8(read_capped(path, 1 << 20).unwrap()).unwrap()
}

fn examples() -> Vec<PathBuf> {
    let patterns = ["config/*.yaml", "config/examples/*.yaml", "config/examples/*/*.yaml"];
    let files = patterns.iter().flat_map(|pattern| glob::glob(pattern).unwrap());
    files.map(Result::unwrap).collect()
}

/// Variables that a configuration asks for, with something that fits.
fn variables(text: &str) -> Vec<(String, String)> {
    let names = text.split("${env:").skip(1).map(|rest| rest.split(['}', ':']).next().unwrap());
    let value = |name: &str| {
        if name.contains("DATABASE_URL") || name.contains("WAREHOUSE_URL") {
            "postgres://reader@db.example.com/shop"
        } else if name.contains("URL") {
            "https://x.example.com"
        } else if name.contains("REPOSITORY") {
            "example/shop"
        } else {
            "12345"
        }
    };
    names.map(|name| (name.to_owned(), value(name).to_owned())).collect()
}

#[test]
fn the_shipped_examples_are_clean_or_say_why_not() {
    let examples = examples();
    assert!(examples.len() > 12, "{examples:?}");
    let mut unclean = Vec::new();
    for file in examples {
        let text = text(&file);
        assert!(text.starts_with("# yaml-language-server: $schema="), "{}", file.display());
        let mut command = Command::cargo_bin("kpi-exporter").unwrap();
        command.args(["check", "--strict", "--config"]).arg(&file).envs(variables(&text));
        let output = command.output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        match output.status.code().unwrap() {
            0 => assert!(!told.contains(": warning: "), "{}: {told}", file.display()),
            1 => {
                let header = text.lines().take_while(|line| line.starts_with('#'));
                let header: Vec<&str> = header.collect();
                assert!(
                    header.join(" ").contains("`check --strict`"),
                    "{}: {told}",
                    file.display()
                );
                unclean.push(file);
            }
            _ => panic!("{}: {told}{errors}", file.display()),
        }
    }
    // The first KPI of the README, on purpose.
    assert_eq!(unclean, [PathBuf::from("config/examples/postgres/kpi-exporter.yaml")]);
}

/// What a block alone cannot have: a team of some size, an objective, and the outcome that it leads.
const OF_A_FRAMEWORK: [&str; 6] = ["K001", "K002", "K003", "K004", "K005", "K010"];

#[test]
fn the_blocks_of_the_catalogue_trigger_no_lint_by_themselves() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("base.yaml"),
        "version: 1\nsources:\n  warehouse: { sql: { url: \"sqlite://w.db\" } }\n  prometheus: { prometheus: { url: \"http://127.0.0.1:9\" } }\n",
    )
    .unwrap();
    for template in catalog::all() {
        let file = folder.path().join(format!("{}.yaml", template.id));
        fs::write(file, catalog::block(template)).unwrap();
    }
    let outcome = program(folder.path(), &["check", "--config", ".", "--format", "json"]);
    let report: Value =
        serde_json::from_str(&outcome.out).unwrap_or_else(|_| panic!("{}", outcome.err));
    assert_eq!(report["usable"], true, "{report:#}");
    let found = report["findings"].as_array().unwrap().iter();
    let own: BTreeSet<String> = found
        .filter(|f| {
            !OF_A_FRAMEWORK.contains(&f["code"].as_str().unwrap()) && f["severity"] == "warning"
        })
        .map(|f| format!("{}: {}", f["code"], f["message"]))
        .collect();
    assert!(own.is_empty(), "{own:#?}");
}

#[test]
fn what_the_program_writes_is_known_to_editors() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    assert_eq!(program(at, &["demo", "--write", "demo"]).code, 0);
    assert_eq!(program(at, &["init", "--from-template", "saas", "--output", "k.yaml"]).code, 0);
    for (file, schema) in [
        ("demo/kpi-exporter.yaml", "demo/kpi-exporter.schema.json"),
        ("k.yaml", "kpi-exporter.schema.json"),
    ] {
        let text = text(&at.join(file));
        assert!(
            text.starts_with("# yaml-language-server: $schema=kpi-exporter.schema.json\n"),
            "{text}"
        );
        let schema = String::from_utf8(read_capped(&at.join(schema), 1 << 22).unwrap()).unwrap();
        assert_eq!(schema, program(at, &["generate", "schema"]).out);
    }
}

/// Every key has words that editors show, and they are those of the reference.
#[test]
fn every_key_of_the_schema_is_explained() {
    fn walk(schema: &Value, path: &str, bare: &mut Vec<String>, keys: &mut usize) {
        for (key, value) in schema["properties"].as_object().into_iter().flatten() {
            *keys += 1;
            if value["description"].as_str().is_none_or(str::is_empty) {
                bare.push(format!("{path}.{key}"));
            }
            walk(value, &format!("{path}.{key}"), bare, keys);
        }
        for below in ["additionalProperties", "items"] {
            if schema[below].is_object() {
                walk(&schema[below], path, bare, keys);
            }
        }
        for form in schema["anyOf"].as_array().into_iter().flatten() {
            walk(form, path, bare, keys);
        }
    }
    let schema = kpi_exporter::config::schema();
    let (mut bare, mut keys) = (Vec::new(), 0);
    walk(&schema, "", &mut bare, &mut keys);
    assert!(bare.is_empty() && keys > 200, "{keys} keys; without words: {bare:?}");
}
