//! Payloads keep to the published limits of their channels, whatever there is to say.

use serde_json::Value;

use super::message::{Line, Message};
use super::{mail, slack, teams};
use crate::digest::Email;
use crate::secret::Secret;

/// A message with as much as `compose` lets through, of letters that grow when they are escaped.
fn largest() -> Message {
    let line = Line {
        sign: "✕",
        subject: Some("&".repeat(101)),
        text: "&".repeat(401),
        link: Some(format!("https://kpis.example.com/{}", "p".repeat(200))),
    };
    Message {
        title: "&".repeat(150),
        besides: Some("&<!channel>".repeat(20)),
        lines: vec![line; 24],
        more: 9_000,
        link: Some("https://kpis.example.com/review".to_owned()),
        is_fine: false,
    }
}

#[test]
fn slack_takes_50_blocks_of_3000_characters_and_a_header_of_150() {
    let payload = slack::payload(&largest());
    let blocks = payload["blocks"].as_array().unwrap();
    assert!(blocks.len() <= 50, "{}", blocks.len());
    let texts = blocks.iter().flat_map(|block| {
        let elements = block["elements"].as_array().cloned().unwrap_or_default();
        elements.into_iter().chain([block["text"].clone()])
    });
    for text in texts.filter(|text| !text.is_null()) {
        let length = text["text"].as_str().unwrap().chars().count();
        let most = if text["type"] == "plain_text" { 150 } else { 3_000 };
        assert!((1..=most).contains(&length), "{length}: {text}");
    }
    assert!(!payload.to_string().contains("<!channel>"));
}

#[test]
fn teams_takes_28_kilobytes_and_says_how_many_are_left_out() {
    let payload = teams::payload(&largest());
    let size = payload.to_string().len();
    assert!(size <= 28 << 10, "{size}");
    let card = &payload["attachments"][0]["content"];
    assert_eq!(
        (&card["type"], &card["version"]),
        (&Value::from("AdaptiveCard"), &Value::from("1.4"))
    );
    let body = card["body"].as_array().unwrap();
    assert!(body.len() > 5 && body.last().unwrap()["text"].as_str().unwrap().starts_with("and "));
}

#[test]
fn a_letter_has_a_text_and_a_page_without_pictures_and_a_number_of_its_own() {
    let email = Email {
        server: Secret::fixed("smtps://u:p@mail.example.com"),
        from: "KPIs <kpis@example.com>".to_owned(),
        to: vec!["ada@example.com".to_owned(), "Bob <bob@example.com>".to_owned()],
    };
    let message = Message { title: "2 of 3 — 達成".to_owned(), ..largest() };
    let letter = mail::letter(&email, &message, "kpi-exporter-all-20260427T060000Z").unwrap();
    let text = String::from_utf8(letter.formatted()).unwrap();
    assert!(text.contains("Message-ID: <kpi-exporter-all-20260427T060000Z@example.com>"), "{text}");
    let parts = ["multipart/alternative", "text/plain", "text/html"];
    assert!(parts.iter().all(|part| text.contains(part)), "{text}");
    assert!(!text.contains("<img") && !text.contains("u:p@"), "{text}");
    let nobody = Email { to: vec!["nobody".to_owned()], ..email };
    assert!(mail::letter(&nobody, &message, "x").is_err());
}
