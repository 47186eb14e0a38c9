//! Many seeds of the simulation, which lives among the library's tests since it puts sources, disk and clock
//! into the daemon: builds those as a benchmark and runs them.
//!
//! `cargo bench --bench simulate -- --seeds 100 [--from 1] [--days 45] [--kpis 10] [--every 30]`

#![expect(clippy::disallowed_methods, clippy::print_stderr, reason = "a benchmark")]

use std::process::{Command, ExitCode};

const FLAGS: [(&str, &str); 5] = [
    ("--seeds", "KPI_SIM_SEEDS"),
    ("--from", "KPI_SIM_FROM"),
    ("--days", "KPI_SIM_DAYS"),
    ("--kpis", "KPI_SIM_KPIS"),
    ("--every", "KPI_SIM_EVERY"),
];

fn main() -> ExitCode {
    let mut simulate = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    simulate.args(["test", "--locked", "--profile", "bench", "--lib", "--quiet", "--"]);
    simulate.args(["daemon::tests::simulation::many_seeds", "--exact", "--ignored", "--nocapture"]);
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    while let Some(flag) = arguments.next() {
        let number = arguments.next().filter(|number| number.parse::<u32>().is_ok());
        let known = FLAGS.iter().find(|(known, _)| *known == flag);
        let (Some((_, variable)), Some(number)) = (known, number) else {
            eprintln!("{flag}: expected one of {FLAGS:?} and a number");
            return ExitCode::FAILURE;
        };
        simulate.env(variable, number);
    }
    match simulate.status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
