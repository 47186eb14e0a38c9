//! What a metric is asked for, in words: each span that the KPIs need, with the KPI and the purpose.
//! For people who look into one fetch; the daemon goes by `demand`.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::demand::{Plan, plans, shared};
use super::seasons::Seasons;
use crate::id::KpiId;
use crate::kpi::Definitions;
use crate::metric::{Metric, Span};

/// One span of a metric, and what for.
#[derive(Debug, Clone, PartialEq)]
pub struct Use {
    /// Id of the KPI.
    pub kpi: KpiId,
    /// `value so far` and the like.
    pub purpose: &'static str,
    /// With the period and instant of the KPI, whether or not the query looks at them.
    pub span: Span,
    /// The same with what the query does not look at left out: equal ones have equal answers.
    pub asked: Span,
}

/// Every use of `metric` as of an instant, in the order of the KPIs, the most important of each
/// first. A span that gives the same answer as an earlier one of the same KPI is left out.
pub fn uses_of(metric: &Metric, definitions: &Definitions, as_of: DateTime<Utc>) -> Vec<Use> {
    let mut uses = Vec::new();
    for kpi in &definitions.kpis {
        let in_value = kpi.value_draws_on(&metric.id);
        let in_whole = kpi.whole_draws_on(&metric.id);
        let in_path = kpi.path.draws_on(&metric.id);
        let mut seen = BTreeSet::new();
        for (index, plan) in plans(kpi, &definitions.calendar, as_of).iter().enumerate() {
            let running = index == 0;
            let value = in_value.then(|| of_value(plan, running)).into_iter().flatten();
            let whole = in_whole.then(|| of_whole(plan, running));
            let path = in_path.then_some(("the period so far", plan.so_far));
            for (purpose, span) in value.chain(whole).chain(path) {
                let asked = shared(metric, span);
                if seen.insert(asked) {
                    uses.push(Use { kpi: kpi.id.clone(), purpose, span, asked });
                }
            }
        }
    }
    uses
}

fn of_value(plan: &Plan, running: bool) -> Vec<(&'static str, Span)> {
    let value = if running { "value so far" } else { "result of the period before" };
    let baseline = if running { "baseline" } else { "baseline of the period before" };
    let mut spans = vec![(value, plan.value)];
    spans.extend(plan.baseline.map(|span| (baseline, span)));
    spans.extend(plan.before.map(|span| ("members at the same point of the period before", span)));
    spans.extend(plan.seasons.iter().flat_map(Seasons::spans));
    spans
}

fn of_whole(plan: &Plan, running: bool) -> (&'static str, Span) {
    (if running { "the whole period" } else { "the whole period before" }, plan.whole)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::demand::spans_of;
    use super::super::readers::Readers;
    use super::*;
    use crate::config::{Environment, load_text};

    const MANY: &str = "
version: 1
sources: { s: { files: { tables: { t: t.csv } } } }
metrics:
  m: { source: s, query: 'SELECT a AS value, b FROM t WHERE d < :window_end_date' }
  n: { source: s, query: 'SELECT 1 AS value FROM t WHERE :period_start < :as_of' }
kpis:
  a: { kind: leading, formula: m / n, accumulation: ratio, unit: count, direction: increase, baseline: previous_period, target: { formula: m.b } }
  b: { kind: leading, formula: m, accumulation: level, window: 7d, unit: count, path: seasonal, period: month, direction: increase, baseline: 1, target: 2 }
";

    #[test]
    fn the_uses_are_what_the_daemon_asks_for() {
        let config = load_text("many.yaml", MANY, Path::new(""), &Environment::default());
        let definitions = config.unwrap_or_else(|mistakes| panic!("{mistakes}")).definitions;
        let readers = Readers::of(&definitions);
        for as_of in ["2026-05-12T10:00:00Z", "2026-07-01T00:00:00Z"] {
            let as_of = as_of.parse().unwrap();
            for metric in definitions.metrics.values() {
                let uses = uses_of(metric, &definitions, as_of);
                let asked: BTreeSet<Span> = uses.iter().map(|one| one.asked).collect();
                let readers = readers.kpis(&metric.id);
                let spans = spans_of(metric, readers, &definitions.calendar, as_of);
                assert_eq!(asked, spans, "{}", metric.id);
                assert_eq!((uses[0].kpi.as_str(), uses[0].purpose), ("a", "value so far"));
            }
        }
    }
}
