//! Targets, baselines, paths and limits, as they are written and as they are meant.

use kpi_exporter::config::Environment;
use kpi_exporter::kpi::{Baseline, Direction, Path as Way, Target};

use super::{FULL, environment, loaded, with_kpi};

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
