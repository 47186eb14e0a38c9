//! Hand-made snapshots: the worked example of the second quarter of 2026, and pieces to vary it.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use kpi_exporter::assess::{Assessment, Status};
use kpi_exporter::calendar::{Period, PeriodKind, Window, WindowSpec};
use kpi_exporter::exposition::SelfMetrics;
use kpi_exporter::id::SourceId;
use kpi_exporter::kpi::{
    Accumulation, Baseline, Formula, Function, Kpi, KpiKind, Objective, Target, Unit,
};
use kpi_exporter::metric::Labels;
use kpi_exporter::signals::Signal;
use kpi_exporter::snapshot::{
    KpiState, MetricState, ObjectiveState, Snapshot, SourceState, Verdict,
};

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// 1 April to 30 June 2026 in New York.
pub(crate) fn second_quarter() -> Period {
    Period {
        id: "2026-Q2".into(),
        kind: PeriodKind::Quarter,
        first_day: NaiveDate::from_ymd_opt(2026, 4, 1).unwrap(),
        end_day: NaiveDate::from_ymd_opt(2026, 7, 1).unwrap(),
        span: Window { start: at("2026-04-01T04:00:00Z"), end: at("2026-07-01T04:00:00Z") },
    }
}

pub(crate) fn kpi(id: &str, title: &str, kind: KpiKind) -> Kpi {
    Kpi {
        title: title.into(),
        kind,
        function: Function::Marketing,
        objective: Some("self_serve".into()),
        team: Some("growth".into()),
        owner: Some("growth@example.com".into()),
        accumulation: Accumulation::Level,
        period: PeriodKind::Quarter,
        window: WindowSpec::TrailingDays(30),
        baseline: Baseline::PreviousPeriod,
        ..Kpi::new(id, Formula::parse("sessions").unwrap(), Target::Relative(0.3))
    }
}

/// An assessment without any number.
pub(crate) fn empty(status: Status, reason: &str) -> Assessment {
    Assessment {
        status,
        reason: reason.into(),
        ..Assessment::nothing(second_quarter(), 30.0 / 91.0)
    }
}

pub(crate) fn state(kpi: Kpi, verdicts: Vec<(Labels, Assessment)>) -> KpiState {
    let verdicts = verdicts.into_iter();
    KpiState {
        kpi: Arc::new(kpi),
        verdicts: verdicts
            .map(|(labels, assessment)| Verdict { labels, assessment, signal: Signal::None })
            .collect(),
        last_period: Arc::default(),
        breakdowns: Arc::default(),
        leads: Vec::new(),
        awaits_history: false,
        definition_changed: None,
        goal_changed: None,
        closed: Arc::default(),
        notes: Vec::new(),
        last_success: Some(at("2026-05-01T04:00:00Z")),
        measured_at: Some(at("2026-05-01T04:00:00Z")),
    }
}

/// A snapshot with these KPIs and nothing else.
pub(crate) fn only(kpis: Vec<KpiState>) -> Snapshot {
    Snapshot {
        as_of: at("2026-05-01T04:00:00Z"),
        timezone: chrono_tz::America::New_York,
        calendar: kpi_exporter::calendar::Calendar {
            timezone: chrono_tz::America::New_York,
            ..Default::default()
        },
        kpis: kpis.into_iter().map(Arc::new).collect(),
        objectives: BTreeMap::new(),
        metrics: Vec::new(),
        sources: BTreeMap::new(),
    }
}

/// One KPI per status given, called `a`, `b` and so on.
pub(crate) fn with_statuses(statuses: &[Status]) -> Snapshot {
    let states = statuses.iter().zip('a'..).map(|(status, id)| {
        let kpi = kpi(&id.to_string(), &format!("Title {id}"), KpiKind::Leading);
        state(kpi, vec![(Labels::default(), empty(*status, ""))])
    });
    only(states.collect())
}

/// One KPI with so many label sets, all of them with the same value.
pub(crate) fn wide(label_sets: usize, value: f64) -> Snapshot {
    let verdicts = (0..label_sets).map(|i| {
        let labels = Labels::from_iter([("region", format!("region-{i}"))]);
        (labels, Assessment { value: Some(value), ..empty(Status::OnTrack, "") })
    });
    only(vec![state(kpi("sales", "Sales", KpiKind::Lagging), verdicts.collect())])
}

/// The worked example at the close of 30 April, with a third KPI in two regions and one source down.
pub(crate) fn april() -> Snapshot {
    let no_labels = Labels::default;
    let traffic = kpi("organic_traffic", "Organic traffic", KpiKind::Leading);
    let conversion = Kpi {
        accumulation: Accumulation::Ratio,
        unit: Unit::Percent,
        ..kpi("trial_to_paid", "Trial-to-paid conversion", KpiKind::Efficiency)
    };
    let arr = Kpi {
        function: Function::Sales,
        accumulation: Accumulation::Flow,
        unit: Unit::Currency("USD".into()),
        team: None,
        owner: None,
        objective: None,
        ..kpi("net_new_arr", "Net new ARR", KpiKind::Lagging)
    };
    let mut snapshot = only(vec![
        state(traffic, vec![(no_labels(), traffic_in_april())]),
        state(conversion, vec![(no_labels(), conversion_in_april())]),
        state(
            arr,
            vec![
                (region("EMEA"), arr_in_april(60_000.0, Status::AtRisk)),
                (region("AMER \"north\""), arr_in_april(90_000.0, Status::OnTrack)),
            ],
        ),
    ]);
    let objective = Objective {
        title: "Grow self-serve revenue".into(),
        owner: Some("growth@example.com".into()),
    };
    snapshot.objectives.insert(
        "self_serve".into(),
        ObjectiveState { objective, progress_ratio: Some(0.416_666_666_666_666_7) },
    );
    let metric = |name: &str, kpi: Option<&str>, labels, value| MetricState {
        name: name.into(),
        kpi: kpi.map(Into::into),
        labels,
        value,
    };
    snapshot.metrics = vec![
        Arc::from([metric("sessions", None, no_labels(), 125_000.0)]),
        Arc::from([metric("deals.arr", Some("net_new_arr"), region("EMEA"), 60_000.0)]),
    ];
    snapshot.sources = sources();
    snapshot
}

/// Labels of a KPI, one of them with a name that is ours.
fn region(name: &str) -> Labels {
    Labels::from_iter([("region", name), ("team", "field")])
}

fn traffic_in_april() -> Assessment {
    Assessment {
        value: Some(125_000.0),
        baseline_value: Some(100_000.0),
        target_value: Some(130_000.0),
        target_ratio: Some(125.0 / 130.0),
        progress_ratio: Some(25.0 / 30.0),
        expected_value: Some(105_921.052_631_578_95),
        expected_progress_ratio: Some(0.197_368_421_052_631_6),
        pace_ratio: Some(1.635_964_912_280_701_8),
        pace_on_track_ratio: Some(0.925_697_929_354_445_6),
        pace_at_risk_ratio: Some(0.805_938_494_167_550_3),
        projected_value: Some(125_000.0),
        projected_target_ratio: Some(125.0 / 130.0),
        data_through: Some(at("2026-05-01T04:00:00Z")),
        ..empty(
            Status::OnTrack,
            "125,000 where the path asks for 105,921 by now; another 5,000 reach the target of \
             130,000 by 30 June.",
        )
    }
}

fn conversion_in_april() -> Assessment {
    Assessment {
        value: Some(0.10),
        baseline_value: Some(0.12),
        target_value: Some(0.16),
        target_ratio: Some(0.625),
        progress_ratio: Some(-0.5),
        expected_value: Some(0.127_894_736_842_105_3),
        expected_progress_ratio: Some(0.197_368_421_052_631_6),
        pace_ratio: Some(0.302_631_578_947_368_4),
        pace_on_track_ratio: Some(0.925_697_929_354_445_6),
        pace_at_risk_ratio: Some(0.805_938_494_167_550_3),
        projected_value: Some(0.10),
        projected_target_ratio: Some(0.625),
        data_through: Some(at("2026-05-01T04:00:00Z")),
        ..empty(
            Status::OffTrack,
            "10 % where the path asks for 12.8 % by now; it stands below its baseline of 12 % and \
             needs 6 points more by 30 June.",
        )
    }
}

fn arr_in_april(value: f64, status: Status) -> Assessment {
    let (target, elapsed) = (250_000.0, 30.0 / 91.0);
    Assessment {
        value: Some(value),
        target_value: Some(target),
        target_ratio: Some(value / target),
        progress_ratio: Some(value / target),
        expected_value: Some(target * elapsed),
        expected_progress_ratio: Some(elapsed),
        pace_ratio: Some(value / (target * elapsed)),
        pace_on_track_ratio: Some(0.937_178_166_838_311_1),
        pace_at_risk_ratio: Some(0.832_570_905_763_952_4),
        projected_value: Some(value / elapsed),
        projected_target_ratio: Some(value / elapsed / target),
        required_value_per_day: Some((target - value) / 61.0),
        required_pace_ratio: Some((target - value) / 61.0 / (value / 30.0)),
        // Fetched in the middle of the last day.
        data_through: Some(at("2026-04-30T18:05:00Z")),
        ..empty(status, "$82.4 K should be booked by now; the rest is due by 30 June.")
    }
}

fn sources() -> BTreeMap<SourceId, SourceState> {
    let good = SourceState {
        up: Some(true),
        last_success: Some(at("2026-05-01T04:00:00Z")),
        problems: BTreeMap::new(),
    };
    let problem = "cannot connect to db.example.com:5432: connection refused \
                   (hint: is the server running?)";
    let bad = SourceState {
        up: Some(false),
        last_success: Some(at("2026-04-30T13:05:00Z")),
        problems: BTreeMap::from([("deals".into(), problem.to_owned())]),
    };
    BTreeMap::from([
        ("shop".into(), good),
        ("warehouse".into(), bad),
        ("new".into(), SourceState::default()),
    ])
}

/// Self-metrics of a configuration with two sources.
pub(crate) fn self_metrics() -> Arc<SelfMetrics> {
    let loaded_at = at("2026-05-01T04:00:00Z");
    Arc::new(SelfMetrics::new(["shop", "warehouse"], 3, "abc123", loaded_at).unwrap())
}
