//! The order of rows: the most urgent first unless a head of a column was followed. A link, no script.

use std::cmp::Ordering;

use maud::{Markup, html};

use super::{View, choose};
use crate::snapshot::KpiState;
use crate::summary::worst_first;

/// A column to sort by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    /// By title.
    Kpi,
    /// The slowest first.
    Pace,
    /// What misses its target by most first.
    Projected,
}

/// A column and its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    column: Column,
    reversed: bool,
}

impl Column {
    const ALL: [(Self, &str); 3] =
        [(Self::Kpi, "kpi"), (Self::Pace, "pace"), (Self::Projected, "projected")];

    fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(column, _)| *column == self).map_or("kpi", |(_, name)| name)
    }
}

impl Sort {
    /// `pace`, or `-pace` for the other way round.
    ///
    /// # Errors
    /// What there is instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, reversed) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
        let column = Column::ALL.into_iter().find(|(_, known)| *known == name);
        column.map(|(column, _)| Self { column, reversed }).ok_or_else(|| {
            let known = Column::ALL.map(|(_, name)| name).join(", ");
            format!("`sort` is one of {known}, or one of them with - before it, like sort=-pace")
        })
    }

    /// As in an address.
    pub(super) fn text(self) -> String {
        format!("{}{}", if self.reversed { "-" } else { "" }, self.column.name())
    }
}

/// Puts rows, which are in order of urgency, into the order asked for. What has no number is last.
pub(super) fn sort(rows: &mut [&KpiState], sort: Option<Sort>) {
    let Some(Sort { column, reversed }) = sort else { return };
    let number = |state: &KpiState| {
        let assessment = &worst_first(state).first()?.assessment;
        match column {
            Column::Kpi => None,
            Column::Pace => assessment.pace_ratio,
            Column::Projected => assessment.projected_target_ratio,
        }
    };
    let turned = |order: Ordering| if reversed { order.reverse() } else { order };
    let mut keyed: Vec<(Option<f64>, String, &KpiState)> =
        rows.iter().map(|state| (number(state), state.kpi.title.to_lowercase(), *state)).collect();
    keyed.sort_by(|(a, a_title, _), (b, b_title, _)| match (a, b) {
        (Some(a), Some(b)) => turned(a.total_cmp(b)),
        (None, None) if column == Column::Kpi => turned(a_title.cmp(b_title)),
        (a, b) => b.is_some().cmp(&a.is_some()),
    });
    for (row, (.., state)) in rows.iter_mut().zip(keyed) {
        *row = state;
    }
}

/// The head of a column as a link; followed again it turns the order round.
pub(super) fn head(view: &View, column: Column, text: &str) -> Markup {
    let active = view.sort.filter(|sort| sort.column == column);
    let next = Sort { column, reversed: active.is_some_and(|sort| !sort.reversed) };
    html! {
        a href=(choose::address(&View { sort: Some(next), ..view.clone() })) { (text) }
        @match active {
            Some(sort) if sort.reversed => " ↑",
            Some(_) => " ↓",
            None => {},
        }
    }
}

/// What `aria-sort` says of a column.
pub(super) fn order(view: &View, column: Column) -> Option<&'static str> {
    let active = view.sort.filter(|sort| sort.column == column)?;
    Some(if active.reversed { "descending" } else { "ascending" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sort_is_read_as_it_is_written_and_nonsense_says_what_there_is() {
        for text in ["kpi", "-kpi", "pace", "-projected"] {
            assert_eq!(Sort::parse(text).unwrap().text(), text);
        }
        assert!(Sort::parse("name").unwrap_err().contains("kpi, pace, projected"));
        assert!(Sort::parse("").is_err() && Sort::parse("--pace").is_err());
    }
}
