//! Notes that clients write over HTTP: who may, and who may not, whatever a page makes a browser send.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;
use tokio::time::Instant;

use crate::exporter::{DEADLINE, Exporter};

const KPIS: &str = "
version: 1
store: { path: kpi.db }
sources: { shop: { files: { tables: { stock: stock.csv } } } }
defaults: { period: year }
metrics: { stock: { source: shop, query: SELECT sum(n) AS value FROM stock } }
kpis:
  stock: { kind: leading, formula: stock, accumulation: level, unit: count, target: { min: 4 } }
";

const PATH: &str = "/api/v1/kpis/stock/notes";
const JSON: (&str, &str) = ("Content-Type", "application/json");

struct Shop(TempDir);

impl Shop {
    fn new(server: &str) -> Self {
        let shop = Self(tempfile::tempdir().unwrap());
        fs::write(shop.path("stock.csv"), "n\n5\n").unwrap();
        fs::write(shop.path("kpis.yaml"), format!("{KPIS}{server}\n")).unwrap();
        shop
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn start(&self) -> Exporter {
        let exporter = Exporter::run(&self.path("kpis.yaml"));
        exporter.until("a value", |metrics| metrics.contains("\nkpi_value"));
        exporter
    }
}

/// The status and the body of the answer to a POST.
fn post(exporter: &Exporter, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, Value) {
    let (status, _, body) = send(exporter, "POST", path, headers, body);
    (status, serde_json::from_str(&body).unwrap_or(Value::Null))
}

fn send(
    exporter: &Exporter,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> (u16, String, String) {
    let mut request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    if headers.iter().all(|(name, _)| *name != "Host") {
        write!(request, "Host: {}\r\n", exporter.address).unwrap();
    }
    for (name, value) in headers {
        write!(request, "{name}: {value}\r\n").unwrap();
    }
    write!(request, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut stream = TcpStream::connect(exporter.address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    // What is refused may not be read to its end.
    let _ = stream.write_all(request.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    (status, head.to_ascii_lowercase(), body.to_owned())
}

fn notes(exporter: &Exporter) -> Value {
    serde_json::from_str::<Value>(&exporter.get(PATH).1).unwrap()["notes"].clone()
}

#[test]
fn a_note_over_http_is_shown_at_once_and_outlives_the_process() {
    let shop = Shop::new("server: { accept_notes: true }");
    let exporter = shop.start();
    let note = r#"{"text":"Half of the <b>shelves</b> are\nnew","author":"Ada"}"#;
    let (status, answer) = post(&exporter, PATH, &[JSON], note);
    assert_eq!(status, 201, "{answer}");
    assert_eq!(answer["text"], "Half of the <b>shelves</b> are new");
    assert_eq!(answer["author"], "Ada");
    let started = Instant::now();
    while notes(&exporter)[0] != answer {
        assert!(started.elapsed() < DEADLINE, "{}", notes(&exporter));
    }
    // Sooner than the next evaluation by the clock.
    assert!(started.elapsed().as_secs() < 9, "{:?}", started.elapsed());
    let (_, page) = exporter.get("/kpi/stock");
    assert!(page.contains("Half of the &lt;b&gt;shelves&lt;/b&gt; are new"), "{page}");
    let ours = ("Origin", format!("http://{}", exporter.address));
    let (status, _) = post(&exporter, PATH, &[JSON, (ours.0, &ours.1)], r#"{"text":"second"}"#);
    assert_eq!(status, 201);
    drop(exporter);
    let again = shop.start();
    assert_eq!(notes(&again).as_array().map(Vec::len), Some(2), "{}", notes(&again));
}

#[test]
fn without_the_setting_nobody_writes_a_note() {
    let exporter = Shop::new("").start();
    let (status, answer) = post(&exporter, PATH, &[JSON], r#"{"text":"x"}"#);
    assert_eq!((status, &answer["title"]), (403, &"Forbidden".into()), "{answer}");
    assert!(answer["detail"].as_str().unwrap().contains("accept_notes: true"), "{answer}");
    assert_eq!(notes(&exporter), Value::Array(vec![]));
}

#[test]
fn what_a_page_of_another_site_or_a_stranger_sends_is_refused() {
    let shop = Shop::new("server: { accept_notes: true }");
    let exporter = shop.start();
    let good = r#"{"text":"x"}"#;
    let long = format!(r#"{{"text":"{}"}}"#, "x".repeat(2001));
    let huge = format!(r#"{{"text":"{}"}}"#, "x".repeat(64 << 10));
    let longest = format!(r#"{{"text":"{}"}}"#, r"\ud83d\ude00".repeat(2000));
    let host = ("Host", "evil.example.com:9877");
    for (headers, body, path, expected) in [
        (vec![JSON, ("Origin", "http://evil.example.com")], good, PATH, 403),
        (vec![JSON, ("Origin", "null")], good, PATH, 403),
        (vec![JSON, ("Sec-Fetch-Site", "cross-site")], good, PATH, 403),
        (vec![JSON, ("Sec-Fetch-Site", "same-site")], good, PATH, 403),
        // A name that was made to point here, with an origin to match.
        (vec![JSON, host, ("Origin", "http://evil.example.com:9877")], good, PATH, 403),
        (vec![JSON, ("X-Forwarded-For", "192.0.2.7")], good, PATH, 403),
        (vec![JSON, ("Forwarded", "for=192.0.2.7")], good, PATH, 403),
        (vec![("Content-Type", "text/plain")], good, PATH, 415),
        (vec![("Content-Type", "application/x-www-form-urlencoded")], "text=x", PATH, 415),
        (vec![], good, PATH, 415),
        (vec![JSON], good, "/api/v1/kpis/nothing/notes", 404),
        (vec![JSON], good, "/api/v1/kpis/stock/notes?author=me", 400),
        (vec![JSON], r#"{"text":"x","at":"2020-01-01"}"#, PATH, 400),
        (vec![JSON], r#"{"author":"x"}"#, PATH, 400),
        (vec![JSON], r#"{"text":7}"#, PATH, 400),
        (vec![JSON], "[]", PATH, 400),
        (vec![JSON], "", PATH, 400),
        (vec![JSON], "{\"text\":\"\u{202e}\"}", PATH, 422),
        (vec![JSON], r#"{"text":" \n\t"}"#, PATH, 422),
        (vec![JSON], &long, PATH, 422),
        (vec![JSON], &huge, PATH, 413),
        (vec![JSON], &longest, PATH, 201),
    ] {
        let (status, answer) = post(&exporter, path, &headers, body);
        let said = body.chars().take(60).collect::<String>();
        assert_eq!(status, expected, "{headers:?} {said}: {answer}");
        if expected >= 400 {
            assert_eq!(answer["status"], expected, "{answer}");
            assert!(!answer["detail"].as_str().unwrap().is_empty(), "{answer}");
        }
    }
    for method in ["PUT", "DELETE", "OPTIONS"] {
        let (status, head, _) = send(&exporter, method, PATH, &[JSON], good);
        assert_eq!(status, 405, "{method}");
        assert!(head.contains("allow: get, head, post"), "{head}");
        assert!(!head.contains("access-control"), "{head}");
    }
    // Elsewhere a body is refused as ever.
    assert_eq!(post(&exporter, "/api/v1/kpis/stock", &[JSON], good).0, 413);
    let started = Instant::now();
    while notes(&exporter).as_array().map(Vec::len) != Some(1) {
        assert!(started.elapsed() < DEADLINE, "{}", notes(&exporter));
    }
}

#[test]
fn who_is_logged_in_writes_in_its_own_name_from_wherever() {
    let shop = Shop::new("server: { accept_notes: true, web_config_file: web.yml }");
    let hash = bcrypt::hash("secret", 4).unwrap();
    fs::write(shop.path("web.yml"), format!("basic_auth_users:\n  ada: {hash}\n")).unwrap();
    let exporter = Exporter::run(&shop.path("kpis.yaml"));
    let login = ("Authorization", "Basic YWRhOnNlY3JldA==");
    let host = ("Host", "kpis.example.com");
    let proxy = ("X-Forwarded-For", "192.0.2.7");
    let started = Instant::now();
    while send(&exporter, "GET", "/-/ready", &[login], "").0 != 200 {
        assert!(started.elapsed() < DEADLINE, "{}", exporter.log());
    }
    let good = r#"{"text":"x"}"#;
    assert_eq!(post(&exporter, PATH, &[JSON], good).0, 401, "not even from here");
    let (status, answer) = post(&exporter, PATH, &[JSON, login, host, proxy], good);
    assert_eq!((status, answer["author"].as_str()), (201, Some("ada")), "{answer}");
    let own = r#"{"text":"x","author":"ada"}"#;
    assert_eq!(post(&exporter, PATH, &[JSON, login], own).0, 201);
    let other = r#"{"text":"x","author":"bob"}"#;
    let (status, answer) = post(&exporter, PATH, &[JSON, login], other);
    assert_eq!(status, 422, "{answer}");
    // A browser sends the login along, whichever page asks.
    let evil = ("Origin", "https://evil.example.com");
    assert_eq!(post(&exporter, PATH, &[JSON, login, host, evil], good).0, 403);
    assert!(!exporter.log().contains("YWRhOn"), "{}", exporter.log());
}
