//! JSON documents in which every name of an object is there once: of two, nobody can tell which is meant.
//! The rows of a long answer can be given away one by one, so that it need not be in memory as a whole:
//! a tree of values takes ten times the space of its text. Not here: what is in them.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::exact::exact;
use crate::shown;

/// Reads a value that has no name twice.
pub(super) struct Distinct(pub(super) Value);

impl<'de> Deserialize<'de> for Distinct {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Level { rows: None }.deserialize(deserializer).map(Self)
    }
}

/// Reads a document. `names` lead to the array whose items go to `row`; in what is returned, that
/// array has its last item only. All members of an object may be rows as well.
pub(super) fn with_rows(
    text: &str,
    names: &[String],
    row: &mut dyn FnMut(&Value),
) -> Result<Value, serde_json::Error> {
    let text = exact(text);
    let mut json = serde_json::Deserializer::from_str(&text);
    let document = Level { rows: Some(Rows { names, row }) }.deserialize(&mut json)?;
    json.end()?;
    Ok(document)
}

/// Where the rows are, seen from a value.
struct Rows<'a> {
    /// Those still to go; they are the members of this value when there are none.
    names: &'a [String],
    row: &'a mut dyn FnMut(&Value),
}

impl Rows<'_> {
    /// Where they are, seen from a member.
    fn below(&mut self, member: &str) -> Option<Rows<'_>> {
        let (next, names) = self.names.split_first()?;
        (next == member).then_some(Rows { names, row: &mut *self.row })
    }

    /// Gives a member away if it is a row.
    fn give(&mut self, member: &Value) -> bool {
        let is_row = self.names.is_empty();
        if is_row {
            (self.row)(member);
        }
        is_row
    }
}

/// Reads a value at any depth.
struct Level<'a> {
    /// `None` when there are none below it.
    rows: Option<Rows<'a>>,
}

impl<'de> DeserializeSeed<'de> for Level<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level<'_> {
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

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Value, A::Error> {
        let mut kept = Vec::new();
        while let Some(Distinct(item)) = items.next_element()? {
            if self.rows.as_mut().is_some_and(|rows| rows.give(&item)) {
                kept.clear();
            }
            kept.push(item);
        }
        Ok(kept.into())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if map.contains_key(&name) {
                let shown = shown::line(&name, 60);
                return Err(A::Error::custom(format!("the name `{shown}` is there twice")));
            }
            let rows = self.rows.as_mut().and_then(|rows| rows.below(&name));
            let value = members.next_value_seed(Level { rows })?;
            if let Some(rows) = &mut self.rows {
                rows.give(&value);
            }
            map.insert(name, value);
        }
        Ok(map.into())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;
    use serde_json_path::JsonPath;

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

    fn walked(text: &str, names: &[&str]) -> serde_json::Result<(Vec<Value>, Value)> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut rows = Vec::new();
        let rest = with_rows(text, &names, &mut |row| rows.push(row.clone()))?;
        Ok((rows, rest))
    }

    #[test]
    fn rows_are_given_away_and_the_last_one_stays_with_the_rest() {
        let text =
            r#"{"more": true, "data": {"items": [{"id": 1}, {"id": 2}], "n": 2.5}, "x": []}"#;
        let (rows, rest) = walked(text, &["data", "items"]).unwrap();
        assert_eq!(rows, [json!({ "id": 1 }), json!({ "id": 2 })]);
        let expected =
            json!({ "more": true, "data": { "items": [{ "id": 2 }], "n": 2.5 }, "x": [] });
        assert_eq!(rest, expected);
    }

    #[test]
    fn a_name_that_is_there_twice_is_no_document_and_neither_is_half_a_one() {
        let twice = walked(r#"{"data": [1], "data": [2]}"#, &["data"]).unwrap_err().to_string();
        assert!(twice.starts_with("the name `data` is there twice"), "{twice}");
        assert!(walked(r#"{"data": [1, 2"#, &["data"]).unwrap_err().to_string().starts_with("EOF"));
        assert!(
            walked(r#"{"data": []} x"#, &["data"]).unwrap_err().to_string().starts_with("trailing")
        );
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            "[a-c\"é]{0,3}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map("[a-c]", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_rows_are_those_that_the_path_selects(
            document in any_json(),
            names in prop::collection::vec("[a-c]", 0..3),
        ) {
            let path = [&["$".to_owned()], names.as_slice()].concat().join(".");
            let path = JsonPath::parse(&format!("{path}[*]")).unwrap();
            let expected: Vec<Value> = path.query(&document).all().into_iter().cloned().collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let (rows, _) = walked(&document.to_string(), &names).unwrap();
            prop_assert_eq!(rows, expected);
        }
    }
}
