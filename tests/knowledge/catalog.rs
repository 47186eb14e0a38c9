//! Every block of `catalog ID` passes `check` as it is, and gives a value over the tables that
//! `docs/catalog.md` describes.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use kpi_exporter::catalog::{self, Template};
use kpi_exporter::config::Environment;
use kpi_exporter::limits::read_capped;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Executor};
use tempfile::TempDir;

use crate::program::program;
use crate::servers::{self, PASSWORD};

const DOCS: &str = include_str!("../../docs/catalog.md");

/// Two years of numbers: every second table has a row a day, of which some are never.
const FIRST: &str = "2024-07-01";
const DAYS: u32 = 730;

const BASE: &str = "version: 1\nsources:\n  warehouse: { sql: { url: \"${env:WAREHOUSE_URL}\" } }\n  \
                    prometheus: { prometheus: { url: \"http://127.0.0.1:9\" } }\n";

/// The statements of the document that create tables.
fn tables() -> Vec<&'static str> {
    let sql = DOCS.split("```sql").nth(1).unwrap().split("```").next().unwrap();
    sql.split(';').map(str::trim).filter(|statement| !statement.is_empty()).collect()
}

/// Tables and rows. Every column that is a day walks through the years, numbers vary, words take turns.
fn statements() -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for table in tables() {
        all.push(table.to_owned());
        let (head, columns) = table.split_once('(').unwrap();
        let name = head.split_whitespace().last().unwrap();
        let columns: Vec<(&str, &str)> = columns
            .trim()
            .trim_end_matches(')')
            .split(',')
            .map(|column| column.trim().split_once(' ').unwrap())
            .collect();
        let rows: Vec<String> = (0..DAYS)
            .map(|day| {
                let cells = columns.iter().map(|(column, kind)| cell(name, column, kind, day));
                format!("({})", cells.collect::<Vec<_>>().join(", "))
            })
            .collect();
        all.push(format!("INSERT INTO {name} VALUES {}", rows.join(", ")));
    }
    all
}

fn cell(table: &str, column: &str, kind: &str, day: u32) -> String {
    let date = |day: u32| {
        let first: chrono::NaiveDate = FIRST.parse().unwrap();
        format!("'{}'", first + chrono::Days::new(day.into()))
    };
    let turn = |words: &[&str]| format!("'{}'", words[day as usize % words.len()]);
    let kind = kind.split_whitespace().next().unwrap().trim_end_matches(',');
    match (table, column) {
        ("accounts", "ended_on") | ("trials", "converted_on") | ("orders", "refunded_on") => {
            if day.is_multiple_of(3) { date(day + 40) } else { "NULL".to_owned() }
        }
        ("mrr_movements", "amount") => (if day % 5 >= 3 { -100 } else { 900 }).to_string(),
        ("cash_movements", "amount") => (if day == 0 { 9_000_000 } else { -1000 }).to_string(),
        ("leads", "mql_on") => date(day + 3),
        ("leads", "sql_on") | ("opportunities", "closed_on") => date(day + 10),
        ("orders" | "mrr_movements", "customer_id") | ("events", "user_id") => {
            format!("'c{}'", day % 50)
        }
        ("unit_economics", "gross_margin") => "0.8".to_owned(),
        ("unit_economics", "churn") => "0.02".to_owned(),
        ("emails", "opened") => "30".to_owned(),
        ("emails", "sent") => "100".to_owned(),
        ("quotas", "amount") => "100000".to_owned(),
        (_, "exits" | "bounced" | "converted" | "clicks") => "3".to_owned(),
        (_, "views" | "sessions" | "impressions") => "40".to_owned(),
        ("web_sessions", "channel") => turn(&["organic", "ads"]),
        ("costs", "category") => turn(&["sales", "marketing", "hosting"]),
        ("ledger", "category") => turn(&["revenue", "cogs", "revenue", "sales_marketing"]),
        ("opportunities", "stage") => turn(&["won", "lost", "open"]),
        ("activities", "kind") => turn(&["call", "demo"]),
        ("events", "name") => turn(&["login", "report_shared"]),
        ("mrr_movements", "kind") => {
            turn(&["new", "expansion", "reactivation", "contraction", "churn"])
        }
        ("cash_movements", "kind") => turn(&["operating", "operating", "operating"]),
        ("time_sheet", "kind") => turn(&["toil", "project", "project"]),
        ("nps_answers", "score") => (day % 11).to_string(),
        ("ratings", "rating") => (1 + day % 5).to_string(),
        (_, "failed" | "answered_in_time" | "activated_within_7_days") => (day % 2).to_string(),
        _ if kind == "date" => date(day),
        _ => (10 + day % 7).to_string(),
    }
}

/// A folder with the block of each template in a file of its own.
fn folder(wanted: impl Fn(&Template) -> bool) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    fs::create_dir(&config).unwrap();
    fs::write(config.join("base.yaml"), BASE).unwrap();
    for template in catalog::all().iter().filter(|template| wanted(template)) {
        fs::write(config.join(format!("{}.yaml", template.id)), catalog::block(template)).unwrap();
    }
    folder
}

#[test]
fn every_block_passes_check_as_it_is() {
    let folder = folder(|_| true);
    let explained = program(folder.path(), &["catalog", "nrr"]).out;
    assert!(explained.ends_with(&catalog::block(catalog::find("nrr").unwrap())), "{explained}");
    let outcome = program(folder.path(), &["check", "--config", "config"]);
    assert_eq!(outcome.code, 0, "{}{}", outcome.out, outcome.err);
    let count = format!("({} KPIs", catalog::all().len());
    assert!(outcome.out.contains(&count), "{}", outcome.out);
}

/// Every KPI has a value, inside of what it can be.
fn assert_values(folder: &Path) {
    let outcome = program(
        folder,
        &["eval", "--config", "config", "--as-of", "2026-05-31", "--format", "json"],
    );
    let answer: Value =
        serde_json::from_str(&outcome.out).unwrap_or_else(|_| panic!("{}", outcome.err));
    let kpis = answer["kpis"].as_array().unwrap();
    assert!(kpis.len() > 60, "{}", kpis.len());
    for kpi in kpis {
        let template = catalog::find(kpi["kpi"].as_str().unwrap()).unwrap();
        let value =
            kpi["value"].as_f64().unwrap_or_else(|| panic!("{}: {}", template.id, kpi["reason"]));
        assert_eq!(template.range.beyond(value), None, "{}: {value}", template.id);
    }
}

#[test]
fn every_query_runs_on_sqlite() {
    let folder = folder(|template| template.source == "sql");
    let database = rusqlite::Connection::open(folder.path().join("config/warehouse.db")).unwrap();
    database.execute_batch(&statements().join(";\n")).unwrap();
    assert_values(folder.path());
}

#[tokio::test]
async fn every_query_runs_on_postgresql() {
    let server = servers::postgres().await;
    let mut admin = server.superuser("postgres").await;
    for statement in statements() {
        admin.execute(AssertSqlSafe(statement)).await.unwrap();
    }
    let folder = folder(|template| template.source == "sql");
    let base = BASE.replace(
        "{ url: \"${env:WAREHOUSE_URL}\" }",
        &format!(
            "{{ url: \"postgres://127.0.0.1:{}/postgres\", user: kpi, password: '{PASSWORD}' }}",
            server.port
        ),
    );
    fs::write(folder.path().join("config/base.yaml"), base).unwrap();
    // What the comment in the query says for PostgreSQL.
    for entry in fs::read_dir(folder.path().join("config")).unwrap() {
        let path = entry.unwrap().path();
        let text = String::from_utf8(read_capped(&path, 1 << 20).unwrap()).unwrap();
        let mut changed = text.clone();
        for days in ["30", "91", "365"] {
            let sqlite = format!("date(:window_start_date, '-{days} days')");
            changed = changed.replace(&sqlite, &format!(":window_start_date - {days}"));
        }
        fs::write(&path, changed).unwrap();
    }
    assert_values(folder.path());
}

/// The list of templates in the document.
fn list() -> String {
    let mut list = "| template | what it is | unit | kind |\n|---|---|---|---|\n".to_owned();
    for template in catalog::all() {
        let description = template.description.trim_end_matches('.');
        let (id, unit, kind) = (&template.id, &template.unit, template.kind);
        writeln!(list, "| `{id}` | {description} | {unit} | {kind} |").unwrap();
    }
    list
}

#[test]
fn the_document_lists_every_template() {
    let list = list();
    let (before, rest) = DOCS.split_once("| template |").unwrap();
    let after = rest.split_once("\n\n").map_or("", |(_, after)| after);
    let wanted = format!("{before}{list}\n{after}");
    if Environment::from_process().get("UPDATE_EXPECT").is_some() {
        fs::write("docs/catalog.md", wanted).unwrap();
        return;
    }
    assert_eq!(DOCS, wanted, "UPDATE_EXPECT=1 cargo test --test knowledge writes it");
}
