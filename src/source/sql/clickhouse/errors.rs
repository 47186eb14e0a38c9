//! ClickHouse's exceptions in words for people: without its version, its stack and a copy of the
//! query. Codes are those of `system.errors`. Not here: failures below ClickHouse (`client`).

use std::time::Duration;

use crate::metric::{FetchError, FetchErrorKind};
use crate::shown;
use crate::source::sql::errors::{LOGIN, timed_out};
use crate::source::statement::Statement;

/// Where what is of use ends.
const NOISE: [&str; 9] = [
    "Maybe you meant:",
    "In scope ",
    " in scope ",
    ": while executing",
    ": While ",
    "Expected one of:",
    ", Stack trace",
    "Stack trace:",
    " (version ",
];

/// Reads `Code: 47. DB::Exception: ...`.
pub(super) fn explain(text: &str, statement: &Statement, limit: Duration) -> FetchError {
    let code = text.strip_prefix("Code: ").and_then(|rest| rest.split_once('.'));
    let code: u32 = code.and_then(|(code, _)| code.parse().ok()).unwrap_or_default();
    let said = text.split_once("Exception: ").map_or(text, |(_, said)| said);
    // Another server's words are introduced once more.
    let said = said.replace("DB::Exception: ", "");
    let message = message(&said, statement);
    let failure = |kind| FetchError::new(kind, message.clone());
    match code {
        159 | 160 => timed_out(limit),
        192..=194 | 516 => failure(FetchErrorKind::Unreachable).with_hint(LOGIN),
        202 | 203 | 209 | 210 | 236 | 241 | 279 | 999 => failure(FetchErrorKind::Unreachable),
        _ => {
            let failure = failure(FetchErrorKind::Query);
            match hint(code, &said) {
                Some(hint) => failure.with_hint(hint),
                None => failure,
            }
        }
    }
}

fn hint(code: u32, said: &str) -> Option<String> {
    let meant = said.split_once("Maybe you meant: [").and_then(|(_, rest)| rest.split_once(']'));
    if let Some((names, _)) = meant {
        return Some(format!(
            "did you mean {}?",
            names.replace('\'', "`").replace("`,`", "` or `")
        ));
    }
    let hint = match code {
        60 => "is the table in this database? write database.table",
        81 => "the database is the part of the url after the last `/`",
        115 => "kpi-exporter needs ClickHouse 23.6 or newer",
        164 if said.starts_with("Cannot modify") || said.contains(": Cannot modify") => {
            "the profile of this user has readonly = 1, which refuses limits too: give it 2"
        }
        164 => "queries run read-only: only SELECT makes sense",
        497 => "the user of the source needs SELECT on what the query reads",
        _ => return None,
    };
    Some(hint.to_owned())
}

fn message(said: &str, statement: &Statement) -> String {
    if let Some((what, rest)) = said.split_once("failed at position ") {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if let Ok(position) = rest[..digits].parse::<usize>() {
            let what = what.trim_end_matches("Syntax error: ").trim_end_matches(": ");
            return syntax_error(what, position, statement);
        }
    }
    let end = NOISE.iter().filter_map(|noise| said.find(noise)).min().unwrap_or(said.len());
    let said = without_name(said[..end].trim());
    shown::cut(said.trim_end_matches([' ', '.', ':']), shown::MOST).into_owned()
}

/// Takes ` (UNKNOWN_TABLE)` off.
fn without_name(said: &str) -> &str {
    let is_name = |name: &str| name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    match said.strip_suffix(')').and_then(|said| said.rsplit_once('(')) {
        Some((before, name)) if is_name(name) => before,
        _ => said,
    }
}

/// `position` counts bytes from 1 in what was sent.
fn syntax_error(what: &str, position: usize, statement: &Statement) -> String {
    const LONGEST: usize = 30;
    let (before, rest) =
        statement.sql().split_at_checked(position.saturating_sub(1)).unwrap_or_default();
    let (line, column) = statement.place(before.chars().count() + 1);
    let place = format!("line {line}, column {column} of the query");
    let near = shown::cut(rest.split_whitespace().next().unwrap_or_default(), LONGEST);
    match (what, near.is_empty()) {
        ("", false) => format!("syntax error at `{near}` ({place})"),
        ("", true) => format!("syntax error at the end of the query ({place})"),
        (what, _) => format!("{what} ({place})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::statement::{Dialect, rewrite};

    fn explained(said: &str) -> String {
        let statement = rewrite::parse(Dialect::ClickHouse, "SELECT 1").unwrap();
        explain(said, &statement, Duration::from_secs(29)).to_string()
    }

    #[test]
    fn an_older_servers_words_are_cleared_of_noise_as_well() {
        let old = "Code: 47. DB::Exception: Unknown expression identifier 'amout' in scope SELECT \
                   sum(amout) FROM t. Maybe you meant: ['amount']. (UNKNOWN_IDENTIFIER) (version \
                   24.8.4.13 (official build))\n";
        let expected = "Unknown expression identifier 'amout' (hint: did you mean `amount`?)";
        assert_eq!(explained(old), expected);
        let stack = "Code: 60. DB::Exception: Table default.t does not exist. (UNKNOWN_TABLE), \
                     Stack trace (when copying this message, always include the lines below):\n0.";
        assert!(
            explained(stack).starts_with("Table default.t does not exist"),
            "{}",
            explained(stack)
        );
        let constrained = "Code: 164. DB::Exception: Cannot modify 'readonly' setting in readonly \
                           mode. (READONLY) (version 24.8)";
        assert!(explained(constrained).contains("give it 2"));
    }

    #[test]
    fn what_may_pass_is_told_from_what_will_not() {
        for (code, kind) in [
            (159, FetchErrorKind::Timeout),
            (202, FetchErrorKind::Unreachable),
            (516, FetchErrorKind::Unreachable),
            (47, FetchErrorKind::Query),
        ] {
            let statement = rewrite::parse(Dialect::ClickHouse, "SELECT 1").unwrap();
            let text = format!("Code: {code}. DB::Exception: because. (X) (version 24.8)");
            assert_eq!(explain(&text, &statement, Duration::from_secs(1)).kind, kind, "{code}");
        }
    }
}
