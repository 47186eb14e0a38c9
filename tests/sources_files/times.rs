//! Times in every form against the window.

use std::fmt::Write;

use kpi_exporter::calendar::Window;
use kpi_exporter::metric::Span;
use kpi_exporter::source::{Request, Source};

use super::Folder;
use crate::ask;

const FORMS: &str = "id,created_at,amount\n\
    1,2026-10-31T23:30:00Z,1\n\
    2,2026-11-10T10:00:00+01:00,10\n\
    3,2026-11-28T08:00:00.250Z,100\n\
    4,2026-11-28 16:00:00+01,1000\n\
    5,2026-10-31T22:59:59Z,10000\n\
    6,2026-11-28T18:00:00Z,100000\n";

fn span_of(sql: &str, start: &str, end: &str) -> Request {
    let window = Window { start: start.parse().unwrap(), end: end.parse().unwrap() };
    let span = Span { window, period: window, as_of: window.end };
    let timezone = chrono_tz::Europe::Berlin;
    Request { span, timezone, ..ask::request(ask::metric(sql)) }
}

/// The one number of a query over a window, in Berlin.
async fn sum(source: &dyn Source, sql: &str, start: &str, end: &str) -> String {
    let table = source.fetch(&span_of(sql, start, end)).await.unwrap();
    assert!(table.remarks.is_empty(), "{:?}", table.remarks);
    super::written(&table).join("; ")
}

#[tokio::test]
async fn times_of_every_form_are_compared_with_the_window() {
    let mut lines = String::new();
    for line in FORMS.lines().skip(1) {
        let [id, at, amount] = *line.split(',').collect::<Vec<_>>() else { panic!("{line}") };
        writeln!(lines, "{{\"id\":{id},\"created_at\":\"{at}\",\"amount\":{amount}}}").unwrap();
    }
    let folder = Folder::with(&[("o.csv", FORMS), ("l.ndjson", &lines)]);
    let source = folder.source(&[("o", "o.csv"), ("l", "l.ndjson")]);
    for name in ["o", "l"] {
        for condition in [
            "created_at >= :window_start AND created_at < :window_end",
            ":window_start <= created_at AND :window_end > created_at",
            "unixepoch(created_at) >= :window_start_unix AND unixepoch(created_at) < :window_end_unix",
            "c >= :window_start AND c < :window_end",
            "coalesce(created_at, '') >= :window_start AND created_at || '' < :window_end",
            "date(created_at) >= :window_start_date AND created_at < :window_end",
            "substr(created_at, 1, 10) >= :window_start_date AND created_at < :window_end",
            "strftime('%Y-%m', created_at) = '2026-11' AND created_at < :window_end",
            "datetime(created_at) >= :window_start AND datetime(created_at) < :window_end",
            "strftime('%s', created_at) + 0 >= :window_start_unix AND created_at < :window_end",
        ] {
            let sql = format!(
                "SELECT sum(amount) FROM (SELECT *, created_at AS c FROM {name}) WHERE {condition}"
            );
            let got = sum(&source, &sql, "2026-10-31T23:00:00Z", "2026-11-28T16:00:00Z").await;
            assert_eq!(got, "1111", "{sql}");
        }
    }
    let kept = "SELECT created_at, created_at_text, id FROM o WHERE id = 3";
    assert_eq!(
        sum(&source, kept, "2026-10-31T23:00:00Z", "2026-11-28T16:00:00Z").await,
        "'2026-11-28 09:00:00.250+01:00' '2026-11-28T08:00:00.250Z' 3"
    );
}

#[tokio::test]
async fn times_after_days_in_other_forms_are_instants_where_they_say_their_zone() {
    let folder = Folder::with(&[
        (
            "a.csv",
            "at,n\n31.10.2026T23:30:00Z,1\n01.11.2026 00:00 +01:00,10\n31.10.2026 22:59:59Z,100\n",
        ),
        (
            "b.csv",
            "at,n\n10/31/2026 11:30 PM UTC,1\n11/1/2026 12:00 AM +0100,10\n10/31/2026 10:59 PM UTC,100\n",
        ),
        (
            "c.csv",
            "at,n\n2026-10-31 23:30:00 UTC,1\n2026-11-01 00:00:00 +0100,10\n2026-10-31 22:59:59 UTC,100\n",
        ),
    ]);
    let tables = [("a", "a.csv"), ("b", "b.csv"), ("c", "c.csv")];
    let source = folder.source(&tables);
    for (name, _) in tables {
        for condition in [
            "at >= :window_start AND at < :window_end",
            "date(at) >= :window_start_date AND at < :window_end",
            "unixepoch(at) >= :window_start_unix AND unixepoch(at) < :window_end_unix",
        ] {
            let sql = format!("SELECT sum(n) FROM {name} WHERE {condition}");
            let request = span_of(&sql, "2026-10-31T23:00:00Z", "2026-11-28T16:00:00Z");
            let table = source.fetch(&request).await.unwrap();
            assert_eq!(super::written(&table), ["11"], "{sql}");
        }
    }
}

#[tokio::test]
async fn local_times_with_a_t_are_local_and_those_that_compare_stay_as_they_are() {
    let text = "a,b,c\n2026-11-01T00:00,2026-11-01 00:00:00,2026-11-01\n\
                2026-10-31T23:59:59,2026-10-31 23:59:59,2026-10-31\n,,\n";
    let folder = Folder::with(&[("t.csv", text)]);
    let source = folder.source(&[("t", "t.csv")]);
    for column in ["a", "b", "c"] {
        let sql = format!(
            "SELECT count(*) FROM t WHERE {column} >= :window_start_date AND {column} < :window_end"
        );
        assert_eq!(sum(&source, &sql, "2026-10-31T23:00:00Z", "2026-11-28T16:00:00Z").await, "1");
    }
    let shown =
        sum(&source, "SELECT * FROM t LIMIT 1", "2026-10-31T23:00:00Z", "2026-11-28T16:00:00Z")
            .await;
    assert_eq!(
        shown,
        "'2026-11-01 00:00:00' '2026-11-01 00:00:00' '2026-11-01' '2026-11-01T00:00'"
    );
}

#[tokio::test]
async fn the_hour_that_comes_twice_is_two_hours() {
    // Every quarter of an hour around the end of summer time in Berlin, 2026-10-25T01:00:00Z.
    let mut text = "at,n\n".to_owned();
    for quarter in 0..16 {
        let (hour, minute) = (23 + quarter / 4, quarter % 4 * 15);
        let (day, hour) = if hour > 23 { (25, hour - 24) } else { (24, hour) };
        writeln!(text, "2026-10-{day}T{hour:02}:{minute:02}:00Z,1").unwrap();
    }
    let folder = Folder::with(&[("t.csv", &text)]);
    let source = folder.source(&[("t", "t.csv")]);
    let sql = "SELECT sum(n) FROM t WHERE at >= :window_start AND at < :window_end";
    for (start, end, expected) in [
        ("2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "4"),
        ("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "4"),
        ("2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z", "4"),
        ("2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z", "4"),
        ("2026-10-24T23:00:00Z", "2026-10-25T01:15:00Z", "9"),
    ] {
        assert_eq!(sum(&source, sql, start, end).await, expected, "{start}");
    }
}
