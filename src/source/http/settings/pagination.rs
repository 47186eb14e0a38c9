//! How an `http` metric gets the rest of a long answer. Not here: the first request (`request`).

use super::json_path::json_path;
use super::raw::{CursorRaw, OffsetRaw, PageRaw, PaginationRaw};
use crate::reader::report::Report;
use crate::reader::spanned::{Spanned, Text};
use crate::reader::suggest::listed;
use crate::source::http::query::{
    AnswerFormat, HttpQuery, NextPage, PageParam, Pagination, RequestBody,
};

const MAX_PAGES: u32 = 100;

/// The pages of a query, which is complete but for them; `None` after a mistake.
pub(super) fn pagination(
    report: &mut Report<'_>,
    path: &str,
    given: &Spanned<PaginationRaw>,
    query: &HttpQuery,
) -> Option<Pagination> {
    let raw = &given.value;
    let path_of = |key: &str| format!("{path}.{key}");
    let max_pages =
        report.within(&path_of("max_pages"), raw.max_pages.as_ref(), 1..=10_000, MAX_PAGES);
    let ways = [
        raw.next_link.as_ref().map(|_| "next_link"),
        raw.cursor.as_ref().map(|_| "cursor"),
        raw.page.as_ref().map(|_| "page"),
        raw.offset.as_ref().map(|_| "offset"),
    ];
    let ways: Vec<&str> = ways.into_iter().flatten().collect();
    let [way] = ways[..] else {
        let message = match ways[..] {
            [] => format!("`{path}` does not say how the next page is found"),
            _ => {
                format!("`{path}` has more than one way to the next page: {}", listed(&ways, "and"))
            }
        };
        let hint = "write one of next_link, cursor, page and offset".to_owned();
        report.problem(given.span, message, hint);
        return None;
    };
    if matches!(query.format, AnswerFormat::Number | AnswerFormat::Prometheus) {
        let message = format!("`{path}`: an answer of this format has no pages");
        report.problem(given.span, message, "delete the key".to_owned());
        return None;
    }
    let pages = Pages { path: path_of(way), given, query };
    let next = if let Some(link) = &raw.next_link {
        pages.link(report, link)
    } else if let Some(raw) = &raw.cursor {
        pages.cursor(report, raw)
    } else if let Some(raw) = &raw.page {
        pages.page(report, raw)
    } else {
        pages.offset(report, raw.offset.as_ref()?)
    };
    let mut in_json = |key: &str, given: &Option<Text>| match given {
        Some(given) => pages.in_json(report, given, &path_of(key)).map(Some),
        None => Some(None),
    };
    let (more, total) = (in_json("more", &raw.more), in_json("total", &raw.total));
    Some(Pagination { next: next?, more: more?, total: total?, max_pages })
}

/// One way to the next page.
struct Pages<'a> {
    path: String,
    given: &'a Spanned<PaginationRaw>,
    query: &'a HttpQuery,
}

impl Pages<'_> {
    fn link(&self, report: &mut Report<'_>, link: &Text) -> Option<NextPage> {
        if link.value == "header" {
            return Some(NextPage::LinkHeader);
        }
        if !link.value.starts_with('$') {
            let found = report.shown(link, &link.value);
            let message =
                format!("`{}`: expected `header` or a JSONPath, found {found}", self.path);
            let hint = "write `header` for `Link: <…>; rel=\"next\"`, or a path like $.next";
            report.problem(link.span, message, hint.to_owned());
            return None;
        }
        self.in_json(report, link, &self.path).map(NextPage::Link)
    }

    fn cursor(&self, report: &mut Report<'_>, raw: &CursorRaw) -> Option<NextPage> {
        let Some(from) = &raw.from else {
            let hint = "say where the cursor is: `from: $.next_cursor`".to_owned();
            report.problem(self.given.span, format!("`{}` lacks `from`", self.path), hint);
            return None;
        };
        let from = self.in_json(report, from, &format!("{}.from", self.path));
        let more = match &raw.more {
            Some(more) => Some(json_path(report, &format!("{}.more", self.path), more)?),
            None => None,
        };
        let param = self.param(report, raw.param.as_ref(), raw.body_param.as_ref(), false);
        Some(NextPage::Cursor { from: from?, param: param?, more })
    }

    fn page(&self, report: &mut Report<'_>, raw: &PageRaw) -> Option<NextPage> {
        let param = self.param(report, raw.param.as_ref(), raw.body_param.as_ref(), true);
        self.needs_rows(report)?;
        Some(NextPage::Page { param: param?, first: raw.first.unwrap_or(1) })
    }

    fn offset(&self, report: &mut Report<'_>, raw: &OffsetRaw) -> Option<NextPage> {
        let param = self.param(report, raw.param.as_ref(), raw.body_param.as_ref(), true);
        self.needs_rows(report)?;
        let Some(step) = &raw.step else {
            let hint = "say how many rows a page has: `step: 100`".to_owned();
            report.problem(self.given.span, format!("`{}` lacks `step`", self.path), hint);
            return None;
        };
        if step.value == 0 {
            let message = format!("`{}.step` has to be more than 0", self.path);
            report.problem(step.span, message, "it is the number of rows a page".to_owned());
            return None;
        }
        Some(NextPage::Offset { param: param?, step: step.value })
    }

    /// A JSONPath, which only an answer in JSON has.
    fn in_json(&self, report: &mut Report<'_>, given: &Text, path: &str) -> Option<String> {
        if self.query.format == AnswerFormat::Json {
            return json_path(report, path, given);
        }
        let message = format!("`{path}`: only an answer in JSON can be searched for it");
        let hint = "use `next_link: header`, page or offset with this format".to_owned();
        report.problem(given.span, message, hint);
        None
    }

    /// Without `rows` every JSON document is one row, so that the last page is never seen.
    fn needs_rows(&self, report: &mut Report<'_>) -> Option<()> {
        if self.query.format != AnswerFormat::Json || self.query.rows.is_some() {
            return Some(());
        }
        let message = format!("`{}` needs `rows`: the last page is known by its rows", self.path);
        let hint = "say where the rows are, for example `rows: $.data[*]`".to_owned();
        report.problem(self.given.span, message, hint);
        None
    }

    /// Where the value that asks for a page goes. `counted`: it is set for the first page, too.
    fn param(
        &self,
        report: &mut Report<'_>,
        param: Option<&Text>,
        body_param: Option<&Text>,
        counted: bool,
    ) -> Option<PageParam> {
        let (name, taken, place) = match (param, body_param) {
            (Some(name), None) => {
                let taken = self.query.params.iter().any(|(known, _)| *known == name.value);
                (name, taken, PageParam::Url(name.value.clone()))
            }
            (None, Some(name)) => {
                let taken = self.body_has(report, name)?;
                (name, taken, PageParam::Body(name.value.clone()))
            }
            _ => {
                let message = format!("`{}` needs either `param` or `body_param`", self.path);
                let hint = "name the parameter that asks for a page, like `param: page`";
                report.problem(self.given.span, message, hint.to_owned());
                return None;
            }
        };
        if taken && counted {
            let found = report.shown(name, &name.value);
            let message = format!("`{}`: the request sets {found} already", self.path);
            report.problem(name.span, message, "delete it from the request".to_owned());
            return None;
        }
        Some(place)
    }

    /// Whether the body has this key; `None` when it can have none.
    fn body_has(&self, report: &mut Report<'_>, name: &Text) -> Option<bool> {
        match &self.query.body {
            Some(RequestBody::Form(fields)) => {
                return Some(fields.iter().any(|(known, _)| *known == name.value));
            }
            Some(RequestBody::Json(json)) if json.value.is_object() => {
                return Some(json.value.get(&name.value).is_some());
            }
            _ => {}
        }
        let message = format!("`{}.body_param`: the request has no body with keys", self.path);
        let hint = "write `param` for a parameter of the URL, or give the request `json` or `form`";
        report.problem(name.span, message, hint.to_owned());
        None
    }
}
