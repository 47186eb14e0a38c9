//! The mixin gives what the program writes, by jsonnet.

use std::fs;

use serde_json::Value;

use crate::rules::tool;

fn of_mixin(what: &str) -> Value {
    let expression = format!("(import 'deploy/mixin/mixin.libsonnet').{what}");
    let (good, said) = tool("jsonnet", &["--exec", &expression]);
    assert!(good, "{said}");
    serde_json::from_str(&said).unwrap()
}

fn rules(groups: &Value) -> Vec<&Value> {
    let groups = groups["groups"].as_array().unwrap().iter();
    groups.flat_map(|group| group["rules"].as_array().unwrap()).collect()
}

/// jsonnet writes 1 for 1.0.
fn numbers_alike(value: &Value) -> Value {
    match value {
        Value::Number(number) => Value::from(number.as_f64()),
        Value::Array(items) => items.iter().map(numbers_alike).collect(),
        Value::Object(entries) => {
            Value::Object(entries.iter().map(|(k, v)| (k.clone(), numbers_alike(v))).collect())
        }
        other => other.clone(),
    }
}

#[test]
fn it_has_every_rule_alert_and_dashboard() {
    let text = fs::read_to_string(crate::rules::RULES).unwrap();
    for (what, key) in [("prometheusRules", "record"), ("prometheusAlerts", "alert")] {
        let given = of_mixin(what);
        let rules = rules(&given);
        let written = text.matches(&format!("  - {key}: ")).count();
        assert!(written > 5);
        assert_eq!(rules.len(), written, "{what}");
        assert!(rules.iter().all(|rule| rule[key].is_string() && rule["expr"].is_string()));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rules.json");
        fs::write(&file, given.to_string()).unwrap();
        let (good, said) = tool("promtool", &["check", "rules", file.to_str().unwrap()]);
        assert!(good && said.contains(&format!("{written} rules found")), "{said}");
    }
    let dashboards = of_mixin("grafanaDashboards");
    let mut names: Vec<_> =
        fs::read_dir("grafana/dashboards").unwrap().map(|e| e.unwrap().path()).collect();
    names.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    assert_eq!(dashboards.as_object().unwrap().len(), names.len());
    for path in names {
        let file: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let given = &dashboards[path.file_name().unwrap().to_str().unwrap()];
        assert_eq!(numbers_alike(given), numbers_alike(&file), "{}", path.display());
    }
}
