//! Whole configurations, as a user would load them: what they become, and where settings come from.

#![expect(clippy::unwrap_used, reason = "what a test cannot do without stops it")]

mod damaged;
mod documented;
mod goals;
mod http;
mod secrets;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::NaiveDate;
use chrono_tz::Tz;
use kpi_exporter::calendar::{PeriodKind, Retail, WeekPattern, WindowSpec, YearEnd, YearName};
use kpi_exporter::config::{Config, Environment, LogFormat, load, load_text};
use kpi_exporter::kpi::{Accumulation, Baseline, Direction, Path as Way, Target, Unit};
use kpi_exporter::source::SourceConfig;
use kpi_exporter::source::sql::DatabaseConfig;
use kpi_exporter::source::statement::SqlQuery;
use secrecy::ExposeSecret;

/// Every key, with values that are not the defaults.
const FULL: &str = include_str!("full_example.yaml");

const SECRET_URL: &str = "postgres://reader:s3cr3t@warehouse/shop";

fn environment() -> Environment {
    [("WAREHOUSE_URL", SECRET_URL), ("CRM_TOKEN", "s3cr3t")].into_iter().collect()
}

fn loaded(text: &str, environment: &Environment) -> Config {
    load_text("test.yaml", text, Path::new("/etc/kpi"), environment)
        .unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
}

fn refused(text: &str, environment: &Environment) -> String {
    load_text("test.yaml", text, Path::new("/etc/kpi"), environment).err().unwrap().to_string()
}

/// A configuration with one KPI, whose keys from `unit` on are given.
fn with_kpi(keys: &str) -> String {
    format!(
        "version: 1\nsources: {{ s: {{ files: {{ tables: {{ t: t.csv }} }} }} }}\nmetrics: {{ m: \
         {{ source: s, query: SELECT 1 AS value }} }}\nkpis:\n  k:\n    kind: lagging\n    formula: \
         m\n{keys}"
    )
}

#[test]
fn the_full_example_becomes_what_it_says() {
    let config = loaded(FULL, &environment());
    let settings = &config.settings;
    assert_eq!(settings.server.listen, "127.0.0.1:9877".parse().unwrap());
    assert_eq!(settings.server.external_url.as_deref(), Some("https://kpis.example.com"));
    assert_eq!((settings.log.level, settings.log.format), (tracing::Level::DEBUG, LogFormat::Json));
    assert_eq!(settings.store.path, Some(PathBuf::from("/etc/kpi/data/kpi-exporter.db")));

    let calendar = &config.definitions.calendar;
    assert_eq!(calendar.timezone, Tz::America__New_York);
    assert_eq!((calendar.fiscal_year_start, calendar.week_start), (2, chrono::Weekday::Sun));
    assert_eq!(calendar.business_days, (0..5).collect());
    let holiday = NaiveDate::from_ymd_opt(2026, 5, 25).unwrap();
    assert_eq!(calendar.holidays, [holiday].into());

    let orders = &config.definitions.metrics["orders"];
    assert_eq!(orders.columns, ["revenue", "count"]);
    assert!(!orders.bare);
    assert_eq!((orders.source.as_str(), orders.max_label_sets), ("shop", 500));
    assert_eq!(orders.schedule.to_string(), "0 * * * *");
    let SqlQuery(query) = orders.query.terms().unwrap();
    assert!(query.text.contains("\nFROM orders"), "{query:?}");
    let plan = &config.definitions.metrics["plan"];
    assert_eq!((plan.labels.as_slice(), plan.max_label_sets), (&["region".to_owned()][..], 20));
    assert_eq!(plan.schedule.to_string(), "@hourly");

    let objective = &config.definitions.objectives["self_serve"];
    assert_eq!(objective.title, "Grow self-serve revenue");
}

#[test]
fn a_retail_calendar_says_when_its_weeks_begin() {
    let keys = "    accumulation: level\n    unit: count\n    target: { min: 1 }\n";
    let with = |calendar: &str| {
        let text = format!("calendar: {{ {calendar} }}\n{}", with_kpi(keys));
        loaded(&text, &environment()).definitions.calendar
    };
    let shops = with(
        "weeks: 4-5-4, fiscal_year_name: start, year_ends: { weekday: saturday, nearest: january }",
    );
    let retail = Retail {
        weeks: WeekPattern::W454,
        ends_on: chrono::Weekday::Sat,
        year_end: YearEnd::Nearest,
        month: 1,
    };
    assert_eq!((shops.retail, shops.week_start), (Some(retail), chrono::Weekday::Sun));
    assert_eq!(shops.fiscal_year_name, YearName::Start);
    // Keys as the reference shows them together: what they say stays said.
    let both = with(
        "fiscal_year_start: january, week_start: monday, weeks: 4-4-5, \
         year_ends: { weekday: sunday, last: december }",
    );
    assert_eq!((both.week_start, both.fiscal_year_name), (chrono::Weekday::Mon, YearName::End));
    assert_eq!(both.retail.unwrap().year_end, YearEnd::Last);
}

#[test]
fn the_kpis_of_the_full_example_have_their_own_values_and_the_defaults() {
    let config = loaded(FULL, &environment());
    let [value, revenue] = &config.definitions.kpis[..] else { panic!("two KPIs") };
    assert_eq!(
        (value.id.as_str(), value.title.as_str()),
        ("average_order_value", "Average order value")
    );
    assert_eq!(value.accumulation, Accumulation::Ratio);
    assert_eq!((&value.period, value.window), (&PeriodKind::Quarter, WindowSpec::PeriodToDate));
    assert_eq!(
        (&value.target, &value.baseline),
        (&Target::Relative(0.1), &Baseline::PreviousPeriod)
    );
    assert_eq!((&value.path, value.direction), (&Way::Linear, Direction::Increase));
    assert_eq!(value.lead_time, Some(Duration::from_hours(30 * 24)));
    assert_eq!((value.levers.len(), value.predicts.as_slice()), (2, &["revenue".into()][..]));
    assert!((value.thresholds.too_early - 0.1).abs() < 1e-12);

    assert_eq!((revenue.title.as_str(), &revenue.unit), ("revenue", &Unit::Currency("USD".into())));
    assert!(matches!(&revenue.target, Target::Formula(f) if f.to_string() == "plan.revenue"));
    assert!(matches!(&revenue.path, Way::Milestones(m) if m.dated.len() == 2));
    assert_eq!(revenue.max_age, Duration::from_hours(48));
    assert_eq!(revenue.allow, ["K008"]);
}

#[test]
fn sources_have_resolved_paths_and_their_defaults() {
    let config = loaded(FULL, &environment());
    let SourceConfig::Files(shop) = &config.sources["shop"] else { panic!("files") };
    assert_eq!(shop.tables["orders"].path, Path::new("/etc/kpi/data/orders.csv"));
    assert_eq!(shop.timeout, Duration::from_secs(30));
    let SourceConfig::Sql(DatabaseConfig::Database(warehouse)) = &config.sources["warehouse"]
    else {
        panic!("sql")
    };
    assert_eq!(warehouse.url.expose_secret(), SECRET_URL);
    assert_eq!((warehouse.max_connections, warehouse.timeout), (8, Duration::from_secs(10)));
    let SourceConfig::Sql(DatabaseConfig::Database(ledger)) = &config.sources["ledger"] else {
        panic!("sql")
    };
    assert_eq!(ledger.url.expose_secret(), "sqlite:///etc/kpi/data/ledger.db");
    assert_eq!(ledger.max_connections, 4);
}

#[test]
fn the_environment_lies_over_the_file_and_the_file_over_the_defaults() {
    let defaults = loaded("version: 1\n", &Environment::default()).settings;
    assert_eq!(defaults.server.listen, "0.0.0.0:9877".parse().unwrap());
    assert_eq!((defaults.log.level, defaults.log.format), (tracing::Level::INFO, LogFormat::Text));
    assert_eq!(defaults.store.path, None);
    assert_eq!(defaults.store.keep_daily, Duration::from_hours(24 * 1830));
    assert_eq!(defaults.store.keep_raw, Duration::from_hours(24 * 90));

    let text = "version: 1\nserver: { listen: 127.0.0.1:1 }\nlog: { level: warn }\n";
    let environment = [
        ("KPI_EXPORTER_SERVER__LISTEN", "127.0.0.1:2"),
        ("KPI_EXPORTER_LOG__FORMAT", "json"),
        ("KPI_EXPORTER_STORE__PATH", "/var/kpi.db"),
        // For the command line, not for the file.
        ("KPI_EXPORTER_CONFIG", "x"),
        ("KPI_EXPORTER_LOG_LEVEL", "trace"),
        ("OTHER_SERVER__LISTEN", "x"),
    ];
    let settings = loaded(text, &environment.into_iter().collect()).settings;
    assert_eq!(settings.server.listen, "127.0.0.1:2".parse().unwrap());
    assert_eq!((settings.log.level, settings.log.format), (tracing::Level::WARN, LogFormat::Json));
    assert_eq!(settings.store.path, Some(PathBuf::from("/var/kpi.db")));
}

#[test]
fn mistakes_in_the_environment_name_the_variable_and_hide_its_value() {
    let environment = [
        ("KPI_EXPORTER_SERVER__LISTEN", "s3cr3t"),
        ("KPI_EXPORTER_LOG__LEVEL", "s3cr3t"),
        ("KPI_EXPORTER_SERVER__LISTN", "s3cr3t"),
        ("KPI_EXPORTER_KPIS__REVENUE", "s3cr3t"),
    ];
    let shown = refused("version: 1\n", &environment.into_iter().collect());
    for expected in [
        "environment: error: `KPI_EXPORTER_SERVER__LISTEN`: expected an address and port",
        "environment: error: `KPI_EXPORTER_LOG__LEVEL`: expected trace, debug, info, warn or error",
        "did you mean `KPI_EXPORTER_SERVER__LISTEN`?",
        "environment: error: `KPI_EXPORTER_KPIS__REVENUE` names no setting",
        "4 errors",
    ] {
        assert!(shown.contains(expected), "{expected}\n{shown}");
    }
    assert!(!shown.contains("s3cr3t"), "{shown}");
}

#[test]
fn a_folder_is_one_configuration_and_paths_are_relative_to_their_file() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
    write("10-sources.yaml", "version: 1\nsources: { s: { files: { tables: { t: t.csv } } } }\n");
    write("20-metrics.yml", "metrics: { m: { source: s, query: \"${file:m.sql}\" } }\nkpis:\n");
    write("30-more.yaml", "version: 1\nmetrics: { n: { source: s, query: SELECT 2 AS value } }\n");
    write("m.sql", "SELECT 1 AS value\n");
    write(".hidden.yaml", "nonsense: true\n");
    write("notes.txt", "nonsense");
    let config = load(dir.path(), &Environment::default()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(config.definitions.metrics.len(), 2);
    let SqlQuery(query) = config.definitions.metrics["m"].query.terms().unwrap();
    assert_eq!(query.text, "SELECT 1 AS value");
    let SourceConfig::Files(files) = &config.sources["s"] else { panic!("files") };
    assert_eq!(files.tables["t"].path, dir.path().join("t.csv"));
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let refused = |name: &str| {
        load(&dir.path().join(name), &Environment::default()).err().unwrap().to_string()
    };
    let missing = refused("nope.yaml");
    assert!(
        missing.contains("nope.yaml: error: cannot be read: there is no such file"),
        "{missing}"
    );
    fs::write(dir.path().join("latin1.yaml"), b"version: 1\nlog: \xe9\n").unwrap();
    let latin = refused("latin1.yaml");
    assert!(latin.contains("latin1.yaml: error: line 2 is not UTF-8 text"), "{latin}");
    fs::write(dir.path().join("big.yaml"), vec![b'#'; 5 * 1024 * 1024]).unwrap();
    assert!(refused("big.yaml").contains("larger than the limit of 4194304 bytes"));
}

#[test]
fn anchors_aliases_and_merge_keys_share_what_is_common() {
    let text = with_kpi(
        "    <<: &common\n      accumulation: level\n      unit: count\n      direction: increase\n      \
         target: 5\n      team: growth\n    title: One\n  l:\n    <<: *common\n    title: Two\n    \
         kind: leading\n    formula: m\n    team: sales\n",
    );
    let config = loaded(&text, &Environment::default());
    let teams: Vec<_> =
        config.definitions.kpis.iter().map(|k| (k.title.as_str(), k.team.as_deref())).collect();
    assert_eq!(teams, [("One", Some("growth")), ("Two", Some("sales"))]);
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_make_no_difference() {
    let text = format!("\u{feff}{}", FULL.replace('\n', "\r\n"));
    loaded(&text, &environment());
    let shown = refused("\u{feff}version: 1\r\nlog: { levle: info }\r\n", &Environment::default());
    assert!(shown.starts_with("test.yaml:2:8: error: unknown key `levle` in `log`\n"), "{shown}");
    assert!(shown.contains("  2 | log: { levle: info }\n    |        ^^^^^\n"), "{shown}");
}
