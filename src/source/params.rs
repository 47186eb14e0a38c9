//! The instants that a query may name (`:window_start`, `:as_of_date` ...) and their values for one
//! request. Not here: where they stand in a text (`sql::rewrite`) and how a database wants them.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use super::Request;
use crate::calendar::Window;

/// One of the 15 parameters: an instant of the request, in one of three forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Param {
    /// Which instant.
    pub point: Point,
    /// In which form.
    pub form: ParamForm,
}

/// The instants of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Point {
    /// First instant of the window.
    WindowStart,
    /// First instant after the window.
    WindowEnd,
    /// First instant of the period.
    PeriodStart,
    /// First instant after the period.
    PeriodEnd,
    /// The instant for which everything is computed.
    AsOf,
}

/// The forms of an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ParamForm {
    /// Plain: whatever the database uses for instants.
    Instant,
    /// `_date`: a local day.
    Date,
    /// `_unix`: whole seconds.
    Unix,
}

/// The value of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParamValue {
    /// An instant.
    Instant(DateTime<Utc>),
    /// A local day.
    Date(NaiveDate),
    /// Seconds since 1970-01-01T00:00:00Z.
    Unix(i64),
}

const POINTS: [(&str, Point); 5] = [
    ("window_start", Point::WindowStart),
    ("window_end", Point::WindowEnd),
    ("period_start", Point::PeriodStart),
    ("period_end", Point::PeriodEnd),
    ("as_of", Point::AsOf),
];

const FORMS: [(&str, ParamForm); 3] =
    [("", ParamForm::Instant), ("_date", ParamForm::Date), ("_unix", ParamForm::Unix)];

impl Param {
    /// The parameter of that name, written without its colon.
    pub fn parse(name: &str) -> Option<Self> {
        POINTS.iter().find_map(|(prefix, point)| {
            let suffix = name.strip_prefix(prefix)?;
            let (_, form) = FORMS.iter().find(|(s, _)| *s == suffix)?;
            Some(Self { point: *point, form: *form })
        })
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        POINTS.iter().flat_map(|(_, point)| {
            FORMS.iter().map(|(_, form)| Self { point: *point, form: *form })
        })
    }

    /// Whether it is whole seconds, which no zone can change.
    pub fn is_unix(self) -> bool {
        self.form == ParamForm::Unix
    }

    /// Its name, without its colon.
    pub fn name(self) -> String {
        let prefix = POINTS.iter().find(|(_, point)| *point == self.point);
        let suffix = FORMS.iter().find(|(_, form)| *form == self.form);
        let text = |found: Option<&'static str>| found.unwrap_or_default();
        format!("{}{}", text(prefix.map(|(name, _)| *name)), text(suffix.map(|(name, _)| *name)))
    }

    /// The names of all parameters, without their colons.
    pub fn names() -> impl Iterator<Item = String> {
        POINTS.iter().flat_map(|(prefix, _)| {
            FORMS.iter().map(move |(suffix, _)| format!("{prefix}{suffix}"))
        })
    }

    /// Its value for a request.
    ///
    /// The `_date` of an end is the first local day that is *not* in the span, so that
    /// `day < :window_end_date` takes in a running day; the `_date` of the as-of instant is the last
    /// local day before it, so that "the end of 30 June" is 30 June.
    pub fn value(self, request: &Request) -> ParamValue {
        let span = &request.span;
        let instant = match self.point {
            Point::WindowStart => span.window.start,
            Point::WindowEnd => span.window.end,
            Point::PeriodStart => span.period.start,
            Point::PeriodEnd => span.period.end,
            Point::AsOf => span.as_of,
        };
        match self.form {
            ParamForm::Instant => ParamValue::Instant(instant),
            ParamForm::Unix => ParamValue::Unix(instant.timestamp()),
            ParamForm::Date => ParamValue::Date(match self.point {
                Point::WindowStart | Point::PeriodStart => local_day(instant, request.timezone),
                Point::AsOf => last_day_before(instant, request.timezone),
                Point::WindowEnd | Point::PeriodEnd => {
                    let last = last_day_before(instant, request.timezone);
                    last.succ_opt().unwrap_or(last)
                }
            }),
        }
    }
}

/// The last local day that has any part of a window.
pub(super) fn last_day(window: Window, zone: Tz) -> NaiveDate {
    last_day_before(window.end, zone)
}

fn local_day(instant: DateTime<Utc>, zone: Tz) -> NaiveDate {
    instant.with_timezone(&zone).date_naive()
}

/// Works without naming midnight, which some zones skip on some days.
fn last_day_before(instant: DateTime<Utc>, zone: Tz) -> NaiveDate {
    local_day(instant - TimeDelta::nanoseconds(1), zone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::tests::{metric, request as ask};

    fn request(zone: Tz, start: &str, end: &str) -> Request {
        ask(metric(), zone, start, end)
    }

    fn date(name: &str, request: &Request) -> String {
        match Param::parse(name).unwrap().value(request) {
            ParamValue::Date(date) => date.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn all_fifteen_names_and_no_others_are_parameters() {
        let names: Vec<String> = Param::names().collect();
        assert_eq!(names.len(), 15);
        assert!(names.iter().all(|name| Param::parse(name).unwrap().name() == *name));
        for other in
            ["", "window", "window_start_", "as_of_dates", "AS_OF", "window_start_unix_date"]
        {
            assert_eq!(Param::parse(other), None, "{other}");
        }
    }

    #[test]
    fn the_end_of_a_quarter_is_its_last_day_as_of_and_the_next_day_as_an_end() {
        let new_york = chrono_tz::America::New_York;
        let close = request(new_york, "2026-04-01T04:00:00Z", "2026-07-01T04:00:00Z");
        assert_eq!(date("window_start_date", &close), "2026-04-01");
        assert_eq!(date("window_end_date", &close), "2026-07-01");
        assert_eq!(date("as_of_date", &close), "2026-06-30");
    }

    #[test]
    fn an_end_inside_a_day_takes_in_the_running_day() {
        let new_york = chrono_tz::America::New_York;
        let late = request(new_york, "2026-04-01T04:00:00Z", "2026-07-01T03:30:00Z");
        assert_eq!(date("period_end_date", &late), "2026-07-01");
        assert_eq!(date("as_of_date", &late), "2026-06-30");
        let early = request(new_york, "2026-04-01T04:00:00Z", "2026-06-30T04:00:01Z");
        assert_eq!(date("window_end_date", &early), "2026-07-01");
        assert_eq!(date("as_of_date", &early), "2026-06-30");
    }

    #[test]
    fn a_day_without_midnight_is_no_trouble() {
        // In São Paulo 2018-11-04 began at 01:00, which was 03:00 UTC.
        let zone = chrono_tz::America::Sao_Paulo;
        let request = request(zone, "2018-11-04T03:00:00Z", "2018-11-04T03:00:00Z");
        assert_eq!(date("window_start_date", &request), "2018-11-04");
        assert_eq!(date("window_end_date", &request), "2018-11-04");
        assert_eq!(date("as_of_date", &request), "2018-11-03");
    }

    #[test]
    fn the_unix_form_is_whole_seconds() {
        let request = request(Tz::UTC, "1970-01-01T00:01:00Z", "1970-01-01T00:02:00.900Z");
        let value = |name: &str| Param::parse(name).unwrap().value(&request);
        assert_eq!(value("window_start_unix"), ParamValue::Unix(60));
        assert_eq!(value("as_of_unix"), ParamValue::Unix(120));
    }
}
