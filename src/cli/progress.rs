//! How far a long command has got: one line on a terminal, rewritten in place; nothing anywhere
//! else.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use tokio::time::Instant;

/// Between two looks of the line.
const REFRESH: Duration = Duration::from_millis(100);

/// Counts days, or what else is being worked through. The line goes away with it.
pub(super) struct Progress {
    terminal: bool,
    unit: &'static str,
    total: usize,
    done: usize,
    started: Instant,
    shown: Option<Instant>,
}

impl Progress {
    pub(super) fn new(total: usize, unit: &'static str) -> Self {
        let terminal = io::stderr().is_terminal();
        Self { terminal, unit, total, done: 0, started: Instant::now(), shown: None }
    }

    /// One more is done.
    pub(super) fn step(&mut self) {
        self.done += 1;
        let now = Instant::now();
        if !self.terminal || self.shown.is_some_and(|shown| now - shown < REFRESH) {
            return;
        }
        self.shown = Some(now);
        let line = line(self.done, self.total, self.unit, now - self.started);
        let _ = write!(io::stderr(), "\r{line}\x1b[K");
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown.is_some() {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

fn line(done: usize, total: usize, unit: &str, elapsed: Duration) -> String {
    let rate = done as f64 / elapsed.as_secs_f64().max(0.001);
    let left = (total - done) as f64 / rate;
    format!("{done}/{total} {unit}, {rate:.0} a second, {left:.0} s left")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_much_how_fast_and_how_long() {
        let line = line(146, 730, "days", Duration::from_secs(2));
        assert_eq!(line, "146/730 days, 73 a second, 8 s left");
    }
}
