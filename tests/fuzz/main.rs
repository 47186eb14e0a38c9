//! Fuzzing with a stable compiler. Inputs are made of seeds (`corpus/`, and what else there is in the
//! repository) and of words of their language; those whose outcome is of a new kind are seeds as well. What
//! has to hold is more than that nothing panics: what is accepted is accepted again as the same, messages
//! point into the text and hide secrets, nothing takes long.
//!
//! Here each target runs for a moment; `tests/fuzz.sh 60` lets each run for a minute.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[path = "../support/ask.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod ask;
mod engine;
mod exposed;
mod readers;
#[path = "../support/snapshot.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod snapshot;
#[path = "../support/stand_in.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod stand_in;
mod texts;
