//! `fetch --raw` and `check --connect` show what was sent and what came, but for logins.

use crate::exchange::{Stage, Story, said};

/// All that a command prints about an example, logs included; no secret is in it.
async fn shown(service: &str, arguments: &[&str]) -> String {
    let story = Story::of(service);
    let stage = Stage::set(&story).await;
    let output = stage.run(&[arguments, &["--log-level", "trace"]].concat()).await;
    let text = said(&output);
    stage.knows_all_that_was_asked();
    assert_eq!(output.status.code(), Some(0), "{text}");
    let secrets = stage.secrets();
    assert!(!secrets.is_empty());
    for secret in secrets {
        assert!(!text.contains(&secret), "{secret} is in\n{text}");
    }
    text
}

fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
}

#[tokio::test]
async fn a_fetch_shows_the_answers_as_they_came_without_the_key() {
    let text = shown("stripe", &["fetch", "subscriptions", "--raw", "--as-of", "2026-06-30"]).await;
    has(&text, &["authorization: ***", "starting_after=sub_06", "\"id\": \"sub_06\"", "mrr = 900"]);
}

#[tokio::test]
async fn a_fetch_shows_neither_what_a_token_is_bought_with_nor_the_token() {
    let fetch = ["fetch", "closed_opportunities", "--raw", "--as-of", "2026-06-30"];
    let text = shown("salesforce", &fetch).await;
    has(&text, &["refresh_token: ***", "client_secret: ***", "authorization: ***"]);
    has(&text, &["\"IsWon\": true", "won_amount = 45000"]);
}

#[tokio::test]
async fn a_connecting_check_tells_what_came_without_the_key() {
    let text = shown("stripe", &["check", "--connect"]).await;
    has(&text, &["subscriptions", "customers_at_start number"]);
}
