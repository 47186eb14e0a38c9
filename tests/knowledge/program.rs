//! Runs the program in a folder.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use tempfile::TempDir;

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

const SHIPPED: &str = "config/kpi-exporter.yaml";

/// The configuration that comes with the program.
pub(crate) fn shipped() -> String {
    String::from_utf8(kpi_exporter::limits::read_capped(Path::new(SHIPPED), 1 << 20).unwrap())
        .unwrap()
}

/// A folder of files.
pub(crate) fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}
