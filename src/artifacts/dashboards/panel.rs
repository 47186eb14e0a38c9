//! A panel as JSON: what each type of panel needs, and a few steps to add the rest.

use serde_json::{Value, json};

/// Lines go on over gaps up to two days, so that daily samples look like a line. In milliseconds.
const BRIDGED_GAP: u32 = 172_800_000;

/// The data source that the variable chooses.
pub(super) fn datasource() -> Value {
    json!({ "type": "prometheus", "uid": "${datasource}" })
}

/// A panel before it has an id and a place.
#[derive(Debug, Clone)]
pub(super) struct Panel(Value);

impl Panel {
    fn new(kind: &str, title: &str, description: &str, options: &Value) -> Self {
        Self(json!({
            "type": kind,
            "title": title,
            "description": description,
            "datasource": datasource(),
            "fieldConfig": { "defaults": {}, "overrides": [] },
            "options": options,
            "targets": [],
        }))
    }

    /// One number, or a word for it.
    pub(super) fn stat(title: &str, description: &str) -> Self {
        let options = json!({
            "colorMode": "value",
            "graphMode": "none",
            "justifyMode": "auto",
            "orientation": "auto",
            "reduceOptions": { "calcs": ["lastNotNull"], "fields": "", "values": false },
            "textMode": "auto",
        });
        Self::new("stat", title, description, &options)
    }

    /// A bar per series, from 0 to 1.
    pub(super) fn bars(title: &str, description: &str) -> Self {
        let options = json!({
            "displayMode": "basic",
            "orientation": "horizontal",
            "reduceOptions": { "calcs": ["lastNotNull"], "fields": "", "values": false },
            "showUnfilled": true,
            "valueMode": "text",
            "namePlacement": "left",
            "sizing": "manual",
            "minVizHeight": 24,
            "maxVizHeight": 40,
        });
        Self::new("bargauge", title, description, &options)
            .unit("percentunit")
            .default("min", json!(0))
            .default("max", json!(1))
            .default("decimals", json!(0))
    }

    /// Lines over time.
    pub(super) fn lines(title: &str, description: &str) -> Self {
        let options = json!({
            "legend": { "calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": true },
            "tooltip": { "mode": "multi", "sort": "none" },
        });
        Self::new("timeseries", title, description, &options)
            .custom("drawStyle", json!("line"))
            .custom("lineWidth", json!(2))
            .custom("fillOpacity", json!(0))
            .custom("showPoints", json!("auto"))
            .custom("spanNulls", json!(BRIDGED_GAP))
    }

    /// A coloured, worded bar per series over time.
    pub(super) fn timeline(title: &str, description: &str) -> Self {
        let options = json!({
            "alignValue": "left",
            "legend": { "displayMode": "list", "placement": "bottom", "showLegend": true },
            "mergeValues": true,
            "rowHeight": 0.8,
            "showValue": "auto",
            "tooltip": { "mode": "single", "sort": "none" },
        });
        Self::new("state-timeline", title, description, &options)
            .custom("fillOpacity", json!(100))
            .custom("lineWidth", json!(0))
            .custom("spanNulls", json!(BRIDGED_GAP))
    }

    /// A row per label set, a column per query and label.
    pub(super) fn table(title: &str, description: &str) -> Self {
        let options =
            json!({ "cellHeight": "sm", "showHeader": true, "footer": { "show": false } });
        Self::new("table", title, description, &options)
            .custom("align", json!("auto"))
            .custom("filterable", json!(false))
    }

    /// Prose in Markdown; asks nothing.
    pub(super) fn text(title: &str, description: &str, markdown: &str) -> Self {
        Self::new("text", title, description, &json!({ "mode": "markdown", "content": markdown }))
    }

    /// The unit of all numbers that no column says otherwise for: a Grafana unit id.
    pub(super) fn unit(self, unit: &str) -> Self {
        self.default("unit", json!(unit))
    }

    /// What is shown in place of nothing.
    pub(super) fn no_value(self, text: &str) -> Self {
        self.default("noValue", json!(text))
    }

    pub(super) fn decimals(self, decimals: u8) -> Self {
        self.default("decimals", json!(decimals))
    }

    /// Colours from these values on; the first holds for everything below the second.
    pub(super) fn thresholds(self, first: &str, steps: &[(f64, &str)]) -> Self {
        self.default("color", json!({ "mode": "thresholds" }))
            .default("thresholds", thresholds(first, steps))
    }

    /// The shortest step between two points of a series, such as `5m`.
    pub(super) fn every(mut self, step: &str) -> Self {
        self.0["interval"] = json!(step);
        self
    }

    pub(super) fn default(mut self, key: &str, value: Value) -> Self {
        self.0["fieldConfig"]["defaults"][key] = value;
        self
    }

    pub(super) fn custom(mut self, key: &str, value: Value) -> Self {
        self.0["fieldConfig"]["defaults"]["custom"][key] = value;
        self
    }

    pub(super) fn option(mut self, key: &str, value: Value) -> Self {
        self.0["options"][key] = value;
        self
    }

    /// A query for each step of the time range.
    pub(super) fn series(self, legend: &str, expr: &str) -> Self {
        self.target(expr, &json!({ "legendFormat": legend, "range": true }))
    }

    /// A query for the end of the time range, as one number per series.
    pub(super) fn instant(self, legend: &str, expr: &str) -> Self {
        self.target(expr, &json!({ "legendFormat": legend, "instant": true, "range": false }))
    }

    /// A query for the end of the time range, as rows. Its column is `Value #A`, `#B` and so on.
    pub(super) fn rows(self, expr: &str) -> Self {
        self.target(expr, &json!({ "format": "table", "instant": true, "range": false }))
    }

    fn target(mut self, expr: &str, more: &Value) -> Self {
        if let Some(targets) = self.0["targets"].as_array_mut() {
            let letter = ('A'..='Z').nth(targets.len()).unwrap_or('Z');
            let mut target = json!({
                "refId": letter.to_string(),
                "datasource": datasource(),
                "editorMode": "code",
                "expr": expr,
            });
            for (key, value) in more.as_object().into_iter().flatten() {
                target[key] = value.clone();
            }
            targets.push(target);
        }
        self
    }

    /// Properties of the column or series with this name.
    pub(super) fn field(self, name: &str, properties: &[(&str, Value)]) -> Self {
        self.overriding("byName", name, properties)
    }

    /// Properties of the series whose names match a regular expression.
    pub(super) fn matching(self, regex: &str, properties: &[(&str, Value)]) -> Self {
        self.overriding("byRegexp", regex, properties)
    }

    /// The unit of what the last query brings.
    pub(super) fn unit_of_last(self, unit: &str) -> Self {
        let letter = self.0["targets"].as_array().and_then(|targets| targets.last());
        let letter = letter.and_then(|target| target["refId"].as_str()).unwrap_or_default();
        let letter = letter.to_owned();
        self.overriding("byFrameRefID", &letter, &[("unit", json!(unit))])
    }

    fn overriding(mut self, matcher: &str, which: &str, properties: &[(&str, Value)]) -> Self {
        let properties: Vec<_> =
            properties.iter().map(|(id, value)| json!({ "id": id, "value": value })).collect();
        if let Some(overrides) = self.0["fieldConfig"]["overrides"].as_array_mut() {
            overrides.push(json!({
                "matcher": { "id": matcher, "options": which },
                "properties": properties,
            }));
        }
        self
    }

    pub(super) fn transform(mut self, id: &str, options: &Value) -> Self {
        let step = json!({ "id": id, "options": options });
        match self.0["transformations"].as_array_mut() {
            Some(steps) => steps.push(step),
            None => self.0["transformations"] = json!([step]),
        }
        self
    }

    /// Turns the legend of a [`super::promql::named`] query, which lists all labels, into the title
    /// of the KPI and its own labels.
    pub(super) fn named(self) -> Self {
        let rename =
            |regex: &str, pattern: &str| json!({ "regex": regex, "renamePattern": pattern });
        // Grafana escapes nothing here: a title may hold quotes.
        [
            (r#"(.*), job="[^"]*"(.*)"#, "$1$2"),
            (r#"^\{Name="(.*?)", \w+="([^"]*)", \w+="([^"]*)"\}$"#, "$1 · $2, $3"),
            (r#"^\{Name="(.*?)", \w+="([^"]*)"\}$"#, "$1 · $2"),
            (r#"^\{Name="(.*?)"(?:, (\w+="?.*))?\}$"#, "$1 $2"),
        ]
        .into_iter()
        .fold(self, |panel, (regex, pattern)| {
            panel.transform("renameByRegex", &rename(regex, pattern))
        })
    }

    /// Joins the rows of all queries and names the columns: `(field, column)`, in this order. Labels
    /// that are not named stay, after them; `hidden` ones go.
    pub(super) fn columns(self, columns: &[(&str, &str)], hidden: &[&str]) -> Self {
        let hidden: serde_json::Map<_, _> =
            ["Time"].iter().chain(hidden).map(|&name| (name.into(), json!(true))).collect();
        let order: serde_json::Map<_, _> =
            columns.iter().enumerate().map(|(at, (name, _))| ((*name).into(), json!(at))).collect();
        let names: serde_json::Map<_, _> =
            columns.iter().map(|(name, column)| ((*name).into(), json!(column))).collect();
        // What is said in place of the whole table must not fill single empty cells.
        let panel = self.matching(".*", &[("noValue", json!("–"))]);
        panel.transform("merge", &json!({})).transform(
            "organize",
            &json!({ "excludeByName": hidden, "indexByName": order, "renameByName": names }),
        )
    }

    /// A column with the titles of KPIs that leads to the detail of each. Job and id stay in the data
    /// for the link, unseen.
    pub(super) fn linked(self, link: Value) -> Self {
        let unseen = json!({ "viz": true, "legend": true, "tooltip": true });
        let unseen = [("custom.hidden", json!(true)), ("custom.hideFrom", unseen)];
        self.field("KPI", &[("links", link), ("custom.minWidth", json!(320))])
            .field("job", &unseen)
            .field("kpi", &unseen)
    }

    /// Widths in pixels of these columns; the others share what is left.
    pub(super) fn widths(self, columns: &[(&str, u16)]) -> Self {
        columns
            .iter()
            .fold(self, |panel, (name, width)| panel.field(name, &[("custom.width", json!(width))]))
    }

    /// Pages instead of a bar to scroll by. Grafana up to 11 reads it in the footer.
    pub(super) fn paged(self) -> Self {
        self.option("footer", json!({ "show": false, "enablePagination": true }))
            .option("enablePagination", json!(true))
    }

    /// First sorts by this column, then by the next one.
    pub(super) fn sorted(self, columns: &[(&str, bool)]) -> Self {
        let columns: Vec<_> = columns
            .iter()
            .map(|(name, descending)| json!({ "displayName": name, "desc": descending }))
            .collect();
        self.option("sortBy", json!(columns))
    }

    /// The panel with its number and place.
    pub(super) fn placed(mut self, id: u32, x: u32, y: u32, w: u32, h: u32) -> Value {
        self.0["id"] = json!(id);
        self.0["gridPos"] = json!({ "x": x, "y": y, "w": w, "h": h });
        self.0
    }
}

/// Thresholds in Grafana's form: the first step has no value.
pub(super) fn thresholds(first: &str, steps: &[(f64, &str)]) -> Value {
    let mut all = vec![json!({ "color": first, "value": null })];
    all.extend(steps.iter().map(|(value, color)| json!({ "color": color, "value": value })));
    json!({ "mode": "absolute", "steps": all })
}
