//! Trino's types in JSON, as cells. Not here: the protocol around them.

use chrono::{FixedOffset, NaiveDateTime, TimeZone};
use chrono_tz::Tz;
use serde_json::Value;

use crate::metric::{Cell, moment};
use crate::source::sql::cells::{boolean, decimal, integer, local_time, text};

/// What a column holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ColumnType {
    Integer,
    Float,
    Decimal,
    Bool,
    LocalTime,
    Instant,
    /// Padded with blanks.
    Char,
    /// Whatever is best kept as it is written; holds the type's name.
    Text(String),
    /// Neither number, text nor time; holds the type's name.
    Other(String),
}

impl ColumnType {
    pub(super) fn parse(name: &str) -> Self {
        match name.split('(').next().unwrap_or_default() {
            "tinyint" | "smallint" | "integer" | "bigint" => Self::Integer,
            "real" | "double" => Self::Float,
            "decimal" => Self::Decimal,
            "boolean" => Self::Bool,
            "timestamp with time zone" => Self::Instant,
            "timestamp" if name.ends_with(" with time zone") => Self::Instant,
            "timestamp" => Self::LocalTime,
            "char" => Self::Char,
            "varchar" | "date" | "uuid" | "ipaddress" => Self::Text(name.to_owned()),
            _ => Self::Other(name.to_owned()),
        }
    }

    /// A value; local times are read in `zone`.
    pub(super) fn cell(&self, value: &Value, zone: Tz) -> Cell {
        if value.is_null() {
            return Cell::Null;
        }
        self.decode(value, zone).unwrap_or_else(|| Cell::Other(self.name()))
    }

    fn decode(&self, value: &Value, zone: Tz) -> Option<Cell> {
        Some(match self {
            Self::Integer => integer(value.as_i64()?),
            // NaN and the infinities come as words.
            Self::Float => match value.as_str() {
                Some(word) => Cell::Number(word.parse().ok()?),
                None => Cell::Number(value.as_f64()?),
            },
            Self::Decimal => decimal(value.as_str()?),
            Self::Bool => boolean(value.as_bool()?),
            Self::LocalTime => local_time(naive(value.as_str()?)?, zone),
            Self::Instant => instant(value.as_str()?)?,
            Self::Char => text(value.as_str()?.trim_end_matches(' ').as_bytes(), "char"),
            Self::Text(name) => text(value.as_str()?.as_bytes(), name),
            Self::Other(_) => return None,
        })
    }

    fn name(&self) -> String {
        match self {
            Self::Text(name) | Self::Other(name) => name.clone(),
            Self::LocalTime => "timestamp".to_owned(),
            Self::Instant => "timestamp with time zone".to_owned(),
            known => format!("{known:?}").to_lowercase(),
        }
    }
}

fn naive(written: &str) -> Option<NaiveDateTime> {
    NaiveDateTime::parse_from_str(written, "%Y-%m-%d %H:%M:%S%.f").ok()
}

/// `2026-04-01 00:00:00.000 America/New_York`, or with an offset like `+02:00`.
fn instant(written: &str) -> Option<Cell> {
    let (time, zone) = written.rsplit_once(' ')?;
    let time = naive(time)?;
    Some(match (zone.parse::<Tz>(), zone.parse::<FixedOffset>()) {
        (Ok(zone), _) => Cell::Instant(moment::local(zone, time)),
        (_, Ok(offset)) => Cell::Instant(offset.from_local_datetime(&time).single()?.to_utc()),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_type_becomes_a_number_a_text_an_instant_or_its_name() {
        let text = |text: &str| Cell::Text(text.into());
        let at = |text: &str| Cell::Instant(text.parse().unwrap());
        let other = |text: &str| Cell::Other(text.into());
        for (kind, value, expected) in [
            ("bigint", json!(i64::MIN), text("-9223372036854775808")),
            ("integer", json!(-5), Cell::Number(-5.0)),
            ("double", json!(1e300), Cell::Number(1e300)),
            ("real", json!("-Infinity"), Cell::Number(f64::NEG_INFINITY)),
            ("real", json!(0.1), Cell::Number(0.1)),
            ("decimal(10,2)", json!("1234.50"), Cell::Written(1234.5, "1234.50".into())),
            ("decimal(38,0)", json!("12345678901234567890"), text("12345678901234567890")),
            ("boolean", json!(true), Cell::Written(1.0, "true".into())),
            ("varchar(2)", json!("EU"), text("EU")),
            ("varchar", json!(null), Cell::Null),
            ("char(4)", json!("EU  "), text("EU")),
            (
                "uuid",
                json!("61f0c404-5cb3-11e7-907b-a6006ad3dba0"),
                text("61f0c404-5cb3-11e7-907b-a6006ad3dba0"),
            ),
            ("date", json!("2026-04-01"), text("2026-04-01")),
            ("timestamp(3)", json!("2026-04-01 00:00:00.000"), at("2026-03-31T22:00:00Z")),
            (
                "timestamp(12)",
                json!("2026-04-01 00:00:00.123456789012"),
                at("2026-03-31T22:00:00.123456789Z"),
            ),
            (
                "timestamp(0) with time zone",
                json!("2026-04-01 00:00:00 America/New_York"),
                at("2026-04-01T04:00:00Z"),
            ),
            (
                "timestamp(6) with time zone",
                json!("2026-04-01 00:00:00.500000 UTC"),
                at("2026-04-01T00:00:00.5Z"),
            ),
            (
                "timestamp with time zone",
                json!("2026-04-01 00:00:00.000 +05:30"),
                at("2026-03-31T18:30:00Z"),
            ),
            (
                "timestamp(3) with time zone",
                json!("2026-04-01 00:00:00.000 Mars"),
                other("timestamp with time zone"),
            ),
            ("unknown", json!(null), Cell::Null),
            ("array(bigint)", json!([1]), other("array(bigint)")),
            ("row(a bigint)", json!([1]), other("row(a bigint)")),
            ("interval day to second", json!("3 00:00:00.000"), other("interval day to second")),
            ("time(3)", json!("12:00:00.000"), other("time(3)")),
            ("varbinary", json!("AA=="), other("varbinary")),
            ("json", json!("{}"), other("json")),
        ] {
            assert_eq!(
                ColumnType::parse(kind).cell(&value, Tz::Europe__Berlin),
                expected,
                "{kind} {value}"
            );
        }
    }
}
