//! The forms that values may take: names from a list, durations, dates, numbers with a unit, texts or
//! maps. Each knows how to say what it expects. Not here: the keys.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use chrono::NaiveDate;
use secrecy::SecretString;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

use super::parse;
use super::spanned::Spanned;
use super::suggest::listed;

/// Something that is written as one of a few names.
pub(crate) trait Named: Copy + 'static {
    /// In the order in which people should read them.
    const NAMES: &'static [&'static str];
    /// The values of these names.
    const VALUES: &'static [Self];
    /// What one of them is written as.
    fn of(name: &str) -> Option<Self> {
        let at = Self::NAMES.iter().position(|known| *known == name)?;
        Self::VALUES.get(at).copied()
    }
}

/// Reads a [`Named`].
#[derive(Clone, Copy)]
pub(crate) struct Choice<T>(pub(crate) T);

impl<'de, T: Named> Deserialize<'de> for Choice<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(ChoiceVisitor(PhantomData))
    }
}

struct ChoiceVisitor<T>(PhantomData<T>);

impl<T: Named> Visitor<'_> for ChoiceVisitor<T> {
    type Value = Choice<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&listed(T::NAMES, "or"))
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Choice<T>, E> {
        T::of(name).map(Choice).ok_or_else(|| E::unknown_variant(name, T::NAMES))
    }
}

/// What a type is written as: names and values.
macro_rules! named {
    ($type:ty: $($name:literal => $value:expr),+ $(,)?) => {
        impl $crate::reader::forms::Named for $type {
            const NAMES: &'static [&'static str] = &[$($name),+];
            const VALUES: &'static [Self] = &[$($value),+];
        }
    };
}

pub(crate) use named;

/// Something that is written as a text of some form.
pub(crate) trait FromText: Sized {
    /// What is expected, for messages.
    const EXPECTED: &'static str;
    /// `None` when the text has not this form.
    fn from_text(text: &str) -> Option<Self>;
}

/// Reads a [`FromText`].
#[derive(Clone)]
pub(crate) struct Parsed<T>(pub(crate) T);

impl<'de, T: FromText> Deserialize<'de> for Parsed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(ParsedVisitor(PhantomData))
    }
}

struct ParsedVisitor<T>(PhantomData<T>);

impl<T: FromText> Visitor<'_> for ParsedVisitor<T> {
    type Value = Parsed<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Parsed<T>, E> {
        let wrong = || E::invalid_value(de::Unexpected::Other(""), &self);
        T::from_text(text).map(Parsed).ok_or_else(wrong)
    }
}

impl FromText for Duration {
    const EXPECTED: &'static str = "a duration like 30s, 5m, 26h, 30d or 4w";
    fn from_text(text: &str) -> Option<Self> {
        parse::duration(text)
    }
}

/// A number of bytes.
#[derive(Clone, Copy)]
pub(crate) struct Size(pub(crate) u64);

impl FromText for Size {
    const EXPECTED: &'static str = "a size like 500KiB, 32MiB or 1GiB";
    fn from_text(text: &str) -> Option<Self> {
        parse::size(text).map(Self)
    }
}

impl FromText for NaiveDate {
    const EXPECTED: &'static str = "a date like 2026-05-25";
    fn from_text(text: &str) -> Option<Self> {
        parse::date(text)
    }
}

impl FromText for SecretString {
    const EXPECTED: &'static str = "a text";
    fn from_text(text: &str) -> Option<Self> {
        Some(text.into())
    }
}

/// A number, possibly with a unit or sign that YAML takes for text: `12`, `16%`, `+1.4pt`.
#[derive(Clone)]
pub(crate) enum Quantity {
    Number(f64),
    Text(String),
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(QuantityVisitor)
    }
}

struct QuantityVisitor;

impl Visitor<'_> for QuantityVisitor {
    type Value = Quantity;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number like 250000 or 16%")
    }

    fn visit_f64<E>(self, number: f64) -> Result<Quantity, E> {
        Ok(Quantity::Number(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Quantity, E> {
        Ok(Quantity::Number(number as f64))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Quantity, E> {
        Ok(Quantity::Number(number as f64))
    }

    fn visit_str<E>(self, text: &str) -> Result<Quantity, E> {
        Ok(Quantity::Text(text.to_owned()))
    }
}

/// A map of keys that may stand where a number or word may.
pub(crate) trait Alternative: for<'de> Deserialize<'de> {
    /// All that may stand there, for messages.
    const EXPECTED: &'static str;
}

/// A number, a word or a map of keys.
#[derive(Clone)]
pub(crate) enum Mixed<M> {
    Quantity(Quantity),
    Map(M),
}

impl<'de, M: Alternative> Deserialize<'de> for Mixed<M> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MixedVisitor(PhantomData))
    }
}

struct MixedVisitor<M>(PhantomData<M>);

impl<'de, M: Alternative> Visitor<'de> for MixedVisitor<M> {
    type Value = Mixed<M>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(M::EXPECTED)
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Mixed<M>, E> {
        QuantityVisitor.visit_f64(number).map(Mixed::Quantity)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Mixed<M>, E> {
        QuantityVisitor.visit_u64(number).map(Mixed::Quantity)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Mixed<M>, E> {
        QuantityVisitor.visit_i64(number).map(Mixed::Quantity)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Mixed<M>, E> {
        QuantityVisitor.visit_str(text).map(Mixed::Quantity)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Mixed<M>, A::Error> {
        M::deserialize(MapAccessDeserializer::new(map)).map(Mixed::Map)
    }
}

/// A map with names of the user's own, in the order of the file.
pub(crate) struct Pairs<K, V>(pub(crate) Vec<(Spanned<K>, Spanned<V>)>);

impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Deserialize<'de> for Pairs<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PairsVisitor(PhantomData))
    }
}

struct PairsVisitor<K, V>(PhantomData<(K, V)>);

impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Visitor<'de> for PairsVisitor<K, V> {
    type Value = Pairs<K, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of keys")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<K, V>, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Pairs(pairs))
    }
}
