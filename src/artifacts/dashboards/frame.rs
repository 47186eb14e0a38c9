//! What surrounds the panels: uid, variables, links to the other dashboards, annotations.

use serde_json::{Value, json};

use super::board::Board;
use super::panel::datasource;
use super::promql::{firing, selector};
use super::status::{BLUE, RED};
use crate::exposition::Family;
use crate::exposition::families::{
    KPI_DEFINITION_CHANGED_TIMESTAMP_SECONDS, KPI_INFO, KPI_LAST_PERIOD_END_TIMESTAMP_SECONDS,
};

pub(super) const SCORECARD: &str = "kpi-scorecard";
pub(super) const DETAIL: &str = "kpi-detail";
pub(super) const WEEKLY_REVIEW: &str = "kpi-weekly-review";
pub(super) const EXPORTER_HEALTH: &str = "kpi-exporter-health";

/// The dashboards find each other by this tag.
const TAG: &str = "kpi-exporter";

/// A link target: the detail dashboard of the KPI in this row, same time range and data source.
pub(super) fn detail_link() -> Value {
    json!([{
        "title": "Open ${__data.fields.KPI}",
        "url": format!(
            "/d/{DETAIL}?${{datasource:queryparam}}&var-job=${{__data.fields.job}}\
             &var-kpi=${{__data.fields.kpi}}&${{__url_time_range}}"
        ),
        "targetBlank": false,
    }])
}

/// What tells one dashboard from another.
pub(super) struct Frame<'a> {
    pub(super) uid: &'a str,
    pub(super) title: &'a str,
    pub(super) description: &'a str,
    /// Default start of the time range, as in `now-30d`.
    pub(super) from: &'a str,
    pub(super) refresh: &'a str,
    pub(super) variables: Vec<Value>,
    pub(super) annotations: Vec<Value>,
}

impl Frame<'_> {
    pub(super) fn around(self, board: Board) -> Value {
        json!({
            "uid": self.uid,
            "title": self.title,
            "description": self.description,
            "tags": [TAG],
            "schemaVersion": 39,
            "version": 1,
            "editable": false,
            "graphTooltip": 1,
            "timezone": "browser",
            "time": { "from": self.from, "to": "now" },
            "refresh": self.refresh,
            "links": [{
                "type": "dashboards",
                "title": "KPI dashboards",
                "tags": [TAG],
                "asDropdown": false,
                "icon": "dashboard",
                "includeVars": true,
                "keepTime": true,
                "targetBlank": false,
                "tooltip": "",
                "url": "",
            }],
            "annotations": { "list": self.annotations },
            "templating": { "list": self.variables },
            "panels": board.into_json(),
        })
    }
}

/// The variable that every query goes through.
pub(super) fn datasource_variable() -> Value {
    json!({
        "type": "datasource",
        "name": "datasource",
        "label": "Data source",
        "query": "prometheus",
        "regex": "",
        "hide": 0,
        "includeAll": false,
        "multi": false,
        "options": [],
        "refresh": 1,
    })
}

/// The variables of the dashboards about KPIs, each narrowed by those before it.
pub(super) fn kpi_variables() -> Vec<Value> {
    let mut variables = filters();
    variables.push(labels_of("kpi", "KPI", ".+", &chosen_info()));
    variables
}

/// The same for a dashboard that shows one KPI at a time.
pub(super) fn one_kpi_variables() -> Vec<Value> {
    let mut variables = filters();
    let mut kpi = labels_of("kpi", "KPI", ".+", &chosen_info());
    kpi["multi"] = json!(false);
    kpi["includeAll"] = json!(false);
    if let Some(kpi) = kpi.as_object_mut() {
        kpi.remove("allValue");
    }
    variables.push(kpi);
    variables.push(own_labels_variable());
    variables
}

/// The variables of a dashboard that is about this KPI only.
pub(super) fn fixed_kpi_variables(id: &str) -> Vec<Value> {
    let job = labels_of("job", "Job", ".+", KPI_INFO.name);
    let kpi = json!({ "type": "constant", "name": "kpi", "label": "KPI", "query": id, "hide": 2 });
    vec![datasource_variable(), job, kpi, own_labels_variable()]
}

/// Job and instance of the program itself. "All" is all of these: everything that is scraped has an `up`.
pub(super) fn exporter_variables(family: &Family) -> Vec<Value> {
    let instances = format!(r#"{}{{job=~"$job"}}"#, family.name);
    let mut variables = [
        labels_of("job", "Job", "", family.name),
        labels_of("instance", "Instance", "", &instances),
    ];
    for variable in variables.iter_mut().filter_map(Value::as_object_mut) {
        variable.remove("allValue");
    }
    [vec![datasource_variable()], variables.into()].concat()
}

fn filters() -> Vec<Value> {
    let of_job = format!(r#"{}{{job=~"$job"}}"#, KPI_INFO.name);
    // `.*`: a KPI need not have a team or an objective, then it has no such label.
    vec![
        datasource_variable(),
        labels_of("job", "Job", ".+", KPI_INFO.name),
        labels_of("objective", "Objective", ".*", &of_job),
        labels_of("team", "Team", ".*", &of_job),
        labels_of("function", "Function", ".*", &of_job),
    ]
}

fn chosen_info() -> String {
    format!(
        r#"{}{{job=~"$job", objective=~"$objective", team=~"$team", function=~"$function"}}"#,
        KPI_INFO.name
    )
}

/// A variable with all values of a label.
fn labels_of(label: &str, title: &str, all: &str, series: &str) -> Value {
    let query = format!("label_values({series}, {label})");
    json!({
        "type": "query",
        "name": label,
        "label": title,
        "datasource": datasource(),
        "definition": query,
        "query": { "query": query, "refId": format!("variable-{label}") },
        "refresh": 2,
        "regex": "",
        "sort": 1,
        "hide": 0,
        "multi": true,
        "includeAll": true,
        "allValue": all,
    })
}

/// Matchers for the labels that only some KPIs have, such as a region.
fn own_labels_variable() -> Value {
    json!({
        "type": "adhoc",
        "name": "labels",
        "label": "Own labels",
        "datasource": datasource(),
        "filters": [],
        "baseFilters": [],
        "hide": 0,
    })
}

/// Firing alerts, changed definitions and closed periods of the chosen KPIs.
pub(super) fn kpi_annotations() -> Vec<Value> {
    let at = |family: &Family| format!("max by (kpi) ({}) * 1000", selector(family, ""));
    vec![
        annotation("Firing alerts", RED, &firing(r#", kpi=~"$kpi""#), "{{alertname}}", false),
        annotation(
            "Definition changed",
            "purple",
            &at(&KPI_DEFINITION_CHANGED_TIMESTAMP_SECONDS),
            "Definition changed",
            true,
        ),
        annotation(
            "Period closed",
            BLUE,
            &at(&KPI_LAST_PERIOD_END_TIMESTAMP_SECONDS),
            "Period closed",
            true,
        ),
    ]
}

/// The alerts of the daemon itself, and of sources, for the dashboard about them.
pub(super) fn exporter_annotations() -> Vec<Value> {
    vec![annotation("Firing alerts", RED, &firing(""), "{{alertname}}", false)]
}

/// `value_is_time`: the value of a sample is the instant to mark, in milliseconds.
fn annotation(name: &str, color: &str, expr: &str, title: &str, value_is_time: bool) -> Value {
    json!({
        "name": name,
        "datasource": datasource(),
        "enable": true,
        "hide": false,
        "iconColor": color,
        "expr": expr,
        "step": "1h",
        "titleFormat": title,
        "textFormat": "{{kpi}}",
        "tagKeys": "kpi,severity",
        "useValueForTime": value_is_time,
    })
}
