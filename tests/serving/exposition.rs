//! Bodies of `/metrics`.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Arc;

use kpi_exporter::assess::{Assessment, Status};
use kpi_exporter::exposition::{Format, Published, ScrapeBody};
use kpi_exporter::kpi::Kind;
use kpi_exporter::metric::Labels;
use kpi_exporter::snapshot::Snapshot;
use proptest::prelude::*;

use crate::snapshot::{april, empty, kpi, only, self_metrics, state, with_statuses};

fn scrape(snapshot: Snapshot, format: Format) -> ScrapeBody {
    let published = Published::new(Arc::new(snapshot));
    ScrapeBody::new(Some(&published), &self_metrics(), format, false).unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Both pieces of a body.
fn whole(body: &ScrapeBody) -> String {
    text(&body.shared) + &text(&body.own)
}

#[test]
fn the_worked_example_in_classic_text() {
    insta::assert_snapshot!(text(&scrape(april(), Format::Text).shared));
}

#[test]
fn the_worked_example_in_openmetrics() {
    insta::assert_snapshot!(text(&scrape(april(), Format::OpenMetrics).shared));
}

#[test]
fn the_self_metrics_follow_in_both_formats() {
    let headings = |format| {
        let own = text(&scrape(april(), format).own);
        own.lines().filter(|line| line.starts_with("# TYPE")).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(headings(Format::Text));
    insta::assert_snapshot!(headings(Format::OpenMetrics));
}

#[test]
fn only_openmetrics_has_an_end_mark() {
    assert!(!whole(&scrape(april(), Format::Text)).contains("# EOF"));
    let body = whole(&scrape(april(), Format::OpenMetrics));
    assert!(body.ends_with("\n# EOF\n"));
    assert_eq!(body.matches("# EOF").count(), 1);
}

#[test]
fn promtool_has_nothing_to_say() {
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool has to be installed");
    let body = whole(&scrape(april(), Format::Text));
    promtool.stdin.take().unwrap().write_all(body.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
}

#[test]
fn a_number_that_does_not_exist_is_absent_and_a_status_is_not() {
    let body = text(&scrape(with_statuses(&[Status::NoData]), Format::Text).shared);
    assert!(!body.contains("kpi_value"), "{body}");
    assert!(!body.contains("kpi_data_timestamp_seconds"));
    assert!(body.contains("kpi_status{kpi=\"a\",kpi_status=\"no_data\"} 1\n"));
    assert_eq!(body.matches("kpi_status{").count(), Status::ALL.len());
}

#[test]
fn the_info_has_no_labels_that_change_from_period_to_period() {
    let body = text(&scrape(april(), Format::Text).shared);
    assert!(body.contains("period=\"quarter\""));
    assert!(!body.contains("2026-Q2"));
}

/// Any number or none; the awkward ones more often than chance would have it.
fn numbers() -> impl Strategy<Value = Option<f64>> {
    let awkward = prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0]);
    prop_oneof![Just(None), any::<f64>().prop_map(Some), awkward.prop_map(Some)]
}

fn assessments() -> impl Strategy<Value = Assessment> {
    (prop::array::uniform14(numbers()), prop::sample::select(Status::ALL.to_vec())).prop_map(
        |(n, status)| Assessment {
            elapsed_ratio: n[13].unwrap_or(0.5),
            value: n[0],
            baseline_value: n[1],
            target_value: n[2],
            target_lower_value: n[3],
            target_upper_value: n[4],
            target_ratio: n[5],
            progress_ratio: n[6],
            expected_value: n[7],
            expected_progress_ratio: n[8],
            pace_ratio: n[9],
            projected_value: n[10],
            projected_target_ratio: n[11],
            required_value_per_day: n[12],
            ..empty(status, "")
        },
    )
}

proptest! {
    #[test]
    fn every_sample_is_finite_unique_and_under_its_own_heading(
        verdicts in prop::collection::btree_map("(?s).{0,6}", assessments(), 1..5),
        label in "(?s).{0,6}",
        title in "(?s).{0,10}",
    ) {
        let verdicts = verdicts.into_iter().map(|(value, assessment)| {
            (Labels::from_iter([(label.clone(), value.replace('\0', "0"))]), assessment)
        });
        // Two values that differ in NUL only would become one.
        let verdicts: std::collections::BTreeMap<_, _> = verdicts.collect();
        let state = state(kpi("sales", &title, Kind::Lagging), verdicts.into_iter().collect());
        let body = text(&scrape(only(vec![state]), Format::Text).shared);

        let (mut families, mut series, mut family) = (BTreeSet::new(), BTreeSet::new(), "");
        for line in body.split_terminator('\n') {
            if let Some(heading) = line.strip_prefix("# TYPE ") {
                family = heading.split(' ').next().unwrap();
                prop_assert!(families.insert(family), "{} twice", family);
            } else if !line.starts_with('#') {
                let (labels, value) = line.rsplit_once(' ').unwrap();
                prop_assert_eq!(line.split('{').next().unwrap(), family);
                prop_assert!(value.parse::<f64>().unwrap().is_finite(), "{}", line);
                prop_assert!(series.insert(labels), "{} twice", labels);
            }
        }
    }
}
