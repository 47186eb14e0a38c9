//! The settings of an `http` source: as written, as validated, and what the kind tells of itself. What
//! its metrics say of request and answer is in the files below.

mod answer;
mod json_path;
mod pagination;
mod question;
pub(in crate::source) mod raw;
mod request;

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::HttpSource;
use super::query::HttpQuery;
use crate::metric::{FetchErrorKind, Query, Template};
use crate::reader::entry::Entry;
use crate::reader::report::Report;
use crate::reader::secret_text::SecretText;
use crate::source::client::settings::address::base_url;
use crate::source::client::settings::auth::auth;
use crate::source::client::settings::{
    ClientConfig, Elsewhere, lacks_url, origin, refuse, refuse_login, with_client_keys,
};
use crate::source::kind::{Question, SourceKind};
use crate::source::metric_raw::MetricRaw;
use crate::source::statement::RENAMING;
use crate::source::{OpenError, Source};

/// Settings of an `http` source.
#[derive(Debug, Clone)]
pub struct HttpConfig(pub ClientConfig);

with_client_keys! {
    pub(crate) struct HttpRaw {
        url: Option<SecretText>,
        user: Elsewhere,
        password: Elsewhere,
        tenant: Elsewhere,
    }
}

/// `None` after a mistake.
pub(in crate::source) fn settings<E>(
    report: &mut Report<'_>,
    entry: &Entry<E>,
    raw: &HttpRaw,
) -> Option<HttpConfig> {
    let path = entry.key("http");
    refuse_login(report, &path, &raw.user, &raw.password);
    let tenant = raw.tenant.as_ref().map(|given| given.span);
    let hint = "write `headers: { X-Scope-OrgID: … }`";
    refuse(report, &path, "tenant", tenant, "is for `prometheus` sources", hint);
    let Some(given) = &raw.url else { return lacks_url(report, entry, &path) };
    let parameters = "parameters go under `request.params` of a metric, a key into `auth: { \
                      api_key: { param: …, key: … } }`";
    let url = base_url(report, &format!("{path}.url"), given, parameters);
    let url: Option<SecretString> = url.map(|_| given.value.0.clone());
    let login = auth(report, &path, raw.client().auth);
    raw.client().settings(report, &path, url, login).map(HttpConfig)
}

impl SourceKind for HttpConfig {
    fn name(&self) -> &'static str {
        "http"
    }

    fn describe(&self) -> String {
        format!("http at {}", origin(&self.0.url))
    }

    /// The paths of an API are not known: the source's own URL.
    fn greeting(&self) -> Query {
        Query::new(HttpQuery::get(Template::plain("")))
    }

    /// What an API has at its own URL says nothing: it answered.
    fn is_rebuffed_by(&self, kind: FetchErrorKind) -> bool {
        matches!(kind, FetchErrorKind::Unreachable | FetchErrorKind::Timeout)
    }

    fn concurrency(&self) -> usize {
        self.0.max_connections as usize
    }

    fn timeout(&self) -> Duration {
        self.0.timeout
    }

    fn open(&self) -> Result<Arc<dyn Source>, OpenError> {
        Ok(Arc::new(HttpSource::new(&self.0)?))
    }

    fn question(
        &self,
        report: &mut Report<'_>,
        entry: &Entry<MetricRaw>,
        labels: Option<&[String]>,
    ) -> Option<Question> {
        question::question(report, entry, labels)
    }

    fn renaming(&self, metric: &MetricRaw) -> &'static str {
        if metric.query.is_none() { "rename the column under `columns`" } else { RENAMING }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_api_that_answers_anything_is_there() {
        let api = HttpConfig(ClientConfig::new("http://127.0.0.1:1"));
        assert!(!api.is_rebuffed_by(FetchErrorKind::Query));
        assert!(!api.is_rebuffed_by(FetchErrorKind::Shape));
        assert!(api.is_rebuffed_by(FetchErrorKind::Unreachable));
    }
}
