//! The text format of Prometheus as the `http` source reads it, and what the program itself exposes.

use std::sync::{Arc, Mutex};

use kpi_exporter::exposition::{
    ExpositionFormat as Exposition, Published, ScrapeBody, SelfMetrics,
};
use kpi_exporter::metric::{Cell, Labels};
use kpi_exporter::snapshot::{MetricState, Snapshot};
use kpi_exporter::source::SourceConfig;
use kpi_exporter::source::http::{AnswerFormat, HttpConfig, HttpQuery};
use proptest::prelude::*;

use crate::ask::{self, names};
use crate::client;
use crate::formats::{in_format, number, text};
use crate::http::{columns, metric, read, refusal, template};
use crate::stand_in::{StandIn, ok};

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
        calendar: kpi_exporter::calendar::Calendar {
            timezone: chrono_tz::UTC,
            ..Default::default()
        },
        kpis: vec![],
        objectives: std::collections::BTreeMap::new(),
        metrics: vec![metrics.collect()],
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
            let scrape = ScrapeBody::new(Some(&published), &own, format, None).unwrap();
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
