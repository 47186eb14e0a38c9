//! Rows from JSON by JSONPath (RFC 9535): which values of a document are rows, and which value of a
//! row is which column. A field that was renamed must not look like nothing. Not here: pages.

use serde_json::Value;
use serde_json_path::JsonPath;

use super::answer_body::{AnswerBody, shape};
use super::fetched_rows::{FetchedRows, Field};
use super::names::{are_spared, leading, members};
use super::query::{AnswerFormat, HttpQuery};
use crate::metric::{FetchError, FetchErrorKind};
use crate::shown;
use crate::source::exact::exact;
use crate::source::json::{Distinct, with_rows};

/// A JSONPath and its text.
#[derive(Clone)]
pub(super) struct Path {
    text: String,
    parsed: JsonPath,
}

/// Finds rows and columns.
pub(super) struct Selector {
    require: Vec<(Path, Value)>,
    rows: Rows,
    columns: Vec<Column>,
    /// What the first row has, to name it when a column is missing.
    first_row: Option<String>,
    /// A query can look into nested values.
    nested_as_text: bool,
}

/// Where the rows of a document are.
#[derive(Clone)]
enum Rows {
    /// It is the only one.
    Document,
    /// All members of what these names lead to, and the path that says so.
    Members(Vec<String>, Path),
    /// What a path selects.
    Selected(Path),
}

struct Column {
    name: String,
    path: Path,
    place: usize,
}

impl Path {
    pub(super) fn new(text: &str) -> Result<Self, FetchError> {
        match JsonPath::parse(text) {
            Ok(parsed) => Ok(Self { text: text.to_owned(), parsed }),
            Err(error) => Err(FetchError::new(
                FetchErrorKind::Query,
                format!("`{}` is no JSONPath: {error}", shown::line(text, 100)),
            )
            .with_hint("write one like `$.data[*]`, see RFC 9535")),
        }
    }

    /// The only value that it selects, if any.
    pub(super) fn one<'a>(&self, value: &'a Value) -> Result<Option<&'a Value>, FetchError> {
        let nodes = self.parsed.query(value);
        match nodes.len() {
            0 | 1 => Ok(nodes.first()),
            many => Err(shape(format!("`{}` selects {many} values, expected one", self.text))
                .with_hint("let it select one value, or let `rows` select each as a row")),
        }
    }

    /// What is wrong with a document in which it selects nothing: it lacks a name that the path
    /// begins with, or has something else there. `null` and what is empty are nothing.
    fn explain_nothing(&self, document: &Value) -> Result<(), FetchError> {
        let mut value = document;
        let mut walked = "$".to_owned();
        for name in leading(&self.text).0 {
            value = match value {
                Value::Object(members) => match members.get(&name) {
                    Some(value) => value,
                    None => return Err(self.lacks(&walked, &name, value)),
                },
                Value::Null => return Ok(()),
                Value::Array(items) if items.is_empty() => return Ok(()),
                other => return Err(self.lacks(&walked, &name, other)),
            };
            walked = format!("{walked}.{name}");
        }
        match value {
            Value::Null | Value::Array(_) | Value::Object(_) => Ok(()),
            other => Err(shape(format!(
                "`rows: {}` selects nothing: `{walked}` is {}",
                self.text,
                article(other)
            ))
            .with_hint("did the API answer with an error, or was a field renamed?")),
        }
    }

    fn lacks(&self, walked: &str, name: &str, found: &Value) -> FetchError {
        let text = &self.text;
        let place = if walked == "$" { "the document".to_owned() } else { format!("`{walked}`") };
        let message = match found {
            Value::Object(_) => format!(
                "`rows: {text}` selects nothing: {place} has no `{name}`, it has {}",
                keys(found)
            ),
            other => format!(
                "`rows: {text}` selects nothing: {place} is {}, expected an object with `{name}`",
                article(other)
            ),
        };
        let hint = format!(
            "was it renamed? for an API that leaves out empty lists, write `$..{name}[*]`, which \
             may select nothing"
        );
        shape(message).with_hint(hint)
    }
}

impl Selector {
    /// Makes the columns in `fetched`, so that they are known even without rows.
    pub(super) fn new(query: &HttpQuery, fetched: &mut FetchedRows) -> Result<Self, FetchError> {
        let require =
            query.require.iter().map(|(path, expected)| Ok((Path::new(path)?, expected.clone())));
        let require = require.collect::<Result<_, FetchError>>()?;
        let rows = match &query.rows {
            Some(text) => {
                let path = Path::new(text)?;
                match members(text).filter(|names| are_spared(query, names)) {
                    Some(names) => Rows::Members(names, path),
                    None => Rows::Selected(path),
                }
            }
            None => Rows::Document,
        };
        // The columns of other formats are no paths.
        let is_json = matches!(query.format, AnswerFormat::Json | AnswerFormat::Ndjson);
        let paths = if is_json { query.columns.as_slice() } else { &[] };
        let mut columns = Vec::with_capacity(paths.len());
        for (name, path) in paths {
            let (path, place) = (Path::new(path)?, fetched.column(name));
            columns.push(Column { name: name.clone(), path, place });
        }
        Ok(Self { require, rows, columns, first_row: None, nested_as_text: query.sql.is_some() })
    }

    /// Adds the rows of a JSON document. Gives what it says besides: all of it, or all but the rows
    /// before the last.
    pub(super) fn document(
        &mut self,
        answer: &AnswerBody,
        fetched: &mut FetchedRows,
    ) -> Result<Value, FetchError> {
        let (text, rows) = (answer.text()?, self.rows.clone());
        let (mut found, mut added) = (0, Ok(()));
        let mut add = |row: &Value| {
            found += 1;
            if added.is_ok() {
                added = self.row(row, fetched);
            }
        };
        let document = match &rows {
            Rows::Members(names, _) => with_rows(text, names, &mut add),
            Rows::Selected(path) => distinct(text).inspect(|document| {
                path.parsed.query(document).all().into_iter().for_each(&mut add);
            }),
            Rows::Document => distinct(text).inspect(add),
        };
        let document = document.map_err(|error| broken(answer, &error))?;
        self.check(&document, found)?;
        added.map(|()| document)
    }

    /// Refuses a document that says itself that it is no good, or has no rows where they should be.
    fn check(&self, document: &Value, rows: usize) -> Result<(), FetchError> {
        for (path, expected) in &self.require {
            let found = path.one(document)?;
            if found != Some(expected) {
                return Err(not_as_required(path, expected, found));
            }
        }
        let has_data = document.get("data").is_some_and(|data| !data.is_null());
        if let Some(said) = graphql_error(document)
            && (rows == 0 || !has_data)
        {
            let message =
                format!("the API answered with an error: {}", shown::line(said, shown::MOST));
            return Err(FetchError::new(FetchErrorKind::Query, message));
        }
        match &self.rows {
            Rows::Members(_, path) | Rows::Selected(path) if rows == 0 => {
                path.explain_nothing(document)
            }
            _ => Ok(()),
        }
    }

    /// Adds the rows of one JSON document a line; empty lines do not count.
    pub(super) fn lines(
        &mut self,
        answer: &AnswerBody,
        fetched: &mut FetchedRows,
    ) -> Result<(), FetchError> {
        for (index, line) in answer.text()?.lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            let at = |error: FetchError| FetchError {
                message: format!("line {}: {}", index + 1, error.message),
                ..error
            };
            let row = distinct(line).map_err(|error| {
                let column = error.column();
                let said = error.to_string();
                let said = said.split(" at line ").next().unwrap_or_default();
                let what = format!("line {} is broken JSON at column {column}: {said}", index + 1);
                answer.broken(&what, "expected one JSON document a line; is `format` right?")
            })?;
            self.row(&row, fetched).map_err(at)?;
        }
        Ok(())
    }

    fn row(&mut self, row: &Value, fetched: &mut FetchedRows) -> Result<(), FetchError> {
        if self.first_row.is_none() {
            self.first_row = Some(keys(row));
        }
        let mut fields = Vec::with_capacity(self.columns.len());
        if !self.columns.is_empty() {
            for column in &self.columns {
                let found = column.path.one(row).map_err(|error| FetchError {
                    message: format!("column `{}`: {}", column.name, error.message),
                    ..error
                })?;
                fields.extend(found.map(|value| (column.place, self.field(value))));
            }
            return fetched.add(fields);
        }
        match row {
            Value::Object(members) => {
                for (name, value) in members {
                    if self.nested_as_text || !matches!(value, Value::Array(_) | Value::Object(_)) {
                        fields.push((fetched.column(name), self.field(value)));
                    }
                }
            }
            Value::Array(_) if matches!(self.rows, Rows::Document) => {
                return Err(shape("the document is an array, not a row".to_owned())
                    .with_hint("name its rows: `rows: \"$[*]\"`"));
            }
            Value::Array(_) => {
                return Err(shape("a row is an array, so its columns have no names".to_owned())
                    .with_hint("name them: `columns: { value: \"$[0]\" }`"));
            }
            scalar => fields.push((fetched.column("value"), self.field(scalar))),
        }
        fetched.add(fields)
    }

    fn field(&self, value: &Value) -> Field {
        match value {
            Value::Null => Field::Null,
            Value::Bool(yes) => Field::Boolean(*yes),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => Field::Integer(whole),
                (None, Some(real)) if number.is_f64() => Field::Real(real),
                // Too large for any number type that SQLite and `Cell` have.
                _ => Field::Text(number.to_string()),
            },
            Value::String(text) => Field::Text(text.clone()),
            nested if self.nested_as_text => Field::Text(nested.to_string()),
            Value::Array(_) => Field::Nested("array"),
            Value::Object(_) => Field::Nested("object"),
        }
    }

    /// Refuses columns that no row had: a renamed field is no NULL.
    pub(super) fn check_columns(&self, fetched: &FetchedRows) -> Result<(), FetchError> {
        let Some(first_row) = &self.first_row else { return Ok(()) };
        // A descendant (`$..name`) is what may be missing from all rows.
        let expected = self.columns.iter().filter(|column| !column.path.text.contains(".."));
        match expected.into_iter().find(|column| fetched.never_had(column.place)) {
            None => Ok(()),
            Some(Column { name, path, .. }) => Err(shape(format!(
                "column `{name}`: no row has `{}`; the first row has {first_row}",
                path.text
            ))
            .with_hint(
                "was the field renamed? one that may be missing from all rows is written `$..name`",
            )),
        }
    }
}

/// A document in which no name is there twice.
fn distinct(text: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str(&exact(text)).map(|Distinct(value)| value)
}

/// An answer that says itself that it is not complete.
fn not_as_required(path: &Path, expected: &Value, found: Option<&Value>) -> FetchError {
    let found = found.map_or_else(|| "missing".to_owned(), article);
    let message = format!("`{}` is {found}; `require` wants {}", path.text, article(expected));
    shape(message).with_hint("the API says that this is not the whole answer; ask it for less")
}

/// Where a document breaks off.
fn broken(answer: &AnswerBody, error: &serde_json::Error) -> FetchError {
    let hint = if error.is_eof() {
        "was the answer cut off on its way?"
    } else if error.to_string().contains("surrogate") {
        "half a character: its sender has cut a text in the middle of one"
    } else {
        "check `format` and the `path`"
    };
    answer.broken(&format!("broken JSON: {error}"), hint)
}

/// What GraphQL says instead of data, or of some of it, with status 200.
fn graphql_error(document: &Value) -> Option<&str> {
    document.get("errors")?.get(0)?.get("message")?.as_str()
}

/// What a value has, for people.
fn keys(value: &Value) -> String {
    let Value::Object(members) = value else { return article(value) };
    if members.is_empty() {
        return "nothing".to_owned();
    }
    shown::quoted(&members.keys().collect::<Vec<_>>())
}

pub(super) fn article(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(yes) => yes.to_string(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => format!("the text `{}`", shown::line(text, 60)),
        Value::Array(items) => format!("an array of {}", items.len()),
        Value::Object(_) => "an object".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9535, section 1.5, table 2, and sections 2.3.1.3, 2.3.3.3 and 2.3.5.3.
    #[test]
    fn paths_select_what_the_examples_of_the_rfc_say() {
        let store = serde_json::json!({ "store": {
            "book": [
                { "author": "Nigel Rees", "price": 8.95 },
                { "author": "Evelyn Waugh", "price": 12.99 },
                { "author": "Herman Melville", "isbn": "0-553-21311-3", "price": 8.99 },
                { "author": "J. R. R. Tolkien", "isbn": "0-395-19395-8", "price": 22.99 },
            ],
            "bicycle": { "color": "red", "price": 399 },
        }});
        let names = serde_json::json!({ "o": { "j j": { "k.k": 3 } }, "'": { "@": 2 } });
        let select = |document: &Value, path: &str| {
            let path = Path::new(path).unwrap();
            path.parsed.query(document).all().into_iter().cloned().collect::<Value>()
        };
        for (document, path, expected) in [
            (&store, "$.store.book[*].price", "[8.95,12.99,8.99,22.99]"),
            (&store, "$..price", "[8.95,12.99,8.99,22.99,399]"),
            (&store, "$..book[-1].author", r#"["J. R. R. Tolkien"]"#),
            (&store, "$..book[0,1].price", "[8.95,12.99]"),
            (&store, "$..book[:2].price", "[8.95,12.99]"),
            (&store, "$..book[?@.isbn].price", "[8.99,22.99]"),
            (&store, "$..book[?@.price<10].price", "[8.95,8.99]"),
            (&names, "$.o['j j']['k.k']", "[3]"),
            (&names, r#"$["'"]["@"]"#, "[2]"),
            (&names, "$.o['missing']", "[]"),
        ] {
            let mut found = select(document, path);
            let mut expected: Value = serde_json::from_str(expected).unwrap();
            // The order of an object's members is not defined.
            for list in [&mut found, &mut expected] {
                list.as_array_mut().unwrap().sort_by_key(Value::to_string);
            }
            assert_eq!(found, expected, "{path}");
        }
    }
}
