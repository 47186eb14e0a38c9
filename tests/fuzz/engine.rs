//! Makes inputs, runs a target on them, and keeps what it fails on. Knows nothing of the targets.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "what was found, for people")]

use std::collections::BTreeSet;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::Duration;

use kpi_exporter::limits::read_capped;
use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

/// Bytes of an input.
const LONGEST: usize = 32 << 10;

/// Seeds that are kept.
const MOST_SEEDS: usize = 4000;

/// Computing for one input, in a debug build on any machine. On the processor: others may be busy too.
const SLOW: Duration = Duration::from_secs(10);

struct Chance(u64);

impl Chance {
    /// As `SplitMix64` does.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap()
    }

    fn one_of<'a, T>(&mut self, things: &'a [T]) -> &'a T {
        &things[self.below(things.len())]
    }

    /// Two places of an input, in order, mostly close to each other.
    fn part(&mut self, length: usize) -> (usize, usize) {
        let from = self.below(length + 1);
        let most = if self.below(4) == 0 { length } else { 16 };
        (from, (from + self.below(most + 1)).min(length))
    }
}

/// What whoever starts it has set.
#[expect(clippy::disallowed_methods, reason = "how tests/fuzz.sh says for how long")]
fn set(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect(name))
}

/// Runs `check` on many inputs. It says what came of one: another kind of outcome makes a new seed.
pub(crate) fn fuzz(
    name: &str,
    seeds: &[&str],
    words: &[&str],
    mut check: impl FnMut(&[u8]) -> String,
) {
    let corpus = format!("tests/fuzz/corpus/{name}/*");
    let files = std::iter::once(corpus.as_str()).chain(seeds.iter().copied());
    let files = files.flat_map(|pattern| glob::glob(pattern).unwrap()).map(Result::unwrap);
    let mut pool: Vec<Vec<u8>> = files.map(|file| read_capped(&file, 1 << 20).unwrap()).collect();
    assert!(!pool.is_empty(), "no seeds for {name}");
    let mut kinds = BTreeSet::new();
    for seed in &pool {
        kinds.extend(run(name, seed, &mut check));
    }
    let mut chance = Chance(set("KPI_FUZZ_SEED").unwrap_or(1));
    let time = set("KPI_FUZZ_SECONDS").map_or(Duration::from_millis(300), Duration::from_secs);
    let (began, mut inputs) = (Instant::now(), 0_u64);
    while began.elapsed() < time {
        let input = mutated(&mut chance, &pool, words);
        inputs += 1;
        if let Some(kind) = run(name, &input, &mut check)
            && pool.len() < MOST_SEEDS
            && kinds.insert(kind)
        {
            pool.push(input);
        }
    }
    println!("{name}: {inputs} inputs, {} kinds of outcomes", kinds.len());
}

/// The kind of the outcome, without what is of this input alone.
fn run(name: &str, input: &[u8], check: &mut impl FnMut(&[u8]) -> String) -> Option<String> {
    let began = computed();
    match catch_unwind(AssertUnwindSafe(|| check(input))) {
        Ok(outcome) => {
            let took = computed().saturating_sub(began);
            assert!(took < SLOW, "{took:?} for {}", kept(name, input).display());
            Some(kind(&outcome))
        }
        Err(defect) => {
            let smallest = smaller(input, check);
            eprintln!("found by {}", kept(name, &smallest).display());
            eprintln!("{:?}", String::from_utf8_lossy(&smallest));
            std::panic::resume_unwind(defect)
        }
    }
}

fn computed() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap())
}

/// What stands in quotes, and numbers, are of the input.
fn kind(outcome: &str) -> String {
    let mut kind = String::new();
    for (number, part) in outcome.split('`').enumerate() {
        if number % 2 == 0 {
            kind.extend(part.chars().filter(|c| !c.is_ascii_digit()));
        }
    }
    kind.truncate(kind.floor_char_boundary(200));
    kind
}

/// Takes away parts as long as it still fails.
fn smaller(input: &[u8], check: &mut impl FnMut(&[u8]) -> String) -> Vec<u8> {
    let (mut smallest, mut size) = (input.to_vec(), input.len() / 2);
    // It was told once.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let began = Instant::now();
    while size > 0 && began.elapsed() < Duration::from_secs(5) {
        let mut from = 0;
        while from < smallest.len() {
            let mut fewer = smallest.clone();
            fewer.drain(from..(from + size).min(smallest.len()));
            if catch_unwind(AssertUnwindSafe(|| check(&fewer))).is_err() {
                smallest = fewer;
            } else {
                from += size;
            }
        }
        size /= 2;
    }
    std::panic::set_hook(hook);
    smallest
}

/// Writes down an input that something was found by.
fn kept(name: &str, input: &[u8]) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    input.hash(&mut hasher);
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("fuzz").join(name);
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join(format!("{:016x}", hasher.finish()));
    fs::write(&file, input).unwrap();
    file
}

/// One of the seeds with some changes.
fn mutated(chance: &mut Chance, pool: &[Vec<u8>], words: &[&str]) -> Vec<u8> {
    // Half of the time one of the newest.
    let newest = &pool[pool.len().saturating_sub(16)..];
    let from = if chance.below(2) == 0 { newest } else { pool };
    let mut input = chance.one_of(from).clone();
    for _ in 0..=chance.below(5) {
        let (from, to) = chance.part(input.len());
        match chance.below(9) {
            0 => drop(input.drain(from..to)),
            1 => {
                let part = input[from..to].to_vec();
                let times = [1, 2, 100, 1000][chance.below(4)];
                let place = chance.below(input.len() + 1);
                input.splice(place..place, part.repeat(times));
            }
            2 if to > from => input[from] = chance.next().to_le_bytes()[0],
            3 if to > from => input[from] ^= 1 << chance.below(8),
            4 => {
                let other = chance.one_of(pool);
                let (start, end) = chance.part(other.len());
                input.splice(from..to, other[start..end].iter().copied());
            }
            5 => {
                const NUMBERS: [&str; 10] = [
                    "0",
                    "-1",
                    "1e308",
                    "-1e-308",
                    "18446744073709551616",
                    "NaN",
                    "0.1",
                    "1e999",
                    "9007199254740993",
                    "2147483648",
                ];
                input.splice(from..to, chance.one_of(&NUMBERS).bytes());
            }
            6 => {
                const ODD: [&str; 8] =
                    ["\0", "\r\n", "\u{feff}", "\u{202e}", "ä", "😀", "\u{1b}[31m", "\""];
                input.splice(from..to, chance.one_of(&ODD).bytes());
            }
            _ => drop(input.splice(from..to, chance.one_of(words).bytes())),
        }
        input.truncate(LONGEST);
    }
    input
}
