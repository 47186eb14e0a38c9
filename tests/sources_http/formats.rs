//! The formats of the `http` source: what each makes of an answer.

use std::sync::{Arc, Mutex};

use kpi_exporter::exposition::{
    ExpositionFormat as Exposition, Published, ScrapeBody, SelfMetrics,
};
use kpi_exporter::metric::{Cell, FetchError, Labels, Table};
use kpi_exporter::snapshot::{MetricState, Snapshot};
use kpi_exporter::source::SourceConfig;
use kpi_exporter::source::http::{AnswerFormat, CsvFormat, HttpConfig, HttpQuery};
use proptest::prelude::*;
use serde_json::json;

use crate::ask::{self, names};
use crate::client;
use crate::http::{columns, get, metric, read, refusal, template};
use crate::stand_in::{self, StandIn, ok};

fn number(number: f64) -> Cell {
    Cell::Number(number)
}

fn text(text: &str) -> Cell {
    Cell::Text(text.into())
}

fn in_format(format: AnswerFormat) -> HttpQuery {
    HttpQuery { format, ..get("/") }
}

fn csv(delimiter: u8, header: bool, encoding: &str) -> HttpQuery {
    in_format(AnswerFormat::Csv(CsvFormat { delimiter, header, encoding: encoding.into() }))
}

async fn csv_table(query: HttpQuery, body: impl Into<Vec<u8>>) -> Result<Table, FetchError> {
    let body = body.into();
    read(query, move || ok("text/csv", body.clone())).await
}

#[tokio::test]
async fn json_rows_have_the_columns_that_paths_select_and_nothing_else() {
    let document = json!({ "data": [
        { "n": 3, "geo": { "country": "US" }, "ok": true, "id": 9_007_199_254_740_993_u64 },
        { "n": "12.5", "geo": null, "ok": false, "id": 18_446_744_073_709_551_615_u64 },
        { "n": null, "geo": { "country": null }, "ok": [1], "id": 2.5 },
    ] });
    let query = HttpQuery {
        rows: Some("$.data[*]".into()),
        columns: columns(&[
            ("value", "$.n"),
            ("country", "$.geo.country"),
            ("ok", "$.ok"),
            ("id", "$['id']"),
        ]),
        ..get("/")
    };
    let table = read(query, move || stand_in::json(&document)).await.unwrap();
    assert_eq!(table.columns, names(&["value", "country", "ok", "id"]));
    assert_eq!(
        table.rows,
        [
            [number(3.0), text("US"), yes_or_no(true), text("9007199254740993")],
            [text("12.5"), Cell::Null, yes_or_no(false), text("18446744073709551615")],
            [Cell::Null, Cell::Null, Cell::Other("array".into()), number(2.5)],
        ]
    );
}

#[tokio::test]
async fn without_columns_all_scalars_of_a_row_are_columns() {
    let document = json!([{ "a": 1, "deep": { "x": 1 } }, { "b": "x", "a": 2 }, {}]);
    let query = HttpQuery { rows: Some("$[*]".into()), ..get("/") };
    let table = read(query, move || stand_in::json(&document)).await.unwrap();
    assert_eq!(table.columns, names(&["a", "b"]));
    assert_eq!(
        table.rows,
        [[number(1.0), Cell::Null], [number(2.0), text("x")], [Cell::Null, Cell::Null]]
    );
}

#[tokio::test]
async fn the_document_is_the_only_row_without_rows_and_a_bare_number_is_a_value() {
    let table = read(get("/"), || ok("application/json", "\u{feff}{\"a\": 1.5}")).await.unwrap();
    assert_eq!(
        table,
        Table { columns: names(&["a"]), rows: vec![vec![number(1.5)]], ..Table::default() }
    );
    let table = read(get("/"), || ok("application/json", "42")).await.unwrap();
    assert_eq!(
        table,
        Table { columns: names(&["value"]), rows: vec![vec![number(42.0)]], ..Table::default() }
    );
    assert_eq!(
        refusal(get("/"), || stand_in::json(&json!([{ "a": 1 }]))).await,
        "the document is an array, not a row (hint: name its rows: `rows: \"$[*]\"`)"
    );
    let query = HttpQuery { rows: Some("$[*]".into()), ..get("/") };
    assert_eq!(
        refusal(query, || stand_in::json(&json!([[1, 2]]))).await,
        "a row is an array, so its columns have no names (hint: name them: `columns: { value: \
         \"$[0]\" }`)"
    );
}

#[tokio::test]
async fn a_column_that_selects_many_values_is_refused() {
    let query = HttpQuery { columns: columns(&[("value", "$.tags[*].n")]), ..get("/") };
    assert_eq!(
        refusal(query, || stand_in::json(&json!({ "tags": [{ "n": 1 }, { "n": 2 }] }))).await,
        "column `value`: `$.tags[*].n` selects 2 values, expected one (hint: let it select one \
         value, or let `rows` select each as a row)"
    );
}

#[tokio::test]
async fn a_large_answer_is_read_like_a_small_one() {
    let rows: Vec<_> = (0..900).map(|n| json!({ "value": n, "pad": "x".repeat(1000) })).collect();
    let query = HttpQuery {
        rows: Some("$[*]".into()),
        columns: columns(&[("value", "$.value")]),
        ..get("/")
    };
    let document = json!(rows);
    let table = read(query, move || stand_in::json(&document)).await.unwrap();
    assert_eq!(table.rows.len(), 900);
    assert_eq!(table.rows[899], [number(899.0)]);
}

#[tokio::test]
async fn ndjson_has_a_row_a_line_and_errors_name_the_line() {
    let body = "{\"a\": 1}\r\n\n{\"a\": \"2\", \"b\": true}\n7\n";
    let table = read(in_format(AnswerFormat::Ndjson), move || ok("x/y", body)).await.unwrap();
    assert_eq!(table.columns, names(&["a", "b", "value"]));
    assert_eq!(table.rows[1], [text("2"), yes_or_no(true), Cell::Null]);
    assert_eq!(table.rows[2], [Cell::Null, Cell::Null, number(7.0)]);
    let nothing =
        read(in_format(AnswerFormat::Ndjson), || ok("application/x-ndjson", "")).await.unwrap();
    assert!(nothing.rows.is_empty());
    assert_eq!(
        refusal(in_format(AnswerFormat::Ndjson), || ok("", "{\"a\": 1}\n{\"a\": \n")).await,
        "cannot read the answer: line 2 is broken JSON at column 6: EOF while parsing a value; it \
         has no content type and begins with `{\"a\": 1} {\"a\":` (hint: expected one JSON document a \
         line; is `format` right?)"
    );
    let deep = HttpQuery { columns: columns(&[("v", "$[*]")]), ..in_format(AnswerFormat::Ndjson) };
    let said = refusal(deep, || ok("", "[1]\n[1, 2]")).await;
    assert!(said.starts_with("line 2: column `v`: `$[*]` selects 2 values"), "{said}");
}

#[tokio::test]
async fn csv_with_a_header_names_its_columns() {
    let body = "day;visits;\n2026-04-01;00012;x\n2026-04-02;;\"a;\"\"b\"\"\"\n";
    let table = csv_table(csv(b';', true, "utf-8"), body).await.unwrap();
    assert_eq!(table.columns, names(&["day", "visits", "column_3"]));
    assert_eq!(
        table.rows,
        [
            [text("2026-04-01"), text("00012"), text("x")],
            [text("2026-04-02"), Cell::Null, text("a;\"b\"")],
        ]
    );
    let some = HttpQuery { columns: columns(&[("value", "visits")]), ..csv(b';', true, "utf-8") };
    let table = csv_table(some.clone(), body).await.unwrap();
    assert_eq!((table.columns, table.rows[0].clone()), (names(&["value"]), vec![text("00012")]));
    assert_eq!(csv_table(some, "day;visits\n").await.unwrap().columns, names(&["value"]));
}

#[tokio::test]
async fn csv_without_a_header_has_numbered_columns() {
    let table = csv_table(csv(b',', false, "utf-8"), "US,3\nDE,4\n").await.unwrap();
    assert_eq!(table.columns, names(&["1", "2"]));
    let query = HttpQuery {
        columns: columns(&[("value", "2"), ("country", "1")]),
        ..csv(b',', false, "utf-8")
    };
    let table = csv_table(query, "US,3\nDE,4\n").await.unwrap();
    assert_eq!(table.rows, [[text("3"), text("US")], [text("4"), text("DE")]]);
    assert!(csv_table(csv(b',', false, "utf-8"), "").await.unwrap().rows.is_empty());
}

#[tokio::test]
async fn csv_comes_in_the_encodings_that_spreadsheets_write() {
    let expected = Table {
        columns: names(&["Stadt", "Größe"]),
        rows: vec![vec![text("Köln – €"), text("3")]],
        ..Table::default()
    };
    let latin = b"Stadt;Gr\xf6\xdfe\r\nK\xf6ln \x96 \x80;3\r\n";
    assert_eq!(csv_table(csv(b';', true, "windows-1252"), latin).await.unwrap(), expected);
    let written = "\u{feff}Stadt\tGröße\r\nKöln – €\t3\r\n";
    let utf16 =
        |bytes: fn(u16) -> [u8; 2]| written.encode_utf16().flat_map(bytes).collect::<Vec<_>>();
    for body in [utf16(u16::to_le_bytes), utf16(u16::to_be_bytes), written.into()] {
        assert_eq!(csv_table(csv(b'\t', true, "windows-1252"), body).await.unwrap(), expected);
    }
    let no_mark = utf16(u16::to_le_bytes).split_off(2);
    assert_eq!(csv_table(csv(b'\t', true, "utf-16le"), no_mark).await.unwrap(), expected);
}

#[tokio::test]
async fn broken_csv_is_refused_with_its_line() {
    for (query, body, expected) in [
        (
            csv(b',', true, "utf-8"),
            &b"a,b\n1,\xe9\n"[..],
            "line 2 of the answer is not UTF-8 (hint: set the `encoding` of the format, like \
             `windows-1252`)",
        ),
        (
            csv(b',', true, "utf-8"),
            b"a,b\n1,2\n1,2,3\n",
            "line 3 has 3 fields, but the first has 2 (hint: is a quote missing, or is the \
             `delimiter` another one?)",
        ),
        (
            HttpQuery { columns: columns(&[("value", "visits")]), ..csv(b',', true, "utf-8") },
            b"day,visitors\n",
            "the header has no column `visits`, it has `day`, `visitors` (hint: was it renamed, or \
             is the `delimiter` another one?)",
        ),
        (csv(b',', true, "utf-8"), b"a,a\n", "the header has two columns `a`"),
        (
            csv(b',', true, "utf-8"),
            b"",
            "the answer is empty (status 200 OK), expected CSV with a header row (hint: check \
             `method` and `path`)",
        ),
        (
            csv(b',', true, "utf-8"),
            b"<html><body>no</body></html>",
            "the answer is an HTML page, not CSV: `<html><body>no</body></html>` (hint: a login or \
             error page? check the `auth` of the source and the `path`)",
        ),
    ] {
        assert_eq!(csv_table(query, body).await.unwrap_err().to_string(), expected);
    }
    let error = json!({ "error": "no such report" });
    assert_eq!(
        refusal(csv(b',', true, "utf-8"), move || stand_in::json(&error)).await,
        "the answer is JSON, not CSV: `{\"error\":\"no such report\"}` (hint: check `format` and the \
         `path`)"
    );
}

#[tokio::test]
async fn a_plain_number_is_a_value() {
    for (body, expected) in [
        (" 42\n", number(42.0)),
        ("\u{feff}-1.5e3", number(-1500.0)),
        ("NaN", Cell::Null),
        ("+Inf", Cell::Null),
    ] {
        let table =
            read(in_format(AnswerFormat::Number), move || ok("text/plain", body)).await.unwrap();
        assert_eq!(
            table,
            Table { columns: names(&["value"]), rows: vec![vec![expected]], ..Table::default() }
        );
    }
    let long = "there are far too many orders today to count them";
    assert_eq!(
        refusal(in_format(AnswerFormat::Number), move || ok("text/plain", long)).await,
        "the answer is no number: `there are far too many orders today to c…` (hint: check `format` \
         and the `path`)"
    );
    let said = refusal(in_format(AnswerFormat::Number), || ok("text/plain", "")).await;
    assert!(said.starts_with("the answer is empty (status 200 OK), expected a number"), "{said}");
}

const EXPOSED: &str = "\
# HELP orders_total Orders so far.
# TYPE orders_total counter
orders_total{shop=\"a \\\"b\\\"\",region=\"EU\"} 3 1700000000000
orders_total{shop=\"c\\\\d\\n\"} 4e2

queue_seconds NaN
queue_limit +Inf
# EOF
orders_total{shop=\"late\"} 5
";

#[tokio::test]
async fn prometheus_text_has_a_row_a_sample() {
    let kind = "text/plain; version=0.0.4";
    let table = read(in_format(AnswerFormat::Prometheus), move || ok(kind, EXPOSED)).await.unwrap();
    assert_eq!(table.columns, names(&["name", "value", "shop", "region"]));
    assert_eq!(
        table.rows,
        [
            [text("orders_total"), number(3.0), text("a \"b\""), text("EU")],
            [text("orders_total"), number(400.0), text("c\\d\n"), Cell::Null],
            [text("queue_seconds"), Cell::Null, Cell::Null, Cell::Null],
            [text("queue_limit"), Cell::Null, Cell::Null, Cell::Null],
        ]
    );
    let summed = HttpQuery {
        columns: columns(&[("n", "value"), ("shop", "shop"), ("metric", "name")]),
        sql: Some(template("SELECT sum(n) AS value FROM rows WHERE metric = 'orders_total'")),
        ..in_format(AnswerFormat::Prometheus)
    };
    let table = read(summed, move || ok(kind, EXPOSED)).await.unwrap();
    assert_eq!(table.rows, [[number(403.0)]]);
    let missing =
        HttpQuery { columns: columns(&[("v", "store")]), ..in_format(AnswerFormat::Prometheus) };
    assert_eq!(
        refusal(missing, move || ok(kind, EXPOSED)).await,
        "no sample has the label `store`; the first has `name`, `value`, `shop`, `region` (hint: \
         mend `columns`)"
    );
    assert_eq!(
        refusal(in_format(AnswerFormat::Prometheus), || ok("text/plain", "up 1\nup{a=\"b} 1\n"))
            .await,
        "cannot read the answer: line 2: a quote is never closed; it is `text/plain` and begins \
         with `up 1 up{a=\"b} 1` (hint: expected the text format of Prometheus; is `format` right?)"
    );
}

fn snapshot(rows: &[(String, f64)]) -> Snapshot {
    let metrics = rows.iter().enumerate().map(|(index, (label, value))| MetricState {
        name: format!("m{index}"),
        kpi: None,
        labels: Labels::from_iter([("region", label.as_str())]),
        value: *value,
    });
    Snapshot {
        as_of: "2026-05-01T04:00:00Z".parse().unwrap(),
        timezone: chrono_tz::UTC,
        kpis: vec![],
        objectives: std::collections::BTreeMap::new(),
        metrics: metrics.collect(),
        sources: std::collections::BTreeMap::new(),
    }
}

#[test]
fn what_the_program_exposes_is_read_back_as_it_was() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let body: Arc<Mutex<String>> = Arc::default();
    let serving = Arc::clone(&body);
    let server = runtime.block_on(StandIn::start(move |_| ok("", serving.lock().unwrap().clone())));
    let source = SourceConfig::Http(HttpConfig(client(&server.url))).open().unwrap();
    let loaded = "2026-05-01T04:00:00Z".parse().unwrap();
    let own = SelfMetrics::new(["shop"], 0, "abc", loaded).unwrap();
    let rows = prop::collection::vec(
        ("\\PC{1,12}|[\\\\\"\n{},= #]{1,9}", prop::num::f64::NORMAL | prop::num::f64::ZERO),
        1..5,
    );
    let cases = proptest::test_runner::Config::with_cases(48);
    proptest::test_runner::TestRunner::new(cases)
        .run(&(rows, any::<bool>()), |(rows, open)| {
            let format = if open { Exposition::OpenMetrics } else { Exposition::Text };
            let published = Published::new(Arc::new(snapshot(&rows)));
            let scrape = ScrapeBody::new(Some(&published), &own, format, false).unwrap();
            let whole = [&scrape.shared[..], &scrape.own[..]].concat();
            *body.lock().unwrap() = String::from_utf8(whole).unwrap();
            let query = HttpQuery {
                columns: columns(&[("metric", "metric"), ("region", "region"), ("v", "value")]),
                ..in_format(AnswerFormat::Prometheus)
            };
            let table = runtime.block_on(source.fetch(&ask::request(metric(query)))).unwrap();
            let read: Vec<_> = table.rows.into_iter().filter(|row| row[0] != Cell::Null).collect();
            let expected: Vec<_> = rows
                .iter()
                .enumerate()
                .map(|(index, (label, value))| {
                    vec![text(&format!("m{index}")), text(label), number(*value)]
                })
                .collect();
            prop_assert_eq!(read, expected);
            Ok(())
        })
        .unwrap();
}

/// A boolean: 1 and 0 as a value, `true` and `false` as a label.
fn yes_or_no(yes: bool) -> Cell {
    Cell::Written(f64::from(u8::from(yes)), yes.to_string())
}

fn gzipped(text: &str) -> Vec<u8> {
    use std::io::Write;
    let mut zipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    zipped.write_all(text.as_bytes()).unwrap();
    zipped.finish().unwrap()
}

#[tokio::test]
async fn a_gzipped_answer_is_read_with_all_its_members_whatever_it_says() {
    let members = [gzipped("1"), gzipped("234")].concat();
    for encoding in [Some("gzip"), Some("x-gzip"), None] {
        let (body, members) = (members.clone(), members.clone());
        let answer = move |body: Vec<u8>| {
            let mut reply = ok("text/plain", body);
            if let Some(encoding) = encoding {
                let value = hyper::header::HeaderValue::from_static(encoding);
                reply.headers_mut().insert("content-encoding", value);
            }
            reply
        };
        let table =
            read(in_format(AnswerFormat::Number), move || answer(body.clone())).await.unwrap();
        assert_eq!(table.rows, [[number(1234.0)]], "{encoding:?}");
        let cut = members[..members.len() - 4].to_vec();
        let said = refusal(in_format(AnswerFormat::Number), move || answer(cut.clone())).await;
        assert!(said.contains("cannot be unpacked"), "{said}");
    }
}

#[tokio::test]
async fn a_part_is_never_the_whole() {
    let said =
        refusal(get("/"), || stand_in::status(206, "application/json", "{\"value\": 1}")).await;
    assert!(said.starts_with("the answer is only a part of the whole (status 206)"), "{said}");
    for twice in ["{\"value\": 1, \"value\": 2}", "{\"value\": 1, \"a\": {\"b\": 1, \"b\": 2}}"] {
        let said = refusal(get("/"), move || ok("application/json", twice)).await;
        assert!(said.contains("is there twice at line 1"), "{said}");
    }
    let lines = in_format(AnswerFormat::Ndjson);
    let said =
        refusal(lines, || ok("application/x-ndjson", "{\"value\": 1}\n{\"a\": 1, \"a\": 2}\n"))
            .await;
    assert!(
        said.contains("line 2 is broken JSON") && said.contains("`a` is there twice"),
        "{said}"
    );
    let open = "value\n1\n\"2\n3\n4\n";
    let said = refusal(csv(b',', true, "utf-8"), move || ok("text/csv", open)).await;
    assert!(said.starts_with("line 3 of the answer: a quote opens that never closes"), "{said}");
}

#[test]
fn csv_that_was_written_is_read_back() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let body: Arc<Mutex<Vec<u8>>> = Arc::default();
    let serving = Arc::clone(&body);
    let server =
        runtime.block_on(StandIn::start(move |_| ok("text/csv", serving.lock().unwrap().clone())));
    let source = SourceConfig::Http(HttpConfig(client(&server.url))).open().unwrap();
    let rows = (1..4_usize).prop_flat_map(|width| {
        prop::collection::vec(prop::collection::vec("\\PC{0,6}|[;,\"\n\r\t ]{1,5}", width), 1..6)
    });
    let cases = proptest::test_runner::Config::with_cases(48);
    proptest::test_runner::TestRunner::new(cases)
        .run(&(rows, prop::sample::select(b",;\t|".to_vec())), |(rows, delimiter)| {
            let mut writer = csv_writer(delimiter);
            let header: Vec<String> = (0..rows[0].len()).map(|n| format!("c{n}")).collect();
            writer.write_record(&header).unwrap();
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            *body.lock().unwrap() = writer.into_inner().unwrap();
            let query = csv(delimiter, true, "utf-8");
            let table = runtime.block_on(source.fetch(&ask::request(metric(query)))).unwrap();
            prop_assert_eq!(table.columns, header);
            let cell = |cell: &String| if cell.is_empty() { Cell::Null } else { text(cell) };
            let expected: Vec<Vec<Cell>> =
                rows.iter().map(|row| row.iter().map(cell).collect()).collect();
            prop_assert_eq!(table.rows, expected);
            Ok(())
        })
        .unwrap();
}

fn csv_writer(delimiter: u8) -> ::csv::Writer<Vec<u8>> {
    ::csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new())
}
