//! Runs the program in a folder.

use std::path::Path;

use assert_cmd::Command;

/// What came of it.
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) fn program(folder: &Path, arguments: &[&str]) -> Outcome {
    let mut command = Command::cargo_bin("kpi-exporter").unwrap();
    command.current_dir(folder).args(arguments).env_remove("KPI_EXPORTER_CONFIG");
    command.env("WAREHOUSE_URL", "sqlite://warehouse.db");
    let output = command.output().unwrap();
    Outcome {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}
