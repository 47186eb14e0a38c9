//! The review as Markdown, as GitHub and most wikis read it. Texts of others stay text.

use std::fmt::Write as _;

use super::{ABSENT, column, on, span, target, title, to_do};
use crate::review::{Change, Review, Row};
use crate::shown;

/// Signs of a line of text, the lowest first.
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Signs that such a line has at most.
const LONGEST: usize = 26;
/// Characters of a reason, a note.
const SAID: usize = 600;

/// The whole document.
pub fn markdown(review: &Review<'_>) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write(&mut text, review);
    text
}

fn write(text: &mut String, review: &Review<'_>) -> std::fmt::Result {
    writeln!(text, "# {}\n\n{}\n", title(review), span(review))?;
    writeln!(text, "**{}**", escaped(&review.headline))?;
    if let Some(besides) = &review.besides {
        writeln!(text, "{}", escaped(besides))?;
    }
    for section in &review.sections {
        writeln!(text, "\n## {}\n", section.topic.title())?;
        for item in &section.items {
            let sign = item.status.map_or("", |status| status.symbol());
            let subject = item.subject().map(|subject| format!("**{}**: ", escaped(&subject)));
            let said = escaped(&item.text);
            writeln!(text, "- {sign} {}{said}", subject.unwrap_or_default())?;
        }
        if section.more > 0 {
            writeln!(text, "- and {} more", section.more)?;
        }
    }
    if let Some(nothing) = &review.nothing {
        writeln!(text, "\n{nothing}")?;
    }
    if !review.actions.is_empty() {
        writeln!(text, "\n## {}\n", to_do(&review.actions))?;
        for action in &review.actions {
            writeln!(text, "- {}", escaped(&action.sentence()))?;
        }
    }
    rows(text, review)
}

fn rows(text: &mut String, review: &Review<'_>) -> std::fmt::Result {
    if review.rows.is_empty() {
        return Ok(());
    }
    writeln!(text, "\n## Every KPI\n")?;
    let columns: Vec<String> = review.columns.iter().map(|last| column(review, *last)).collect();
    let heads = columns.join(" | ");
    let (noun, on) = (review.cadence.noun(), on(review.cadence));
    writeln!(text, "Numbers are of the {noun} that ends on the day above them.\n")?;
    writeln!(text, "| | KPI | {heads} | A year | {on} | year on year | Target | Now |")?;
    writeln!(text, "|---|---|{}---|--:|--:|--:|--:|", "--:|".repeat(columns.len()))?;
    for row in &review.rows {
        let (kpi, a) = (&row.state.kpi, &row.verdict.assessment);
        let shown = |value: &Option<f64>| value.map_or(ABSENT.to_owned(), |v| kpi.unit.show(v));
        let numbers = row.told(ABSENT);
        let change =
            |change: Option<Change>| change.map_or(ABSENT.to_owned(), |c| c.text(&kpi.unit));
        writeln!(
            text,
            "| {} {} | {} | {} | {} | {} | {} | {} | {} |",
            a.status.symbol(),
            a.status.words(),
            escaped(&named(row)),
            numbers.join(" | "),
            sparkline(row),
            change(row.change),
            change(row.year),
            target(kpi, a),
            shown(&a.value),
        )?;
    }
    writeln!(text)?;
    for row in &review.rows {
        writeln!(text, "- **{}**: {}", escaped(&named(row)), escaped(&said(review, row)))?;
    }
    Ok(())
}

fn named(row: &Row<'_>) -> String {
    let title = &row.state.kpi.title;
    if row.sets > 1 { format!("{title}, worst of {}", row.sets) } else { title.clone() }
}

/// Reason, what happened, and the newest note.
fn said(review: &Review<'_>, row: &Row<'_>) -> String {
    let mut said = row.verdict.assessment.reason.clone();
    if let Some(text) = &row.story {
        said = format!("{said} {text}");
    }
    if let Some(note) = row.note {
        let by = note.author.as_deref().map_or(String::new(), |author| format!(", {author}"));
        said = format!(
            "{said} Note of {}{by}: {}",
            note.at.with_timezone(&review.snapshot.timezone).format("%-d %B"),
            note.text
        );
    }
    said
}

/// A line of block signs.
fn sparkline(row: &Row<'_>) -> String {
    let values: Vec<f64> = row.line.iter().map(|(_, value)| *value).collect();
    let every = values.len().div_ceil(LONGEST).max(1);
    let values: Vec<f64> = values.iter().rev().step_by(every).rev().copied().collect();
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let level = |value: &f64| {
        let share = (value - low) / (high - low);
        let share = if share.is_finite() { share } else { 0.5 };
        let index = (share * (LEVELS.len() - 1) as f64).round();
        // 0 to 7 by construction.
        LEVELS.iter().enumerate().find(|(i, _)| *i as f64 >= index).map_or('▄', |(_, sign)| *sign)
    };
    values.iter().map(level).collect()
}

/// A text of others on one line, in which nothing is a mark of Markdown or HTML.
fn escaped(text: &str) -> String {
    let mut safe = String::new();
    for letter in shown::line(text, SAID).chars() {
        match letter {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' => {
                safe.push('\\');
                safe.push(letter);
            }
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            _ => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_others_stay_text() {
        assert_eq!(
            escaped("a|b\n# c <img> *x* & [l](u)"),
            r"a\|b \# c &lt;img&gt; \*x\* &amp; \[l\](u)"
        );
    }
}
