//! The numbers of a verdict, each with its name, and whose they are.

use maud::{Markup, html};

use crate::assess::Assessment;
use crate::figures;
use crate::kpi::{Accumulation, Direction, Function, Kpi};
use crate::snapshot::{Snapshot, Verdict};
use crate::web::words::{ABSENT, complete_through, period_days, target};

/// What is known of one label set.
pub(super) fn facts(snapshot: &Snapshot, kpi: &Kpi, verdict: &Verdict) -> Markup {
    let a = &verdict.assessment;
    let value = |value: Option<f64>| value.map_or(ABSENT.to_owned(), |value| kpi.unit.show(value));
    let share = |ratio: Option<f64>| ratio.map_or(ABSENT.to_owned(), figures::attainment);
    html! {
        dl.facts {
            (fact("Now", "now", &value(a.value)))
            (fact("Target", "", &target(kpi, a)))
            (fact("Due now", "", &value(a.expected_value)))
            (fact("Baseline", "", &value(a.baseline_value)))
            (fact("Attainment", "", &share(a.target_ratio)))
            (fact("Progress", "", &progress(a)))
            (fact("Pace", "", &pace(a)))
            (fact("Still needed", "", &needed(kpi, a)))
            (fact("Projected", "", &projected(kpi, a)))
            (fact("Chance", "", &chance(a)))
            (fact("Period", "", &period(snapshot, a)))
            (fact("Data through", "", &a.data_through.map_or("no data yet".to_owned(), |at| {
                complete_through(at, snapshot.timezone)
            })))
            (fact("Owner", "", kpi.owner.as_deref().unwrap_or(ABSENT)))
            (fact("Team", "", kpi.team.as_deref().unwrap_or(ABSENT)))
            (fact("Kind", "", &kind(kpi)))
        }
    }
}

fn fact(name: &str, class: &str, text: &str) -> Markup {
    html! { div class=[(!class.is_empty()).then_some(class)] { dt { (name) } dd { (text) } } }
}

/// How far against how far it should be.
fn progress(a: &Assessment) -> String {
    match (a.progress_ratio, a.expected_progress_ratio) {
        (Some(done), Some(due)) => {
            format!("{} where {} is due", figures::attainment(done), figures::attainment(due))
        }
        (Some(done), None) => figures::attainment(done),
        (None, _) => ABSENT.to_owned(),
    }
}

fn pace(a: &Assessment) -> String {
    let Some(pace) = a.pace_ratio else { return ABSENT.to_owned() };
    match a.pace_on_track_ratio {
        Some(limit) => format!("{pace:.2} ×, on track from {limit:.2} ×"),
        None => format!("{pace:.2} ×"),
    }
}

fn needed(kpi: &Kpi, a: &Assessment) -> String {
    if let Some(per_day) = a.required_value_per_day {
        return if per_day > 0.0 {
            format!("{} a day", kpi.unit.show(per_day))
        } else {
            "nothing".to_owned()
        };
    }
    let met = a.target_ratio.is_some_and(|ratio| ratio >= 1.0);
    match (a.value, a.target_value) {
        _ if met => "nothing".to_owned(),
        (Some(value), Some(target)) => kpi.unit.show_change(target - value),
        _ => ABSENT.to_owned(),
    }
}

fn projected(kpi: &Kpi, a: &Assessment) -> String {
    let Some(projected) = a.projected_value else { return ABSENT.to_owned() };
    let shown = kpi.unit.show(projected);
    match (a.projected_lower_value, a.projected_upper_value) {
        (Some(lower), Some(upper)) => {
            format!("{shown} ({} to {})", kpi.unit.show(lower), kpi.unit.show(upper))
        }
        _ => shown,
    }
}

/// Of meeting the target, by what earlier periods did from here.
fn chance(a: &Assessment) -> String {
    a.target_hit_probability.map_or("needs earlier periods".to_owned(), figures::share)
}

fn period(snapshot: &Snapshot, a: &Assessment) -> String {
    let days = period_days(&a.period);
    let left = a.period.end_day - snapshot.as_of.with_timezone(&snapshot.timezone).date_naive();
    let left = left.num_days();
    if left <= 0 {
        return format!("{days}, closed");
    }
    format!("{days}, {} left", figures::days(left as f64, ""))
}

fn kind(kpi: &Kpi) -> String {
    let way = match kpi.direction {
        Direction::Increase => "more is better",
        Direction::Decrease => "less is better",
        Direction::Maintain => "to be kept in a band",
    };
    let sort = match kpi.accumulation {
        Accumulation::Flow => "flow",
        Accumulation::Level => "level",
        Accumulation::Ratio => "ratio",
    };
    let function = match kpi.function {
        Function::Other => String::new(),
        function => format!(", {}", function.to_string().replace('_', " ")),
    };
    format!("{} {sort}, {way}{function}", kpi.kind)
}
