//! Input without measure: what a configuration or a source says may be as long as it likes, and is
//! read in no time, refused with its place, and never fills a log.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use serde_json::Value;

use crate::exporter::{Exporter, command, eval};

const KPI: &str = "kind: lagging, accumulation: level, unit: count, direction: increase, \
                   period: month, target: 5";

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[expect(clippy::disallowed_methods, reason = "what a user waits")]
fn check(config: &Path) -> (Output, Duration) {
    let started = std::time::Instant::now();
    let output = command().arg("check").arg("--config").arg(config).output().unwrap();
    (output, started.elapsed())
}

/// A configuration with a path and a formula of any length.
fn asking(rows: &str, formula: &str) -> String {
    format!(
        "version: 1
sources: {{ s: {{ http: {{ url: \"http://127.0.0.1:1\" }} }} }}
metrics:
  m: {{ source: s, request: {{ path: / }}, rows: \"{rows}\", columns: {{ value: $.x }} }}
kpis:
  k: {{ {KPI}, formula: \"{formula}\" }}
"
    )
}

#[test]
fn formulas_and_paths_without_measure_are_refused_with_their_place_in_no_time() {
    let folder = tempfile::tempdir().unwrap();
    let nested = |open: &str, close: &str, times: usize| {
        format!("$[?{}@.a{}]", open.repeat(times), close.repeat(times))
    };
    for (name, rows, formula) in [
        ("terms", "$.x".to_owned(), vec!["m"; 20_000].join("+")),
        ("products", "$.x".to_owned(), vec!["m"; 20_000].join(" / ")),
        ("arguments", "$.x".to_owned(), format!("max({})", vec!["m"; 20_000].join(","))),
        ("parentheses", "$.x".to_owned(), format!("{}m{}", "(".repeat(3400), ")".repeat(3400))),
        ("calls", "$.x".to_owned(), format!("{}m{}", "abs(".repeat(3400), ")".repeat(3400))),
        ("signs", "$.x".to_owned(), format!("{}m", "-".repeat(20_000))),
        ("digits", "$.x".to_owned(), "1".repeat(100_000)),
        ("name", "$.x".to_owned(), "m".repeat(200_000)),
        ("unknown", "$.x".to_owned(), vec!["no"; 200].join("+")),
        ("filters", format!("${}.a{}", "[?@".repeat(30), "]".repeat(30)), "m".to_owned()),
        ("round", nested("(", ")", 3400), "m".to_owned()),
        ("not", nested("!(", ")", 1700), "m".to_owned()),
        ("functions", nested("length(", ")", 800), "m".to_owned()),
        ("long", format!("${}", ".a".repeat(20_000)), "m".to_owned()),
        ("choices", format!("$[{}]", vec!["'a'"; 20_000].join(",")), "m".to_owned()),
    ] {
        let config = write(folder.path(), &format!("{name}.yaml"), &asking(&rows, &formula));
        let (output, took) = check(&config);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{name}: {said}");
        assert!(took < Duration::from_secs(5), "{name} took {took:?}");
        let first = said.lines().next().unwrap();
        let place = format!("{name}.yaml:{}:", if rows == "$.x" { 6 } else { 4 });
        assert!(first.contains(&place) && first.len() < 400, "{first}");
        let longest = said.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(longest < 700, "{name}: a line of {longest}");
    }
}

#[test]
fn other_texts_of_a_configuration_may_be_long_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let long = "x".repeat(100_000);
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    for (name, text) in [
        ("schedule", format!("defaults: {{ schedule: \"{}\" }}", vec!["*/5"; 20_000].join(","))),
        ("zone", format!("calendar: {{ timezone: {long} }}")),
        ("key", format!("{long}: 1")),
        ("flow", format!("calendar: {deep}")),
        ("unit", format!("kpis: {{ k: {{ unit: \"{long}\" }} }}")),
        (
            "template",
            format!(
                "sources: {{ s: {{ http: {{ url: \"http://h\" }} }} }}\nmetrics: {{ m: {{ source: s, request: {{ path: \"/{}\" }} }} }}",
                "{{window_start:%Y".repeat(5_000)
            ),
        ),
        ("reference", format!("kpis: {{ k: {{ formula: \"{}\" }} }}", "${env:".repeat(10_000))),
        (
            "glob",
            format!(
                "sources: {{ s: {{ files: {{ tables: {{ t: \"{}\" }} }} }} }}",
                "**/*[".repeat(10_000)
            ),
        ),
    ] {
        let config =
            write(folder.path(), &format!("{name}.yaml"), &format!("version: 1\n{text}\n"));
        let (output, took) = check(&config);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{name}: {}", said.len());
        assert!(took < Duration::from_secs(5), "{name} took {took:?}");
    }
}

#[test]
fn a_large_configuration_says_itself_how_large_it_may_be() {
    let folder = tempfile::tempdir().unwrap();
    let comment = format!("# {}\n", "x".repeat(98)).repeat(50_000);
    let body = asking("$.x", "m");
    let config = write(folder.path(), "kpi.yaml", &format!("{body}{comment}"));
    let said = |output: Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let refused = said(check(&config).0);
    assert!(
        refused.contains("larger than the limit of 4194304 bytes")
            && refused.contains("max_config_size"),
        "{refused}"
    );
    let (head, rest) = body.split_once('\n').unwrap();
    for limits in [
        "limits: { max_config_size: 8MiB }",
        "limits:\n  # more\n  max_config_size: \"8MiB\" # yes",
    ] {
        write(folder.path(), "kpi.yaml", &format!("{head}\n{limits}\n{rest}{comment}"));
        let (output, _) = check(&config);
        assert_eq!(output.status.code(), Some(0), "{}", said(output));
    }
}

fn reason<'a>(json: &'a Value, kpi: &str) -> &'a str {
    crate::exporter::kpi(json, kpi)["reason"].as_str().unwrap()
}

#[test]
fn columns_without_number_and_labels_without_end_are_cut_in_reasons() {
    let folder = tempfile::tempdir().unwrap();
    let header: Vec<String> = (0..50_000).map(|i| format!("column_{i}")).collect();
    write(folder.path(), "wide.csv", &format!("{}\n", header.join(",")));
    let wide = |bytes: usize| "ü".repeat(bytes / 2);
    write(folder.path(), "label.csv", &format!("c,n\n{},1\n", wide(5_000)));
    let mut many = "c,n\n".to_owned();
    (0..3_000).for_each(|i| writeln!(many, "{}{i},1", wide(2_000)).unwrap());
    write(folder.path(), "many.csv", &many);
    let narrow: Vec<&String> = header.iter().take(1_900).collect();
    let row = vec!["a text that is no number"; 1_900].join(",");
    let names = narrow.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(",");
    write(folder.path(), "narrow.csv", &format!("{names}\n{row}\n"));
    let config = format!(
        "version: 1
sources: {{ s: {{ files: {{ tables: {{ wide: wide.csv, label: label.csv, many: many.csv, narrow: narrow.csv }} }} }} }}
metrics:
  wide: {{ source: s, query: SELECT count(*) AS value FROM wide }}
  label: {{ source: s, labels: [c], query: 'SELECT c, n AS value FROM label' }}
  many: {{ source: s, labels: [c], query: 'SELECT c, n AS value FROM many' }}
  narrow: {{ source: s, query: SELECT * FROM narrow }}
kpis:
  wide: {{ {KPI}, formula: wide }}
  label: {{ {KPI}, formula: label }}
  many: {{ {KPI}, formula: many }}
  narrow: {{ {KPI}, formula: narrow.missing }}
"
    );
    let config = write(folder.path(), "kpi.yaml", &config);
    let (json, _) = eval(&config, "2026-04-30");
    for (kpi, parts) in [
        ("wide", &["50000 columns"][..]),
        ("label", &["label column `c` of metric `label`", "TEXT of more than 4096 bytes"]),
        ("many", &["more than 4096 KiB together", "the longest is `c`"]),
        ("narrow", &["no column `missing`", "column_0, column_1", " more"]),
    ] {
        let reason = reason(&json, kpi);
        assert!(parts.iter().all(|part| reason.contains(part)), "{reason}");
        assert!(reason.chars().count() < 900, "{}", reason.chars().count());
    }
    let exporter = Exporter::run(&config);
    exporter.until("ready", |_| exporter.get("/-/ready").0 == 200);
    let log = exporter.log();
    let longest = log.lines().map(|line| line.chars().count()).max().unwrap();
    assert!(longest < 1_300, "a line of {longest}");
    assert!(log.lines().count() < 40, "{log}");
    for cure in ["raise `limits: { max_metric_bytes: ... }`", "group by something shorter"] {
        assert!(log.contains(cure), "{log}");
    }
}

#[test]
fn very_many_mistakes_are_told_in_no_time() {
    let folder = tempfile::tempdir().unwrap();
    let each = |line: &dyn Fn(usize) -> String| (0..10_000).map(line).collect::<String>();
    let half = |line: &dyn Fn(usize) -> String| (0..5_000).map(line).collect::<String>();
    let head = "version: 1\nlimits: { max_config_size: 64MiB }\nsources: { s: { http: { url: 'http://127.0.0.1:1' } } }\n";
    for (name, text) in [
        (
            "keys",
            format!("{head}kpis:\n{}", each(&|n| format!("  k{n}: {{ {KPI}, fromula: m }}\n"))),
        ),
        (
            "metrics",
            format!("{head}kpis:\n{}", each(&|n| format!("  k{n}: {{ {KPI}, formula: m{n} }}\n"))),
        ),
        (
            "nearly",
            format!(
                "{head}metrics:\n{}kpis:\n{}",
                half(&|n| format!(
                    "  metric_{n}: {{ source: s, request: {{ path: / }}, rows: $.x, columns: {{ value: $.x }} }}\n"
                )),
                half(&|n| format!("  k{n}: {{ {KPI}, formula: metrc_{n} }}\n"))
            ),
        ),
        (
            "sources",
            format!(
                "{head}metrics:\n{}",
                each(&|n| format!("  m{n}: {{ source: nope{n}, rows: $.x }}\n"))
            ),
        ),
        ("twice", format!("{head}kpis:\n{}", each(&|_| format!("  k: {{ {KPI}, formula: m }}\n")))),
        (
            "secrets",
            format!("{head}kpis:\n{}", each(&|n| format!("  k{n}: {{ password: p{n} }}\n"))),
        ),
    ] {
        let config = write(folder.path(), &format!("{name}.yaml"), &text);
        let (output, took) = check(&config);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{name}: {}", &said[..said.len().min(2000)]);
        assert!(took < Duration::from_secs(20), "{name} took {took:?}");
        assert!(said.len() < 200_000, "{name}: {} bytes", said.len());
        let last = said.trim_end().lines().last().unwrap();
        assert!(last.ends_with(" errors, of which the first 100 are shown"), "{name}: {last}");
        println!("{name}: {took:?}, {last}");
    }
}
