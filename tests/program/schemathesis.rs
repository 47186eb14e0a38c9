//! The API keeps to its description, whatever is asked: Schemathesis makes up the requests.

use std::path::PathBuf;
use std::process::Command;

use crate::exporter::{Exporter, command};

/// Where `tests/run.sh` installs it.
#[expect(clippy::disallowed_methods, reason = "a folder of the build")]
fn schemathesis() -> Option<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    let program = target.join("schemathesis/bin/st");
    program.exists().then_some(program)
}

#[test]
fn schemathesis_finds_nothing() {
    let Some(program) = schemathesis() else {
        eprintln!("not tested: tests/run.sh installs schemathesis");
        return;
    };
    let demo =
        Exporter::spawn(command().env("KPI_EXPORTER_SERVER__ACCEPT_NOTES", "true").arg("demo"));
    demo.until("values", |metrics| metrics.contains("\nkpi_value"));
    let url = format!("http://{}/openapi.json", demo.address);
    let arguments = ["run", &url, "--max-examples", "20", "--seed", "1"];
    let folder = tempfile::tempdir().unwrap();
    let program = std::fs::canonicalize(program).unwrap();
    let found = Command::new(program).args(arguments).current_dir(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&found.stdout);
    assert!(found.status.success(), "{said}");
    // All but the description itself.
    assert!(said.contains("10 selected / 10 total"), "{said}");
}
