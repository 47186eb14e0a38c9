//! Digests: the review in a few sentences, sent on a schedule. What one is, what it says, and how a channel
//! wants it. Not here: when it is due and what was sent already (`daemon`, `store`).

mod channel;
mod failure;
mod mail;
mod message;
mod send;
mod slack;
mod teams;

#[cfg(test)]
mod tests;

pub use channel::{Channel, Digest, Email, Span};
pub use failure::SendError;
pub use message::{Line, Message};
pub use send::send;

/// The number of a digest of one slot, by which a receiver can tell that it came twice.
pub fn id(name: &str, slot: chrono::DateTime<chrono::Utc>) -> String {
    format!("kpi-exporter-{name}-{}", slot.format("%Y%m%dT%H%M%SZ"))
}
