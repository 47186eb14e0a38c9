//! How far a long command has got: a bar on a terminal; nothing anywhere else.

use std::fmt::Write;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::figures;

/// What the bar says besides itself.
const STYLE: &str = "{bar:30} {pos}/{len} {msg}{speed}";

/// Between two looks of it.
const LOOKS_A_SECOND: u8 = 10;

/// `, 12 a second, 1 min 5 s left`, as soon as one is done: before that nothing is known.
fn speed(state: &ProgressState, out: &mut dyn Write) {
    let rate = state.per_sec();
    if state.pos() == 0 || rate <= 0.0 {
        return;
    }
    let decimals = usize::from(rate < 10.0);
    let left = figures::duration(state.eta().as_secs_f64().ceil());
    // Writing to a string does not fail.
    let _ = write!(out, ", {rate:.decimals$} a second, {left} left");
}

/// Counts days, or what else is being worked through. The bar goes away with it.
pub(super) struct Progress(ProgressBar);

impl Progress {
    pub(super) fn new(total: usize, unit: &'static str) -> Self {
        let target = ProgressDrawTarget::stderr_with_hz(LOOKS_A_SECOND);
        let bar = ProgressBar::with_draw_target(Some(total as u64), target);
        // A template that could not be read would leave the usual bar.
        if let Ok(style) = ProgressStyle::with_template(STYLE) {
            bar.set_style(style.with_key("speed", speed));
        }
        bar.set_message(unit);
        Self(bar)
    }

    /// One more is done.
    pub(super) fn step(&self) {
        self.0.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use indicatif::{ProgressBar, ProgressStyle};

    use super::STYLE;

    #[test]
    fn the_template_can_be_read() {
        let bar = ProgressBar::hidden();
        bar.set_style(ProgressStyle::with_template(STYLE).unwrap());
        bar.inc(1);
        assert_eq!(bar.position(), 1);
    }
}
