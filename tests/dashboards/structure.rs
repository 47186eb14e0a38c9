//! What Grafana does not check by itself, on every dashboard that can be generated.

use std::collections::BTreeSet;
use std::path::Path;

use kpi_exporter::artifacts::dashboards::{self, Dashboard, FOREIGN_METRICS};
use kpi_exporter::config::{self, Environment};
use kpi_exporter::exposition::families;
use serde_json::Value;

/// Panels that show no numbers.
const WORDS: &[&str] = &["text"];

fn all() -> Vec<Dashboard> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/kpi-exporter.yaml");
    let config = config::load(&path, &Environment::from_process()).unwrap();
    let mut all = dashboards::shared();
    all.extend(dashboards::per_kpi(&config.definitions));
    all
}

fn panels(dashboard: &Dashboard) -> &Vec<Value> {
    dashboard.json["panels"].as_array().unwrap()
}

/// All texts in a piece of JSON.
fn texts<'a>(json: &'a Value, found: &mut Vec<&'a str>) {
    match json {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(map) => map.values().for_each(|value| texts(value, found)),
        _ => {}
    }
}

/// Names after `$` or `${`, without those that Grafana provides.
fn variables_in(text: &str) -> BTreeSet<&str> {
    text.split('$')
        .skip(1)
        .map(|rest| {
            let rest = rest.strip_prefix('{').unwrap_or(rest);
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            &rest[..end.unwrap_or(rest.len())]
        })
        .filter(|name| !name.starts_with("__") && !name.starts_with(|c: char| c.is_ascii_digit()))
        .filter(|name| !name.is_empty())
        .collect()
}

/// A query without its quoted texts.
fn unquoted(expr: &str) -> String {
    expr.split('"').step_by(2).collect::<Vec<_>>().join("\"\"")
}

/// Names in a query that have to be metrics: those before a brace, and those of our prefix.
fn metrics_in(expr: &str) -> BTreeSet<String> {
    let expr = unquoted(expr);
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let mut found = BTreeSet::new();
    for (at, _) in expr.match_indices('{') {
        let name: Vec<char> = expr[..at].chars().rev().take_while(|&c| is_name(c)).collect();
        let name: String = name.iter().rev().collect();
        assert!(!name.is_empty(), "a selector without a name in {expr}");
        found.insert(name);
    }
    found.extend(expr.split(|c| !is_name(c)).filter(|n| n.starts_with("kpi_")).map(str::to_owned));
    found
}

fn expressions(dashboard: &Dashboard) -> Vec<&str> {
    let targets =
        panels(dashboard).iter().filter_map(|panel| panel["targets"].as_array()).flatten();
    let annotations = dashboard.json["annotations"]["list"].as_array().unwrap();
    targets.chain(annotations).map(|query| query["expr"].as_str().unwrap()).collect()
}

#[test]
fn uids_are_fixed_unique_and_short_enough() {
    let all = all();
    let uids: BTreeSet<_> = all.iter().map(|dashboard| dashboard.uid.as_str()).collect();
    assert_eq!(uids.len(), all.len());
    for dashboard in &all {
        assert!((1..=40).contains(&dashboard.uid.len()), "{}", dashboard.uid);
        assert_eq!(dashboard.json["uid"], dashboard.uid.as_str());
        assert_eq!(dashboard.json["schemaVersion"], 39);
        assert_eq!(dashboard.json["editable"], false);
    }
    for uid in ["kpi-scorecard", "kpi-detail", "kpi-weekly-review", "kpi-exporter-health"] {
        assert!(uids.contains(uid));
    }
}

#[test]
fn panels_have_numbers_of_their_own_and_do_not_overlap() {
    for dashboard in all() {
        let mut ids = BTreeSet::new();
        let mut taken = BTreeSet::new();
        for panel in panels(&dashboard) {
            let title = &panel["title"];
            assert!(ids.insert(panel["id"].as_u64().unwrap()), "{} {title}", dashboard.uid);
            let [x, y, w, h] = ["x", "y", "w", "h"].map(|k| panel["gridPos"][k].as_u64().unwrap());
            assert!(w > 0 && h > 0 && x + w <= 24, "{} {title}", dashboard.uid);
            for cell in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
                assert!(taken.insert(cell), "{} {title} overlaps at {cell:?}", dashboard.uid);
            }
        }
    }
}

#[test]
fn every_panel_says_what_it_shows_and_what_nothing_means() {
    for dashboard in all() {
        for panel in panels(&dashboard) {
            let title = panel["title"].as_str().unwrap();
            let at = format!("{} {title}", dashboard.uid);
            assert!(!title.is_empty(), "{at}");
            let description = panel["description"].as_str().unwrap();
            assert!(description.len() > 10 && description.ends_with('.'), "{at}: {description}");
            if WORDS.contains(&panel["type"].as_str().unwrap()) {
                continue;
            }
            let defaults = &panel["fieldConfig"]["defaults"];
            assert!(defaults["unit"].is_string(), "{at} has no unit");
            let targets = panel["targets"].as_array().unwrap();
            assert!(!targets.is_empty(), "{at}");
            let zero = targets.iter().all(|t| t["expr"].as_str().unwrap().ends_with("vector(0)"));
            assert!(zero || defaults["noValue"].is_string(), "{at} may be empty without a word");
        }
    }
}

#[test]
fn every_query_goes_through_the_data_source_variable_and_has_its_letter() {
    for dashboard in all() {
        let queries = panels(&dashboard).iter().filter_map(|panel| panel["targets"].as_array());
        for targets in queries {
            let letters: BTreeSet<_> =
                targets.iter().map(|t| t["refId"].as_str().unwrap()).collect();
            assert_eq!(letters.len(), targets.len());
        }
        let mut uids = Vec::new();
        data_sources(&dashboard.json, &mut uids);
        assert!(uids.len() > panels(&dashboard).len());
        assert!(uids.iter().all(|uid| *uid == "${datasource}"), "{}: {uids:?}", dashboard.uid);
        let first = &dashboard.json["templating"]["list"][0];
        assert_eq!(
            (&first["type"], &first["label"]),
            (&"datasource".into(), &"Data source".into())
        );
    }
}

fn data_sources<'a>(json: &'a Value, found: &mut Vec<&'a str>) {
    match json {
        Value::Array(items) => items.iter().for_each(|item| data_sources(item, found)),
        Value::Object(map) => {
            for (key, value) in map {
                if key == "datasource" {
                    found.push(value["uid"].as_str().unwrap());
                } else {
                    data_sources(value, found);
                }
            }
        }
        _ => {}
    }
}

#[test]
fn variables_are_defined_before_use_and_each_is_used() {
    for dashboard in all() {
        let mut known = BTreeSet::new();
        let mut used = BTreeSet::new();
        for variable in dashboard.json["templating"]["list"].as_array().unwrap() {
            let mut found = Vec::new();
            texts(variable, &mut found);
            for name in found.into_iter().flat_map(variables_in) {
                assert!(known.contains(name), "{}: ${name} too early", dashboard.uid);
                used.insert(name);
            }
            known.insert(variable["name"].as_str().unwrap());
            if variable["type"] == "adhoc" {
                // Applies to all queries without being named.
                used.insert(variable["name"].as_str().unwrap());
            }
            if variable["type"] == "query" {
                assert_eq!(variable["refresh"], 2, "{}", variable["name"]);
            }
        }
        let mut found = Vec::new();
        texts(&dashboard.json["panels"], &mut found);
        texts(&dashboard.json["annotations"], &mut found);
        for name in found.into_iter().flat_map(variables_in) {
            assert!(known.contains(name), "{}: ${name} is no variable", dashboard.uid);
            used.insert(name);
        }
        assert_eq!(known, used, "{}", dashboard.uid);
    }
}

#[test]
fn every_metric_in_a_query_is_one_that_exists() {
    for dashboard in all() {
        let queries = dashboard.json["templating"]["list"].as_array().unwrap();
        let queries = queries.iter().filter_map(|variable| variable["query"]["query"].as_str());
        for expr in expressions(&dashboard).into_iter().chain(queries) {
            let names = metrics_in(expr);
            assert!(!names.is_empty(), "{}: {expr}", dashboard.uid);
            for name in names {
                let family = name.strip_suffix("_bucket").unwrap_or(&name);
                let ours = families::ALL.iter().any(|known| known.name == family);
                assert!(
                    ours || FOREIGN_METRICS.contains(&name.as_str()),
                    "{}: {name} in {expr}",
                    dashboard.uid
                );
            }
        }
    }
}

#[test]
fn all_jobs_of_the_exporter_are_its_own_and_not_whatever_is_scraped() {
    let health = all().into_iter().find(|d| d.uid == "kpi-exporter-health").unwrap();
    let variables = health.json["templating"]["list"].as_array().unwrap();
    for name in ["job", "instance"] {
        let variable = variables.iter().find(|variable| variable["name"] == name).unwrap();
        assert_eq!((&variable["includeAll"], variable.get("allValue")), (&true.into(), None));
        assert!(variable["definition"].as_str().unwrap().contains("kpi_exporter_build_info"));
    }
}

#[test]
fn rates_take_the_interval_that_fits_the_scrapes() {
    for dashboard in all() {
        for expr in expressions(&dashboard) {
            for (at, _) in expr.match_indices("rate(") {
                let range = expr[at..].split(['[', ']']).nth(1).unwrap();
                assert_eq!(range, "$__rate_interval", "{expr}");
            }
        }
    }
}

#[test]
fn dashboards_find_each_other_and_keep_time_and_variables() {
    for dashboard in all() {
        let link = &dashboard.json["links"][0];
        assert_eq!((&link["keepTime"], &link["includeVars"]), (&true.into(), &true.into()));
        assert_eq!(link["tags"], dashboard.json["tags"]);
    }
}

#[test]
fn a_status_is_told_in_words_and_not_by_colour_alone() {
    for dashboard in all() {
        let mut seen = 0;
        for panel in panels(&dashboard) {
            let overrides = panel["fieldConfig"]["overrides"].as_array().unwrap();
            let properties = overrides.iter().flat_map(|o| o["properties"].as_array().unwrap());
            let overridden = properties.filter(|p| p["id"] == "mappings").map(|p| &p["value"]);
            let all = overridden.chain([&panel["fieldConfig"]["defaults"]["mappings"]]);
            let words = all.filter_map(|m| m[0]["options"].as_object()).flat_map(|o| o.values());
            for word in words.filter(|word| word["color"].is_string()) {
                assert!(word["text"].as_str().unwrap().len() > 5, "{word}");
                seen += 1;
            }
        }
        assert!(seen >= 2, "{}", dashboard.uid);
    }
}
