//! Digests as their channels get them: mail to a server that wants STARTTLS and a login, and payloads within
//! the limits that Slack and Teams publish, whatever there is to say.

use std::fmt::Write as _;
use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::digest::Catcher;
use crate::exporter::{self, Exporter, sample};
use crate::mail::MailServer;
use crate::tls::Authority;

fn shop(kpis: &str, digests: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "
version: 1
server: {{ external_url: https://kpis.example.com }}
store: {{ path: history.db, backfill: off }}
sources: {{ shop: {{ files: {{ tables: {{ orders: orders.csv }} }} }} }}
defaults: {{ schedule: every 1s, period: year, max_age: 26h }}
metrics: {{ orders: {{ source: shop, query: SELECT sum(n) AS value FROM orders }} }}
kpis:
{kpis}digest:
{digests}"
    );
    fs::write(folder.path().join("kpis.yaml"), text).unwrap();
    fs::write(folder.path().join("orders.csv"), "n\n1\n").unwrap();
    folder
}

fn kpi(id: &str, title: &str) -> String {
    let title = serde_json::to_string(title).unwrap();
    format!(
        "  {id}: {{ title: {title}, kind: leading, formula: orders, accumulation: level, unit: count, target: {{ min: 5 }} }}\n"
    )
}

#[test]
fn mail_goes_to_a_server_that_wants_starttls_and_a_login_and_to_no_other() {
    let authority = Authority::new();
    let identity = authority.issue("localhost");
    let certificates = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = certificates.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let trusted = file("authority.pem", &authority.pem());
    let (cert, key) = (file("cert.pem", &identity.cert), file("key.pem", &identity.key));
    let server = MailServer::start(&[
        "--certificate",
        &cert,
        "--key",
        &key,
        "--user",
        "kpis",
        "--password",
        "s3cr3t&more",
    ]);
    let to = |name: &str, password: &str, port: u16| {
        format!(
            "  {name}: {{ schedule: every 2s, to: {{ email: {{ server: 'smtp://kpis:{password}@localhost:{port}?tls=required', from: KPIs <kpis@example.com>, to: [ada@example.com, Bob <bob@example.com>] }} }} }}\n"
        )
    };
    // One that knows nothing of TLS gets neither password nor letter.
    let plain = MailServer::start(&[]);
    let digests = [
        to("good", "s3cr3t%26more", server.port),
        to("wrong", "s3cr3t-wrong", server.port),
        to("plain", "s3cr3t%26more", plain.port),
    ];
    let folder = shop(&kpi("orders", "受注 <b>orders</b>"), &digests.concat());
    let config = folder.path().join("kpis.yaml");
    let mut command = exporter::command();
    command.env("SSL_CERT_FILE", &trusted).arg("run").arg("--config").arg(&config);
    let daemon = Exporter::spawn(command.args(["--web.listen-address", "127.0.0.1:0"]));

    let letter = server.letter();
    assert_eq!((&letter["tls"], &letter["user"]), (&true.into(), &"kpis".into()), "{letter:#}");
    assert_eq!(letter["to"], serde_json::json!(["ada@example.com", "bob@example.com"]));
    let text = letter["text"].as_str().unwrap();
    for part in
        ["multipart/alternative", "text/plain", "text/html", "Message-ID: <kpi-exporter-good-"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("<img") && !text.contains("s3cr3t"), "{text}");
    for name in ["wrong", "plain"] {
        let failed = format!(r#"kpi_digest_sent_total{{digest="{name}",outcome="failed"}}"#);
        daemon.until("it is refused", |m| sample(m, &failed).is_some_and(|n| n > 0.0));
        let sent = format!(r#"kpi_digest_sent_total{{digest="{name}",outcome="sent"}}"#);
        assert!(sample(&daemon.metrics(), &sent).is_none_or(|sent| sent < 1.0), "{name}");
    }
    let (_, page) = daemon.get("/sources");
    assert!(page.contains("the mail server refused it with 535"), "{page}");
    for text in [page, daemon.log()] {
        assert!(!text.contains("s3cr3t"), "{text}");
    }
}

/// A server that takes the connection and says nothing: the digest says so and goes on.
#[test]
fn a_mail_server_that_says_nothing_is_given_up_in_time() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let email = format!(
        "  all: {{ schedule: every 2s, to: {{ email: {{ server: 'smtp://127.0.0.1:{port}', from: kpis@example.com, to: [ada@example.com] }} }} }}\n"
    );
    let folder = shop(&kpi("orders", "Orders"), &email);
    let daemon = Exporter::run(&folder.path().join("kpis.yaml"));
    let failed = r#"kpi_digest_sent_total{digest="all",outcome="failed"}"#;
    daemon.until("an attempt", |m| sample(m, failed).is_some_and(|n| n > 0.0));
    let (_, page) = daemon.get("/sources");
    assert!(page.contains("the mail server does not answer"), "{page}");
}

/// Of 300 KPIs in trouble with titles of a thousand characters that grow when they are escaped.
#[test]
fn three_hundred_red_kpis_with_endless_titles_fit_slack_and_teams() {
    let (slack, teams) = (Catcher::start(), Catcher::start());
    let mut kpis = String::new();
    for number in 0..300 {
        let title = format!("{number} {}", "&<*_受 ".repeat(166));
        write!(kpis, "{}", kpi(&format!("kpi_{number}"), &title)).unwrap();
    }
    let digests = format!(
        "  slack: {{ schedule: every 2s, to: {{ slack: \"{}\" }} }}\n  teams: {{ schedule: every 2s, to: {{ teams: \"{}\" }} }}\n",
        slack.url, teams.url
    );
    let folder = shop(&kpis, &digests);
    let daemon = Exporter::run(&folder.path().join("kpis.yaml"));
    let first = |catcher: &Catcher| -> (usize, Value) {
        catcher.until("a digest", |caught| !caught.is_empty());
        let body = catcher.caught.lock().unwrap()[0].1.clone();
        (body.len(), serde_json::from_str(&body).unwrap())
    };
    let (_, posted) = first(&slack);
    let blocks = posted["blocks"].as_array().unwrap();
    assert!((20..=50).contains(&blocks.len()), "{}", blocks.len());
    for block in blocks {
        let elements = block["elements"].as_array().cloned().unwrap_or_default();
        for text in elements.iter().chain([&block["text"]]).filter(|text| !text.is_null()) {
            let said = text["text"].as_str().unwrap();
            let most = if block["type"] == "header" { 150 } else { 3_000 };
            assert!((1..=most).contains(&said.chars().count()), "{said}");
        }
    }
    assert!(posted.to_string().contains("and 276 more"), "{posted:#}");
    let (size, posted) = first(&teams);
    assert!(size <= 28 << 10, "{size}");
    let body = posted["attachments"][0]["content"]["body"].as_array().unwrap();
    let last = body.last().unwrap()["text"].as_str().unwrap();
    assert!(body.len() > 5 && last.starts_with("and ") && last.ends_with(" more"), "{last}");
    drop(daemon);
}
