//! SQL over the rows that the `http` source fetched.

use kpi_exporter::metric::{Cell, FetchErrorKind};
use kpi_exporter::source::http::{
    AnswerFormat, CsvFormat, HttpConfig, HttpQuery, NextPage, PageParam, Pagination,
};
use kpi_exporter::source::{Request, SourceConfig};
use serde_json::{Value, json};

use crate::http::{columns, fetch, get, metric, read, template};
use crate::stand_in::{self, StandIn, ok};
use crate::{ask, client};

fn over(sql: &str) -> HttpQuery {
    HttpQuery { rows: Some("$.data[*]".into()), sql: Some(template(sql)), ..get("/") }
}

async fn value(query: HttpQuery, data: Value) -> Cell {
    let document = json!({ "data": data });
    let table = read(query, move || stand_in::json(&document)).await.unwrap();
    assert_eq!(table.columns, ["value"]);
    table.rows[0][0].clone()
}

async fn refusal(query: HttpQuery, data: Value) -> String {
    let document = json!({ "data": data });
    read(query, move || stand_in::json(&document)).await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_query_sees_the_window_and_nested_values() {
    let deals = json!([
        { "id": 1, "day": "2026-03-31", "amount": 5, "tags": ["x"] },
        { "id": 2, "day": "2026-04-01", "amount": 7.5, "tags": ["new", "x"] },
        { "id": 3, "day": "2026-06-30", "amount": null, "tags": [] },
        { "id": 4, "day": "2026-06-30", "amount": 2, "tags": ["new"] },
        { "id": 5, "day": "2026-07-01", "amount": 9, "tags": ["new"] },
    ]);
    let sql = "SELECT sum(amount) AS value FROM rows, json_each(rows.tags) AS tag
               WHERE day >= :window_start_date AND day < :window_end_date AND tag.value = 'new'";
    assert_eq!(value(over(sql), deals.clone()).await, Cell::Number(9.5));
    let seconds = "SELECT :window_end_unix - :window_start_unix AS value FROM rows LIMIT 1";
    assert_eq!(value(over(seconds), deals).await, Cell::Number(7_862_400.0));
}

#[tokio::test]
async fn days_of_an_answer_that_compare_with_no_window_are_refused() {
    let deals = json!([
        { "day": "20260331", "at": 1_774_972_800, "tags": ["new"], "amount": 1 },
        { "day": "20260401", "at": 1_775_059_200, "tags": ["new"], "amount": 10 },
        { "day": "20260630", "at": 1_782_835_200, "tags": ["new"], "amount": 100 },
        { "day": "20260701", "at": 1_782_921_600, "tags": ["new"], "amount": 1000 },
    ]);
    for (compared, cure) in [
        (
            "day >= :window_start_date AND day < :window_end_date",
            "day >= replace(:window_start_date, '-', '') AND day < replace(:window_end_date, '-', '')",
        ),
        (
            "at >= :window_start AND at < :window_end",
            "at >= :window_start_unix AND at < :window_end_unix",
        ),
    ] {
        let sum = |condition: &str| {
            format!(
                "SELECT sum(amount) AS value FROM rows, json_each(rows.tags) AS tag \
                 WHERE tag.value = 'new' AND {condition}"
            )
        };
        let said = refusal(over(&sum(compared)), deals.clone()).await;
        assert!(said.contains("of table `rows` holds `"), "{said}");
        assert!(
            said.ends_with(&format!("write `{}`)", cure.replace(" AND ", "` and `"))),
            "{said}"
        );
        assert_eq!(value(over(&sum(cure)), deals.clone()).await, Cell::Number(110.0));
    }
}

#[tokio::test]
async fn no_rows_are_an_empty_table_with_the_columns_that_are_named() {
    let sql = "SELECT coalesce(sum(amount), 0) AS value FROM rows WHERE stage = 'won'";
    let named =
        HttpQuery { columns: columns(&[("amount", "$.amount"), ("stage", "$.s")]), ..over(sql) };
    assert_eq!(value(named, json!([])).await, Cell::Number(0.0));
    assert_eq!(
        refusal(over(sql), json!([])).await,
        "the answer has no rows, so the columns of table `rows` are not known (hint: name the \
         columns that the query uses under `columns`)"
    );
    let csv =
        AnswerFormat::Csv(CsvFormat { delimiter: b',', header: true, encoding: "utf-8".into() });
    let csv = HttpQuery { format: csv, rows: None, ..over(sql) };
    let table = read(csv, || ok("text/csv", "amount,stage\n")).await.unwrap();
    assert_eq!(table.rows, [[Cell::Number(0.0)]]);
}

#[tokio::test]
async fn types_are_those_of_json_and_what_csv_looks_like() {
    let sql = "SELECT group_concat(typeof(a) || ' ' || a) AS value FROM rows";
    let json_types = json!([{ "a": 1 }, { "a": true }]);
    assert_eq!(value(over(sql), json_types).await, Cell::Text("integer 1,integer 1".into()));
    let mixed = json!([{ "a": "01" }, { "a": 2.5 }, { "a": { "x": null } }]);
    assert_eq!(
        value(over(sql), mixed).await,
        Cell::Text("text 01,text 2.5,text {\"x\":null}".into())
    );
    let csv =
        AnswerFormat::Csv(CsvFormat { delimiter: b',', header: false, encoding: "utf-8".into() });
    let sql = "SELECT typeof(\"1\") || typeof(\"2\") AS value FROM rows";
    let csv = HttpQuery { format: csv, rows: None, ..over(sql) };
    let table = read(csv, || ok("text/csv", "12,007\n13,008\n")).await.unwrap();
    assert_eq!(table.rows[0], [Cell::Text("integertext".into())]);
}

#[tokio::test]
async fn rows_of_all_pages_are_one_table_and_may_be_more_than_the_label_sets() {
    let server = StandIn::start(|asked| {
        let page: u64 = asked.param("page").unwrap().parse().unwrap();
        let rows: Vec<Value> = (0..400).map(|n| json!({ "n": page * 400 + n })).collect();
        stand_in::json(&json!({ "data": if page < 5 { rows } else { vec![] } }))
    })
    .await;
    let next = NextPage::Page { param: PageParam::Url("page".into()), first: 0 };
    let query = HttpQuery {
        pagination: Some(Pagination::new(next, 5)),
        ..over("SELECT count(DISTINCT n) AS value FROM rows")
    };
    let table = fetch(client(&server.url), metric(query)).await.unwrap();
    assert_eq!(table.rows, [[Cell::Number(2000.0)]]);
}

#[tokio::test]
async fn a_query_that_cannot_run_is_explained() {
    let data = json!([{ "n": 1 }]);
    assert_eq!(
        refusal(over("SELECT n AS value FROM deals"), data.clone()).await,
        "no such table: deals (hint: the rows of the answer are the table `rows`)"
    );
    assert_eq!(
        refusal(over("SELECT m AS value FROM rows"), data.clone()).await,
        "no such column: m (hint: the columns are `n`)"
    );
    assert_eq!(
        refusal(over("DELETE FROM rows"), data.clone()).await,
        "`DELETE` begins no query (hint: a query only reads: it begins with SELECT or WITH)"
    );
    let said = refusal(over("SELECT :window_strat AS value FROM rows"), data).await;
    assert!(said.contains("window_strat") && said.contains("window_start"), "{said}");
}

#[tokio::test]
async fn a_query_without_end_is_ended_at_the_time_limit() {
    let server = StandIn::start(|_| stand_in::json(&json!({ "data": [{ "n": 1 }] }))).await;
    let sql = "WITH RECURSIVE more(n) AS (SELECT n FROM rows UNION ALL SELECT n + 1 FROM more)
               SELECT max(n) AS value FROM more";
    let mut config = client(&server.url);
    config.timeout = std::time::Duration::from_millis(500);
    let error = fetch(config, metric(over(sql))).await.unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::Timeout, "{error}");
}

#[tokio::test]
async fn an_api_that_takes_no_dates_is_asked_once_for_all_windows_of_a_run() {
    let server = StandIn::start(|_| {
        let rows =
            json!({ "data": [{ "n": 2, "on": "2026-04-02" }, { "n": 3, "on": "2026-05-02" }] });
        stand_in::json(&rows)
    })
    .await;
    let source = SourceConfig::Http(HttpConfig(client(&server.url))).open().unwrap();
    let sql = "SELECT sum(n) AS value FROM rows WHERE \"on\" < :window_end_date";
    let columns = columns(&[("n", "$.n"), ("on", "$.on")]);
    let request = ask::request(metric(HttpQuery { columns, ..over(sql) }));
    let mut earlier = request.clone();
    earlier.span.window.end = "2026-05-01T04:00:00Z".parse().unwrap();
    let values =
        [source.fetch(&request).await.unwrap().rows, source.fetch(&earlier).await.unwrap().rows];
    assert_eq!(values, [[[Cell::Number(5.0)]], [[Cell::Number(2.0)]]]);
    assert_eq!(server.asked().len(), 1);
    // The next run wants to know what is new.
    let next = Request { asked: tokio::time::Instant::now(), ..request };
    source.fetch(&next).await.unwrap();
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn neither_a_misspelled_name_nor_text_counts_as_zero() {
    let deals = json!([{ "net amount": 5, "eur": "1,5" }, { "net amount": 7, "eur": "12.50" }]);
    let sql = "SELECT sum(\"net amuont\") AS value FROM rows";
    assert_eq!(
        refusal(over(sql), deals.clone()).await,
        "no such column: net amuont (hint: did you mean `\"net amount\"`? a text is written in single \
         quotes, as in 'net amuont')"
    );
    let said = refusal(over("SELECT sum(eur) AS value FROM rows"), deals.clone()).await;
    assert_eq!(
        said,
        "`sum` met the text `1,5`, which is no number; column `eur` of table `rows` has such text, \
         first `1,5` in row 1 (hint: turn it into a number in the query, for example with `replace`, or \
         leave it out: `nullif(eur, '1,5')`)"
    );
    let commas = json!([{ "eur": "1.234,50 €" }, { "eur": "12,50 €" }]);
    let said = refusal(over("SELECT sum(eur) AS value FROM rows"), commas.clone()).await;
    let cure = "replace(replace(replace(eur, '€', ''), '.', ''), ',', '.')";
    assert!(said.ends_with(&format!("(hint: to read it as numbers, write `{cure}`)")), "{said}");
    let cured = format!("SELECT sum({cure}) AS value FROM rows");
    assert_eq!(value(over(&cured), commas).await, Cell::Number(1247.0));
    let cured = "SELECT sum(replace(eur, ',', '.')) AS value FROM rows";
    assert_eq!(value(over(cured), deals.clone()).await, Cell::Number(14.0));
    let strings = json!([{ "price": "9.00" }, { "price": "199.00" }]);
    let most = "SELECT max(price) AS value FROM rows WHERE price > 10";
    assert_eq!(value(over(most), strings).await, Cell::Number(199.0));
}
