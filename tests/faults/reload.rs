//! The configuration is read again: when a client asks, when its files change. What a reload leaves as
//! it was goes on: values, schedules, connections.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use kpi_exporter::config::{self, Config, Environment};
use kpi_exporter::limits::read_capped;
use kpi_exporter::{clock, daemon};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use crate::exporter::{DEADLINE, Exporter, command, sample};
use crate::faults::{Fault, Faults};
use crate::servers;

const VALUE: &str = r#"kpi_value{kpi="orders"}"#;
const TARGET: &str = r#"kpi_target_value{kpi="orders"}"#;

fn shop_of(target: u32) -> String {
    format!(
        "
version: 1
sources: {{ shop: {{ files: {{ tables: {{ orders: orders.csv }} }} }} }}
defaults: {{ schedule: every 1h, period: year }}
metrics: {{ orders: {{ source: shop, query: SELECT sum(n) AS value FROM orders }} }}
kpis: {{ orders: {{ kind: lagging, formula: orders, accumulation: level, unit: count, target: {{ min: {target} }} }} }}
"
    )
}

/// A mistake behind a secret.
const BAD: &str = "version: 1\nsources: { shop: { http: { url: '${env:SHOP_SECRET}' } } }\nkpis: {";

struct Shop(TempDir);

impl Shop {
    fn new() -> Self {
        let shop = Self(tempfile::tempdir().unwrap());
        shop.write("kpis.yaml", &shop_of(7));
        shop.write("orders.csv", "n\n1\n");
        shop
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// As a whole.
    fn write(&self, name: &str, text: &str) {
        fs::write(self.path("new"), text).unwrap();
        fs::rename(self.path("new"), self.path(name)).unwrap();
    }

    fn start(config: &Path, arguments: &[&str]) -> Exporter {
        let mut command = command();
        command.args(["run", "--config"]).arg(config).args(arguments);
        let daemon = Exporter::spawn(command.env("SHOP_SECRET", "http://u:s3cret@127.0.0.1:1/"));
        daemon.until("the target", |metrics| sample(metrics, TARGET) == Some(7.0));
        daemon
    }
}

fn ask(address: SocketAddr, method: &str, headers: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let request =
        format!("{method} /-/reload HTTP/1.1\r\nHost: here\r\n{headers}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer)
}

fn told(daemon: &Exporter, words: &str) -> usize {
    daemon.log().matches(words).count()
}

#[test]
fn a_client_may_ask_for_a_reload_only_where_that_is_enabled_and_is_told_what_came_of_it() {
    let shop = Shop::new();
    let (config, never) = (shop.path("kpis.yaml"), "--config.auto-reload-interval=0s");
    let daemon = Shop::start(&config, &[never]);
    shop.write("kpis.yaml", &shop_of(8));
    let (status, answer) = ask(daemon.address, "POST", "");
    assert_eq!(status, 403, "{answer}");
    assert!(answer.contains("--web.enable-lifecycle"), "{answer}");
    assert_eq!(sample(&daemon.metrics(), TARGET), Some(7.0));
    drop(daemon);

    shop.write("kpis.yaml", &shop_of(7));
    let daemon = Shop::start(&config, &[never, "--web.enable-lifecycle"]);
    shop.write("kpis.yaml", &shop_of(8));
    for (method, headers, expected) in [
        ("GET", "", 405),
        ("DELETE", "", 405),
        ("POST", "Origin: http://elsewhere\r\n", 403),
        ("POST", "Content-Length: 3\r\n", 413),
    ] {
        let (status, answer) = ask(daemon.address, method, headers);
        assert_eq!(status, expected, "{method} {headers}: {answer}");
    }
    assert_eq!(told(&daemon, "configuration reloaded"), 0);
    let (status, answer) = ask(daemon.address, "POST", "");
    assert_eq!(status, 200, "{answer}");
    daemon.until("the new target", |metrics| sample(metrics, TARGET) == Some(8.0));

    shop.write("kpis.yaml", BAD);
    let (status, answer) = ask(daemon.address, "PUT", "");
    assert_eq!(status, 500, "{answer}");
    assert!(answer.contains("kpis.yaml:3") && !answer.contains("s3cret"), "{answer}");
    assert_eq!(sample(&daemon.metrics(), "kpi_exporter_config_last_reload_successful"), Some(0.0));
    assert_eq!(sample(&daemon.metrics(), VALUE), Some(1.0));

    // Many at once are few reloads, and all are answered.
    shop.write("kpis.yaml", &shop_of(9));
    let before = told(&daemon, "configuration reloaded");
    let asking: Vec<_> = (0..40)
        .map(|_| {
            let address = daemon.address;
            std::thread::spawn(move || ask(address, "POST", "").0)
        })
        .collect();
    assert!(asking.into_iter().all(|asked| asked.join().unwrap() == 200));
    assert!(told(&daemon, "configuration reloaded") - before <= 5, "{}", daemon.log());
}

#[test]
fn files_that_change_are_read_again_and_a_touch_is_no_change() {
    let shop = Shop::new();
    let daemon = Shop::start(&shop.path("kpis.yaml"), &["--config.auto-reload-interval=1s"]);
    let file = File::options().append(true).open(shop.path("kpis.yaml")).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    shop.write("kpis.yaml", &shop_of(7));
    shop.write("kpis.yaml", &shop_of(8));
    daemon.until("the new target", |metrics| sample(metrics, TARGET) == Some(8.0));
    assert_eq!(told(&daemon, "files of the configuration have changed"), 1, "{}", daemon.log());
    // A mistake is told once, and mended by the next change.
    shop.write("kpis.yaml", BAD);
    let refused = "kpi_exporter_config_last_reload_successful";
    daemon.until("the refusal", |metrics| sample(metrics, refused) == Some(0.0));
    shop.write("kpis.yaml", &shop_of(9));
    daemon.until("the new target", |metrics| sample(metrics, TARGET) == Some(9.0));
    assert_eq!(told(&daemon, "configuration not reloaded"), 1, "{}", daemon.log());
    assert_eq!(told(&daemon, "files of the configuration have changed"), 3, "{}", daemon.log());
}

#[test]
fn a_folder_whose_link_is_swapped_as_kubernetes_does_is_read_again_and_so_is_a_secret() {
    let shop = Shop::new();
    let mount = shop.path("mount");
    let version = |name: &str, target: u32| {
        fs::create_dir_all(mount.join(name)).unwrap();
        let text = shop_of(target).replace("orders.csv", shop.path("orders.csv").to_str().unwrap());
        let text =
            format!("{text}log: {{ level: '${{file:{}}}' }}\n", shop.path("level").display());
        fs::write(mount.join(name).join("kpis.yaml"), text).unwrap();
        symlink(name, mount.join("..tmp")).unwrap();
        fs::rename(mount.join("..tmp"), mount.join("..data")).unwrap();
    };
    shop.write("level", "info");
    version("..2026_1", 7);
    symlink("..data/kpis.yaml", mount.join("kpis.yaml")).unwrap();
    let daemon = Shop::start(&mount, &["--config.auto-reload-interval=1s"]);
    version("..2026_2", 8);
    fs::remove_dir_all(mount.join("..2026_1")).unwrap();
    daemon.until("the new target", |metrics| sample(metrics, TARGET) == Some(8.0));
    shop.write("level", "warn");
    daemon.until("the reload", |_| told(&daemon, "files of the configuration have changed") == 2);
}

/// Answers every request with how many there were on its path.
async fn counting() -> Faults {
    Faults::start(|number| {
        let body = format!("{{\"value\": {}}}", number + 1);
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close";
        Fault::Say(format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes())
    })
    .await
}

/// `second` is what the second metric asks for, `target` that of the second KPI.
fn two(url: &str, second: &str, target: u32) -> String {
    format!(
        "
version: 1
store: {{ backfill: off }}
sources: {{ api: {{ http: {{ url: '{url}' }} }} }}
defaults: {{ schedule: every 1h, period: year }}
metrics:
  one: {{ source: api, request: {{ path: /one }}, columns: {{ value: $.value }} }}
  two: {{ source: api, request: {{ path: /{second} }}, columns: {{ value: $.value }} }}
kpis:
  one: {{ kind: lagging, formula: one, accumulation: level, unit: count, target: {{ min: 1 }} }}
  two: {{ kind: lagging, formula: two, accumulation: level, unit: count, target: {{ min: {target} }} }}
"
    )
}

fn requests(api: &Faults, path: &str) -> usize {
    api.asked().iter().filter(|head| head.starts_with(&format!("GET {path} "))).count()
}

#[test]
fn what_a_reload_leaves_as_it_was_is_not_fetched_again_and_keeps_its_value() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let api = runtime.block_on(counting());
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("kpis.yaml");
    let write = |text: String| {
        fs::write(folder.path().join("new"), text).unwrap();
        fs::rename(folder.path().join("new"), &config).unwrap();
    };
    write(two(&api.url, "two", 1));
    let mut command = command();
    command.args(["run", "--config.auto-reload-interval=0s", "--web.enable-lifecycle", "--config"]);
    let daemon = Exporter::spawn(command.arg(&config));
    let value = |metrics: &str, kpi: &str| sample(metrics, &format!("kpi_value{{kpi=\"{kpi}\"}}"));
    let metrics = daemon.until("both values", |metrics| {
        ["one", "two"].iter().all(|kpi| value(metrics, kpi).is_some())
    });
    let (one, fetched) = (value(&metrics, "one"), (requests(&api, "/one"), requests(&api, "/two")));
    let due = |daemon: &Exporter, metric: usize| {
        let sources: serde_json::Value =
            serde_json::from_str(&daemon.get("/api/v1/sources").1).unwrap();
        let metric = &sources["sources"][0]["metrics"][metric];
        (metric["next_run"].clone(), metric["runs"].as_array().unwrap().len())
    };
    let next = due(&daemon, 0);
    for target in 2..6 {
        write(two(&api.url, "two", target));
        assert_eq!(ask(daemon.address, "POST", "").0, 200);
        let target_value = r#"kpi_target_value{kpi="two"}"#;
        let metrics = daemon
            .until("the target", |metrics| sample(metrics, target_value) == Some(target.into()));
        assert_eq!(value(&metrics, "one"), one);
        assert_eq!(due(&daemon, 0), next, "its schedule goes on");
    }
    assert_eq!((requests(&api, "/one"), requests(&api, "/two")), fetched, "{}", daemon.log());
    // Only what is asked in another way is asked again.
    write(two(&api.url, "other", 5));
    assert_eq!(ask(daemon.address, "POST", "").0, 200);
    daemon.until("the other value", |_| requests(&api, "/other") > 0);
    assert_eq!(requests(&api, "/one"), fetched.0);
    assert_eq!(value(&daemon.metrics(), "one"), one);
    // Another way to the source is another source.
    let text = two(&api.url, "other", 5).replace("http: {", "http: { timeout: 7s,");
    write(text);
    assert_eq!(ask(daemon.address, "POST", "").0, 200);
    daemon.until("all again", |_| requests(&api, "/one") > fetched.0);
}

#[test]
fn connections_to_a_database_outlive_reloads_that_do_not_concern_it() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(servers::postgres());
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("kpis.yaml");
    let write = |target: u32, more: &str| {
        let text = format!(
            "
version: 1
store: {{ backfill: off }}
sources:
  db: {{ sql: {{ url: 'postgres://127.0.0.1:{}/postgres', user: kpi, password: '${{env:PASSWORD}}', max_connections: 1{more} }} }}
defaults: {{ schedule: every 1s, period: year }}
metrics:
  process: {{ source: db, query: 'SELECT pg_backend_pid() AS value' }}
kpis:
  orders: {{ kind: lagging, formula: process, accumulation: level, unit: count, target: {{ min: {target} }} }}
",
            server.port
        );
        fs::write(folder.path().join("new"), text).unwrap();
        fs::rename(folder.path().join("new"), &config).unwrap();
    };
    write(1, "");
    let mut command = command();
    command.args(["run", "--config.auto-reload-interval=0s", "--web.enable-lifecycle", "--config"]);
    let daemon = Exporter::spawn(command.arg(&config).env("PASSWORD", servers::PASSWORD));
    let process = |metrics: &str| sample(metrics, VALUE);
    let first = process(&daemon.until("a value", |metrics| process(metrics).is_some()));
    for target in 2..5 {
        write(target, "");
        assert_eq!(ask(daemon.address, "POST", "").0, 200);
        let fetched = r#"kpi_source_fetches_total{outcome="success",source="db"}"#;
        let metrics = daemon.until("the target and a fetch", |metrics| {
            sample(metrics, TARGET) == Some(target.into()) && sample(metrics, fetched) > Some(1.0)
        });
        assert_eq!(process(&metrics), first, "the same server process");
    }
    write(4, ", timeout: 9s");
    assert_eq!(ask(daemon.address, "POST", "").0, 200);
    daemon.until("another connection", |metrics| process(metrics) != first);
}

/// Bytes in memory and open files of this process.
fn held() -> (usize, usize) {
    let status = read_capped(Path::new("/proc/self/status"), 1 << 16).unwrap();
    let status = String::from_utf8(status).unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let kib: usize = resident.trim().trim_end_matches(" kB").parse().unwrap();
    (kib << 10, fs::read_dir("/proc/self/fd").unwrap().count())
}

/// In this process, where reloads need not wait for one another.
#[test]
#[ignore = "takes the process for itself: run by `a_thousand_reloads_leak_nothing`"]
fn a_thousand_reloads() {
    let shop = Shop::new();
    let read = |target: u32| -> anyhow::Result<Config> {
        shop.write(
            "kpis.yaml",
            &format!("{}store: {{ path: history.db, backfill: off }}\n", shop_of(target)),
        );
        Ok(config::load(&shop.path("kpis.yaml"), &Environment::default())?)
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (end, ended) = oneshot::channel::<()>();
        let (reloads, receiver) = mpsc::channel(1);
        let outside = daemon::Outside::new(receiver);
        let ended = async move { drop(ended.await) };
        let running = tokio::spawn(daemon::run(
            read(7).unwrap(),
            vec![listener.into()],
            clock::system,
            outside,
            ended,
        ));
        let mut before = None;
        for number in 0..1000 {
            let (answer, answered) = oneshot::channel();
            let reload = daemon::Reload { config: read(number % 50), answers: vec![answer] };
            reloads.send(reload).await.unwrap();
            answered.await.unwrap().unwrap();
            if number == 200 {
                before = Some(held());
            }
        }
        let (before, after) = (before.unwrap(), held());
        println!("after 200 reloads {before:?}, after 1000 {after:?}");
        assert!(after.0 < before.0 + (8 << 20), "{before:?} {after:?}");
        assert!(after.1 <= before.1 + 2, "{before:?} {after:?}");
        end.send(()).unwrap();
        tokio::time::timeout(Duration::from_secs(20), running).await.unwrap().unwrap().unwrap();
    });
}

#[test]
fn a_thousand_reloads_leak_nothing() {
    let alone = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "reload::a_thousand_reloads", "--nocapture"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&alone.stdout);
    assert!(alone.status.success() && said.contains("1 passed"), "{said}");
}
