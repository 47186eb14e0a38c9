//! A value with the place it came from, for serde structures. Works with `de` only.

use std::marker::PhantomData;
use std::path::PathBuf;

use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};

use super::files::{FileId, TextSpan};

/// The name by which `de` recognises a [`Spanned`].
pub(crate) const SPANNED: &str = "$spanned";

/// A value and where it stands.
#[derive(Clone)]
pub(crate) struct Spanned<T> {
    pub(crate) value: T,
    pub(crate) span: TextSpan,
    /// Not what the file says, but what `${...}` stood for: must not be shown.
    pub(crate) interpolated: bool,
    /// The file whose whole content it is.
    pub(crate) file: Option<PathBuf>,
}

/// A text with its place.
pub(crate) type Text = Spanned<String>;

impl<T> Spanned<T> {
    /// A value that stands for what is written at a place.
    pub(crate) fn at(span: TextSpan, value: T) -> Self {
        Self { value, span, interpolated: false, file: None }
    }

    /// Another value at the same place.
    pub(crate) fn with<U>(&self, value: U) -> Spanned<U> {
        let (span, interpolated) = (self.span, self.interpolated);
        Spanned { value, span, interpolated, file: self.file.clone() }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Spanned<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_tuple_struct(SPANNED, 6, SpannedVisitor(PhantomData))
    }
}

struct SpannedVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for SpannedVisitor<T> {
    type Value = Spanned<T>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value with its place")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Spanned<T>, A::Error> {
        let missing = || de::Error::custom("a value with its place has six parts");
        let interpolated = parts.next_element()?.ok_or_else(missing)?;
        let content_of: String = parts.next_element()?.ok_or_else(missing)?;
        let file = parts.next_element()?.ok_or_else(missing)?;
        let start = parts.next_element()?.ok_or_else(missing)?;
        let end = parts.next_element()?.ok_or_else(missing)?;
        let value = parts.next_element()?.ok_or_else(missing)?;
        Ok(Spanned {
            value,
            span: TextSpan { file: FileId::from_number(file), start, end },
            interpolated,
            file: (!content_of.is_empty()).then(|| content_of.into()),
        })
    }
}
