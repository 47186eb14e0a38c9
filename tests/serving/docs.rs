//! `docs/metrics.md` says what the program exposes: it is made from the declared families.

use std::fmt::Write as _;

use kpi_exporter::exposition::families;

const PATH: &str = "docs/metrics.md";

const HEAD: &str = "# Metrics

Every KPI gauge carries `kpi` and the labels of the KPI's own data. There are no timestamps, no NaN
and no infinity: a number that does not exist is absent. Ratios are 1 for 100 %. Types are those of
OpenMetrics; in the classic text format info and statesets are gauges. `process_*` metrics come on top.

`kpi_reason_info` is there only for what needs somebody (no data, at risk, off track, missed, or a projected
miss): a new sentence is a new series, a few a day for each of them. Alerts read it; to do without,
drop it with `metric_relabel_configs`.

| metric | type | meaning |
|---|---|---|
";

#[test]
#[expect(clippy::disallowed_methods, reason = "a test's switch, and a file of the project")]
fn the_list_of_metrics_is_the_declared_one() {
    let mut text = HEAD.to_owned();
    for family in families::ALL {
        let kind = format!("{:?}", family.kind).to_lowercase();
        writeln!(text, "| `{}` | {kind} | {} |", family.name, family.help).unwrap();
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(PATH, &text).unwrap();
    }
    let committed = std::fs::read_to_string(PATH).unwrap_or_default();
    assert_eq!(committed, text, "run with UPDATE_EXPECT=1 to write {PATH} anew");
}
