//! Values as the YAML of Go programs has them: durations and yes or no.

use std::fmt;
use std::time::Duration;

use serde::de::{self, Deserialize, Deserializer, Visitor};

/// `true` and `false`, and what YAML 1.1 took for them.
#[derive(Clone, Copy)]
pub(super) struct Flag(pub bool);

struct FlagVisitor;

impl Visitor<'_> for FlagVisitor {
    type Value = Flag;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true or false")
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Flag, E> {
        Ok(Flag(flag))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Flag, E> {
        match text {
            "true" | "True" | "TRUE" | "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => {
                Ok(Flag(true))
            }
            "false" | "False" | "FALSE" | "n" | "N" | "no" | "No" | "NO" | "off" | "Off"
            | "OFF" => Ok(Flag(false)),
            _ => Err(E::invalid_value(de::Unexpected::Other(""), &self)),
        }
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FlagVisitor)
    }
}

/// `1s`, `1m30s`, `1.5h`, `200ms`; a whole number is so many nanoseconds.
#[derive(Clone, Copy)]
pub(super) struct GoDuration(pub Duration);

struct GoDurationVisitor;

impl Visitor<'_> for GoDurationVisitor {
    type Value = GoDuration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time like 1s, 200ms or 1m30s, or 0")
    }

    fn visit_u64<E>(self, nanoseconds: u64) -> Result<GoDuration, E> {
        Ok(GoDuration(Duration::from_nanos(nanoseconds)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<GoDuration, E> {
        let wrong = || E::invalid_value(de::Unexpected::Other(""), &self);
        go_duration(text).map(GoDuration).ok_or_else(wrong)
    }
}

impl<'de> Deserialize<'de> for GoDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(GoDurationVisitor)
    }
}

/// Numbers with units, one after the other, as Go's `time.ParseDuration` reads them.
fn go_duration(text: &str) -> Option<Duration> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    let mut total = Duration::ZERO;
    loop {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(end);
        let end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let seconds = match unit {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        let number: f64 = number.parse().ok()?;
        total = total.checked_add(Duration::try_from_secs_f64(number * seconds).ok()?)?;
        if after.is_empty() {
            return Some(total);
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_what_go_reads() {
        for (text, seconds) in [
            ("1s", 1.0),
            ("200ms", 0.2),
            ("1m30s", 90.0),
            ("1.5h", 5400.0),
            ("0", 0.0),
            ("+2s", 2.0),
            (".5s", 0.5),
        ] {
            assert_eq!(go_duration(text), Some(Duration::from_secs_f64(seconds)), "{text}");
        }
        for text in
            ["", "1", "s", "1d", "1 s", "-1s", "1s2", "..s", "1e3s", "999999999999999999999h"]
        {
            assert_eq!(go_duration(text), None, "{text}");
        }
    }
}
