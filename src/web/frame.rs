//! The frame around every page: head, style, links, and what everybody must know whatever they look at:
//! a refused configuration and sources that are down.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::Site;
use crate::shown;

const STYLE: &str = include_str!("style.css");

/// Characters of a refused configuration's problems that are shown; the log has all.
const MOST_SAID: usize = 8 << 10;

/// Sources named in the header; the rest is counted.
const NAMED: usize = 3;

/// Where a page stands, as seen from `/`: links are relative, so that they work below any address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// `/` itself.
    Scorecard,
    /// `/review`.
    Review,
    /// `/sources`.
    Sources,
    /// Anything else beside them.
    Other,
    /// `/kpi/{id}` and `/runbooks/{alert}`.
    Below,
}

impl Place {
    /// A link to a path without its first slash.
    pub(super) fn link(self, path: &str) -> String {
        let root = if self == Self::Below { "../" } else { "./" };
        format!("{root}{path}")
    }
}

impl Site<'_> {
    /// The page for an address of which the parameters make no sense.
    pub fn not_understood(&self, path: &str, problem: &str) -> String {
        let place = if path.matches('/').count() > 1 { Place::Below } else { Place::Other };
        let body = html! {
            h1 { "This address is not understood." }
            p { (problem) "." }
            p { a href=(place.link("")) { "The whole scorecard" } }
        };
        self.page(place, "Not understood", &body)
    }

    /// A whole page.
    pub(super) fn page(&self, place: Place, title: &str, body: &Markup) -> String {
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (title) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    (self.top(place))
                    main { (body) }
                    footer {
                        nav aria-label="For machines" {
                            a href=(place.link("metrics")) { "Metrics" }
                            a href=(place.link("api/v1/kpis")) { "JSON" }
                            a href=(place.link("-/healthy")) { "Health" }
                        }
                        span { "kpi-exporter " (env!("CARGO_PKG_VERSION")) }
                    }
                }
            }
        };
        page.into_string()
    }

    fn top(&self, place: Place) -> Markup {
        let link = |to: Place, path: &str, text: &str| {
            let here = (to == place).then_some("page");
            html! { a href=(place.link(path)) aria-current=[here] { (text) } }
        };
        html! {
            header.top {
                nav aria-label="Pages" {
                    (link(Place::Scorecard, "", "Scorecard"))
                    (link(Place::Review, "review", "Review"))
                    (link(Place::Sources, "sources", "Sources"))
                }
            }
            @if let Some(problem) = self.refused {
                (refused(problem))
            }
            (self.down(place))
            @if let Some(filling) = &self.filling {
                div.notice role="status" {
                    p {
                        "History is being filled in from the sources, in the background: "
                        (filling.done) " of " (filling.days) " days. "
                        progress max=(filling.days) value=(filling.done) aria-label="Days filled in" {}
                    }
                }
            }
        }
    }

    fn down(&self, place: Place) -> Markup {
        let down: Vec<&str> = self.down_sources();
        let named = down.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
        let more = down.len().saturating_sub(NAMED);
        html! {
            @if !down.is_empty() {
                div.notice.bad role="status" {
                    p {
                        strong { span aria-hidden="true" { "✕ " } }
                        strong { @if down.len() == 1 { "A source is down: " } @else { (down.len()) " sources are down: " } }
                        (named) @if more > 0 { " and " (more) " more" } ". "
                        @if place != Place::Sources { a href=(place.link("sources")) { "See why" } }
                    }
                }
            }
        }
    }

    fn down_sources(&self) -> Vec<&str> {
        let down = self.runs.sources.iter().filter(|(_, source)| source.up() == Some(false));
        down.map(|(id, _)| id.as_str()).collect()
    }
}

fn refused(problem: &str) -> Markup {
    let said = shown::cut(problem, MOST_SAID);
    html! {
        div.notice.bad role="status" {
            p {
                strong { span aria-hidden="true" { "✕ " } "The changed configuration was refused. " }
                "The one before it stays in force."
            }
            details {
                summary { "What is wrong with it" }
                pre { (said) }
                @if said.len() < problem.len() { p { "The log has all of it." } }
            }
        }
    }
}
