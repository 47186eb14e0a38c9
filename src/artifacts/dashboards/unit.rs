//! Grafana's name for the unit of a KPI.

use crate::kpi::Unit;

/// Currencies that Grafana knows by themselves; others are written after the number.
const CURRENCIES: &[&str] = &[
    "USD", "GBP", "EUR", "JPY", "RUB", "UAH", "BRL", "DKK", "ISK", "NOK", "SEK", "CZK", "CHF",
    "PLN", "ZAR", "INR", "KRW", "IDR", "PHP", "VND", "TRY", "MYR", "BGN", "PYG", "UYU", "ILS",
];

pub(super) fn grafana_unit(unit: &Unit) -> String {
    match unit {
        Unit::Count | Unit::Points | Unit::Ratio => "short".into(),
        Unit::Percent => "percentunit".into(),
        Unit::Seconds => "s".into(),
        Unit::Days => "d".into(),
        Unit::Currency(code) if CURRENCIES.contains(&code.as_str()) => format!("currency{code}"),
        Unit::Currency(code) => format!("currency:{code} "),
        Unit::Other(name) => format!("suffix:{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unit_has_a_name_that_grafana_knows() {
        for (unit, name) in [
            ("percent", "percentunit"),
            ("USD", "currencyUSD"),
            ("XAF", "currency:XAF "),
            ("seconds", "s"),
            ("days", "d"),
            ("count", "short"),
            ("tickets", "suffix:tickets"),
        ] {
            assert_eq!(grafana_unit(&Unit::parse(unit).unwrap()), name);
        }
    }
}
