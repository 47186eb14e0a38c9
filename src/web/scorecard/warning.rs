//! The early warning: a KPI is in trouble while what it leads still looks fine.

use maud::{Markup, html};

use crate::snapshot::{KpiState, Snapshot};
use crate::summary::early_warnings;

/// Warnings that are spelled out.
const MOST: usize = 5;

/// A sentence for each pair.
pub(super) fn early(snapshot: &Snapshot, chosen: &[&KpiState]) -> Markup {
    let warnings = early_warnings(snapshot, chosen);
    html! {
        @for warning in warnings.iter().take(MOST) {
            p.warning {
                strong { span aria-hidden="true" { "▲ " } "Early warning. " }
                (warning.sentence())
            }
        }
        @if warnings.len() > MOST { p.warning { "and " (warnings.len() - MOST) " more early warnings" } }
    }
}
