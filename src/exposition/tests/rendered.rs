//! Rendering and compressing after each other, against rendering all at once.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta};
use flate2::read::GzDecoder;
use proptest::prelude::*;

use super::super::compressed::{Compressed, Compressor, last_part};
use super::super::tests::reader;
use super::*;
use crate::assess::tests::kpi;
use crate::assess::{Assessment, Status};
use crate::calendar::Calendar;
use crate::kpi::Kpi;
use crate::signals::Signal;
use crate::snapshot::{SourceState, Verdict};

/// A KPI with so many label sets, whose numbers follow from a seed.
fn state(number: usize, label_sets: usize, seed: u64) -> Arc<KpiState> {
    let kpi = Arc::new(Kpi { id: format!("k{number}").as_str().into(), ..kpi() });
    let period = Calendar::default().period_at(&kpi.period, DateTime::UNIX_EPOCH);
    let verdict = |set: usize| {
        let value = (seed >> (set % 8)) % 1000;
        let status = Status::ALL[usize::try_from(value).unwrap() % Status::ALL.len()];
        let assessment = Assessment {
            value: (!value.is_multiple_of(5)).then_some(value as f64 / 4.0),
            pace_ratio: value.is_multiple_of(3).then_some(0.5),
            status,
            reason: format!("because of {value}"),
            ..Assessment::nothing(period.clone(), 0.5)
        };
        let labels = [("region", format!("r{set}"))].into_iter().collect();
        Verdict { labels, assessment, signal: Signal::None }
    };
    let verdicts: Arc<[Verdict]> = (0..label_sets).map(verdict).collect();
    Arc::new(KpiState {
        kpi,
        last_period: verdicts.iter().filter(|_| seed.is_multiple_of(4)).cloned().collect(),
        verdicts,
        breakdowns: Arc::default(),
        leads: Vec::new(),
        awaits_history: false,
        definition_changed: None,
        goal_changed: None,
        closed: Arc::default(),
        notes: Vec::new(),
        last_success: (seed.is_multiple_of(3)).then_some(DateTime::UNIX_EPOCH),
        measured_at: None,
    })
}

fn metric(number: usize, seed: u64) -> Arc<[MetricState]> {
    let states = (0..seed % 3).map(|row| MetricState {
        name: format!("m{number}"),
        kpi: None,
        labels: [("row", row.to_string())].into_iter().collect(),
        value: (seed % 100) as f64,
    });
    states.collect()
}

fn snapshot(kpis: Vec<Arc<KpiState>>, metrics: Vec<Arc<[MetricState]>>) -> Snapshot {
    let up = SourceState { up: Some(kpis.len().is_multiple_of(2)), ..SourceState::default() };
    Snapshot {
        as_of: DateTime::UNIX_EPOCH + TimeDelta::days(3),
        timezone: chrono_tz::UTC,
        calendar: Calendar::default(),
        kpis,
        objectives: BTreeMap::new(),
        metrics,
        sources: [("s".into(), up)].into(),
    }
}

fn unpacked(compressed: &Compressed, by: Compressor) -> String {
    let last = last_part(Some(compressed), b"own 1\n", by).unwrap();
    let all = [&compressed.bytes()[..], &last].concat();
    let mut text = String::new();
    match by {
        Compressor::Gzip => {
            // Reads one member and checks its checksum; nothing may follow it.
            let mut decoder = GzDecoder::new(&all[..]);
            decoder.read_to_string(&mut text).unwrap();
            assert!(decoder.into_inner().is_empty());
        }
        Compressor::Zstd => {
            zstd::Decoder::new(&all[..]).unwrap().read_to_string(&mut text).unwrap();
        }
    }
    text
}

const BOTH: [Compressor; 2] = [Compressor::Gzip, Compressor::Zstd];

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_is_made_from_the_one_before_is_what_is_made_at_once(
        count in 1..6_usize,
        steps in prop::collection::vec((0..7_usize, 0..4_usize, any::<u64>()), 1..8),
        format in prop_oneof![Just(ExpositionFormat::Text), Just(ExpositionFormat::OpenMetrics)],
    ) {
        let mut kpis: Vec<_> = (0..count).map(|number| state(number, number % 3, 7)).collect();
        let mut metrics: Vec<_> = (0..count).map(|number| metric(number, 2)).collect();
        let mut before = Arc::new(Rendered::new(&snapshot(kpis.clone(), metrics.clone()), format, None));
        let mut packed = BOTH.map(|by| Compressed::new(&before, by, None).unwrap());
        for (place, sets, seed) in steps {
            match kpis.get_mut(place) {
                Some(kpi) => *kpi = state(place, sets, seed),
                // Another configuration.
                None if seed.is_multiple_of(2) => kpis.push(state(kpis.len(), sets, seed)),
                None => {}
            }
            if let Some(is) = metrics.get_mut(place / 2) {
                *is = metric(place / 2, seed);
            }
            let now = snapshot(kpis.clone(), metrics.clone());
            let whole = Rendered::new(&now, format, None);
            let next = Arc::new(Rendered::new(&now, format, Some(&before)));
            prop_assert_eq!(next.text(), whole.text());
            prop_assert_eq!(next.ends(), whole.ends());
            reader::read(next.text());
            for (by, packed) in BOTH.into_iter().zip(&mut packed) {
                *packed = Compressed::new(&next, by, Some(packed)).unwrap();
                prop_assert_eq!(unpacked(packed, by), format!("{}own 1\n", whole.text()));
            }
            before = next;
        }
    }
}

#[test]
fn a_kpi_that_changes_has_its_groups_compressed_anew_and_no_others() {
    let of = |seed| {
        let kpis = (0..4).map(|number| state(number, 800, if number == 3 { seed } else { 9 }));
        snapshot(kpis.collect(), Vec::new())
    };
    let mut first = of(5);
    let one = Arc::new(Rendered::new(&first, ExpositionFormat::Text, None));
    assert!(one.text().len() > 2 << 20, "{}", one.text().len());
    first.kpis[3] = state(3, 800, 6);
    let other = Arc::new(Rendered::new(&first, ExpositionFormat::Text, Some(&one)));
    assert_ne!(one.text(), other.text());
    for by in BOTH {
        let old = Compressed::new(&one, by, None).unwrap();
        let new = Compressed::new(&other, by, Some(&old)).unwrap();
        assert!(old.bytes().len() < one.text().len() / 5, "{}", old.bytes().len());
        let (same, all) = new.shared_groups(&old);
        assert!(same > 0 && same < all, "{same} of {all}");
        assert_eq!(unpacked(&new, by), format!("{}own 1\n", other.text()));
        let again = Compressed::new(&other, by, Some(&new)).unwrap();
        assert_eq!(again.shared_groups(&new), (all, all));
    }
}

#[test]
fn groups_that_grow_are_cut_anew() {
    let of = |sets| snapshot((0..4).map(|number| state(number, sets, 9)).collect(), Vec::new());
    let mut before = Arc::new(Rendered::new(&of(1), ExpositionFormat::Text, None));
    let mut packed = Compressed::new(&before, Compressor::Gzip, None).unwrap();
    assert_eq!(packed.shared_groups(&packed), (1, 1));
    for sets in [10, 700, 2] {
        before = Arc::new(Rendered::new(&of(sets), ExpositionFormat::Text, Some(&before)));
        packed = Compressed::new(&before, Compressor::Gzip, Some(&packed)).unwrap();
        let expected = if sets == 10 { 1..2 } else { 4..100 };
        assert!(expected.contains(&packed.shared_groups(&packed).1), "{sets}");
        assert_eq!(unpacked(&packed, Compressor::Gzip), format!("{}own 1\n", before.text()));
    }
}
