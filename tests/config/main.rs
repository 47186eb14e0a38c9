//! Whole configurations, as a user would load them: what they become, where settings come from, and
//! that no secret shows.

#![expect(clippy::unwrap_used, reason = "what a test cannot do without stops it")]

mod documented;

mod http;

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
use proptest::prelude::*;
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
fn debug_output_of_a_configuration_holds_no_secret() {
    let config = loaded(FULL, &environment());
    let debug = format!("{config:?} {:?}", environment());
    assert!(debug.contains("warehouse") && !debug.contains("s3cr3t"), "{debug}");
}

#[test]
fn no_value_of_a_reference_shows_in_a_message_wherever_it_stands() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("secret"), "s3cr3t value\n").unwrap();
    let environment = [("SECRET", "s3cr3t value")].into_iter().collect();
    // Every place of a value in the example, one after the other.
    for (at, _) in FULL.match_indices(": ") {
        let line_end = at + FULL[at..].find('\n').unwrap();
        for reference in ["\"${env:SECRET}\"", "\"${file:secret}\"", "[\"x${env:SECRET}\"]"] {
            let text = format!("{}: {reference}{}", &FULL[..at], &FULL[line_end..]);
            if let Err(diagnostics) = load_text("test.yaml", &text, dir.path(), &environment) {
                let shown = format!("{diagnostics} {diagnostics:?}");
                assert!(!shown.contains("s3cr3t"), "{text}\n{shown}");
            }
        }
    }
}

#[test]
fn literal_secrets_do_not_show_in_messages() {
    for line in [
        "shop: { sql: { url: \"pg://reader:s3cr3t@db\" } }",
        "shop: { sql: { url: \"postgres://db/shop\", password: s3cr3t, nope: 1 } }",
        "shop: { sql: { url: \"postgres://db/shop\", pasword: s3cr3t } }",
        "shop: { sql: { url: \"postgres://db/shop\", password: [s3cr3t] } }",
        "shop: { sql: { url: \"postgres://db/shop\", password: \"s3cr3t${env:NOPE}\" } }",
        "shop: { http: { auth: { bearer: s3cr3t } } }",
        "shop: { sql: { password: s3cr3t, url: } } }",
        "shop:\n    sql:\n      url: postgres://db/shop\n      password: |\n        s3cr3t${env:NOPE}",
        "shop:\n    sql:\n      max_connections: postgres://reader:s3cr3t@db",
        "shop: postgres://reader:s3cr3t@db/shop",
        "shop: { sql: { url: \"reader:s3cr3t@db/shop\" } }",
        "shop: { sql: { url: \"trino+https://reader:s3cr3t@db/a/b/c\" } }",
        "shop: { http: { url: \"https://reader:s3cr3t@db/shop\" } }",
        "shop: { http: { url: \"https://db/shop?token=s3cr3t\" } }",
        "shop: { http: { url: \"https://db\", auth: s3cr3t } }",
        "shop: { http: { url: \"https://db\", auth: { bearer: [s3cr3t] } } }",
        "shop: { http: { url: \"https://db\", auth: { api_key: { header: \"a b\", key: s3cr3t } } } }",
        "shop: { http: { url: \"https://db\", auth: { api_key: s3cr3t } } }",
        "shop: { http: { url: \"https://db\", auth: { basic: \"reader:s3cr3t\" } } }",
        "shop: { http: { auth: { oauth2: { client_secret: s3cr3t, refresh_token: s3cr3t } } } }",
        "shop: { http: { url: \"https://db\", headers: { Authorization: s3cr3t, a b: c } } }",
        "shop: { http: { url: \"https://db\", headers: { Cookie: \"s3cr3t\\n\" } } }",
        "shop: { http: { url: \"https://db\", proxy: \"http://me:s3cr3t@proxy:port\" } }",
        "shop: { http: { url: \"https://db\", proxy: \"me:s3cr3t@proxy\" } }",
    ] {
        let shown = refused(&format!("version: 1\nsources:\n  {line}\n"), &Environment::default());
        assert!(!shown.contains("s3cr3t"), "{line}\n{shown}");
    }
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
        "environment: `KPI_EXPORTER_SERVER__LISTEN`: expected an address and port",
        "environment: `KPI_EXPORTER_LOG__LEVEL`: expected trace, debug, info, warn or error",
        "did you mean `KPI_EXPORTER_SERVER__LISTEN`?",
        "environment: `KPI_EXPORTER_KPIS__REVENUE` names no setting",
        "4 errors",
    ] {
        assert!(shown.contains(expected), "{expected}\n{shown}");
    }
    assert!(!shown.contains("s3cr3t"), "{shown}");
}

#[test]
fn targets_and_baselines_are_in_the_unit_of_the_kpi() {
    let goal = |unit: &str, keys: &str| {
        let text = with_kpi(&format!("    accumulation: level\n    unit: {unit}\n    {keys}\n"));
        let config = loaded(&text, &[("NUMBER", "250000")].into_iter().collect());
        let kpi = &config.definitions.kpis[0];
        assert!(config.definitions.metrics["m"].bare);
        (kpi.target.clone(), kpi.baseline.clone(), kpi.direction)
    };
    let near = |found: Target, expected: f64| match found {
        Target::Absolute(x) | Target::Relative(x) | Target::Delta(x) | Target::Min(x) => {
            assert!((x - expected).abs() < 1e-12, "{x} {expected}");
        }
        other => panic!("{other:?}"),
    };
    let up = "direction: increase\n    baseline: 12%\n    target:";
    near(goal("percent", &format!("{up} 16%")).0, 0.16);
    near(goal("percent", &format!("{up} 0.16")).0, 0.16);
    near(goal("percent", &format!("{up} +1.4pt")).0, 0.014);
    near(goal("percent", "direction: decrease\n    baseline: 0.04\n    target: -20%").0, -0.2);
    let plain = "direction: increase\n    baseline: 30\n    target:";
    near(goal("points", &format!("{plain} +1.4pt")).0, 1.4);
    near(goal("count", &format!("{plain} \"${{env:NUMBER}}\"")).0, 250_000.0);
    near(goal("count", &format!("{plain} ${{env:NUMBER}}")).0, 250_000.0);
    assert_eq!(goal("percent", &format!("{up} +30%")).1, Baseline::Fixed(0.12));

    assert_eq!(goal("percent", "target: { min: 95% }").2, Direction::Increase);
    assert_eq!(goal("count", "target: { max: 0 }").2, Direction::Decrease);
    let range = goal("points", "target: { min: 70, max: 80 }");
    assert_eq!((range.0, range.2), (Target::Range { min: 70.0, max: 80.0 }, Direction::Maintain));
}

#[test]
fn the_path_follows_from_accumulation_and_window() {
    let path = |accumulation: &str, window: &str| {
        let keys = format!("    accumulation: {accumulation}\n    window: {window}\n");
        let config = loaded(
            &with_kpi(&format!("{keys}    unit: count\n    target: {{ min: 1 }}\n")),
            &Environment::default(),
        );
        config.definitions.kpis[0].path.clone()
    };
    assert_eq!(path("flow", "period"), Way::Linear);
    assert_eq!(path("level", "period"), Way::Linear);
    assert_eq!(path("level", "30d"), Way::Trailing);
    assert_eq!(path("ratio", "168h"), Way::Trailing);
    assert_eq!(path("ratio", "period"), Way::Flat);
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
    assert!(missing.contains("nope.yaml: cannot be read: there is no such file"), "{missing}");
    fs::write(dir.path().join("latin1.yaml"), b"version: 1\nlog: \xe9\n").unwrap();
    let latin = refused("latin1.yaml");
    assert!(latin.contains("latin1.yaml: line 2 is not UTF-8 text"), "{latin}");
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
    assert!(shown.starts_with("test.yaml:2:8: unknown key `levle` in `log`\n"), "{shown}");
    assert!(shown.contains("  2 | log: { levle: info }\n    |        ^^^^^\n"), "{shown}");
}

/// A line of the example, sometimes with a piece put into it.
fn mutated() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "", "&a ", "*a", "<<: ", "[", "]", "{", "}", "\"", "'", "|", "\t", "- ", ": ", "? ", "#",
        "é", "${", "${env:X}", "!!str ", "---\n", "売", "\u{0}", "%", "+1pt", "1e400", "-", "~",
        "\r",
    ]);
    prop::collection::vec((any::<prop::sample::Index>(), pieces), 1..4).prop_map(|edits| {
        let mut text: Vec<char> = FULL.chars().collect();
        for (at, piece) in edits {
            let at = at.index(text.len());
            text.splice(at..(at + piece.len()).min(text.len()), piece.chars());
        }
        text.into_iter().collect()
    })
}

proptest! {
    #[test]
    fn damaged_configurations_give_answers_and_never_panic(text in mutated()) {
        if let Err(diagnostics) = load_text("t", &text, Path::new(""), &environment()) {
            prop_assert!(diagnostics.len() > 0);
            prop_assert!(!diagnostics.to_string().contains("s3cr3t"));
        }
    }

    #[test]
    fn random_texts_give_answers_and_never_panic(text in "(?s).{0,200}") {
        let result = load_text("t", &text, Path::new(""), &Environment::default());
        prop_assert!(result.is_ok() || result.is_err_and(|d| d.len() > 0));
    }

    #[test]
    fn random_structure_gives_answers_and_never_panics(
        text in "(version: 1\n)?((kpis|metrics|sources|log|calendar):( |\n  )([a-z]{1,3}: ?|- |[\\[\\]{},'\"&*a]|\n {0,4}|[0-9%+]){0,20}\n){1,3}"
    ) {
        let result = load_text("t", &text, Path::new(""), &Environment::default());
        prop_assert!(result.is_ok() || result.is_err_and(|d| d.len() > 0));
    }
}

#[test]
fn paces_of_version_1_are_read_as_factors_and_the_check_says_so() {
    let of = |status: &str| {
        let old =
            "status: { at_risk: 1.1, off_track: 1.3, too_early: 10%, confirm: 2, confirm_for: 1h }";
        assert!(FULL.contains(old));
        let config = loaded(&FULL.replace(old, &format!("status: {{ {status} }}")), &environment());
        let limits = config.definitions.kpis[0].thresholds;
        let hints: Vec<String> = config.notes.into_iter().filter_map(|note| note.hint).collect();
        ((limits.at_risk * 1e3).round() / 1e3, (limits.off_track * 1e3).round() / 1e3, hints)
    };
    let read = |text: &str| vec![format!("it is read as `{text}`")];
    let both = read("at_risk: 1.05, off_track: 1.25");
    assert_eq!(of("on_track: 0.95, at_risk: 0.80"), (1.053, 1.25, both));
    assert_eq!(of("on_track: 0.9"), (1.111, 1.3, read("at_risk: 1.11")));
    assert_eq!(of("at_risk: 0.7"), (1.1, 1.429, read("off_track: 1.43")));
    // The default of the other gives way.
    assert_eq!(of("at_risk: 0.95"), (1.018, 1.053, read("off_track: 1.05")));
    assert_eq!(of("at_risk: 1.2, off_track: 1.5"), (1.2, 1.5, Vec::new()));
    assert_eq!(of("off_track: 1.2"), (1.1, 1.2, Vec::new()));
}

#[test]
fn paths_from_data_of_every_year_and_without_some_periods_are_read() {
    let of = |path: &str, more: &str| {
        let keys = format!(
            "    accumulation: flow\n    unit: USD\n    direction: increase\n    period: year\n    \
             target: 100\n    path: {path}\n{more}"
        );
        loaded(&with_kpi(&keys), &Environment::default())
    };
    let path = |text: &str| of(text, "").definitions.kpis[0].path.clone();
    assert_eq!(path("seasonal"), Way::Seasonal(Vec::new()));
    let left_out = vec!["2020".to_owned(), "2021".to_owned()];
    assert_eq!(path("{ seasonal: { except: [2020, \"2021\"] } }"), Way::Seasonal(left_out));
    assert!(matches!(path("{ formula: m }"), Way::Formula(plan) if plan.to_string() == "m"));
    let Way::Milestones(milestones) = path("{ milestones: { 02-29: 20, 12-31: 100 } }") else {
        panic!("milestones")
    };
    let days = |year: i32| {
        let day = |year| chrono::NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
        let days = milestones.between(day(year), day(year + 1));
        days.into_iter().map(|(day, value)| format!("{day} {value}")).collect::<Vec<_>>()
    };
    assert_eq!(days(2028), ["2028-02-29 20", "2028-12-31 100"]);
    assert_eq!(days(2027), ["2027-02-28 20", "2027-12-31 100"]);
}

#[test]
fn milestones_that_fall_or_do_not_end_with_the_target_are_told() {
    let notes = |milestones: &str| -> Vec<String> {
        let keys = format!(
            "    accumulation: flow\n    unit: USD\n    direction: increase\n    period: quarter\n    \
             target: 100\n    path: {{ milestones: {{ {milestones} }} }}\n"
        );
        let config = loaded(&with_kpi(&keys), &Environment::default());
        config.notes.into_iter().map(|note| note.message).collect()
    };
    assert_eq!(notes("2026-04-30: 20, 2026-05-31: 50, 2026-06-30: 100"), [""; 0]);
    // Each quarter begins anew.
    assert_eq!(notes("2026-06-30: 100, 2026-07-31: 20"), [""; 0]);
    assert_eq!(
        notes("2026-04-30: 50, 2026-05-31: 20"),
        ["`kpis.k.path.milestones`: the way falls: 20 on 2026-05-31 is below 50 before it"]
    );
    assert_eq!(
        notes("04-30: 50, 06-30: 90"),
        [
            "`kpis.k.path.milestones`: 90 on 2024-06-30, the last day of 2024-Q2, is not the target 100"
        ]
    );
}
