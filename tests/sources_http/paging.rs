//! Pages of the `http` source: exactly which requests are made, and that a part is never taken for
//! the whole.

use kpi_exporter::metric::{Cell, FetchErrorKind, Table};
use kpi_exporter::source::http::{
    HttpQuery, JsonTemplate, Method, NextPage, PageParam, Pagination, RequestBody,
};
use serde_json::{Value, json};

use crate::client;
use crate::http::{columns, fetch, get, metric, pairs, template};
use crate::stand_in::{self, Asked, Reply, StandIn};

pub(crate) fn url(name: &str) -> PageParam {
    PageParam::Url(name.into())
}

pub(crate) fn paged(next: NextPage, max_pages: u32) -> HttpQuery {
    HttpQuery {
        rows: Some("$.data[*]".into()),
        columns: columns(&[("value", "$.n")]),
        pagination: Some(Pagination::new(next, max_pages)),
        params: pairs(&[("from", "{{window_start_date}}")], template),
        ..get("/list")
    }
}

pub(crate) fn rows(numbers: &[u32]) -> Value {
    numbers.iter().map(|n| json!({ "id": format!("id{n}"), "n": n })).collect()
}

pub(crate) fn numbers(table: &Table) -> Vec<f64> {
    let number = |row: &Vec<Cell>| match row[0] {
        Cell::Number(number) => number,
        _ => f64::NAN,
    };
    table.rows.iter().map(number).collect()
}

fn with_link(mut reply: Reply, link: &str) -> Reply {
    reply.headers_mut().append("link", link.parse().unwrap());
    reply
}

pub(crate) async fn start(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> StandIn {
    StandIn::start(answer).await
}

/// Method and target of each request.
fn lines(server: &StandIn) -> Vec<String> {
    server.asked().iter().map(|asked| format!("{} {}", asked.method, asked.target)).collect()
}

pub(crate) async fn refused(server: &StandIn, query: HttpQuery) -> String {
    let error = fetch(client(&server.url), metric(query)).await.unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::Shape, "{error}");
    error.to_string()
}

/// Three pages of two rows; the answer to `?page=N`, else to the first.
fn linked(asked: &Asked, link: impl Fn(u32) -> String) -> (Value, Option<String>) {
    let page: u32 = asked.param("page").map_or(1, |page| page.parse().unwrap());
    (rows(&[page * 2 - 1, page * 2]), (page < 3).then(|| link(page + 1)))
}

#[tokio::test]
async fn links_in_the_body_are_followed_absolute_or_relative() {
    let relative = |page| format!("list?page={page}&token=a%2Fb");
    let server = start(move |asked| {
        let (data, next) = linked(asked, relative);
        stand_in::json(&json!({ "data": data, "next": next }))
    })
    .await;
    let query = paged(NextPage::Link("$.next".into()), 3);
    let table = fetch(client(&server.url), metric(query)).await.unwrap();
    assert_eq!(numbers(&table), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    assert_eq!(
        lines(&server),
        [
            "GET /list?from=2026-04-01",
            "GET /list?page=2&token=a%2Fb",
            "GET /list?page=3&token=a%2Fb"
        ]
    );
    let absolute = start(|asked| {
        let host = asked.header("host").unwrap().to_owned();
        let (data, next) = linked(asked, |page| format!("http://{host}/other?page={page}"));
        stand_in::json(&json!({ "data": data, "next": next.unwrap_or_default() }))
    })
    .await;
    let query = paged(NextPage::Link("$.next".into()), 3);
    assert_eq!(fetch(client(&absolute.url), metric(query)).await.unwrap().rows.len(), 6);
    assert_eq!(lines(&absolute)[1..], ["GET /other?page=2", "GET /other?page=3"]);
}

#[tokio::test]
async fn links_in_the_header_are_followed() {
    let server = start(|asked| {
        let (data, next) = linked(asked, |page| format!("</list?page={page}>; rel=\"next\""));
        let reply = stand_in::json(&json!({ "data": data }));
        let reply = with_link(reply, "</list?page=1>; rel=\"first\"; title=\"a, <b>\"");
        match next {
            Some(next) => with_link(reply, &next),
            None => reply,
        }
    })
    .await;
    let table = fetch(client(&server.url), metric(paged(NextPage::LinkHeader, 3))).await.unwrap();
    assert_eq!(table.rows.len(), 6);
    assert_eq!(
        lines(&server),
        ["GET /list?from=2026-04-01", "GET /list?page=2", "GET /list?page=3"]
    );
}

#[tokio::test]
async fn a_link_to_another_server_is_not_followed() {
    let other = start(|_| stand_in::json(&json!({ "data": [] }))).await;
    let link = format!("{}/steal?token=hush", other.url);
    let server = start(move |_| stand_in::json(&json!({ "data": rows(&[1]), "next": link }))).await;
    let said = refused(&server, paged(NextPage::Link("$.next".into()), 3)).await;
    assert_eq!(
        said,
        format!(
            "the next page is on another server: {}, not {} (hint: the login is for one server \
             only: set `url` to the one that the API names)",
            other.url, server.url
        )
    );
    assert!(other.asked().is_empty());
}

pub(crate) fn cursor(from: &str, param: PageParam, more: Option<&str>) -> NextPage {
    NextPage::Cursor { from: from.into(), param, more: more.map(str::to_owned) }
}

#[tokio::test]
async fn a_cursor_asks_for_the_next_page_as_long_as_there_is_more() {
    let server = start(|asked| {
        let (data, more) = match asked.param("starting_after").as_deref() {
            None => (rows(&[1, 2]), true),
            Some("id2") => (rows(&[3, 4]), true),
            Some(_) => (rows(&[5]), false),
        };
        stand_in::json(&json!({ "data": data, "has_more": more }))
    })
    .await;
    let next = cursor("$.data[-1].id", url("starting_after"), Some("$.has_more"));
    let table = fetch(client(&server.url), metric(paged(next, 3))).await.unwrap();
    assert_eq!(numbers(&table), [1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(
        lines(&server),
        [
            "GET /list?from=2026-04-01",
            "GET /list?from=2026-04-01&starting_after=id2",
            "GET /list?from=2026-04-01&starting_after=id4",
        ]
    );
}

fn post(body: Value) -> HttpQuery {
    let body = Some(RequestBody::Json(JsonTemplate { value: body, secret: false }));
    HttpQuery { method: Method::Post, params: vec![], body, ..paged(NextPage::LinkHeader, 9) }
}

fn bodies(server: &StandIn) -> Vec<String> {
    server.asked().into_iter().map(|asked| asked.body).collect()
}

#[tokio::test]
async fn a_cursor_goes_into_a_json_body_at_any_depth() {
    let answer = |asked: &Asked| {
        let body: Value = serde_json::from_str(&asked.body).unwrap();
        let next = if body.to_string().contains('7') { Value::Null } else { json!(7) };
        stand_in::json(&json!({ "data": rows(&[1]), "next": next }))
    };
    let server = start(answer).await;
    let next = cursor("$.next", PageParam::Body("after".into()), None);
    let pagination = Some(Pagination::new(next, 2));
    let query = HttpQuery { pagination, ..post(json!({ "limit": 1 })) };
    fetch(client(&server.url), metric(query)).await.unwrap();
    assert_eq!(bodies(&server), [r#"{"limit":1}"#, r#"{"limit":1,"after":7}"#]);

    let server = start(answer).await;
    let next = cursor("$.next", PageParam::Body("/variables/after".into()), None);
    let pagination = Some(Pagination::new(next, 2));
    let query = HttpQuery {
        sql: Some(template("SELECT count(*) AS value FROM rows")),
        pagination,
        ..post(json!({ "query": "{ x }", "variables": {} }))
    };
    let table = fetch(client(&server.url), metric(query.clone())).await.unwrap();
    assert_eq!(table.rows, [[Cell::Number(2.0)]]);
    assert_eq!(
        bodies(&server),
        [r#"{"query":"{ x }","variables":{}}"#, r#"{"query":"{ x }","variables":{"after":7}}"#]
    );
    let nowhere = HttpQuery { body: post(json!({ "variables": 1 })).body, ..query };
    let error = fetch(client(&server.url), metric(nowhere)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the request's body has no place for the page parameter `/variables/after` (hint: it goes \
         into an object of the JSON body: `cursor`, or `/variables/after`)"
    );
}

#[tokio::test]
async fn a_page_number_goes_on_until_a_page_is_empty() {
    let server = start(|asked| {
        let page: u32 = asked.param("page").unwrap().parse().unwrap();
        let data = if page < 2 { rows(&[page * 2, page * 2 + 1]) } else { json!([]) };
        stand_in::json(&json!({ "data": data }))
    })
    .await;
    let next = NextPage::Page { param: url("page"), first: 0 };
    let table = fetch(client(&server.url), metric(paged(next, 2))).await.unwrap();
    assert_eq!(numbers(&table), [0.0, 1.0, 2.0, 3.0]);
    assert_eq!(
        lines(&server),
        [
            "GET /list?from=2026-04-01&page=0",
            "GET /list?from=2026-04-01&page=1",
            "GET /list?from=2026-04-01&page=2",
        ]
    );
}

#[tokio::test]
async fn an_offset_goes_on_until_a_page_is_short_also_in_a_form() {
    let server = start(|asked| {
        let data = match asked.body.as_str() {
            "limit=2&skip=0" => rows(&[1, 2]),
            "limit=2&skip=2" => rows(&[3, 4]),
            _ => rows(&[5]),
        };
        stand_in::json(&json!({ "data": data }))
    })
    .await;
    let next = NextPage::Offset { param: PageParam::Body("skip".into()), step: 2 };
    let query = HttpQuery {
        method: Method::Post,
        body: Some(RequestBody::Form(pairs(&[("limit", "2")], template))),
        ..paged(next, 3)
    };
    let table = fetch(client(&server.url), metric(query)).await.unwrap();
    assert_eq!(numbers(&table), [1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(bodies(&server), ["limit=2&skip=0", "limit=2&skip=2", "limit=2&skip=4"]);
}

#[tokio::test]
async fn an_api_with_smaller_pages_than_asked_for_loses_no_row() {
    let server = start(|asked| {
        let skip: u32 = asked.param("skip").unwrap().parse().unwrap();
        let left: Vec<u32> = (skip + 1..=5).take(2).collect();
        stand_in::json(&json!({ "data": rows(&left) }))
    })
    .await;
    let next = NextPage::Offset { param: url("skip"), step: 100 };
    let table = fetch(client(&server.url), metric(paged(next, 10))).await.unwrap();
    assert_eq!(numbers(&table), [1.0, 2.0, 3.0, 4.0, 5.0]);
    let asked: Vec<String> = server.asked().iter().filter_map(|one| one.param("skip")).collect();
    assert_eq!(asked, ["0", "2", "4", "5"]);
}

#[tokio::test]
async fn an_error_on_a_later_page_fails_the_fetch_and_names_the_page() {
    let server = start(|asked| match asked.param("page").as_deref() {
        Some("1") => stand_in::json(&json!({ "data": rows(&[1]) })),
        _ => stand_in::json(&json!({ "error": "slow down" })),
    })
    .await;
    let said = refused(&server, paged(NextPage::Page { param: url("page"), first: 1 }, 9)).await;
    let expected = "page 2: `rows: $.data[*]` selects nothing: the document has no `data`, it has \
                    `error`";
    assert!(said.starts_with(expected), "{said}");
}

#[tokio::test]
async fn without_a_query_paging_stops_as_soon_as_there_are_too_many_rows() {
    let server = start(|asked| {
        let page: u32 = asked.param("page").unwrap().parse().unwrap();
        stand_in::json(&json!({ "data": rows(&[page * 2, page * 2 + 1]) }))
    })
    .await;
    let mut metric = metric(paged(NextPage::Page { param: url("page"), first: 0 }, 100));
    metric.max_label_sets = 5;
    let error = fetch(client(&server.url), metric).await.unwrap_err();
    assert!(error.message.contains("metric `orders` got more than 5 rows"), "{error}");
    assert_eq!(server.asked().len(), 3);
}
