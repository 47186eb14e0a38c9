//! What happens when one period ends and the next begins: in one snapshot, closed by the source,
//! final after the grace; and two years of days with every kind of period.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod daemon;
mod goals;
#[path = "../program/http.rs"]
mod http;
mod years;
