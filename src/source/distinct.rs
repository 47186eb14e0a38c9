//! JSON values in which every name of an object is there once: of two, nobody can tell which is
//! meant. Not here: what is in them.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Reads a value that has no name twice.
pub(super) struct Distinct(pub(super) Value);

/// Refuses a name that an object has already.
pub(super) fn once<E: Error>(known: &Map<String, Value>, name: &str) -> Result<(), E> {
    if known.contains_key(name) {
        let shown: String = name.chars().take(60).collect();
        return Err(E::custom(format!("the name `{shown}` is there twice")));
    }
    Ok(())
}

impl<'de> Deserialize<'de> for Distinct {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue).map(Self)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, yes: bool) -> Result<Value, E> {
        Ok(yes.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Distinct(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            once(&map, &name)?;
            let Distinct(value) = members.next_value()?;
            map.insert(name, value);
        }
        Ok(map.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_there_once_at_every_depth() {
        let text = r#"{"a":[1,-2,2.5,{"b":null}],"c":{"a":true,"b":"é"}}"#;
        let Distinct(value) = serde_json::from_str(text).unwrap();
        assert_eq!(value.to_string(), text);
        for twice in [
            r#"{"a":1,"a":1}"#,
            r#"[{"x":{"b":{"a":1,"\u0061":2}}}]"#,
            r#"{"a":[{"a":1},{"c":1,"a":2,"a":3}]}"#,
        ] {
            let Err(error) = serde_json::from_str::<Distinct>(twice) else { panic!("{twice}") };
            assert!(
                error.to_string().starts_with("the name `a` is there twice at line 1"),
                "{error}"
            );
        }
    }
}
