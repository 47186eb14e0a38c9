//! How a status looks: a sign, a word and a colour, so that none of them has to be told alone.

use serde_json::{Value, json};

/// Each has a contrast of 4.5 with white, as letters in Grafana's light theme and under white letters in a
/// coloured cell, and of 3.8 with the panels of its dark theme. Grafana's own `green` has 2.2 with white.
pub(super) const GREEN: &str = "#37872d";
pub(super) const ORANGE: &str = "#b65f00";
pub(super) const RED: &str = "#e02f44";
pub(super) const BLUE: &str = "#3274d9";
pub(super) const GREY: &str = "#6f7780";

/// For [`super::promql::three_states`].
pub(super) fn three_states() -> Value {
    mappings(&[("0", "✖ Off track", RED), ("1", "▲ At risk", ORANGE), ("2", "✔ On track", GREEN)])
}

/// For [`super::promql::severity`].
pub(super) fn severities() -> Value {
    mappings(&[
        ("1", "✔ Achieved", GREEN),
        ("2", "✔ On track", GREEN),
        ("3", "… Too early", BLUE),
        ("4", "? No data", GREY),
        ("5", "▲ At risk", ORANGE),
        ("6", "✖ Off track", RED),
        ("7", "✖ Missed", RED),
    ])
}

/// Words and colours for values.
pub(super) fn mappings(words: &[(&str, &str, &str)]) -> Value {
    let options: serde_json::Map<_, _> = words
        .iter()
        .enumerate()
        .map(|(index, (value, text, color))| {
            ((*value).into(), json!({ "text": text, "color": color, "index": index }))
        })
        .collect();
    json!([{ "type": "value", "options": options }])
}

/// Column properties that show a status as a coloured cell with its word.
pub(super) fn cell() -> [(&'static str, Value); 5] {
    [
        ("mappings", severities()),
        ("unit", json!("none")),
        ("custom.cellOptions", json!({ "type": "color-background", "mode": "basic" })),
        ("custom.align", json!("left")),
        ("custom.width", json!(130)),
    ]
}
