//! From a tree of nodes to the "as written" structures, through serde. Not here: what goes wrong
//! (`de_error`), reporting it (`entry`).

use serde::de::{
    self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::de_error::DeError;
use super::json::JSON;
use super::node::{Core, Node, NodeKind};
use super::spanned::SPANNED;

/// Reads one node.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'n>(pub(crate) &'n Node);

impl Reader<'_> {
    /// The text of a scalar; numbers and booleans are text where text is wanted.
    fn text<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeError> {
        match &self.0.kind {
            NodeKind::Scalar(scalar) if scalar.core() != Core::Null => {
                visitor.visit_str(&scalar.text)
            }
            _ => Err(wrong_type(&visitor)),
        }
        .map_err(|error: DeError| error.located(self.0))
    }

    /// A number. Interpolated values count as written without quotes.
    fn number<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeError> {
        let NodeKind::Scalar(scalar) = &self.0.kind else {
            return Err(wrong_type(&visitor).located(self.0));
        };
        match scalar.unquoted().core() {
            Core::Integer(number) => match u64::try_from(number) {
                Ok(number) => visitor.visit_u64(number),
                Err(_) => visitor.visit_i64(number),
            },
            Core::Float(number) if number.is_finite() => visitor.visit_f64(number),
            _ => Err(wrong_type(&visitor)),
        }
        .map_err(|error: DeError| error.located(self.0))
    }
}

impl Reader<'_> {
    /// `true` or `false`. Interpolated values count as written without quotes.
    fn boolean<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeError> {
        match &self.0.kind {
            NodeKind::Scalar(scalar) => match scalar.unquoted().core() {
                Core::Bool(answer) => visitor.visit_bool(answer),
                _ => Err(wrong_type(&visitor)),
            },
            _ => Err(wrong_type(&visitor)),
        }
        .map_err(|error: DeError| error.located(self.0))
    }

    /// What it is in JSON: nothing, a boolean, a number, a text, a list or a map.
    fn json<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeError> {
        let NodeKind::Scalar(scalar) = &self.0.kind else { return self.deserialize_any(visitor) };
        match scalar.core() {
            Core::Null => visitor.visit_unit(),
            Core::Bool(answer) => visitor.visit_bool(answer),
            Core::Integer(_) | Core::Float(_) => return self.number(visitor),
            Core::Text => visitor.visit_str(&scalar.text),
        }
        .map_err(|error: DeError| error.located(self.0))
    }
}

fn wrong_type<'de, V: Visitor<'de>>(visitor: &V) -> DeError {
    de::Error::invalid_type(de::Unexpected::Other(""), visitor)
}

macro_rules! forward {
    ($target:ident: $($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeError> {
            self.$target(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = DeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeError> {
        let scalar = match &self.0.kind {
            NodeKind::Seq(_) => return self.deserialize_seq(visitor),
            NodeKind::Map(_) => return self.deserialize_map(visitor),
            NodeKind::Reported => return Err(wrong_type(&visitor).located(self.0)),
            NodeKind::Scalar(scalar) => scalar,
        };
        match scalar.core() {
            Core::Null => Err(wrong_type(&visitor).located(self.0)),
            // A sign in front is a change in a target: the reader of the text has to see it.
            Core::Integer(_) | Core::Float(_) if !scalar.text.starts_with('+') => {
                self.number(visitor)
            }
            _ => self.text(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DeError> {
        if name == JSON { self.json(visitor) } else { visitor.visit_newtype_struct(self) }
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, DeError> {
        if name == SPANNED {
            visitor.visit_seq(SpannedParts::new(self.0)).map_err(|error| error.located(self.0))
        } else {
            self.deserialize_any(visitor)
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeError> {
        match &self.0.kind {
            NodeKind::Seq(items) => visitor.visit_seq(Items { items, at: 0 }),
            _ => Err(wrong_type(&visitor)),
        }
        .map_err(|error| error.located(self.0))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DeError> {
        match &self.0.kind {
            NodeKind::Map(entries) => visitor.visit_map(Entries { entries, at: 0 }),
            _ => Err(wrong_type(&visitor)),
        }
        .map_err(|error| error.located(self.0))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DeError> {
        self.deserialize_map(visitor)
    }

    forward!(text: deserialize_str deserialize_string deserialize_identifier);
    forward!(boolean: deserialize_bool);
    forward!(number: deserialize_u32 deserialize_u64 deserialize_f64);
    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u128 f32 char bytes byte_buf unit unit_struct tuple enum
        ignored_any
    }
}

/// The items of a list, one after the other.
struct Items<'n> {
    items: &'n [Node],
    at: usize,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = DeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, DeError> {
        let Some(item) = self.items.get(self.at) else { return Ok(None) };
        self.at += 1;
        let located = |error: DeError| error.located(item).inside(self.at - 1);
        seed.deserialize(Reader(item)).map(Some).map_err(located)
    }
}

/// The entries of a map, one after the other.
struct Entries<'n> {
    entries: &'n [(super::node::Key, Node)],
    at: usize,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = DeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, DeError> {
        let Some((key, _)) = self.entries.get(self.at) else { return Ok(None) };
        let node = Node::text(key.span, &key.name);
        let located = |error: DeError| error.located(&node).inside(self.at);
        seed.deserialize(Reader(&node)).map(Some).map_err(located)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, DeError> {
        let Some((_, value)) = self.entries.get(self.at) else {
            return Err(de::Error::custom("a value was asked for before its key"));
        };
        self.at += 1;
        let located = |error: DeError| error.located(value).inside(self.at - 1);
        seed.deserialize(Reader(value)).map_err(located)
    }
}

/// Gives a [`Spanned`] its parts: whether interpolated, the file it is the content of,
/// the file it stands in, start, end, value.
struct SpannedParts<'n> {
    node: &'n Node,
    next: usize,
}

impl<'n> SpannedParts<'n> {
    fn new(node: &'n Node) -> Self {
        Self { node, next: 0 }
    }
}

impl<'de> SeqAccess<'de> for SpannedParts<'_> {
    type Error = DeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, DeError> {
        self.next += 1;
        let span = self.node.span;
        match self.next {
            1 => seed.deserialize(self.node.is_interpolated().into_deserializer()),
            2 => seed.deserialize(self.node.file().into_deserializer()),
            3 => seed.deserialize(span.file.number().into_deserializer()),
            4 => seed.deserialize(span.start.into_deserializer()),
            5 => seed.deserialize(span.end.into_deserializer()),
            6 => seed.deserialize(Reader(self.node)),
            _ => return Ok(None),
        }
        .map(Some)
    }
}
