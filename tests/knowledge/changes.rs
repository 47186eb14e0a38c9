//! `diff`, `generate schema` and `init`, as their users run them.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::program::{folder, program, shipped};

/// Twenty changes that harm: what is replaced by what, and the key that `diff` has to name.
const HARMFUL: [(&str, &str, &str); 20] = [
    (
        "unit: USD\n    direction: increase\n    baseline: previous_period\n    target: 250000",
        "unit: EUR\n    direction: increase\n    baseline: previous_period\n    target: 250000",
        "unit USD → EUR",
    ),
    ("target: 250000", "target: 200000", "target"),
    ("target: 16%", "target: 14%", "target"),
    ("target: +30%", "target: +20%", "target"),
    ("baseline: 12%", "baseline: 14%", "baseline"),
    (
        "baseline: previous_period    # the 30",
        "baseline: same_period_last_year # the 30",
        "baseline",
    ),
    ("window: 30d              # the 30", "window: 90d              # the 30", "window 30d → 90d"),
    ("    window: 30d\n    unit: percent", "    window: 7d\n    unit: percent", "window 30d → 7d"),
    (
        "formula: trials.converted / trials.ended",
        "formula: trials.ended / trials.converted",
        "formula",
    ),
    ("formula: arr.net_new", "formula: arr.net_new * 2", "formula"),
    ("accumulation: ratio ", "accumulation: level ", "accumulation"),
    (
        "direction: increase\n    baseline: 12%\n    target: 16%",
        "direction: decrease\n    baseline: 12%\n    target: 8%",
        "direction",
    ),
    ("channel = 'organic'", "channel = 'paid'", "query"),
    ("SELECT sum(amount) AS net_new", "SELECT avg(amount) AS net_new", "query"),
    ("timezone: America/New_York", "timezone: UTC", "timezone"),
    ("period: quarter ", "period: month ", "period"),
    ("trials: data/trials.csv", "trials: data/trials_old.csv", "sources.business"),
    ("2026-04-30: 50000", "2026-04-30: 10000", "path"),
    ("max_age: 26h ", "max_age: 30d ", "max_age"),
    ("    target: 16%", "    target: 16%\n    status: { at_risk: 2, off_track: 4 }", "status"),
];

#[test]
fn harmful_changes_come_first() {
    let old = shipped();
    for (from, to, named) in HARMFUL {
        assert!(old.contains(from), "{from}");
        let new = old.replacen(from, to, 1);
        // Beside it something harmless, which must not hide it.
        let new = new.replace("title: Organic traffic", "title: Organic visits");
        let folder = folder(&[("old.yaml", &old), ("new.yaml", &new)]);
        let outcome = program(folder.path(), &["diff", "old.yaml", "new.yaml"]);
        assert_eq!(outcome.code, 1, "{named}: {}{}", outcome.out, outcome.err);
        let first: Vec<&str> = outcome.out.lines().take(5).collect();
        let told = first.iter().any(|line| line.starts_with("harmful") && line.contains(named));
        assert!(told, "{named}: {}", outcome.out);
    }
}

#[test]
fn a_diff_of_nothing_is_empty_and_others_formats_tell_the_same() {
    let old = shipped();
    let new = old.replace("target: 250000", "target: 300000") + "\n";
    let folder = folder(&[("old.yaml", &old), ("new.yaml", &new)]);
    let same = program(folder.path(), &["diff", "old.yaml", "old.yaml"]);
    assert_eq!((same.code, same.out.as_str()), (0, "nothing that means anything changed\n"));
    let outcome = program(folder.path(), &["diff", "old.yaml", "new.yaml", "--format", "json"]);
    let json: Value = serde_json::from_str(&outcome.out).unwrap();
    assert_eq!((outcome.code, &json["changes"][0]["weight"]), (0, &Value::from("notable")));
    let markdown =
        program(folder.path(), &["diff", "old.yaml", "new.yaml", "--format", "markdown"]).out;
    assert!(
        markdown.contains("| notable | `kpis.net_new_arr` | target $250 K → $300 K |"),
        "{markdown}"
    );
    let unknown = program(folder.path(), &["diff", "nonsense", "old.yaml"]);
    assert_eq!(unknown.code, 2, "{}", unknown.err);
}

#[test]
fn a_revision_of_git_can_be_compared() {
    let folder = folder(&[("kpi.yaml", &shipped())]);
    let git = |arguments: &[&str]| {
        let mut git = std::process::Command::new("git");
        git.current_dir(folder.path()).args([
            "-c",
            "user.name=x",
            "-c",
            "user.email=x@example.com",
        ]);
        assert!(git.args(arguments).output().unwrap().status.success(), "{arguments:?}");
    };
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-qm", "one"]);
    fs::write(
        folder.path().join("kpi.yaml"),
        shipped().replace("target: 250000", "target: 200000"),
    )
    .unwrap();
    let outcome = program(folder.path(), &["diff", "HEAD", "--config", "kpi.yaml"]);
    assert_eq!(outcome.code, 1, "{}", outcome.err);
    assert!(
        outcome.out.starts_with("harmful   kpis.net_new_arr: target $250 K → $200 K (easier"),
        "{}",
        outcome.out
    );
}

#[test]
fn the_schema_is_what_the_program_writes() {
    let path = Path::new("config/kpi-exporter.schema.json");
    let written = program(Path::new("."), &["generate", "schema"]).out;
    if kpi_exporter::config::Environment::from_process().get("UPDATE_EXPECT").is_some() {
        fs::write(path, &written).unwrap();
    }
    let committed =
        String::from_utf8(kpi_exporter::limits::read_capped(path, 1 << 22).unwrap()).unwrap();
    assert_eq!(committed, written, "UPDATE_EXPECT=1 cargo test --test knowledge schema writes it");
    let schema: Value = serde_json::from_str(&written).unwrap();
    let kpi = &schema["properties"]["kpis"]["additionalProperties"];
    assert_eq!(kpi["additionalProperties"], false);
    assert!(kpi["properties"]["kind"].to_string().contains("leading"), "{kpi:#}");
    assert!(kpi["properties"]["accumulation"]["description"].as_str().unwrap().contains("flow"));
}

#[test]
fn init_writes_frameworks_that_pass_strict() {
    for framework in ["saas", "ecommerce", "marketing", "sales", "support", "executive", "platform"]
    {
        let folder = folder(&[]);
        let outcome = program(
            folder.path(),
            &["init", "--from-template", framework, "--url", "sqlite://w.db", "--no-look"],
        );
        assert_eq!(outcome.code, 0, "{}", outcome.err);
        let file = folder.path().join("kpi-exporter.yaml");
        let text =
            String::from_utf8(kpi_exporter::limits::read_capped(&file, 1 << 20).unwrap()).unwrap();
        fs::write(&file, text.replace("${env:PROMETHEUS_URL}", "http://127.0.0.1:9")).unwrap();
        let checked =
            program(folder.path(), &["check", "--strict", "--config", "kpi-exporter.yaml"]);
        assert_eq!(checked.code, 0, "{framework}: {}{}", checked.out, checked.err);
        let again = program(folder.path(), &["init", "--from-template", framework]);
        assert_eq!(again.code, 2, "it was overwritten");
    }
}

/// A configuration of another kind than the shipped one: a database, an API, a store, digests.
const OTHER: &str = r#"version: 1
calendar: { timezone: Europe/Berlin, week_start: monday, fiscal_year_start: april }
store: { path: data/history.db, keep_daily: 800d }
sources:
  shop: { sql: { url: "postgres://reader@db.example.com/shop", password: "${file:password}" } }
  crm: { http: { url: "https://api.example.com/v1", auth: { bearer: "${env:TOKEN}" } } }
digest:
  weekly: { schedule: "0 8 * * mon", to: { slack: "https://hooks.example.com/services/a" } }
objectives: { grow: { title: Grow } }
metrics:
  orders:
    source: shop
    query: SELECT sum(amount) AS revenue, count(*) AS orders, country FROM orders WHERE paid_at >= :window_start AND paid_at < :window_end GROUP BY country
    labels: [country]
    schedule: "*/10 * * * *"
  deals: { source: crm, request: { path: /deals, params: { from: "{{window_start}}" } }, rows: "$.data[*]", columns: { value: $.amount } }
kpis:
  revenue:
    { description: EUR of paid orders, kind: lagging, formula: orders.revenue, accumulation: flow, unit: EUR, direction: increase,
      period: month, baseline: previous_period, target: +10%, objective: grow, owner: a@example.com, levers: [price], team: shop }
  deal_size:
    { description: EUR of a deal, kind: leading, formula: deals, accumulation: level, window: 4w, unit: EUR, direction: increase,
      baseline: 900, target: 1000, path: flat, predicts: [revenue], lead_time: 30d, objective: grow, owner: a@example.com,
      levers: [offer], team: shop, status: { confirm: 2 } }
  refunds:
    { description: Percent of orders sent back, kind: efficiency, formula: orders.revenue / orders.orders, accumulation: ratio,
      window: 30d, unit: ratio, direction: decrease, baseline: 5, target: { max: 4 }, max_age: 48h, predicts: [revenue],
      objective: grow, owner: a@example.com, levers: [sizes], team: shop, range: { min: 0 } }
"#;

/// What is replaced by what, and what `diff` has to say in its first five lines.
const OTHERS: [(&str, &str, &str); 20] = [
    ("db.example.com/shop", "db.example.com/test", "sources.shop: postgres at"),
    ("api.example.com/v1", "api.example.org/v1", "sources.crm"),
    ("${env:TOKEN}", "${env:TOKEN_OF_TEST}", "sources.crm: other settings"),
    ("data/history.db", "data/new.db", "store: path history.db → new.db"),
    ("keep_daily: 800d", "keep_daily: 90d", "keep_daily 800 → 90 days"),
    ("fiscal_year_start: april", "fiscal_year_start: july", "fiscal_year_start"),
    ("week_start: monday", "week_start: sunday", "week_start"),
    ("Europe/Berlin", "America/Los_Angeles", "timezone"),
    ("sum(amount) AS revenue", "sum(amount) FILTER (WHERE amount > 0) AS revenue", "query"),
    ("columns: { value: $.amount }", "columns: { value: $.amount_usd }", "query"),
    ("path: /deals", "path: /leads", "query"),
    (
        "kind: leading, formula: deals",
        "kind: lagging, formula: deals",
        "KPILeadingAtRisk and KPILeadingOffTrack go",
    ),
    (
        "unit: EUR, direction: increase,\n      period: month",
        "unit: USD, direction: increase,\n      period: month",
        "unit EUR → USD",
    ),
    ("target: { max: 4 }", "target: { max: 6 }", "target"),
    (
        "direction: decrease, baseline: 5, target: { max: 4 }",
        "direction: increase, baseline: 5, target: { min: 4 }",
        "direction",
    ),
    ("window: 4w", "window: 8w", "window"),
    ("period: month", "period: quarter", "period"),
    ("max_age: 48h", "max_age: 400h", "max_age 48 h → 400 h"),
    (
        "orders.revenue / orders.orders, accumulation: ratio",
        "orders.orders / orders.revenue, accumulation: ratio",
        "formula",
    ),
    ("  revenue:\n", "  sales:\n", "removed"),
];

#[test]
fn other_harmful_changes_come_first_as_well() {
    let mut missed = Vec::new();
    for (from, to, named) in OTHERS {
        assert!(OTHER.contains(from), "{from}");
        let new = OTHER.replacen(from, to, 1).replace(
            "predicts: [revenue]",
            if named == "removed" { "predicts: [sales]" } else { "predicts: [revenue]" },
        );
        let new = new
            .replace("title: Grow", "title: Grow well")
            .replace("levers: [price]", "levers: [prices, offers]");
        let folder = folder(&[("old.yaml", OTHER), ("new.yaml", &new), ("password", "geheim-1")]);
        let mut diff = assert_cmd::Command::cargo_bin("kpi-exporter").unwrap();
        diff.current_dir(folder.path()).args(["diff", "old.yaml", "new.yaml"]);
        diff.env("TOKEN", "geheim-2").env("TOKEN_OF_TEST", "geheim-3");
        let output = diff.output().unwrap();
        let told =
            String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        assert!(!told.contains("geheim"), "{told}");
        let mut first = told.lines().take(5);
        if output.status.code() != Some(1)
            || !first.any(|line| line.starts_with("harmful") && line.contains(named))
        {
            missed.push(format!("{named}: {told}"));
        }
    }
    assert!(missed.is_empty(), "{}: {missed:#?}", missed.len());
}

#[test]
fn what_appears_and_goes_is_told() {
    let told = |from: &str, to: &str| {
        assert!(OTHER.contains(from), "{from}");
        let folder = folder(&[
            ("old.yaml", OTHER),
            ("new.yaml", &OTHER.replacen(from, to, 1)),
            ("password", "x"),
        ]);
        let mut diff = assert_cmd::Command::cargo_bin("kpi-exporter").unwrap();
        diff.current_dir(folder.path()).args(["diff", "old.yaml", "new.yaml"]).env("TOKEN", "x");
        String::from_utf8(diff.output().unwrap().stdout).unwrap()
    };
    for (from, to, wanted) in [
        ("levers: [price], ", "", "new K007 no-levers"),
        ("target: { max: 4 }", "target: 4, allow: [K008]", "allow K008"),
        (
            "digest:\n  weekly: { schedule: \"0 8 * * mon\", to: { slack: \"https://hooks.example.com/services/a\" } }\n",
            "",
            "digest.weekly: removed",
        ),
        ("services/a", "services/b", "digest.weekly: other settings"),
        ("*/10 * * * *", "0 6 1 * *", "metrics.orders: another schedule"),
        ("kind: lagging", "kind: leading", "KPILeadingAtRisk and KPILeadingOffTrack come"),
    ] {
        let told = told(from, to);
        assert!(told.contains(wanted), "{wanted} in {told}");
        assert!(!told.contains("hooks.example.com"), "{told}");
    }
}

/// What a revision refers to and does not hold is looked for where it is now.
#[test]
fn a_revision_finds_its_secrets_and_tables_where_they_are() {
    let folder = folder(&[("password", "geheim"), (".gitignore", "password\n")]);
    let config = folder.path().join("conf");
    fs::create_dir(&config).unwrap();
    let text =
        OTHER.replace("${file:password}", "${file:../password}").replace("${env:TOKEN}", "t");
    fs::write(config.join("a.yaml"), &text).unwrap();
    let git = |arguments: &[&str]| {
        let mut git = std::process::Command::new("git");
        git.current_dir(folder.path()).args([
            "-c",
            "user.name=x",
            "-c",
            "user.email=x@example.com",
        ]);
        assert!(git.args(arguments).output().unwrap().status.success(), "{arguments:?}");
    };
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-qm", "one"]);
    for named in ["conf", "conf/a.yaml"] {
        let same = program(folder.path(), &["diff", "HEAD", "--config", named]);
        assert_eq!(
            (same.code, same.out.as_str()),
            (0, "nothing that means anything changed\n"),
            "{}",
            same.err
        );
    }
    fs::write(config.join("a.yaml"), text.replace("target: 1000", "target: 950")).unwrap();
    let moved = program(&config, &["diff", "HEAD", "--config", "a.yaml"]);
    assert_eq!(moved.code, 1, "{}{}", moved.out, moved.err);
    assert_eq!(moved.out.lines().count(), 1, "{}", moved.out);
    let none = program(folder.path(), &["diff", "HEAD", "--config", "conf/b.yaml"]);
    assert_eq!(none.code, 2, "{}", none.out);
}
