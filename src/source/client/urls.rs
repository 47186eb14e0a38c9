//! What is shown of URLs, and what is put into them. Not here: which of them may be asked
//! (`redirect`).

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use reqwest::Url;

/// `https://example.com:8443`: all that is shown of a URL, since the rest may be secret.
pub(super) fn origin(url: &Url) -> String {
    let origin = url.origin();
    if origin.is_tuple() { origin.ascii_serialization() } else { format!("{}:...", url.scheme()) }
}

/// `example.com:8443`
pub(super) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or("nowhere");
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Fields as a form or a URL writes them.
pub(in crate::source) fn form<N: AsRef<str>, V: AsRef<str>>(fields: &[(N, V)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// Without percent-encoding; what is not encoded right stays as it is.
pub(in crate::source) fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8().map_or_else(|_| text.to_owned(), Cow::into_owned)
}

/// Sets a parameter once, whatever a link brought along.
pub(super) fn set_param(url: &mut Url, name: &str, value: &str) {
    strip_param(url, name);
    url.query_pairs_mut().append_pair(name, value);
}

/// Takes a parameter out.
pub(super) fn strip_param(url: &mut Url, param: &str) {
    if !url.query_pairs().any(|(name, _)| name == param) {
        return;
    }
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| name != param)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    url.set_query(None);
    if !kept.is_empty() {
        url.query_pairs_mut().extend_pairs(kept);
    }
}
