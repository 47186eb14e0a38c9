//! What a digest says: the answer, what is in trouble with the early KPIs first, one sentence each, and what
//! else a review has to tell.

use super::channel::{Digest, Span};
use crate::assess::Status;
use crate::filter::Filter;
use crate::review::{Cadence, Item, Known, Review, Topic, review};
use crate::shown;
use crate::summary::{Tone, worst_first};

/// Sentences that are sent; the page has all.
const MOST: usize = 24;
/// Characters of one.
const LONGEST: usize = 400;
/// Characters of what it is about.
const LONGEST_SUBJECT: usize = 100;
/// Characters of a title, which are those of a header of Slack.
const LONGEST_TITLE: usize = 150;

/// What is sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// `Last week: 1 of 3 KPIs is off track: Trial-to-paid conversion.`
    pub title: String,
    /// What the title leaves out.
    pub besides: Option<String>,
    /// One sentence each, the worst first.
    pub lines: Vec<Line>,
    /// How many more there are.
    pub more: usize,
    /// Where the whole review is.
    pub link: Option<String>,
    /// Whether nothing needs attention.
    pub is_fine: bool,
}

/// A sentence.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// `✕`, `✓`.
    pub sign: &'static str,
    /// What it is about.
    pub subject: Option<String>,
    /// The sentence, without its subject.
    pub text: String,
    /// The page of the KPI.
    pub link: Option<String>,
}

impl Digest {
    /// What it says of what is known: the review of the KPIs that it is about.
    pub fn message(&self, known: Known<'_>, external_url: Option<&str>) -> Message {
        let chosen = [("team", &self.team), ("objective", &self.objective)];
        let chosen = chosen.iter().filter_map(|(key, value)| Some((*key, value.as_deref()?)));
        // Both were checked with the configuration.
        let filter = Filter::parse(chosen, known.snapshot).unwrap_or_default();
        compose(&review(known, &filter, Cadence::Weekly), self.span, external_url)
    }
}

/// The message of a review. Links lead below `external_url`, where it is known.
fn compose(review: &Review<'_>, span: Span, external_url: Option<&str>) -> Message {
    let mut lines = trouble(review, external_url);
    for section in &review.sections {
        if matches!(section.topic, Topic::EarlyWarnings | Topic::Recovered | Topic::DataProblems) {
            lines.extend(section.items.iter().map(|item| line(item, external_url)));
        }
        if section.topic == Topic::Closings {
            let good = |item: &&Item<'_>| item.status == Some(Status::Achieved);
            lines.extend(section.items.iter().filter(good).map(|item| line(item, external_url)));
        }
    }
    let mut seen: Vec<(Option<String>, String)> = Vec::new();
    lines.retain(|line| {
        let key = (line.subject.clone(), line.text.clone());
        let new = !seen.contains(&key);
        seen.push(key);
        new
    });
    let more = lines.len().saturating_sub(MOST);
    lines.truncate(MOST);
    let about = match span {
        Span::Now => "",
        Span::LastWeek => "Last week: ",
        Span::ThisWeek => "This week: ",
    };
    Message {
        title: shown::cut(&format!("{about}{}", review.headline), LONGEST_TITLE - 1).into_owned(),
        besides: review.besides.clone(),
        lines,
        more,
        link: external_url.map(|url| format!("{}/review", url.trim_end_matches('/'))),
        is_fine: review.tone == Tone::Good,
    }
}

/// KPIs in trouble, the early ones first.
fn trouble(review: &Review<'_>, external_url: Option<&str>) -> Vec<Line> {
    let mut states: Vec<_> = review.rows.iter().map(|row| row.state).collect();
    states.sort_by_key(|state| !state.kpi.kind.is_early());
    let line = |state: &crate::snapshot::KpiState| {
        let verdict = *worst_first(state).first()?;
        let a = &verdict.assessment;
        let trouble = matches!(a.status, Status::OffTrack | Status::Missed | Status::AtRisk);
        trouble.then(|| Line {
            sign: a.status.symbol(),
            subject: Some(shown::line(&state.kpi.title, LONGEST_SUBJECT)),
            text: shown::line(&a.reason, LONGEST),
            link: page(&state.kpi.id, external_url),
        })
    };
    states.into_iter().filter_map(line).collect()
}

fn line(item: &Item<'_>, external_url: Option<&str>) -> Line {
    Line {
        sign: item.status.map_or("", Status::symbol),
        subject: item.subject().map(|subject| shown::line(&subject, LONGEST_SUBJECT)),
        text: shown::line(&item.text, LONGEST),
        link: item.state.and_then(|state| page(&state.kpi.id, external_url)),
    }
}

fn page(id: &str, external_url: Option<&str>) -> Option<String> {
    Some(format!("{}/kpi/{id}", external_url?.trim_end_matches('/')))
}

impl Message {
    /// The message as plain text.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n", self.title);
        if let Some(besides) = &self.besides {
            text = format!("{text}{besides}\n");
        }
        if !self.lines.is_empty() {
            text.push('\n');
        }
        for line in &self.lines {
            let subject = line.subject.as_deref().map(|subject| format!("{subject}: "));
            let subject = subject.unwrap_or_default();
            text = format!("{text}{} {subject}{}\n", line.sign, line.text);
            if let Some(link) = &line.link {
                text = format!("{text}  {link}\n");
            }
        }
        if self.more > 0 {
            text = format!("{text}and {} more\n", self.more);
        }
        match &self.link {
            Some(link) => format!("{text}\nThe whole review: {link}\n"),
            None => text,
        }
    }
}
