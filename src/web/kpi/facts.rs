//! The numbers of a verdict, each with its name, and whose they are.

use chrono::NaiveDate;
use maud::{Markup, html};

use crate::assess::Assessment;
use crate::engine::ChartDay;
use crate::figures;
use crate::kpi::{Accumulation, Direction, Function, Kpi, Unit, same};
use crate::snapshot::{KpiState, Snapshot, Verdict};
use crate::web::scorecard::week;
use crate::web::words::{ABSENT, complete_through, lead_time, led, period_days, target};

/// The twelve that matter most of one label set; the others are folded below.
pub(super) fn facts(
    snapshot: &Snapshot,
    state: &KpiState,
    verdict: &Verdict,
    days: &[ChartDay],
) -> Markup {
    let (kpi, a) = (&state.kpi, &verdict.assessment);
    let shown = Alike::of(kpi, a);
    let share = |ratio: Option<f64>| ratio.map_or(ABSENT.to_owned(), figures::attainment);
    let sample = a.sums.filter(|_| kpi.accumulation == Accumulation::Ratio);
    let change = week::change(snapshot, kpi, a, days);
    let change = change.map_or(ABSENT.to_owned(), |by| kpi.unit.show_change(by));
    let needed = needed(kpi, a);
    html! {
        div.known {
            dl.facts {
                (fact("Now", "now", &shown.one(a.value)))
                (fact("Due today", "", &shown.one(a.expected_value)))
                (fact(&format!("Target, {}", last_day(a).format("%-d %b")), "", &shown.target(kpi, a)))
                (fact("Baseline", "", &shown.one(a.baseline_value)))
                (fact("Pace", a.status.as_str(), &pace(a)))
                (fact("Projected", "", &shown.projected(a)))
                (fact("Chance", "", &chance(a)))
                (fact("1 week", "", &change))
                @if kpi.predicts.is_empty() { (fact("Still needed", "", &needed)) }
                @else { (fact("Leads", "", &leads(snapshot, kpi))) }
                @if let Some(sums) = sample { (fact("Sample", "", &Unit::Count.show(sums.denominator))) }
                @else { (fact("Attainment", "", &share(a.target_ratio))) }
                (fact("Owner", "", kpi.owner.as_deref().or(kpi.team.as_deref()).unwrap_or(ABSENT)))
                (fact("Data through", "", &a.data_through.map_or("no data yet".to_owned(), |at| {
                    complete_through(at, snapshot.timezone)
                })))
            }
            details.twin {
                summary { "More" }
                dl.facts {
                    @if sample.is_some() { (fact("Attainment", "", &share(a.target_ratio))) }
                    (fact("Progress", "", &progress(a)))
                    @if let Some(limit) = a.pace_on_track_ratio { (fact("On track from", "", &format!("{limit:.2} ×"))) }
                    @if !kpi.predicts.is_empty() { (fact("Still needed", "", &needed)) }
                    (fact("Period", "", &period(snapshot, a)))
                    @if kpi.owner.is_some() { (fact("Team", "", kpi.team.as_deref().unwrap_or(ABSENT))) }
                    (fact("Kind", "", &kind(kpi)))
                }
            }
        }
    }
}

/// The numbers of a KPI that stand below each other, with the same decimals.
struct Alike(Vec<(f64, String)>);

impl Alike {
    fn of(kpi: &Kpi, a: &Assessment) -> Self {
        let numbers = [
            a.value,
            a.expected_value,
            a.target_value,
            a.target_lower_value,
            a.target_upper_value,
            a.baseline_value,
            a.projected_value,
            a.projected_lower_value,
            a.projected_upper_value,
        ];
        let numbers: Vec<f64> = numbers.into_iter().flatten().collect();
        let shown = kpi.unit.show_alike(&numbers);
        Self(numbers.into_iter().zip(shown).collect())
    }

    fn one(&self, value: Option<f64>) -> String {
        let text = |value: f64| self.0.iter().find(|(known, _)| same(*known, value));
        value.and_then(text).map_or(ABSENT.to_owned(), |(_, shown)| shown.clone())
    }

    fn target(&self, kpi: &Kpi, a: &Assessment) -> String {
        let single = a.target_lower_value.is_none() && a.target_upper_value.is_none();
        if single { self.one(a.target_value) } else { target(kpi, a) }
    }

    fn projected(&self, a: &Assessment) -> String {
        let shown = self.one(a.projected_value);
        match (a.projected_lower_value, a.projected_upper_value) {
            (Some(_), Some(_)) => {
                let ends = [a.projected_lower_value, a.projected_upper_value];
                let [lower, upper] = ends.map(|end| self.one(end));
                format!("{shown} ({lower} to {upper})")
            }
            _ => shown,
        }
    }
}

fn last_day(a: &Assessment) -> NaiveDate {
    a.period.end_day.pred_opt().unwrap_or(a.period.end_day)
}

/// What it announces, and by how much.
fn leads(snapshot: &Snapshot, kpi: &Kpi) -> String {
    let by = kpi.lead_time.map_or(String::new(), |time| format!(", by {}", lead_time(time)));
    format!("{}{by}", led(snapshot, kpi))
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
    format!("{pace:.2} ×").replace('-', "−")
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
