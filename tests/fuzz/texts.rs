//! What people write: configurations, formulas, schedules, placeholders, SQL.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use kpi_exporter::config::{Environment, load_text};
use kpi_exporter::kpi::Formula;
use kpi_exporter::schedule::Schedule;
use kpi_exporter::source::statement::{Dialect, Statement, rewrite};
use kpi_exporter::source::template;

use crate::ask;
use crate::engine::fuzz;

const SECRET: &str = "hunter2-is-a-secret";

fn text_of(input: &[u8]) -> String {
    String::from_utf8_lossy(input).into_owned()
}

#[test]
fn configurations() {
    let environment: Environment = [("SECRET", SECRET)].into_iter().collect();
    let folder = Path::new("config");
    let load = |text: &str| load_text("fuzz.yaml", text, folder, &environment);
    let seeds = ["config/*.yaml", "config/examples/*.yaml", "tests/config_errors/*/*.yaml"];
    let words = [
        "${env:SECRET}",
        "${file:x}",
        "${env:NO:-x}",
        "kpis:",
        "metrics:",
        "sources:",
        "  - ",
        "{ ",
        " }",
        "[",
        "]",
        ": ",
        "|\n",
        "&a ",
        "*a",
        "<<: *a",
        "? ",
        "- - - ",
        "!!int ",
        "template: ",
        "target: ",
        "+10%",
        "formula: ",
        "schedule: every 5m",
        "period: month",
        "window: 30d",
        "null",
        "~",
        "true",
        "1e9",
        "\n  ",
        "\n",
        "#",
        "'",
        "\"",
        "---\n",
        "%YAML 1.2\n",
        "\t",
    ];
    fuzz("configuration", &seeds, &words, |input| {
        let text = text_of(input);
        match load(&text) {
            Ok(config) => {
                let shown = format!("{:?}", config.definitions);
                assert!(!format!("{config:?}").contains(SECRET), "a secret is shown");
                let again = load(&format!("{text}\n")).expect("what is accepted is so again");
                assert_eq!(format!("{:?}", again.definitions), shown, "and means the same");
                format!("accepted, {} notes", config.notes.len())
            }
            Err(mistakes) => {
                let shown = mistakes.to_string();
                assert!(!shown.contains(SECRET), "a secret is shown: {shown}");
                // What a file lacks has no line.
                let place = shown.strip_prefix("fuzz.yaml:").expect("a file comes first");
                if !place.starts_with(' ') {
                    let line: usize = place.split(':').next().unwrap().parse().expect("a line");
                    let lines = text.lines().count() + 1;
                    assert!((1..=lines).contains(&line), "line {line} of {lines}: {shown}");
                }
                assert_eq!(load(&text).unwrap_err().to_string(), shown, "the same again");
                shown.lines().next().unwrap_or_default().to_owned()
            }
        }
    });
}

#[test]
fn formulas() {
    let words = [
        "a",
        "a.b",
        "orders.revenue",
        "+",
        "-",
        "*",
        "/",
        "(",
        ")",
        "((((",
        "max(",
        "min(",
        "sum(",
        "abs(",
        "if(",
        ",",
        "1",
        "0.5",
        "1e5",
        ".",
        "coalesce(",
        "%",
        "100",
    ];
    fuzz("formula", &[], &words, |input| {
        let text = text_of(input);
        match Formula::parse(&text) {
            Ok(formula) => {
                let shown = formula.to_string();
                let again = Formula::parse(&shown).expect("what is shown can be written");
                assert_eq!(again.expr(), formula.expr());
                for value in [0.0, -1.5, 1e300] {
                    let result = formula.expr().eval(&|_| Some(value));
                    assert!(result.is_none_or(f64::is_finite), "{result:?}");
                }
                assert!(formula.expr().eval(&|_| None).is_none() || formula.metrics().is_empty());
                format!("accepted, quotient: {}", formula.quotient().is_some())
            }
            Err(error) => {
                assert!(text.get(error.span.clone()).is_some(), "{:?} of {text:?}", error.span);
                error.message
            }
        }
    });
}

#[test]
fn schedules() {
    let words = [
        "*", "*/5", "1-5", "0", "59", "L", "W", "#2", "?", "@hourly", "@daily", "every ", "5m",
        "1h", " ", ",", "-", "/", "MON", "jan", "29 2", "31", "15L", "TZ=UTC ",
    ];
    let after: DateTime<Utc> = "2026-03-28T23:30:00.5Z".parse().unwrap();
    fuzz("schedule", &[], &words, |input| {
        let text = text_of(input);
        let schedule = match Schedule::parse(&text) {
            Ok(schedule) => schedule,
            Err(error) => return error.to_string(),
        };
        let again = Schedule::parse(&schedule.to_string()).expect("what is shown can be written");
        let mut kind = String::new();
        for zone in [Tz::UTC, Tz::Europe__Berlin, Tz::Australia__Lord_Howe] {
            let mut last = after;
            for _ in 0..4 {
                let next = schedule.next_after(last, zone);
                assert_eq!(next, again.next_after(last, zone));
                let Some(next) = next else { break };
                assert!(next > last, "{next} is not after {last}");
                // Nothing is due in between.
                let just_before = (next - TimeDelta::milliseconds(1)).max(last);
                assert_eq!(schedule.next_after(just_before, zone), Some(next), "{zone}");
                last = next;
            }
            kind.push_str(if last == after { "never " } else { "due " });
        }
        kind
    });
}

#[test]
fn placeholders_in_templates() {
    let request = ask::request(ask::metric(""));
    let words = [
        "{{",
        "}}",
        "{{window_start}}",
        "{{window_end:%Y-%m-%d}}",
        "{{as_of_unix}}",
        ":",
        "%s",
        "%Q",
        "%-5e",
        "{{window_seconds}}",
        "{{period_last_date:%d}}",
        "%.3f",
        "%+",
        "%:z",
        "%#z",
        "%",
    ];
    fuzz("template", &[], &words, |input| {
        let text = text_of(input);
        let filled = template::fill(&text, &request, |value| value);
        match template::check(&text) {
            Ok(()) => {
                let filled = filled.expect("what is accepted can be filled");
                if !text.contains("{{") {
                    assert_eq!(filled, text);
                }
                let masked = template::fill(&text, &request, |_| String::new()).unwrap();
                assert!(masked.len() <= filled.len());
                format!("accepted, {} placeholders", text.matches("{{").count().min(5))
            }
            Err(error) => {
                assert!(filled.is_err());
                assert!(text.get(error.part.clone()).is_some(), "{:?} of {text:?}", error.part);
                error.message
            }
        }
    });
}

#[test]
fn sql() {
    const DIALECTS: [Dialect; 5] =
        [Dialect::Postgres, Dialect::MySql, Dialect::Sqlite, Dialect::ClickHouse, Dialect::Trino];
    let words = [
        "SELECT ",
        "WITH x AS (",
        ":window_start",
        ":as_of_date",
        "::date",
        ":x",
        "'",
        "\"",
        "`",
        "$$",
        "$a$",
        "--",
        "/*",
        "*/",
        "#",
        "[1:2]",
        "? 1 : 2",
        ";",
        "E'\\'",
        "INSERT ",
        "DELETE FROM ",
        "{a:Int}",
        "@x",
        "?",
        "$1",
        "FROM t",
        "UNION ",
        "SET ",
        "/*!",
        "x'",
        "U&'",
        "INTO OUTFILE ",
        "\\",
        "pg_sleep(1)",
        "FOR UPDATE",
    ];
    fuzz("sql", &[], &words, |input| {
        let text = text_of(input);
        let mut kind = String::new();
        for dialect in DIALECTS {
            match rewrite::parse(dialect, &text) {
                Ok(statement) => kind.push_str(accepted(&text, &statement)),
                Err(error) => {
                    let at = error.offset..error.offset + error.len;
                    assert!(text.get(at.clone()).is_some(), "{at:?} of {text:?}");
                    kind.push_str(&error.message);
                }
            }
        }
        kind
    });
}

/// What is no parameter stays as it was written, in its order.
fn accepted(text: &str, statement: &Statement) -> &'static str {
    if statement.params().is_empty() {
        let rest: String = statement.sql().split(';').collect();
        let whole: String = text.split(';').collect();
        assert_eq!(rest.trim_end(), whole.trim_end());
        return "plain";
    }
    let named = text.matches(':').count();
    assert!(statement.params().len() <= named, "{statement:?}");
    "with parameters"
}
