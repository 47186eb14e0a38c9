//! What a metric says of its request and answer over HTTP, as written.

use serde::Deserialize;

use crate::reader::forms::{Alternative, Choice, Pairs, named};
use crate::reader::json::Json;
use crate::reader::spanned::{Spanned, Text};
use crate::source::http::query::Method;

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RequestRaw {
    pub(crate) method: Option<Spanned<Choice<Method>>>,
    pub(crate) path: Option<Text>,
    pub(crate) params: Option<Pairs<String, String>>,
    pub(crate) headers: Option<Pairs<String, String>>,
    pub(crate) json: Option<Spanned<Json>>,
    pub(crate) form: Option<Spanned<Pairs<String, String>>>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct FormatRaw {
    pub(crate) csv: Option<CsvRaw>,
}

impl Alternative for FormatRaw {
    const EXPECTED: &'static str =
        "json, ndjson, csv, number, prometheus or { csv: { delimiter: \";\" } }";
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct CsvRaw {
    pub(crate) delimiter: Option<Text>,
    pub(crate) header: Option<bool>,
    pub(crate) encoding: Option<Text>,
}

/// `max_pages` and one of the others.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PaginationRaw {
    pub(crate) next_link: Option<Text>,
    pub(crate) cursor: Option<CursorRaw>,
    pub(crate) page: Option<PageRaw>,
    pub(crate) offset: Option<OffsetRaw>,
    pub(crate) more: Option<Text>,
    pub(crate) total: Option<Text>,
    pub(crate) max_pages: Option<Spanned<u32>>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct CursorRaw {
    pub(crate) from: Option<Text>,
    pub(crate) param: Option<Text>,
    pub(crate) body_param: Option<Text>,
    pub(crate) more: Option<Text>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PageRaw {
    pub(crate) param: Option<Text>,
    pub(crate) body_param: Option<Text>,
    pub(crate) first: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct OffsetRaw {
    pub(crate) param: Option<Text>,
    pub(crate) body_param: Option<Text>,
    pub(crate) step: Option<Spanned<u64>>,
}

named!(Method: "GET" => Method::Get, "POST" => Method::Post);
