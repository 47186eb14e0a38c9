//! What is reached over HTTP: address, headers, certificates, the way out. Not here: logins (`auth`),
//! limits (`limits`), ClickHouse and Trino (`engine`).

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::address::http_url;
use super::context::Context;
use super::text::{header_name, header_value, secret};
use super::{auth, limits};
use crate::config::raw::{RemoteRaw, SecretText, SourceRaw, TlsRaw};
use crate::reader::entry::Entry;
use crate::reader::files::Span;
use crate::reader::spanned::Spanned;
use crate::secret::Secret;
use crate::source::client::config::{Auth, ClientConfig, Proxy, TlsConfig};

/// The header that names the tenant in Mimir and its kin.
const TENANT: &str = "X-Scope-OrgID";

/// Kinds of sources that are reached over a network.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Database,
    Engine,
    Http,
    Prometheus,
}

/// An `http` or `prometheus` source.
pub(super) fn server(
    context: &mut Context<'_>,
    entry: &Entry<SourceRaw>,
    kind: Kind,
    raw: &RemoteRaw,
) -> Option<ClientConfig> {
    let path = entry.key(if kind == Kind::Prometheus { "prometheus" } else { "http" });
    misplaced(context, &path, kind, raw);
    let Some(given) = &raw.url else {
        let hint = "add the URL of the server, like `url: https://api.example.com`".to_owned();
        context.problem(entry.span, format!("`{path}` lacks `url`"), hint);
        return None;
    };
    let url = base_url(context, &format!("{path}.url"), kind, given);
    let login = auth::auth(context, &path, raw);
    let mut client = client(context, &path, raw, url, login)?;
    if let Some(tenant) = &raw.tenant {
        header_value(context, &format!("{path}.tenant"), tenant, &tenant.value)?;
        client.headers.push((TENANT.to_owned(), Secret::fixed(tenant.value.clone())));
    }
    Some(client)
}

/// Everything but the URL and the login, and these. `None` after a mistake.
pub(super) fn client(
    context: &mut Context<'_>,
    path: &str,
    raw: &RemoteRaw,
    url: Option<SecretString>,
    login: Option<Auth>,
) -> Option<ClientConfig> {
    let headers = headers(context, path, raw, login.as_ref());
    let tls = match &raw.tls {
        Some(given) => tls(context, &format!("{path}.tls"), given),
        None => Some(TlsConfig::default()),
    };
    let proxy = proxy(context, &format!("{path}.proxy"), raw.proxy.as_ref());
    let max_redirects = limits::max_redirects(context, path, raw);
    let max_connections = limits::max_connections(context, path, raw);
    let requests_per_second = limits::requests_per_second(context, path, raw);
    let retries = limits::retries(context, path, raw);
    Some(ClientConfig {
        url: url?,
        auth: login?,
        headers: headers?,
        tls: tls?,
        proxy: proxy?,
        max_redirects,
        max_connections,
        requests_per_second,
        retries,
        timeout: limits::timeout(raw),
        max_body: limits::max_body(raw),
    })
}

/// Reports the keys that have no meaning for a kind of source.
pub(super) fn misplaced(context: &mut Context<'_>, path: &str, kind: Kind, raw: &RemoteRaw) {
    let login = "log in with `auth: { basic: { user: …, password: … } }`";
    let over_http = "is for ClickHouse and Trino";
    let certificates = "a database takes certificates as parameters of its `url`: sslmode, \
                        sslrootcert (PostgreSQL), ssl-ca (MySQL)";
    let remove = "delete the key";
    let databases = "is for `sql` sources";
    let http = matches!(kind, Kind::Http | Kind::Prometheus);
    let database = kind == Kind::Database;
    let keys: [(&str, Option<Span>, bool, &str, &str); 11] = [
        ("user", raw.user.as_ref().map(|given| given.span), http, databases, login),
        ("password", raw.password.as_ref().map(|given| given.span), http, databases, login),
        ("auth", raw.auth.as_ref().map(|given| given.span), database, over_http, {
            "write `user` and `password`"
        }),
        ("headers", raw.headers.as_ref().map(|given| given.span), database, over_http, remove),
        ("tls", raw.tls.as_ref().map(|given| given.span), database, over_http, certificates),
        ("proxy", raw.proxy.as_ref().map(|given| given.span), database, over_http, remove),
        ("max_redirects", raw.max_redirects.as_ref().map(|g| g.span), database, over_http, remove),
        (
            "requests_per_second",
            raw.requests_per_second.as_ref().map(|given| given.span),
            database,
            over_http,
            "`max_connections` limits the queries at a time",
        ),
        ("retries", raw.retries.as_ref().map(|given| given.span), database, over_http, remove),
        ("max_body", raw.max_body.as_ref().map(|g| g.span), database, over_http, {
            "`limits.max_label_sets` limits the rows of an answer"
        }),
        (
            "tenant",
            raw.tenant.as_ref().map(|given| given.span),
            kind != Kind::Prometheus,
            "is for `prometheus` sources",
            if http { "write `headers: { X-Scope-OrgID: … }`" } else { remove },
        ),
    ];
    for (key, span, wrong, why, hint) in keys {
        if let Some(span) = span.filter(|_| wrong) {
            context.problem(span, format!("`{path}.{key}` {why}"), hint.to_owned());
        }
    }
}

/// A URL that paths are added to.
fn base_url(
    context: &mut Context<'_>,
    path: &str,
    kind: Kind,
    given: &SecretText,
) -> Option<SecretString> {
    let login = "write them under `auth: { basic: { user: …, password: … } }`";
    let url = http_url(context, path, given, login)?;
    if url.query().is_some() || url.fragment().is_some() {
        let hint = match kind {
            Kind::Http => {
                "parameters go under `request.params` of a metric, a key into `auth: { api_key: \
                 { param: …, key: … } }`"
            }
            _ => "delete what follows the `?` or `#`",
        };
        let message = format!("`{path}` has parameters or a fragment");
        context.problem(given.span, message, hint.to_owned());
        return None;
    }
    if kind == Kind::Prometheus && url.path().contains("/api/v1") {
        let hint = "delete `/api/v1` and what follows: it is added to each request".to_owned();
        context.problem(given.span, format!("`{path}` is more than the URL of the server"), hint);
        return None;
    }
    Some(given.value.0.clone())
}

fn headers(
    context: &mut Context<'_>,
    path: &str,
    raw: &RemoteRaw,
    login: Option<&Auth>,
) -> Option<Vec<(String, Secret)>> {
    let path = format!("{path}.headers");
    let by_login = login.and_then(auth::header);
    let mut headers: Vec<(String, Secret)> = Vec::new();
    let mut good = true;
    for (name, value) in raw.headers.iter().flat_map(|headers| &headers.value.0) {
        let exposed = value.value.0.expose_secret();
        let named =
            header_name(context, &path, name, headers.iter().map(|(name, _)| name.as_str()));
        let sound = header_value(context, &format!("{path}.{}", name.value), value, exposed);
        good &= named.and(sound).is_some();
        if by_login.is_some_and(|header| header.eq_ignore_ascii_case(&name.value)) {
            let message = format!("`{path}`: `auth` sets the header `{}`", name.value);
            context.problem(name.span, message, "keep one of the two".to_owned());
            good = false;
        }
        headers.push((name.value.clone(), secret(value)));
    }
    good.then_some(headers)
}

/// Paths are relative to the configuration.
fn tls(context: &mut Context<'_>, path: &str, given: &Spanned<TlsRaw>) -> Option<TlsConfig> {
    let raw = &given.value;
    let mut good = true;
    for (key, file) in
        [("ca_file", &raw.ca_file), ("cert_file", &raw.cert_file), ("key_file", &raw.key_file)]
    {
        if let Some(file) = file.as_ref().filter(|file| file.value.is_empty()) {
            let hint = "name a PEM file".to_owned();
            context.problem(file.span, format!("`{path}.{key}` is empty"), hint);
            good = false;
        }
    }
    if let (Some(key), None) = (&raw.key_file, &raw.cert_file) {
        let hint = "add `cert_file`, the certificate that the key belongs to".to_owned();
        context.problem(key.span, format!("`{path}.key_file` without `cert_file`"), hint);
        good = false;
    }
    let resolved = |file: &Option<crate::config::raw::Text>| {
        let file = file.as_ref()?;
        Some(context.files.get(file.span.file).dir.join(&file.value))
    };
    good.then(|| TlsConfig {
        ca_file: resolved(&raw.ca_file),
        cert_file: resolved(&raw.cert_file),
        key_file: resolved(&raw.key_file),
    })
}

fn proxy(context: &mut Context<'_>, path: &str, given: Option<&SecretText>) -> Option<Proxy> {
    let Some(given) = given else { return Some(Proxy::Environment) };
    let text = given.value.0.expose_secret();
    match text {
        "environment" => return Some(Proxy::Environment),
        "off" => return Some(Proxy::Off),
        _ => {}
    }
    let url = Url::parse(text).ok();
    if url.is_some_and(|url| matches!(url.scheme(), "http" | "https")) {
        return Some(Proxy::Url(given.value.0.clone()));
    }
    let hint = "write it like http://proxy.example.com:3128".to_owned();
    let message = format!("`{path}`: expected environment, off or the URL of a proxy");
    context.problem(given.span, message, hint);
    None
}
