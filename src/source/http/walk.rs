//! Reads a JSON document and gives its rows away one by one, so that a long answer need not be in
//! memory as a whole: a tree of values takes ten times the space of its text. For rows that are all
//! members of one array, which is what nearly every API gives. Not here: what a row means (`json`).

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::source::distinct::{Distinct, once};

/// Reads a document. `names` lead to the array whose items go to `row`; in what is returned, that
/// array has its last item only.
pub(super) fn document(
    text: &str,
    names: &[String],
    row: &mut dyn FnMut(&Value),
) -> Result<Value, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_str(text);
    let document = Walk { names, row }.deserialize(&mut json)?;
    json.end()?;
    Ok(document)
}

/// On the way to the rows.
struct Walk<'a> {
    /// Those still to go; at the rows when there are none.
    names: &'a [String],
    row: &'a mut dyn FnMut(&Value),
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
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

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut kept = Vec::new();
        while let Some(Distinct(item)) = items.next_element()? {
            if self.names.is_empty() {
                (self.row)(&item);
                kept.clear();
            }
            kept.push(item);
        }
        Ok(kept.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            once(&map, &name)?;
            let value = match self.names.split_first() {
                Some((next, names)) if *next == name => {
                    members.next_value_seed(Walk { names, row: &mut *self.row })?
                }
                Some(_) => members.next_value::<Distinct>()?.0,
                // All members of an object may be rows as well.
                None => {
                    let Distinct(value) = members.next_value()?;
                    (self.row)(&value);
                    value
                }
            };
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

    fn walked(text: &str, names: &[&str]) -> Result<(Vec<Value>, Value), String> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut rows = Vec::new();
        let rest = document(text, &names, &mut |row| rows.push(row.clone()));
        rest.map(|rest| (rows, rest)).map_err(|error| error.to_string())
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
        let twice = walked(r#"{"data": [1], "data": [2]}"#, &["data"]).unwrap_err();
        assert!(twice.starts_with("the name `data` is there twice"), "{twice}");
        assert!(walked(r#"{"data": [1, 2"#, &["data"]).unwrap_err().starts_with("EOF"));
        assert!(walked(r#"{"data": []} x"#, &["data"]).unwrap_err().starts_with("trailing"));
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
