//! What programs are given: objects in a stable order, tags, refusals as problem+json, a description that is
//! committed.

use std::sync::Arc;

use kpi_exporter::api;
use kpi_exporter::engine::{ChartDay, RecentDays};
use kpi_exporter::kpi::SeriesKey;
use kpi_exporter::metric::Labels;
use serde_json::Value;

use crate::server::{Answer, Running};

const PATH: &str = "docs/openapi.json";

fn json(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

/// A header of an answer.
fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    let line =
        answer.head.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}:")));
    line.unwrap_or_else(|| panic!("no {name} in {}", answer.head)).split_once(": ").unwrap().1
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test's switch, and a file of the project")]
fn the_committed_description_is_that_of_the_types() {
    let text = serde_json::to_string_pretty(&api::openapi(None)).unwrap() + "\n";
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(PATH, &text).unwrap();
    }
    let committed = std::fs::read_to_string(PATH).unwrap_or_default();
    assert_eq!(committed, text, "run with UPDATE_EXPECT=1 to write {PATH} anew");
    let document = api::openapi(None);
    assert_eq!(document["openapi"], "3.1.0");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_path_of_the_description_answers_and_is_not_sent_twice() {
    let server = Running::with_april().await;
    let document = json(&server.get("/openapi.json").await);
    let paths: Vec<String> = document["paths"].as_object().unwrap().keys().cloned().collect();
    assert!(paths.len() >= 10, "{paths:?}");
    for path in paths {
        let path = path.replace("{id}", "trial_to_paid");
        let first = server.get(&path).await;
        assert_eq!(first.status, 200, "{path}");
        let tag = header(&first, "etag").to_owned();
        let again =
            server.ask(&format!("GET {path}"), &[&format!("If-None-Match: W/\"x\", {tag}")]).await;
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        assert_eq!(header(&again, "etag"), tag);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_is_a_problem_that_says_what_would_be_right() {
    let server = Running::with_april().await;
    for (line, status, said) in [
        ("GET /api/v1/kpis?teem=growth", 400, "there are team, objective"),
        ("GET /api/v1/kpis?kind=lagging&limit=0", 400, "`limit` is from 1 to 1000"),
        ("GET /api/v1/kpis?offset=-1", 400, "`offset` is a whole number"),
        ("GET /api/v1/kpis?status=late", 400, "there are achieved"),
        ("GET /api/v1/kpis?limit=1&kind=lagging&limit=2", 400, "`limit` is given twice"),
        ("GET /api/v1/kpis?offset=1&offset=1", 400, "`offset` is given twice"),
        ("GET /api/v1/kpis/x/history?from=2026-04-01&from=x", 400, "`from` is given twice"),
        ("GET /api/v1/kpis/x/history?to=2026-04-01&to=", 400, "`to` is given twice"),
        ("GET /api/v1/review?period=weekly&period=monthly", 400, "`period` is given twice"),
        ("GET /api/v1/review?sort=kpi", 400, "there are team, objective"),
        ("GET /api/v1/kpis/nothing", 404, "/api/v1/kpis lists all of them"),
        ("GET /api/v1/kpis/trial_to_paid?x=1", 400, "there are none here"),
        ("GET /api/v1/kpis/trial_to_paid/history?from=yesterday", 400, "a day like 2026-04-30"),
        ("GET /api/v1/kpis/trial_to_paid/nothing", 404, "/openapi.json lists"),
        ("GET /api/v1/review?period=daily", 400, "weekly, monthly, quarterly"),
        ("GET /api/v2", 404, "/openapi.json lists"),
        ("GET /badge/nothing.svg", 404, "no KPI is called"),
        ("DELETE /api/v1/kpis", 405, "only GET and HEAD"),
    ] {
        let answer = server.ask(line, &[]).await;
        assert_eq!(answer.status, status, "{line}");
        assert_eq!(header(&answer, "content-type"), "application/problem+json", "{line}");
        let problem = json(&answer);
        assert_eq!((&problem["type"], &problem["status"]), (&"about:blank".into(), &status.into()));
        assert!(problem["detail"].as_str().unwrap().contains(said), "{line}: {problem}");
    }
    let bare = Running::bare().await;
    let waiting = bare.get("/api/v1/objectives").await;
    assert_eq!(
        (waiting.status, header(&waiting, "content-type")),
        (503, "application/problem+json")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_an_answer_follow_one_another() {
    let server = Running::with_april().await;
    let all = json(&server.get("/api/v1/kpis").await);
    let ids = |page: &Value| -> Vec<String> {
        let kpis = page["kpis"].as_array().unwrap().iter();
        kpis.map(|kpi| kpi["kpi"].as_str().unwrap().to_owned()).collect()
    };
    let total = ids(&all).len();
    assert_eq!((&all["total"], &all["next"]), (&total.into(), &Value::Null));
    let (mut query, mut found) =
        ("?limit=1&kind=leading&kind=lagging&kind=efficiency".to_owned(), Vec::new());
    for _ in 0..total {
        let page = json(&server.get(&format!("/api/v1/kpis{query}")).await);
        found.extend(ids(&page));
        query = page["next"].as_str().unwrap_or_default().to_owned();
        assert!(!query.contains("?&"), "{query}");
    }
    assert_eq!((found, query.as_str()), (ids(&all), ""));
    let beyond = json(&server.get("/api/v1/kpis?offset=99").await);
    assert_eq!((&beyond["total"], ids(&beyond).len()), (&total.into(), 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn days_of_a_kpi_are_those_asked_for() {
    let server = Running::with_april().await;
    let first = chrono::NaiveDate::from_ymd_opt(2026, 4, 1).unwrap();
    let one = |day| ChartDay { day, value: 0.1, expected: None, sums: None, status: None };
    let key = SeriesKey::new(&"trial_to_paid".into(), &Labels::default());
    let days: RecentDays =
        [(key, first.iter_days().take(30).map(one).collect())].into_iter().collect();
    server.shared.publish_days(Arc::new(days));
    let path = "/api/v1/kpis/trial_to_paid/history?from=2026-04-10&to=2026-04-12";
    let history = json(&server.get(path).await);
    let days = history["series"][0]["days"].as_array().unwrap();
    let shown: Vec<&str> = days.iter().map(|day| day["day"].as_str().unwrap()).collect();
    assert_eq!(shown, ["2026-04-10", "2026-04-11", "2026-04-12"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_badge_has_status_and_attainment_and_loads_nothing() {
    let server = Running::with_april().await;
    let svg = server.get("/badge/trial_to_paid.svg").await;
    assert_eq!(header(&svg, "content-type"), "image/svg+xml; charset=utf-8");
    let text = String::from_utf8(svg.body).unwrap();
    assert!(text.contains("off track, 62.5 %"), "{text}");
    assert!(!text.contains("href") && !text.contains("url("), "{text}");
    let shield = json(&server.get("/badge/trial_to_paid.json").await);
    assert_eq!((&shield["schemaVersion"], &shield["color"]), (&1.into(), &"critical".into()));
    assert_eq!(shield["message"], "off track, 62.5 %");
}
