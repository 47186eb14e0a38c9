//! The formats of the `http` source: what each makes of an answer.

use kpi_exporter::metric::{Cell, Table};
use kpi_exporter::source::http::{AnswerFormat, CsvFormat, HttpQuery};
use serde_json::json;

use crate::ask::names;
use crate::http::{columns, get, read, refusal};
use crate::stand_in::{self, ok};

pub(crate) fn number(number: f64) -> Cell {
    Cell::Number(number)
}

pub(crate) fn text(text: &str) -> Cell {
    Cell::Text(text.into())
}

pub(crate) fn in_format(format: AnswerFormat) -> HttpQuery {
    HttpQuery { format, ..get("/") }
}

pub(crate) fn csv(delimiter: u8, header: bool, encoding: &str) -> HttpQuery {
    in_format(AnswerFormat::Csv(CsvFormat { delimiter, header, encoding: encoding.into() }))
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
