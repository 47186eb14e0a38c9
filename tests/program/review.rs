//! `report` and `note` as their users see them: the story of the quarter as a document, what people said
//! beside a running daemon.

use std::fs;
use std::path::Path;
use std::time::Duration;

use kpi_exporter::limits::read_capped;
use tokio::time::Instant;

use crate::exporter::{DEADLINE, Exporter, command, run};

const DEFAULT: &str = "config/kpi-exporter.yaml";

fn report(arguments: &[&str]) -> String {
    let output = run(&[&["report", "--config", DEFAULT], arguments].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Compares with a file of `tests/golden`; `UPDATE_EXPECT=1` writes it anew.
#[expect(clippy::disallowed_methods, reason = "a test's switch")]
fn is_golden(name: &str, text: &str) {
    let path = Path::new("tests/golden").join(name);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, text).unwrap();
    }
    let golden = read_capped(&path, 1 << 20).unwrap_or_default();
    assert_eq!(
        text,
        String::from_utf8_lossy(&golden),
        "run with UPDATE_EXPECT=1 to write {} anew",
        path.display()
    );
}

#[test]
fn the_close_of_the_quarter_tells_its_story() {
    let quarter = ["--as-of", "2026-06-30", "--period", "quarterly"];
    let text = report(&quarter);
    for told in [
        "Missed: $230 K against a target of $250 K (92 %)",
        "**Organic traffic**: Achieved: 135,000 against a target of 130,000",
        "Lost in April: from 12 % to 9.78 % on 27 April; mostly recovered since, to 15 %.",
        "## What to do in 2026-Q3",
        "onboarding checklist, trial e-mails, in-app help",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
    is_golden("report-2026-Q2.md", &text);
    let html = report(&[&quarter[..], &["--format", "html"]].concat());
    is_golden("report-2026-Q2.html", &html);
    let json = report(&[&quarter[..], &["--format", "json"]].concat());
    is_golden("report-2026-Q2.json", &json);
}

#[test]
fn a_week_in_april_warns_early() {
    let text = report(&["--as-of", "2026-04-30"]);
    assert!(
        text.contains("leads Net new ARR by 30 days (unproven), which still looks fine"),
        "{text}"
    );
    is_golden("report-2026-04-30.md", &text);
}

/// The default configuration with a store in a folder.
fn with_store(folder: &Path) -> std::path::PathBuf {
    let data = fs::canonicalize("config/data").unwrap();
    let text = String::from_utf8(read_capped(Path::new(DEFAULT), 1 << 20).unwrap()).unwrap();
    let text = text.replace("data/", &format!("{}/", data.display()));
    let config = folder.join("kpi-exporter.yaml");
    let store = folder.join("history.db");
    fs::write(&config, format!("{text}\nstore: {{ path: {} }}\n", store.display())).unwrap();
    config
}

/// A page, as soon as it says something.
fn page_with(exporter: &Exporter, path: &str, said: &str) -> String {
    let started = Instant::now();
    loop {
        let (_, page) = exporter.get(path);
        if page.contains(said) {
            return page;
        }
        assert!(started.elapsed() < DEADLINE, "{path} never says {said}: {page}");
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

#[test]
fn a_note_is_written_beside_a_daemon_and_is_in_the_review_and_on_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let config = with_store(folder.path());
    let config = config.to_str().unwrap();
    let note = |text: &str| {
        let arguments = ["note", "--config", config, "--author", "ada", "--at", "2026-04-03"];
        command().args(arguments).args(["trial_to_paid", text]).output().unwrap()
    };
    let first = note("before <b>any</b> daemon");
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    let exporter = Exporter::run(Path::new(config));
    let second = note("beside the daemon");
    assert!(second.status.success(), "{}", String::from_utf8_lossy(&second.stderr));
    let page = page_with(&exporter, "/kpi/trial_to_paid", "beside the daemon");
    assert!(
        page.contains("before &lt;b&gt;any&lt;/b&gt; daemon") && page.contains("ada"),
        "{page}"
    );
    let report = run(&["report", "--config", config, "--as-of", "2026-04-30"]);
    let report = String::from_utf8(report.stdout).unwrap();
    assert!(report.contains("Note of 3 April, ada: beside the daemon"), "{report}");
    let earlier = run(&["report", "--config", config, "--as-of", "2026-04-01"]);
    assert!(!String::from_utf8(earlier.stdout).unwrap().contains("daemon"));
}

#[test]
fn a_note_on_nothing_or_in_no_store_is_refused_in_words() {
    let refused = |arguments: &[&str], code: i32, said: &str| {
        let output = run(&[&["note", "--config", DEFAULT], arguments].concat());
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{stderr}");
        assert!(stderr.contains(said), "{stderr}");
    };
    refused(&["trial_to_pay", "x"], 2, "did you mean `trial_to_paid`?");
    refused(&["trial_to_paid", "  "], 2, "a note needs a text");
    refused(&["trial_to_paid", "x"], 1, "there is no place for notes");
}
