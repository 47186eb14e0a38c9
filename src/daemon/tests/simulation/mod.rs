//! The daemon as a whole under faults, in simulated time: scheduler, engine, store and server are the real
//! ones; sources, disk and clock are not, and all that is random follows from one seed. The same seed shows
//! the same pages, byte for byte.
//!
//! Many seeds: `cargo bench --bench simulate -- --seeds 100`. Which mistakes it finds:
//! `benches/simulate/planted.py`.

mod chance;
mod company;
mod invariants;
mod shown;
mod sources;
mod time;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;

use super::*;
use company::Size;
use time::happened;
use world::{Told, World};

/// One seed. Everything in it happens on one thread, one thing after the other.
fn simulate(seed: u64, size: Size) -> Told {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).build().unwrap();
    let simulation = async {
        println!("seed {seed}, {size:?}");
        let mut world = World::new(seed, size).await;
        for _ in 0..size.days * 24 * 60 / size.every {
            world.step().await;
        }
        world.heal().await;
        println!("seed {seed}: {:?}", world.told);
        world.told.clone()
    };
    drop(happened());
    let told = catch_unwind(AssertUnwindSafe(|| runtime.block_on(simulation)));
    // Not waiting for those who hold the time.
    runtime.shutdown_background();
    told.unwrap_or_else(|defect| {
        println!("{}", happened().join("\n"));
        println!("seed {seed} found something");
        resume_unwind(defect)
    })
}

const SMALL: Size = Size { kpis: 5, days: 14, every: 60 };

#[test]
fn whatever_happens_what_is_shown_is_true_and_nothing_shown_is_lost() {
    let all: Vec<Told> = [1, 4].into_iter().map(|seed| simulate(seed, SMALL)).collect();
    let sum = |of: fn(&Told) -> u32| all.iter().map(of).sum::<u32>();
    assert!(sum(|told| told.kills + told.crashes) > 2 && sum(|told| told.reloads) > 2, "{all:#?}");
    assert!(
        sum(|told| told.clock_steps + told.leaps) > 0 && sum(|told| told.notes) > 2,
        "{all:#?}"
    );
    assert!(sum(|told| told.band_changes) > 0, "{all:#?}");
    assert!(all.iter().map(|told| told.final_closings).sum::<usize>() > 0, "{all:#?}");
}

#[test]
fn the_same_seed_shows_the_same_bytes() {
    let size = Size { days: 3, ..SMALL };
    assert_eq!(simulate(77, size), simulate(77, size));
}

/// A number that whoever starts it may set.
#[expect(clippy::disallowed_methods, reason = "it is a benchmark's")]
fn set(name: &str, default: u32) -> u32 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// Bytes of the process in memory.
fn resident() -> u64 {
    let text = crate::limits::read_capped(Path::new("/proc/self/statm"), 1 << 10).unwrap();
    let text = String::from_utf8(text).unwrap();
    text.split(' ').nth(1).unwrap().parse::<u64>().unwrap() << 12
}

#[test]
#[ignore = "takes minutes: `cargo bench --bench simulate`"]
fn many_seeds() {
    let size = Size {
        kpis: set("KPI_SIM_KPIS", 10) as usize,
        days: set("KPI_SIM_DAYS", 45),
        every: set("KPI_SIM_EVERY", 30),
    };
    let (from, seeds) = (set("KPI_SIM_FROM", 1), set("KPI_SIM_SEEDS", 10));
    let mut all = Told::default();
    let mut memory = None;
    for seed in from..from + seeds {
        all.add(&simulate(seed.into(), size));
        let now = resident();
        let first = *memory.get_or_insert(now);
        assert!(now < first + (64 << 20), "memory grew from {first} to {now} bytes");
    }
    println!("{seeds} seeds from {from}, {size:?}: {all:?}");
    println!("{} MiB resident at the end", resident() >> 20);
}
