//! Delays that look random and are not: the same job always gets the same ones, on every machine
//! and in every build.

use std::time::Duration;

/// The first wait after a failure.
const FIRST_WAIT: Duration = Duration::from_secs(5);
/// Waits double up to this.
const LONGEST_WAIT: Duration = Duration::from_mins(5);
/// Jitter is less than this, however long the interval.
const LONGEST_JITTER: Duration = Duration::from_secs(30);

/// Spread over a tenth of the interval, 30 s at most.
pub(super) fn jitter(id: &str, interval: Duration) -> Duration {
    let spread = (interval / 10).min(LONGEST_JITTER);
    spread.mul_f64(unit(id.as_bytes()))
}

/// How long to wait after so many failures in a row: 5 s doubling up to 5 min, give or take a fifth
/// by job and count, so that jobs that failed together do not come back together. Nothing after no
/// failure. A schedule that is due sooner goes first: that is the caller's minimum to take.
pub fn backoff(failures: u32, id: &str) -> Duration {
    doubling(FIRST_WAIT, LONGEST_WAIT, failures, id)
}

/// A wait that begins with `first` after one failure and doubles with each up to `longest`, give or
/// take a fifth by job and count.
pub fn doubling(first: Duration, longest: Duration, failures: u32, id: &str) -> Duration {
    let Some(doublings) = failures.checked_sub(1) else {
        return Duration::ZERO;
    };
    let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
    let wait = first.saturating_mul(factor).min(longest);
    let seed = [id.as_bytes(), &failures.to_le_bytes()].concat();
    wait.mul_f64(0.8 + 0.4 * unit(&seed))
}

/// A number in 0..1 that depends on every byte: 64-bit FNV-1a (the standard library's hasher may
/// change with its version), mixed by the finalizer of `MurmurHash3` because the high bits of FNV
/// hardly depend on the last bytes.
fn unit(bytes: &[u8]) -> f64 {
    let hash = fnv1a(bytes);
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    let hash = hash ^ (hash >> 33);
    // 53 bits are what a double holds.
    (hash >> 11) as f64 / (1_u64 << 53) as f64
}

/// <http://www.isthe.com/chongo/tech/comp/fnv/>
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids() -> impl Iterator<Item = String> {
        (0..1_000).map(|number| format!("metric_{number}"))
    }

    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn jitter_is_the_same_for_the_same_job_in_every_build() {
        let hour = Duration::from_hours(1);
        assert_eq!(jitter("orders", hour).as_millis(), 5_896);
        assert_ne!(jitter("orders", hour), jitter("sessions", hour));
    }

    #[test]
    fn jitter_spreads_jobs_evenly_over_its_range() {
        for (interval, limit_ms) in [(60, 6_000), (300, 30_000), (86_400, 30_000)] {
            let mut tenths = [0; 10];
            for id in ids() {
                let tenth = jitter(&id, Duration::from_secs(interval)).as_millis() * 10 / limit_ms;
                tenths[usize::try_from(tenth).unwrap()] += 1;
            }
            assert!(tenths.iter().all(|count| (60..=140).contains(count)), "{tenths:?}");
        }
    }

    #[test]
    fn waits_double_from_five_seconds_to_five_minutes_give_or_take_a_fifth() {
        let nominal = [5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0];
        for (failures, nominal) in (1..).zip(nominal) {
            let waits: Vec<f64> = ids().map(|id| backoff(failures, &id).as_secs_f64()).collect();
            let (least, most) = waits.iter().fold((f64::MAX, 0.0_f64), |(least, most), wait| {
                (least.min(*wait), most.max(*wait))
            });
            assert!(nominal * 0.8 <= least && least < nominal * 0.82, "{failures}: {least}");
            assert!(nominal * 1.18 < most && most <= nominal * 1.2, "{failures}: {most}");
        }
    }

    #[test]
    fn no_number_of_failures_is_too_many_and_none_needs_no_wait() {
        assert_eq!(backoff(0, "orders"), Duration::ZERO);
        for failures in [32, 33, 34, u32::MAX] {
            let wait = backoff(failures, "orders").as_secs_f64();
            assert!((240.0..=360.0).contains(&wait), "{failures}: {wait}");
        }
        assert_eq!(backoff(3, "orders"), backoff(3, "orders"));
        assert_ne!(backoff(7, "orders"), backoff(8, "orders"));
    }
}
