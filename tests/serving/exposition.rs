//! Bodies of `/metrics`.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use kpi_exporter::assess::{Assessment, Status};
use kpi_exporter::config::{Environment, load_text};
use kpi_exporter::exposition::{ExpositionFormat, Published, ScrapeBody};
use kpi_exporter::families;
use kpi_exporter::kpi::KpiKind;
use kpi_exporter::metric::Labels;
use kpi_exporter::snapshot::Snapshot;
use proptest::prelude::*;

use crate::snapshot::{april, empty, kpi, only, self_metrics, state, with_statuses};

fn scrape(snapshot: Snapshot, format: ExpositionFormat) -> ScrapeBody {
    let published = Published::new(Arc::new(snapshot));
    ScrapeBody::new(Some(&published), &self_metrics(), format, None).unwrap()
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
    insta::assert_snapshot!(text(&scrape(april(), ExpositionFormat::Text).shared));
}

#[test]
fn the_worked_example_in_openmetrics() {
    insta::assert_snapshot!(text(&scrape(april(), ExpositionFormat::OpenMetrics).shared));
}

#[test]
fn the_self_metrics_follow_in_both_formats() {
    let headings = |format| {
        let own = text(&scrape(april(), format).own);
        own.lines().filter(|line| line.starts_with("# TYPE")).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(headings(ExpositionFormat::Text));
    insta::assert_snapshot!(headings(ExpositionFormat::OpenMetrics));
}

#[test]
fn only_openmetrics_has_an_end_mark() {
    assert!(!whole(&scrape(april(), ExpositionFormat::Text)).contains("# EOF"));
    let body = whole(&scrape(april(), ExpositionFormat::OpenMetrics));
    assert!(body.ends_with("\n# EOF\n"));
    assert_eq!(body.matches("# EOF").count(), 1);
}

/// The names of labels in a body.
fn label_names(body: &str) -> BTreeSet<String> {
    let samples = body.lines().filter(|line| !line.starts_with('#'));
    let labels = samples.filter_map(|line| line.split_once('{')?.1.rsplit_once('}'));
    // Values of the example hold no commas with `="` after them.
    labels
        .flat_map(|(labels, _)| labels.split("\",").map(str::to_owned).collect::<Vec<_>>())
        .filter_map(|pair| Some(pair.split_once("=\"")?.0.to_owned()))
        .collect()
}

#[test]
fn every_label_of_a_family_is_refused_as_a_label_of_users() {
    for format in [ExpositionFormat::Text, ExpositionFormat::OpenMetrics] {
        let names = label_names(&whole(&scrape(april(), format)));
        assert!(names.len() > 12, "{names:?}");
        for name in names {
            let of_users = ["region", "exported_team"].contains(&name.as_str());
            assert!(of_users || families::is_label(&name), "{name}");
        }
    }
}

#[test]
fn promtool_has_nothing_to_say() {
    assert_eq!(promtool(&whole(&scrape(april(), ExpositionFormat::Text))), "");
}

fn promtool(body: &str) -> String {
    let mut promtool = Command::new("promtool");
    told(promtool.args(["check", "metrics"]), body)
}

/// What the reference parser of Prometheus in Python says.
fn prometheus_client(module: &str, body: &str) -> String {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let program = format!(
        "import sys, io\nfrom {module} import text_string_to_metric_families as families\n\
         text = io.TextIOWrapper(sys.stdin.buffer, encoding='utf-8', newline='').read()\n\
         assert sum(len(family.samples) for family in families(text)) > 0"
    );
    let mut python = Command::new(target.join("chdb/bin/python"));
    told(python.args(["-c", &program]), body)
}

/// What a program has to say about a text.
fn told(command: &mut Command, body: &str) -> String {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut program = command.spawn().expect("tests/run.sh installs it");
    program.stdin.take().unwrap().write_all(body.as_bytes()).unwrap();
    let output = program.wait_with_output().unwrap();
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(output.status.success() || !said.is_empty(), "{}", output.status);
    said
}

/// A configuration whose KPI has a label.
fn config(label: &str) -> String {
    format!(
        "version: 1\nsources: {{ f: {{ files: {{ tables: {{ t: t.csv }} }} }} }}\n\
         metrics: {{ m: {{ source: f, query: 'SELECT 1 AS value', labels: ['{label}'] }} }}\n\
         kpis: {{ k: {{ kind: lagging, formula: m, accumulation: level, unit: count, \
         direction: increase, period: month, target: 5 }} }}\n"
    )
}

/// Names of families and of their labels, and others.
fn names_of_labels() -> impl Strategy<Value = String> {
    let ours = families::ALL.iter().map(|family| family.name.to_owned());
    let others =
        ["kpi", "team", "le", "quantile", "job", "region", "Plan", "_x", "__name__", "a:b"];
    let known = ours.chain(others.map(str::to_owned)).collect::<Vec<_>>();
    prop_oneof![prop::sample::select(known), "[a-zA-Z_][a-zA-Z0-9_]{0,8}", "[a-z é\"{}=,.-]{1,6}"]
}

#[test]
fn a_number_that_does_not_exist_is_absent_and_a_status_is_not() {
    let body = text(&scrape(with_statuses(&[Status::NoData]), ExpositionFormat::Text).shared);
    assert!(!body.contains("kpi_value"), "{body}");
    assert!(!body.contains("kpi_data_timestamp_seconds"));
    assert!(body.contains("kpi_status{kpi=\"a\",kpi_status=\"no_data\"} 1\n"));
    assert_eq!(body.matches("kpi_status{").count(), Status::ALL.len());
}

#[test]
fn the_info_has_no_labels_that_change_from_period_to_period() {
    let body = text(&scrape(april(), ExpositionFormat::Text).shared);
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
        let state = state(kpi("sales", &title, KpiKind::Lagging), verdicts.into_iter().collect());
        let body = text(&scrape(only(vec![state]), ExpositionFormat::Text).shared);

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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_check_accepts_has_an_exposition_that_parses(
        label in names_of_labels(),
        values in prop::collection::btree_set("(?s)[^\0]{0,6}", 1..4),
        title in "(?s)[^\0]{0,10}",
        assessment in assessments(),
    ) {
        let accepted = load_text("kpi.yaml", &config(&label), Path::new("."), &Environment::default()).is_ok();
        prop_assume!(accepted);
        let sets = values.into_iter().map(|value| Labels::from_iter([(label.clone(), value)]));
        let verdicts = sets.map(|labels| (labels, assessment.clone())).collect();
        let state = || state(kpi("sales", &title, KpiKind::Lagging), Vec::clone(&verdicts));
        let body = |format| whole(&scrape(only(vec![state()]), format));
        let classic = body(ExpositionFormat::Text);
        let is_there = ['{', ','].iter().any(|before| classic.contains(&format!("{before}{label}=\"")));
        prop_assert!(is_there, "{} is renamed", label);
        let said = promtool(&classic);
        // A matter of style that is the user's.
        let style = |line: &str| line.ends_with("'snake_case' not 'camelCase'");
        prop_assert!(said.lines().all(style), "{}", said);
        prop_assert_eq!(prometheus_client("prometheus_client.parser", &classic), "");
        let open = body(ExpositionFormat::OpenMetrics);
        prop_assert_eq!(prometheus_client("prometheus_client.openmetrics.parser", &open), "");
    }
}

#[test]
fn families_come_in_the_order_in_which_they_are_declared() {
    let body = text(&scrape(april(), ExpositionFormat::Text).shared);
    let shown: Vec<&str> =
        body.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    assert!(shown.len() > 20, "{shown:?}");
    let declared = families::ALL.iter().map(|family| family.name);
    let declared: Vec<&str> = declared.filter(|name| shown.contains(name)).collect();
    assert_eq!(shown, declared);
}
