//! When the evaluator works: as soon as something came, but never most of the time, and on a tick, since
//! data ages without anything happening. Not here: what it does then (`evaluator`).

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Time moves on for what nothing came of by so much.
pub(super) const TICK: Duration = Duration::from_secs(15);
/// An update that is long makes ticks longer: they are at most this part of the time.
const PART_OF_TICKS: u32 = 20;
/// After its work the evaluator rests for so many times as long, and takes in what comes meanwhile.
const REST: u32 = 3;
/// Nobody waits for longer than this.
const LONGEST_REST: Duration = Duration::from_secs(15);

#[derive(Debug)]
pub(super) struct Pace {
    next_tick: Instant,
    not_before: Instant,
    /// Whether there is something to do.
    is_due: bool,
    tick: Duration,
}

impl Pace {
    /// Nothing to do yet, a tick at an instant, and then one after each `tick` at most.
    pub(super) fn new(first_tick: Instant, tick: Duration) -> Self {
        Self { next_tick: first_tick, not_before: Instant::now(), is_due: false, tick }
    }

    /// There is something to do.
    pub(super) fn call(&mut self) {
        self.is_due = true;
    }

    /// There is something that somebody waits for: it is time at once.
    pub(super) fn hurry(&mut self) {
        self.not_before = Instant::now();
        self.call();
    }

    /// Waits for the next tick.
    pub(super) async fn tick(&self) {
        sleep_until(self.next_tick).await;
    }

    /// The tick has come.
    pub(super) fn ticked(&mut self) {
        self.next_tick = Instant::now() + self.tick;
        self.call();
    }

    /// Waits until there is something to do and it is time for it.
    pub(super) async fn due(&self) {
        if self.is_due {
            sleep_until(self.not_before).await;
        } else {
            std::future::pending::<()>().await;
        }
    }

    /// Whether it is time to work.
    pub(super) fn begin(&mut self) -> bool {
        let is_time = self.is_due && Instant::now() >= self.not_before;
        self.is_due &= !is_time;
        is_time
    }

    /// The work that was begun at an instant is done.
    pub(super) fn rest(&mut self, began: Instant) {
        let took = began.elapsed();
        self.not_before = Instant::now() + (took * REST).min(LONGEST_REST);
        self.next_tick = self.next_tick.max(began + took * PART_OF_TICKS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn work_is_a_quarter_of_the_time_however_much_comes() {
        let began = Instant::now();
        let mut pace = Pace::new(began + TICK, TICK);
        let mut worked = Duration::ZERO;
        while began.elapsed() < Duration::from_mins(10) {
            pace.call();
            pace.due().await;
            assert!(pace.begin());
            let now = Instant::now();
            tokio::time::advance(Duration::from_millis(700)).await;
            worked += now.elapsed();
            pace.rest(now);
            assert!(!pace.begin(), "nothing came");
        }
        assert!(worked.as_secs_f64() / began.elapsed().as_secs_f64() <= 0.251, "{worked:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_somebody_waits_for_does_not_wait_for_a_rest() {
        let mut pace = Pace::new(Instant::now() + TICK, TICK);
        pace.call();
        assert!(pace.begin());
        let began = Instant::now();
        tokio::time::advance(Duration::from_secs(2)).await;
        pace.rest(began);
        pace.call();
        assert!(!pace.begin(), "it rests");
        pace.hurry();
        assert!(pace.begin());
    }

    #[tokio::test(start_paused = true)]
    async fn ticks_come_every_fifteen_seconds_and_more_seldom_when_work_is_long() {
        let mut pace = Pace::new(Instant::now() + TICK, TICK);
        for (takes, between) in [(0, 15), (1, 20), (0, 15)] {
            let before = Instant::now();
            pace.tick().await;
            pace.ticked();
            assert!(pace.begin());
            let now = Instant::now();
            assert_eq!((now - before).as_secs(), 15, "the one before was short");
            tokio::time::advance(Duration::from_secs(takes)).await;
            pace.rest(now);
            pace.tick().await;
            assert_eq!((Instant::now() - now).as_secs(), between);
            pace.ticked();
            assert!(pace.begin());
            pace.rest(Instant::now());
        }
    }
}
