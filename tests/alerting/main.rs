//! From a number in a file to a message for people: generated rules, Prometheus, Alertmanager, and
//! what stands ready under `deploy/`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]
#![expect(clippy::disallowed_methods, reason = "files of the project")]

mod bench;
mod configuration;
mod deploy;
#[path = "../program/exporter.rs"]
#[expect(dead_code, reason = "not all of it is needed here")]
mod exporter;
#[path = "../support/faults.rs"]
#[expect(dead_code, reason = "only what certificates need")]
mod faults;
mod from_zero;
mod grafana;
#[path = "../program/http.rs"]
mod http;
#[path = "../support/mail.rs"]
mod mail;
mod mixin;
mod mutants;
mod rules;
mod story;
mod texts;
#[path = "../support/tls.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod tls;
mod webhook;
