//! Why there is no verdict, what is planned and not measured, and what is left of a budget.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::exporter::{Exporter, eval, kpi};

const SALES: &str = "day,region,amount
2026-09-10,north,100
2026-09-11,south,0
2026-10-10,north,50
2026-10-10,south,40
2026-10-12,west,30
";

const PLAN: &str =
    "month,region,target\n2026-10-01,north,110\n2026-10-01,south,80\n2026-10-01,east,60\n";

const REGIONS: &str = "
version: 1
calendar: { timezone: America/Denver }
sources: { s: { files: { tables: { sales: sales.csv, plan: plan.csv } } } }
metrics:
  sales: { source: s, labels: [region], query: 'SELECT region, sum(amount) AS value FROM sales WHERE day >= :window_start_date AND day < :window_end_date GROUP BY region' }
  plan: { source: s, labels: [region], query: 'SELECT region, sum(target) AS value FROM plan WHERE month >= :period_start_date AND month < :period_end_date GROUP BY region' }
kpis:
  growth: { kind: lagging, formula: sales, accumulation: flow, unit: USD, direction: increase, period: month, baseline: previous_period, target: +10% }
  vs_plan: { kind: lagging, formula: sales, accumulation: flow, unit: USD, direction: increase, period: month, target: { formula: plan } }
";

fn written(folder: &Path, files: &[(&str, &str)]) -> PathBuf {
    for (name, text) in files {
        std::fs::write(folder.join(name), text).unwrap();
    }
    folder.join("kpi.yaml")
}

/// Labels, status and reason of every verdict on one KPI, in order.
fn verdicts(json: &Value, id: &str) -> Vec<(String, String, String)> {
    let all = json["kpis"].as_array().unwrap().iter().filter(|kpi| kpi["kpi"] == id);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    all.map(|kpi| (text(&kpi["labels"]["region"]), text(&kpi["status"]), text(&kpi["reason"])))
        .collect()
}

#[test]
fn no_verdict_names_its_cause_and_what_is_planned_without_data_comes_first() {
    let folder = tempfile::tempdir().unwrap();
    let files = [("sales.csv", SALES), ("plan.csv", PLAN), ("kpi.yaml", REGIONS)];
    let (json, _) = eval(&written(folder.path(), &files), "2026-10-20");
    let growth = verdicts(&json, "growth");
    let reasons: Vec<&str> = growth.iter().skip(1).map(|(.., reason)| reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "No verdict: the baseline for south is $0, and a percentage of that is no target.",
            "No verdict: nothing was measured for west in September 2026, which is the baseline.",
        ]
    );
    let plan = verdicts(&json, "vs_plan");
    let regions: Vec<(&str, &str)> =
        plan.iter().map(|(region, status, _)| (region.as_str(), status.as_str())).collect();
    assert_eq!(
        regions,
        [("east", "no_data"), ("north", "off_track"), ("south", "off_track"), ("west", "no_data")]
    );
    assert_eq!(
        plan[0].2,
        "No data: nothing was measured for east, and the plan has a target of $60."
    );
    assert_eq!(plan[3].2, "No verdict: no target for west in `plan`.");
}

#[test]
fn a_region_that_gets_a_plan_in_the_middle_of_a_month_has_its_target_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let today = today();
    let sales = format!("day,region,amount\n{today},north,5\n{today},west,3\n");
    let month = format!("{}-01", &today[..7]);
    let plan = format!("month,region,target\n{month},north,110\n");
    let text = REGIONS.replace("America/Denver", "UTC") + "defaults: { schedule: every 1s }\n";
    let files = [("sales.csv", sales.as_str()), ("plan.csv", &plan), ("kpi.yaml", &text)];
    let daemon = Exporter::run(&written(folder.path(), &files));
    daemon.until("north", |metrics| {
        metrics.contains("kpi_target_value{kpi=\"vs_plan\",region=\"north\"} 110")
    });
    std::fs::write(folder.path().join("plan.csv"), format!("{plan}{month},west,70\n")).unwrap();
    daemon.until("west", |metrics| {
        metrics.contains("kpi_target_value{kpi=\"vs_plan\",region=\"west\"} 70")
    });
}

/// The daemon goes by the clock.
#[expect(clippy::disallowed_methods, reason = "the daemon under test goes by the real one")]
fn today() -> String {
    chrono::Utc::now().date_naive().to_string()
}

#[test]
fn what_is_left_goes_by_the_days_in_which_it_moves() {
    let folder = tempfile::tempdir().unwrap();
    let text = "
version: 1
calendar: { timezone: Asia/Dubai, week_start: sunday, business_days: [sun, mon, tue, wed, thu], holidays: [2026-11-26] }
sources: { s: { files: { tables: { spend: spend.csv } } } }
metrics:
  spend: { source: s, query: 'SELECT sum(amount) AS value FROM spend WHERE day >= :window_start_date AND day < :window_end_date' }
kpis:
  budget: { kind: lagging, formula: spend, accumulation: flow, unit: AED, direction: decrease, period: month, target: 2100, path: business_days }
  sales: { kind: lagging, formula: spend, accumulation: flow, unit: AED, direction: increase, period: month, target: 2100, path: business_days }
";
    let files =
        [("kpi.yaml", text), ("spend.csv", "day,amount\n2026-11-02,1000\n2026-11-20,900\n")];
    let path = written(folder.path(), &files);
    let (json, _) = eval(&path, "2026-11-28");
    let budget = kpi(&json, "budget");
    assert_eq!(budget["target_ratio"], Value::Null);
    let left = "200 AED may still be spent, 100 AED a day for 2 business days";
    assert!(budget["reason"].as_str().unwrap().contains(left), "{budget:#}");
    let sales = kpi(&json, "sales");
    assert_eq!(sales["required_value_per_day"], 100.0);
    let needed = "100 AED a day needed for 2 business days";
    assert!(sales["reason"].as_str().unwrap().contains(needed), "{sales:#}");
    // Noon of a business day: one and a half are left.
    let (json, _) = eval(&path, "2026-11-29T12:00:00+04:00");
    let reason = kpi(&json, "sales")["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("133.33 AED a day needed for 1.5 business days"), "{reason}");
    // The last afternoon has no more than itself.
    let (json, _) = eval(&path, "2026-11-30T12:00:00+04:00");
    let reason = kpi(&json, "sales")["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("; 200 AED needed in 0.5 business days"), "{reason}");
}
