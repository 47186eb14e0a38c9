//! `diff`, `test`, `generate schema` and `init`, as their users run them.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::program::program;

const SHIPPED: &str = "config/kpi-exporter.yaml";

fn shipped() -> String {
    String::from_utf8(kpi_exporter::limits::read_capped(Path::new(SHIPPED), 1 << 20).unwrap())
        .unwrap()
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

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
    assert!(tap.starts_with("TAP version 14\n1..1\nnot ok 1 - conversion_dips\n"), "{tap}");
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
            &["init", "--from-template", framework, "--url", "sqlite://w.db"],
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
