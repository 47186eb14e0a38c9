//! The report of `check --connect`, for people. What is wrong is told in full, and once: a database
//! that is down is one trouble, however many metrics it has.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::Tried;
use super::summary::Summary;
use crate::cli::answer::{aligned, cut, plain};
use crate::cli::counted;
use crate::config::Config;
use crate::metric::FetchError;

/// Lines are cut to fit into so many characters.
const WIDTH: usize = 100;

const GREEN: Style = AnsiColor::Green.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const RED: Style = AnsiColor::Red.on_default();

/// Writes the report; whether all is well.
pub(in crate::cli) fn write(
    out: &mut impl Write,
    config: &Config,
    tried: &Tried,
) -> io::Result<bool> {
    for (id, source) in &config.sources {
        let metrics = config.definitions.metrics.values().filter(|metric| metric.source == *id);
        let metrics: Vec<_> = metrics
            .filter_map(|metric| Some((metric.id.as_str(), tried.metrics.get(&metric.id)?)))
            .collect();
        let failed = metrics.iter().filter(|(_, summary)| summary.failure.is_some()).count();
        let rebuff = tried.idle.get(id).and_then(Option::as_ref);
        let (style, said) = match (tried.unusable.get(id), metrics.len()) {
            (Some(_), _) => (RED, "failed".to_owned()),
            (None, 0) if rebuff.is_some() => (RED, "failed; no metric uses it".to_owned()),
            (None, 0) => (GREEN, "ok, but no metric uses it".to_owned()),
            (None, all) if failed == 0 => (GREEN, format!("ok, {}", counted(all, "metric"))),
            (None, all) => (RED, format!("failed, {failed} of {}", counted(all, "metric"))),
        };
        let place = cut(&plain(&source.describe()), WIDTH - 40);
        writeln!(out, "\n{id}: {place}: {style}{said}{style:#}")?;
        if let Some(why) = tried.unusable.get(id) {
            write_told(out, "      ", &why.message, why.hint.as_deref())?;
        }
        if let Some(error) = rebuff {
            write_told(out, "      ", &error.message, error.hint.as_deref())?;
        }
        if let Some(login) = tried.logins.get(id) {
            let message = format!("{YELLOW}!{YELLOW:#} {}", plain(&login.message));
            writeln!(out, "    {message}")?;
            write_hint(out, "      ", login.hint.as_deref())?;
        }
        write_metrics(out, &metrics)?;
    }
    write_sum(out, tried)
}

fn write_sum(out: &mut impl Write, tried: &Tried) -> io::Result<bool> {
    let failed = tried.metrics.values().filter(|summary| summary.failure.is_some()).count();
    let idle = tried.idle.values().filter(|failed| failed.is_some()).count();
    let unusable = tried.unusable.len() + idle;
    let all = counted(tried.metrics.len(), "metric");
    if failed == 0 && unusable == 0 {
        let remarks = tried.metrics.values().filter(|one| !one.remarks.is_empty()).count();
        let remarks = match remarks {
            0 => String::new(),
            some => format!(", {some} with a remark"),
        };
        let logins = match tried.logins.len() {
            0 => String::new(),
            some => format!("; {} may do more than read", counted(some, "login")),
        };
        writeln!(out, "\nnothing failed: {all}{remarks}{logins}")?;
        return Ok(true);
    }
    let sources = match unusable {
        0 => String::new(),
        some => format!("; sources that cannot be used: {some}"),
    };
    writeln!(out, "\n{failed} of {all} failed{sources}")?;
    Ok(false)
}

fn write_metrics(out: &mut impl Write, metrics: &[(&str, &Summary)]) -> io::Result<()> {
    if metrics.is_empty() {
        return Ok(());
    }
    let shared = shared(metrics);
    for (error, how_many) in &shared {
        let message = format!("{how_many} metrics: {}", error.message);
        write_told(out, "      ", &message, error.hint.as_deref())?;
    }
    let headings = ["", "METRIC", "ROWS", "TIME", "COLUMNS"].map(str::to_owned).to_vec();
    let cells = metrics.iter().map(|(id, summary)| summary.cells(id));
    let rows: Vec<_> = std::iter::once(headings).chain(cells).collect();
    let mut lines = aligned(&rows, &[false, false, true, true, false]).into_iter();
    if let Some(headings) = lines.next() {
        writeln!(out, "  {headings}")?;
    }
    for (line, (_, summary)) in lines.zip(metrics) {
        let style = summary.style();
        let line = cut(&line, WIDTH - 2);
        let (mark, rest) = line.split_at(line.chars().next().map_or(0, char::len_utf8));
        writeln!(out, "  {style}{mark}{style:#}{rest}")?;
        let alone = |error: &&FetchError| !shared.iter().any(|(told, _)| is_same(told, error));
        if let Some(error) = summary.failure.as_ref().filter(alone) {
            write_told(out, "       ", &error.message, error.hint.as_deref())?;
        }
        for remark in &summary.remarks {
            write_told(out, "       ", &remark.message, remark.hint.as_deref())?;
        }
    }
    Ok(())
}

/// The failures that several metrics have in common, and how many have each.
fn shared<'a>(metrics: &[(&str, &'a Summary)]) -> Vec<(&'a FetchError, usize)> {
    let mut found: Vec<(&FetchError, usize)> = Vec::new();
    for error in metrics.iter().filter_map(|(_, summary)| summary.failure.as_ref()) {
        match found.iter_mut().find(|(known, _)| is_same(known, error)) {
            Some((_, times)) => *times += 1,
            None => found.push((error, 1)),
        }
    }
    found.retain(|(_, times)| *times > 1);
    found
}

fn is_same(one: &FetchError, other: &FetchError) -> bool {
    (one.kind, &one.message, &one.hint) == (other.kind, &other.message, &other.hint)
}

fn write_told(
    out: &mut impl Write,
    indent: &str,
    message: &str,
    hint: Option<&str>,
) -> io::Result<()> {
    writeln!(out, "{indent}{}", plain(message))?;
    write_hint(out, indent, hint)
}

fn write_hint(out: &mut impl Write, indent: &str, hint: Option<&str>) -> io::Result<()> {
    match hint {
        Some(hint) => writeln!(out, "{indent}hint: {}", plain(hint)),
        None => Ok(()),
    }
}
