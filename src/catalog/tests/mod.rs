//! Templates are whole and right: examples come out, partners exist, identities hold.

mod identities;

use super::*;
use crate::calendar::WindowSpec;
use crate::kpi::{Beyond, Unit, same};

/// The value of a template's formula with these inputs; defaults where none is given.
fn value(id: &str, given: &[(&str, f64)]) -> Option<f64> {
    let template = find(id).unwrap();
    template.formula.expr().eval(&|reference| {
        let name = &*reference.metric;
        let given = given.iter().find(|(input, _)| *input == name).map(|(_, number)| *number);
        let input = template.inputs.iter().find(|input| input.name == name)?;
        given.or_else(|| input.default.as_ref()?.parse().ok())
    })
}

#[test]
fn the_worked_example_of_every_template_comes_out() {
    for template in all() {
        let given: Vec<(&str, f64)> =
            template.example.given.iter().map(|(name, number)| (name.as_str(), *number)).collect();
        let known = |name: &&str| template.inputs.iter().any(|input| input.name == **name);
        assert!(given.iter().all(|(name, _)| known(name)), "{}", template.id);
        let value = value(&template.id, &given);
        let expected = template.example.value;
        assert!(value.is_some_and(|v| same(v, expected)), "{}: {value:?}", template.id);
        assert_eq!(template.range.beyond(expected), None, "{}", template.id);
    }
}

#[test]
fn every_template_is_whole() {
    assert!(all().len() >= 72, "{}", all().len());
    for template in all() {
        let id = &template.id;
        assert_eq!(all().iter().filter(|other| other.id == *id).count(), 1, "{id} is there twice");
        for input in &template.inputs {
            assert!(template.formula.draws_on(&input.name.as_str().into()), "{id}: {}", input.name);
            let bound = template.bind_of(&input.name).is_some() || input.default.is_some();
            assert!(bound, "{id}: no query gives {}", input.name);
        }
        for (reference, _) in template.formula.references() {
            let known = template.inputs.iter().any(|input| input.name == *reference.metric);
            assert!(known, "{id}: {}", &*reference.metric);
        }
        for partner in template.leads.iter().chain(&template.follows) {
            assert!(find(&partner.id).is_some(), "{id}: there is no partner {}", partner.id);
            assert!(!partner.time.is_zero());
        }
        assert!(!template.traps.is_empty() && !template.levers.is_empty(), "{id}");
        assert!(!template.definition.is_empty() && template.description.ends_with('.'), "{id}");
        assert!(template.traps.iter().all(|trap| trap.len() > 3), "{id}: an unknown trap code");
        if let Some(window) = &template.window {
            assert!(WindowSpec::parse(window).is_ok(), "{id}: {window}");
        }
        assert!(template.unit == "money" || Unit::parse(&template.unit).is_some(), "{id}");
        // Whatever leads or follows says so on one side at least, and never on both ways round.
        let ahead = template.leads.iter().any(|p| template.follows.iter().any(|f| f.id == p.id));
        assert!(!ahead, "{id} leads and follows the same");
    }
}

#[test]
fn names_that_people_use_find_a_template() {
    for (name, id) in [
        ("customer_churn", "churn_rate"),
        ("aov", "average_order_value"),
        ("churn_rte", "churn_rate"),
        ("net_dollar_retention", "nrr"),
    ] {
        assert_eq!(meant(name), Some(id));
    }
    assert_eq!(meant("zzzzzzzzzz"), None);
    assert_eq!(search("churn")[0].id, "churn_rate");
    assert!(search("opencost").iter().any(|template| template.id == "cloud_cost"));
    assert!(search("nothing like this").is_empty());
}

#[test]
fn parts_of_a_formula_stay_together() {
    let bound = |name: &str| match name {
        "customers_lost" => Some("a.x + a.y"),
        "customers_at_start" => Some("b"),
        _ => None,
    };
    let text = bind(find("churn_rate").unwrap(), &bound).unwrap();
    assert_eq!(text, "(a.x + a.y) / b");
    assert_eq!(bind(find("mrr").unwrap(), &|_| Some("a + b")).as_deref(), Some("a + b"));
    assert_eq!(bind(find("arr").unwrap(), &|_| Some("a + b")).as_deref(), Some("12 * (a + b)"));
    assert_eq!(bind(find("churn_rate").unwrap(), &|_| None), None);
}

#[test]
fn impossible_values_are_outside() {
    for (id, value) in [("grr", 1.02), ("churn_rate", -0.1), ("win_rate", 1.5)] {
        assert!(find(id).unwrap().range.beyond(value).is_some(), "{id}");
    }
    assert_eq!(find("nps").unwrap().range.beyond(-101.0), Some(Beyond::Below(-100.0)));
    assert_eq!(find("nrr").unwrap().range.beyond(1.3), None);
}
