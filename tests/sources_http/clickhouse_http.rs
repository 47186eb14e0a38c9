//! ClickHouse's HTTP server as its documentation describes it: what it is sent, and how it tells an
//! exception in the middle of an answer. Not here: the engine itself (`clickhouse`).

use kpi_exporter::metric::FetchErrorKind;
use kpi_exporter::source::Source;
use kpi_exporter::source::sql::ClickHouseSource;
use kpi_exporter::source::trace::Trace;
use serde_json::json;

use crate::ask;
use crate::clickhouse::{config, open};
use crate::stand_in::{self, StandIn};

#[tokio::test]
async fn what_is_sent_is_read_only_limited_and_in_the_calendars_zone() {
    let answer = json!({ "meta": [{ "name": "a", "type": "Int8" }], "data": [[1]] });
    let server = StandIn::start(move |_| stand_in::json(&answer)).await;
    let mut config = config(&format!("{}/proxy", server.url));
    (config.user, config.database) = (Some("me".into()), Some("shop".into()));
    let source = ClickHouseSource::new(&config).unwrap();
    let mut request = ask::request(ask::metric("SELECT :window_start, :window_end_date"));
    request.trace = Trace::on();
    source.fetch(&request).await.unwrap();
    let asked = &server.asked()[0];
    assert_eq!((asked.method.as_str(), asked.path()), ("POST", "/proxy/"));
    let body = "SELECT {window_start:DateTime64(3)}, {window_end_date:Date}";
    assert_eq!(asked.body, body);
    assert_eq!(asked.header("x-clickhouse-user"), Some("me"));
    for (name, value) in [
        ("database", "shop"),
        ("param_window_start", "1775016000.000"),
        ("param_window_end_date", "2026-07-01"),
        ("readonly", "2"),
        ("session_timezone", "America/New_York"),
        ("max_execution_time", "29"),
        ("max_result_rows", "1001"),
        ("cancel_http_readonly_queries_on_client_close", "1"),
        ("wait_end_of_query", "1"),
    ] {
        assert_eq!(asked.param(name).as_deref(), Some(value), "{name}");
    }
    let steps = request.trace.steps();
    assert_eq!(steps[0].what, "query of metric `orders`");
    assert!(steps[0].details.contains(&"window_start = 1775016000.000".to_owned()), "{steps:?}");
}

#[tokio::test]
async fn an_exception_in_the_middle_of_a_good_answer_is_seen() {
    let whole = r#"{"meta": [{"name": "a", "type": "UInt8"}], "data": [[1]], "rows": 1,
        "exception": "Code: 395. DB::Exception: boo: while executing 'FUNCTION'. (X) (version 25.1)"}"#;
    let tagged = "{\"meta\": [{\"name\": \"a\", \"type\": \"UInt8\"}], \"data\": [[1],\r\n\
        __exception__\r\nPU1FNUFH98\r\nCode: 395. DB::Exception: boo. (X) (version 25.11)\n\
        51 PU1FNUFH98\r\n__exception__\r\n";
    let bare = "{\"meta\": [{\"name\": \"a\", \"type\": \"UInt8\"}], \"data\": [[1],\n\
        Code: 395. DB::Exception: boo. (X) (version 22.3)";
    for body in [whole, tagged, bare] {
        let server = StandIn::start(move |_| stand_in::ok("application/json", body)).await;
        let error = ask::table(&open(&server.url), "SELECT a FROM t").await.unwrap_err();
        assert_eq!((error.kind, error.message.as_str()), (FetchErrorKind::Query, "boo"), "{body}");
    }
    let cut = "{\"meta\": [{\"name\": \"a\", \"type\": \"UInt8\"}], \"data\": [[1],";
    for body in [cut, "<html>Log in</html>", "Ok.\n"] {
        let server = StandIn::start(move |_| stand_in::ok("application/json", body)).await;
        let error = ask::table(&open(&server.url), "SELECT a FROM t").await.unwrap_err();
        assert_eq!(error.kind, FetchErrorKind::Shape, "{body}");
    }
}
