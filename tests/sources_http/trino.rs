//! Trino. No Trino runs in these tests: a stand-in replays the documented client protocol,
//! <https://trino.io/docs/current/develop/client-protocol.html>, and the texts and places of errors
//! that Trino's own tests of `EXECUTE IMMEDIATE` expect. What Trino makes of the SQL is not tested.

use std::time::Duration;

use kpi_exporter::metric::{Cell, FetchErrorKind, Metric};
use kpi_exporter::source::Source;
use kpi_exporter::source::sql::{Engine, EngineConfig, TrinoSource};
use serde_json::{Value, json};

use crate::stand_in::{self, Asked, Reply, StandIn};
use crate::{ask, client};

fn config(url: &str) -> EngineConfig {
    EngineConfig {
        engine: Engine::Trino,
        client: client(url),
        user: Some("kpi".into()),
        database: Some("lake".into()),
        schema: Some("shop".into()),
    }
}

fn open(url: &str) -> TrinoSource {
    TrinoSource::new(&config(url)).unwrap()
}

/// One answer; `next` is a path on the same server.
fn page(asked: &Asked, next: Option<&str>, rest: Value) -> Reply {
    let mut body = json!({ "id": "20260701_1", "stats": { "state": "RUNNING" } });
    if let Some(next) = next {
        body["nextUri"] = format!("http://{}{next}", asked.header("host").unwrap()).into();
    }
    let (Value::Object(body), Value::Object(rest)) = (&mut body, rest) else { panic!() };
    body.extend(rest);
    stand_in::json(&Value::Object(body.clone()))
}

fn columns() -> Value {
    json!([{ "name": "region", "type": "varchar(2)" }, { "name": "value", "type": "decimal(12,2)" }])
}

/// Queued, then two pages of rows, then the end.
fn story(asked: &Asked) -> Reply {
    match (asked.method.as_str(), asked.path()) {
        ("POST", "/v1/statement") => page(asked, Some("/v1/statement/queued/1"), json!({})),
        ("GET", "/v1/statement/queued/1") => {
            page(asked, Some("/v1/statement/executing/1"), json!({ "columns": columns() }))
        }
        ("GET", "/v1/statement/executing/1") => page(
            asked,
            Some("/v1/statement/executing/2"),
            json!({ "columns": columns(), "data": [["EU", "20.50"], ["US", "40.75"]] }),
        ),
        ("GET", "/v1/statement/executing/2") => {
            page(asked, None, json!({ "columns": columns(), "data": [[null, "5.00"]] }))
        }
        ("DELETE", _) => stand_in::status(204, "text/plain", ""),
        _ => stand_in::status(404, "text/plain", "no such query"),
    }
}

const QUERY: &str = "SELECT region, sum(amount) AS value FROM orders\n\
    WHERE placed_at >= :window_start AND day < :window_end_date AND note <> 'it''s'\nGROUP BY 1;";

#[tokio::test]
async fn a_query_is_followed_to_its_end() {
    let server = StandIn::start(story).await;
    let metric = Metric { labels: ask::names(&["region"]), ..ask::metric(QUERY) };
    let found = ask::measure(&open(&server.url), metric).await.unwrap();
    let values: Vec<_> = found
        .series
        .iter()
        .map(|(labels, series)| (labels.get("region").unwrap(), series.value(None)))
        .collect();
    assert_eq!(values, [("", Some(5.0)), ("EU", Some(20.5)), ("US", Some(40.75))]);

    let asked = server.asked();
    assert_eq!(asked.len(), 4);
    let first = &asked[0];
    assert_eq!(
        first.body,
        "EXECUTE IMMEDIATE\n'\nSELECT region, sum(amount) AS value FROM orders\n\
         WHERE placed_at >= ? AND day < ? AND note <> ''it''''s''\nGROUP BY 1'\n\
         USING TIMESTAMP '2026-04-01 00:00:00.000 America/New_York', DATE '2026-07-01'"
    );
    for (name, value) in [
        ("x-trino-user", "kpi"),
        ("x-trino-catalog", "lake"),
        ("x-trino-schema", "shop"),
        ("x-trino-source", "kpi-exporter"),
        ("x-trino-time-zone", "America/New_York"),
        ("x-trino-session", "query_max_run_time=29000ms"),
        ("x-trino-client-capabilities", "PARAMETRIC_DATETIME"),
    ] {
        assert_eq!(first.header(name), Some(value), "{name}");
    }
    assert!(asked.iter().all(|asked| asked.header("x-trino-user") == Some("kpi")));
}

#[tokio::test]
async fn without_login_and_user_there_is_still_a_name() {
    let server = StandIn::start(story).await;
    let config = EngineConfig { user: None, database: None, schema: None, ..config(&server.url) };
    let source = TrinoSource::new(&config).unwrap();
    ask::table(&source, "SELECT 1 AS value").await.unwrap();
    let first = &server.asked()[0];
    assert_eq!(first.body, "SELECT 1 AS value");
    assert_eq!(first.header("x-trino-user"), Some("kpi-exporter"));
    assert_eq!(first.header("x-trino-catalog"), None);
}

#[tokio::test]
async fn no_rows_are_a_good_answer_with_columns() {
    let server = StandIn::start(|asked| page(asked, None, json!({ "columns": columns() }))).await;
    let table = ask::table(&open(&server.url), "SELECT 1").await.unwrap();
    assert_eq!((table.columns, table.rows.len()), (ask::names(&["region", "value"]), 0));
}

/// The texts are Trino's; places count from the first line of what was sent.
#[tokio::test]
async fn errors_name_their_place_in_the_query_as_written() {
    for (error, kind, message, hint) in [
        (
            json!({
                "message": "line 4:7: Column 'placed' cannot be resolved",
                "errorCode": 47, "errorName": "COLUMN_NOT_FOUND", "errorType": "USER_ERROR",
                "errorLocation": { "lineNumber": 4, "columnNumber": 7 },
                "failureInfo": { "stack": ["at io.trino"] }
            }),
            FetchErrorKind::Query,
            "Column 'placed' cannot be resolved (line 2, column 7 of the query)",
            Some("is the column spelled as in the table?"),
        ),
        (
            json!({
                "message": "line 3:16: mismatched input 'sum'. Expecting: ',', 'EXCEPT', 'FETCH'",
                "errorCode": 1, "errorName": "SYNTAX_ERROR", "errorType": "USER_ERROR",
                "errorLocation": { "lineNumber": 3, "columnNumber": 16 }
            }),
            FetchErrorKind::Query,
            "mismatched input 'sum' (line 1, column 16 of the query)",
            None,
        ),
        (
            json!({
                "message": "line 1:9: mismatched input 'IMMEDIATE'. Expecting: <identifier>",
                "errorCode": 1, "errorName": "SYNTAX_ERROR", "errorType": "USER_ERROR",
                "errorLocation": { "lineNumber": 1, "columnNumber": 9 }
            }),
            FetchErrorKind::Query,
            "mismatched input 'IMMEDIATE'",
            Some("kpi-exporter needs Trino 418 or newer"),
        ),
        (
            json!({
                "message": "Query exceeded the maximum run time limit of 29.00s",
                "errorName": "EXCEEDED_TIME_LIMIT", "errorType": "INSUFFICIENT_RESOURCES"
            }),
            FetchErrorKind::Timeout,
            "query ran longer than 29 s and was cancelled on the server",
            Some("make the query cheaper, or raise the `timeout` of the source"),
        ),
        (
            json!({
                "message": "Trino server is still initializing",
                "errorName": "SERVER_STARTING_UP", "errorType": "INTERNAL_ERROR"
            }),
            FetchErrorKind::Unreachable,
            "Trino server is still initializing",
            None,
        ),
    ] {
        let answer = json!({ "error": error });
        let server = StandIn::start(move |asked| page(asked, None, answer.clone())).await;
        let found = ask::table(&open(&server.url), QUERY).await.unwrap_err();
        assert_eq!((found.kind, found.message.as_str()), (kind, message));
        assert_eq!(found.hint.as_deref(), hint, "{message}");
        assert_eq!(server.asked().len(), 1, "an ended query needs no end");
    }
}

/// Waits until it is so.
async fn until(so: impl Fn() -> bool) {
    let waiting = async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), waiting).await.expect("it never comes");
}

fn deleted(server: &StandIn) -> Vec<String> {
    let asked = server.asked();
    let deletes = asked.iter().filter(|asked| asked.method == "DELETE");
    deletes.map(|asked| asked.path().to_owned()).collect()
}

#[tokio::test]
async fn a_query_with_too_many_rows_is_ended_on_the_server() {
    let server = StandIn::start(story).await;
    let metric =
        Metric { labels: ask::names(&["region"]), max_label_sets: 1, ..ask::metric(QUERY) };
    let error = open(&server.url).fetch(&ask::request(metric)).await.unwrap_err();
    assert_eq!(error.message, "metric `orders` got more than 1 rows");
    assert_eq!(deleted(&server), ["/v1/statement/executing/2"]);
}

#[tokio::test]
async fn a_query_that_never_ends_is_ended_on_the_server_at_the_time_limit() {
    let server = StandIn::start(|asked| match asked.method.as_str() {
        "DELETE" => stand_in::status(204, "text/plain", ""),
        _ => page(asked, Some("/v1/statement/queued/1"), json!({})),
    })
    .await;
    let mut config = config(&server.url);
    config.client.timeout = Duration::from_secs(1);
    let source = TrinoSource::new(&config).unwrap();
    let error = ask::table(&source, "SELECT 1").await.unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::Timeout, "{error}");
    assert_eq!(deleted(&server), ["/v1/statement/queued/1"]);
}

#[tokio::test]
async fn a_fetch_that_is_given_up_ends_its_query_on_the_server() {
    let server = StandIn::start(|asked| match asked.method.as_str() {
        "DELETE" => stand_in::status(204, "text/plain", ""),
        _ => page(asked, Some("/v1/statement/queued/1"), json!({})),
    })
    .await;
    let source = open(&server.url);
    tokio::select! {
        _ = ask::table(&source, "SELECT 1") => panic!("it has no end"),
        () = until(|| server.asked().len() > 1) => {}
    }
    until(|| !deleted(&server).is_empty()).await;
}

#[tokio::test]
async fn an_address_on_another_server_is_not_followed() {
    let other = StandIn::start(story).await;
    let next = format!("{}/v1/statement/executing/1", other.url);
    let server = StandIn::start(move |_| {
        stand_in::json(&json!({ "id": "1", "nextUri": next, "stats": {} }))
    })
    .await;
    let error = ask::table(&open(&server.url), "SELECT 1").await.unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::Shape);
    assert!(error.hint.unwrap().contains("process-forwarded"));
    assert!(other.asked().is_empty());
}

#[tokio::test]
async fn what_is_no_answer_of_trino_is_told() {
    for body in ["<html>Log in</html>", "{\"id\": 1, \"data\": {\"encoding\": \"json\"}}", ""] {
        let server = StandIn::start(move |_| stand_in::ok("text/html", body)).await;
        let error = ask::table(&open(&server.url), "SELECT 1").await.unwrap_err();
        assert_eq!(error.message, "the answer is not one of Trino's client protocol", "{body}");
    }
    let answer = json!({ "columns": columns(), "data": [["EU"]] });
    let server = StandIn::start(move |asked| page(asked, None, answer.clone())).await;
    let error = ask::table(&open(&server.url), "SELECT 1").await.unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::Shape, "{error}");
    let table = json!({ "columns": [{ "name": "a", "type": "array(bigint)" }], "data": [[[1]]] });
    let server = StandIn::start(move |asked| page(asked, None, table.clone())).await;
    let table = ask::table(&open(&server.url), "SELECT ARRAY[1] AS a").await.unwrap();
    assert_eq!(table.rows, [[Cell::Other("array(bigint)".into())]]);
}
