//! The message as mail: text, and the same as HTML that needs no picture.

use std::error::Error as _;
use std::io;

use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::AsyncSmtpTransport;
use lettre::{AsyncTransport as _, Tokio1Executor};
use maud::{DOCTYPE, html};

use super::channel::Email;
use super::failure::{SendError, TIMEOUT};
use super::message::Message;

/// A letter with a number of its own, by which mail systems tell copies.
pub(super) fn letter(
    email: &Email,
    message: &Message,
    id: &str,
) -> Result<lettre::Message, SendError> {
    let refused = |what: &str| SendError::new(format!("`{what}` is no address of mail"));
    let mailbox = |text: &str| text.parse::<Mailbox>().map_err(|_| refused(text));
    let from = mailbox(&email.from)?;
    let host = from.email.domain().to_owned();
    let mut letter = lettre::Message::builder()
        .from(from)
        .message_id(Some(format!("<{id}@{host}>")))
        .subject(message.title.clone());
    for to in &email.to {
        letter = letter.to(mailbox(to)?);
    }
    let parts = MultiPart::alternative_plain_html(message.text(), page(message));
    letter.multipart(parts).map_err(|error| SendError::new(format!("no letter: {error}")))
}

/// Hands a letter to its server.
pub(super) async fn post(email: &Email, letter: lettre::Message) -> Result<(), SendError> {
    // What either error says may quote the address, and with it a password.
    let server = AsyncSmtpTransport::<Tokio1Executor>::from_url(&email.server.expose());
    let server = server.map_err(|_| {
        SendError::new(
            "`server` is no address like smtps://user:password@mail.example.com".to_owned(),
        )
    })?;
    let server = server.timeout(Some(TIMEOUT)).build();
    // Its own time limit ends with the connection: a server may then say nothing for ever.
    let sent = tokio::time::timeout(TIMEOUT, server.send(letter)).await;
    let silent = || SendError::new("the mail server does not answer".to_owned());
    sent.map_err(|_| silent())?.map(drop).map_err(|error| {
        let what = if error.is_timeout() {
            "the mail server does not answer".to_owned()
        } else if let Some(code) = error.status() {
            format!("the mail server refused it with {code}")
        } else if error.is_tls() || is_of_tls(&error) {
            "the mail server shows a certificate that is not trusted".to_owned()
        } else if error.is_client() {
            "the mail server offers no TLS, or no login that is known here".to_owned()
        } else {
            "the mail server cannot be reached".to_owned()
        };
        SendError::new(what)
    })
}

/// Whether what failed was a greeting of TLS: the library calls that a connection.
fn is_of_tls(error: &lettre::transport::smtp::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if error.is::<rustls::Error>()
            || matches!(inner, Some(inner) if inner.is::<rustls::Error>())
        {
            return true;
        }
        cause = error.source();
    }
    false
}

fn page(message: &Message) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            body style="font: 15px/1.45 sans-serif; color: #1a1d21; max-width: 42em" {
                h1 style="font-size: 20px; margin: 0 0 8px" { (message.title) }
                @if let Some(besides) = &message.besides { p { (besides) } }
                @for line in &message.lines {
                    p style="margin: 8px 0" {
                        (line.sign) " "
                        @if let Some(subject) = &line.subject {
                            strong {
                                @match &line.link {
                                    Some(link) => a href=(link) style="color: #1a1d21" { (subject) },
                                    None => (subject),
                                }
                            }
                            ": "
                        }
                        (line.text)
                    }
                }
                @if message.more > 0 { p { "and " (message.more) " more" } }
                @if let Some(link) = &message.link { p { a href=(link) { "The whole review" } } }
            }
        }
    };
    page.into_string()
}
