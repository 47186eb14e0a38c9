//! Answers that come with a good status and say that they are not all, or not yet there.

use std::process::Output;

use serde_json::json;

use crate::exchange::{Story, run, said};
use crate::stand_in::{StandIn, status};

/// A fetch from a server that answers everything alike.
async fn fetch(service: &str, metric: &str, answer: (u16, serde_json::Value)) -> Output {
    let story = Story::of(service);
    let (code, body) = answer;
    let server = StandIn::start(move |_| status(code, "application/json", body.to_string())).await;
    let environment = story.environment.into_iter();
    let environment = environment.map(|(name, value)| (name, value.replace("{base}", &server.url)));
    run(&story.config, &environment.collect(), &["fetch", metric]).await
}

#[tokio::test]
async fn they_are_failed_fetches() {
    let incomplete = json!({ "total_count": 7, "incomplete_results": true, "items": [] });
    let token = "ya29.example";
    let running = json!({ "access_token": token, "token_type": "Bearer", "expires_in": 3599,
        "kind": "bigquery#queryResponse", "jobComplete": false });
    let accepted = json!({ "code": "333334", "statementHandle": "01b2",
        "message": "Asynchronous execution in progress. Use provided query id to check status." });
    for (service, metric, answer, told) in [
        ("github", "merged_pull_requests", (200, incomplete), "`$.incomplete_results` is true"),
        ("bigquery", "orders", (200, running), "`$.jobComplete` is false"),
        ("snowflake", "orders", (202, accepted), "the answer is not ready"),
    ] {
        let output = fetch(service, metric, answer).await;
        let text = said(&output);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains(told), "no {told} in\n{text}");
        assert!(!text.contains(token), "{text}");
    }
}
