//! The sections with fixed keys that concern definitions: `version`, `calendar`, `defaults`. The
//! daemon's own settings are in `settings`, `limits` in a file of their own.

use std::time::Duration;

use chrono::Weekday;
use chrono_tz::{TZ_VARIANTS, Tz};

use super::context::Context;
use super::{period, retail};
use crate::calendar::{Calendar, PeriodKind, Retail};
use crate::config::document::Document;
use crate::config::parse;
use crate::config::raw::{CalendarRaw, DefaultsRaw};
use crate::kpi::MAX_AGE;
use crate::reader::diagnostic::Problems;
use crate::reader::files::{Files, TextSpan};
use crate::reader::node::{Core, NodeKind};
use crate::reader::spanned::Text;
use crate::reader::suggest::closest;
use crate::schedule::Schedule;

/// When nothing else is said: every five minutes.
const SCHEDULE: &str = "*/5 * * * *";

/// What entries get that say nothing themselves.
pub(super) struct Defaults {
    /// `None` after a mistake.
    pub(super) schedule: Option<Schedule>,
    pub(super) period: PeriodKind,
    pub(super) max_age: Duration,
}

/// `version: 1`, once a file at most and once at least.
pub(super) fn check_version(document: &Document, files: &Files, problems: &mut Problems) {
    if document.versions.is_empty()
        && let Some(file) = document.files.first()
    {
        let start = TextSpan { file: *file, start: 0, end: 0 };
        problems
            .at(start, "`version` is missing")
            .hint(format!("start {} with `version: 1`", files.get(*file).name));
    }
    for node in &document.versions {
        let one = matches!(&node.kind, NodeKind::Scalar(s) if s.core() == Core::Integer(1));
        if !one && !matches!(node.kind, NodeKind::Reported) {
            problems
                .at(node.span, format!("`version`: expected 1, found {}", node.describe()))
                .hint("this program reads version 1 of the configuration".to_owned());
        }
    }
}

/// `None` after a mistake.
pub(super) fn calendar(context: &mut Context<'_>, document: &mut Document) -> Option<Calendar> {
    let entry = document.section_entry::<CalendarRaw>("calendar", context.problems);
    let broken = ["weeks", "year_ends"]
        .iter()
        .any(|key| entry.as_ref().is_some_and(|entry| entry.is_broken(key)));
    let raw = entry.map_or_else(CalendarRaw::default, |entry| entry.value);
    let timezone = raw
        .timezone
        .as_ref()
        .map_or(Some(Tz::UTC), |name| timezone(context, "calendar.timezone", name));
    let standard = Calendar::default();
    if let Some(days) = raw.business_days.as_ref().filter(|days| days.value.is_empty()) {
        let hint = "name at least one day, or delete the key for Monday to Friday".to_owned();
        context.problem(days.span, "`calendar.business_days` is empty".to_owned(), hint);
    }
    let retail = if broken { Err(retail::Reported) } else { retail::retail(context, &raw) };
    let working = raw.business_days.map(|days| days.value.into_iter().map(|day| number(day.0)));
    let retail = retail.ok()?;
    let weeks_from = retail.map_or(standard.week_start, Retail::week_start);
    Some(Calendar {
        timezone: timezone?,
        fiscal_year_start: raw
            .fiscal_year_start
            .map_or(standard.fiscal_year_start, |month| month.value.0.0),
        fiscal_year_name: raw.fiscal_year_name.map_or(standard.fiscal_year_name, |name| name.0),
        retail,
        week_start: raw.week_start.map_or(weeks_from, |day| day.0),
        business_days: working.map_or(standard.business_days, Iterator::collect),
        holidays: raw.holidays.unwrap_or_default().into_iter().map(|day| day.0).collect(),
    })
}

/// From Monday = 0 to 6.
fn number(day: Weekday) -> u8 {
    u8::try_from(day.num_days_from_monday()).unwrap_or(0)
}

/// A zone by its name.
pub(super) fn timezone(context: &mut Context<'_>, path: &str, name: &Text) -> Option<Tz> {
    let zone = name.value.parse().ok();
    if zone.is_none() {
        let similar = similar_zone(&name.value).filter(|_| !name.interpolated);
        let hint = match similar {
            Some(zone) => format!("did you mean `{zone}`?"),
            None => "zones have names like Europe/Berlin or America/New_York".to_owned(),
        };
        let found = context.shown(name, &name.value);
        let message = format!("`{path}`: {found} is the name of no time zone");
        context.problem(name.span, message, hint);
    }
    zone
}

/// The zone of a city given by itself, or one with a name like this.
fn similar_zone(name: &str) -> Option<&'static str> {
    let zones = || TZ_VARIANTS.iter().map(|zone| zone.name());
    let city = |zone: &str| zone.rsplit('/').next().unwrap_or(zone).to_lowercase();
    let given = name.to_lowercase().replace(' ', "_");
    zones().find(|zone| city(zone) == given).or_else(|| closest(name, zones()))
}

/// `defaults`.
pub(super) fn defaults(context: &mut Context<'_>, document: &mut Document) -> Defaults {
    let raw: DefaultsRaw = document.section("defaults", context.problems);
    let schedule = match &raw.schedule {
        Some(text) => schedule(context, "defaults.schedule", text),
        None => parse::schedule(SCHEDULE).ok(),
    };
    let period = raw.period.as_ref().and_then(|p| period::period(context, "defaults.period", p));
    Defaults {
        schedule,
        period: period.unwrap_or(PeriodKind::Quarter),
        max_age: raw.max_age.map_or(MAX_AGE, |age| age.0),
    }
}

/// A crontab line, `@hourly` or `every 30s`.
pub(super) fn schedule(context: &mut Context<'_>, path: &str, text: &Text) -> Option<Schedule> {
    match parse::schedule(&text.value) {
        Ok(schedule) => return Some(schedule),
        Err(_) if text.interpolated => {
            let message = format!("`{path}`: {} is no schedule", context.shown(text, ""));
            let hint = "write five fields like `*/5 * * * *`, or `@hourly`, or `every 30s`";
            context.problem(text.span, message, hint.to_owned());
        }
        Err((reason, hint)) => context.problem(text.span, format!("`{path}`: {reason}"), hint),
    }
    None
}
