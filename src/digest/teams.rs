//! The message as an Adaptive Card for Teams, which takes 28 KB.

use serde_json::{Value, json};

use super::message::{Line, Message};

/// Bytes of a post, with some room.
const MOST_BYTES: usize = 27 << 10;

/// The body of a post; of too many lines the first.
pub(super) fn payload(message: &Message) -> Value {
    let mut shown = message.lines.len();
    loop {
        let card = card(message, shown);
        if shown == 0 || card.to_string().len() <= MOST_BYTES {
            return card;
        }
        shown -= 1;
    }
}

fn card(message: &Message, shown: usize) -> Value {
    let mut body = vec![block(&message.title, "Large", "Bolder")];
    if let Some(besides) = &message.besides {
        body.push(block(&escaped(besides), "Default", "Default"));
    }
    body.extend(
        message.lines.iter().take(shown).map(|line| block(&sentence(line), "Default", "Default")),
    );
    let more = message.more + message.lines.len().saturating_sub(shown);
    if more > 0 {
        body.push(block(&format!("and {more} more"), "Small", "Lighter"));
    }
    let link = |link: &String| json!({ "type": "Action.OpenUrl", "title": "The whole review", "url": link });
    let actions: Vec<Value> = message.link.iter().map(link).collect();
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "msteams": { "width": "Full" },
                "body": body,
                "actions": actions,
            },
        }],
    })
}

fn block(text: &str, size: &str, weight: &str) -> Value {
    json!({ "type": "TextBlock", "text": text, "wrap": true, "size": size, "weight": weight })
}

fn sentence(said: &Line) -> String {
    let subject = match (&said.subject, &said.link) {
        (Some(subject), Some(link)) => format!("**[{}]({link})**: ", escaped(subject)),
        (Some(subject), None) => format!("**{}**: ", escaped(subject)),
        (None, _) => String::new(),
    };
    format!("{} {subject}{}", said.sign, escaped(&said.text))
}

/// Marks of Markdown stay text.
fn escaped(text: &str) -> String {
    let mut safe = String::new();
    for letter in text.chars() {
        if matches!(letter, '\\' | '*' | '_' | '[' | ']' | '`' | '#') {
            safe.push('\\');
        }
        safe.push(letter);
    }
    safe
}
