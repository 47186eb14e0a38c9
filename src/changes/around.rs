//! What changes around the KPIs: where numbers come from and are kept, when they are fetched, who hears of
//! them. No setting of a source is shown: it may be a secret.

use super::{Change, Weight};
use crate::config::Config;
use crate::kpi::{Kpi, KpiKind};

/// Alerts on the status of a KPI, by its kind (deploy/prometheus).
pub(super) fn alerts_of(kind: KpiKind) -> &'static str {
    if kind.is_early() { "KPILeadingAtRisk and KPILeadingOffTrack" } else { "KPILaggingOffTrack" }
}

pub(super) fn compare(all: &mut Vec<Change>, old: &Config, new: &Config) {
    sources(all, old, new);
    schedules(all, old, new);
    store(all, old, new);
    digests(all, old, new);
}

fn say(all: &mut Vec<Change>, weight: Weight, subject: String, what: String, means: &str) {
    all.push(Change { weight, subject, what, means: means.to_owned() });
}

fn sources(all: &mut Vec<Change>, old: &Config, new: &Config) {
    for (id, before) in &old.sources {
        let Some(now) = new.sources.get(id) else { continue };
        if old.prints.is_same_source(&new.prints, id) {
            continue;
        }
        let (a, b) = (before.describe(), now.describe());
        let what = if a == b {
            "other settings, which may be secrets and are not shown".to_owned()
        } else {
            format!("{a} → {b}")
        };
        let means =
            "the same questions go elsewhere or otherwise: compare a few values before and after";
        say(all, Weight::Harmful, format!("sources.{id}"), what, means);
    }
}

fn schedules(all: &mut Vec<Change>, old: &Config, new: &Config) {
    for (id, before) in &old.definitions.metrics {
        let Some(now) = new.definitions.metrics.get(id) else { continue };
        if format!("{:?}", before.schedule) != format!("{:?}", now.schedule) {
            let means =
                "numbers are older or newer than before, and a source is asked more or less";
            let what = "another schedule".to_owned();
            say(all, Weight::Notable, format!("metrics.{id}"), what, means);
        }
        if (before.max_label_sets, before.max_bytes) != (now.max_label_sets, now.max_bytes) {
            let what =
                format!("limits: {} → {} label sets", before.max_label_sets, now.max_label_sets);
            let means = "an answer with more is a failed fetch";
            say(all, Weight::Notable, format!("metrics.{id}"), what, means);
        }
    }
}

fn store(all: &mut Vec<Change>, old: &Config, new: &Config) {
    let (a, b) = (&old.settings.store, &new.settings.store);
    // Folders of the two may differ: the names count.
    let name = |path: &Option<std::path::PathBuf>| {
        path.as_ref().and_then(|path| path.file_name().map(|name| name.display().to_string()))
    };
    if name(&a.path) != name(&b.path) {
        let shown = |path| name(path).unwrap_or_else(|| "none".to_owned());
        let means =
            "history, learned seasons, notes and frozen baselines stay behind in the old file";
        let what = format!("path {} → {}", shown(&a.path), shown(&b.path));
        say(all, Weight::Harmful, "store".to_owned(), what, means);
    }
    if b.keep_daily < a.keep_daily {
        let means = "older days are deleted for good";
        let days = |length: std::time::Duration| length.as_secs() / 86_400;
        let what = format!("keep_daily {} → {} days", days(a.keep_daily), days(b.keep_daily));
        say(all, Weight::Harmful, "store".to_owned(), what, means);
    }
}

fn digests(all: &mut Vec<Change>, old: &Config, new: &Config) {
    for before in &old.digests {
        let now = new.digests.iter().find(|now| now.name == before.name);
        let subject = format!("digest.{}", before.name);
        match now {
            None => {
                let means = "who read it hears nothing any more";
                say(all, Weight::Notable, subject, "removed".to_owned(), means);
            }
            Some(now)
                if !before.to.is_same(&now.to) || format!("{before:?}") != format!("{now:?}") =>
            {
                let means = "it goes to others, at other times or about others";
                say(all, Weight::Notable, subject, "other settings".to_owned(), means);
            }
            Some(_) => {}
        }
    }
}

/// What a KPI's kind changes about its alerts.
pub(super) fn kind(before: &Kpi, now: &Kpi) -> Option<(Weight, String, String)> {
    if before.kind == now.kind {
        return None;
    }
    let what = format!("kind {} → {}", before.kind, now.kind);
    let (a, b) = (before.kind.is_early(), now.kind.is_early());
    Some(if a == b {
        (Weight::Notable, what, "where it is shown".to_owned())
    } else {
        let weight = if a { Weight::Harmful } else { Weight::Notable };
        let means = format!(
            "the alerts {} go, {} come{}",
            alerts_of(before.kind),
            alerts_of(now.kind),
            if a { ": it no longer warns early" } else { "" }
        );
        (weight, what, means)
    })
}
