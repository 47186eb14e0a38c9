//! Which page comes next, and whether it may be asked for. A part is never taken for the whole: more
//! pages than allowed, or pages that repeat themselves, are a failed fetch. Not here: sending.

use std::collections::HashSet;

use reqwest::Url;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::answer_body::shape;
use super::link;
use super::page_request::PageRequest;
use super::part::{Signs, looks_full};
use super::query::{NextPage, PageParam, Pagination};
use crate::metric::FetchError;
use crate::shown;

/// Goes from page to page.
pub(super) struct Pager<'a> {
    pagination: Option<&'a Pagination>,
    /// Pages so far.
    pages: u32,
    /// Rows so far.
    rows: u64,
    /// Links and cursors so far.
    asked: HashSet<String>,
    fingerprint: Option<u64>,
    /// Whether some page had as many rows as the configured step.
    full_pages: bool,
    /// The number of all rows, as the last page with one said.
    total: Option<u64>,
    remark: Option<String>,
}

/// What a page turned out to hold.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) rows: usize,
    /// Of the body.
    pub(super) fingerprint: u64,
    /// The link or cursor.
    pub(super) next: Option<Value>,
    /// Whether there are more pages, if the configuration says where that stands.
    pub(super) more: Option<bool>,
    /// The number of all rows, if the configuration says where that stands.
    pub(super) total: Option<u64>,
    /// What tells that it is but a part.
    pub(super) signs: Signs,
}

impl<'a> Pager<'a> {
    /// Begins with the first page.
    pub(super) fn new(
        pagination: Option<&'a Pagination>,
        page_request: &mut PageRequest,
    ) -> Result<Self, FetchError> {
        match pagination.map(|pagination| &pagination.next) {
            Some(NextPage::Page { param, first }) => {
                page_request.set(param, &Value::from(*first))?;
            }
            Some(NextPage::Offset { param, .. }) => page_request.set(param, &Value::from(0))?,
            _ => {}
        }
        let asked = HashSet::from([page_request.url().to_string()]);
        Ok(Self {
            pagination,
            pages: 0,
            rows: 0,
            asked,
            fingerprint: None,
            full_pages: false,
            total: None,
            remark: None,
        })
    }

    /// Number of the page that is asked for, from 1.
    pub(super) fn number(&self) -> u32 {
        self.pages + 1
    }

    /// Makes `page_request` ask for the page after this one; `false` when this was the last. `came_from` is
    /// where the page came from, after redirects.
    pub(super) fn next(
        &mut self,
        page_request: &mut PageRequest,
        came_from: &Url,
        headers: &HeaderMap,
        page: &Found,
    ) -> Result<bool, FetchError> {
        self.pages += 1;
        self.rows += page.rows as u64;
        self.total = page.total.or(self.total);
        let Some(pagination) = self.pagination else {
            self.look(page);
            return Ok(false);
        };
        let is_numbered =
            matches!(pagination.next, NextPage::Page { .. } | NextPage::Offset { .. });
        if is_numbered && page.rows > 0 {
            let again = self.fingerprint.replace(page.fingerprint) == Some(page.fingerprint);
            if again {
                return Err(self.repeats("is the same as the one before it"));
            }
            if self.pages > pagination.max_pages {
                return Err(too_many(pagination));
            }
        }
        let goes_on = match &pagination.next {
            _ if page.more == Some(false) => false,
            NextPage::Link(_) => match &page.next {
                None | Some(Value::Null | Value::Bool(false)) => false,
                Some(Value::String(link)) => self.follow(page_request, came_from, link)?,
                Some(other) => return Err(no_link(other)),
            },
            NextPage::LinkHeader => match link::next(headers) {
                None => false,
                Some(link) => self.follow(page_request, came_from, &link)?,
            },
            NextPage::Cursor { param, .. } => self.cursor(page_request, param, page)?,
            NextPage::Page { param, first } => {
                page_request.set(param, &Value::from(first.saturating_add(self.pages.into())))?;
                page.more.unwrap_or(page.rows > 0)
            }
            NextPage::Offset { param, step } => {
                if page.rows as u64 > *step {
                    return Err(larger_than_step(page.rows, *step));
                }
                page_request.set(param, &Value::from(self.rows))?;
                let full = page.rows as u64 == *step;
                // A short page is the last one where full ones came before. Else the API may have a
                // smaller limit of its own.
                let last = page.rows == 0 || (self.full_pages && !full);
                self.full_pages |= full;
                page.more.unwrap_or(!last)
            }
        };
        if !goes_on {
            self.check(pagination, page)?;
        }
        // A page after the last numbered one may still turn out to be empty.
        if goes_on && !is_numbered && self.pages >= pagination.max_pages {
            return Err(too_many(pagination));
        }
        Ok(goes_on)
    }

    /// What makes one think that the rows are but a part, if anything.
    pub(super) fn remark(self) -> Option<String> {
        self.remark
    }

    /// Whether what came is the whole.
    fn check(&mut self, pagination: &Pagination, page: &Found) -> Result<(), FetchError> {
        let path = match &pagination.next {
            NextPage::Link(path) => Some(("next_link", path)),
            NextPage::Cursor { from, .. } => Some(("cursor.from", from)),
            _ => None,
        };
        if let (Some((key, path)), Some(true), None) = (path, page.more, &page.next) {
            let message = format!("there are more pages, but `{key}: {path}` selects nothing");
            return Err(shape(message).with_hint("mend the `pagination`"));
        }
        if pagination.total.is_some() {
            let Some(total) = self.total else {
                return Err(shape("`total` of `pagination` selects nothing".to_owned())
                    .with_hint("let it select the number of all rows, or delete it"));
            };
            if self.rows < total {
                let message = format!("{} rows came, but `total` says {total}", self.rows);
                return Err(
                    shape(message).with_hint("a part is not the whole: mend the `pagination`")
                );
            }
            return Ok(());
        }
        // A path that selected nothing from the first page on may be a wrong one.
        let never = path.filter(|_| self.pages == 1 && page.next.is_none() && page.more.is_none());
        if let Some((key, path)) = never {
            if let Some(other) = &page.signs.next {
                let message =
                    format!("`{key}: {path}` selects nothing, but the answer has `{other}`");
                return Err(shape(message).with_hint(format!("did you mean `{other}`?")));
            }
            if let Some((total, number)) = &page.signs.total
                && *number > self.rows
            {
                let message = format!(
                    "`{key}: {path}` selects nothing, and {} rows came where `{total}` says {number}",
                    self.rows
                );
                return Err(shape(message).with_hint("mend the `pagination`"));
            }
            if looks_full(self.rows) {
                self.remark = Some(format!(
                    "`{key}: {path}` selects nothing, and the page looks full with {} rows: is the path \
                     right? `total` in `pagination` checks that all came",
                    self.rows
                ));
            }
            return Ok(());
        }
        self.look(page);
        Ok(())
    }

    /// Whether the answer says that there is more than came.
    fn look(&mut self, page: &Found) {
        if let Some((path, number)) = &page.signs.total
            && *number > self.rows
        {
            self.remark = Some(format!(
                "{} rows came, but the answer says `{path}` = {number}: is this but a part?",
                self.rows
            ));
        } else if let (None, Some(path)) = (self.pagination, &page.signs.next) {
            self.remark = Some(format!(
                "the answer has `{path}`, as if there were another page: `pagination` would get it"
            ));
        }
    }

    fn follow(
        &mut self,
        page_request: &mut PageRequest,
        came_from: &Url,
        link: &str,
    ) -> Result<bool, FetchError> {
        if link.trim().is_empty() {
            return Ok(false);
        }
        let url = came_from.join(link).map_err(|error| {
            shape(format!("the link to the next page is no URL: {error}"))
                .with_hint("mend the `next_link` of `pagination`")
        })?;
        let home = page_request.url().origin();
        if url.origin() != home {
            let message = format!(
                "the next page is on another server: {}, not {}",
                url.origin().ascii_serialization(),
                home.ascii_serialization()
            );
            return Err(shape(message).with_hint(
                "the login is for one server only: set `url` to the one that the API names",
            ));
        }
        if !self.asked.insert(url.to_string()) {
            return Err(self.repeats("links to a page that was there before"));
        }
        page_request.follow(url);
        Ok(true)
    }

    fn cursor(
        &mut self,
        page_request: &mut PageRequest,
        param: &PageParam,
        page: &Found,
    ) -> Result<bool, FetchError> {
        if page.more == Some(false) {
            return Ok(false);
        }
        let cursor = match &page.next {
            Some(Value::Array(_) | Value::Object(_)) => {
                return Err(shape("the cursor of the next page is neither text nor number".into())
                    .with_hint("mend the `from` of the `cursor`"));
            }
            None | Some(Value::Null | Value::Bool(false)) => None,
            Some(Value::String(text)) if text.is_empty() => None,
            some => some.as_ref(),
        };
        let Some(cursor) = cursor else {
            if page.more == Some(true) {
                return Err(shape("there are more pages, but no cursor for them".into())
                    .with_hint("mend the `from` of the `cursor`"));
            }
            return Ok(false);
        };
        if !self.asked.insert(cursor.to_string()) {
            return Err(self.repeats("has a cursor that was there before"));
        }
        page_request.set(param, cursor)?;
        Ok(true)
    }

    fn repeats(&self, what: &str) -> FetchError {
        shape(format!("page {} {what}", self.pages))
            .with_hint("does the API know the parameter under the name that `pagination` gives it?")
    }
}

fn no_link(found: &Value) -> FetchError {
    let found = shown::line(&found.to_string(), 60);
    shape(format!("the link to the next page is no text: `{found}`"))
        .with_hint("mend the `next_link` of `pagination`")
}

fn too_many(pagination: &Pagination) -> FetchError {
    shape(format!("the answer has more than {} pages", pagination.max_pages))
        .with_hint("ask for larger pages or for less, or raise `max_pages`")
}

fn larger_than_step(rows: usize, step: u64) -> FetchError {
    shape(format!("a page has {rows} rows, more than the `step` of {step}"))
        .with_hint("ask the API for as many rows a page as `step` says")
}
