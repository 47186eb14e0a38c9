//! What sources answer: separated values, JSON, Prometheus text, numbers; by HTTP and in files.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kpi_exporter::metric::{Cell, FetchError, Measurement, Metric, Query, Table, Template};
use kpi_exporter::source::client::settings::ClientConfig;
use kpi_exporter::source::files::{FilesConfig, FilesSource};
use kpi_exporter::source::http::{AnswerFormat, CsvFormat, HttpConfig, HttpQuery};
use kpi_exporter::source::{Source, SourceConfig};
use tokio::runtime::{Builder, Runtime};

use crate::ask;
use crate::engine::fuzz;
use crate::stand_in::{StandIn, ok};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// A server that answers with the input.
struct Echo {
    runtime: Runtime,
    body: Arc<Mutex<Vec<u8>>>,
    source: Arc<dyn Source>,
    _server: StandIn,
}

impl Echo {
    fn new() -> Self {
        let runtime = runtime();
        let body: Arc<Mutex<Vec<u8>>> = Arc::default();
        let said = Arc::clone(&body);
        let server = runtime
            .block_on(StandIn::start(move |_| ok("text/plain", said.lock().unwrap().clone())));
        let source =
            SourceConfig::Http(HttpConfig(ClientConfig::new(&*server.url))).open().unwrap();
        Self { runtime, body, source, _server: server }
    }

    fn read(&self, query: HttpQuery, body: &[u8]) -> String {
        *self.body.lock().unwrap() = body.to_vec();
        let metric = Metric { query: Query::new(query), ..ask::metric("") };
        let request = ask::request(metric);
        let first = self.runtime.block_on(self.source.fetch(&request));
        let again = self.runtime.block_on(self.source.fetch(&request));
        assert_eq!(format!("{first:?}"), format!("{again:?}"), "the same twice");
        checked(&request.metric, first)
    }
}

/// A table is one: each row has every column, each column one name. A message is one line.
fn checked(metric: &Metric, answer: Result<Table, FetchError>) -> String {
    let error = match answer {
        Ok(table) => {
            assert!(table.rows.iter().all(|row| row.len() == table.columns.len()), "{table:?}");
            let names: BTreeSet<_> = table.columns.iter().collect();
            assert_eq!(names.len(), table.columns.len(), "{:?}", table.columns);
            let finite = |cell: &Cell| match cell {
                Cell::Number(number) => !number.is_infinite(),
                _ => true,
            };
            assert!(table.rows.iter().flatten().all(finite), "{table:?}");
            match Measurement::from_table(metric, chrono_tz::Tz::UTC, &table) {
                Ok(measured) => {
                    let values = measured.series.values().flat_map(|series| series.values.iter());
                    assert!(values.into_iter().all(|(_, value)| value.is_finite()), "{measured:?}");
                    let (columns, rows) = (table.columns.len().min(4), table.rows.len().min(4));
                    return format!("{} columns, {} rows", "x".repeat(columns), "x".repeat(rows));
                }
                Err(error) => error,
            }
        }
        Err(error) => error,
    };
    let message = error.to_string();
    let is_odd = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}');
    assert!(!message.contains(is_odd), "{message:?}");
    assert!(message.len() < 10_000, "{} bytes", message.len());
    message
}

fn get(format: AnswerFormat) -> HttpQuery {
    HttpQuery { format, ..HttpQuery::get(Template::plain("/")) }
}

const CSV: [&str; 12] =
    [",", ";", "\t", "\"", "\"\"", "\r\n", "\n", "value", "day,value\n", "1,5", "\u{feff}", "'"];

#[test]
fn separated_values() {
    let echo = Echo::new();
    fuzz("csv", &[], &CSV, |input| {
        let (first, rest) = input.split_first().unwrap_or((&0, &[]));
        let encoding = ["utf-8", "windows-1252", "utf-16le"][usize::from(first % 3)];
        let delimiter = if first & 4 == 0 { b',' } else { b';' };
        let format = CsvFormat { delimiter, header: first & 8 == 0, encoding: encoding.into() };
        echo.read(get(AnswerFormat::Csv(format)), rest)
    });
}

const JSON: [&str; 20] = [
    "{",
    "}",
    "[",
    "]",
    "[[[[",
    "\"",
    ":",
    ",",
    "null",
    "true",
    "\\u0000",
    "\\ud800",
    "{\"value\":",
    "[{\"value\":1}]",
    "\"data\"",
    "1e400",
    "-0",
    "9007199254740993",
    "\n",
    "\"\\",
];

#[test]
fn json() {
    let echo = Echo::new();
    fuzz("json", &[], &JSON, |input| {
        let (first, rest) = input.split_first().unwrap_or((&0, &[]));
        let format = [AnswerFormat::Json, AnswerFormat::Ndjson, AnswerFormat::Number];
        echo.read(get(format[usize::from(first % 3)].clone()), rest)
    });
}

/// The first line is where the rows are, the second where the value is.
#[test]
fn json_by_paths() {
    let echo = Echo::new();
    let words = [
        "$",
        ".",
        "..",
        "[*]",
        "[?@.a>1]",
        "[?",
        "@",
        "[0:5:2]",
        "['a']",
        "&&",
        "||",
        "!",
        "(",
        ")",
        "length(",
        "match(@.a,'x')",
        "search(",
        "$[?($[?(@)])]",
        "==",
        "\n",
        "$.data[*]",
        "$.value",
        "[-1]",
        "9007199254740993",
    ];
    fuzz("json_path", &[], &words, |input| {
        let text = String::from_utf8_lossy(input);
        let mut parts = text.splitn(3, '\n');
        let mut part = || parts.next().unwrap_or_default().to_owned();
        let (rows, value) = (part(), part());
        let query = HttpQuery {
            rows: (!rows.is_empty()).then_some(rows),
            columns: vec![("value".to_owned(), value)],
            ..get(AnswerFormat::Json)
        };
        echo.read(query, part().as_bytes())
    });
}

#[test]
fn prometheus_text() {
    let echo = Echo::new();
    let words = [
        "# HELP a b\n",
        "# TYPE a counter\n",
        "# EOF\n",
        "a 1\n",
        "a{b=\"c\"} 2\n",
        "{",
        "}",
        "=",
        "\"",
        "\\\"",
        "\\n",
        ",",
        "NaN",
        "+Inf",
        " 1700000000000",
        "\n",
        "value",
        "name=\"",
        " # {a=\"b\"} 1",
    ];
    fuzz("prometheus", &[], &words, |input| echo.read(get(AnswerFormat::Prometheus), input));
}

/// The same formats as tables in files, asked in SQL.
#[test]
fn files() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = runtime();
    let words: Vec<&str> = CSV.into_iter().chain(JSON).collect();
    fuzz("files", &[], &words, |input| {
        let (first, rest) = input.split_first().unwrap_or((&0, &[]));
        let name = ["t.csv", "t.json", "t.ndjson"][usize::from(first % 3)];
        let path = folder.path().join(name);
        std::fs::write(&path, rest).unwrap();
        let tables = [("t".to_owned(), path.into())].into();
        let source =
            FilesSource::new(&FilesConfig { tables, timeout: Duration::from_mins(1) }).unwrap();
        let metric = ask::metric("SELECT * FROM t");
        let request = ask::request(metric);
        let answer = runtime.block_on(source.fetch(&request));
        checked(&request.metric, answer)
    });
}
