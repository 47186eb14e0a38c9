//! `test`: users' own tests of their definitions.

use crate::program::{folder, program, shipped};

const TESTS: &str = "
tests:
  conversion_dips:
    as_of: 2026-04-30
    given:
      trials:
        - { day: 2026-04-10, trials_ended: 1000, converted: 100 }
        - { day: 2026-04-20, trials_ended: 500, converted: 50 }
    expect:
      trial_to_paid: { value: 10%, status: off_track, reason: target 16 % }
";

#[test]
fn users_test_their_definitions() {
    let good = folder(&[("kpi.yaml", &(shipped() + TESTS))]);
    let outcome = program(good.path(), &["test", "--config", "kpi.yaml"]);
    assert_eq!(outcome.code, 0, "{}{}", outcome.out, outcome.err);
    let bad = folder(&[(
        "kpi.yaml",
        &(shipped()
            + &TESTS.replace("value: 10%, status: off_track", "value: 12%, status: achieved")),
    )]);
    let outcome = program(bad.path(), &["test", "--config", "kpi.yaml"]);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.out.contains("trial_to_paid value\n         - 12 %\n         + 10 %\n"),
        "{}",
        outcome.out
    );
    let junit = program(bad.path(), &["test", "--config", "kpi.yaml", "--format", "junit"]).out;
    assert!(junit.contains("tests=\"1\" failures=\"1\""), "{junit}");
    let tap = program(bad.path(), &["test", "--config", "kpi.yaml", "--format", "tap"]).out;
    assert!(tap.starts_with("TAP version 13\n1..1\nnot ok 1 - conversion_dips\n"), "{tap}");
}

const MANY: &str = r#"version: 1
sources:
  shop: { files: { tables: { orders: orders.csv } } }
  crm: { http: { url: "https://crm.example.com" } }
metrics:
  orders: { source: shop, query: "SELECT country, sum(amount) AS value FROM orders WHERE day >= :window_start_date AND day < :window_end_date GROUP BY country", labels: [country] }
  deals: { source: crm, request: { path: /deals }, columns: { won: $.won, lost: $.lost } }
kpis:
  revenue: { kind: lagging, formula: orders, accumulation: flow, unit: EUR, direction: increase, period: month, target: 100 }
  wins: { kind: leading, formula: deals.won / (deals.won + deals.lost), accumulation: ratio, unit: percent, direction: increase, period: month, target: 50% }
tests:
  "good_rows":
    as_of: 2026-04-30
    given:
      orders: orders_of_april.csv
      deals: [{ day: 2026-04-02, won: 3, lost: 1 }, { day: 2026-05-02, won: 0, lost: 90 }]
    expect:
      revenue: { labels: { country: AT }, value: 120, status: achieved }
      wins: { value: 75%, status: achieved }
  bad_rows:
    as_of: 2026-04-30
    given: { orders: orders_of_april.csv, deals: [{ day: 2026-04-02, won: 1, lost: 3 }] }
    expect:
      revenue: { labels: { country: DE }, value: 41, reason: "<&\"']]>" }
      wins: { value: 75% }
"#;

#[test]
fn rows_of_files_labels_and_apis_can_be_given_and_results_be_read_by_others() {
    let folder = folder(&[
        ("k.yaml", MANY),
        (
            "orders_of_april.csv",
            "day,country,amount\n2026-04-05,AT,120\n2026-04-06,DE,40\n2026-05-06,DE,4000\n",
        ),
    ]);
    let good = program(folder.path(), &["test", "good_rows", "--config", "k.yaml"]);
    assert_eq!(
        (good.code, good.out.as_str()),
        (0, "ok     good_rows\n1 test, 0 failed\n"),
        "{}",
        good.err
    );
    let all = program(folder.path(), &["test", "--config", "k.yaml"]);
    assert_eq!(all.code, 1);
    assert!(all.out.contains("revenue value\n         - €41\n         + €40\n"), "{}", all.out);
    let junit = program(folder.path(), &["test", "--config", "k.yaml", "--format", "junit"]).out;
    let read = "import sys, xml.etree.ElementTree as e
root = e.fromstring(sys.stdin.buffer.read())
cases = root.findall('testsuite/testcase')
failed = [c.get('name') for c in cases if c.find('failure') is not None]
print(root.get('tests'), root.get('failures'), len(cases), failed, ']]>' in e.tostring(root, 'unicode', method='text'))";
    let mut python = assert_cmd::Command::new("python3");
    let read = python.args(["-c", read]).write_stdin(junit.clone()).output().unwrap();
    let read = String::from_utf8_lossy(&read.stdout).into_owned();
    assert_eq!(read, "2 1 2 ['bad_rows'] True\n", "{junit}");
    let tap = program(folder.path(), &["test", "--config", "k.yaml", "--format", "tap"]).out;
    let mut prove = assert_cmd::Command::new("perl");
    let script = "use TAP::Parser; local $/; my $p = TAP::Parser->new({ tap => <STDIN> }); $p->run; print join ' ', scalar($p->passed), scalar($p->failed), scalar($p->parse_errors), $p->version";
    let read = prove.args(["-e", script]).write_stdin(tap.clone()).output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&read.stdout),
        "1 1 0 13",
        "{tap}{}",
        String::from_utf8_lossy(&read.stderr)
    );
}
