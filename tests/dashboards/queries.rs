//! The queries of a dashboard as Grafana sends them.

use kpi_exporter::artifacts::dashboards::Dashboard;

use crate::prometheus::Prometheus;

/// Time range and choices of a person who looks at a dashboard.
#[derive(Clone, Copy)]
pub(crate) struct View {
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) kpi: &'static str,
}

impl View {
    /// Seconds between the points of a graph that is 500 points wide.
    fn step(self) -> i64 {
        ((self.end - self.start) / 500).max(15)
    }

    /// Replaces variables by what "All" stands for.
    pub(crate) fn substitute(self, expr: &str) -> String {
        let rate = (self.step() + 15).max(60);
        [
            ("$__rate_interval", format!("{rate}s")),
            ("$__range", format!("{}s", self.end - self.start)),
            ("$job", "kpi-exporter".into()),
            ("$instance", ".+".into()),
            ("$objective", ".*".into()),
            ("$team", ".*".into()),
            ("$function", ".*".into()),
            ("$kpi", self.kpi.into()),
        ]
        .iter()
        .fold(expr.to_owned(), |expr, (name, value)| expr.replace(name, value))
    }

    /// Runs every query of every panel and annotation and gives the panels whose queries all came back empty. An
    /// error of a query panics.
    pub(crate) fn empty_panels(
        self,
        dashboard: &Dashboard,
        prometheus: &Prometheus,
    ) -> Vec<String> {
        for annotation in dashboard.json["annotations"]["list"].as_array().unwrap() {
            let expr = self.substitute(annotation["expr"].as_str().unwrap());
            prometheus.range(&expr, self.start, self.end, 3_600);
        }
        let panels = dashboard.json["panels"].as_array().unwrap();
        let empty = panels.iter().filter(|panel| {
            let targets = panel["targets"].as_array().unwrap();
            let found: usize = targets
                .iter()
                .map(|target| {
                    let expr = self.substitute(target["expr"].as_str().unwrap());
                    assert!(!expr.replace("$1", "").contains('$'), "{expr}");
                    if target["instant"] == true {
                        prometheus.instant(&expr, self.end).len()
                    } else {
                        prometheus.range(&expr, self.start, self.end, self.step()).len()
                    }
                })
                .sum();
            found == 0
        });
        empty.map(|panel| panel["title"].as_str().unwrap().to_owned()).collect()
    }
}
