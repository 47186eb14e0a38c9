//! Metric names are declared once: no other room writes one down, so that none can be left behind.

use std::path::Path;

use kpi_exporter::exposition::families;
use kpi_exporter::limits::read_capped;

#[test]
fn no_room_but_exposition_writes_a_metric_name() {
    let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    let mut read = 0;
    for file in glob::glob("src/**/*.rs").unwrap().map(Result::unwrap) {
        if file.starts_with("src/exposition") || file.ends_with("families.rs") {
            continue;
        }
        let text = String::from_utf8(read_capped(Path::new(&file), 1 << 20).unwrap()).unwrap();
        // Tests may say what they expect; comments may speak of what they explain.
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for name in families::ALL.iter().map(|family| family.name) {
                let written = line.split(word).any(|found| found == name);
                assert!(!written, "{name} is written in {}: {line}", file.display());
            }
        }
        read += 1;
    }
    assert!(read > 100, "{read} files");
}
