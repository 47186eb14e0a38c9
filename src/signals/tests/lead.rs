use proptest::prelude::*;

use super::*;
use crate::signals::tests::simulate::{Noise, rate};

const BJSALES: &str = include_str!("../../../tests/data/bjsales.csv");

fn pairs(leading: &[f64], lagging: &[f64]) -> Vec<(Option<f64>, Option<f64>)> {
    leading.iter().zip(lagging).map(|(a, b)| (Some(*a), Some(*b))).collect()
}

fn bjsales() -> Vec<(f64, f64)> {
    let figure = |field: Option<&str>| field.unwrap().parse::<f64>().unwrap();
    let row = |line: &str| {
        let mut fields = line.split(',').skip(1);
        (figure(fields.next()), figure(fields.next()))
    };
    BJSALES.lines().filter(|line| !line.starts_with(['#', 't'])).map(row).collect()
}

fn leads(leading: &[f64], lagging: &[f64], max_lag: usize) -> bool {
    matches!(lead_correlation(&pairs(leading, lagging), max_lag), Lead::Leads { .. })
}

/// What is never shown: the correlation of the series as they are, at the same 5 %.
fn raw_correlation_is_significant(a: &[f64], b: &[f64]) -> bool {
    let centred = |series: &[f64]| {
        let mean = series.iter().sum::<f64>() / series.len() as f64;
        series.iter().map(|value| value - mean).collect::<Vec<f64>>()
    };
    let (a, b) = (centred(a), centred(b));
    let products: f64 = a.iter().zip(&b).map(|(x, y)| x * y).sum();
    let rho = products / (sum_of_squares(&a) * sum_of_squares(&b)).sqrt();
    rho.abs() * (a.len() as f64).sqrt() > upper_quantile(0.025)
}

#[test]
fn the_series_are_those_of_the_book() {
    let (leading, sales): (Vec<f64>, Vec<f64>) = bjsales().into_iter().unzip();
    assert_eq!(leading.len(), 150);
    assert!((leading.iter().sum::<f64>() - 1777.01).abs() < 1e-6);
    assert!((sales.iter().sum::<f64>() - 34496.7).abs() < 1e-6);
}

#[test]
fn bjsales_finds_that_the_indicator_leads_sales_by_3() {
    let (leading, sales): (Vec<f64>, Vec<f64>) = bjsales().into_iter().unzip();
    for max_lag in [4, 8, 20] {
        let Lead::Leads { lag, rho } = lead_correlation(&pairs(&leading, &sales), max_lag) else {
            panic!("no lead within {max_lag}")
        };
        assert_eq!(lag, 3);
        assert!((0.66..=0.74).contains(&rho), "{rho}");
    }
    assert!(!leads(&leading, &sales, 2), "the lead of 3 is not among lags 1 and 2");
}

#[test]
fn sales_do_not_lead_their_indicator() {
    let (leading, sales): (Vec<f64>, Vec<f64>) = bjsales().into_iter().unzip();
    assert!(!leads(&sales, &leading, 8));
}

#[test]
fn independent_random_walks_seldom_lead_though_raw_they_nearly_always_correlate() {
    let called = rate(1000, 42, |noise| leads(&noise.walk(100), &noise.walk(100), 8));
    assert!((0.01..=0.05).contains(&called), "{called}");
    let raw =
        rate(1000, 42, |noise| raw_correlation_is_significant(&noise.walk(100), &noise.walk(100)));
    assert!(raw > 0.7, "{raw}");
}

#[test]
fn other_independent_series_seldom_lead_either() {
    for (phi, points) in [(0.0, 100), (0.5, 100), (0.9, 100), (0.5, 40)] {
        let called = rate(1000, 43, |noise| {
            let leading = noise.autoregressive(points, phi);
            leads(&leading, &noise.autoregressive(points, phi), 8)
        });
        assert!((0.005..=0.05).contains(&called), "{phi}, {points} points: {called}");
    }
}

#[test]
fn a_real_lead_is_found_at_its_lag_with_its_sign() {
    let mut noise = Noise(44);
    let leading = noise.walk(120);
    let lagging: Vec<f64> = (0_usize..120)
        .map(|t| 500.0 - 3.0 * leading[t.saturating_sub(5)] + noise.normal())
        .collect();
    let lead = lead_correlation(&pairs(&leading, &lagging), 10);
    assert!(matches!(lead, Lead::Leads { lag: 5, rho } if rho < -0.5), "{lead:?}");
    assert!(
        lead.words("week").starts_with("proven: its changes come 5 weeks ahead, in the opposite")
    );
}

#[test]
fn fewer_than_40_points_are_unverified_and_gaps_count_as_the_end_of_a_stretch() {
    let (leading, sales): (Vec<f64>, Vec<f64>) = bjsales().into_iter().unzip();
    let mut rows = pairs(&leading, &sales);
    assert_eq!(lead_correlation(&rows[..39], 8), Lead::Unverified { points: 39 });
    assert_eq!(lead_correlation(&[], 8), Lead::Unverified { points: 0 });
    rows[30].0 = None;
    rows[60].1 = Some(f64::NAN);
    let lead = lead_correlation(&rows, 8);
    assert!(matches!(lead, Lead::Leads { lag: 3, .. }), "{lead:?}");
    assert_eq!(lead, lead_correlation(&pairs(&leading[61..], &sales[61..]), 8));
    let lead = lead_correlation(&rows[..70], 8);
    assert_eq!(lead, Lead::Unverified { points: 30 });
    assert_eq!(lead.words("week"), "unproven: 30 weeks without a gap, at least 40 are needed");
}

#[test]
fn a_series_that_never_changes_leads_nothing() {
    let walk = Noise(45).walk(60);
    for (leading, lagging) in [(vec![3.0; 60], walk.clone()), (walk, vec![3.0; 60])] {
        let lead = lead_correlation(&pairs(&leading, &lagging), 8);
        assert_eq!(lead, Lead::NoEvidence { detectable: None });
    }
}

#[test]
fn no_evidence_says_what_would_have_been_seen() {
    let mut noise = Noise(46);
    let lead = lead_correlation(&pairs(&noise.walk(50), &noise.walk(50)), 1000);
    let Lead::NoEvidence { detectable: Some(limit) } = lead else { panic!("{lead:?}") };
    assert!((0.35..0.55).contains(&limit), "{limit}");
    assert!(matches!(
        lead_correlation(&pairs(&noise.walk(50), &noise.walk(50)), 0),
        Lead::NoEvidence { .. }
    ));
}

#[test]
fn quantiles_agree_with_the_tables() {
    for (tail, z) in [(0.025, 1.959_964), (0.005, 2.575_829), (0.001_25, 3.023_341)] {
        assert!((upper_quantile(tail) - z).abs() < 4.5e-4);
    }
}

#[test]
fn growth_in_common_is_no_lead() {
    let called = rate(500, 49, |noise| {
        let mut growing = || -> Vec<f64> {
            (0..100).map(|week| f64::from(week) * 0.2 + noise.normal()).collect()
        };
        leads(&growing(), &growing(), 8)
    });
    assert!(called <= 0.06, "{called}");
}

/// Both remember 28 days: plain prewhitening calls 13 % of such pairs leads.
#[test]
fn independent_trailing_windows_seldom_lead() {
    let called = rate(500, 47, |noise| {
        let mut trailing = || -> Vec<f64> {
            noise.autoregressive(177, 0.0).windows(28).map(|w| w.iter().sum()).collect()
        };
        leads(&trailing(), &trailing(), 14)
    });
    assert!(called <= 0.06, "{called}");
}

/// Cubes of normal numbers: most weeks quiet, some wild. Uncut spikes would make 14 % leads.
#[test]
fn unrelated_spikes_seldom_lead() {
    let called = rate(1000, 48, |noise| {
        let mut spiky = || -> Vec<f64> { (0..100).map(|_| noise.normal().powi(3)).collect() };
        leads(&spiky(), &spiky(), 8)
    });
    assert!(called <= 0.08, "{called}");
}

proptest! {
    #[test]
    fn no_numbers_make_it_fail(
        rows in prop::collection::vec((any::<f64>(), any::<f64>()), 0..60), max_lag in any::<usize>()
    ) {
        let rows: Vec<_> = rows.into_iter().map(|(a, b)| (Some(a), Some(b))).collect();
        if let Lead::Leads { lag, rho } = lead_correlation(&rows, max_lag) {
            prop_assert!(lag >= 1 && lag <= rows.len() / 4 && rho.abs() <= 1.0);
        }
    }
}
