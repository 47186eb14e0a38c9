//! The program beside sources that fail in every way we know: what is healthy stays fresh, what is
//! broken says why without giving secrets away, memory stays bounded, and it heals by itself.
//! `docs/failures.md` is the same for users.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod alive;
mod clock;
mod crowd;
mod demo;
mod digest;
mod digest_channels;
mod digest_slots;
mod disk;
mod docs;
#[path = "../program/exporter.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod exporter;
#[path = "../support/faults.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod faults;
#[path = "../program/http.rs"]
mod http;
mod leap;
#[path = "../support/mail.rs"]
mod mail;
mod outage;
mod reload;
mod restart;
mod server;
#[path = "../support/servers.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod servers;
mod service;
#[path = "../support/shop.rs"]
mod shop;
mod sources;
mod store;
#[path = "../support/tls.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod tls;
