//! Runs the built program.

use std::collections::BTreeMap;
use std::process::{Command, Output};

use serde_json::Value;

/// The program with `backfill` and these arguments.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kpi-exporter"));
    command.env_remove("KPI_EXPORTER_CONFIG").env_remove("RUST_BACKTRACE");
    command.arg("backfill").args(arguments);
    command
}

pub(crate) fn backfill(arguments: &[&str]) -> Output {
    command(arguments).output().expect("the program starts")
}

/// Exit code, standard output and standard error.
pub(crate) fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// The lines of KPIs without labels, by local day closed (`as_of` is the midnight after) and KPI.
pub(crate) fn days(jsonl: &str) -> BTreeMap<(String, String), Value> {
    let line = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap();
        let as_of = chrono::DateTime::parse_from_rfc3339(value["as_of"].as_str().unwrap()).unwrap();
        let day = (as_of - chrono::TimeDelta::seconds(1)).date_naive().to_string();
        ((day, value["kpi"].as_str().unwrap().to_owned()), value)
    };
    jsonl.lines().map(line).collect()
}

/// `eval` of the default configuration.
pub(crate) fn eval(as_of: &str) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_kpi-exporter"))
        .env_remove("KPI_EXPORTER_CONFIG")
        .args(["eval", "--format", "json", "--as-of", as_of])
        .output()
        .expect("the program starts");
    serde_json::from_slice(&output.stdout).unwrap()
}
