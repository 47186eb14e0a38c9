//! What has to hold between KPIs, whatever the numbers are.

use proptest::prelude::*;

use super::value;
use crate::kpi::same;

fn money() -> impl Strategy<Value = f64> {
    (0_u32..10_000_000).prop_map(f64::from)
}

/// A part of a whole, and the whole.
fn part() -> impl Strategy<Value = (f64, f64)> {
    (1_u32..1_000_000)
        .prop_flat_map(|whole| (0..=whole, Just(whole)))
        .prop_map(|(part, whole)| (part.into(), whole.into()))
}

proptest! {
    #[test]
    fn gross_retention_is_at_most_one_and_at_most_net(
        start in 1_u32..10_000_000, expansion in money(), contraction in money(), churned in money(),
    ) {
        let given = [("at_start", start.into()), ("expansion", expansion),
            ("contraction", contraction), ("churned", churned)];
        let (grr, nrr) = (value("grr", &given).unwrap(), value("nrr", &given).unwrap());
        prop_assert!(grr <= 1.0 && grr <= nrr);
        let churn = value("revenue_churn", &given).unwrap();
        prop_assert!(same(grr, 1.0 - churn) || (grr - 1.0 + churn).abs() < 1e-9);
        prop_assert!((nrr - grr - expansion / f64::from(start)).abs() < 1e-6);
    }

    #[test]
    fn arr_is_twelve_mrr(recurring in money()) {
        let given = [("recurring", recurring)];
        let (arr, mrr) = (value("arr", &given).unwrap(), value("mrr", &given).unwrap());
        prop_assert!(same(arr, 12.0 * mrr));
    }

    #[test]
    fn net_new_arr_is_the_difference_of_arr(
        start in money(), new in money(), expansion in money(), reactivation in money(),
        contraction in money(), churned in money(),
    ) {
        let yearly = [("new", 12.0 * new), ("expansion", 12.0 * expansion),
            ("reactivation", 12.0 * reactivation), ("contraction", 12.0 * contraction),
            ("churned", 12.0 * churned)];
        let end = start + new + expansion + reactivation - contraction - churned;
        let arr = |mrr| value("arr", &[("recurring", mrr)]).unwrap();
        let net_new = value("net_new_arr", &yearly).unwrap();
        prop_assert!((net_new - (arr(end) - arr(start))).abs() < 1e-3);
    }

    #[test]
    fn net_promoters_are_within_a_hundred(promoters in 0_u32..1000, passives in 0_u32..1000, detractors in 0_u32..1000) {
        let responses = promoters + passives + detractors;
        let given = [("promoters", promoters.into()), ("detractors", detractors.into()), ("responses", responses.into())];
        let nps = value("nps", &given);
        prop_assert_eq!(nps.is_none(), responses == 0);
        prop_assert!(nps.is_none_or(|nps| nps.abs() <= 100.0));
    }

    #[test]
    fn shares_are_shares((part, whole) in part()) {
        for (id, above, below) in [
            ("dau_mau", "average_daily_users", "monthly_users"),
            ("churn_rate", "customers_lost", "customers_at_start"),
            ("trial_to_paid", "converted", "ended"),
            ("csat", "satisfied", "responses"),
            ("uptime", "up", "probes"),
            ("change_failure_rate", "failed", "deployments"),
        ] {
            let share = value(id, &[(above, part), (below, whole)]).unwrap();
            prop_assert!((0.0..=1.0).contains(&share), "{}", id);
        }
        let won = value("win_rate", &[("won", part), ("lost", whole - part)]).unwrap();
        prop_assert!(same(won, part / whole));
    }

    #[test]
    fn retention_and_churn_of_customers_are_the_whole(start in 1_u32..100_000, lost in 0_u32..100_000, new in 0_u32..100_000) {
        let lost = lost.min(start);
        let retention = value("retention_rate", &[("customers_at_start", start.into()),
            ("customers_at_end", (start - lost + new).into()), ("new_customers", new.into())]).unwrap();
        let churn = value("churn_rate", &[("customers_lost", lost.into()), ("customers_at_start", start.into())]).unwrap();
        prop_assert!((retention + churn - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_life_has_an_end(arpa in money(), margin in 0.0..1.0_f64, churn in 0.0..1.0_f64) {
        let given = [("arpa", arpa), ("gross_margin", margin), ("churn", churn)];
        let ltv = value("ltv", &given).unwrap();
        prop_assert!(ltv <= arpa * margin * 60.0 * (1.0 + 1e-9));
        prop_assert!(churn < 1.0 / 60.0 || (ltv - arpa * margin / churn).abs() <= 1e-6 * (1.0 + ltv));
    }

    #[test]
    fn runway_is_cash_by_burn(start in 2_000_000_u32..9_000_000, spent in 1_u32..2_000_000, raised in 0_u32..1_000_000) {
        let (start, spent, raised) = (f64::from(start), f64::from(spent), f64::from(raised));
        let end = start - spent + raised;
        let given = [("cash_at_start", start), ("cash_at_end", end), ("financing", raised)];
        let (burn, runway) = (value("burn_rate", &given).unwrap(), value("runway", &given).unwrap());
        prop_assert!((burn - spent / 3.0).abs() < 1e-6);
        prop_assert!((burn * runway - end).abs() <= 1e-6 * end);
    }
}
