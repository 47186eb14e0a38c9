//! The message in Slack's Block Kit, within its limits: 50 blocks, 3000 characters of a text, 150 of a
//! header.

use serde_json::{Value, json};

use super::message::{Line, Message};

/// The body of a post.
pub(super) fn payload(message: &Message) -> Value {
    let mut blocks = vec![json!({
        "type": "header",
        "text": { "type": "plain_text", "text": message.title, "emoji": false },
    })];
    if let Some(besides) = &message.besides {
        blocks.push(context(&escaped(besides)));
    }
    blocks.extend(message.lines.iter().map(section));
    if message.more > 0 {
        blocks.push(context(&format!("and {} more", message.more)));
    }
    if let Some(link) = &message.link {
        blocks.push(context(&format!("<{}|The whole review>", escaped(link))));
    }
    json!({ "text": escaped(&message.title), "blocks": blocks })
}

fn section(said: &Line) -> Value {
    let subject = match (&said.subject, &said.link) {
        (Some(subject), Some(link)) => {
            format!("*<{}|{}>*: ", escaped(link), escaped(subject).replace('|', "/"))
        }
        (Some(subject), None) => format!("*{}*: ", escaped(subject)),
        (None, _) => String::new(),
    };
    let text = format!("{} {subject}{}", said.sign, escaped(&said.text));
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": text } })
}

fn context(text: &str) -> Value {
    json!({ "type": "context", "elements": [{ "type": "mrkdwn", "text": text }] })
}

/// What would call people, or lead somewhere, stays text.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
