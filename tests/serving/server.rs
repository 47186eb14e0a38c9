//! The HTTP server on a real socket.

use std::io::Read as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use flate2::read::GzDecoder;
use kpi_exporter::server::{Door, MetricsPath, Shared, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::snapshot::{april, self_metrics, wide};

/// Nothing here takes this long unless it hangs.
const DEADLINE: Duration = Duration::from_mins(1);

pub(crate) struct Running {
    address: SocketAddr,
    pub(crate) shared: Arc<Shared>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Running {
    /// A server with nothing published.
    pub(crate) async fn bare() -> Self {
        Self::of(Shared::new(self_metrics())).await
    }

    async fn of(shared: Shared) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(shared);
        let (stop, stopped) = oneshot::channel();
        let stopped = async move { stopped.await.unwrap() };
        let server = tokio::spawn(serve(vec![listener.into()], Arc::clone(&shared), stopped));
        Self { address, shared, stop, server }
    }

    /// A server that shows the worked example.
    pub(crate) async fn with_april() -> Self {
        let running = Self::bare().await;
        running.shared.publish(Arc::new(april()));
        running.shared.mark_ready();
        running
    }

    pub(crate) async fn ask(&self, request_line: &str, headers: &[&str]) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let common = format!("{request_line} HTTP/1.1\r\nHost: kpi\r\nConnection: close");
        let request = [&[common.as_str()], headers, &["\r\n"]].concat().join("\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        Answer::read(stream).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path}"), &[]).await
    }
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    async fn read(mut stream: TcpStream) -> Self {
        let mut bytes = Vec::new();
        timeout(DEADLINE, stream.read_to_end(&mut bytes)).await.expect("an answer").unwrap();
        let end = bytes.windows(4).position(|at| at == b"\r\n\r\n").expect("a complete head");
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head, body: bytes[end + 4..].to_vec() }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_classic_text_unless_openmetrics_is_asked_for() {
    let server = Running::with_april().await;
    for (accept, content_type, ends) in [
        ("Accept: */*", "text/plain; version=0.0.4; charset=utf-8", false),
        (
            "Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5",
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
            true,
        ),
    ] {
        let answer = server.ask("GET /metrics", &[accept]).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), Some(content_type));
        assert_eq!(answer.header("content-length"), Some(&*answer.body.len().to_string()));
        let body = answer.text();
        assert!(body.contains("kpi_value{kpi=\"organic_traffic\"} 125000\n"), "{body}");
        assert!(body.contains("\nkpi_exporter_configured_kpis 3\n"), "{body}");
        assert_eq!(body.ends_with("# EOF\n"), ends);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zipped_body_is_the_plain_one() {
    let server = Running::with_april().await;
    let series = |body: &str| {
        // Numbers of the process differ between two scrapes.
        let lines = body.lines().filter(|line| !line.starts_with("process_"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let plain = server.get("/metrics").await;
    assert_eq!(plain.header("content-encoding"), None);
    for _ in 0..2 {
        let zipped = server.ask("GET /metrics", &["Accept-Encoding: gzip"]).await;
        assert_eq!(zipped.header("content-encoding"), Some("gzip"));
        assert_eq!(zipped.header("content-length"), Some(&*zipped.body.len().to_string()));
        assert!(zipped.body.len() * 2 < plain.body.len());
        let mut body = String::new();
        GzDecoder::new(&zipped.body[..]).read_to_string(&mut body).unwrap();
        assert_eq!(series(&body), series(&plain.text()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_first_snapshot_metrics_answer_and_the_rest_says_so() {
    let server = Running::bare().await;
    let metrics = server.ask("GET /metrics", &["Accept-Encoding: gzip"]).await;
    assert_eq!(metrics.status, 200);
    let mut body = String::new();
    GzDecoder::new(&metrics.body[..]).read_to_string(&mut body).unwrap();
    assert!(body.contains("kpi_exporter_build_info") && !body.contains("kpi_value"), "{body}");

    assert_eq!(server.get("/-/healthy").await.text(), "kpi-exporter is healthy.\n");
    assert_eq!(server.get("/-/ready").await.status, 503);
    assert_eq!(server.get("/api/v1/kpis").await.status, 503);
    assert_eq!(server.get("/api/v1/kpis/sales").await.status, 503);
    assert!(server.get("/").await.text().contains("Waiting for the first evaluation"));

    server.shared.publish(Arc::new(april()));
    server.shared.mark_ready();
    assert_eq!(server.get("/-/ready").await.status, 200);
    assert_eq!(server.get("/api/v1/kpis").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn head_has_the_headers_of_get_and_no_body() {
    let server = Running::with_april().await;
    for path in ["/", "/api/v1/kpis", "/-/healthy", "/nowhere"] {
        let (get, head) = (server.get(path).await, server.ask(&format!("HEAD {path}"), &[]).await);
        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"));
        assert_eq!(head.header("content-length"), get.header("content-length"));
        assert!(head.body.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_get_and_head_are_allowed_and_other_paths_are_hinted_at() {
    let server = Running::with_april().await;
    let post = server.ask("POST /metrics", &["Content-Length: 0"]).await;
    assert_eq!((post.status, post.header("allow")), (405, Some("GET, HEAD")));
    for (path, hint) in [
        ("/metric", "/metrics"),
        ("/apis", "/metrics"),
        ("/api/v1/kpis/", "/api/v1/kpis lists"),
        ("/api/v1/kpis/a/b", "/openapi.json"),
        ("/api/v1/kpisa", "/openapi.json"),
        ("//", "/metrics"),
    ] {
        let lost = server.get(path).await;
        assert_eq!(lost.status, 404, "{path}");
        assert!(lost.text().contains(hint), "{path}");
    }
    let body = server.ask("GET /", &["Content-Length: 1000000000"]).await;
    assert_eq!((body.status, body.header("connection")), (413, Some("close")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_forbids_scripts() {
    let page = Running::with_april().await.get("/").await;
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'none'; "));
    assert!(page.header("content-security-policy").unwrap().contains("form-action 'self'"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert!(page.text().contains("1 of 3 KPIs is off track"));
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_lead_to_pages_and_what_is_not_there_says_what_is() {
    let server = Running::with_april().await;
    for (path, status, said) in [
        ("/kpi/trial_to_paid", 200, "Trial-to-paid conversion"),
        ("/kpi/gone", 404, "href=\"../kpi/net_new_arr\""),
        ("/runbooks/KPINoData", 200, "<h1>KPINoData</h1>"),
        ("/runbooks/KPIGone", 404, "KPIWatchdog"),
        ("/runbooks", 200, "KPIWatchdog"),
        ("/sources", 200, "No source is configured."),
        ("/?team=growth&objective=self_serve", 200, "1 of 2 KPIs is off track"),
        ("/?team=nobody", 400, "there are growth"),
        ("/?stauts=off_track", 400, "unknown parameter `stauts`"),
        ("/?refresh=1", 400, "refresh=60"),
        ("/kpi/trial_to_paid?refresh=soon", 400, "refresh=60"),
        ("/api/v1/kpis?status=off_track", 200, "trial_to_paid"),
        ("/api/v1/kpis?status=red", 400, "off_track"),
        ("/api/v1/kpis?color=red", 400, "team, objective, function, kind, status"),
        ("/api/v1/sources", 200, "{\"sources\":[]}"),
    ] {
        let answer = server.get(path).await;
        let body = answer.text();
        assert_eq!(answer.status, status, "{path}: {body}");
        assert!(body.contains(said), "{path}: {body}");
        let kind = answer.header("content-type").unwrap();
        assert_eq!(kind.starts_with("application/"), path.starts_with("/api/"), "{path}");
    }
    let red = server.get("/api/v1/kpis?status=off_track").await.text();
    assert!(!red.contains("organic_traffic"), "{red}");
    assert_eq!(server.get("/").await.header("refresh"), None);
    assert_eq!(server.get("/?refresh=60").await.header("refresh"), Some("60"));
    let empty = Running::bare().await;
    assert_eq!(empty.get("/kpi/trial_to_paid").await.status, 503);
    assert_eq!(empty.get("/").await.header("refresh"), Some("3"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_configuration_is_told_until_one_is_taken() {
    let server = Running::with_april().await;
    server.shared.refuse_reload("kpis.yaml:3: unknown key".into());
    assert!(server.get("/sources").await.text().contains("kpis.yaml:3: unknown key"));
    server.shared.replace_self_metrics(self_metrics());
    assert!(!server.get("/sources").await.text().contains("refused"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_gives_all_kpis_or_one() {
    let server = Running::with_april().await;
    let json = |answer: &Answer| serde_json::from_slice::<serde_json::Value>(&answer.body).unwrap();

    let all = server.get("/api/v1/kpis").await;
    assert_eq!(all.header("content-type"), Some("application/json"));
    assert_eq!(json(&all)["kpis"].as_array().unwrap().len(), 4);

    let one = json(&server.get("/api/v1/kpis/trial_to_paid").await);
    insta::assert_snapshot!(serde_json::to_string_pretty(&one).unwrap());

    let lost = server.get("/api/v1/kpis/nothing").await;
    assert_eq!(lost.status, 404);
    let message = "no KPI is called 'nothing'; /api/v1/kpis lists all of them";
    assert_eq!(json(&lost)["detail"], message);
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_and_half_finished_requests_do_not_keep_a_scrape_waiting() {
    let server = Running::with_april().await;
    let mut held = Vec::new();
    for i in 0..64 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        if i % 2 == 0 {
            stream.write_all(b"GET /metrics HTTP/1.1\r\nHost:").await.unwrap();
        }
        held.push(stream);
    }
    // Far less than what the held connections are given.
    let answer = timeout(Duration::from_secs(5), server.get("/metrics")).await;
    assert_eq!(answer.expect("an answer in time").status, 200);
    // In the end they are cut.
    let mut rest = Vec::new();
    for mut stream in held {
        let cut = timeout(DEADLINE, stream.read_to_end(&mut rest)).await;
        cut.expect("a held connection is closed").unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_is_refused_and_harms_nobody() {
    let server = Running::with_april().await;
    let large = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(100_000));
    for (request, status) in [("\0\0\0 nonsense\r\n\r\n", 400), (large.as_str(), 431)] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        // The server may stop reading before everything is sent.
        let _ = stream.write_all(request.as_bytes()).await;
        let mut start = [0; 12];
        if stream.read_exact(&mut start).await.is_ok() {
            assert_eq!(&start[..], format!("HTTP/1.1 {status}").as_bytes());
        }
    }
    assert_eq!(server.get("/metrics").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scrape_never_mixes_two_snapshots() {
    let server = Running::bare().await;
    let shared = Arc::clone(&server.shared);
    shared.publish(Arc::new(wide(50, 0.0)));
    let publisher = tokio::task::spawn_blocking(move || {
        for round in 1..200 {
            shared.publish(Arc::new(wide(50, f64::from(round))));
        }
    });
    while !publisher.is_finished() {
        let body = server.ask("GET /metrics", &[]).await.text();
        let mut values: Vec<_> = body
            .lines()
            .filter(|line| line.starts_with("kpi_value{"))
            .map(|line| line.rsplit(' ').next().unwrap())
            .collect();
        assert_eq!(values.len(), 50);
        values.dedup();
        assert_eq!(values.len(), 1, "{values:?}");
    }
    publisher.await.unwrap();
}

/// Reads the head of a large answer and leaves the body in the pipe.
async fn half_read(server: &Running) -> (TcpStream, Vec<u8>) {
    // More than socket buffers take.
    server.shared.publish(Arc::new(wide(20_000, 1.0)));
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: kpi\r\n\r\n").await.unwrap();
    let mut start = vec![0; 1000];
    timeout(DEADLINE, stream.read_exact(&mut start)).await.unwrap().unwrap();
    (stream, start)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_under_way_is_finished_before_the_server_ends() {
    let server = Running::bare().await;
    let (mut stream, mut bytes) = half_read(&server).await;
    let _silent = TcpStream::connect(server.address).await.unwrap();
    server.stop.send(()).unwrap();
    timeout(DEADLINE, stream.read_to_end(&mut bytes)).await.unwrap().unwrap();
    timeout(DEADLINE, server.server).await.expect("the server ends").unwrap();

    let head = String::from_utf8_lossy(&bytes[..1000]).to_lowercase();
    let length = head.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap();
    let start = head.find("\r\n\r\n").unwrap() + 4;
    assert_eq!(bytes.len() - start, length.parse::<usize>().unwrap());
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody listens any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_stops_reading_does_not_keep_the_server_from_ending() {
    let server = Running::bare().await;
    let _stuck = half_read(&server).await;
    server.stop.send(()).unwrap();
    timeout(DEADLINE, server.server).await.expect("the server ends").unwrap();
}

#[tokio::test]
async fn whoever_has_no_login_is_told_when_it_is_not_healthy_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let web = folder.path().join("web.yml");
    let hash = bcrypt::hash("secret", 4).unwrap();
    std::fs::write(&web, format!("basic_auth_users: {{ a: {hash} }}\n")).unwrap();
    let mut shared = Shared::new(self_metrics());
    shared.take_door(Arc::new(Door::new(web, false).unwrap()));
    let running = Running::of(shared).await;
    assert_eq!(running.get("/-/healthy").await.status, 401);
    let early = running.get("/-/ready").await;
    assert_eq!((early.status, &*early.body), (503, &b"kpi-exporter is not ready.\n"[..]));
    running.shared.mark_ready();
    assert_eq!(running.get("/-/ready").await.status, 401);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(31)).await;
    tokio::time::resume();
    let answer = running.get("/-/healthy").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.body, b"kpi-exporter is not healthy.\n", "no more than that");
    assert_eq!(running.get("/metrics").await.status, 401);
    running.shared.beat();
    assert_eq!(running.get("/-/healthy").await.status, 401);
}

#[tokio::test]
async fn metrics_are_where_they_were_moved_to_and_nowhere_else() {
    let mut shared = Shared::new(self_metrics());
    shared.move_metrics("/internal/kpis".parse::<MetricsPath>().unwrap());
    let running = Running::of(shared).await;
    let moved = running.get("/internal/kpis").await;
    assert_eq!(moved.status, 200);
    assert!(String::from_utf8(moved.body).unwrap().contains("kpi_exporter_build_info"));
    let gone = running.get("/metrics").await;
    assert_eq!(gone.status, 404);
    assert!(String::from_utf8(gone.body).unwrap().contains("/internal/kpis"));
    assert_eq!(running.ask("POST /internal/kpis", &[]).await.status, 405);
}
