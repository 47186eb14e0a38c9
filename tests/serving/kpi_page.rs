//! The page of a KPI: what is marked on its chart, how its periods ended, numbers that are like no others.

use std::sync::Arc;

use kpi_exporter::assess::Status;
use kpi_exporter::engine::{ChartDay, RecentDays, RunLog};
use kpi_exporter::kpi::SeriesKey;
use kpi_exporter::metric::Labels;
use kpi_exporter::note::Note;
use kpi_exporter::snapshot::{ClosedPeriod, Restated, Snapshot};
use kpi_exporter::web::Site;

use crate::snapshot::{april, at};

/// With sixty days of history.
fn page(snapshot: &Snapshot) -> String {
    let first = chrono::NaiveDate::from_ymd_opt(2026, 3, 1).unwrap();
    let day = |day| ChartDay { day, value: 0.11, expected: Some(0.125), sums: None, status: None };
    let key = SeriesKey::new(&"trial_to_paid".into(), &Labels::default());
    let days: RecentDays =
        [(key, first.iter_days().take(60).map(day).collect())].into_iter().collect();
    let runs = RunLog::default();
    let site =
        Site { snapshot: Some(snapshot), runs: &runs, days: &days, refused: None, filling: None };
    site.kpi("trial_to_paid").unwrap()
}

fn trial(snapshot: &mut Snapshot) -> &mut kpi_exporter::snapshot::KpiState {
    let state = snapshot.kpis.iter_mut().find(|state| state.kpi.id == "trial_to_paid");
    Arc::get_mut(state.unwrap()).unwrap()
}

fn note(day: &str, author: Option<&str>, text: &str) -> Note {
    Note::new("trial_to_paid".into(), at(&format!("{day}T15:00:00Z")), author, text).unwrap()
}

#[test]
fn notes_are_numbered_on_the_chart_and_below_it() {
    let mut snapshot = april();
    trial(&mut snapshot).notes = vec![
        note("2026-04-29", Some("<i>Ada</i>"), "the </title><script>alert(1)</script> newest"),
        note("2026-04-28", None, "one day before"),
        note("2026-03-05", Some("Bo"), "in the period before"),
        note("2019-01-01", Some("Cy"), "long ago"),
    ];
    let html = page(&snapshot);
    let charts: Vec<&str> = html.split("<svg class=\"chart ").skip(1).collect();
    assert_eq!(charts.len(), 2, "one for a desk and one for a phone");
    for chart in &charts {
        assert_eq!(chart.matches("<g class=\"said\">").count(), 3, "of those days: {html}");
    }
    assert_eq!(html.matches("class=\"noted\"").count(), 3, "{html}");
    assert!(html.contains("29 Apr, <bdi>&lt;i&gt;Ada&lt;/i&gt;</bdi>: “<bdi>the &lt;/title&gt;"));
    assert!(html.contains("1 Jan 2019") && html.contains("long ago"), "all are listed: {html}");
    assert!(!html.contains("<script") && !html.contains("<i>"), "{html}");
    // Neighbours stand on each other.
    let heights = |chart: &str| -> Vec<f64> {
        let marks = chart.split("<g class=\"said\">").skip(1);
        let height =
            |mark: &str| mark.split("cy=\"").nth(1).unwrap().split('"').next().unwrap().parse();
        marks.map(|mark| height(mark).unwrap()).collect()
    };
    assert_eq!(heights(charts[0]), [326.0, 309.0, 326.0]);
    assert_eq!(heights(charts[1]), [258.0, 239.0, 258.0]);
    // Many notes of one day pile up no further than the chart.
    trial(&mut snapshot).notes = vec![note("2026-04-29", None, "x"); 400];
    let html = page(&snapshot);
    assert_eq!(html.matches("<g class=\"said\">").count(), 2 * 20, "in both charts");
    assert!(html.contains("and 200 older ones"), "{html}");
}

#[test]
fn closed_periods_are_listed_and_what_was_restated_is_marked() {
    let mut snapshot = april();
    let closed = |period: &str, end: &str, value, restated| ClosedPeriod {
        labels: Labels::default(),
        period: period.into(),
        end: at(end),
        value,
        target: Some(0.15),
        target_ratio: value.map(|value: f64| value / 0.15),
        status: Status::Missed,
        restated,
    };
    let restated = Restated { at: at("2026-04-20T12:00:00Z"), value: Some(0.125) };
    trial(&mut snapshot).closed = [
        closed("2026-Q1", "2026-04-01T04:00:00Z", Some(0.12), Some(restated)),
        closed("2025-Q4", "2026-01-01T05:00:00Z", Some(0.1), None),
        closed("2025-Q3", "2025-10-01T04:00:00Z", None, None),
    ]
    .into();
    let html = page(&snapshot);
    for part in [
        "<h2>Closed periods</h2>",
        "2026-Q1<span class=\"note\">to 31 Mar 2026</span>",
        ">12 %<",
        ">10 %<",
        ">80 %<",
        "the source says 12.5 % since 20 Apr 2026 08:00 EDT",
        "<title>2026-Q1: restated as 12.5 %</title>",
        "✕",
    ] {
        assert!(html.contains(part), "{part} is not in {html}");
    }
    assert!(!html.contains("2025-Q3"), "nothing was measured: {html}");
    assert!(!html.contains("The period that closed last"), "{html}");
}

#[test]
fn numbers_below_each_other_have_the_same_decimals_and_strange_ones_are_told() {
    let html = page(&april());
    for fact in ["<dd>12.8 %</dd>", "<dd>16.0 %</dd>", "<dd>12.0 %</dd>", "<dt>Target, 30 Jun</dt>"]
    {
        assert!(html.contains(fact), "{fact} is not in {html}");
    }
    let facts = html.split("<dl class=\"facts\">").nth(1).unwrap().split("</dl>").next().unwrap();
    assert_eq!(facts.matches("<dt>").count(), 12, "{facts}");
    for (value, shown) in [(4.0, "400 %"), (-0.3, "−30.0 %"), (0.0, "0.0 %"), (1e300, "e302 %")] {
        let mut snapshot = april();
        let verdicts = &mut trial(&mut snapshot).verdicts;
        Arc::get_mut(verdicts).unwrap()[0].assessment.value = Some(value);
        let html = page(&snapshot);
        assert!(html.contains(shown), "{shown} is not in {html}");
        assert!(!html.contains("NaN") && !html.contains("inf%"), "{html}");
    }
}
