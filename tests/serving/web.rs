//! Pages for people.

use std::sync::Arc;

use kpi_exporter::assess::{Assessment, Status};
use kpi_exporter::engine::{ChartDay, RecentDays, RunLog, SourceLog};
use kpi_exporter::filter::Filter;
use kpi_exporter::kpi::{Kpi, KpiKind, SeriesKey};
use kpi_exporter::metric::Labels;
use kpi_exporter::signals::Lead;
use kpi_exporter::snapshot::{Breakdown, GoalChange, LeadState, Member, Snapshot};
use kpi_exporter::web::{RUNBOOKS, Site, View};

use crate::snapshot::{april, empty, kpi, only, state, with_statuses};

fn nothing() -> (RunLog, RecentDays) {
    Default::default()
}

fn scorecard(snapshot: &Snapshot) -> String {
    let (runs, days) = nothing();
    Site { snapshot: Some(snapshot), runs: &runs, days: &days, refused: None, filling: None }
        .scorecard(&View::default())
}

fn kpi_page(snapshot: &Snapshot, id: &str) -> String {
    let (runs, days) = nothing();
    Site { snapshot: Some(snapshot), runs: &runs, days: &days, refused: None, filling: None }
        .kpi(id)
        .unwrap()
}

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
    assert_eq!(html.matches("<th scope=\"row\"><a href=\"./kpi/").count(), 3);
    // They are folded below it, the worst first.
    assert!(html.contains("2 label sets: 1 ! at risk, 1 ✓ on track"), "{html}");
    let sets = html.split("2 label sets").nth(1).unwrap();
    assert!(sets.find("EMEA").unwrap() < sets.find("AMER").unwrap());
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
    let position = |id: &str| html.find(&format!("href=\"./kpi/{id}\"")).unwrap();
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
    for state in &mut snapshot.kpis {
        let state = Arc::get_mut(state).unwrap();
        state.goal_changed =
            Some(GoalChange { at: snapshot.as_of, before: evil.into(), now: evil.into() });
    }
    let (runs, days) = nothing();
    let site = Site {
        snapshot: Some(&snapshot),
        runs: &runs,
        days: &days,
        refused: Some(evil),
        filling: None,
    };
    for html in [
        site.scorecard(&View::default()),
        site.kpi("evil").unwrap(),
        site.no_such_kpi(evil),
        site.runbooks(Some(evil)),
        site.not_understood("/", evil),
        site.sources(&std::collections::BTreeMap::new()),
    ] {
        assert!(!html.contains("<script"), "{html}");
        assert!(html.contains("&lt;script&gt;"));
    }
}

#[test]
fn pages_load_nothing_and_do_not_come_back_by_themselves() {
    let snapshot = april();
    let (runs, days) = nothing();
    let site =
        Site { snapshot: Some(&snapshot), runs: &runs, days: &days, refused: None, filling: None };
    let waiting = Site { snapshot: None, ..site }.waiting();
    for html in [site.scorecard(&View::default()), waiting, kpi_page(&snapshot, "organic_traffic")]
    {
        let words =
            ["<script", "<link", "<img", "src=", "url(", "http://", "https://", "http-equiv"];
        for word in words {
            assert!(!html.contains(word), "{word}");
        }
    }
}

/// What a link in a notification leads to.
#[test]
fn every_runbook_of_the_folder_is_built_in_and_rendered() {
    let files = glob::glob("docs/runbooks/*.md").unwrap().map(Result::unwrap);
    let mut names: Vec<String> =
        files.map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    let known: Vec<&str> = RUNBOOKS.iter().map(|(name, _)| *name).collect();
    assert_eq!(known, names);
    let (runs, days) = nothing();
    let site = Site { snapshot: None, runs: &runs, days: &days, refused: None, filling: None };
    for name in names {
        let html = site.runbook(&name).unwrap();
        assert!(html.contains(&format!("<h1>{name}</h1>")), "{name}");
        assert!(html.contains("<h2>What to do</h2>"), "{name}");
        assert!(!html.contains(".md\""), "{name}: a link to a file");
    }
    let lost = site.runbooks(Some("KPINothing"));
    assert!(site.runbook("KPINothing").is_none());
    assert!(lost.contains("KPINothing") && lost.contains("href=\"../runbooks/KPIWatchdog\""));
}

#[test]
fn the_page_of_a_kpi_says_what_is_known_of_it() {
    let mut snapshot = april();
    let early = Arc::get_mut(&mut snapshot.kpis[1]).unwrap();
    let kpi = Arc::get_mut(&mut early.kpi).unwrap();
    kpi.predicts = vec!["net_new_arr".into()];
    kpi.levers = vec!["onboarding checklist".into()];
    kpi.description = Some("Trials that pay.".into());
    early.leads =
        vec![LeadState { predicts: "net_new_arr".into(), lead: Lead::Leads { lag: 5, rho: 0.6 } }];
    early.breakdowns = [Breakdown {
        labels: Labels::default(),
        by: "plan".into(),
        members: vec![Member {
            name: "pro".into(),
            value: Some(0.2),
            sums: None,
            share: Some(0.3),
            change: Some(-0.01),
            share_change: None,
        }],
        others: 0,
        adds_up: true,
    }]
    .into();
    let html = kpi_page(&snapshot, "trial_to_paid");
    for said in [
        "Trials that pay.",
        "10 % where the path asks for 12.8 %",
        "<dt>Now</dt><dd>10.0 %</dd>",
        "<dt>Target, 30 Jun</dt><dd>16.0 %</dd>",
        "<dt>Due today</dt><dd>12.8 %</dd>",
        "<dt>Pace</dt><dd>0.30 ×",
        "<dt>Still needed</dt><dd>+6.0 pt</dd>",
        "growth@example.com",
        "onboarding checklist",
        "href=\"../kpi/net_new_arr\"",
        "its changes come 5 weeks ahead",
        "−1.0 pt",
        "<code>sessions</code>",
        "href=\"../?objective=self_serve\"",
    ] {
        assert!(html.contains(said), "{said} is not in {html}");
    }
    let led = kpi_page(&snapshot, "net_new_arr");
    assert!(led.contains("What leads it") && led.contains("href=\"../kpi/trial_to_paid\""));
    assert!(led.contains("2 label sets, the worst first"));
}

#[test]
fn the_header_of_every_page_tells_of_a_refused_configuration_and_of_sources_that_are_down() {
    let down = SourceLog { overdue: true, ..SourceLog::default() };
    let runs = RunLog { sources: [("crm".into(), down)].into(), ..RunLog::default() };
    let (snapshot, days) = (april(), RecentDays::default());
    let site = Site {
        snapshot: Some(&snapshot),
        runs: &runs,
        days: &days,
        refused: Some("line 3: no such key"),
        filling: None,
    };
    for html in [
        site.scorecard(&View::default()),
        site.sources(&std::collections::BTreeMap::new()),
        site.kpi("net_new_arr").unwrap(),
        site.runbook("KPINoData").unwrap(),
        Site { snapshot: None, ..site }.waiting(),
    ] {
        assert!(html.contains("line 3: no such key") && html.contains("A source is down: "));
    }
    let fine = scorecard(&snapshot);
    assert!(!fine.contains("was refused") && !fine.contains("down: "));
}

#[test]
fn a_filter_keeps_what_was_asked_for_and_names_what_there_is() {
    let snapshot = april();
    let kept = |query: &[(&str, &str)]| -> Vec<String> {
        let filter = Filter::parse(query.iter().copied(), &snapshot).unwrap();
        let (runs, days) = nothing();
        let site = Site {
            snapshot: Some(&snapshot),
            runs: &runs,
            days: &days,
            refused: None,
            filling: None,
        };
        let html = site.scorecard(&View { filter, ..View::default() });
        let ids = snapshot.kpis.iter().map(|state| state.kpi.id.to_string());
        ids.filter(|id| html.contains(&format!("href=\"./kpi/{id}\""))).collect()
    };
    assert_eq!(kept(&[]).len(), 3);
    assert_eq!(kept(&[("team", "growth"), ("kind", "leading")]), ["organic_traffic"]);
    assert_eq!(kept(&[("kind", "leading"), ("kind", "lagging")]).len(), 2);
    assert_eq!(kept(&[("status", "at_risk"), ("team", "")]), ["net_new_arr"]);
    assert_eq!(kept(&[("status", "missed")]).len(), 0);
    for (query, said) in [
        (
            ("stat", "off_track"),
            "unknown parameter `stat`: there are team, objective, function, kind, status",
        ),
        (("team", "sales"), "team: \"sales\" is not known: there are growth"),
        (
            ("status", "red"),
            "there are achieved, at_risk, missed, no_data, off_track, on_track, too_early",
        ),
        (("kind", "Leading"), "there are efficiency, lagging, leading"),
    ] {
        let error = Filter::parse([query], &snapshot).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn a_chart_shows_history_path_target_and_projection_and_has_a_table() {
    let snapshot = april();
    let first = chrono::NaiveDate::from_ymd_opt(2026, 3, 1).unwrap();
    let day = |day: chrono::NaiveDate| ChartDay {
        day,
        value: 0.11,
        expected: Some(0.125),
        sums: None,
        status: None,
    };
    let key = SeriesKey::new(&"trial_to_paid".into(), &Labels::default());
    let days: RecentDays =
        [(key, first.iter_days().take(60).map(day).collect())].into_iter().collect();
    let runs = RunLog::default();
    let site =
        Site { snapshot: Some(&snapshot), runs: &runs, days: &days, refused: None, filling: None };
    let html = site.kpi("trial_to_paid").unwrap();
    for part in [
        "class=\"before\"",
        "class=\"value\"",
        "class=\"path\"",
        "class=\"projected\"",
        "class=\"ring\"",
        ">today<",
        ">Target 16 %<",
        ">Projected 10 %<",
        "America/New_York",
        "29 Apr 2026",
    ] {
        assert!(html.contains(part), "{part} is not in {html}");
    }
    assert!(!html.contains("NaN") && !html.contains("inf"), "{html}");
    let before = |html: &str| html.split("class=\"before\" points=\"").nth(1).unwrap().to_owned();
    assert_eq!(before(&html).split('"').next().unwrap().split(' ').count(), 31);
    // Without history there are still target and projection.
    assert!(kpi_page(&snapshot, "trial_to_paid").contains("class=\"ring\""));
}

#[test]
fn an_early_warning_names_what_will_follow() {
    let early = || Kpi {
        predicts: vec!["late".into()],
        levers: vec!["ads".into()],
        ..kpi("early", "Sign-ups", KpiKind::Leading)
    };
    let verdict = |status| vec![(Labels::default(), empty(status, ""))];
    let late = |status| state(kpi("late", "Revenue", KpiKind::Lagging), verdict(status));
    let early = |status| state(early(), verdict(status));
    let warned = |a, b| scorecard(&only(vec![early(a), late(b)])).contains("Early warning.");
    assert!(warned(Status::OffTrack, Status::OnTrack));
    assert!(!warned(Status::OffTrack, Status::AtRisk));
    assert!(!warned(Status::OnTrack, Status::OnTrack));
    let html = scorecard(&only(vec![early(Status::AtRisk), late(Status::OnTrack)]));
    assert!(
        html.contains(
            "Sign-ups is at risk and leads Revenue, which still looks fine. Levers: ads."
        )
    );
}

#[test]
fn the_page_says_what_the_snapshot_says() {
    let html = scorecard(&april());
    let page = html.split("<body>").nth(1).unwrap().replace("><", ">\n<");
    insta::assert_snapshot!(page.replace(env!("CARGO_PKG_VERSION"), "VERSION"));
}

#[test]
fn a_thousand_kpis_with_sparklines_are_less_than_a_megabyte() {
    let runs = RunLog::default();
    for title in [crate::thousand::short, crate::thousand::long] {
        let (snapshot, days) = crate::thousand::thousand(title);
        let site = Site {
            snapshot: Some(&snapshot),
            runs: &runs,
            days: &days,
            refused: None,
            filling: None,
        };
        let html = site.scorecard(&View::default());
        assert_eq!(html.matches("class=\"spark\"").count(), 1_000);
        assert!(html.len() < 1_000_000, "{} bytes", html.len());
    }
}

#[test]
fn rows_are_sorted_as_asked_and_heads_turn_the_order_round() {
    let (runs, days) = nothing();
    let paced = |id: &str, pace| {
        let assessment = Assessment { pace_ratio: pace, ..empty(Status::OnTrack, "") };
        state(kpi(id, id, KpiKind::Leading), vec![(Labels::default(), assessment)])
    };
    let snapshot = only(vec![paced("b", Some(1.0)), paced("c", None), paced("a", Some(2.0))]);
    let site =
        Site { snapshot: Some(&snapshot), runs: &runs, days: &days, refused: None, filling: None };
    for (sort, expected) in [
        ("kpi", ["a", "b", "c"]),
        ("-kpi", ["c", "b", "a"]),
        ("pace", ["b", "a", "c"]),
        ("-pace", ["a", "b", "c"]),
    ] {
        let sort = Some(kpi_exporter::web::Sort::parse(sort).unwrap());
        let html = site.scorecard(&View { sort, ..View::default() });
        let places = expected.map(|id| html.find(&format!("href=\"./kpi/{id}\"")).unwrap());
        assert!(places.is_sorted(), "{sort:?}: {places:?}");
    }
    let html = site
        .scorecard(&View { sort: kpi_exporter::web::Sort::parse("pace").ok(), ..View::default() });
    assert!(html.contains("href=\"./?sort=-pace\"") && html.contains("aria-sort=\"ascending\""));
}
