#!/usr/bin/env python3
"""Plants mistakes in a copy of the program and shows which of them the simulation finds, and with which seed.

Each stands behind a switch, so that the copy is built once, with the settings of benchmarks.

    benches/simulate/planted.py [--seeds 20] [NUMBER ...]
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HOME = pathlib.Path(__file__).resolve().parents[2]

# What it is, where, what stands there once, and what is put in its place: `(planted N)` is its switch.
PLANTED = [
    ("a poller sleeps on when the clock was set back", "src/daemon/mod.rs",
     "if now + CORRECTION < last {",
     "if now + CORRECTION < last && !(planted) {"),
    ("a poller gives up after 20 failures in a row", "src/daemon/poller.rs",
     "if self.runs.send(run).await.is_err() {",
     "if self.runs.send(run).await.is_err() || ((planted) && failures > 20) {"),
    ("some runs are shown and not written", "src/daemon/keeper.rs",
     "            self.runs.insert(run.metric.clone(), stored);",
     "            if !((planted) && run.as_of.timestamp() % 3 == 0) {\n"
     "                self.runs.insert(run.metric.clone(), stored);\n            }"),
    ("statuses are not brought back", "src/daemon/keeper.rs",
     "        engine.resume(memories);",
     "        if !(planted) {\n            engine.resume(memories);\n        }"),
    ("one data point changes a status", "src/assess/hysteresis.rs",
     "            self.confirm <= 1 ||",
     "            (planted) || self.confirm <= 1 ||"),
    ("at a roll-over halves of two periods are put together", "src/engine/kpi_state.rs",
     "    if view.plans.values().any(|plan| plan.period != period) {",
     "    if !(planted) && view.plans.values().any(|plan| plan.period != period) {"),
    ("a result is final while late data may still come", "src/backfill/record.rs",
     "let since = span.end + if is_whole { GRACE } else { LATEST };",
     "let grace = if is_whole { GRACE } else { LATEST };\n"
     "        let since = if (planted) { span.end } else { span.end + grace };"),
    ("a result is final by time alone", "src/daemon/handed.rs",
     "let asked = state.measured_at.filter(|_| is_believed).map(|at| at.min(as_of));",
     "let asked = state.measured_at.filter(|_| is_believed)\n"
     "                .map(|at| if (planted) { as_of } else { at.min(as_of) });"),
    ("nobody notices that the clock is back", "src/daemon/clock_watch.rs",
     "        } else if leap < -CORRECTION {",
     "        } else if leap < -CORRECTION && !(planted) {"),
    ("a start undoes no future", "src/daemon/keeper.rs",
     "        if keeper.undo_future(now).await? {",
     "        if !(planted) && keeper.undo_future(now).await? {"),
    ("days without a daemon are not caught up with", "src/daemon/catch_up.rs",
     "    let missing = history.missing(calendar.day_of(now), MAX_DAYS);",
     "    let missing = history.missing(calendar.day_of(now), if (planted) { 1 } else { MAX_DAYS });"),
    ("values are shown however old they are", "src/assess/measured.rs",
     "let too_old = age.to_std().is_ok_and(|age| age > kpi.max_age);",
     "let too_old = !(planted) && age.to_std().is_ok_and(|age| age > kpi.max_age);"),
    ("a note is acknowledged before it is written", "src/daemon/note_taker.rs",
     "    match store.add_note(&note).await {",
     "    if (planted) {\n        return Ok(note);\n    }\n    match store.add_note(&note).await {"),
    ("counters begin anew with a reload", "src/exposition/self_metrics.rs",
     "        Self::with(self.counters.clone(), sources,",
     "        let counters = if (planted) { Counters::new()? } else { self.counters.clone() };\n"
     "        Self::with(counters, sources,"),
    ("what a failed commit held is forgotten", "src/daemon/keeper.rs",
     "                self.runs = by_metric(evaluation.runs);",
     "                if !(planted) {\n                    self.runs = by_metric(evaluation.runs);\n                }"),
]

SWITCH = """
/// Which planted mistake is at work.
#[allow(missing_docs, clippy::all)]
pub fn planted(number: u32) -> bool {
    static CHOSEN: std::sync::OnceLock<u32> = std::sync::OnceLock::new();
    *CHOSEN.get_or_init(|| {
        std::env::var("KPI_PLANTED").ok().and_then(|text| text.parse().ok()).unwrap_or(0)
    }) == number
}
"""


def copy(to):
    for name in ["Cargo.toml", "Cargo.lock", "src", "benches", "tests", "config", "docs"]:
        one = HOME / name
        ignore = shutil.ignore_patterns("node_modules")
        shutil.copytree(one, to / name, ignore=ignore) if one.is_dir() else shutil.copy2(one, to)
    for rest in ["grafana", "deploy"]:
        (to / rest).symlink_to(HOME / rest)
    for number, (what, file, old, new) in enumerate(PLANTED, 1):
        path = to / file
        text = path.read_text()
        if text.count(old) != 1:
            sys.exit(f"{number}, {what}: {file} has {text.count(old)} times\n{old}")
        path.write_text(text.replace(old, new.replace("(planted)", f"crate::planted({number})")))
    library = to / "src/lib.rs"
    library.write_text(library.read_text() + SWITCH)


def build(folder):
    command = ["cargo", "test", "--locked", "--profile", "bench", "--lib", "--no-run"]
    target = os.environ.get("CARGO_TARGET_DIR", HOME / "target")
    environment = os.environ | {"CARGO_TARGET_DIR": str(target)}
    built = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    found = re.search(r"\((\S*deps/kpi_exporter-\w+)\)", built.stderr)
    if built.returncode != 0 or not found:
        sys.exit(built.stderr)
    return pathlib.Path(target) / pathlib.Path(folder, found[1]).relative_to(folder) \
        if not found[1].startswith("/") else pathlib.Path(found[1])


def simulate(program, folder, number, seeds):
    arguments = ["daemon::tests::simulation::many_seeds", "--exact", "--ignored", "--nocapture"]
    environment = os.environ | {
        "KPI_PLANTED": str(number), "KPI_SIM_SEEDS": str(seeds), "RUST_BACKTRACE": "0"}
    done = subprocess.run([program, *arguments], cwd=folder, env=environment, capture_output=True,
                          text=True)
    seed = re.search(r"seed (\d+) found something", done.stdout)
    why = re.search(r"panicked at [^\n]*\n([^\n]*)", done.stderr)
    return (int(seed[1]) if seed else None), (why[1][:150] if why else done.stderr[-300:])


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--seeds", type=int, default=20)
    arguments.add_argument("numbers", type=int, nargs="*")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        copy(folder)
        program = build(folder)
        missed = 0
        for number, (what, *_) in enumerate([("nothing planted",), *PLANTED]):
            if given.numbers and number not in given.numbers:
                continue
            seed, why = simulate(program, folder, number, given.seeds)
            is_right = (seed is None) == (number == 0)
            missed += not is_right
            outcome = f"found by seed {seed}: {why}" if seed else f"not found in {given.seeds} seeds"
            print(f"{number:2} {what}: {outcome}", flush=True)
        sys.exit(missed != 0)


main()
