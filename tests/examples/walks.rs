//! How often the daemon walks through an API that takes no dates.

use serde_json::json;

use crate::exporter::{Exporter, sample};
use crate::stand_in::{self, StandIn};

const CONFIG: &str = "
version: 1
sources: { api: { http: { url: '@URL@', proxy: 'off' } } }
defaults: { schedule: '@yearly', period: month }
metrics:
  orders:
    source: api
    rows: $.data[*]
    columns: { day: $.day }
    query: SELECT count(*) AS value FROM rows WHERE day < :window_end_date
kpis: { orders: { kind: lagging, formula: orders, accumulation: level, unit: count, target: { min: 1 } } }
";

#[tokio::test(flavor = "multi_thread")]
async fn at_start_one_walk_serves_the_running_period_and_the_one_before() {
    let answer = json!({ "data": [{ "day": "2026-01-01" }, { "day": "2026-01-02" }] });
    let server = StandIn::start(move |_| stand_in::json(&answer)).await;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("kpis.yaml");
    std::fs::write(&config, CONFIG.replace("@URL@", &server.url)).unwrap();
    let until = move || {
        let daemon = Exporter::run(&config);
        let last = r#"kpi_last_period_value{kpi="orders"}"#;
        daemon.until("the result of last month", |metrics| sample(metrics, last) == Some(2.0));
    };
    tokio::task::spawn_blocking(until).await.unwrap();
    assert_eq!(server.asked().len(), 1);
}
