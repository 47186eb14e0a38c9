//! Units of KPI values. Values themselves are kept in base form (a percent is a ratio, 16 % = 0.16).
//! Not here: how they are shown to people (`figures`).

use std::fmt;

use serde::{Serialize, Serializer};

/// The unit of a KPI's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unit {
    /// A plain number of things.
    Count,
    /// A ratio shown as percent.
    Percent,
    /// A plain quotient (`3.2x`).
    Ratio,
    /// Points of a score (NPS).
    Points,
    /// Seconds.
    Seconds,
    /// Days.
    Days,
    /// An ISO 4217 currency code.
    Currency(String),
    /// What has no name above: the word that people write after the number.
    Other(String),
}

impl Unit {
    /// The unit with this name, as in the configuration.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "count" => Self::Count,
            "percent" => Self::Percent,
            "ratio" => Self::Ratio,
            "points" => Self::Points,
            "seconds" => Self::Seconds,
            "days" => Self::Days,
            code if CURRENCIES.split(' ').any(|known| known == code) => {
                Self::Currency(code.to_owned())
            }
            name if is_word(name) => Self::Other(name.to_owned()),
            _ => return None,
        })
    }
}

/// What stands after a number: `tickets`, `page views`, `m³`. No sign of a currency or of percent,
/// which change what the number means, and no digit in front, which would continue it.
fn is_word(name: &str) -> bool {
    let fits = name.trim() == name && (1..=LONGEST).contains(&name.chars().count());
    let starts = name.chars().next().is_some_and(char::is_alphabetic);
    fits && starts && name.chars().all(|c| c.is_alphanumeric() || " /-_.'°".contains(c))
}

/// Active currencies of ISO 4217, and the metals and units that money is counted in.
const CURRENCIES: &str = "\
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD \
    CAD CDF CHF CLF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS \
    GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW \
    KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD \
    NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD \
    SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED \
    VES VND VUV WST XAF XAG XAU XCD XCG XDR XOF XPD XPF XPT YER ZAR ZMW ZWG";

/// Longer names of units fill a table with themselves.
const LONGEST: usize = 24;

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Count => "count",
            Self::Percent => "percent",
            Self::Ratio => "ratio",
            Self::Points => "points",
            Self::Seconds => "seconds",
            Self::Days => "days",
            Self::Currency(name) | Self::Other(name) => name,
        })
    }
}

impl Serialize for Unit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_a_name_a_currency_or_the_word_after_a_number() {
        assert_eq!(Unit::parse("USD"), Some(Unit::Currency("USD".into())));
        for word in ["tickets", "page views", "NPS", "m³", "h", "usd"] {
            assert_eq!(Unit::parse(word), Some(Unit::Other(word.into())));
        }
        for text in ["", " tickets", "5 tickets", "%", "a %", "$", "€", "a\nb", "{x}", "a + b"] {
            assert_eq!(Unit::parse(text), None, "{text:?}");
        }
        assert_eq!(Unit::parse(&"x".repeat(25)), None);
    }
}
