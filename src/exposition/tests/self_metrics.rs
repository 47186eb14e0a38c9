use super::super::tests::reader::read;
use super::*;

fn metrics() -> SelfMetrics {
    let loaded_at = DateTime::from_timestamp(1_777_593_600, 0).unwrap();
    SelfMetrics::new(["shop", "crm"], 3, "abc123", loaded_at).unwrap()
}

fn value(body: &str, series: &str) -> Option<f64> {
    body.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

#[test]
fn every_source_starts_with_zero_fetches() {
    let body = metrics().render(ExpositionFormat::Text);
    let series = r#"kpi_source_fetches_total{outcome="success",source="crm"}"#;
    assert_eq!(value(&body, series), Some(0.0));
}

#[test]
fn what_was_counted_goes_on_after_a_reload_and_sources_that_are_gone_are_not_told() {
    let before = metrics();
    before.observe_fetch("shop", "timeout", 30.0);
    before.observe_fetch("crm", "success", 0.1);
    before.observe_evaluation(DateTime::UNIX_EPOCH, 0.003);
    before.count_restart("poller");
    before.observe_store(None, 2);
    let after = before.followed_by(["shop", "new"], 1, "", DateTime::UNIX_EPOCH).unwrap();
    after.observe_fetch("shop", "timeout", 30.0);
    let body = after.render(ExpositionFormat::Text);
    for (series, expected) in [
        (r#"kpi_source_fetches_total{outcome="timeout",source="shop"}"#, Some(2.0)),
        (r#"kpi_source_fetches_total{outcome="success",source="new"}"#, Some(0.0)),
        (r#"kpi_source_fetches_total{outcome="success",source="crm"}"#, None),
        (r#"kpi_source_fetch_duration_seconds_count{source="shop"}"#, Some(2.0)),
        (r#"kpi_source_fetch_duration_seconds_count{source="crm"}"#, None),
        ("kpi_exporter_evaluation_duration_seconds_count", Some(1.0)),
        (r#"kpi_exporter_task_restarts_total{task="poller"}"#, Some(1.0)),
        ("kpi_exporter_store_errors_total", Some(2.0)),
        ("kpi_exporter_configured_kpis", Some(1.0)),
    ] {
        assert_eq!(value(&body, series), expected, "{series}\n{body}");
    }
}

#[test]
fn fetches_and_evaluations_are_counted_and_timed() {
    let metrics = metrics();
    metrics.observe_fetch("shop", "timeout", 30.0);
    metrics.observe_fetch("shop", "success", 0.02);
    metrics.count_bad_rows("shop", 4);
    metrics.observe_evaluation(DateTime::UNIX_EPOCH, 0.003);
    let body = metrics.render(ExpositionFormat::Text);
    for (series, expected) in [
        (r#"kpi_source_fetches_total{outcome="timeout",source="shop"}"#, 1.0),
        (r#"kpi_source_fetches_total{outcome="bad_row",source="shop"}"#, 4.0),
        (r#"kpi_source_fetch_duration_seconds_count{source="shop"}"#, 2.0),
        (r#"kpi_source_fetch_duration_seconds_bucket{source="shop",le="0.025"}"#, 1.0),
        (r#"kpi_source_fetch_duration_seconds_bucket{source="shop",le="+Inf"}"#, 2.0),
        ("kpi_exporter_evaluation_duration_seconds_count", 1.0),
        ("kpi_exporter_configured_kpis", 3.0),
    ] {
        assert_eq!(value(&body, series), Some(expected), "{series}\n{body}");
    }
}

#[test]
fn a_refused_configuration_keeps_the_time_of_the_good_one() {
    let metrics = metrics();
    let time = "kpi_exporter_config_last_reload_success_timestamp_seconds";
    let good = "kpi_exporter_config_last_reload_successful";
    assert_eq!(value(&metrics.render(ExpositionFormat::Text), good), Some(1.0));
    metrics.reload_refused();
    let body = metrics.render(ExpositionFormat::Text);
    assert_eq!(value(&body, good), Some(0.0));
    assert_eq!(value(&body, time), Some(1_777_593_600.0));
}

#[test]
fn both_formats_are_well_formed_and_tell_of_the_process() {
    for format in [ExpositionFormat::Text, ExpositionFormat::OpenMetrics] {
        let (headings, samples) = read(&metrics().render(format));
        assert!(samples.iter().any(|sample| sample.name == "process_cpu_seconds_total"));
        let kind = |name| headings.iter().find(|h| h.name == name).map(|h| h.kind.as_str());
        match format {
            ExpositionFormat::Text => {
                assert_eq!(kind("kpi_exporter_build_info"), Some("gauge"));
                assert_eq!(kind("process_cpu_seconds_total"), Some("counter"));
            }
            ExpositionFormat::OpenMetrics => {
                assert_eq!(kind("kpi_exporter_build"), Some("info"));
                assert_eq!(kind("process_cpu_seconds"), Some("counter"));
            }
        }
    }
}
