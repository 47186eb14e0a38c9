//! From entries as written to validated definitions: what is mandatory, what refers to what, what
//! makes sense together. No I/O. One file per kind of entry; here is the order in which they are
//! looked at. A mistake in one entry never hides one in another, nor makes up one there.

mod adding;
mod amount;
mod breakdown;
mod context;
mod digest;
mod formula;
mod goal;
mod kpi;
mod limits;
mod metrics;
mod path;
mod period;
mod range;
mod retail;
mod sections;
mod settings;
mod template;
mod tests_section;
mod thresholds;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Config;
use super::document::Document;
use super::places::Places;
use super::prints::Prints;
use super::raw::{DigestRaw, KpiRaw, ObjectiveRaw};
use crate::id::{MetricId, SourceId};
use crate::kpi::{Definitions, Kpi, Objective};
use crate::reader::diagnostic::Problems;
use crate::reader::entry::Entry;
use crate::reader::environment::Environment;
use crate::reader::files::Files;
use crate::source::kinds::{self, SourceRaw};
use crate::source::metric_raw::MetricRaw;
use context::Context;

/// Validates a document. Without a result there are problems; with problems the result is of no
/// use, for what is wrong is left out of it.
pub(crate) fn validate(
    mut document: Document,
    files: &Files,
    environment: &Environment,
    problems: &mut Problems,
) -> Option<Config> {
    sections::check_version(&document, files, problems);
    let settings = settings::settings(&mut document, files, environment, problems);
    let mut context = Context::new(files, problems);
    let limits = limits::limits(&mut context, &mut document);
    let calendar = sections::calendar(&mut context, &mut document);
    let defaults = sections::defaults(&mut context, &mut document);

    let (sources, names) = document.entries::<SourceRaw>("sources", context.problems);
    context.sources = names;
    let (objectives, names) = document.entries::<ObjectiveRaw>("objectives", context.problems);
    context.objectives = names;
    let (metrics, names) = document.entries::<MetricRaw>("metrics", context.problems);
    context.metrics = names;
    let (kpis, names) = document.entries::<KpiRaw>("kpis", context.problems);
    context.kpis = names;
    let (digests, _) = document.entries::<DigestRaw>("digest", context.problems);

    let mut prints = Prints::default();
    let sources = sources
        .iter()
        .filter_map(|entry| {
            let id = SourceId::from(entry.id.as_str());
            prints.add_source(id.clone(), entry.print);
            Some((id, kinds::source(&mut context, entry)?))
        })
        .collect();
    let objectives = objectives
        .into_iter()
        .filter_map(|entry| {
            let title = entry.value.title.clone();
            let title = context.required(&entry, "title", title, "one, like `title: Grow sales`");
            Some((entry.id, Objective { title: title?, owner: entry.value.owner }))
        })
        .collect();
    let written: BTreeMap<String, u64> =
        metrics.iter().map(|entry| (entry.id.clone(), entry.print)).collect();
    let mut places = Places::default();
    for entry in &metrics {
        let query = entry.value.query.as_ref().map(|query| query.span);
        places.add_metric(files, &entry.id, &[("", Some(entry.span)), ("query", query)]);
    }
    let metrics: Vec<_> = metrics
        .into_iter()
        .filter_map(|mut entry| {
            metrics::metric(&mut context, &mut entry, &sources, &defaults, &limits)
        })
        .collect();
    let kpis: Vec<_> = kpis
        .into_iter()
        .filter_map(|mut entry| {
            note_place(&mut places, files, &entry);
            let template = template::apply(&mut context, &mut entry);
            let kpi = kpi::kpi(&mut context, &entry, template, &defaults)?;
            if let (Some(path), Some(calendar)) = (&entry.value.path, &calendar) {
                path::check(&mut context, &entry.key("path"), path.span, &kpi, calendar);
            }
            Some(kpi)
        })
        .collect();

    let mut drawing: BTreeMap<&MetricId, Vec<&Kpi>> = BTreeMap::new();
    for kpi in &kpis {
        for metric in kpi.metrics() {
            drawing.entry(metric).or_default().push(kpi);
        }
    }
    let metrics = metrics
        .into_iter()
        .map(|mut metric| {
            let used = context.uses.remove(&*metric.id).unwrap_or_default();
            metric.columns = used.columns;
            metric.bare = used.bare;
            let total = context.totals.remove(&*metric.id);
            let drawing = drawing.get(&metric.id).map_or(&[][..], Vec::as_slice);
            breakdown::divide(&mut metric, drawing, total);
            if let Some(written) = written.get(metric.id.as_str()) {
                prints.add_metric(&metric, *written);
            }
            (metric.id.clone(), Arc::new(metric))
        })
        .collect();
    let zone = calendar.as_ref().map(|calendar| calendar.timezone);
    let digests =
        digests.iter().filter_map(|entry| digest::digest(&mut context, entry, &kpis, zone));
    let digests = digests.collect();
    let tests = tests_section::tests(&mut context, &mut document, &kpis);
    document.check_rest(context.problems);
    let kpis = kpis.into_iter().map(Arc::new).collect();
    let definitions = Definitions { calendar: calendar?, objectives, metrics, kpis };
    let notes = context.notes.into_notes(files);
    let settings = settings?;
    Some(Config {
        settings,
        definitions,
        sources,
        digests,
        notes,
        prints,
        tests,
        places,
        default_period: defaults.period,
    })
}

/// Keys of a KPI that something may be said of later.
fn note_place(places: &mut Places, files: &Files, entry: &Entry<KpiRaw>) {
    let raw = &entry.value;
    let keys = [
        ("", Some(entry.span)),
        ("formula", raw.formula.as_ref().map(|given| given.span)),
        ("target", raw.target.as_ref().map(|given| given.span)),
        ("baseline", raw.baseline.as_ref().map(|given| given.span)),
        ("window", raw.window.as_ref().map(|given| given.span)),
        ("path", raw.path.as_ref().map(|given| given.span)),
        ("direction", raw.direction.as_ref().map(|given| given.span)),
    ];
    places.add_kpi(files, &entry.id, &keys);
}
