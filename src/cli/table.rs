//! The table that `eval` prints for people: worst news cannot be missed, and every line says why.

use std::io::{self, Write};
use std::sync::Arc;

use anstyle::{AnsiColor, Style};

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr};

use crate::assess::{Assessment, Status};
use crate::calendar::{ceil_day, day_before, day_of};
use crate::filter::Filter;
use crate::kpi::{Kpi, Unit};
use crate::snapshot::{Breakdown, KpiState, Member, Snapshot, Verdict};
use crate::{shown, summary};

/// Columns of a terminal.
const WIDTH: usize = 80;
/// Between two columns.
const GAP: usize = 2;
/// The first two columns are words, the others numbers.
const HEADINGS: [&str; 6] = ["STATUS", "KPI", "VALUE", "DUE NOW", "TARGET", "PROJECTED"];
/// What a title is cut to where numbers are long.
const SHORTEST_TITLE: usize = 16;
/// Members of a breakdown that are printed.
const SHOWN: usize = 10;

/// Writes the table, the worst first, with the reasons; what is wrong with the sources; the totals.
/// `to_come` says that the instant lies in the future.
pub(super) fn write(out: &mut impl Write, snapshot: &Snapshot, to_come: bool) -> io::Result<()> {
    let dim = Style::new().dimmed();
    let still = if to_come { ", which is still to come" } else { "" };
    writeln!(out, "As of {}{still}\n", as_of(snapshot))?;
    let all: Vec<&KpiState> = snapshot.kpis.iter().map(Arc::as_ref).collect();
    let states = summary::most_urgent_first(&all, &Filter::default());
    let mut verdicts: Vec<(&KpiState, &Verdict)> = Vec::new();
    for state in &states {
        verdicts.extend(summary::worst_first(state).into_iter().map(|verdict| (*state, verdict)));
    }
    let rows: Vec<[String; 6]> =
        verdicts.iter().map(|(state, verdict)| cells(&state.kpi, &verdict.assessment)).collect();
    let widths = widths(&rows);
    let heading = row(&HEADINGS.map(str::to_owned), &widths);
    writeln!(out, "{dim}{}{dim:#}", heading.concat().trim_end())?;
    for ((state, verdict), cells) in verdicts.iter().zip(&rows) {
        let colour = colour(verdict.assessment.status);
        let [first, rest @ ..] = row(cells, &widths);
        writeln!(out, "{colour}{first}{colour:#}{}", rest.concat().trim_end())?;
        let why = format!("{}{}: {}", state.kpi.id, verdict.labels, verdict.assessment.reason);
        for line in wrapped(&why, WIDTH - 2) {
            writeln!(out, "  {dim}{line}{dim:#}")?;
        }
    }
    members(out, snapshot)?;
    for (id, source) in &snapshot.sources {
        for (metric, problem) in &source.problems {
            writeln!(out)?;
            for line in wrapped(&format!("source {id}, metric {metric}: {problem}"), WIDTH) {
                writeln!(out, "{line}")?;
            }
        }
    }
    writeln!(out, "\n{}", totals(&states))
}

/// `3 KPIs: 2 missed, 1 achieved.`
fn totals(states: &[&KpiState]) -> String {
    let counted = Status::WORST_FIRST.into_iter().filter_map(|status| {
        let with = |state: &&&KpiState| summary::worst_status(state) == Some(status);
        let count = states.iter().filter(with).count();
        (count > 0).then(|| format!("{count} {}", status.words()))
    });
    let counted: Vec<String> = counted.collect();
    let noun = if states.len() == 1 { "KPI" } else { "KPIs" };
    if counted.is_empty() {
        return format!("{} {noun}.", states.len());
    }
    format!("{} {noun}: {}.", states.len(), counted.join(", "))
}

/// What values are made of, the largest members first.
fn members(out: &mut impl Write, snapshot: &Snapshot) -> io::Result<()> {
    for state in &snapshot.kpis {
        for breakdown in state.breakdowns.iter() {
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

fn cells(kpi: &Kpi, a: &Assessment) -> [String; 6] {
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
        shown::line(&kpi.title, WIDTH),
        value,
        number(a.expected_value),
        target,
        number(a.projected_value),
    ]
}

/// What each column takes; titles have what the others leave of a line.
fn widths(rows: &[[String; 6]]) -> [usize; 6] {
    let mut widths = HEADINGS.map(UnicodeWidthStr::width);
    for cells in rows {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = (*width).max(cell.width());
        }
    }
    let [status, title, numbers @ ..] = &mut widths;
    let others: usize = *status + GAP + numbers.iter().map(|width| width + GAP).sum::<usize>();
    *title = (*title).min(WIDTH.saturating_sub(others).max(SHORTEST_TITLE));
    widths
}

fn row(cells: &[String; 6], widths: &[usize; 6]) -> [String; 6] {
    const WORDS: usize = 2;
    std::array::from_fn(|i| {
        let cell = fitted(&cells[i], widths[i]);
        let room = " ".repeat(widths[i].saturating_sub(cell.width()));
        let gap = if i + 1 < widths.len() { " ".repeat(GAP) } else { String::new() };
        if i < WORDS { format!("{cell}{room}{gap}") } else { format!("{room}{cell}{gap}") }
    })
}

/// As much of a text as so many columns of a terminal hold.
fn fitted(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut fits = String::new();
    for letter in text.chars() {
        if fits.width() + letter.width().unwrap_or(0) >= width {
            break;
        }
        fits.push(letter);
    }
    fits + "…"
}

/// Lines of so many columns, broken between words.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            line.push_str(word);
        } else if line.width() + 1 + word.width() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_give_way_to_numbers_and_wide_signs_count_twice() {
        let cells = |title: &str| {
            ["✕ off track", title, "1,234,567", "1,234,567", "1,234,567 to 2", "1,234,567"]
                .map(str::to_owned)
        };
        let long = cells("A title that is far longer than any line of a terminal could hold");
        let wide = cells("転換率転換率転換率転換率転換率転換率転換率");
        let widths = widths(&[long.clone(), wide.clone()]);
        for cells in [long, wide] {
            let line = row(&cells, &widths).concat();
            assert_eq!(line.width(), WIDTH, "{line}");
            assert!(line.contains('…'), "{line}");
        }
        assert_eq!(wrapped("a bc def", 4), ["a bc", "def"]);
        assert_eq!(wrapped("abcdef g", 3), ["abcdef", "g"]);
    }
}
