//! Sources behind HTTP and what their metrics ask: every key of the full example is read.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use kpi_exporter::config::{Environment, load_text};
use kpi_exporter::metric::Template;
use kpi_exporter::source::SourceConfig;
use kpi_exporter::source::client::settings::{ApiKeyPlace, Auth, ClientConfig, Proxy};
use kpi_exporter::source::http::{
    AnswerFormat, CsvFormat, HttpConfig, HttpQuery, Method, NextPage, PageParam, RequestBody,
};
use kpi_exporter::source::prometheus::PromQlQuery;
use kpi_exporter::source::sql::{DatabaseConfig, EngineConfig};
use secrecy::ExposeSecret;
use serde_json::json;

use super::{FULL, environment, loaded};

fn client(name: &str) -> ClientConfig {
    match loaded(FULL, &environment()).sources.remove(name) {
        Some(SourceConfig::Http(config)) => config.0,
        Some(SourceConfig::Prometheus(config)) => config.0,
        other => panic!("{other:?}"),
    }
}

fn http(name: &str) -> HttpQuery {
    let config = loaded(FULL, &environment());
    config.definitions.metrics[name].query.terms::<HttpQuery>().unwrap().clone()
}

fn plain(text: &str) -> Template {
    Template { text: text.to_owned(), secret: false }
}

fn secret(text: &str) -> Template {
    Template { text: text.to_owned(), secret: true }
}

#[test]
fn an_http_source_has_what_its_keys_say() {
    let crm = client("crm");
    assert_eq!(crm.url.expose_secret(), "https://api.example.com/v1");
    assert!(matches!(&crm.auth, Auth::Bearer(token) if token.expose() == "s3cr3t"));
    let headers: Vec<_> =
        crm.headers.iter().map(|(name, value)| (name.as_str(), value.expose())).collect();
    let expected = [("Accept-Language", "en".to_owned()), ("X-Tenant", "s3cr3t".to_owned())];
    assert_eq!(headers, expected);
    assert_eq!(crm.tls.ca_file, Some(PathBuf::from("/etc/kpi/tls/ca.pem")));
    assert_eq!(crm.tls.cert_file, Some(PathBuf::from("/etc/kpi/tls/me.pem")));
    assert_eq!(crm.tls.key_file, Some(PathBuf::from("/etc/tls/me.key")));
    let Proxy::Url(proxy) = &crm.proxy else { panic!("{:?}", crm.proxy) };
    assert_eq!(proxy.expose_secret(), "http://proxy.example.com:3128");
    assert_eq!((crm.max_redirects, crm.max_connections, crm.retries), (0, 2, 3));
    assert_eq!((crm.requests_per_second, crm.max_body), (Some(0.5), 8 << 20));
    assert_eq!(crm.timeout, Duration::from_mins(1));
}

#[test]
fn keys_that_are_not_given_have_their_defaults() {
    let billing = client("billing");
    assert_eq!((billing.max_redirects, billing.max_connections, billing.retries), (5, 4, 2));
    assert_eq!((billing.requests_per_second, billing.max_body), (None, 32 << 20));
    assert_eq!(billing.timeout, Duration::from_secs(30));
    assert!(matches!(billing.proxy, Proxy::Environment));
    assert!(billing.headers.is_empty() && billing.tls.ca_file.is_none());
    let metric = http("answers");
    assert_eq!((metric.method, metric.path.text.as_str(), metric.body), (Method::Get, "", None));
    assert_eq!((metric.rows, metric.sql), (None, None));
    let comma = CsvFormat { delimiter: b',', header: true, encoding: "utf-8".to_owned() };
    assert_eq!(metric.format, AnswerFormat::Csv(comma));
    assert_eq!(metric.pagination.unwrap().max_pages, 100);
}

#[test]
fn every_way_to_log_in_is_read() {
    let Auth::OAuth2(ads) = client("ads").auth else { panic!("oauth2") };
    assert_eq!(ads.token_url.expose_secret(), "https://login.example.com/token?tenant=a");
    assert_eq!((ads.client_id.as_str(), ads.in_body), ("kpi", true));
    assert_eq!(ads.client_secret.unwrap().expose(), "s3cr3t");
    assert_eq!(ads.refresh_token.unwrap().expose(), "s3cr3t");
    assert_eq!(ads.scopes, ["read", "offline"]);
    let [(name, value)] = &ads.params[..] else { panic!("{:?}", ads.params) };
    assert_eq!((name.as_str(), value.expose().as_str()), ("audience", "ads"));
    assert!(matches!(client("ads").proxy, Proxy::Off));
    for (source, expected) in [
        ("billing", ApiKeyPlace::Header("X-Api-Key".to_owned())),
        ("survey", ApiKeyPlace::Query("key".to_owned())),
    ] {
        let Auth::ApiKey { place, key } = client(source).auth else { panic!("{source}") };
        assert_eq!((place, key.expose().as_str()), (expected, "s3cr3t"));
    }
}

#[test]
fn a_prometheus_source_sends_its_tenant_in_a_header() {
    let prod = client("prod");
    assert_eq!(prod.url.expose_secret(), "http://localhost:9090/prometheus");
    let [(name, value)] = &prod.headers[..] else { panic!("{:?}", prod.headers) };
    assert_eq!((name.as_str(), value.expose().as_str()), ("X-Scope-OrgID", "team-a"));
    let Auth::Basic { user, password } = &prod.auth else { panic!("{:?}", prod.auth) };
    assert_eq!((user.as_str(), password.expose().as_str()), ("reader", ""));
    let metric = &loaded(FULL, &environment()).definitions.metrics["orders_by_country"];
    let text = "sum(increase(orders_total[{{window_seconds}}s])) by (country)";
    assert_eq!(metric.query.terms(), Some(&PromQlQuery(plain(text))));
}

#[test]
fn the_urls_of_engines_are_taken_apart() {
    let mut sources = loaded(FULL, &environment()).sources;
    let Some(SourceConfig::Sql(DatabaseConfig::Engine(events))) = sources.remove("events") else {
        panic!()
    };
    let names = |engine: &EngineConfig| {
        (engine.user.clone().unwrap(), engine.database.clone().unwrap(), engine.schema.clone())
    };
    assert_eq!(names(&events), ("reader".to_owned(), "web".to_owned(), None));
    assert_eq!(events.client.url.expose_secret(), "https://events.example.com:8443");
    assert_eq!(events.client.max_connections, 6);
    assert_eq!(events.client.tls.ca_file, Some(PathBuf::from("/etc/kpi/ca.pem")));
    let Some(SourceConfig::Sql(DatabaseConfig::Engine(lake))) = sources.remove("lake") else {
        panic!()
    };
    let expected = ("analyst".to_owned(), "hive".to_owned(), Some("shop".to_owned()));
    assert_eq!(names(&lake), expected);
    assert_eq!(lake.client.url.expose_secret(), "http://lake:8080");
    for (engine, expected) in [(events, "reader"), (lake, "analyst")] {
        let Auth::Basic { user, password } = engine.client.auth else { panic!("{expected}") };
        assert_eq!((user.as_str(), password.expose().as_str()), (expected, "s3cr3t"));
    }
}

#[test]
fn an_engine_needs_no_password_and_takes_a_token() {
    let text = "version: 1\nsources:\n  a: { sql: { url: \"trino+https://lake\", user: me } }\n  \
                b: { sql: { url: \"trino+https://me@lake\", auth: { bearer: t } } }\n";
    let sources = loaded(text, &Environment::default()).sources;
    let engine = |name: &str| match &sources[name] {
        SourceConfig::Sql(DatabaseConfig::Engine(engine)) => (**engine).clone(),
        other => panic!("{other:?}"),
    };
    assert!(matches!(engine("a").client.auth, Auth::None));
    assert!(matches!(engine("b").client.auth, Auth::Bearer(_)));
    for name in ["a", "b"] {
        let engine = engine(name);
        assert_eq!((engine.user.as_deref(), engine.database), (Some("me"), None));
        assert_eq!(engine.client.url.expose_secret(), "https://lake");
    }
}

#[test]
fn requests_have_their_texts_in_order_and_know_which_are_secret() {
    let sessions = http("sessions");
    assert_eq!(
        (sessions.method, sessions.path),
        (Method::Get, plain("/sites/{{as_of:%Y}}/sessions"))
    );
    let params = [
        ("from".to_owned(), plain("{{window_start:%Y-%m-%d}}")),
        ("site".to_owned(), plain("12")),
        ("token".to_owned(), secret("s3cr3t")),
    ];
    assert_eq!(sessions.params, params);
    assert_eq!(sessions.headers, [("If-Match".to_owned(), plain("{{window_end_unix}}"))]);
    assert_eq!(
        (sessions.format, sessions.rows.as_deref()),
        (AnswerFormat::Json, Some("$.data[*]"))
    );
    let columns = [("value", "$.sessions"), ("country", "$.geo['country']")];
    assert_eq!(sessions.columns, columns.map(|(name, from)| (name.to_owned(), from.to_owned())));

    let deals = http("deals");
    assert_eq!(deals.method, Method::Post);
    let Some(RequestBody::Json(body)) = deals.body else { panic!("json") };
    let filter =
        json!({ "from": "{{window_start}}", "open": true, "stage": null, "least": 1.5, "id": "7" });
    assert_eq!((body.value, body.secret), (json!({ "filters": [filter] }), false));
    assert_eq!(
        deals.sql.as_ref().map(|query| query.text.as_str()),
        Some("SELECT sum(amount) AS value FROM rows WHERE stage <> :as_of_date")
    );

    let invoices = http("invoices");
    let Some(RequestBody::Form(fields)) = invoices.body else { panic!("form") };
    let expected =
        [("day".to_owned(), plain("{{window_end_date}}")), ("key".to_owned(), secret("s3cr3t"))];
    assert_eq!(fields, expected);
    let csv = CsvFormat { delimiter: b';', header: false, encoding: "windows-1252".to_owned() };
    assert_eq!(invoices.format, AnswerFormat::Csv(csv));
    for (metric, format) in [
        ("temperature", AnswerFormat::Number),
        ("samples", AnswerFormat::Prometheus),
        ("lines", AnswerFormat::Ndjson),
    ] {
        assert_eq!(http(metric).format, format);
    }
}

#[test]
fn what_an_answer_has_to_say_is_read() {
    let required = [("$.complete".to_owned(), json!(true)), ("$.failed".to_owned(), json!(0))];
    assert_eq!(http("sessions").require, required);
    assert_eq!(http("deals").require, []);
}

#[test]
fn every_way_to_the_next_page_is_read() {
    let next = |metric: &str| http(metric).pagination.unwrap().next;
    assert_eq!(next("sessions"), NextPage::Link("$.next".to_owned()));
    assert_eq!(http("sessions").pagination.unwrap().max_pages, 7);
    assert_eq!(next("lines"), NextPage::LinkHeader);
    let cursor = NextPage::Cursor {
        from: "$.paging.after".to_owned(),
        param: PageParam::Body("after".to_owned()),
        more: Some("$.more".to_owned()),
    };
    assert_eq!(next("deals"), cursor);
    let page = NextPage::Page { param: PageParam::Url("page".to_owned()), first: 0 };
    assert_eq!(next("invoices"), page);
    let offset = NextPage::Offset { param: PageParam::Url("skip".to_owned()), step: 50 };
    assert_eq!(next("answers"), offset);
}

#[test]
fn a_reference_inside_a_json_body_makes_the_body_secret() {
    let text = "version: 1\nsources: { s: { http: { url: \"http://s\" } } }\nmetrics:\n  m:\n    \
                source: s\n    request:\n      json: { a: [{ b: \"x ${env:CRM_TOKEN}\" }] }\n";
    let config = loaded(text, &environment());
    let query: &HttpQuery = config.definitions.metrics["m"].query.terms().unwrap();
    let Some(RequestBody::Json(body)) = &query.body else { panic!("json") };
    assert_eq!((&body.value, body.secret), (&json!({ "a": [{ "b": "x s3cr3t" }] }), true));
}

#[test]
fn secrets_that_are_whole_files_follow_their_files() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
    write("token", "first\n");
    write("credential", "first\n");
    let text = "version: 1\nsources:\n  a: { http: { url: \"http://a\", auth: { bearer: \"${file:token}\" } } }\n  \
                b: { http: { url: \"http://b\", auth: { bearer: \"${credential:credential}\" } } }\n  \
                c: { http: { url: \"http://c\", auth: { bearer: \"x${file:token}\" } } }\n  \
                d: { http: { url: \"http://d\", auth: { bearer: \"${env:TOKEN}\" } } }\n";
    let folder = dir.path().to_str().unwrap();
    let environment = [("CREDENTIALS_DIRECTORY", folder), ("TOKEN", "first")].into_iter().collect();
    let config = load_text("test.yaml", text, dir.path(), &environment);
    let config = config.unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
    write("token", "second\n");
    write("credential", "second\n");
    for (name, changes, now) in [
        ("a", true, "second"),
        ("b", true, "second"),
        ("c", false, "xfirst"),
        ("d", false, "first"),
    ] {
        let SourceConfig::Http(HttpConfig(client)) = &config.sources[name] else { panic!("http") };
        let Auth::Bearer(token) = &client.auth else { panic!("bearer") };
        assert_eq!((token.reread(), token.expose().as_str()), (changes, now), "{name}");
    }
}
