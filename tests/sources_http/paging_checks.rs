//! Answers that contradict the paging: a part is never taken for the whole.

use kpi_exporter::source::http::{HttpQuery, NextPage, Pagination};
use serde_json::json;

use crate::client;
use crate::http::{fetch, metric};
use crate::paging::{cursor, numbers, paged, refused, rows, start, url};
use crate::stand_in::{self, Asked, StandIn};

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
