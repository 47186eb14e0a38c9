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

fn url(name: &str) -> PageParam {
    PageParam::Url(name.into())
}

fn paged(next: NextPage, max_pages: u32) -> HttpQuery {
    HttpQuery {
        rows: Some("$.data[*]".into()),
        columns: columns(&[("value", "$.n")]),
        pagination: Some(Pagination::new(next, max_pages)),
        params: pairs(&[("from", "{{window_start_date}}")], template),
        ..get("/list")
    }
}

fn rows(numbers: &[u32]) -> Value {
    numbers.iter().map(|n| json!({ "id": format!("id{n}"), "n": n })).collect()
}

fn numbers(table: &Table) -> Vec<f64> {
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

async fn start(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> StandIn {
    StandIn::start(answer).await
}

/// Method and target of each request.
fn lines(server: &StandIn) -> Vec<String> {
    server.asked().iter().map(|asked| format!("{} {}", asked.method, asked.target)).collect()
}

async fn refused(server: &StandIn, query: HttpQuery) -> String {
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

fn cursor(from: &str, param: PageParam, more: Option<&str>) -> NextPage {
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
async fn more_pages_than_allowed_are_a_failure_not_a_part() {
    let endless = |asked: &Asked| {
        let number = |name: &str| asked.param(name).and_then(|text| text.parse::<u32>().ok());
        let at = number("page").or(number("skip")).or(number("cursor")).unwrap_or_default();
        let next = format!("/list?page={}", at + 1);
        stand_in::json(&json!({ "data": rows(&[at]), "next": next, "cursor": at + 1 }))
    };
    for (next, requests) in [
        (NextPage::Link("$.next".into()), 2),
        (cursor("$.cursor", url("cursor"), None), 2),
        // The one after the last could have been empty.
        (NextPage::Page { param: url("page"), first: 1 }, 3),
        (NextPage::Offset { param: url("skip"), step: 1 }, 3),
    ] {
        let server = start(endless).await;
        let said = refused(&server, paged(next.clone(), 2)).await;
        assert_eq!(
            said,
            "the answer has more than 2 pages (hint: ask for larger pages or for less, or raise \
             `max_pages`)",
            "{next:?}"
        );
        assert_eq!(server.asked().len(), requests, "{next:?}");
    }
}

#[tokio::test]
async fn pages_that_repeat_themselves_are_a_failure() {
    let same = || stand_in::json(&json!({ "data": rows(&[1]), "next": "/list?page=2", "c": "x" }));
    let name = "does the API know the parameter under the name that `pagination` gives it?";
    for (next, expected) in [
        (NextPage::Link("$.next".into()), "page 2 links to a page that was there before"),
        (cursor("$.c", url("after"), None), "page 2 has a cursor that was there before"),
        (NextPage::Page { param: url("p"), first: 1 }, "page 2 is the same as the one before it"),
        (NextPage::Offset { param: url("o"), step: 1 }, "page 2 is the same as the one before it"),
    ] {
        let server = start(move |_| same()).await;
        assert_eq!(refused(&server, paged(next, 9)).await, format!("{expected} (hint: {name})"));
        assert_eq!(server.asked().len(), 2);
    }
}

#[tokio::test]
async fn an_answer_that_contradicts_the_paging_is_a_failure() {
    for (answer, next, expected) in [
        (
            json!({ "data": rows(&[1]), "more": true }),
            cursor("$.next", url("after"), Some("$.more")),
            "there are more pages, but no cursor for them (hint: mend the `from` of the `cursor`)",
        ),
        (
            json!({ "data": rows(&[1]), "hasMore": false }),
            cursor("$.data[-1].id", url("after"), Some("$.more")),
            "`more` is nothing, expected true or false (hint: mend the `more` of `pagination`)",
        ),
        (
            json!({ "data": rows(&[1]), "next": { "page": 2 } }),
            cursor("$.next", url("after"), None),
            "the cursor of the next page is neither text nor number (hint: mend the `from` of the \
             `cursor`)",
        ),
        (
            json!({ "data": rows(&[1]), "next": 2 }),
            NextPage::Link("$.next".into()),
            "the link to the next page is no text: `2` (hint: mend the `next_link` of `pagination`)",
        ),
        (
            json!({ "data": rows(&[1, 2, 3]) }),
            NextPage::Offset { param: url("skip"), step: 2 },
            "a page has 3 rows, more than the `step` of 2 (hint: ask the API for as many rows a \
             page as `step` says)",
        ),
    ] {
        let server = start(move |_| stand_in::json(&answer)).await;
        assert_eq!(refused(&server, paged(next, 9)).await, expected);
    }
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

/// 560 tickets, 100 a page, with a link to the next page in `next` and their number in `count`.
async fn tickets() -> StandIn {
    start(|asked| {
        let page: u32 = asked.param("page").map_or(1, |page| page.parse().unwrap());
        let all: Vec<u32> = (0..560).collect();
        let part = all.chunks(100).nth(page as usize - 1).unwrap_or_default();
        let next = (page < 6).then(|| format!("/list?page={}", page + 1));
        stand_in::json(
            &json!({ "data": rows(part), "next": next, "count": 560, "has_more": page < 6 }),
        )
    })
    .await
}

fn tickets_by(pagination: Pagination) -> HttpQuery {
    HttpQuery { pagination: Some(pagination), ..paged(NextPage::LinkHeader, 50) }
}

#[tokio::test]
async fn a_path_to_the_next_page_that_matches_nothing_is_no_last_page() {
    let server = tickets().await;
    let link = |path: &str| NextPage::Link(path.to_owned());
    let said = refused(&server, paged(link("$.next_page"), 50)).await;
    assert_eq!(
        said,
        "`next_link: $.next_page` selects nothing, but the answer has `$.next` (hint: did you mean \
         `$.next`?)"
    );
    let cursor = NextPage::Cursor { from: "$.cursor".into(), param: url("page"), more: None };
    let said = refused(&server, paged(cursor, 50)).await;
    assert!(
        said.starts_with("`cursor.from: $.cursor` selects nothing, but the answer has"),
        "{said}"
    );
    let whole = fetch(client(&server.url), metric(paged(link("$.next"), 50))).await.unwrap();
    assert_eq!((whole.rows.len(), whole.remarks.len()), (560, 0));

    // Without a name that tells: the number, or the look of the page.
    let counted = start(|_| stand_in::json(&json!({ "data": rows(&[1, 2, 3]), "total": 7 }))).await;
    let said = refused(&counted, paged(link("$.next"), 50)).await;
    assert!(said.starts_with(
        "`next_link: $.next` selects nothing, and 3 rows came where `$.total` says 7"
    ));
    let full =
        start(|_| stand_in::json(&json!({ "data": rows(&(0..100).collect::<Vec<_>>()) }))).await;
    let told = fetch(client(&full.url), metric(paged(link("$.next"), 50))).await.unwrap();
    assert_eq!(told.rows.len(), 100);
    assert!(told.remarks[0].contains("the page looks full with 100 rows"), "{:?}", told.remarks);
    let last =
        start(|_| stand_in::json(&json!({ "data": rows(&[1, 2]), "next": null, "total": 2 })))
            .await;
    let whole = fetch(client(&last.url), metric(paged(link("$.next"), 50))).await.unwrap();
    assert_eq!((whole.rows.len(), whole.remarks.len()), (2, 0));
    let none = HttpQuery { pagination: None, ..paged(link("$.next"), 50) };
    let told = fetch(client(&server.url), metric(none)).await.unwrap();
    assert!(told.remarks[0].contains("100 rows came, but the answer says `$.count` = 560"));
}

#[tokio::test]
async fn a_total_checks_that_all_rows_came_whatever_the_way() {
    let total = Some("$.count".to_owned());
    let server = start(|asked| {
        // Knows nothing of the parameter, or one page less than it should.
        let page: u32 = asked.param("page").map_or(0, |page| page.parse().unwrap());
        let part: &[u32] = match page {
            0 => &[1, 2],
            1 => &[3, 4],
            2 => &[5],
            _ => &[],
        };
        stand_in::json(&json!({ "data": rows(part), "count": 5 }))
    })
    .await;
    let page = |first| NextPage::Page { param: url("page"), first };
    let checked = |next| Pagination { total: total.clone(), ..Pagination::new(next, 50) };
    let said = refused(&server, tickets_by(checked(page(1)))).await;
    assert_eq!(
        said,
        "3 rows came, but `total` says 5 (hint: a part is not the whole: mend the `pagination`)"
    );
    let whole = fetch(client(&server.url), metric(tickets_by(checked(page(0))))).await.unwrap();
    assert_eq!(whole.rows.len(), 5);
    let said = refused(&server, tickets_by(checked(NextPage::LinkHeader))).await;
    assert!(said.starts_with("2 rows came, but `total` says 5"), "{said}");
    let missing = Pagination { total: Some("$.nothing".into()), ..Pagination::new(page(0), 50) };
    let said = refused(&server, tickets_by(missing)).await;
    assert!(said.starts_with("`total` of `pagination` selects nothing"), "{said}");
}

#[tokio::test]
async fn more_stops_a_link_that_is_never_null() {
    let server = start(|asked| {
        let page: u32 = asked.param("page").map_or(1, |page| page.parse().unwrap());
        let part: &[u32] = match page {
            1 => &[1, 2],
            2 => &[3],
            _ => &[],
        };
        let next = format!("/list?page={}", page + 1);
        stand_in::json(
            &json!({ "data": rows(part), "next": next, "meta": { "has_more": page < 2 } }),
        )
    })
    .await;
    let next = || NextPage::Link("$.next".into());
    let said = refused(&server, paged(next(), 9)).await;
    assert!(said.starts_with("the answer has more than 9 pages"), "{said}");
    for (more, pages) in [("$.meta.has_more", 2), ("$.data", 3)] {
        let before = server.asked().len();
        let more = Some(more.to_owned());
        let query = tickets_by(Pagination { more, ..Pagination::new(next(), 9) });
        let whole = fetch(client(&server.url), metric(query)).await.unwrap();
        assert_eq!(numbers(&whole), [1.0, 2.0, 3.0]);
        assert_eq!(server.asked().len() - before, pages);
    }
    let renamed = Pagination { more: Some("$.has_more".into()), ..Pagination::new(next(), 9) };
    let said = refused(&server, tickets_by(renamed)).await;
    assert!(said.starts_with("`more` is nothing, expected something, be it empty"), "{said}");
}
