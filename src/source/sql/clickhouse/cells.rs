//! ClickHouse's types in JSON, as cells. Not here: the document around them.

use chrono::DateTime;
use serde_json::Value;

use crate::metric::Cell;
use crate::source::sql::cells::{boolean, decimal, integer, text};

/// What a column holds, once its wrappers are off.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ColumnType {
    Integer,
    Float,
    Decimal,
    Bool,
    Time,
    FixedText,
    /// Whatever is best kept as it is written; holds the type's name.
    Text(String),
    /// Neither number, text nor time; holds the type's name.
    Other(String),
}

impl ColumnType {
    /// `LowCardinality(Nullable(String))` and the like.
    pub(super) fn parse(name: &str) -> Self {
        for wrapper in ["Nullable(", "LowCardinality("] {
            if let Some(inner) = name.strip_prefix(wrapper) {
                return Self::parse(inner.strip_suffix(')').unwrap_or(inner));
            }
        }
        if let Some(inner) = name.strip_prefix("SimpleAggregateFunction(") {
            let inner = inner.strip_suffix(')').unwrap_or(inner);
            // After the function, which may have parameters of its own but no types.
            return inner
                .split_once(", ")
                .map_or_else(|| other(name), |(_, inner)| Self::parse(inner));
        }
        match name.split('(').next().unwrap_or_default() {
            "Int8" | "Int16" | "Int32" | "Int64" | "Int128" | "Int256" | "UInt8" | "UInt16"
            | "UInt32" | "UInt64" | "UInt128" | "UInt256" => Self::Integer,
            "Float32" | "Float64" | "BFloat16" => Self::Float,
            "Decimal" => Self::Decimal,
            "Bool" => Self::Bool,
            "DateTime" | "DateTime64" => Self::Time,
            "FixedString" => Self::FixedText,
            "String" | "Enum8" | "Enum16" | "UUID" | "IPv4" | "IPv6" | "Date" | "Date32" => {
                Self::Text(name.to_owned())
            }
            _ => other(name),
        }
    }

    /// A value.
    pub(super) fn cell(&self, value: &Value) -> Cell {
        if value.is_null() {
            return Cell::Null;
        }
        self.decode(value).unwrap_or_else(|| Cell::Other(self.name()))
    }

    fn decode(&self, value: &Value) -> Option<Cell> {
        Some(match self {
            Self::Integer => {
                let digits = written(value)?;
                digits.parse::<i128>().map_or(Cell::Text(digits), integer)
            }
            Self::Float => Cell::Number(written(value)?.parse().ok()?),
            Self::Decimal => decimal(&written(value)?),
            Self::Bool => boolean(value.as_bool()?),
            Self::Time => instant(&written(value)?)?,
            Self::FixedText => {
                text(value.as_str()?.trim_end_matches('\0').as_bytes(), "FixedString")
            }
            Self::Text(name) => text(value.as_str()?.as_bytes(), name),
            Self::Other(_) => return None,
        })
    }

    fn name(&self) -> String {
        match self {
            Self::Text(name) | Self::Other(name) => name.clone(),
            known => format!("{known:?}").to_lowercase(),
        }
    }
}

fn other(name: &str) -> ColumnType {
    ColumnType::Other(name.to_owned())
}

/// Numbers come bare or as text.
fn written(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}

/// Seconds since 1970, maybe negative, with up to nine decimals.
fn instant(written: &str) -> Option<Cell> {
    let (negative, digits) = match written.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, written),
    };
    let (seconds, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let nanoseconds: i64 = format!("{decimals:0<9}").get(..9)?.parse().ok()?;
    let total =
        seconds.parse::<i64>().ok()?.checked_mul(1_000_000_000)?.checked_add(nanoseconds)?;
    let total = if negative { -total } else { total };
    Some(Cell::Instant(DateTime::from_timestamp_nanos(total)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn cell(kind: &str, value: &Value) -> Cell {
        ColumnType::parse(kind).cell(value)
    }

    #[test]
    fn wrappers_are_taken_off_types() {
        for wrapped in [
            "Nullable(Int64)",
            "LowCardinality(Nullable(Int64))",
            "SimpleAggregateFunction(sum, Int64)",
            "SimpleAggregateFunction(anyLast, Nullable(Int64))",
        ] {
            assert_eq!(ColumnType::parse(wrapped), ColumnType::Integer, "{wrapped}");
        }
        assert_eq!(ColumnType::parse("Array(Int64)"), other("Array(Int64)"));
        assert_eq!(ColumnType::parse("IntervalDay"), other("IntervalDay"));
    }

    #[test]
    fn numbers_come_bare_or_as_text() {
        assert_eq!(
            cell("UInt64", &json!("18446744073709551615")),
            Cell::Text(u64::MAX.to_string())
        );
        assert_eq!(cell("UInt256", &json!("9".repeat(70))), Cell::Text("9".repeat(70)));
        assert_eq!(cell("Int8", &json!(-5)), Cell::Number(-5.0));
        assert_eq!(cell("Float64", &json!("-inf")), Cell::Number(f64::NEG_INFINITY));
        assert_eq!(cell("Decimal(9, 2)", &json!("1.50")), Cell::Written(1.5, "1.50".into()));
        assert_eq!(cell("Bool", &json!(true)), Cell::Written(1.0, "true".into()));
        assert_eq!(cell("Nullable(Nothing)", &json!(null)), Cell::Null);
        assert_eq!(cell("Array(UInt8)", &json!([1])), Cell::Other("Array(UInt8)".into()));
        assert_eq!(cell("Bool", &json!("yes")), Cell::Other("bool".into()));
    }

    #[test]
    fn instants_are_decimal_seconds() {
        let at = |text: &str| Cell::Instant(text.parse().unwrap());
        assert_eq!(cell("DateTime", &json!("0")), at("1970-01-01T00:00:00Z"));
        assert_eq!(cell("DateTime64(3)", &json!("-0.500")), at("1969-12-31T23:59:59.500Z"));
        let nano = cell("DateTime64(9, 'UTC')", &json!("1775016000.123456789"));
        assert_eq!(nano, at("2026-04-01T04:00:00.123456789Z"));
        assert_eq!(cell("DateTime", &json!("2026-04-01")), Cell::Other("time".into()));
    }
}
