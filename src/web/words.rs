//! Instants and small words as pages say them. Not here: numbers (`figures`).

use chrono::{DateTime, NaiveTime, Utc};
use chrono_tz::Tz;
use maud::{Markup, html};

use crate::assess::Status;
use crate::calendar::Period;
use crate::figures;
use crate::kpi::Kpi;
use crate::metric::Labels;
pub(super) use crate::report::target;
use crate::shown;
use crate::snapshot::Snapshot;

/// What stands for a number that does not exist.
pub(super) const ABSENT: &str = "–";

/// What a KPI leads, by their titles.
pub(super) fn led(snapshot: &Snapshot, kpi: &Kpi) -> String {
    let titles = kpi.predicts.iter().map(|id| {
        let other = snapshot.kpis.iter().find(|other| other.kpi.id == *id);
        shown::isolated(other.map_or(id.as_str(), |other| &other.kpi.title))
    });
    titles.collect::<Vec<_>>().join(", ")
}

/// What a column of a table holds, by its name.
pub(super) enum Column {
    Words(&'static str),
    Number(&'static str),
}

/// The head of a table.
pub(super) fn heading(columns: &[Column]) -> Markup {
    html! {
        thead {
            tr {
                @for column in columns {
                    @match column {
                        Column::Words(name) => th scope="col" { (name) },
                        Column::Number(name) => th.number scope="col" { (name) },
                    }
                }
            }
        }
    }
}

/// A midnight is said as the end of the day before, as people mean it.
pub(super) fn as_of(at: DateTime<Utc>, timezone: Tz) -> String {
    match day_that_ends(at, timezone) {
        Some(day) => format!("the end of {day}, {timezone}"),
        None => moment(at, timezone),
    }
}

/// Up to when data is complete.
pub(super) fn complete_through(at: DateTime<Utc>, timezone: Tz) -> String {
    day_that_ends(at, timezone).unwrap_or_else(|| moment(at, timezone))
}

fn day_that_ends(at: DateTime<Utc>, timezone: Tz) -> Option<String> {
    let local = at.with_timezone(&timezone).naive_local();
    let day = local.date().pred_opt().filter(|_| local.time() == NaiveTime::MIN)?;
    Some(day.format("%-d %b %Y").to_string())
}

/// To the minute, with the zone.
pub(super) fn moment(at: DateTime<Utc>, timezone: Tz) -> String {
    at.with_timezone(&timezone).format("%-d %b %Y %H:%M %Z").to_string()
}

/// `1 KPI`, `3 KPIs`.
pub(super) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Word and sign; the colour only repeats them.
pub(super) fn badge(status: Status) -> Markup {
    html! {
        span.badge.(status.as_str()) {
            span.symbol aria-hidden="true" { (status.symbol()) } " " span.word { (status.words()) }
        }
    }
}

/// A label set, nothing for an empty one.
pub(super) fn label_chips(labels: &Labels) -> Markup {
    html! { @for (name, value) in labels.iter() { span.label { (name) ": " (value) } " " } }
}

/// How far ahead one KPI goes: `30 days`, `36 h`.
pub(super) fn lead_time(time: std::time::Duration) -> String {
    let days = time.as_secs_f64() / 86_400.0;
    if days.fract() == 0.0 {
        figures::days(days, "")
    } else {
        figures::duration(time.as_secs_f64())
    }
}

/// `30 Oct – 28 Jan 2027`: its first and last day.
pub(super) fn period_days(period: &Period) -> String {
    period.days()
}
