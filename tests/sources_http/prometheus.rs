//! The `prometheus` source against a real Prometheus, and against a stand-in for what a real one
//! does not do at will.

use std::fmt::Write as _;

use kpi_exporter::metric::{Cell, FetchError, FetchErrorKind, Metric, Query, Table, Template};
use kpi_exporter::secret::Secret;
use kpi_exporter::source::Source;
use kpi_exporter::source::prometheus::{PromQlQuery, PrometheusSource};
use kpi_exporter::source::trace::Trace;
use serde_json::{Value, json};

use crate::prometheus_server::Prometheus;
use crate::stand_in::{self, StandIn};
use crate::{ask, client};

/// Both ends of the window that `ask::request` asks for.
const START: i64 = 1_775_016_000;
const END: i64 = 1_782_878_400;

fn metric(query: &str, labels: &[&str]) -> Metric {
    let query = Query::new(PromQlQuery(Template { text: query.into(), secret: false }));
    Metric { id: "orders".into(), query, labels: ask::names(labels), ..ask::metric("") }
}

fn open(url: &str) -> PrometheusSource {
    PrometheusSource::new(&client(url)).unwrap()
}

async fn fetch(url: &str, query: &str, labels: &[&str]) -> Result<Table, FetchError> {
    open(url).fetch(&ask::request(metric(query, labels))).await
}

async fn failure(url: &str, query: &str, labels: &[&str]) -> FetchError {
    fetch(url, query, labels).await.unwrap_err()
}

/// A counter in three countries that grows by 1, 2 and 3 in six hours, a gauge without country and
/// one that ended a month before the window did.
fn history() -> String {
    let mut text = "# TYPE orders counter\n".to_owned();
    for (country, step) in [("DE", 1), ("FR", 2), ("US", 3)] {
        for (count, at) in (START - 86_400..=END + 86_400).step_by(6 * 3600).enumerate() {
            let value = 1000 + count * step;
            writeln!(text, r#"orders_total{{country="{country}",job="shop"}} {value} {at}"#)
                .unwrap();
        }
    }
    text.push_str("# TYPE seats gauge\n");
    writeln!(text, r#"seats{{plan="pro",country="DE"}} 7 {END}"#).unwrap();
    writeln!(text, r#"seats{{plan="free"}} 5.5 {END}"#).unwrap();
    writeln!(text, "# TYPE old gauge\nold 1 {}\n# EOF", END - 30 * 86_400).unwrap();
    text
}

fn number(cell: &Cell) -> f64 {
    match cell {
        Cell::Number(number) => *number,
        other => panic!("{other:?}"),
    }
}

/// By label, as text.
fn by_label(table: &Table) -> Vec<(String, f64)> {
    let mut rows: Vec<_> = table
        .rows
        .iter()
        .map(|row| match &row[1] {
            Cell::Text(label) => (label.clone(), number(&row[0])),
            other => panic!("{other:?}"),
        })
        .collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    rows
}

#[tokio::test]
async fn a_real_prometheus_is_asked_at_the_end_of_the_window() {
    let server = Prometheus::start(&history(), "").await;
    let url = &server.url;

    let at_end = fetch(url, r#"orders_total{country="US"}"#, &[]).await.unwrap();
    assert_eq!(at_end.columns, ["value"]);
    let quarter = (END - START) / (6 * 3600);
    assert_eq!(at_end.rows, [[Cell::Number(1000.0 + 3.0 * (quarter + 4) as f64)]]);

    let query = "sum(increase(orders_total[{{window_seconds}}s])) by (country)";
    let grown = fetch(url, query, &["country"]).await.unwrap();
    assert_eq!(grown.columns, ["value", "country"]);
    for ((country, found), (expected, step)) in
        by_label(&grown).into_iter().zip([("DE", 1.0), ("FR", 2.0), ("US", 3.0)])
    {
        assert_eq!(country, expected);
        assert!((found - step * quarter as f64).abs() < 1e-6, "{country}: {found}");
    }

    // Labels that are not asked for are dropped, one that a series lacks is empty.
    let seats = fetch(url, "seats", &["country"]).await.unwrap();
    assert_eq!(by_label(&seats), [(String::new(), 5.5), ("DE".into(), 7.0)]);

    let scalar = fetch(url, "scalar(sum(seats)) * {{window_seconds}}", &[]).await.unwrap();
    assert_eq!(scalar.rows, [[Cell::Number(12.5 * (END - START) as f64)]]);
    assert_eq!(fetch(url, "sum(seats) / 0", &[]).await.unwrap().rows, [[Cell::Null]]);
    assert_eq!(fetch(url, "0 * sum(seats) / 0", &[]).await.unwrap().rows, [[Cell::Null]]);
}

#[tokio::test]
async fn what_is_wrong_with_a_query_is_told_with_a_cure() {
    let server = Prometheus::start(&history(), "").await;
    let url = &server.url;
    for (query, labels, kind, message, hint) in [
        (
            "orders_total[5m]",
            &[][..],
            FetchErrorKind::Shape,
            "the query gives a range vector, not one number for each series",
            "wrap it in sum_over_time()",
        ),
        ("\"text\"", &[], FetchErrorKind::Shape, "the query gives a string, not numbers", ""),
        ("sum(orders_total", &[], FetchErrorKind::Query, "1:17: parse error: unclosed", ""),
        (
            "orders_total",
            &[],
            FetchErrorKind::Shape,
            "metric `orders` has no labels, but the query gives 3 series",
            "aggregate in the query, as in `sum(...)` or `sum by (country) (...)`, or add to \
             `labels` what tells them apart: __name__, country, job",
        ),
        (
            "orders_total",
            &["job"],
            FetchErrorKind::Shape,
            "metric `orders` has series that differ by more than its labels (job)",
            "aggregate in the query",
        ),
        (
            "sum(orders_total) by (country)",
            &["land"],
            FetchErrorKind::Shape,
            "metric `orders`: no series has the label `land`; there are: country",
            "aggregations keep the labels of `by (...)`",
        ),
        (
            "sum(orders_total)",
            &["country"],
            FetchErrorKind::Shape,
            "metric `orders`: no series has the label `country`; there are: none",
            "",
        ),
        (
            "scalar(sum(orders_total))",
            &["country"],
            FetchErrorKind::Shape,
            "metric `orders` has labels, but the query gives a scalar",
            "",
        ),
        (
            "orders_total * on (job) orders_total",
            &[],
            FetchErrorKind::Query,
            "found duplicate series for the match group",
            "",
        ),
    ] {
        let error = failure(url, query, labels).await;
        assert_eq!(error.kind, kind, "{query}: {error}");
        assert!(error.message.contains(message), "{query}: {error}");
        assert!(error.hint.unwrap_or_default().starts_with(hint), "{query}");
    }
    let many = Metric { max_label_sets: 2, ..metric("orders_total", &["country"]) };
    let error = open(url).fetch(&ask::request(many)).await.unwrap_err();
    assert_eq!(error.message, "metric `orders` got more than 2 series");
    let columns = Metric { columns: ask::names(&["count"]), ..metric("orders_total", &[]) };
    let error = open(url).fetch(&ask::request(columns)).await.unwrap_err();
    assert!(error.message.starts_with("metric `orders` has no column `count`"), "{error}");
}

#[tokio::test]
async fn an_empty_answer_is_good_and_explained() {
    let server = Prometheus::start(&history(), "").await;
    for query in ["old", "ordres_total"] {
        let mut request = ask::request(metric(query, &["country"]));
        request.trace = Trace::on();
        let table = open(&server.url).fetch(&request).await.unwrap();
        assert_eq!((table.columns.len(), table.rows.len()), (2, 0));
        let last = request.trace.steps().pop().unwrap();
        assert_eq!(last.what, "0 series at 2026-07-01T04:00:00Z");
        assert!(last.details[0].contains("staleness"), "{last:?}");
    }
}

#[tokio::test]
async fn a_server_below_a_path_prefix_needs_it_in_the_url() {
    let server = Prometheus::start(&history(), "/team/prom").await;
    let table = fetch(&server.url, "sum(seats)", &[]).await.unwrap();
    assert_eq!(table.rows, [[Cell::Number(12.5)]]);
    let error = failure(server.url.trim_end_matches("/team/prom"), "sum(seats)", &[]).await;
    assert!(error.message.contains("404"), "{error}");
    assert!(error.hint.unwrap().contains("is the path prefix right?"));
}

fn vector(samples: &Value) -> Value {
    json!({ "status": "success", "data": { "resultType": "vector", "result": samples } })
}

#[tokio::test]
async fn the_form_says_when_how_long_and_how_many_and_headers_of_the_source_go_along() {
    let server = StandIn::start(|_| stand_in::json(&vector(&json!([])))).await;
    let mut config = client(&server.url);
    config.headers = vec![("X-Scope-OrgID".into(), Secret::fixed("team-a".to_owned()))];
    let source = PrometheusSource::new(&config).unwrap();
    source.fetch(&ask::request(metric("a + b", &[]))).await.unwrap();
    let asked = &server.asked()[0];
    assert_eq!((asked.method.as_str(), asked.path()), ("POST", "/api/v1/query"));
    let expected = "query=a+%2B+b&time=1782878400.000&timeout=29000ms&limit=1001";
    assert_eq!(asked.body, expected);
    assert_eq!(asked.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(asked.header("x-scope-orgid"), Some("team-a"));
}

#[tokio::test]
async fn a_server_that_refuses_post_is_asked_by_get_from_then_on() {
    for refusal in [405, 501] {
        let server = StandIn::start(move |asked| match asked.method.as_str() {
            "GET" => stand_in::json(&vector(&json!([{ "metric": {}, "value": [1, "2"] }]))),
            _ => stand_in::status(refusal, "text/plain", "no"),
        })
        .await;
        let source = open(&server.url);
        for _ in 0..2 {
            let table = source.fetch(&ask::request(metric("a{b=\"c\"}", &[]))).await.unwrap();
            assert_eq!(table.rows, [[Cell::Number(2.0)]]);
        }
        let asked = server.asked();
        let methods: Vec<&str> = asked.iter().map(|asked| asked.method.as_str()).collect();
        assert_eq!(methods, ["POST", "GET", "GET"]);
        assert_eq!(asked[1].param("query").as_deref(), Some("a{b=\"c\"}"));
        assert_eq!(asked[1].param("time").as_deref(), Some("1782878400.000"));
    }
}

#[tokio::test]
async fn warnings_are_passed_on_and_numbers_that_are_none_are_no_values() {
    let server = StandIn::start(|_| {
        let sample = |name, value| json!({ "metric": { "a": name }, "value": [1.5, value] });
        let samples = ["NaN", "+Inf", "-Inf", "1e3"].map(|value| sample(value, value));
        let mut answer = vector(&json!(samples));
        answer["warnings"] = json!(["a store was not reached"]);
        answer["infos"] = json!(["metric might not be a counter"]);
        stand_in::json(&answer)
    })
    .await;
    let mut request = ask::request(metric("x", &["a"]));
    request.trace = Trace::on();
    let table = open(&server.url).fetch(&request).await.unwrap();
    let values: Vec<&Cell> = table.rows.iter().map(|row| &row[0]).collect();
    assert_eq!(values, [&Cell::Null, &Cell::Null, &Cell::Null, &Cell::Number(1000.0)]);
    let details = request.trace.steps().pop().unwrap().details;
    assert_eq!(details, ["a store was not reached", "metric might not be a counter"]);
}

#[tokio::test]
async fn the_servers_own_trouble_is_told_from_a_bad_query() {
    for (status, kind, expected) in [
        (400, "bad_data", FetchErrorKind::Query),
        (422, "execution", FetchErrorKind::Query),
        (422, "timeout", FetchErrorKind::Timeout),
        (500, "internal", FetchErrorKind::Unreachable),
    ] {
        let body = json!({ "status": "error", "errorType": kind, "error": "because" }).to_string();
        let answer = move |_: &_| stand_in::status(status, "application/json", body.clone());
        let server = StandIn::start(answer).await;
        let error = failure(&server.url, "x", &[]).await;
        assert_eq!((error.kind, error.message.as_str()), (expected, "because"), "{kind}");
    }
    let histogram = json!([{ "metric": {}, "histogram": [1, { "count": "3" }] }]);
    let server = StandIn::start(move |_| stand_in::json(&vector(&histogram))).await;
    let error = failure(&server.url, "x", &[]).await;
    assert!(error.message.contains("native histograms"), "{error}");
    let server = StandIn::start(|_| stand_in::ok("text/html", "<html>Log in</html>")).await;
    let error = failure(&server.url, "x", &[]).await;
    assert_eq!(error.message, "the answer is not one of the Prometheus API");
}

#[tokio::test]
async fn a_secret_in_a_query_is_neither_traced_nor_repeated() {
    let body = json!({ "status": "error", "errorType": "bad_data", "error": "at hunter2" });
    let answer = move |_: &_| stand_in::status(400, "application/json", body.to_string());
    let server = StandIn::start(answer).await;
    let mut metric = metric("x{a=\"hunter2\"}", &[]);
    let text = Template { text: "x{a=\"hunter2\"}".into(), secret: true };
    metric.query = Query::new(PromQlQuery(text));
    let mut request = ask::request(metric);
    request.trace = Trace::on();
    let error = open(&server.url).fetch(&request).await.unwrap_err();
    assert!(!error.to_string().contains("hunter2"), "{error}");
    let steps = request.trace.steps();
    let mut shown = steps.iter().flat_map(|step| step.details.iter().chain([&step.what]));
    assert!(!shown.any(|line| line.contains("hunter2")), "{steps:?}");
}
