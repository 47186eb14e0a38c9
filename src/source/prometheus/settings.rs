//! The settings of a `prometheus` source: as written, as validated, and what the kind tells of itself.

use std::sync::Arc;
use std::time::Duration;

use super::PrometheusSource;
use super::query::{PromQlQuery, question};
use crate::metric::{Query, Template};
use crate::reader::entry::Entry;
use crate::reader::report::Report;
use crate::reader::secret_text::SecretText;
use crate::reader::spanned::Text;
use crate::secret::Secret;
use crate::source::client::settings::address::base_url;
use crate::source::client::settings::auth::auth;
use crate::source::client::settings::headers::header_value;
use crate::source::client::settings::{
    ClientConfig, Elsewhere, lacks_url, origin, refuse_login, with_client_keys,
};
use crate::source::kind::{Question, SourceKind};
use crate::source::metric_raw::MetricRaw;
use crate::source::{OpenError, Source};

/// Settings of a `prometheus` source.
#[derive(Debug, Clone)]
pub struct PrometheusConfig(pub ClientConfig);

with_client_keys! {
    pub(crate) struct PrometheusRaw {
        url: Option<SecretText>,
        user: Elsewhere,
        password: Elsewhere,
        tenant: Option<Text>,
    }
}

/// The header that names the tenant in Mimir and its kin.
const TENANT: &str = "X-Scope-OrgID";

/// `None` after a mistake.
pub(in crate::source) fn settings<E>(
    report: &mut Report<'_>,
    entry: &Entry<E>,
    raw: &PrometheusRaw,
) -> Option<PrometheusConfig> {
    let path = entry.key("prometheus");
    refuse_login(report, &path, &raw.user, &raw.password);
    let Some(given) = &raw.url else { return lacks_url(report, entry, &path) };
    let url = url(report, &format!("{path}.url"), given);
    let login = auth(report, &path, raw.client().auth);
    let mut client =
        raw.client().settings(report, &path, url.map(|()| given.value.0.clone()), login)?;
    if let Some(tenant) = &raw.tenant {
        header_value(report, &format!("{path}.tenant"), tenant, &tenant.value)?;
        client.headers.push((TENANT.to_owned(), Secret::fixed(tenant.value.clone())));
    }
    Some(PrometheusConfig(client))
}

/// A URL that `/api/v1` is added to.
fn url(report: &mut Report<'_>, path: &str, given: &SecretText) -> Option<()> {
    let url = base_url(report, path, given, "delete what follows the `?` or `#`")?;
    if url.path().contains("/api/v1") {
        let hint = "delete `/api/v1` and what follows: it is added to each request".to_owned();
        report.problem(given.span, format!("`{path}` is more than the URL of the server"), hint);
        return None;
    }
    Some(())
}

impl SourceKind for PrometheusConfig {
    fn name(&self) -> &'static str {
        "prometheus"
    }

    fn describe(&self) -> String {
        format!("prometheus at {}", origin(&self.0.url))
    }

    fn greeting(&self) -> Query {
        Query::new(PromQlQuery(Template::plain("vector(1)")))
    }

    fn concurrency(&self) -> usize {
        self.0.max_connections as usize
    }

    fn timeout(&self) -> Duration {
        self.0.timeout
    }

    fn open(&self) -> Result<Arc<dyn Source>, OpenError> {
        Ok(Arc::new(PrometheusSource::new(&self.0)?))
    }

    fn question(
        &self,
        report: &mut Report<'_>,
        entry: &Entry<MetricRaw>,
        _labels: Option<&[String]>,
    ) -> Option<Question> {
        question(report, entry)
    }

    fn renaming(&self, _metric: &MetricRaw) -> &'static str {
        "rename it with label_replace()"
    }
}
