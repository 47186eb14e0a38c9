//! Which changes of a definition are changes of its meaning, and how they are noted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Folder, at};
use crate::calendar::{Calendar, PeriodKind, WindowSpec};
use crate::kpi::{
    Accumulation, Baseline, Definitions, Direction, Formula, Function, Kpi, KpiKind, Path, Target,
    Thresholds, Unit,
};
use crate::metric::{Metric, Query, Template};
use crate::schedule::Schedule;
use crate::source::http::{
    AnswerFormat, CsvFormat, HttpQuery, JsonTemplate, Method, NextPage, PageParam, Pagination,
    RequestBody,
};
use crate::source::prometheus::PromQlQuery;
use crate::source::statement::SqlQuery;
use crate::store::{Definition, InForce, Statement, difference, metric_fingerprint};

fn formula(text: &str) -> Formula {
    Formula::parse(text).unwrap()
}

fn kpi() -> Kpi {
    Kpi {
        title: "Trial to paid".to_owned(),
        kind: KpiKind::Efficiency,
        function: Function::Sales,
        accumulation: Accumulation::Ratio,
        unit: Unit::Percent,
        period: PeriodKind::Quarter,
        window: WindowSpec::TrailingDays(30),
        baseline: Baseline::Fixed(0.12),
        path: Path::Milestones([("2026-06-30".parse().unwrap(), 0.16)].into()),
        ..Kpi::new(
            "conversion",
            formula("trials.paid / trials.started"),
            Target::Formula(formula("plan")),
        )
    }
}

fn metric(id: &str, query: &str) -> Metric {
    let query = Query::new(SqlQuery(Template::plain(query)));
    let metric = Metric::new(id, "crm", query, Schedule::parse("@hourly").unwrap());
    Metric { labels: vec!["region".to_owned()], ..metric }
}

fn definitions(metrics: Vec<Metric>) -> Definitions {
    Definitions {
        calendar: Calendar::default(),
        objectives: BTreeMap::new(),
        metrics: metrics.into_iter().map(|m| (m.id.clone(), Arc::new(m))).collect(),
        kpis: Vec::new(),
    }
}

fn usual() -> Definitions {
    definitions(vec![
        metric("trials", "SELECT count(*) AS started FROM trials\n"),
        metric("plan", "SELECT 0.16"),
        metric("visits", "SELECT 1"),
    ])
}

#[test]
fn the_definition_is_these_texts_for_ever() {
    let Definition { meaning, goal } = Definition::of(&kpi(), &usual());
    insta::assert_snapshot!(meaning.text, @r#"{"formula":"trials.paid/trials.started","accumulation":"ratio","unit":"percent","period":{"kind":"quarter","timezone":"UTC","fiscal_year_start":1},"window":"30d","metrics":{"trials":{"source":"crm","sql":"SELECT count(*) AS started FROM trials","labels":["region"]}}}"#);
    insta::assert_snapshot!(meaning.hash, @"e8f1d5b430ea519caa5ea659a1ba6777");
    insta::assert_snapshot!(goal.text, @r#"{"direction":"increase","baseline":0.12,"target":{"formula":"plan"},"path":{"milestones":{"2026-06-30":0.16}},"metrics":{"plan":{"source":"crm","sql":"SELECT 0.16","labels":["region"]}},"thresholds":{"at_risk":1.1,"off_track":1.3,"too_early":0.1,"confirm":2,"confirm_for":3600},"predicts":[]}"#);
    insta::assert_snapshot!(goal.hash, @"db40c70c1ff54b7681d65bad7b31b9af");
    let fingerprint = metric_fingerprint(&metric("visits", "SELECT 1"), chrono_tz::Tz::UTC);
    insta::assert_snapshot!(fingerprint, @"a367683d160bdf31d33f13f468ea99d5");
}

/// As stores of version 2 and before held it.
const ONE_TEXT: &str = r#"{"formula":"trials.paid/trials.started","accumulation":"ratio","unit":"percent","direction":"increase","period":{"kind":"quarter","timezone":"UTC","fiscal_year_start":1},"window":"30d","baseline":0.12,"target":{"formula":"plan"},"path":{"milestones":{"2026-06-30":0.16}},"metrics":{"plan":{"source":"crm","sql":"SELECT 0.16","labels":["region"]},"trials":{"source":"crm","sql":"SELECT count(*) AS started FROM trials","labels":["region"]}}}"#;

#[test]
fn a_definition_in_one_text_is_the_same_definition() {
    let old = Definition::from_one_text(ONE_TEXT);
    let now = Definition::of(&kpi(), &usual());
    assert_eq!(old.meaning, now.meaning);
    assert!(now.goal.agrees_with(&old.goal.text), "{} {}", now.goal.text, old.goal.text);
    let other = Definition::of(&Kpi { target: Target::Absolute(0.16), ..kpi() }, &usual());
    assert!(!other.goal.agrees_with(&old.goal.text));
    assert_eq!(Definition::from_one_text("?").meaning.text, "?");
}

fn text(text: &str) -> Template {
    Template { text: text.to_owned(), secret: false }
}

fn secret() -> Template {
    Template { text: "s3cr3t {{window_start}}".to_owned(), secret: true }
}

/// A request with every kind of part, among them secrets at every place that can hold one.
fn http() -> HttpQuery {
    HttpQuery {
        method: Method::Post,
        path: text("/deals"),
        params: vec![
            ("from".to_owned(), text("{{window_start:%Y-%m-%d}}")),
            ("key".to_owned(), secret()),
        ],
        headers: vec![("X-Team".to_owned(), secret())],
        body: Some(RequestBody::Json(JsonTemplate {
            value: serde_json::json!({ "token": "s3cr3t" }),
            secret: true,
        })),
        format: AnswerFormat::Json,
        require: vec![],
        rows: Some("$.data[*]".to_owned()),
        columns: vec![("amount".to_owned(), "$.amount".to_owned())],
        pagination: Some(Pagination {
            next: NextPage::Cursor {
                from: "$.next".to_owned(),
                param: PageParam::Body("after".to_owned()),
                more: None,
            },
            more: None,
            total: None,
            max_pages: 100,
        }),
        sql: Some(Template::plain("SELECT sum(amount) AS value FROM rows")),
    }
}

fn definition_of(query: Query) -> Definition {
    let mut definitions = usual();
    let metric = Metric { query, ..metric("plan", "") };
    definitions.metrics.insert("plan".into(), Arc::new(metric));
    Definition::of(&kpi(), &definitions)
}

#[test]
fn the_definition_of_a_request_is_this_text_for_ever_and_holds_no_secret() {
    let json = definition_of(Query::new(http())).goal.text;
    assert!(!json.contains("s3cr3t"), "{json}");
    let part = |text: &str| -> String {
        let json: serde_json::Value = serde_json::from_str(text).unwrap();
        json["metrics"]["plan"].to_string()
    };
    insta::assert_snapshot!(part(&json), @r#"{"source":"crm","http":{"method":"POST","path":"/deals","params":[["from","{{window_start:%Y-%m-%d}}"],["key","***"]],"headers":[["X-Team","***"]],"body":{"json":"***"},"format":"json","rows":"$.data[*]","columns":[["amount","$.amount"]],"pagination":{"next":{"cursor":{"from":"$.next","param":{"body":"after"},"more":null}}},"sql":"SELECT sum(amount) AS value FROM rows"},"labels":["region"]}"#);

    let form = HttpQuery {
        method: Method::Get,
        body: Some(RequestBody::Form(vec![
            ("a".to_owned(), text("b")),
            ("c".to_owned(), secret()),
        ])),
        format: AnswerFormat::Csv(CsvFormat {
            delimiter: b';',
            header: true,
            encoding: "utf-8".to_owned(),
        }),
        pagination: Some(Pagination {
            next: NextPage::Offset { param: PageParam::Url("skip".to_owned()), step: 50 },
            more: None,
            total: None,
            max_pages: 7,
        }),
        ..http()
    };
    let form = definition_of(Query::new(form)).goal.text;
    assert!(!form.contains("s3cr3t"), "{form}");
    insta::assert_snapshot!(part(&form), @r#"{"source":"crm","http":{"method":"GET","path":"/deals","params":[["from","{{window_start:%Y-%m-%d}}"],["key","***"]],"headers":[["X-Team","***"]],"body":{"form":[["a","b"],["c","***"]]},"format":{"csv":{"delimiter":59,"header":true,"encoding":"utf-8"}},"rows":"$.data[*]","columns":[["amount","$.amount"]],"pagination":{"next":{"offset":{"param":{"url":"skip"},"step":50}}},"sql":"SELECT sum(amount) AS value FROM rows"},"labels":["region"]}"#);

    let promql = definition_of(Query::new(PromQlQuery(text("sum(up)")))).goal.text;
    insta::assert_snapshot!(part(&promql), @r#"{"source":"crm","promql":"sum(up)","labels":["region"]}"#);
    let promql = definition_of(Query::new(PromQlQuery(secret()))).goal.text;
    insta::assert_snapshot!(part(&promql), @r#"{"source":"crm","promql":"***","labels":["region"]}"#);
}

#[test]
fn every_change_of_a_request_is_a_change_but_for_secrets() {
    let usual = definition_of(Query::new(http())).goal.hash;
    let renewed = Template { text: "another".to_owned(), secret: true };
    let same = HttpQuery { headers: vec![("X-Team".to_owned(), renewed)], ..http() };
    assert_eq!(definition_of(Query::new(same)).goal.hash, usual);
    for other in [
        HttpQuery { method: Method::Get, ..http() },
        HttpQuery { path: text("/deal"), ..http() },
        HttpQuery { params: Vec::new(), ..http() },
        HttpQuery { headers: Vec::new(), ..http() },
        HttpQuery { body: None, ..http() },
        HttpQuery { format: AnswerFormat::Ndjson, ..http() },
        HttpQuery { rows: None, ..http() },
        HttpQuery { columns: Vec::new(), ..http() },
        HttpQuery { pagination: None, ..http() },
        HttpQuery { sql: None, ..http() },
    ] {
        assert_ne!(definition_of(Query::new(other.clone())).goal.hash, usual, "{other:?}");
    }
}

#[test]
fn only_what_the_numbers_depend_on_is_in_the_definition() {
    let before = Definition::of(&kpi(), &usual());
    let other = Kpi {
        title: "Conversion".to_owned(),
        description: Some("Paid of started trials".to_owned()),
        owner: Some("sales@example.com".to_owned()),
        levers: vec!["onboarding".to_owned()],
        max_age: Duration::from_hours(1),
        formula: formula("trials.paid/trials.started"),
        ..kpi()
    };
    let mut same = usual();
    same.metrics.insert("visits".into(), Arc::new(metric("visits", "SELECT 2")));
    same.calendar.holidays.insert("2026-12-25".parse().unwrap());
    same.calendar.week_start = chrono::Weekday::Sun;
    assert_eq!(Definition::of(&other, &same), before);
}

/// Halves of changed definitions: how many there are of each, all told apart.
fn halves(changed: &[Definition]) -> (usize, usize) {
    let count = |hash: fn(&Definition) -> &String| {
        changed.iter().map(hash).collect::<std::collections::BTreeSet<_>>().len()
    };
    (count(|definition| &definition.meaning.hash), count(|definition| &definition.goal.hash))
}

#[test]
fn every_change_of_meaning_is_a_change_of_the_meaning_alone() {
    let kpis = [
        kpi(),
        Kpi { formula: formula("trials.paid / (trials.started + 1)"), ..kpi() },
        Kpi { accumulation: Accumulation::Level, ..kpi() },
        Kpi { unit: Unit::Ratio, ..kpi() },
        Kpi { period: PeriodKind::Month, ..kpi() },
        Kpi { window: WindowSpec::TrailingDays(28), ..kpi() },
        Kpi { window: WindowSpec::PeriodToDate, ..kpi() },
    ];
    let mut all: Vec<_> = kpis.iter().map(|kpi| Definition::of(kpi, &usual())).collect();
    let mut query = usual();
    let trials = metric("trials", "SELECT count(*) AS started FROM trials WHERE paid");
    query.metrics.insert("trials".into(), Arc::new(trials));
    all.push(Definition::of(&kpi(), &query));
    let mut calendar = usual();
    calendar.calendar.fiscal_year_start = 4;
    all.push(Definition::of(&kpi(), &calendar));
    assert_eq!(halves(&all), (all.len(), 1));
}

#[test]
fn every_change_of_the_goal_is_a_change_of_the_goal_alone() {
    let kpis = [
        kpi(),
        Kpi { direction: Direction::Decrease, ..kpi() },
        Kpi { baseline: Baseline::PreviousPeriod, ..kpi() },
        Kpi { baseline: Baseline::None, ..kpi() },
        Kpi { target: Target::Absolute(0.16), ..kpi() },
        Kpi { target: Target::Relative(0.16), ..kpi() },
        Kpi { target: Target::Delta(0.16), ..kpi() },
        Kpi { target: Target::Min(0.16), ..kpi() },
        Kpi { target: Target::Max(0.16), ..kpi() },
        Kpi { target: Target::Range { min: 0.1, max: 0.2 }, ..kpi() },
        Kpi { path: Path::Linear, ..kpi() },
        Kpi { path: Path::Flat, ..kpi() },
        Kpi { thresholds: Thresholds { confirm: 3, ..Thresholds::default() }, ..kpi() },
        Kpi { predicts: vec!["arr".into()], ..kpi() },
    ];
    let mut all: Vec<_> = kpis.iter().map(|kpi| Definition::of(kpi, &usual())).collect();
    let mut query = usual();
    query.metrics.insert("plan".into(), Arc::new(metric("plan", "SELECT 0.17")));
    all.push(Definition::of(&kpi(), &query));
    assert_eq!(halves(&all), (1, all.len()));
}

#[test]
fn what_differs_between_two_goals_is_named() {
    let goal = |kpi: &Kpi| Definition::of(kpi, &usual()).goal.text;
    let other = Kpi { target: Target::Absolute(0.18), baseline: Baseline::None, ..kpi() };
    let (before, now) = difference(&goal(&kpi()), &goal(&other));
    assert_eq!(before, r#"baseline: 0.12; target: {"formula":"plan"}; metrics: plan"#);
    assert_eq!(now, "baseline: none; target: 0.18; metrics: ");
}

#[test]
fn the_fingerprint_of_a_metric_follows_its_question() {
    let zone = chrono_tz::Tz::UTC;
    let usual = metric("visits", "SELECT 1");
    let before = metric_fingerprint(&usual, zone);
    let schedule = Schedule::parse("@daily").unwrap();
    let same = Metric { schedule, max_label_sets: 5, ..metric("visits", "SELECT 1\n") };
    assert_eq!(metric_fingerprint(&same, zone), before);
    for other in [
        metric("visits", "SELECT 2"),
        Metric { source: "dwh".into(), ..metric("visits", "SELECT 1") },
        Metric { labels: Vec::new(), ..metric("visits", "SELECT 1") },
        Metric { bare: true, ..metric("visits", "SELECT 1") },
        Metric { columns: vec!["n".to_owned()], ..metric("visits", "SELECT 1") },
    ] {
        assert_ne!(metric_fingerprint(&other, zone), before, "{other:?}");
    }
    assert_ne!(metric_fingerprint(&usual, chrono_tz::Tz::Asia__Tokyo), before);
}

fn named(meaning: &str, goal: &str) -> Definition {
    let statement = |text: &str| Statement {
        text: format!(r#"{{"is":"{text}"}}"#),
        hash: format!("hash of {text}"),
    };
    Definition { meaning: statement(meaning), goal: statement(goal) }
}

#[tokio::test]
async fn meaning_and_goal_have_revisions_of_their_own_and_come_back_as_they_were() {
    let folder = Folder::new();
    let mut seen = Vec::new();
    for (now, meaning, goal) in [
        ("2026-01-01T00:00:00Z", "a", "x"),
        ("2026-01-02T00:00:00Z", "a", "x"),
        ("2026-02-01T00:00:00Z", "a", "y"),
        ("2026-03-01T00:00:00Z", "b", "y"),
        ("2026-03-02T00:00:00Z", "b", "y"),
        // Back to the first: a change as well, with the number it had.
        ("2026-04-01T00:00:00Z", "a", "x"),
    ] {
        let store = folder.open().await;
        let definitions = BTreeMap::from([("arr".into(), named(meaning, goal))]);
        let noted = store.note_revisions(&definitions, at(now)).await.unwrap();
        let InForce { revision, meaning, goal } = noted["arr"].clone();
        let dates = [&meaning, &goal].map(|half| half.at.map(|at| at.date_naive().to_string()));
        let new = [&meaning, &goal].map(|half| (half.is_new, half.is_new && half.returned));
        seen.push((revision.meaning, revision.goal, dates, new));
        let known = store.known_revisions(&definitions).await.unwrap();
        assert_eq!((known["arr"].revision, known["arr"].meaning.is_new), (revision, false));
        let other = BTreeMap::from([("arr".into(), named("c", "x"))]);
        assert!(store.known_revisions(&other).await.unwrap().is_empty());
        store.close().await;
    }
    let day = |text: &str| Some(text.to_owned());
    let (no, new, back) = ((false, false), (true, false), (true, true));
    let (feb, mar, apr) = (day("2026-02-01"), day("2026-03-01"), day("2026-04-01"));
    let expected = [
        (1, 1, [None, None], [no, no]),
        (1, 1, [None, None], [no, no]),
        (1, 2, [None, feb.clone()], [no, new]),
        (2, 2, [mar.clone(), feb.clone()], [new, no]),
        (2, 2, [mar, feb], [no, no]),
        (1, 1, [apr.clone(), apr], [back, back]),
    ];
    assert_eq!(seen, expected);
    let store = folder.open().await;
    for (since, changes) in [("2025-12-31", Some(3)), ("2026-03-02", Some(1)), ("2026-04-02", None)]
    {
        let counted = store.changes_since(at(&format!("{since}T00:00:00Z"))).await.unwrap();
        assert_eq!(counted.get("arr").copied(), changes, "{since}");
    }
}

/// More KPIs than a statement takes: the same as each of them alone.
#[tokio::test]
async fn many_kpis_are_noted_as_each_of_them_alone() {
    let (together, alone) = (Folder::new(), Folder::new());
    let (together, alone) = (together.open().await, alone.open().await);
    let days = ["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01", "2026-05-01"];
    for (step, day) in days.into_iter().enumerate() {
        let now = at(&format!("{day}T00:00:00Z"));
        let of_kpi = |n: usize| {
            let (meaning, goal) = ((n * step / 7) % 3, (n + step * step) % 4);
            let kpi = format!("{}{n}", ["arr", "o'hara", "größe"][n % 3]);
            (kpi.as_str().into(), named(&format!("meaning {meaning}"), &format!("goal {goal}")))
        };
        // Some come, some go, some come back.
        let present = (0..200).filter(|n| (n + step) % 5 != 0);
        let definitions: BTreeMap<_, _> = present.map(of_kpi).collect();
        let noted = together.note_revisions(&definitions, now).await.unwrap();
        assert_eq!(noted.len(), 160);
        for (kpi, definition) in &definitions {
            let one = BTreeMap::from([(kpi.clone(), definition.clone())]);
            let expected = alone.note_revisions(&one, now).await.unwrap();
            assert_eq!(noted[kpi], expected[kpi], "{kpi} on {day}");
        }
        let (known, seen) = (
            together.known_revisions(&definitions).await.unwrap(),
            together.seen_revisions(&definitions).await.unwrap(),
        );
        assert_eq!(known, seen);
        assert_eq!(known.len(), 160);
        assert!(known.values().all(|now| !now.meaning.is_new && !now.goal.is_new));
    }
}
