//! What became of the digests, below the sources: a channel that fails is somebody's to mend.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use maud::{Markup, html};

use super::words::Column::Words;
use super::words::{ABSENT, counted, heading, moment};
use crate::store::{DigestSlot, DigestState};

/// The last slot of each digest.
pub(super) fn section(digests: &BTreeMap<String, DigestSlot>, timezone: Tz) -> Markup {
    html! {
        @if !digests.is_empty() {
            section {
                h2 { "Digests" }
                table.plain {
                    (heading(&[Words("Digest"), Words("Due"), Words("What became of it"), Words("Next attempt")]))
                    tbody {
                        @for (name, slot) in digests {
                            tr {
                                th scope="row" { (name) }
                                td data-label="Due" { (moment(slot.slot, timezone)) }
                                td data-label="What became of it" { (said(slot)) }
                                td data-label="Next attempt" {
                                    @if slot.state == DigestState::Pending { (moment(slot.due, timezone)) } @else { (ABSENT) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn said(slot: &DigestSlot) -> String {
    let problem = slot.problem.as_deref().unwrap_or("not sent yet");
    match slot.state {
        DigestState::Start | DigestState::Pending if slot.attempts == 0 => {
            "not sent yet".to_owned()
        }
        DigestState::Start | DigestState::Pending => {
            format!("{} in vain: {problem}", counted(slot.attempts as usize, "attempt", "attempts"))
        }
        DigestState::Released => "on its way".to_owned(),
        DigestState::Sent => slot.problem.as_ref().map_or_else(
            || "sent".to_owned(),
            |problem| format!("sent, as far as is known: {problem}"),
        ),
        DigestState::Quiet => "nothing to say".to_owned(),
        DigestState::GivenUp => format!("given up: {problem}"),
        DigestState::Skipped => {
            "not sent: the program did not run, and it was too late afterwards".to_owned()
        }
    }
}
