//! The review as a document: Markdown for a wiki or a message, HTML for paper. One is as complete as the
//! other. Not here: what is in it (`review`), and where it goes (`cli`).

mod html;
mod markdown;
pub mod parts;

pub use html::html;
pub use markdown::markdown;

use chrono::{NaiveDate, NaiveTime};

use crate::assess::Assessment;
use crate::kpi::Kpi;
use crate::review::{Action, Cadence, Review};

/// What stands for a number that does not exist.
const ABSENT: &str = "–";

/// `Weekly review, 30 June 2026`.
fn title(review: &Review<'_>) -> String {
    let cadence = match review.cadence {
        Cadence::Weekly => "Weekly",
        Cadence::Monthly => "Monthly",
        Cadence::Quarterly => "Quarterly",
    };
    format!("{cadence} review, {}", day(review.snapshot.calendar.day_before(review.snapshot.as_of)))
}

/// What it is about and compared with.
fn span(review: &Review<'_>) -> String {
    let zone = review.snapshot.timezone;
    let local = review.snapshot.as_of.with_timezone(&zone);
    let until = if local.time() == NaiveTime::MIN {
        "the end of the day".to_owned()
    } else {
        local.format("%H:%M").to_string()
    };
    format!("As of {until}, {zone}; compared with {}.", day(review.since))
}

fn day(day: NaiveDate) -> String {
    day.format("%-d %B %Y").to_string()
}

/// The head of a column.
pub fn column(review: &Review<'_>, last: NaiveDate) -> String {
    match review.cadence {
        Cadence::Weekly => last.format("%-d %b").to_string(),
        Cadence::Monthly => last.format("%b %Y").to_string(),
        Cadence::Quarterly => format!("to {}", last.format("%b %Y")),
    }
}

/// `week on week`.
pub fn on(cadence: Cadence) -> String {
    format!("{0} on {0}", cadence.noun())
}

/// `What to do in 2026-Q3`, where it is one period.
fn to_do(actions: &[Action<'_>]) -> String {
    match actions {
        [first, rest @ ..] if rest.iter().all(|action| action.period == first.period) => {
            format!("What to do in {}", first.period.words())
        }
        _ => "What to do".to_owned(),
    }
}

/// What is to be reached or kept.
pub fn target(kpi: &Kpi, a: &Assessment) -> String {
    let shown = |value| kpi.unit.show(value);
    match (a.target_lower_value, a.target_upper_value, a.target_value) {
        (Some(lower), Some(upper), _) => format!("{} to {}", shown(lower), shown(upper)),
        (Some(lower), None, _) => format!("at least {}", shown(lower)),
        (None, Some(upper), _) => format!("at most {}", shown(upper)),
        (None, None, Some(target)) => shown(target),
        (None, None, None) => ABSENT.to_owned(),
    }
}
