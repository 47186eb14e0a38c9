//! The `http` source.

use kpi_exporter::kpi::{Format, HttpQuery, Method, Query, Template};
use kpi_exporter::source::{self, SourceConfig};
use serde_json::json;

use crate::stand_in::{self, StandIn};
use crate::{ask, client};

fn template(text: &str) -> Template {
    Template { text: text.into(), secret: false }
}

fn get(path: &str) -> HttpQuery {
    HttpQuery {
        method: Method::Get,
        path: template(path),
        params: vec![],
        headers: vec![],
        body: None,
        format: Format::Json,
        rows: None,
        columns: vec![],
        pagination: None,
        sql: None,
    }
}

#[tokio::test]
async fn a_path_is_below_that_of_the_source() {
    let server = StandIn::start(|_| stand_in::json(&json!({ "value": 1 }))).await;
    let config = SourceConfig::Http(client(&format!("{}/api/", server.url)));
    let source = source::build(&config).unwrap();
    let mut metric = ask::metric("");
    metric.query = Query::Http(Box::new(get("/v1/sessions")));
    source.fetch(&ask::request(metric)).await.unwrap();
    assert_eq!(server.asked()[0].path(), "/api/v1/sessions");
}
