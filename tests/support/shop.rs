//! A shop of one table and one KPI, the sum of its orders, asked each second: for daemons whose store or disk
//! is in trouble.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::exporter::{Exporter, sample};

pub(crate) const VALUE: &str = r#"kpi_value{kpi="orders"}"#;
pub(crate) const UP: &str = r#"kpi_source_up{source="shop"}"#;

pub(crate) struct Shop(TempDir);

impl Shop {
    /// With so many orders, and these keys of `store`.
    pub(crate) fn new(store: &str, orders: u32) -> Self {
        let shop = Self(tempfile::tempdir().unwrap());
        let text = format!(
            "
version: 1
store: {{ {store} }}
sources: {{ shop: {{ files: {{ tables: {{ orders: orders.csv }} }} }} }}
defaults: {{ schedule: every 1s, period: year, max_age: 26h }}
metrics: {{ orders: {{ source: shop, query: SELECT sum(n) AS value FROM orders }} }}
kpis:
  orders: {{ kind: lagging, formula: orders, accumulation: level, unit: count, target: {{ min: 1 }} }}
"
        );
        fs::write(shop.path("kpis.yaml"), text).unwrap();
        shop.orders(orders);
        shop
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// Another number of orders, at once.
    pub(crate) fn orders(&self, n: u32) {
        fs::write(self.path("new"), format!("n\n{n}\n")).unwrap();
        fs::rename(self.path("new"), self.path("orders.csv")).unwrap();
    }

    pub(crate) fn run(&self) -> Exporter {
        Exporter::run(&self.path("kpis.yaml"))
    }

    /// The value that a daemon without its source remembers.
    pub(crate) fn remembered(&self) -> Option<f64> {
        fs::remove_file(self.path("orders.csv")).unwrap();
        let daemon = self.run();
        sample(&daemon.until("the failure", |m| sample(m, UP) == Some(0.0)), VALUE)
    }
}
