//! `/runbooks/{alert}`: what to do about an alert, from `docs/runbooks`. The texts are built in, so that
//! a link in a notification leads somewhere wherever the program runs.

use maud::{Markup, PreEscaped, html};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::Site;
use super::frame::Place;

/// Names of the alerts with the Markdown of their runbooks.
macro_rules! runbooks {
    ($($alert:literal)*) => {
        &[$(($alert, include_str!(concat!("../../docs/runbooks/", $alert, ".md")))),*]
    };
}

/// Every alert with its runbook, by name.
pub const RUNBOOKS: &[(&str, &str)] = runbooks! {
    "KPIDataStale"
    "KPIDefinitionChanged"
    "KPIExporterAbsent"
    "KPIExporterConfigReloadFailed"
    "KPIExporterDown"
    "KPIFlapping"
    "KPIFrameworkImbalanced"
    "KPILaggingOffTrack"
    "KPILeadingAtRisk"
    "KPILeadingLaggingDivergence"
    "KPILeadingOffTrack"
    "KPINoData"
    "KPIRemoved"
    "KPIRuleEvaluationFailing"
    "KPISourceFailing"
    "KPITargetMissProjected"
    "KPITargetMissed"
    "KPITooMany"
    "KPIWatchdog"
};

/// Whether an alert has one.
fn has_runbook(alert: &str) -> bool {
    RUNBOOKS.iter().any(|(name, _)| *name == alert)
}

impl Site<'_> {
    /// The runbook of an alert; `None` for one that is not known.
    pub fn runbook(&self, alert: &str) -> Option<String> {
        let (name, text) = RUNBOOKS.iter().find(|(name, _)| *name == alert)?;
        let body = html! {
            p.crumbs { "Runbook" }
            article.prose { (markdown(text)) }
            details.more {
                summary { "Other runbooks" }
                (list(Some(name)))
            }
        };
        Some(self.page(Place::Below, &format!("{name}: runbook"), &body))
    }

    /// All of them; `missing` is one that was asked for and is not there.
    pub fn runbooks(&self, missing: Option<&str>) -> String {
        let title = match missing {
            Some(alert) => format!("No alert is called “{alert}”"),
            None => "Runbooks".to_owned(),
        };
        let body = html! {
            h1 { (title) }
            p.muted { "What each alert means, what to look at, what to do." }
            (list(None))
        };
        self.page(Place::Below, &title, &body)
    }
}

fn list(but: Option<&str>) -> Markup {
    html! {
        ul.columns {
            @for (name, _) in RUNBOOKS.iter().filter(|(name, _)| Some(*name) != but) {
                li { a href=(Place::Below.link(&format!("runbooks/{name}"))) { (name) } }
            }
        }
    }
}

/// Markdown of the project as HTML. HTML inside it is text, and links between files of the folder
/// become links between pages; other links that are relative lead nowhere here and become text.
fn markdown(text: &str) -> Markup {
    // Links do not nest.
    let mut dropped = false;
    let events =
        Parser::new_ext(text, Options::ENABLE_TABLES).filter_map(move |event| match event {
            Event::Html(html) | Event::InlineHtml(html) => Some(Event::Text(html)),
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                let to = if dest_url.starts_with("https://") {
                    Some(dest_url)
                } else {
                    let alert = dest_url.strip_suffix(".md").filter(|alert| has_runbook(alert));
                    alert.map(|alert| alert.to_owned().into())
                };
                dropped = to.is_none();
                to.map(|dest_url| Event::Start(Tag::Link { link_type, dest_url, title, id }))
            }
            Event::End(TagEnd::Link) if dropped => None,
            other => Some(other),
        });
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, events);
    PreEscaped(html)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_between_runbooks_stay_and_html_is_text() {
        let html = markdown(
            "see [a](KPINoData.md), [b](../sql.md), [c](https://example.com/x) <b onclick=x>y</b>",
        );
        let html = html.into_string();
        assert!(
            html.contains("<a href=\"KPINoData\">a</a>, b, <a href=\"https://example.com/x\">")
        );
        assert!(html.contains("&lt;b onclick=x&gt;"), "{html}");
    }
}
