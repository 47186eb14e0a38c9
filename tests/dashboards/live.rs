//! Every query of every dashboard against a real Prometheus.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use kpi_exporter::artifacts::dashboards;
use kpi_exporter::clock;
use tempfile::TempDir;

use crate::history::{END, two_replicas};
use crate::prometheus::Prometheus;
use crate::queries::View;

const DAY: i64 = 86_400;

/// The demo as a daemon that fetches every second, ended on drop.
struct Demo {
    child: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl Demo {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("kpi-exporter.yaml");
        let written = program(&["demo", "--write"]).arg(folder.path()).status().unwrap();
        assert!(written.success());
        #[expect(clippy::disallowed_methods, reason = "a file of the test's own")]
        let text = std::fs::read_to_string(&config).unwrap();
        let hurried = text.replace(r#"schedule: "*/5 * * * *""#, "schedule: every 1s");
        assert_ne!(text, hurried);
        std::fs::write(&config, hurried).unwrap();
        let mut child = program(&["run", "--web.listen-address", "127.0.0.1:0", "--config"])
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let line = lines.find(|line| line.contains("serves http://")).expect("it serves");
        // Somebody has to listen to the log, or the daemon would stop at a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let address = line.split_once("serves http://").unwrap().1;
        let address = address.split('/').next().unwrap().parse().unwrap();
        Self { child, address, _folder: folder }
    }
}

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kpi-exporter"));
    command.env_remove("KPI_EXPORTER_CONFIG").args(arguments);
    command
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn every_panel_has_data_on_back_filled_history_or_on_a_scraped_daemon() {
    let demo = Demo::start();
    let prometheus = Prometheus::start(&two_replicas(), demo.address);
    let [scorecard, detail, weekly, health] = dashboards::shared().try_into().unwrap();

    let view = |days: i64, kpi| View { start: END - days * DAY, end: END, kpi };
    assert_eq!(view(30, ".+").empty_panels(&scorecard, &prometheus), [""; 0]);
    // A ratio and a level have no run rate; the second has labels of its own. The conversion is projected
    // to stay where it is, which says nothing about a ramp, so it has no chance either.
    let empty = view(90, "trial_to_paid").empty_panels(&detail, &prometheus);
    assert_eq!(empty, ["Chance to hit the target", "Needed per day"]);
    let empty = view(90, "by_region").empty_panels(&detail, &prometheus);
    assert_eq!(empty, ["Chance to hit the target", "Needed per day", "Firing alerts"]);
    let empty = view(90, "net_new_arr").empty_panels(&detail, &prometheus);
    for panel in ["Chance to hit the target", "Needed per day"] {
        assert!(!empty.contains(&panel.to_owned()), "{empty:?}");
    }
    // From the 15th to the 30th of April the conversion went off track; the quarter is far from over.
    let empty = view(15, ".+").empty_panels(&weekly, &prometheus);
    assert_eq!(empty, ["✔ Recovered", "Periods that close within 14 days"]);
    alerts_are_counted_in_hours(&weekly, &prometheus);
    one_row_per_label_set_and_none_for_a_replica(&scorecard, &prometheus);
    the_band_lies_where_the_verdict_changes(&prometheus);

    // Rates need two scrapes with something in between.
    prometheus.until("a scraper of the daemon", |p| {
        let now = clock::system().timestamp();
        let rates = [
            "rate(kpi_source_fetch_duration_seconds_count[1m]) > 0",
            "rate(kpi_exporter_evaluation_duration_seconds_count[1m]) > 0",
            "rate(process_cpu_seconds_total[1m])",
        ];
        rates.iter().all(|rate| !p.instant(rate, now).is_empty())
    });
    let now = clock::system().timestamp();
    let view = View { start: now - 600, end: now, kpi: ".+" };
    assert_eq!(view.empty_panels(&health, &prometheus), ["Failing rules"]);
    assert_eq!(view.empty_panels(&scorecard, &prometheus), [""; 0]);
}

fn alerts_are_counted_in_hours(weekly: &dashboards::Dashboard, prometheus: &Prometheus) {
    let panels = weekly.json["panels"].as_array().unwrap();
    let hours = panels.iter().find(|panel| panel["title"] == "Alert hours").unwrap();
    let view = View { start: END - 7 * DAY, end: END, kpi: ".+" };
    let expr = view.substitute(hours["targets"][0]["expr"].as_str().unwrap());
    let found = prometheus.instant(&expr, END);
    assert_eq!((found.len(), &found[0]["metric"]["kpi"]), (1, &"trial_to_paid".into()));
    let hours: f64 = found[0]["value"][1].as_str().unwrap().parse().unwrap();
    assert!((hours - 2.0).abs() < 0.2, "{hours}");
}

fn one_row_per_label_set_and_none_for_a_replica(
    scorecard: &dashboards::Dashboard,
    prometheus: &Prometheus,
) {
    let panels = scorecard.json["panels"].as_array().unwrap();
    let table = panels.iter().find(|panel| panel["type"] == "table").unwrap();
    let view = View { start: END - 30 * DAY, end: END, kpi: ".+" };
    for target in table["targets"].as_array().unwrap() {
        let expr = view.substitute(target["expr"].as_str().unwrap());
        let rows = prometheus.instant(&expr, END);
        let mut kpis: Vec<_> =
            rows.iter().map(|row| row["metric"]["kpi"].as_str().unwrap()).collect();
        kpis.sort_unstable();
        let expected =
            ["by_region", "by_region", "net_new_arr", "organic_traffic", "trial_to_paid"];
        assert_eq!(kpis, expected, "{expr}");
    }
    let answer = panels.iter().find(|panel| panel["title"] == "Are we on track?").unwrap();
    let expr = view.substitute(answer["targets"][0]["expr"].as_str().unwrap());
    let said = &prometheus.instant(&expr, END)[0]["metric"];
    assert_eq!((&said["on"], &said["all"]), (&"3".into(), &"4".into()), "KPIs, not label sets");
    let off = panels.iter().find(|panel| panel["title"] == "KPIs off track").unwrap();
    let expr = view.substitute(off["targets"][0]["expr"].as_str().unwrap());
    let count = prometheus.instant(&expr, END);
    assert_eq!(count[0]["value"][1], "1", "two replicas are one KPI");
}

/// The band of the detail page is worked out by the query from value, expected value and pace. Checked
/// where the answer is known: for a flow the limit is a share of the expected value, for a ramp it is
/// a share of the way below it.
fn the_band_lies_where_the_verdict_changes(prometheus: &Prometheus) {
    let detail = &dashboards::shared()[1];
    let panels = detail.json["panels"].as_array().unwrap();
    let lines = panels.iter().find(|p| p["title"] == "Value on its way to the target").unwrap();
    let targets = lines["targets"].as_array().unwrap();
    // One for plain numbers, one for percent: the other is empty.
    let limits: Vec<_> = targets.iter().filter(|t| t["legendFormat"] == "Off track from").collect();
    assert_eq!(limits.len(), 2);
    // The rest must run 1.3 times as fast as so far.
    let at_risk = |share: f64| 1.0 / (share + 1.3 * (1.0 - share));
    let ramp = (30.0 / 91.0) / (2.0 - 30.0 / 91.0);
    for (kpi, expected) in [
        // Expected 50 000, a fifth of the way, by the milestone of 30 April.
        ("net_new_arr", at_risk(0.2) * 50_000.0),
        // From 12 % to 16 % through a window of 30 of 91 days: t² / (w (2 − w)) with t = w.
        ("trial_to_paid", 0.12 + 0.04 * (ramp - (1.0 - at_risk(ramp)))),
    ] {
        let view = View { start: END - DAY, end: END, kpi };
        let exprs = limits.iter().map(|limit| view.substitute(limit["expr"].as_str().unwrap()));
        let found: Vec<_> = exprs.flat_map(|expr| prometheus.instant(&expr, END)).collect();
        assert_eq!(found.len(), 1, "{kpi}: {found:?}");
        let value: f64 = found[0]["value"][1].as_str().unwrap().parse().unwrap();
        assert!((value / expected - 1.0).abs() < 1e-3, "{kpi}: {value}, expected {expected}");
    }
}
