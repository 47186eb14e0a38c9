//! `init` on real databases, as a new user meets it: the transcript of the README is a run, ugly databases
//! are looked at, and a password gets nowhere.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use kpi_exporter::limits::read_capped;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Executor};

use crate::program::{Outcome, program};
use crate::servers::{self, PASSWORD};

const SHOP: &str = include_str!("shop.sql");
const SECRET: &str = "S3cr3t-Wort";

fn text(path: &Path) -> String {
    String::from_utf8(read_capped(path, 1 << 20).unwrap()).unwrap()
}

/// What a shell prints, both streams as a terminal shows them.
fn shell(folder: &Path, url: &str, line: &str) -> String {
    let program = env!("CARGO_BIN_EXE_kpi-exporter");
    let path = Path::new(program).parent().unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("PATH=\"{}:$PATH\"; {line} 2>&1", path.display())]);
    shell.current_dir(folder).env("WAREHOUSE_URL", url).env_remove("KPI_EXPORTER_CONFIG");
    String::from_utf8(shell.stdin(Stdio::null()).output().unwrap().stdout).unwrap()
}

async fn postgres_with(server: &servers::Server, database: &str, script: &str) {
    let mut admin = server.superuser("postgres").await;
    admin.execute(AssertSqlSafe(format!("CREATE DATABASE {database}"))).await.unwrap();
    let mut database = server.superuser(database).await;
    database.execute(AssertSqlSafe(script.to_owned())).await.unwrap();
}

/// Whether a transcript, in which `...` stands for lines left out, is what was printed.
fn assert_shown(shown: &str, printed: &str) {
    let mut rest = printed.trim_end();
    for (at, part) in shown.trim_end().split("...\n").enumerate() {
        let part = part.trim_end_matches('\n');
        let found = rest.find(part).filter(|found| at > 0 || *found == 0);
        let found = found.unwrap_or_else(|| panic!("not printed:\n{part}\nin\n{printed}"));
        rest = &rest[found + part.len()..];
    }
    assert!(rest.trim().is_empty() || shown.trim_end().ends_with("..."), "more printed:\n{rest}");
}

#[tokio::test]
async fn the_transcript_of_the_readme_is_that_run() {
    let server = servers::postgres().await;
    postgres_with(&server, "shop", SHOP).await;
    let readme = text(Path::new("README.md"));
    let start =
        "```console\n$ export WAREHOUSE_URL=postgres://kpi_reader:secret@db.example.com/shop\n";
    let block = readme.split_once(start).unwrap().1.split_once("\n```").unwrap().0;
    let url = format!("postgres://kpi_reader:secret@127.0.0.1:{}/shop", server.port);
    let folder = tempfile::tempdir().unwrap();
    let mut commands = 0;
    for step in format!("\n{block}").split("\n$ ").skip(1) {
        let (command, shown) = step.split_once('\n').unwrap_or((step, ""));
        let printed = shell(folder.path(), &url, command);
        let printed = printed.replace(&format!("127.0.0.1:{}", server.port), "db.example.com");
        assert_shown(shown, &printed);
        commands += 1;
    }
    assert!(commands >= 3, "{block}");
    let written = text(&folder.path().join("kpi-exporter.yaml"));
    assert!(written.starts_with("# yaml-language-server: $schema="), "{written}");
    assert!(!written.contains("secret"), "{written}");
}

/// What nobody would build, and many have.
const UGLY: &str = r#"
CREATE SCHEMA "Sales Dept"; CREATE SCHEMA archive;
CREATE TABLE "Sales Dept"."Order" ("Customer" text, "User" integer, "Placed At" timestamptz, "Total Amount" text, "select" integer);
INSERT INTO "Sales Dept"."Order" SELECT 'c' || n % 40, n, timestamptz '2026-01-01' + n * interval '3 hours', '€ 1.0' || n % 10 || '0,50', 1 FROM generate_series(1, 900) AS n;
CREATE TABLE archive.orders (customer_id integer, amount numeric);
CREATE TABLE orders (customer_id integer, total numeric, created date);
CREATE TABLE "group" (x integer); CREATE TABLE "a ${env:HOME} b" (amount numeric, ordered_on date);
CREATE VIEW visits AS SELECT "Placed At" AS "at", "User" % 7 = 0 AS converted FROM "Sales Dept"."Order";
DO $$ BEGIN FOR n IN 1..500 LOOP EXECUTE format('CREATE TABLE log_%s (at timestamptz, x text)', n); END LOOP; END $$;
"#;

#[tokio::test]
async fn an_ugly_database_is_looked_at() {
    let server = servers::postgres().await;
    postgres_with(&server, "ugly", UGLY).await;
    let folder = tempfile::tempdir().unwrap();
    let password = PASSWORD.replace('%', "%25").replace('/', "%2F").replace(':', "%3A");
    let password = password.replace('@', "%40").replace(' ', "%20").replace('ü', "%C3%BC");
    let url = format!("postgres://kpi:{password}@127.0.0.1:{}/ugly", server.port);
    let init = "kpi-exporter init --from-template ecommerce --url '${env:WAREHOUSE_URL}' --table 'orders=Sales Dept.Order'";
    let printed = shell(folder.path(), &url, init);
    let check =
        shell(folder.path(), &url, "kpi-exporter check --connect --config kpi-exporter.yaml");
    assert!(check.contains("(4 KPIs"), "{printed}\n{check}");
    assert!(check.contains("nothing failed"), "{check}");
    assert!(printed.contains("FROM \"Sales Dept\".\"Order\""), "{printed}");
    assert!(!printed.contains("${env:HOME}"), "{printed}");
    let eval = shell(
        folder.path(),
        &url,
        "kpi-exporter eval --config kpi-exporter.yaml --as-of 2026-04-15 --format json",
    );
    let answer: Value = serde_json::from_str(&eval).unwrap_or_else(|_| panic!("{eval}"));
    let value = |id: &str| {
        let kpi = answer["kpis"].as_array().unwrap().iter().find(|kpi| kpi["kpi"] == id);
        kpi.and_then(|kpi| kpi["value"].as_f64()).unwrap_or_else(|| panic!("{id}: {eval}"))
    };
    assert!((1000.0..1100.0).contains(&value("average_order_value")), "{eval}");
    assert!((0.1..0.2).contains(&value("conversion_rate")), "{eval}");
    // Without a word from anybody the empty table at home is not preferred, nor one without a time.
    let printed = shell(
        folder.path(),
        &url,
        "kpi-exporter init --template revenue --url '${env:WAREHOUSE_URL}' --dry-run",
    );
    assert!(printed.contains("FROM \"Sales Dept\".\"Order\""), "{printed}");
}

#[tokio::test]
async fn mariadb_is_looked_at() {
    let server = servers::mariadb().await;
    let options = sqlx::mysql::MySqlConnectOptions::new()
        .host("127.0.0.1")
        .port(server.port)
        .username("root");
    let mut admin = servers::login(&options).await;
    let mut rows = String::new();
    for n in 0..400 {
        let (month, day) = (1 + n % 4, 1 + n % 28);
        let paid = n % 5 > 0;
        let comma = if n > 0 { "," } else { "" };
        write!(
            rows,
            "{comma}({n}, {}, '2026-{month:02}-{day:02} 10:00:00', '{}.50', {paid})",
            n % 60,
            n % 90
        )
        .unwrap();
    }
    for statement in [
        "CREATE DATABASE shop".to_owned(),
        "CREATE TABLE shop.`Key Orders` (id int, user_id int, order_date datetime, total varchar(20), converted tinyint(1))".to_owned(),
        format!("INSERT INTO shop.`Key Orders` VALUES {rows}"),
        "CREATE VIEW shop.sessions AS SELECT order_date AS `date`, converted FROM shop.`Key Orders`".to_owned(),
    ] {
        admin.execute(AssertSqlSafe(statement)).await.unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let url = format!("mysql://root@127.0.0.1:{}/shop", server.port);
    let printed = shell(
        folder.path(),
        &url,
        "kpi-exporter init --from-template ecommerce --url '${env:WAREHOUSE_URL}'",
    );
    assert!(printed.contains("FROM `Key Orders`"), "{printed}");
    let eval = shell(
        folder.path(),
        &url,
        "kpi-exporter eval --config kpi-exporter.yaml --as-of 2026-04-30 --format json",
    );
    let answer: Value = serde_json::from_str(&eval).unwrap_or_else(|_| panic!("{printed}{eval}"));
    let kpis = answer["kpis"].as_array().unwrap();
    assert!(kpis.len() >= 4 && kpis.iter().all(|kpi| kpi["value"].is_number()), "{printed}{eval}");
}

#[test]
fn a_password_is_neither_written_nor_told() {
    for url in [
        format!("postgres://reader:{SECRET}@127.0.0.1:9/shop"),
        format!("postgres://reader:a@b:{SECRET}@127.0.0.1:9/shop"),
        format!("postgres://127.0.0.1:9/shop?user=x&password={SECRET}"),
        format!("postgres://reader:{SECRET}@host name/shop"),
        format!("mysql://reader:{SECRET}/x@127.0.0.1:9/shop"),
        format!("clickhouse+https://reader:{SECRET}@127.0.0.1:9/shop"),
        format!("oracle://reader:{SECRET}@127.0.0.1:9/shop"),
        format!("https://reader:{SECRET}@127.0.0.1:9"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let told = |arguments: &[&str]| {
            let Outcome { out, err, code } = program(folder.path(), arguments);
            assert!(!out.contains(SECRET) && !err.contains(SECRET), "{url}: {out}{err}");
            (code, err)
        };
        let framework = if url.starts_with("http") { "platform" } else { "ecommerce" };
        told(&["init", "--from-template", framework, "--url", &url]);
        told(&[
            "init",
            "--from-template",
            framework,
            "--url",
            &url,
            "--no-look",
            "--output",
            "k.yaml",
        ]);
        let written = text(&folder.path().join("k.yaml"));
        assert!(!written.contains(SECRET) && written.contains("_URL}"), "{written}");
    }
}

#[test]
fn what_init_cannot_do_is_said_with_its_cure() {
    for (arguments, told) in [
        (
            &["--from-template", "ecommerce", "--url", "postgres://127.0.0.1:9/shop"][..],
            "--no-look",
        ),
        (&["--template", "churn"], "did you mean `churn_rate`?"),
        (
            &["--template", "revenue", "--currency", "EUR\n  x: y"],
            "--currency: expected an ISO 4217 code",
        ),
        (&["--template", "revenue", "--table", "orders"], "expected NAME=TABLE"),
        (&["--template", "revenue", "--table", "order=x"], "the catalogue has no table `order`"),
        (&["--template", "revenue", "--url", "sqlite://nowhere.db"], "nowhere.db"),
        (
            &["--template", "revenue", "--url", "sqlite://empty.db"],
            "revenue: no table is named like ledger",
        ),
        (
            &["--template", "revenue", "--url", "sqlite://empty.db", "--table", "orders=tickts"],
            "there is no table `tickts` that may be read (hint: did you mean `tickets`?)",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let database = rusqlite::Connection::open(folder.path().join("empty.db")).unwrap();
        database.execute_batch("CREATE TABLE tickets (x integer)").unwrap();
        let arguments: Vec<&str> =
            std::iter::once("init").chain(arguments.iter().copied()).collect();
        let outcome = program(folder.path(), &arguments);
        assert_eq!(outcome.code, 2, "{arguments:?}: {}", outcome.err);
        assert!(outcome.err.contains(told), "{arguments:?}: {}", outcome.err);
        assert!(!folder.path().join("kpi-exporter.yaml").exists());
    }
}

/// On a terminal it asks, and takes what is typed.
#[test]
fn a_terminal_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let database = rusqlite::Connection::open(folder.path().join("shop.db")).unwrap();
    database
        .execute_batch(
            "CREATE TABLE purchases (customer_id, total REAL, bought TEXT);
             INSERT INTO purchases VALUES (1, 10.5, '2026-04-02'), (2, 20, '2026-04-03');",
        )
        .unwrap();
    let mut script = Command::new("script");
    script.args(["-qec", &format!("{} init", env!("CARGO_BIN_EXE_kpi-exporter")), "/dev/null"]);
    script.current_dir(folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = script.spawn().unwrap();
    let typed =
        "ecommerce\nrevenue, average_order_value\ngrowth\n\n\nsqlite://shop.db\n\npurchases\n\n";
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    let written = text(&folder.path().join("kpi-exporter.yaml"));
    assert!(written.contains("team: \"growth\"") && written.contains("FROM purchases"), "{shown}");
    let eval =
        program(folder.path(), &["eval", "--config", "kpi-exporter.yaml", "--as-of", "2026-04-30"]);
    assert!(eval.out.contains("$30.50"), "{}{}", eval.out, eval.err);
}

#[test]
fn every_template_and_framework_can_be_written() {
    for template in kpi_exporter::catalog::all() {
        let folder = tempfile::tempdir().unwrap();
        let outcome =
            program(folder.path(), &["init", "--template", &template.id, "--currency", "EUR"]);
        assert_eq!(outcome.code, 0, "{}", outcome.err);
        let file = folder.path().join("kpi-exporter.yaml");
        fs::write(&file, text(&file).replace("${env:PROMETHEUS_URL}", "http://127.0.0.1:9"))
            .unwrap();
        let checked = program(folder.path(), &["check", "--config", "kpi-exporter.yaml"]);
        assert_eq!(checked.code, 0, "{}: {}{}", template.id, checked.out, checked.err);
    }
}
