//! Reads the pages of one fetch: the format decides how, the rows gather. Not here: where pages come
//! from (`paging`).

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use serde_json::Value;
use tokio::task::spawn_blocking;

use super::came::{Came, one_line, shape};
use super::gathered::{Field, Gathered, Outcome};
use super::json::{self, Path, Selector};
use super::paging::Found;
use super::query::{Format, HttpQuery, NextPage};
use super::{samples, separated};
use crate::metric::{FetchError, FetchErrorKind, Metric};
use crate::source::statement::{Dialect, statement};

/// Larger answers are read on a thread of their own, so that nothing else waits.
const LARGE: usize = 256 << 10;

/// Reads pages one after the other.
pub(super) struct Reader {
    query: HttpQuery,
    selector: Selector,
    /// Where a JSON document says what comes next: the link or cursor, and whether there is more.
    next: Option<(Path, Option<Path>)>,
    gathered: Gathered,
}

impl Reader {
    pub(super) fn new(metric: &Arc<Metric>, query: &HttpQuery) -> Result<Self, FetchError> {
        let over = query.sql.as_ref().map(|query| statement(Dialect::Sqlite, &query.text));
        let mut gathered = Gathered::new(Arc::clone(metric), over.transpose()?);
        let selector = Selector::new(query, &mut gathered)?;
        let next = match query.pagination.as_ref().map(|pagination| &pagination.next) {
            Some(NextPage::Link(path)) => Some((Path::new(path)?, None)),
            Some(NextPage::Cursor { from, more, .. }) => {
                Some((Path::new(from)?, more.as_deref().map(Path::new).transpose()?))
            }
            _ => None,
        };
        if next.is_some() && query.format != Format::Json {
            let message = "only a JSON document can hold the link or cursor of a next page";
            return Err(FetchError::new(FetchErrorKind::Query, message)
                .with_hint("use `next_link: header`, `page` or `offset`"));
        }
        Ok(Self { query: query.clone(), selector, next, gathered })
    }

    /// Adds a page.
    pub(super) async fn read(mut self, came: Came) -> Result<(Self, Found), FetchError> {
        if came.body.len() <= LARGE {
            let found = self.page(&came)?;
            return Ok((self, found));
        }
        let reading = spawn_blocking(move || {
            let found = self.page(&came)?;
            Ok((self, found))
        });
        reading
            .await
            .unwrap_or_else(|error| Err(shape(format!("reading the answer failed: {error}"))))
    }

    fn page(&mut self, came: &Came) -> Result<Found, FetchError> {
        let before = self.gathered.len();
        let mut found = Found::default();
        let expected = name(&self.query.format);
        came.check(expected)?;
        match &self.query.format {
            Format::Json | Format::Number if came.is_blank() => return Err(came.empty(expected)),
            Format::Json => {
                let document = self.selector.document(came, &mut self.gathered)?;
                if let Some((next, more)) = &self.next {
                    found.next = next.one(&document)?.cloned();
                    found.more = more.as_ref().map(|path| is_more(path, &document)).transpose()?;
                }
            }
            Format::Ndjson => self.selector.lines(came, &mut self.gathered)?,
            Format::Csv(format) => separated::read(came, format, &self.query, &mut self.gathered)?,
            Format::Number => number(came, &mut self.gathered)?,
            Format::Prometheus => samples::read(came, &self.query, &mut self.gathered)?,
        }
        found.rows = self.gathered.len() - before;
        let mut hasher = DefaultHasher::new();
        came.body.hash(&mut hasher);
        found.fingerprint = hasher.finish();
        Ok(found)
    }

    /// Name and type of what the first row has, for people.
    pub(super) fn first_row(&self) -> &[String] {
        self.gathered.first_row()
    }

    /// All rows.
    pub(super) fn finish(self) -> Result<Outcome, FetchError> {
        self.selector.check_columns(&self.gathered)?;
        self.gathered.finish()
    }
}

/// A renamed `has_more` must not end the answer early.
fn is_more(path: &Path, document: &Value) -> Result<bool, FetchError> {
    match path.one(document)? {
        Some(Value::Bool(more)) => Ok(*more),
        found => {
            let found = found.map_or_else(|| "nothing".to_owned(), json::article);
            Err(shape(format!("`more` is {found}, expected true or false"))
                .with_hint("mend the `more` of `pagination`"))
        }
    }
}

fn number(came: &Came, gathered: &mut Gathered) -> Result<(), FetchError> {
    let text = came.text()?.trim();
    let number: f64 = text.parse().map_err(|_| {
        shape(format!("the answer is no number: `{}`", one_line(text, 40)))
            .with_hint("check `format` and the `path`")
    })?;
    let field = if number.is_finite() { Field::Real(number) } else { Field::Null };
    let place = gathered.column("value");
    gathered.add(vec![(place, field)])
}

fn name(format: &Format) -> &'static str {
    match format {
        Format::Json => "JSON",
        Format::Ndjson => "NDJSON",
        Format::Csv(_) => "CSV",
        Format::Number => "a number",
        Format::Prometheus => "Prometheus text",
    }
}
