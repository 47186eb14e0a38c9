//! Durations as Prometheus writes them.

use std::fmt::Write as _;
use std::time::Duration;

pub(super) const MINUTE: Duration = Duration::from_mins(1);
pub(super) const HOUR: Duration = Duration::from_hours(1);
pub(super) const DAY: Duration = Duration::from_hours(24);

/// `90s` is `1m30s`; milliseconds are the finest that Prometheus knows.
pub(super) fn show(duration: Duration) -> String {
    const UNITS: [(u128, &str); 5] =
        [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"), (1, "ms")];
    let mut left = duration.as_millis();
    let mut text = String::new();
    for (unit, name) in UNITS {
        if left >= unit {
            // Writing to a string cannot fail.
            let _ = write!(text, "{}{name}", left / unit);
            left %= unit;
        }
    }
    if text.is_empty() { "0s".into() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_use_the_largest_units() {
        let cases = [
            (0, "0s"),
            (90_000, "1m30s"),
            (86_400_000, "1d"),
            (1_500, "1s500ms"),
            (3_600_000, "1h"),
        ];
        for (milliseconds, text) in cases {
            assert_eq!(show(Duration::from_millis(milliseconds)), text);
        }
    }
}
