//! What is written where: gaps told, files gone on with, nothing cut in half.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use kpi_exporter::limits::read_capped;
use tokio::time::Instant;

use crate::program::{backfill, command, said};

const DEADLINE: Duration = Duration::from_mins(1);

fn read(path: &Path) -> String {
    String::from_utf8(read_capped(path, 64 << 20).unwrap()).unwrap()
}

/// Two sources: one whose data begin on 3 April, one that is not there.
const PARTLY: &str = r#"
version: 1
sources:
  here: { files: { tables: { n: n.csv } } }
  lost: { files: { tables: { m: missing.csv } } }
metrics:
  n: { source: here, query: "SELECT sum(n) AS value FROM n WHERE day >= :window_start_date AND day < :window_end_date" }
  m: { source: lost, query: "SELECT sum(n) AS value FROM m WHERE day < :window_end_date" }
kpis:
  late: { kind: leading, formula: n, accumulation: level, window: 2d, unit: count, direction: increase, target: 10 }
  lost: { kind: leading, formula: m, accumulation: flow, unit: count, direction: increase, target: 10 }
"#;

#[test]
fn a_source_that_cannot_look_back_is_told_kpi_by_kpi() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("n.csv"), "day,n\n2026-04-03,7\n2026-04-06,8\n").unwrap();
    let config = folder.path().join("kpis.yaml");
    fs::write(&config, PARTLY).unwrap();
    let config = config.to_str().unwrap();
    let span = ["--from", "2026-04-01", "--to", "2026-04-06", "--config", config];
    let (code, stdout, stderr) = said(&backfill(&span));
    assert_eq!(code, Some(0));
    let values: Vec<_> = stdout.lines().filter(|line| line.starts_with("kpi_value{")).collect();
    assert_eq!(values.len(), 3, "{stdout}");
    let lines: Vec<&str> = stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{stderr}");
    assert!(
        lines[0].starts_with("late: no value on 3 of 6 days (first 2026-04-01): No data"),
        "{stderr}"
    );
    let start = "lost: no value on 6 of 6 days (first 2026-04-01): No data: metric `m` of source \
                 `lost` fails: ";
    assert!(lines[1].starts_with(start) && lines[1].contains("missing.csv"), "{stderr}");
}

#[test]
fn every_series_bears_the_labels_that_a_scrape_would_add() {
    let labels = |more: &[&str]| {
        let span = ["--from", "2026-04-01", "--to", "2026-04-01", "--kpi", "trial_to_paid"];
        let (code, stdout, stderr) = said(&backfill(&[&span[..], more].concat()));
        let value = stdout.lines().find(|line| line.starts_with("kpi_value{"));
        (code, value.map(|line| line.split(' ').next().unwrap().to_owned()), stderr)
    };
    let of = |more: &[&str]| labels(more).1.unwrap();
    assert_eq!(of(&[]), r#"kpi_value{kpi="trial_to_paid",job="kpi-exporter"}"#);
    let other = of(&["--label", "job=kpis", "--label", "env=prod"]);
    assert_eq!(other, r#"kpi_value{kpi="trial_to_paid",env="prod",job="kpis"}"#);
    assert_eq!(of(&["--label", "job="]), r#"kpi_value{kpi="trial_to_paid"}"#);
    let (code, _, stderr) = labels(&["--label", "kpi=mine"]);
    assert!(code == Some(2) && stderr.contains("a label of the metrics themselves"), "{stderr}");
}

#[test]
fn without_any_value_the_exit_code_is_3() {
    let (code, stdout, stderr) =
        said(&backfill(&["--from", "2019-01-01", "--to", "2019-01-02", "--kpi", "trial_to_paid"]));
    assert_eq!(code, Some(3));
    assert!(!stdout.contains("\nkpi_value"), "{stdout}");
    assert!(stderr.starts_with("trial_to_paid: no value on 2 of 2 days"), "{stderr}");
}

#[test]
fn a_file_that_was_cut_off_anywhere_is_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("days.jsonl");
    let path = file.to_str().unwrap();
    // In the middle of a period; a status waits to be confirmed on 17 April, the 13th day.
    let span = ["--from", "2026-04-05", "--to", "2026-04-20", "--format", "jsonl"];
    let run = || said(&backfill(&[&span[..], &["--output", path]].concat()));
    assert_eq!(run(), (Some(0), String::new(), String::new()));
    let whole = read(&file);
    assert_eq!(whole.lines().count(), 3 * 16);
    assert_eq!(whole, said(&backfill(&span)).1);
    let ends: Vec<usize> = whole.match_indices('\n').map(|(at, _)| at + 1).collect();
    // After a whole file, in a line, after a line within a day, after a day, at the very start.
    for end in [whole.len(), ends[36] + 17, ends[37], ends[38], 3, 0] {
        fs::write(&file, &whole[..end]).unwrap();
        assert_eq!(run(), (Some(0), String::new(), String::new()));
        assert!(read(&file) == whole, "cut off at {end}");
    }
}

#[test]
fn a_file_of_something_else_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notes.txt");
    fs::write(&file, "do not lose this").unwrap();
    let path = file.to_str().unwrap();
    let span = ["--from", "2026-04-01", "--to", "2026-04-02", "--format", "jsonl"];
    let (code, _, stderr) = said(&backfill(&[&span[..], &["--output", path]].concat()));
    assert_eq!(code, Some(1));
    assert!(stderr.contains("line 1 was not written by this command"), "{stderr}");
    assert_eq!(read(&file), "do not lose this");
}

#[test]
fn an_interrupt_leaves_whole_lines_and_the_same_command_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("days.jsonl");
    let span = ["--from", "2024-07-01", "--to", "2026-06-30", "--format", "jsonl"];
    let arguments = [&span[..], &["--output", file.to_str().unwrap()]].concat();
    let child = command(&arguments).stderr(Stdio::piped()).spawn().unwrap();
    let started = Instant::now();
    while fs::metadata(&file).map_or(0, |file| file.len()) == 0 {
        assert!(started.elapsed() < DEADLINE, "it writes nothing");
        std::thread::park_timeout(Duration::from_millis(5));
    }
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let (code, _, stderr) = said(&child.wait_with_output().unwrap());
    assert_eq!(code, Some(130));
    assert!(stderr.starts_with("stopped; the same command goes on where "), "{stderr}");
    let part = read(&file);
    let lines = part.lines().count();
    assert!(part.ends_with('\n') && lines.is_multiple_of(3) && lines < 3 * 730, "{lines} lines");
    assert_eq!(said(&backfill(&arguments)).0, Some(0));
    assert!(read(&file) == said(&backfill(&span)).1);
}

#[test]
fn an_openmetrics_file_appears_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history.om");
    let path = file.to_str().unwrap();
    let span = ["--from", "2026-04-01", "--to", "2026-04-03"];
    let (code, stdout, _) = said(&backfill(&[&span[..], &["--output", path]].concat()));
    assert_eq!((code, stdout.as_str()), (Some(0), ""));
    assert_eq!(read(&file), said(&backfill(&span)).1);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    let nowhere = folder.path().join("no/such/folder.om");
    let (code, _, stderr) =
        said(&backfill(&[&span[..], &["--output", nowhere.to_str().unwrap()]].concat()));
    assert_eq!(code, Some(1));
    assert!(stderr.contains("cannot write") && stderr.contains("folder.om"), "{stderr}");
}
