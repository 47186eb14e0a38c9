//! Many snapshots as one OpenMetrics document with timestamps, for `promtool tsdb
//! create-blocks-from openmetrics`. Keeps changes of numbers only: two years of a thousand KPIs are
//! some hundred megabytes as text, and most of their numbers stay the same for a whole period.

use std::collections::BTreeMap;
use std::io;

use chrono::{DateTime, TimeDelta, Utc};

use super::body::kpi_families;
use super::encode::{Encoder, ExpositionFormat, push_label};
use super::families::{Family, FamilyKind};
use super::sink::{FamilySink, Sink};
use crate::snapshot::Snapshot;

/// What a series of snapshots says about KPIs, objectives and metrics.
#[derive(Debug, Default)]
pub struct History {
    /// Rendered labels that all series bear.
    common: String,
    /// A timestamp for each snapshot.
    times: Vec<String>,
    families: Vec<Recorded>,
}

#[derive(Debug)]
struct Recorded {
    family: Family,
    /// By rendered label set. The states of a state set stand together under the labels they share:
    /// OpenMetrics wants them so, point by point.
    metrics: BTreeMap<String, Vec<RecordedSeries>>,
}

#[derive(Debug)]
struct RecordedSeries {
    /// Name and value of the label that tells the states of a state set apart.
    state: Option<(String, String)>,
    column: Column,
}

/// A number over time, as its changes. NaN stands for "absent".
#[derive(Debug, Default)]
struct Column {
    places: Vec<u32>,
    values: Vec<f64>,
    /// The place after the last one set.
    end: u32,
}

impl History {
    /// A history whose series all bear these labels: those that a scrape would add. An empty value is
    /// no label.
    pub fn labelled(labels: &BTreeMap<String, String>) -> Self {
        let mut common = String::new();
        for (name, value) in labels.iter().filter(|(_, value)| !value.is_empty()) {
            push_label(&mut common, name, value);
        }
        Self { common, ..Self::default() }
    }

    /// Takes in a snapshot, which must be later than those before by a second at least.
    pub fn add(&mut self, snapshot: &Snapshot) {
        let place = u32::try_from(self.times.len()).unwrap_or(u32::MAX);
        self.times.push(timestamp(snapshot.as_of));
        kpi_families(&mut SampleRecorder { families: &mut self.families, place }, snapshot);
    }

    /// Writes all of it, family by family and series by series, with the end mark.
    ///
    /// # Errors
    /// What `out` says.
    pub fn write(&self, out: &mut impl io::Write) -> io::Result<()> {
        let mut encoder = Encoder::new(ExpositionFormat::OpenMetrics, 0);
        for recorded in &self.families {
            let mut writer = encoder.family(&recorded.family);
            for (labels, group) in &recorded.metrics {
                let labels = &self.beside_common(labels);
                let mut values: Vec<_> = group.iter().map(|series| series.column.iter()).collect();
                for time in &self.times {
                    for (series, values) in group.iter().zip(&mut values) {
                        let state = series.state.as_ref().map(|(n, v)| (n.as_str(), v.as_str()));
                        let value = values.next().unwrap_or(f64::NAN);
                        writer.sample_at(labels, state, value, time);
                    }
                }
                writer.drain(out)?;
            }
        }
        out.write_all(encoder.finish().as_bytes())
    }

    fn beside_common(&self, labels: &str) -> String {
        let parts = [labels, &self.common];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(",")
    }
}

/// An as-of instant closes a half-open span, so what was computed for it belongs to the second
/// before: the end of 30 April is stamped 23:59:59 of that day. A sample at midnight sharp would
/// count as 1 May in every query by days.
fn timestamp(as_of: DateTime<Utc>) -> String {
    let at = as_of - TimeDelta::seconds(1);
    format!("{}.{:03}", at.timestamp(), at.timestamp_subsec_millis())
}

/// Takes in one snapshot.
struct SampleRecorder<'a> {
    families: &'a mut Vec<Recorded>,
    place: u32,
}

struct FamilyRecorder<'a> {
    recorded: &'a mut Recorded,
    place: u32,
}

impl Sink for SampleRecorder<'_> {
    type Family<'b>
        = FamilyRecorder<'b>
    where
        Self: 'b;

    fn family(&mut self, family: &Family) -> FamilyRecorder<'_> {
        let known = self.families.iter().position(|recorded| recorded.family == *family);
        let index = known.unwrap_or_else(|| {
            self.families.push(Recorded { family: *family, metrics: BTreeMap::new() });
            self.families.len() - 1
        });
        FamilyRecorder { recorded: &mut self.families[index], place: self.place }
    }
}

impl FamilySink for FamilyRecorder<'_> {
    fn sample(&mut self, labels: &str, value: f64) {
        self.set(labels, None, value);
    }

    fn sample_with(&mut self, labels: &str, extra: (&str, &str), value: f64) {
        if self.recorded.family.kind == FamilyKind::StateSet {
            self.set(labels, Some(extra), value);
        } else {
            let mut labels = labels.to_owned();
            push_label(&mut labels, extra.0, extra.1);
            self.set(&labels, None, value);
        }
    }
}

impl FamilyRecorder<'_> {
    fn set(&mut self, labels: &str, state: Option<(&str, &str)>, value: f64) {
        let metrics = &mut self.recorded.metrics;
        if !metrics.contains_key(labels) {
            metrics.insert(labels.to_owned(), Vec::new());
        }
        let Some(group) = metrics.get_mut(labels) else { return };
        let same = |series: &RecordedSeries| {
            series.state.as_ref().map(|(_, v)| v.as_str()) == state.map(|s| s.1)
        };
        let index = group.iter().position(same).unwrap_or_else(|| {
            let state = state.map(|(name, value)| (name.to_owned(), value.to_owned()));
            group.push(RecordedSeries { state, column: Column::default() });
            group.len() - 1
        });
        group[index].column.set(self.place, value);
    }
}

impl Column {
    fn set(&mut self, place: u32, value: f64) {
        if place > self.end {
            self.change(self.end, f64::NAN);
        }
        self.change(place, value);
        self.end = place + 1;
    }

    fn change(&mut self, place: u32, value: f64) {
        if self.values.last().map(|last| last.to_bits()) != Some(value.to_bits()) {
            self.places.push(place);
            self.values.push(value);
        }
    }

    /// The numbers of all places up to the last one set.
    fn iter(&self) -> impl Iterator<Item = f64> {
        let ends = self.places.iter().skip(1).chain(std::iter::once(&self.end));
        let runs = self.places.iter().zip(ends).zip(&self.values);
        runs.flat_map(|((start, end), value)| (*start..*end).map(move |_| *value))
    }
}

#[cfg(test)]
mod tests {
    use super::super::families::{KPI_FRAMEWORK_KPIS, KPI_STATUS, KPI_VALUE};
    use super::*;

    /// A history of as many steps as `add` is called for.
    fn history(steps: u32, add: impl Fn(&mut SampleRecorder, u32)) -> String {
        let mut history = History::default();
        for place in 0..steps {
            history.times.push(format!("{place}.000"));
            add(&mut SampleRecorder { families: &mut history.families, place }, place);
        }
        let mut out = Vec::new();
        history.write(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        text.lines().filter(|line| !line.starts_with("# HELP")).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn series_stand_one_after_the_other_with_holes_where_they_were_absent() {
        let text = history(4, |recorder, place| {
            let mut family = recorder.family(&KPI_VALUE);
            family.sample(r#"kpi="b""#, 7.0);
            if place == 1 || place == 3 {
                family.sample(r#"kpi="a""#, f64::from(place));
            }
        });
        insta::assert_snapshot!(text, @r#"
        # TYPE kpi_value gauge
        kpi_value{kpi="a"} 1 1.000
        kpi_value{kpi="a"} 3 3.000
        kpi_value{kpi="b"} 7 0.000
        kpi_value{kpi="b"} 7 1.000
        kpi_value{kpi="b"} 7 2.000
        kpi_value{kpi="b"} 7 3.000
        # EOF
        "#);
    }

    #[test]
    fn the_states_of_a_state_set_stay_together_at_each_instant() {
        let text = history(2, |recorder, place| {
            let mut family = recorder.family(&KPI_STATUS);
            family.sample_with(r#"kpi="a""#, ("kpi_status", "on_track"), f64::from(1 - place));
            family.sample_with(r#"kpi="a""#, ("kpi_status", "at_risk"), f64::from(place));
        });
        insta::assert_snapshot!(text, @r#"
        # TYPE kpi_status stateset
        kpi_status{kpi="a",kpi_status="on_track"} 1 0.000
        kpi_status{kpi="a",kpi_status="at_risk"} 0 0.000
        kpi_status{kpi="a",kpi_status="on_track"} 0 1.000
        kpi_status{kpi="a",kpi_status="at_risk"} 1 1.000
        # EOF
        "#);
    }

    #[test]
    fn any_other_label_tells_series_apart() {
        let text = history(2, |recorder, place| {
            let mut family = recorder.family(&KPI_FRAMEWORK_KPIS);
            family.sample_with(r#"team="x""#, ("kind", "lagging"), f64::from(place));
            family.sample_with(r#"team="x""#, ("kind", "leading"), 5.0);
        });
        insta::assert_snapshot!(text, @r#"
        # TYPE kpi_framework_kpis gauge
        kpi_framework_kpis{team="x",kind="lagging"} 0 0.000
        kpi_framework_kpis{team="x",kind="lagging"} 1 1.000
        kpi_framework_kpis{team="x",kind="leading"} 5 0.000
        kpi_framework_kpis{team="x",kind="leading"} 5 1.000
        # EOF
        "#);
    }

    #[test]
    fn labels_of_a_scrape_stand_after_those_of_a_series_and_empty_ones_nowhere() {
        let labels = [("env", ""), ("job", "kpi \"exporter\"")];
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let mut history = History::labelled(&labels);
        history.times.push("0.000".to_owned());
        let mut recorder = SampleRecorder { families: &mut history.families, place: 0 };
        recorder.family(&KPI_VALUE).sample(r#"kpi="a""#, 7.0);
        let mut out = Vec::new();
        history.write(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains(r#"kpi_value{kpi="a",job="kpi \"exporter\""} 7 0.000"#), "{text}");
    }

    #[test]
    fn a_number_that_stays_costs_nothing() {
        let mut column = Column::default();
        (0..1_000).for_each(|place| column.set(place, 0.95));
        assert_eq!((column.values.len(), column.iter().count()), (1, 1_000));
    }

    #[test]
    fn the_end_of_a_day_is_stamped_with_its_last_second() {
        let midnight = "2026-04-01T04:00:00Z".parse().unwrap();
        assert_eq!(timestamp(midnight), "1775015999.000");
    }
}
