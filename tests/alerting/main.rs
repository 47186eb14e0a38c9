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
mod from_zero;
mod grafana;
#[path = "../program/http.rs"]
mod http;
mod mixin;
mod mutants;
mod rules;
mod story;
mod webhook;
