//! `/sources`: what an operator sees while a source is broken, and after it has healed.

use std::fs;
use std::path::Path;
use std::time::Duration;

use kpi_exporter::limits::read_capped;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::Instant;

use crate::exporter::{DEADLINE, Exporter};

const SHOP: &str = "
version: 1
calendar: { timezone: Europe/Berlin }
sources:
  shop: { files: { tables: { orders: orders.csv } } }
  store: { sql: { url: 'sqlite:nowhere.db' } }
defaults: { schedule: every 1s, period: year }
metrics:
  orders: { source: shop, labels: [region], query: 'SELECT region, amount FROM orders' }
  unused: { source: shop, query: SELECT count(*) AS value FROM orders }
  stock: { source: store, query: SELECT sum(n) AS value FROM stock }
kpis:
  revenue: { kind: lagging, formula: orders.amount, accumulation: level, unit: USD, target: { min: 100 } }
  stock: { kind: leading, formula: stock, accumulation: level, unit: count, target: { min: 4 } }
";

fn start(folder: &TempDir, orders: &str) -> Exporter {
    fs::write(folder.path().join("orders.csv"), orders).unwrap();
    let config = folder.path().join("kpis.yaml");
    fs::write(&config, SHOP).unwrap();
    Exporter::run(&config)
}

/// Polls the page until it satisfies, and gives one source of it.
fn until(daemon: &Exporter, id: &str, satisfied: impl Fn(&Value) -> bool) -> Value {
    let started = Instant::now();
    loop {
        let (status, body) = daemon.get("/api/v1/sources");
        assert_eq!(status, 200, "{body}");
        let page: Value = serde_json::from_str(&body).unwrap();
        let sources = page["sources"].as_array().unwrap();
        // The page is there before anything is known of the sources.
        let source = sources.iter().find(|source| source["id"] == id);
        if let Some(source) = source.filter(|source| satisfied(source)) {
            return source.clone();
        }
        assert!(started.elapsed() < DEADLINE, "never so:\n{page:#}\n{}", daemon.log());
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// The newest run of the first metric.
fn newest(source: &Value) -> &Value {
    &source["metrics"][0]["runs"][0]
}

#[test]
fn a_broken_source_tells_why_and_recovers_in_sight() {
    let folder = tempfile::tempdir().unwrap();
    let daemon = start(&folder, "region,amount\nEU,120\nUS,80\n");
    let shop = until(&daemon, "shop", |shop| shop["up"] == true);
    assert_eq!(shop["metrics"][0]["bad_row"], Value::Null);
    assert_eq!((&shop["kind"], shop["last_success"].is_string()), (&json!("files"), true));
    let run = newest(&shop);
    let told = json!([run["outcome"], run["label_sets"], run["bad_rows"], run["error"]]);
    assert_eq!(told, json!(["success", 2, 0, null]));

    let new = folder.path().join("new.csv");
    fs::write(&new, "region,amont\nEU,120\n").unwrap();
    fs::rename(&new, folder.path().join("orders.csv")).unwrap();
    let shop = until(&daemon, "shop", |shop| {
        shop["up"] == false && shop["metrics"][0]["consecutive_failures"].as_u64() > Some(1)
    });
    let run = newest(&shop);
    assert_eq!((&run["outcome"], &run["label_sets"]), (&json!("query_error"), &Value::Null));
    assert!(run["error"].as_str().unwrap().contains("amount"), "{run:#}");
    assert_eq!(run["hint"], "did you mean `amont`?");
    assert_eq!(run["fetches"].as_array().unwrap().len(), 1, "{run:#}");
    assert!(shop["last_success"].is_string());

    fs::write(&new, "region,amount\nEU,130\n").unwrap();
    fs::rename(&new, folder.path().join("orders.csv")).unwrap();
    let shop = until(&daemon, "shop", |shop| shop["up"] == true);
    let metric = &shop["metrics"][0];
    assert_eq!(metric["consecutive_failures"], 0);
    let runs = metric["runs"].as_array().unwrap();
    assert!((2..=10).contains(&runs.len()));
    assert!(runs.iter().any(|run| run["outcome"] == "query_error"), "{runs:#?}");
    let times: Vec<&str> = runs.iter().map(|run| run["started"].as_str().unwrap()).collect();
    assert!(times.is_sorted_by(|newer, older| newer >= older), "{times:?}");
    assert!(metric["next_run"].as_str().unwrap() >= times[0]);

    // The other source never worked, and hides nothing.
    let store = until(&daemon, "store", |store| store["up"] == false);
    assert_eq!((&store["kind"], &store["last_success"]), (&json!("sqlite"), &Value::Null));
    let error = newest(&store)["error"].as_str().unwrap();
    assert!(error.contains("cannot connect to sqlite file"), "{error}");
}

#[test]
fn rows_that_are_no_numbers_are_in_sight() {
    let folder = tempfile::tempdir().unwrap();
    let daemon = start(&folder, "region,amount\nEU,120\nUS,oops\nAS,none\n");
    let shop = until(&daemon, "shop", |shop| shop["up"] == true);
    let run = newest(&shop);
    assert_eq!((&run["bad_rows"], &run["outcome"]), (&json!(2), &json!("success")));
    assert_eq!(run["bad_row"], "row 2: column `amount` holds the text `oops`");
    assert_eq!(shop["metrics"][0]["bad_row"], run["bad_row"]);
    let fetch = &run["fetches"][0];
    assert_eq!((&fetch["rows"], &fetch["bad_rows"]), (&json!(3), &json!(2)));
    assert!(
        fetch["window_start"].as_str().unwrap().ends_with("-01-01T00:00:00+01:00"),
        "{fetch:#}"
    );
    // A metric that feeds no KPI is not asked for.
    let unused = &shop["metrics"][1];
    assert_eq!((&unused["id"], &unused["polled"]), (&json!("unused"), &json!(false)));
    assert_eq!((&unused["runs"], &unused["next_run"]), (&json!([]), &Value::Null));
    assert_eq!(daemon.get("/api/v1/sources").0, 200);
}

/// The names of the fields, all the way down; lists are as their first item.
fn fields(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let shape = |(name, value): (&String, &Value)| (name.clone(), self::fields(value));
            Value::Object(fields.iter().map(shape).collect())
        }
        Value::Array(items) => items.first().map(fields).into_iter().collect(),
        _ => Value::Null,
    }
}

#[test]
fn the_documented_answer_has_the_fields_of_a_real_one() {
    let docs = read_capped(Path::new("docs/http.md"), 1 << 20).unwrap();
    let docs = String::from_utf8(docs).unwrap();
    let example = docs.split("```json").nth(1).unwrap().split("```").next().unwrap();
    let example: Value = serde_json::from_str(example).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let daemon = start(&folder, "region,amount\nEU,120\n");
    let shop = until(&daemon, "shop", |shop| shop["up"] == true);
    assert_eq!(fields(&example["sources"][0]), fields(&shop));
}
