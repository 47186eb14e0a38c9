//! The scorecard page.

use kpi_exporter::assess::{Assessment, Status};
use kpi_exporter::kpi::{Kpi, KpiKind};
use kpi_exporter::metric::Labels;
use kpi_exporter::web::{scorecard, waiting};

use crate::snapshot::{april, empty, kpi, only, state, with_statuses};

fn headline(html: &str) -> &str {
    html.split("<h1>").nth(1).unwrap().split("</h1>").next().unwrap()
}

#[test]
fn the_headline_answers_in_one_sentence() {
    use Status::{Achieved, AtRisk, Missed, NoData, OffTrack, OnTrack, TooEarly};
    for (statuses, expected) in [
        (&[][..], "No KPI is configured."),
        (&[OnTrack, OffTrack], "1 of 2 KPIs is off track: Title b."),
        (&[OffTrack], "1 of 1 KPI is off track: Title a."),
        (&[OffTrack, OffTrack, Missed], "2 of 3 KPIs are off track: Title a, Title b."),
        (&[OffTrack; 4], "4 of 4 KPIs are off track: Title a, Title b, Title c, Title d."),
        (&[OffTrack; 5], "5 of 5 KPIs are off track: Title a, Title b, Title c and 2 more."),
        (&[Missed, Achieved, Missed], "2 of 3 KPIs missed their targets: Title a, Title c."),
        (&[AtRisk, NoData], "1 of 2 KPIs is at risk: Title a."),
        (&[NoData, OnTrack], "1 of 2 KPIs has no data: Title a."),
        (&[OnTrack, OnTrack], "2 of 2 KPIs are on track."),
        (&[Achieved, Achieved], "2 of 2 KPIs met the target."),
        (&[TooEarly], "It is too early for a verdict on 1 KPI."),
        (
            &[OnTrack, Achieved, TooEarly],
            "No KPI needs attention: 1 on track, 1 achieved, 1 too early to tell.",
        ),
    ] {
        assert_eq!(headline(&scorecard(&with_statuses(statuses))), expected);
    }
}

#[test]
fn a_kpi_with_several_label_sets_counts_once_with_its_worst() {
    let html = scorecard(&april());
    assert_eq!(headline(&html), "1 of 3 KPIs is off track: Trial-to-paid conversion.");
    assert_eq!(html.matches("<tbody").count(), 4);
}

#[test]
fn early_kpis_that_are_off_track_come_first_the_worst_before_the_others() {
    let paced = |id: &str, kind, status, pace| {
        let assessment = Assessment { pace_ratio: pace, ..empty(status, "") };
        state(kpi(id, id, kind), vec![(Labels::default(), assessment)])
    };
    let html = scorecard(&only(vec![
        paced("fine", KpiKind::Leading, Status::OnTrack, Some(1.2)),
        paced("outcome", KpiKind::Lagging, Status::OffTrack, Some(0.1)),
        paced("unknown", KpiKind::Leading, Status::OffTrack, None),
        paced("slow", KpiKind::Leading, Status::OffTrack, Some(0.5)),
        paced("slower", KpiKind::Efficiency, Status::OffTrack, Some(0.4)),
    ]));
    let position = |id: &str| html.find(&format!("<th scope=\"row\">{id}")).unwrap();
    let order = ["slower", "slow", "unknown", "outcome", "fine"].map(position);
    assert!(order.is_sorted(), "{order:?}");
}

#[test]
fn everything_that_comes_from_outside_is_escaped() {
    let evil = "<script>alert('x')</script>\"&";
    let labels = Labels::from_iter([(evil, evil)]);
    let definition = Kpi { owner: Some(evil.into()), ..kpi("evil", evil, KpiKind::Leading) };
    let mut assessment = empty(Status::OffTrack, evil);
    assessment.period.id = evil.into();
    let mut snapshot = only(vec![state(definition, vec![(labels, assessment)])]);
    snapshot.sources = april().sources;
    for source in snapshot.sources.values_mut() {
        source.problems.insert(evil.into(), evil.into());
    }
    snapshot.objectives = april().objectives;
    for objective in snapshot.objectives.values_mut() {
        objective.objective.title = evil.into();
    }
    let html = scorecard(&snapshot);
    assert!(!html.contains("<script"), "{html}");
    assert!(html.contains("&lt;script&gt;"));
}

#[test]
fn pages_load_nothing_and_come_back_by_themselves() {
    for html in [scorecard(&april()), waiting()] {
        assert!(html.contains("http-equiv=\"refresh\""));
        for word in ["<script", "<link", "<img", "src=", "url(", "http://", "https://"] {
            assert!(!html.contains(word), "{word}");
        }
    }
}

#[test]
fn the_page_says_what_the_snapshot_says() {
    let html = scorecard(&april());
    let page = html.split("<body>").nth(1).unwrap().replace("><", ">\n<");
    insta::assert_snapshot!(page.replace(env!("CARGO_PKG_VERSION"), "VERSION"));
}
