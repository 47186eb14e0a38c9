//! A headline and its members: one verdict on the whole, and what it is made of by each column, on
//! files, PostgreSQL and rows over HTTP.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sqlx::{AssertSqlSafe, Executor};

use crate::exporter::{Exporter, command, eval, kpi, sample};
use crate::servers::{self, PASSWORD};

/// Twelve percent in March, eleven in April: nobody converts worse, but more come from where fewer
/// convert. Started and paid by country and plan.
const TRIALS: &[(&str, &str, &str, u32, u32)] = &[
    ("2026-03-10", "DE", "pro", 500, 70),
    ("2026-03-11", "DE", "free", 300, 34),
    ("2026-03-12", "FR", "pro", 100, 10),
    ("2026-03-13", "FR", "free", 100, 6),
    ("2026-04-10", "DE", "pro", 375, 52),
    ("2026-04-11", "DE", "free", 225, 26),
    ("2026-04-12", "FR", "pro", 200, 20),
    ("2026-04-13", "FR", "free", 200, 12),
];

const WINDOW: &str = "day >= :window_start_date AND day < :window_end_date";

/// The KPI with its breakdown, and the same from a query without the columns.
fn configuration(source: &str, request: &str, table: &str) -> String {
    format!(
        "
version: 1
sources: {{ s: {source} }}
metrics:
  trials:
    source: s
    {request}
    query: SELECT country, plan, sum(started) AS started, sum(paid) AS paid FROM {table} WHERE {WINDOW} GROUP BY country, plan
  whole:
    source: s
    {request}
    query: SELECT sum(started) AS started, sum(paid) AS paid FROM {table} WHERE {WINDOW}
kpis:
  conversion: {{ kind: efficiency, formula: trials.paid / trials.started, breakdown: [country, plan], accumulation: ratio, unit: percent, direction: increase, period: month, baseline: previous_period, target: +1pt }}
  plain: {{ kind: efficiency, formula: whole.paid / whole.started, accumulation: ratio, unit: percent, direction: increase, period: month, baseline: previous_period, target: +1pt }}
  paying: {{ kind: lagging, formula: trials.paid, breakdown: [country], accumulation: flow, unit: customers, direction: increase, period: month, target: 200 }}
"
    )
}

fn csv() -> String {
    TRIALS.iter().fold("day,country,plan,started,paid\n".to_owned(), |mut text, row| {
        let (day, country, plan, started, paid) = row;
        writeln!(text, "{day},{country},{plan},{started},{paid}").unwrap();
        text
    })
}

#[track_caller]
fn close(actual: &Value, expected: f64) {
    let actual = actual.as_f64().unwrap_or_else(|| panic!("{actual} is no number"));
    assert!((actual - expected).abs() < 1e-9, "{actual} is not {expected}");
}

fn member<'a>(kpi: &'a Value, by: &str, name: &str) -> &'a Value {
    let of = kpi["breakdown"].as_array().unwrap().iter().find(|one| one["by"] == by);
    let members = of.unwrap_or_else(|| panic!("nothing by {by} in {kpi:#}"))["members"].as_array();
    let found = members.unwrap().iter().find(|one| one["member"] == name);
    found.unwrap_or_else(|| panic!("no {name} by {by} in {kpi:#}"))
}

/// The daemon goes by the clock.
#[expect(clippy::disallowed_methods, reason = "the daemon under test goes by the real one")]
fn today() -> String {
    chrono::Utc::now().date_naive().to_string()
}

/// What holds wherever the rows come from.
fn mix_shows(json: &Value) {
    let headline = kpi(json, "conversion");
    let plain = kpi(json, "plain");
    for field in ["value", "baseline_value", "target_value", "status", "labels", "reason"] {
        assert_eq!(headline[field], plain[field], "{field}");
    }
    close(&headline["value"], 0.11);
    close(&headline["baseline_value"], 0.12);
    // By mix alone: members as before, other shares.
    for (country, value, share, change) in [("DE", 0.13, 0.6, -0.2), ("FR", 0.08, 0.4, 0.2)] {
        let member = member(headline, "country", country);
        close(&member["value"], value);
        close(&member["change"], 0.0);
        close(&member["share"], share);
        close(&member["share_change"], change);
    }
    let (pro, free) = (member(headline, "plan", "pro"), member(headline, "plan", "free"));
    close(&pro["value"], 72.0 / 575.0);
    close(&Value::from(pro["share"].as_f64().unwrap() + free["share"].as_f64().unwrap()), 1.0);
    close(&pro["denominator"], 575.0);
    let paying = kpi(json, "paying");
    close(&paying["value"], 110.0);
    close(&member(paying, "country", "DE")["share"], 78.0 / 110.0);
    // Against the same point of March, not all of it: nothing came in its second half.
    close(&member(paying, "country", "DE")["change"], 78.0 - 104.0);
    for kpi in [headline, paying] {
        for breakdown in kpi["breakdown"].as_array().unwrap() {
            assert_eq!((&breakdown["adds_up"], &breakdown["others"]), (&true.into(), &0.into()));
        }
    }
    assert_eq!(plain["breakdown"], Value::Array(Vec::new()));
}

fn written(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("kpi.yaml");
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_fall_by_mix_alone_shows_as_such_on_files() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t.csv"), csv()).unwrap();
    let text = configuration("{ files: { tables: { t: t.csv } } }", "", "t");
    let (json, code) = eval(&written(folder.path(), &text), "2026-04-20");
    assert_eq!(code, Some(0));
    mix_shows(&json);
    let table = command()
        .args(["eval", "--as-of", "2026-04-20", "--kpi", "conversion", "--config"])
        .arg(folder.path().join("kpi.yaml"))
        .output()
        .unwrap();
    let table = String::from_utf8(table.stdout).unwrap();
    let expected = "conversion by country
  DE: 13 %, share 60 % (value 0.0 pt, share −20.0 pt)
  FR: 8 %, share 40 % (value 0.0 pt, share +20.0 pt)
";
    assert!(table.contains(expected), "{table}");
}

#[tokio::test]
async fn a_fall_by_mix_alone_shows_as_such_on_postgresql() {
    let server = servers::postgres().await;
    let mut admin = server.superuser("postgres").await;
    let mut rows =
        "CREATE TABLE t (day date, country text, plan text, started int, paid int)".to_owned();
    for (day, country, plan, started, paid) in TRIALS {
        write!(rows, "; INSERT INTO t VALUES ('{day}', '{country}', '{plan}', {started}, {paid})")
            .unwrap();
    }
    admin.execute(AssertSqlSafe(rows)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let source = format!(
        "{{ sql: {{ url: 'postgres://kpi@127.0.0.1:{}/postgres', password: '{PASSWORD}' }} }}",
        server.port
    );
    let path = written(folder.path(), &configuration(&source, "", "t"));
    let (json, code) =
        tokio::task::spawn_blocking(move || eval(&path, "2026-04-20")).await.unwrap();
    assert_eq!(code, Some(0), "{json:#}");
    mix_shows(&json);
}

#[test]
fn a_fall_by_mix_alone_shows_as_such_on_rows_over_http() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let rows: Vec<Value> = TRIALS
        .iter()
        .map(|(day, country, plan, started, paid)| {
            serde_json::json!({ "day": day, "country": country, "plan": plan, "started": started, "paid": paid })
        })
        .collect();
    let body = Value::Array(rows).to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = [0; 4096];
            let asked = stream.read(&mut head).unwrap();
            assert!(asked > 0);
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
                 Connection: close\r\n\r\n{body}"
            );
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let source = format!("{{ http: {{ url: 'http://127.0.0.1:{port}' }} }}");
    let text = configuration(&source, "request: { path: / }\n    rows: '$[*]'", "rows");
    let (json, code) = eval(&written(folder.path(), &text), "2026-04-20");
    assert_eq!(code, Some(0), "{json:#}");
    mix_shows(&json);
}

#[test]
fn fifty_members_are_shown_and_the_rest_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = "day,page,sort,n,m\n".to_owned();
    let today = today();
    for page in 0..73 {
        writeln!(rows, "{today},p{page:02},a,{},{}", page + 1, 2 * page).unwrap();
    }
    std::fs::write(folder.path().join("t.csv"), rows).unwrap();
    let text = format!(
        "
version: 1
sources: {{ s: {{ files: {{ tables: {{ t: t.csv }} }} }} }}
metrics:
  views: {{ source: s, labels: [sort, page], query: 'SELECT sort, page, sum(n) AS n, sum(m) AS m FROM t WHERE {WINDOW} GROUP BY sort, page' }}
kpis:
  views: {{ kind: leading, formula: views.n, breakdown: [page], labels: [sort], accumulation: flow, unit: count, direction: increase, period: month, target: 5000 }}
  depth: {{ kind: leading, formula: views.m / views.n, breakdown: [page], accumulation: ratio, unit: ratio, direction: increase, period: month, target: 3 }}
"
    );
    let path = written(folder.path(), &text);
    let (json, _) = eval(&path, &today);
    let views = kpi(&json, "views");
    assert_eq!(views["labels"], serde_json::json!({ "sort": "a" }));
    close(&views["value"], f64::from(73 * 74 / 2));
    let breakdown = &views["breakdown"][0];
    let members = breakdown["members"].as_array().unwrap();
    assert_eq!(
        (members.len(), &breakdown["others"], &breakdown["adds_up"]),
        (51, &23.into(), &true.into())
    );
    assert_eq!((&members[0]["member"], &members[50]["member"]), (&"p72".into(), &"other".into()));
    close(&members[50]["value"], f64::from(23 * 24 / 2));
    let shares: f64 = members.iter().map(|member| member["share"].as_f64().unwrap()).sum();
    close(&shares.into(), 1.0);
    // The rest of a quotient is the quotient of its sums.
    let rest = &kpi(&json, "depth")["breakdown"][0]["members"][50];
    close(&rest["value"], f64::from(22 * 23) / f64::from(23 * 24 / 2));

    let daemon = Exporter::run(&path);
    let metrics = daemon.until("members", |metrics| metrics.contains("kpi_breakdown_share{"));
    let lines = |start: &str| metrics.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!(lines("kpi_value{"), 2);
    assert_eq!(lines("kpi_metric_value{"), 2, "one for each column, not for each page");
    assert!(lines("kpi_breakdown_value{") <= 2 * 51);
}

#[test]
fn what_does_not_add_up_has_a_total_of_its_own_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let today = today();
    // Of yesterday as well: a running day is not in a window of complete days.
    let day = today.parse::<chrono::NaiveDate>().unwrap().pred_opt().unwrap();
    let rows = format!("day,country,customer\n{day},DE,1\n{day},FR,1\n{day},FR,2\n");
    std::fs::write(folder.path().join("t.csv"), rows).unwrap();
    let text = format!(
        "
version: 1
sources: {{ s: {{ files: {{ tables: {{ t: t.csv }} }} }} }}
metrics:
  customers:
    source: s
    additive: false
    query: SELECT country, count(DISTINCT customer) AS value FROM t WHERE {WINDOW} GROUP BY country
    total_query: SELECT count(DISTINCT customer) AS value FROM t WHERE {WINDOW}
kpis:
  customers: {{ kind: lagging, formula: customers, breakdown: [country], accumulation: level, window: 30d, unit: count, direction: increase, period: month, target: {{ min: 2 }} }}
"
    );
    let path = written(folder.path(), &text);
    let (json, _) = eval(&path, &today);
    let customers = kpi(&json, "customers");
    close(&customers["value"], 2.0);
    assert_eq!(customers["breakdown"][0]["adds_up"], false);
    close(&member(customers, "country", "FR")["value"], 2.0);
    close(&member(customers, "country", "FR")["share"], 1.0);
    close(&member(customers, "country", "DE")["share"], 0.5);
    let daemon = Exporter::run(&path);
    let metrics = daemon.until("members", |metrics| metrics.contains("kpi_breakdown_share{"));
    assert!(sample(&metrics, "kpi_metric_value{metric=\"customers\"}").is_some(), "{metrics}");

    // A total that fails is found before the daemon runs.
    let text = text.replace(
        "total_query: SELECT count(DISTINCT customer)",
        "total_query: SELECT count(DISTINCT \"custmer\")",
    );
    let path = written(folder.path(), &text);
    let check = command().args(["check", "--connect", "--config"]).arg(&path).output().unwrap();
    let said = String::from_utf8_lossy(&check.stdout);
    assert_eq!(check.status.code(), Some(1), "{said}");
    assert!(said.contains("`total_query`: no such column: custmer"), "{said}");
}
