use std::collections::BTreeMap;
use std::io::Read as _;

use chrono::DateTime;
use flate2::read::GzDecoder;

use super::*;
use crate::calendar::Calendar;

fn snapshot() -> Arc<Snapshot> {
    Arc::new(Snapshot {
        as_of: DateTime::UNIX_EPOCH,
        timezone: chrono_tz::UTC,
        calendar: Calendar::default(),
        kpis: Vec::new(),
        objectives: BTreeMap::new(),
        metrics: Vec::new(),
        sources: [(
            "s".into(),
            crate::snapshot::SourceState { up: Some(true), ..Default::default() },
        )]
        .into(),
    })
}

fn metrics() -> SelfMetrics {
    SelfMetrics::new(["s"], 0, "", DateTime::UNIX_EPOCH).unwrap()
}

fn unpacked(body: &ScrapeBody, by: Option<Compressor>) -> String {
    let bytes = [&body.shared[..], &body.own[..]].concat();
    let mut text = String::new();
    match by {
        None => return String::from_utf8(bytes).unwrap(),
        Some(Compressor::Gzip) => GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap(),
        Some(Compressor::Zstd) => {
            zstd::Decoder::new(&bytes[..]).unwrap().read_to_string(&mut text).unwrap()
        }
    };
    text
}

const ALL: [Option<Compressor>; 3] = [None, Some(Compressor::Gzip), Some(Compressor::Zstd)];

#[test]
fn however_it_is_packed_a_body_begins_with_the_snapshot_and_ends_with_the_program() {
    let (published, metrics) = (Published::new(snapshot()), metrics());
    for format in [ExpositionFormat::Text, ExpositionFormat::OpenMetrics] {
        for by in ALL {
            let body = ScrapeBody::new(Some(&published), &metrics, format, by).unwrap();
            let text = unpacked(&body, by);
            assert!(text.starts_with("# HELP kpi_source_up"), "{text}");
            assert!(text.contains("\nkpi_source_up{source=\"s\"} 1\n"), "{text}");
            assert!(text.contains("\nkpi_exporter_configured_kpis 0\n"), "{text}");
            let alone = ScrapeBody::new(None, &metrics, format, by).unwrap();
            assert!(unpacked(&alone, by).contains("\nkpi_exporter_configured_kpis 0\n"));
            assert!(!unpacked(&alone, by).contains("kpi_source_up"));
        }
    }
}

#[test]
fn scrapes_share_the_bytes_of_a_snapshot() {
    let (published, metrics) = (Published::new(snapshot()), metrics());
    for by in ALL {
        let body = || ScrapeBody::new(Some(&published), &metrics, ExpositionFormat::Text, by);
        assert_eq!(body().unwrap().shared.as_ptr(), body().unwrap().shared.as_ptr());
    }
}

#[test]
fn what_nobody_asks_for_any_more_is_forgotten() {
    let (mut published, metrics) = (Published::new(snapshot()), metrics());
    let ask = |published: &Published, by| {
        ScrapeBody::new(Some(published), &metrics, ExpositionFormat::Text, by).unwrap();
    };
    ask(&published, Some(Compressor::Zstd));
    for _ in 0..2 {
        published = published.followed_by(snapshot());
        ask(&published, Some(Compressor::Gzip));
    }
    let last = published.text.last.lock().unwrap();
    assert!(last.gzip.is_some() && last.zstd.is_none());
}
