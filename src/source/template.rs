//! Placeholders in texts that go to HTTP servers: `{{window_start}}` (RFC 3339, in UTC),
//! `{{window_start:%Y-%m-%d}}` (strftime, in the calendar's zone), `{{window_end_date}}`,
//! `{{as_of_unix}}`, `{{window_seconds}}`, and `{{window_last_date}}` for APIs that mean "up to and
//! including". Not here: where the texts go and how they are escaped there.

use std::fmt::Write as _;
use std::ops::Range;

use chrono::format::{Item, StrftimeItems};
use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, TimeZone, Utc};
use chrono_tz::Tz;

use super::Request;
use super::params::{self, Param, ParamValue};
use crate::calendar::Window;
use crate::metric::{FetchError, FetchErrorKind, Template};
use crate::reader::report::Report;
use crate::reader::spanned::Text;

/// What is wrong with a text's placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError {
    /// Lower case, no full stop.
    pub message: String,
    /// Where, in bytes of the text.
    pub part: Range<usize>,
    /// What to do about it.
    pub hint: String,
}

/// A part of a text.
enum Piece<'a> {
    Text(&'a str),
    Instant(Param, Option<&'a str>),
    LastDay(Of, Option<&'a str>),
    Seconds(Of),
}

/// Whose length in seconds, or whose last day.
#[derive(Clone, Copy)]
enum Of {
    Window,
    Period,
}

const LENGTHS: [(&str, Of); 2] = [("window_seconds", Of::Window), ("period_seconds", Of::Period)];

const LAST_DAYS: [(&str, Of); 2] =
    [("window_last_date", Of::Window), ("period_last_date", Of::Period)];

impl Of {
    fn window(self, request: &Request) -> Window {
        match self {
            Self::Window => request.span.window,
            Self::Period => request.span.period,
        }
    }
}

/// Checks the placeholders of a text.
///
/// # Errors
/// The first one that means nothing.
pub fn check(text: &str) -> Result<(), TemplateError> {
    parse(text).map(drop)
}

/// A text with placeholders, as written; `None` after a mistake.
pub(in crate::source) fn read(
    report: &mut Report<'_>,
    path: &str,
    given: &Text,
) -> Option<Template> {
    match check(&given.value) {
        Ok(()) => Some(Template { text: given.value.clone(), secret: given.interpolated }),
        Err(_) if given.interpolated => {
            let found = report.shown(given, "");
            let message = format!("`{path}`: {found} has a placeholder that means nothing");
            report.problem(given.span, message, None);
            None
        }
        Err(error) => {
            let span = report.files.part(given.span, &given.value, error.part);
            report.problem(span, format!("`{path}`: {}", error.message), error.hint);
            None
        }
    }
}

/// The text with its placeholders replaced; each value goes through `escape` first.
///
/// # Errors
/// As [`check`].
pub fn fill(
    text: &str,
    request: &Request,
    escape: impl Fn(String) -> String,
) -> Result<String, FetchError> {
    let pieces = parse(text).map_err(|error| {
        FetchError::new(FetchErrorKind::Query, error.message).with_hint(error.hint)
    })?;
    let mut filled = String::with_capacity(text.len());
    for piece in pieces {
        match piece {
            Piece::Text(text) => filled.push_str(text),
            Piece::Instant(param, format) => filled.push_str(&escape(show(param, format, request))),
            Piece::LastDay(of, format) => {
                let day = params::last_day(of.window(request), request.timezone);
                filled.push_str(&escape(show_day(day, format)));
            }
            Piece::Seconds(of) => filled.push_str(&seconds(of.window(request))),
        }
    }
    Ok(filled)
}

fn parse(text: &str) -> Result<Vec<Piece<'_>>, TemplateError> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find("{{") {
        let start = at + found;
        pieces.push(Piece::Text(&text[at..start]));
        let Some(length) = text[start..].find("}}") else {
            let message = "this `{{` is never closed".to_owned();
            let hint = "close the placeholder with `}}`".to_owned();
            return Err(TemplateError { message, part: start..start + 2, hint });
        };
        let inner = &text[start + 2..start + length];
        at = start + length + 2;
        pieces.push(piece(inner).map_err(|(message, hint)| TemplateError {
            message,
            part: start..at,
            hint,
        })?);
    }
    pieces.push(Piece::Text(&text[at..]));
    Ok(pieces)
}

/// What stands between the braces; else message and hint.
fn piece(inner: &str) -> Result<Piece<'_>, (String, String)> {
    let (name, format) = match inner.split_once(':') {
        Some((name, format)) => (name.trim(), Some(format.trim())),
        None => (inner.trim(), None),
    };
    if let Some((_, length)) = LENGTHS.iter().find(|(known, _)| *known == name) {
        return match format {
            None => Ok(Piece::Seconds(*length)),
            Some(_) => Err((
                format!("`{{{{{name}}}}}` takes no format"),
                "it is a whole number of seconds".to_owned(),
            )),
        };
    }
    if let Some(format) = format.filter(|format| !is_strftime(format)) {
        let hint = "write one like `{{window_start:%Y-%m-%d}}`".to_owned();
        return Err((format!("`{format}` is no strftime format"), hint));
    }
    if let Some((_, of)) = LAST_DAYS.iter().find(|(known, _)| *known == name) {
        return Ok(Piece::LastDay(*of, format));
    }
    match Param::parse(name) {
        Some(param) => Ok(Piece::Instant(param, format)),
        None => Err(unknown(name)),
    }
}

fn unknown(name: &str) -> (String, String) {
    let lengths = LENGTHS.iter().map(|(name, _)| *name);
    let others = lengths.chain(LAST_DAYS.iter().map(|(name, _)| *name)).map(str::to_owned);
    let names = Param::names().chain(others);
    let closest = names
        .map(|known| (strsim::normalized_damerau_levenshtein(name, &known), known))
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .filter(|(likeness, _)| *likeness >= 0.6);
    let hint = match closest {
        Some((_, known)) => format!("did you mean `{{{{{known}}}}}`?"),
        None => "the placeholders are {{window_start}}, {{window_end}}, {{period_start}}, \
                 {{period_end}}, {{as_of}}, each also with _date or _unix and with a format like \
                 {{window_start:%Y-%m-%d}}, {{window_last_date}}, {{window_seconds}} and the same of \
                 the period"
            .to_owned(),
    };
    (format!("unknown placeholder `{{{{{name}}}}}`"), hint)
}

/// Whether every part of a format means something.
fn is_strftime(format: &str) -> bool {
    !format.is_empty() && StrftimeItems::new(format).all(|item| !matches!(item, Item::Error))
}

/// A format is applied to the local instant; that of a `_date` is the start of its day.
fn show(param: Param, format: Option<&str>, request: &Request) -> String {
    match (param.value(request), format) {
        (ParamValue::Date(date), format) => show_day(date, format),
        (ParamValue::Instant(instant), None) => instant.to_rfc3339_opts(SecondsFormat::Secs, true),
        (ParamValue::Unix(seconds), None) => seconds.to_string(),
        (ParamValue::Instant(instant), Some(format)) => {
            apply(&local(instant, request.timezone), format)
        }
        (ParamValue::Unix(seconds), Some(format)) => {
            let instant = DateTime::from_timestamp(seconds, 0).unwrap_or_default();
            apply(&local(instant, request.timezone), format)
        }
    }
}

fn show_day(day: NaiveDate, format: Option<&str>) -> String {
    match format {
        Some(format) => apply(&day.and_time(NaiveTime::MIN).and_utc(), format),
        None => day.to_string(),
    }
}

fn apply<Z: TimeZone<Offset: std::fmt::Display>>(time: &DateTime<Z>, format: &str) -> String {
    let mut text = String::new();
    // A format that cannot be applied would have been refused by `check`.
    let _ = write!(text, "{}", time.format(format));
    text
}

fn local(instant: DateTime<Utc>, zone: Tz) -> DateTime<Tz> {
    instant.with_timezone(&zone)
}

/// At least one: a range of no seconds is none.
fn seconds(window: Window) -> String {
    (window.end - window.start).num_seconds().max(1).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::tests::{metric, request};

    fn filled(text: &str) -> Result<String, String> {
        let zone = chrono_tz::America::New_York;
        let request = request(metric(), zone, "2026-04-01T04:00:00Z", "2026-06-15T16:30:00.5Z");
        fill(text, &request, |value| value).map_err(|error| error.to_string())
    }

    #[test]
    fn instants_are_rfc_3339_in_utc_and_formats_are_in_the_calendars_zone() {
        for (text, expected) in [
            ("from={{window_start}}", "from=2026-04-01T04:00:00Z"),
            (
                "{{window_start:%Y-%m-%d}}/{{ window_end:%d.%m.%Y %H:%M %z }}",
                "2026-04-01/15.06.2026 12:30 -0400",
            ),
            ("{{window_end_date}} {{as_of_date}}", "2026-06-16 2026-06-15"),
            ("{{window_end_date:%Y%m%d}}", "20260616"),
            ("{{window_last_date}} {{period_last_date:%d/%m}}", "2026-06-15 15/06"),
            ("{{window_start_unix}}", "1775016000"),
            ("rate(x[{{window_seconds}}s])", "rate(x[6525000s])"),
            ("{{period_seconds}}", "6525000"),
            ("no } { placeholder }} here", "no } { placeholder }} here"),
            ("", ""),
        ] {
            assert_eq!(filled(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn values_are_escaped_and_the_text_around_them_is_not() {
        let request = request(metric(), Tz::UTC, "2026-04-01T04:00:00Z", "2026-06-15T16:30:00Z");
        let text = fill("a:{{window_start:%H:%M}}", &request, |value| value.replace(':', "%3A"));
        assert_eq!(text.unwrap(), "a:04%3A00");
    }

    #[test]
    fn what_means_nothing_is_refused_with_its_place() {
        for (text, part, message, hint) in [
            (
                "a{{window_strat}}",
                1..17,
                "unknown placeholder `{{window_strat}}`",
                "did you mean `{{window_start}}`?",
            ),
            ("{{x}}", 0..5, "unknown placeholder `{{x}}`", "the placeholders are"),
            ("x {{window_end", 2..4, "never closed", "`}}`"),
            ("{{window_end:%Q}}", 0..17, "`%Q` is no strftime format", "%Y-%m-%d"),
            ("{{window_end:}}", 0..15, "is no strftime format", "%Y-%m-%d"),
            ("{{window_seconds:%Y}}", 0..21, "takes no format", "seconds"),
        ] {
            let error = check(text).unwrap_err();
            assert_eq!(error.part, part, "{text}");
            assert!(error.message.contains(message), "{text}: {}", error.message);
            assert!(error.hint.contains(hint), "{text}: {}", error.hint);
        }
    }
}
