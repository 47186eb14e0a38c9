//! Each code of the lint: a configuration that triggers it, and one that is silent.

use std::fmt::Write as _;
use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::program::program;

/// A framework without a fault: three KPIs of one team.
const GOOD: &str = r"version: 1
sources: { s: { files: { tables: { t: t.csv } } } }
objectives: { grow: { title: Grow } }
metrics:
  m:
    source: s
    query: SELECT sum(a) AS a, sum(b) AS b FROM t WHERE day >= :window_start_date AND day < :window_end_date
kpis:
  visits:
    description: Count of visits of the shop by people over 30 days.
    kind: leading
    formula: m.a
    accumulation: level
    window: 30d
    unit: count
    direction: increase
    baseline: previous_period
    target: +10%
    predicts: [revenue]
    team: growth
    owner: a@example.com
    objective: grow
    levers: [adverts]
  conversion:
    description: Percent of visits that end in an order over 30 days.
    kind: efficiency
    formula: m.b / m.a
    accumulation: ratio
    window: 30d
    unit: percent
    direction: increase
    baseline: 10%
    target: 12%
    predicts: [revenue]
    team: growth
    owner: a@example.com
    objective: grow
    levers: [checkout]
  revenue:
    description: EUR of all orders paid in the quarter.
    kind: lagging
    formula: m.b
    accumulation: flow
    unit: EUR
    direction: increase
    baseline: previous_period
    target: 1000
    team: growth
    owner: a@example.com
    objective: grow
    levers: [prices]
";

fn folder(text: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("k.yaml"), text).unwrap();
    fs::write(folder.path().join("t.csv"), "day,a,b\n2026-01-01,10,1\n").unwrap();
    folder
}

/// Codes that a configuration triggers, with their lines.
fn codes(text: &str) -> Vec<(String, u64)> {
    let folder = folder(text);
    let outcome = program(folder.path(), &["check", "--config", "k.yaml", "--format", "json"]);
    let report: Value =
        serde_json::from_str(&outcome.out).unwrap_or_else(|_| panic!("{}", outcome.err));
    assert_eq!(report["usable"], true, "{report:#}");
    let findings = report["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|f| (f["code"].as_str().unwrap().to_owned(), f["line"].as_u64().unwrap_or(0)))
        .collect()
}

fn has(text: &str, code: &str) -> bool {
    codes(text).iter().any(|(found, line)| found == code && *line > 0)
}

fn changed(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    GOOD.replacen(from, to, 1)
}

/// More KPIs like the first one, up to so many.
fn many(count: usize) -> String {
    let one = &GOOD[GOOD.find("  visits:").unwrap()..GOOD.find("  conversion:").unwrap()];
    let more = (0..count - 3).map(|at| one.replacen("visits:", &format!("visits_{at}:"), 1));
    format!("{GOOD}{}", more.collect::<String>())
}

fn metric(query: &str) -> String {
    changed("SELECT sum(a) AS a, sum(b) AS b FROM t", query)
}

#[test]
fn a_good_framework_is_silent_and_passes_strict() {
    assert_eq!(codes(GOOD), []);
    let folder = folder(GOOD);
    let outcome = program(folder.path(), &["check", "--strict", "--config", "k.yaml"]);
    assert_eq!((outcome.code, outcome.out.lines().count()), (0, 1), "{}", outcome.out);
}

#[test]
fn each_code_has_what_triggers_it_and_what_does_not() {
    let two = GOOD[..GOOD.find("  conversion:").unwrap()].to_owned()
        + &GOOD[GOOD.find("  revenue:").unwrap()..];
    let early = changed("kind: lagging", "kind: leading")
        .replace("predicts: [revenue]", "predicts: [visits]");
    let cases = [
        ("K001", many(8), many(7)),
        ("K002", two, GOOD.to_owned()),
        ("K003", GOOD.replace("kind: leading", "kind: lagging").replace("kind: efficiency", "kind: lagging"), changed("kind: leading", "kind: lagging")),
        ("K004", early.replacen("predicts: [visits]", "predicts: [conversion]", 1), GOOD.to_owned()),
        ("K005", changed("    objective: grow\n", ""), GOOD.to_owned()),
        ("K006", changed("    owner: a@example.com\n", ""), GOOD.to_owned()),
        ("K007", changed("    levers: [adverts]\n", ""), GOOD.to_owned()),
        ("K008", changed("    baseline: 10%\n", ""), changed("    baseline: 10%\n    target: 12%", "    target: { min: 12% }")),
        ("K009", changed("EUR of all orders paid in the quarter.", "Sales are good."), changed("EUR of all orders paid in the quarter.", "Umsatz je Bestellung im Quartal, ohne Steuer.")),
        ("K009", changed("Percent of visits that end in an order over 30 days.", "Conversion"), GOOD.to_owned()),
        ("K010", changed("    predicts: [revenue]\n", ""), changed("predicts: [revenue]", "predicts: [conversion]")),
        ("K012", changed("kpis:", "  idle: { source: s, query: SELECT 1 AS value FROM t WHERE day < :window_end_date }\nkpis:"), GOOD.to_owned()),
        ("K013", changed("target: +10%", "target: +40%"), changed("target: +10%", "target: +20%")),
        ("K101", metric("SELECT count(*) AS a, sum(CASE WHEN converted_at IS NOT NULL THEN 1 ELSE 0 END) AS b FROM t WHERE started_at < :window_end AND day > 0 --").replace("-- WHERE", "AND"), metric("SELECT count(*) AS a, sum(CASE WHEN converted_at IS NOT NULL THEN 1 ELSE 0 END) AS b FROM t WHERE ends_at < :window_end --").replace("-- WHERE", "AND")),
        ("K102", metric("SELECT sum(a) AS a, avg(x / y) AS b FROM t"), metric("SELECT sum(a) AS a, avg(x) AS b FROM t")),
        ("K102", metric("SELECT sum(a) AS a, avg(t.conversion_rate) AS b FROM t"), metric("SELECT sum(a) AS a, avg(x / 1000) AS b FROM t")),
        ("K103", metric("SELECT sum(n) AS a, 1 AS b FROM (SELECT day, count(DISTINCT u) AS n FROM t GROUP BY day) AS d"), metric("SELECT avg(n) AS a, 1 AS b FROM (SELECT day, count(DISTINCT u) AS n FROM t GROUP BY day) AS d")),
        ("K103", metric("SELECT sum(dau) AS a, 1 AS b FROM t"), metric("SELECT sum(visits) AS a, 1 AS b FROM t")),
        ("K104", changed("  conversion:\n", "  conversion:\n    title: Customer churn\n").replacen("    accumulation: ratio\n    window: 30d\n", "    accumulation: ratio\n", 1), changed("  conversion:\n", "  conversion:\n    title: Customer churn\n")),
        ("K105", changed("  revenue:\n", "  revenue:\n    title: MRR\n"), changed("  revenue:\n", "  revenue:\n    title: Net new MRR\n")),
        ("K106", changed("    target: 1000\n", "    target: 1000\n    path: { milestones: { 2026-05-31: 300, 2026-06-30: 800 } }\n"), changed("    target: 1000\n", "    target: 1000\n    path: { milestones: { 2026-05-31: 300, 2026-06-30: 1000 } }\n")),
        ("K107", changed("    baseline: 10%\n    target: 12%", "    baseline: 99%\n    target: { min: 99.9% }"), changed("    baseline: 10%\n    target: 12%", "    baseline: 90%\n    target: { min: 95% }")),
    ];
    for (code, bad, good) in cases {
        assert!(has(&bad, code), "{code} is not told:\n{bad}\n{:?}", codes(&bad));
        assert!(!has(&good, code), "{code} is told:\n{good}");
        let allowed = bad.replace("    kind: ", &format!("    allow: [{code}]\n    kind: "));
        assert!(!has(&allowed, code) || code == "K012", "{code} cannot be allowed");
    }
}

#[test]
fn every_code_can_be_allowed() {
    for rule in kpi_exporter::lint::Rule::ALL {
        let text = changed(
            "    levers: [adverts]",
            &format!("    levers: [adverts]\n    allow: [{}]", rule.code),
        );
        assert_eq!(codes(&text), [], "{}", rule.code);
    }
}

#[test]
fn strict_fails_on_warnings_only() {
    let noted = folder(&changed("target: +10%", "target: +40%"));
    assert_eq!(program(noted.path(), &["check", "--strict", "--config", "k.yaml"]).code, 0);
    let warned = folder(&changed("    levers: [adverts]\n", ""));
    assert_eq!(program(warned.path(), &["check", "--config", "k.yaml"]).code, 0);
    let strict = program(warned.path(), &["check", "--strict", "--config", "k.yaml"]);
    assert_eq!(strict.code, 1);
    assert!(
        strict.out.contains(
            "k.yaml:9:3: warning: nothing can be done about `visits` [K007 no-levers]\n  why: "
        ),
        "{}",
        strict.out
    );
}

#[test]
fn other_formats_tell_the_same_and_mistakes_too() {
    let warned = folder(&changed("    levers: [adverts]\n", ""));
    let github = program(warned.path(), &["check", "--config", "k.yaml", "--format", "github"]).out;
    assert!(github.starts_with("::warning file=k.yaml,line=9,col=3,title=K007 no-levers::nothing can be done about `visits`%0Awhy: "), "{github}");
    let sarif = program(warned.path(), &["check", "--config", "k.yaml", "--format", "sarif"]).out;
    let sarif: Value = serde_json::from_str(&sarif).unwrap();
    let run = &sarif["runs"][0];
    let result = &run["results"][0];
    assert_eq!(result["locations"][0]["physicalLocation"]["region"]["startLine"], 9);
    let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(run["tool"]["driver"]["rules"][index]["id"], "K007");
    let broken = folder(&changed("unit: count", "unit: usd"));
    let outcome = program(broken.path(), &["check", "--config", "k.yaml", "--format", "sarif"]);
    let sarif: Value = serde_json::from_str(&outcome.out).unwrap();
    assert_eq!(
        (outcome.code, &sarif["runs"][0]["results"][0]["level"]),
        (2, &Value::from("error"))
    );
}

#[test]
fn the_past_of_a_kpi_is_asked_for_with_connect() {
    let mut rows = "day,a,b\n".to_owned();
    for month in 0..36 {
        let (year, of_year) = (2023 + month / 12, 1 + month % 12);
        writeln!(rows, "{year}-{of_year:02}-15,100,500").unwrap();
    }
    let text = changed("target: 1000", "target: 900").replace(
        "    baseline: previous_period\n    target: 900",
        "    baseline: 800\n    target: 900",
    );
    let folder = folder(&text);
    fs::write(folder.path().join("t.csv"), rows).unwrap();
    let outcome = program(folder.path(), &["check", "--connect", "--config", "k.yaml"]);
    assert!(
        outcome.out.contains("[K014 target-nearly-always-met]"),
        "{}{}",
        outcome.out,
        outcome.err
    );
}

/// Three years of months: the first column rises a little, the second stays far above its target.
fn past(text: &str) -> TempDir {
    let folder = folder(text);
    let mut rows = "day,a,b\n".to_owned();
    for month in 0..36 {
        let (year, of_year) = (2023 + month / 12, 1 + month % 12);
        writeln!(rows, "{year}-{of_year:02}-15,{},500", 100 + month % 5).unwrap();
    }
    fs::write(folder.path().join("t.csv"), rows).unwrap();
    folder
}

const MONTHLY: &str = "version: 1
store: { path: h.db }
sources: { s: { files: { tables: { t: t.csv } } } }
metrics:
  m: { source: s, query: \"SELECT sum(a) AS a, sum(b) AS b FROM t WHERE day >= :window_start_date AND day < :window_end_date\" }
kpis:
  bold: { kind: lagging, formula: m.a, accumulation: flow, unit: count, direction: increase, period: month, baseline: previous_period, target: +40% }
  easy: { kind: lagging, formula: m.b, accumulation: flow, unit: count, direction: increase, period: month, baseline: 300, target: 400 }
  fair: { kind: lagging, formula: m.a, accumulation: flow, unit: count, direction: increase, period: month, baseline: 100, target: 104 }
";

/// Codes about the past, with the KPI that each is about.
fn of_the_past(folder: &TempDir, arguments: &[&str]) -> Vec<(String, String)> {
    let all = [&["check", "--config", "k.yaml"], arguments].concat();
    let told = program(folder.path(), &all).out;
    let lines = told
        .lines()
        .filter(|line| ["[K011", "[K013", "[K014"].iter().any(|code| line.contains(code)));
    let parts = lines.map(|line| {
        let code = line.rsplit_once('[').unwrap().1.split(' ').next().unwrap();
        (code.to_owned(), line.split('`').nth(1).unwrap().to_owned())
    });
    parts.collect()
}

fn backfilled(folder: &TempDir, config: &str, from: &str) {
    let file = folder.path().join("now.yaml");
    fs::write(file, config).unwrap();
    let arguments = [
        "backfill",
        "--config",
        "now.yaml",
        "--from",
        from,
        "--to",
        "2025-12-31",
        "--output",
        "h.om",
    ];
    let outcome = program(folder.path(), &arguments);
    assert_eq!(outcome.code, 0, "{}", outcome.err);
}

#[test]
fn the_store_tells_of_targets_and_definitions() {
    let folder = past(MONTHLY);
    // Without a past: what series of others did.
    let told = program(folder.path(), &["check", "--config", "k.yaml"]).out;
    assert!(
        told.contains(
            "note: the target of `bold` asks for +40 %, and nothing is known of its past [K013"
        ),
        "{told}"
    );
    assert!(told.contains("of 1,864 public monthly series 66 % grew in a year, 20 % by 10 % or more, 2.4 % by 30 % or more"), "{told}");
    assert!(!told.contains("`fair` asks"), "{told}");
    backfilled(&folder, MONTHLY, "2024-01-01");
    let wanted = [("K013", "bold"), ("K014", "easy")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(of_the_past(&folder, &[]), wanted);
    // Twice is learning, more is churn.
    for (times, factor) in ["* 1.5", "* 2", "* 3"].iter().enumerate() {
        backfilled(
            &folder,
            &MONTHLY.replace("formula: m.b", &format!("formula: m.b {factor}")),
            "2025-12-30",
        );
        let churned = of_the_past(&folder, &[]).contains(&("K011".to_owned(), "easy".to_owned()));
        assert_eq!(churned, times >= 2, "after {} changes", times + 1);
    }
}

#[test]
fn sources_tell_of_targets_with_connect() {
    // Their last twelve months: the days of the file and those up to now.
    let mut text = MONTHLY.replace("store: { path: h.db }\n", "");
    text = text.replace("sum(a) AS a, sum(b) AS b FROM t WHERE day >= :window_start_date AND day < :window_end_date",
        "100 + CAST(strftime('%m', :window_start_date) AS integer) % 5 AS a, 500 AS b FROM t WHERE day < :window_end_date LIMIT 1");
    let folder = past(&text);
    let told = of_the_past(&folder, &["--connect"]);
    let wanted = [("K013", "bold"), ("K014", "easy")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(told, wanted);
}
