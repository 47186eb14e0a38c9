//! Each example comes to the numbers that were worked out by hand.

use std::collections::BTreeMap;
use std::process::Output;

use sqlx::{AssertSqlSafe, Connection, Executor};

use crate::exchange::{Expected, Stage, Story, run, said};
use crate::exporter::kpi;
use crate::servers::{self, PASSWORD};

/// The service is a stand-in that answers as documented.
async fn comes_to_the_numbers(service: &str) {
    let story = Story::of(service);
    let stage = Stage::set(&story).await;
    let checked = stage.run(&["check"]).await;
    assert_eq!(checked.status.code(), Some(0), "{}", said(&checked));
    let evaluate = ["eval", "--format", "json", "--log-level", "trace", "--as-of", &story.as_of];
    let evaluated = stage.run(&evaluate).await;
    stage.knows_all_that_was_asked();
    are_as_expected(&evaluated, &story.expected);
    stage.is_played_to_the_end();
    let secrets = stage.secrets();
    for output in [&checked, &evaluated] {
        for secret in &secrets {
            assert!(!said(output).contains(secret.as_str()), "{secret} is shown");
        }
    }
}

fn are_as_expected(evaluated: &Output, expected: &BTreeMap<String, Expected>) {
    let log = String::from_utf8_lossy(&evaluated.stderr);
    let json: serde_json::Value =
        serde_json::from_slice(&evaluated.stdout).unwrap_or_else(|error| panic!("{error}: {log}"));
    let mut wrong = Vec::new();
    for (id, expected) in expected {
        let found = kpi(&json, id);
        for (name, number) in [
            ("value", expected.value),
            ("baseline_value", expected.baseline_value),
            ("target_value", expected.target_value),
        ] {
            let near = |found: f64| (found - number).abs() <= 1e-9 * number.abs();
            if !found[name].as_f64().is_some_and(near) {
                wrong.push(format!("{id}.{name}: {}, expected {number}", found[name]));
            }
        }
        if found["status"] != *expected.status {
            wrong.push(format!("{id}.status: {}, expected {}", found["status"], expected.status));
        }
        if wrong.last().is_some_and(|last| last.starts_with(id)) {
            wrong.push(format!("  {}: {}\n  {}", id, expected.how, found["reason"]));
        }
    }
    assert!(wrong.is_empty(), "{}\n{log}", wrong.join("\n"));
    assert_eq!(json["kpis"].as_array().unwrap().len(), expected.len(), "{json:#}");
    assert_eq!(evaluated.status.code(), Some(0), "{log}");
}

macro_rules! services {
    ($($service:ident),*) => {
        /// Every example with a test here.
        pub(crate) const SERVICES: &[&str] = &["product_database", $(stringify!($service)),*];
        $(
            #[tokio::test]
            async fn $service() {
                comes_to_the_numbers(stringify!($service)).await;
            }
        )*
    };
}

services!(bigquery, github, google_analytics, google_sheet, hubspot, salesforce, snowflake, stripe);

#[tokio::test]
async fn one_walk_through_the_pages_serves_all_windows() {
    let story = Story::of("stripe");
    let stage = Stage::set(&story).await;
    let evaluated = stage.run(&["eval", "--as-of", &story.as_of]).await;
    assert_eq!(evaluated.status.code(), Some(0), "{}", said(&evaluated));
    assert_eq!(stage.service.asked().len(), 2, "one for each page");
}

#[tokio::test]
async fn product_database() {
    let story = Story::of("product_database");
    let server = servers::postgres().await;
    let mut login = server.superuser("postgres").await;
    let setup = crate::exchange::read(&story.folder.join(story.setup.as_ref().unwrap()));
    login.execute(sqlx::raw_sql(AssertSqlSafe(setup))).await.unwrap();
    login.close().await.unwrap();

    let secret = PASSWORD.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
    let url = format!("postgres://kpi:{secret}@127.0.0.1:{}/postgres", server.port);
    let environment = story.environment.keys().map(|name| (name.clone(), url.clone())).collect();
    let checked = run(&story.config, &environment, &["check"]).await;
    assert_eq!(checked.status.code(), Some(0), "{}", said(&checked));
    let evaluate = ["eval", "--format", "json", "--log-level", "trace", "--as-of", &story.as_of];
    let evaluated = run(&story.config, &environment, &evaluate).await;
    are_as_expected(&evaluated, &story.expected);
    for output in [&checked, &evaluated] {
        assert!(!said(output).contains(PASSWORD) && !said(output).contains(&secret));
    }
}
