//! Two years, day by day, with a leap day, four clock changes, fiscal and retail years: every flow starts
//! again with its period and closes with its sum.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::pin::pin;
use std::sync::Arc;

use chrono::NaiveDate;
use futures_util::StreamExt;
use kpi_exporter::backfill::{replay, steps};
use kpi_exporter::config::{self, Environment};
use kpi_exporter::daemon::open_sources;

const PERIODS: [&str; 5] = ["week", "month", "quarter", "half", "year"];

fn configuration(zone: &str, years: &str) -> String {
    let mut text = format!(
        "
version: 1
calendar: {{ timezone: {zone}, {years} }}
sources: {{ shop: {{ files: {{ tables: {{ days: days.csv }} }} }} }}
metrics:
  n:
    source: shop
    query: SELECT sum(n) AS value FROM days WHERE at >= :window_start AND at < :window_end
kpis:
"
    );
    for period in PERIODS {
        writeln!(
            text,
            "  {period}: {{ kind: lagging, formula: n, accumulation: flow, unit: count, \
             direction: increase, target: 1000, period: {period} }}"
        )
        .unwrap();
    }
    text
}

#[tokio::test]
async fn every_flow_counts_the_days_of_its_period_and_nothing_else() {
    for (zone, years) in [
        ("America/New_York", "fiscal_year_start: january"),
        ("Europe/Berlin", "fiscal_year_start: april"),
        // The first of the two years has 53 weeks.
        ("America/New_York", "weeks: 4-5-4, year_ends: { weekday: saturday, nearest: january }"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("kpis.yaml"), configuration(zone, years)).unwrap();
        // One a day, in its last minute, from before the first period to after the last.
        let mut days = "at,n\n".to_owned();
        let first = NaiveDate::from_ymd_opt(2022, 1, 1).unwrap();
        for day in first.iter_days().take(365 * 5) {
            writeln!(days, "{day} 23:59:30,1").unwrap();
        }
        std::fs::write(folder.path().join("days.csv"), days).unwrap();
        let config = config::load(&folder.path().join("kpis.yaml"), &Environment::default());
        let config = config.unwrap();
        let sources = open_sources(&config.sources);
        let calendar = config.definitions.calendar.clone();
        let at = |day| calendar.parse_as_of(day).unwrap();
        let steps =
            steps(&calendar, at("2023-06-01"), at("2025-06-01"), 1, at("2025-06-02")).unwrap();
        assert_eq!(steps.len(), 732, "2024 had a leap day");
        let mut walk = pin!(replay(Arc::new(config.definitions), sources, steps));
        let mut closed: BTreeMap<String, u32> = BTreeMap::new();
        while let Some(day) = walk.next().await {
            for (state, verdict) in day.verdicts() {
                let assessment = &verdict.assessment;
                let period = &assessment.period;
                let today = calendar.day_before(day.as_of);
                let passed = (today - period.first_day).num_days() + 1;
                assert_eq!(assessment.value, Some(passed as f64), "{} {today}", state.kpi.id);
                let length = (period.end_day - period.first_day).num_days();
                let elapsed = passed as f64 / length as f64;
                assert!((assessment.elapsed_ratio - elapsed).abs() < 1e-12);
                if passed == length {
                    *closed.entry(state.kpi.id.to_string()).or_default() += 1;
                }
                let last = &state.last_period[0].assessment;
                let before = (last.period.end_day - last.period.first_day).num_days();
                assert_eq!(last.value, Some(before as f64), "{} {today}", last.period.id);
                assert_eq!(last.period.end_day, period.first_day);
            }
        }
        let closed: Vec<_> = PERIODS.iter().map(|period| closed[*period]).collect();
        assert_eq!(closed, [105, 24, 8, 4, 2], "{zone}, {years}");
    }
}
