//! Expressions without recorded series: each is replaced by what it records, down to the gauges of the
//! exporter. For those who evaluate alerts without Prometheus' own rules.

use crate::exposition::families::KPI_INFO;

/// Steps of a subquery, which takes the place of a range of a recorded series.
const STEP: &str = "5m";

/// A recorded series by its name, and what it records.
pub(super) struct Recorded {
    name: &'static str,
    expr: String,
}

/// The recorded series without recorded series. To be given in the order of evaluation.
pub(super) fn recorded(rules: impl IntoIterator<Item = (&'static str, String)>) -> Vec<Recorded> {
    let mut known = Vec::new();
    for (name, expr) in rules {
        let expr = raw(&expr, &known);
        known.push(Recorded { name, expr });
    }
    known
}

/// An expression with every recorded series in it replaced.
pub(super) fn raw(expr: &str, known: &[Recorded]) -> String {
    let mut text = String::new();
    let mut rest = expr;
    while let Some(first) = rest.chars().next() {
        if first == '"' {
            let (string, after) = rest.split_at(end_of_string(rest));
            text.push_str(string);
            rest = after;
            continue;
        }
        let length = rest.find(|c: char| !is_of_a_name(c)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(length.max(first.len_utf8()));
        rest = after;
        match known.iter().find(|known| known.name == name) {
            Some(recorded) => rest = inline(&mut text, &recorded.expr, after),
            None => text.push_str(name),
        }
    }
    text
}

/// Writes what is recorded in place of a series, and gives what comes after its selector, range and
/// offset. What selects by the labels that come from `kpi_info`, and what looks back at it, does so there.
fn inline<'e>(text: &mut String, recorded: &str, after: &'e str) -> &'e str {
    let (selector, after) = part(after, '{', '}');
    let (range, after) = part(after, '[', ']');
    let (offset, after) = match range {
        None => offset(after),
        Some(_) => ("", after),
    };
    let selector = selector.map(|selector| format!("{{{selector}}}")).unwrap_or_default();
    let body = recorded.replace(KPI_INFO.name, &format!("{KPI_INFO}{selector}{offset}"));
    text.extend(["(", &body, ")"]);
    if let Some(range) = range {
        text.extend(["[", range, ":", STEP, "]"]);
    }
    after
}

/// ` offset 1h` right at the beginning, if it is there, and what comes after.
fn offset(text: &str) -> (&str, &str) {
    const WORD: &str = " offset ";
    let Some(by) = text.strip_prefix(WORD) else { return ("", text) };
    let length = by.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(by.len());
    text.split_at(WORD.len() + length)
}

/// What stands between two characters right at the beginning, if anything, and what comes after.
fn part(text: &str, open: char, close: char) -> (Option<&str>, &str) {
    let inner = text.strip_prefix(open).and_then(|rest| rest.split_once(close));
    inner.map_or((None, text), |(inner, after)| (Some(inner), after))
}

fn is_of_a_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == ':'
}

/// Where the string that a text begins with ends.
fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_replaced_with_their_selectors_ranges_and_offsets() {
        let known = recorded([
            ("kpi:meta:info", "topk by (kpi) (1, kpi_info)".to_owned()),
            ("kpi:x:bool", "x * on (kpi) kpi:meta:info".to_owned()),
        ]);
        let meta = "(topk by (kpi) (1, kpi_info))";
        for (expr, expected) in [
            ("up == 0", "up == 0".to_owned()),
            ("kpi:meta:info unless y", format!("{meta} unless y")),
            (
                "y{a=\"kpi:meta:info\\\"kpi:meta:info\"}",
                "y{a=\"kpi:meta:info\\\"kpi:meta:info\"}".to_owned(),
            ),
            ("kpi:meta:infos", "kpi:meta:infos".to_owned()),
            ("kpi:x:bool > 1", format!("(x * on (kpi) {meta}) > 1")),
            (
                "min(kpi:x:bool{kind=\"a\"})",
                "min((x * on (kpi) (topk by (kpi) (1, kpi_info{kind=\"a\"}))))".to_owned(),
            ),
            ("changes(kpi:x:bool[1d])", format!("changes((x * on (kpi) {meta})[1d:5m])")),
            (
                "kpi:meta:info offset 1h unless y",
                "(topk by (kpi) (1, kpi_info offset 1h)) unless y".to_owned(),
            ),
        ] {
            assert_eq!(raw(expr, &known), expected, "{expr}");
        }
    }
}
