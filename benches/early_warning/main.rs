//! How early and how rightly the program warns, on simulated businesses:
//! `cargo bench --bench early_warning -- [--runs N] [--seed N]
//! [--only flows]` (or `signals`, `polls`, `shares to date, months`). `cargo test` runs a few of them only, to see that all works.
#![expect(clippy::print_stdout, reason = "a program that prints tables")]

mod alarms;
#[path = "../support/business.rs"]
mod business;
#[path = "../support/noise.rs"]
mod noise;
mod polls;
#[path = "../support/replay.rs"]
mod replay;
mod signals;
mod tables;
mod world;

/// Runs of each simulated business: under `cargo bench`, and to see that all works.
const RUNS: u64 = 16;
const FEW_RUNS: u64 = 1;
/// Weekly series of signals for each of them.
const SERIES_A_RUN: u64 = 40;

fn main() {
    let bench = std::env::args().any(|argument| argument == "--bench");
    let text = |name: &str| std::env::args().skip_while(|argument| argument != name).nth(1);
    let number = |name: &str| text(name).and_then(|text| text.parse().ok());
    let runs = number("--runs").unwrap_or(if bench { RUNS } else { FEW_RUNS });
    let seed = number("--seed").unwrap_or(1);
    // A test sees that it runs, and takes no minutes for it.
    let only =
        if bench { text("--only").unwrap_or_default() } else { "shares, quarters".to_owned() };
    if "signals".contains(&only) || !bench {
        signals::report(runs * SERIES_A_RUN, seed);
    }
    let order = tables::Order { runs, seed, only };
    if "polls".contains(&order.only) || !bench {
        polls::report(&order);
    }
    tables::report(&order);
}
