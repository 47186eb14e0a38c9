//! The examples under `config/examples`, run by the real program: against stand-ins that answer as
//! the documentation of the services says, and against a real PostgreSQL.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod exchange;
#[path = "../program/exporter.rs"]
#[expect(dead_code, reason = "not all of it is needed here")]
mod exporter;
#[path = "../program/http.rs"]
mod http;
mod plan;
mod redaction;
#[path = "../support/servers.rs"]
#[expect(dead_code, reason = "not all of it is needed here")]
mod servers;
mod services;
#[path = "../support/stand_in.rs"]
mod stand_in;
mod texts;
mod unfinished;
mod walks;
