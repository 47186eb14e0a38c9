//! Reads the pages of one fetch: the format decides how, the rows gather. Not here: where pages come
//! from (`paging`).

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use serde_json::Value;
use tokio::task::spawn_blocking;

use super::answer_body::{AnswerBody, shape};
use super::fetched_rows::{FetchedRows, Field, RowsOutcome};
use super::json::{self, Path, Selector};
use super::names::members;
use super::paging::Found;
use super::part::Signs;
use super::query::{AnswerFormat, HttpQuery, NextPage};
use super::{samples, separated};
use crate::metric::{FetchError, FetchErrorKind, Metric};
use crate::shown;
use crate::source::statement::{Dialect, statement};

/// Larger answers are read on a thread of their own, so that nothing else waits.
const LARGE: usize = 256 << 10;

/// Reads pages one after the other.
pub(super) struct Reader {
    query: HttpQuery,
    selector: Selector,
    /// Where a JSON document says what comes next.
    said: Said,
    fetched: FetchedRows,
}

impl Reader {
    pub(super) fn new(metric: &Arc<Metric>, query: &HttpQuery) -> Result<Self, FetchError> {
        let over = query.sql.as_ref().map(|query| statement(Dialect::Sqlite, &query.text));
        let mut fetched = FetchedRows::new(Arc::clone(metric), over.transpose()?);
        let selector = Selector::new(query, &mut fetched)?;
        let said = Said::of(query)?;
        if said.is_anything() && query.format != AnswerFormat::Json {
            let message = "only a JSON document can hold the link or cursor of a next page";
            return Err(FetchError::new(FetchErrorKind::Query, message)
                .with_hint("use `next_link: header`, `page` or `offset`"));
        }
        Ok(Self { query: query.clone(), selector, said, fetched })
    }

    /// Adds a page.
    pub(super) async fn read(mut self, answer: AnswerBody) -> Result<(Self, Found), FetchError> {
        if answer.body.len() <= LARGE {
            let found = self.page(&answer)?;
            return Ok((self, found));
        }
        let reading = spawn_blocking(move || {
            let found = self.page(&answer)?;
            Ok((self, found))
        });
        reading
            .await
            .unwrap_or_else(|error| Err(shape(format!("reading the answer failed: {error}"))))
    }

    fn page(&mut self, answer: &AnswerBody) -> Result<Found, FetchError> {
        let before = self.fetched.len();
        let mut found = Found::default();
        let expected = name(&self.query.format);
        answer.check(expected)?;
        match &self.query.format {
            AnswerFormat::Json | AnswerFormat::Number if answer.is_blank() => {
                return Err(answer.empty(expected));
            }
            AnswerFormat::Json => {
                let document = self.selector.document(answer, &mut self.fetched)?;
                self.said.read(&document, &mut found)?;
            }
            AnswerFormat::Ndjson => self.selector.lines(answer, &mut self.fetched)?,
            AnswerFormat::Csv(format) => {
                separated::read(answer, format, &self.query, &mut self.fetched)?;
            }
            AnswerFormat::Number => number(answer, &mut self.fetched)?,
            AnswerFormat::Prometheus => samples::read(answer, &self.query, &mut self.fetched)?,
        }
        found.rows = self.fetched.len() - before;
        let mut hasher = DefaultHasher::new();
        answer.body.hash(&mut hasher);
        found.fingerprint = hasher.finish();
        Ok(found)
    }

    /// Name and type of what the first row has, for people.
    pub(super) fn first_row(&self) -> &[String] {
        self.fetched.first_row()
    }

    /// All rows.
    pub(super) fn finish(self) -> Result<RowsOutcome, FetchError> {
        self.selector.check_columns(&self.fetched)?;
        self.fetched.finish()
    }
}

/// Where a document says what comes next, and how much there is.
struct Said {
    /// The link or cursor.
    next: Option<Path>,
    /// Whether there is more, as true or false.
    flag: Option<Path>,
    /// Whether there is more, as true or as anything that is not empty.
    more: Option<Path>,
    total: Option<Path>,
    /// Whether all rows of the document are taken, so that their number tells something.
    all_rows: bool,
}

impl Said {
    fn of(query: &HttpQuery) -> Result<Self, FetchError> {
        let pagination = query.pagination.as_ref();
        let path = |text: Option<&String>| text.map(|text| Path::new(text)).transpose();
        let (next, flag) = match pagination.map(|pagination| &pagination.next) {
            Some(NextPage::Link(link)) => (Some(link), None),
            Some(NextPage::Cursor { from, more, .. }) => (Some(from), more.as_ref()),
            _ => (None, None),
        };
        let more = pagination.and_then(|pagination| pagination.more.as_ref());
        let total = pagination.and_then(|pagination| pagination.total.as_ref());
        let all_rows = query.rows.as_deref().is_some_and(|rows| members(rows).is_some());
        Ok(Self {
            next: path(next)?,
            flag: path(flag)?,
            more: path(more)?,
            total: path(total)?,
            all_rows,
        })
    }

    fn is_anything(&self) -> bool {
        self.next.is_some() || self.more.is_some() || self.total.is_some()
    }

    fn read(&self, document: &Value, found: &mut Found) -> Result<(), FetchError> {
        if let Some(next) = &self.next {
            found.next = next.one(document)?.cloned();
        }
        if let Some(flag) = &self.flag {
            found.more = Some(match flag.one(document)? {
                Some(Value::Bool(more)) => *more,
                other => return Err(no_flag(other, "expected true or false")),
            });
        }
        if let Some(more) = &self.more {
            let goes_on = match more.one(document)? {
                Some(Value::Null) => false,
                Some(Value::Bool(more)) => *more,
                Some(Value::Number(number)) => number.as_f64().is_some_and(|number| number != 0.0),
                Some(Value::String(text)) => !text.trim().is_empty(),
                Some(Value::Array(items)) => !items.is_empty(),
                Some(Value::Object(members)) => !members.is_empty(),
                None => return Err(no_flag(None, "expected something, be it empty")),
            };
            found.more = Some(goes_on && found.more != Some(false));
        }
        if let Some(total) = &self.total
            && let Some(value) = total.one(document)?
        {
            let number = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok());
            let Some(number) = number else {
                let message =
                    format!("`total` is {}, expected a number of rows", json::article(value));
                return Err(shape(message).with_hint("mend the `total` of `pagination`"));
            };
            found.total = Some(number);
        }
        if self.all_rows {
            found.signs = Signs::of(document);
        }
        Ok(())
    }
}

/// A renamed `has_more` must not end the answer early.
fn no_flag(found: Option<&Value>, expected: &str) -> FetchError {
    let found = found.map_or_else(|| "nothing".to_owned(), json::article);
    shape(format!("`more` is {found}, {expected}")).with_hint("mend the `more` of `pagination`")
}

fn number(answer: &AnswerBody, fetched: &mut FetchedRows) -> Result<(), FetchError> {
    let text = answer.text()?.trim();
    let number: f64 = text.parse().map_err(|_| {
        shape(format!("the answer is no number: `{}`", shown::line(text, 40)))
            .with_hint("check `format` and the `path`")
    })?;
    let field = if number.is_finite() { Field::Real(number) } else { Field::Null };
    let place = fetched.column("value");
    fetched.add(vec![(place, field)])
}

fn name(format: &AnswerFormat) -> &'static str {
    match format {
        AnswerFormat::Json => "JSON",
        AnswerFormat::Ndjson => "NDJSON",
        AnswerFormat::Csv(_) => "CSV",
        AnswerFormat::Number => "a number",
        AnswerFormat::Prometheus => "Prometheus text",
    }
}
