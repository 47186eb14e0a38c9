//! Pages for people, rendered on the server from a snapshot: no script, nothing to load.
//!
//! Not here: HTTP (`server`) and any computing of numbers (`assess`).

mod scorecard;
mod summary;

use maud::{DOCTYPE, Markup, PreEscaped, html};

pub use scorecard::scorecard;

/// Seconds after which a browser asks again.
const REFRESH: u32 = 60;

/// The same while there is nothing to show yet.
const REFRESH_WHILE_WAITING: u32 = 3;

const STYLE: &str = include_str!("style.css");

/// The page before the first evaluation.
pub fn waiting() -> String {
    let body = html! {
        header {
            p.eyebrow { "KPI scorecard" }
            h1 { "Waiting for the first evaluation." }
            p.muted { "The sources are being asked; this page looks again by itself." }
        }
    };
    shell("KPI scorecard", REFRESH_WHILE_WAITING, &body)
}

/// The frame around every page: head, style and links.
fn shell(title: &str, refresh: u32, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="refresh" content=(refresh);
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main { (body) }
                footer {
                    nav aria-label="Machine-readable" {
                        a href="/metrics" { "Metrics" }
                        a href="/api/v1/kpis" { "JSON" }
                        a href="/-/healthy" { "Health" }
                    }
                    span { "kpi-exporter " (env!("CARGO_PKG_VERSION")) }
                }
            }
        }
    };
    page.into_string()
}
