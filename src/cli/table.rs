//! The table that `eval` prints for people: worst news cannot be missed, and every line says why.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::assess::{Assessment, Status};
use crate::calendar::{ceil_day, day_before, day_of};
use crate::figures::attainment;
use crate::kpi::{Kpi, Unit};
use crate::snapshot::{Breakdown, Member, Snapshot};

const HEADINGS: [&str; 8] =
    ["STATUS", "KPI", "VALUE", "EXPECTED", "TARGET", "ATTAINED", "PACE", "PROJECTED"];
/// Members of a breakdown that are printed.
const SHOWN: usize = 10;
/// The first two columns are words, the others numbers.
const WORDS: usize = 2;

/// Writes the table, the reasons, and what is wrong with the sources. `to_come` says that the instant
/// lies in the future.
pub(super) fn write(out: &mut impl Write, snapshot: &Snapshot, to_come: bool) -> io::Result<()> {
    let dim = Style::new().dimmed();
    let still = if to_come { ", which is still to come" } else { "" };
    writeln!(out, "As of {}{still}\n", as_of(snapshot))?;
    let rows: Vec<(Status, [String; 8])> = snapshot
        .verdicts()
        .map(|(state, verdict)| {
            let name = format!("{}{}", state.kpi.id, verdict.labels);
            (verdict.assessment.status, cells(&state.kpi, name, &verdict.assessment))
        })
        .collect();
    let widths = widths(&rows);
    let heading = row(&HEADINGS.map(str::to_owned), &widths);
    writeln!(out, "{dim}{}{dim:#}", heading.concat().trim_end())?;
    for ((_, verdict), (status, cells)) in snapshot.verdicts().zip(&rows) {
        let colour = colour(*status);
        let [first, rest @ ..] = row(cells, &widths);
        writeln!(out, "{colour}{first}{colour:#}{}", rest.concat().trim_end())?;
        writeln!(out, "  {dim}{}{dim:#}", verdict.assessment.reason)?;
    }
    members(out, snapshot)?;
    for (id, source) in &snapshot.sources {
        for (metric, problem) in &source.problems {
            writeln!(out, "\nsource {id}, metric {metric}: {problem}")?;
        }
    }
    Ok(())
}

/// What values are made of, the largest members first.
fn members(out: &mut impl Write, snapshot: &Snapshot) -> io::Result<()> {
    for state in &snapshot.kpis {
        for breakdown in &state.breakdowns {
            let Breakdown { labels, by, members, others, adds_up } = breakdown;
            let sum = if *adds_up { "" } else { " (members do not add up to the whole)" };
            writeln!(out, "\n{}{labels} by {by}{sum}", state.kpi.id)?;
            for member in members.iter().take(SHOWN) {
                writeln!(out, "  {}", words(&state.kpi, member))?;
            }
            let more = members.len().saturating_sub(SHOWN) + others.saturating_sub(1);
            if more > 0 {
                writeln!(out, "  and {more} more")?;
            }
        }
    }
    Ok(())
}

/// `DE 12 %, share 60 % (value −1.0 pt, share +10.0 pt)`.
fn words(kpi: &Kpi, member: &Member) -> String {
    let name = if member.name.is_empty() { "(none)" } else { &member.name };
    let value = member.value.map_or_else(|| "-".to_owned(), |value| kpi.unit.show(value));
    let share = member.share.map(|share| format!(", share {}", Unit::Percent.show(share)));
    let changes = [
        member.change.map(|change| format!("value {}", kpi.unit.show_change(change))),
        member.share_change.map(|change| format!("share {}", Unit::Percent.show_change(change))),
    ];
    let changes: Vec<String> = changes.into_iter().flatten().collect();
    let changes = match &changes[..] {
        [] => String::new(),
        changes => format!(" ({})", changes.join(", ")),
    };
    format!("{name}: {value}{}{changes}", share.unwrap_or_default())
}

/// An instant that closes a day is called by that day, as it was asked for.
fn as_of(snapshot: &Snapshot) -> String {
    let zone = snapshot.timezone;
    let day = day_before(zone, snapshot.as_of);
    if ceil_day(zone, snapshot.as_of) == day_of(zone, snapshot.as_of) {
        return format!("the end of {} ({zone})", day.format("%-d %B %Y"));
    }
    snapshot.as_of.with_timezone(&zone).format("%-d %B %Y %H:%M %Z").to_string()
}

fn cells(kpi: &Kpi, name: String, a: &Assessment) -> [String; 8] {
    let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |v| kpi.unit.show(v));
    let (value, target) = match (a.value, a.target_value) {
        (Some(value), Some(target)) => kpi.unit.show_pair(value, target),
        (value, target) => (number(value), number(target)),
    };
    let target = match (a.target_value, a.target_lower_value, a.target_upper_value) {
        (None, Some(low), Some(high)) => {
            format!("{} to {}", kpi.unit.show(low), kpi.unit.show(high))
        }
        _ => target,
    };
    [
        format!("{} {}", a.status.symbol(), a.status.words()),
        name,
        value,
        number(a.expected_value),
        target,
        a.target_ratio.map_or_else(|| "-".to_owned(), attainment),
        a.pace_ratio.map_or_else(|| "-".to_owned(), |pace| format!("{pace:.2}")),
        number(a.projected_value),
    ]
}

fn widths(rows: &[(Status, [String; 8])]) -> [usize; 8] {
    let mut widths = HEADINGS.map(str::len);
    for (_, cells) in rows {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = (*width).max(cell.chars().count());
        }
    }
    widths
}

fn row(cells: &[String; 8], widths: &[usize; 8]) -> [String; 8] {
    std::array::from_fn(|i| {
        let (cell, width) = (&cells[i], widths[i]);
        if i < WORDS { format!("{cell:<width$}  ") } else { format!("{cell:>width$}  ") }
    })
}

fn colour(status: Status) -> Style {
    let style = Style::new();
    match status {
        Status::OnTrack | Status::Achieved => style.fg_color(Some(AnsiColor::Green.into())),
        Status::AtRisk => style.fg_color(Some(AnsiColor::Yellow.into())),
        Status::OffTrack | Status::Missed => style.fg_color(Some(AnsiColor::Red.into())).bold(),
        Status::TooEarly | Status::NoData => style.dimmed(),
    }
}
