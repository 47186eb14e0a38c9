//! History as two replicas would have left it, with one KPI that has labels of its own.

use std::fmt::Write as _;
use std::process::Command;

/// The last second of 30 April 2026 in New York: one month into the story.
pub(crate) const END: i64 = 1_777_607_999;

/// Every five minutes for two hours.
const ALERT_SAMPLES: i64 = 24;

const ALERT: &str = r#"alertname="KPILeadingOffTrack",alertstate="firing",job="kpi-exporter",kpi="trial_to_paid",severity="critical""#;

/// The back-filled story: long enough for projections to learn from earlier quarters, in OpenMetrics. Two instances bring every sample; the KPI
/// `by_region` has the numbers of `organic_traffic` for each of two regions. In the last two hours an
/// alert about the conversion fired.
pub(crate) fn two_replicas() -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_kpi-exporter"))
        .env_remove("KPI_EXPORTER_CONFIG")
        .args(["backfill", "--from", "2025-07-01", "--to", "2026-04-30"])
        .args(["--config", concat!(env!("CARGO_MANIFEST_DIR"), "/config/kpi-exporter.yaml")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let single = String::from_utf8(output.stdout).unwrap();
    let mut text = String::with_capacity(single.len() * 3);
    for line in single.lines().filter(|line| *line != "# EOF") {
        if line.starts_with('#') {
            text.push_str(line);
            text.push('\n');
            continue;
        }
        for instance in ["one:9877", "two:9877"] {
            push(&mut text, line, instance);
            if line.contains(r#"kpi="organic_traffic""#) {
                for line in by_region(line) {
                    push(&mut text, &line, instance);
                }
            }
        }
    }
    text.push_str("# TYPE ALERTS gauge\n");
    for sample in (0..ALERT_SAMPLES).rev() {
        let at = END - sample * 300;
        writeln!(text, "ALERTS{{{ALERT}}} 1 {at}").unwrap();
    }
    text.push_str("# EOF\n");
    text
}

fn push(text: &mut String, line: &str, instance: &str) {
    // The back-fill itself writes the job.
    let labels = format!(r#"{{instance="{instance}""#);
    let line = match line.split_once('{') {
        Some((name, rest)) => format!("{name}{labels},{rest}\n"),
        None => line.replacen(' ', &format!("{labels}}} "), 1) + "\n",
    };
    text.push_str(&line);
}

fn by_region(line: &str) -> Vec<String> {
    if line.starts_with("kpi_info") {
        let line = line.replace("organic_traffic", "by_region");
        return vec![line.replace("Organic traffic", "Traffic by region")];
    }
    let region = |region| format!(r#"kpi="by_region",region="{region}""#);
    ["EU", "US"].map(|name| line.replace(r#"kpi="organic_traffic""#, &region(name))).into()
}
