//! CSV as the `http` source reads it, in the encodings and with the mistakes of spreadsheets.

use std::sync::{Arc, Mutex};

use kpi_exporter::metric::{Cell, FetchError, Table};
use kpi_exporter::source::SourceConfig;
use kpi_exporter::source::http::{HttpConfig, HttpQuery};
use proptest::prelude::*;
use serde_json::json;

use crate::ask::{self, names};
use crate::client;
use crate::formats::{csv, text};
use crate::http::{columns, metric, read, refusal};
use crate::stand_in::{self, StandIn, ok};

async fn csv_table(query: HttpQuery, body: impl Into<Vec<u8>>) -> Result<Table, FetchError> {
    let body = body.into();
    read(query, move || ok("text/csv", body.clone())).await
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
            // Blanks around a value are none of it, and a quote after them is one.
            let is_quote = |cell: &String| cell.trim() != cell && cell.trim().starts_with('"');
            prop_assume!(!rows.iter().flatten().any(is_quote));
            let cell = |cell: &String| match cell.trim() {
                "" => Cell::Null,
                cell => text(cell),
            };
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
