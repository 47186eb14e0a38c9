//! Crowds of clients that say nothing, or read as slowly as they can, from the address of those who ask
//! in earnest, as all do behind one proxy: whoever else asks is answered at once and to the end, and memory
//! stays what it was.

use std::fmt::Write as _;
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use kpi_exporter::limits::read_capped;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::exporter::Exporter;
use crate::http::get;

/// So much longer a scrape may take because of others that only hold connections.
const NOT_LONGER: Duration = Duration::from_secs(1);

/// What Prometheus gives a scrape, if it is not told otherwise.
const SCRAPE_TIMEOUT: Duration = Duration::from_secs(10);

/// A daemon with so many KPIs, one of them with so many label sets.
fn daemon(kpis: usize, label_sets: usize) -> (TempDir, Exporter) {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = "n,country\n".to_owned();
    for n in 0..label_sets {
        writeln!(rows, "{n},country{n}").unwrap();
    }
    fs::write(folder.path().join("orders.csv"), rows).unwrap();
    let mut text = "
version: 1
sources: { shop: { files: { tables: { orders: orders.csv } } } }
defaults: { schedule: every 1h, period: year }
metrics:
  each: { source: shop, query: 'SELECT n AS value, country FROM orders', labels: [country] }
  all: { source: shop, query: SELECT sum(n) AS value FROM orders }
kpis:
  each: { kind: lagging, formula: each, accumulation: level, unit: count, target: { min: 1 } }
"
    .to_owned();
    for n in 0..kpis {
        let rest =
            "kind: leading, formula: all, accumulation: level, unit: count, target: { min: 1 }";
        writeln!(text, "  k{n}: {{ title: 'A KPI with number {n}', {rest} }}").unwrap();
    }
    let config = folder.path().join("kpis.yaml");
    fs::write(&config, text).unwrap();
    let daemon = Exporter::run(&config);
    daemon.until("all is there", |metrics| {
        daemon.get("/-/ready").0 == 200 && metrics.contains("kpi_value{kpi=\"each\"")
    });
    (folder, daemon)
}

/// How long it takes to be answered.
fn takes(address: SocketAddr, path: &str) -> Duration {
    let started = Instant::now();
    let (status, _) = get(address, path);
    assert_eq!(status, 200, "{path}");
    started.elapsed()
}

/// The median of a few: on a busy machine some take longer for other reasons.
fn usually(address: SocketAddr) -> Duration {
    let all = (0..5).flat_map(|_| ["/metrics", "/-/healthy"]).map(|path| takes(address, path));
    let mut all: Vec<Duration> = all.collect();
    all.sort();
    all[all.len() / 2]
}

#[test]
fn six_hundred_silent_connections_cost_a_scrape_no_second() {
    let (_folder, daemon) = daemon(5, 10);
    let alone = usually(daemon.address);
    let silent: Vec<TcpStream> =
        (0..600).map(|_| TcpStream::connect(daemon.address).unwrap()).collect();
    let beside = usually(daemon.address);
    assert!(beside < alone + NOT_LONGER, "{alone:?} alone, {beside:?} beside them");
    drop(silent);
}

/// Clients that ask and then read a byte a second each, until they are cut off.
struct Slow {
    runtime: Runtime,
    readers: JoinSet<usize>,
}

impl Slow {
    fn start(address: SocketAddr, many: usize, path: impl Fn(usize) -> String) -> Self {
        let runtime = Runtime::new().unwrap();
        let mut readers = JoinSet::new();
        for n in 0..many {
            let request = format!("GET {} HTTP/1.1\r\nHost: slow\r\n\r\n", path(n));
            let reader = async move {
                let socket = TcpSocket::new_v4().unwrap();
                socket.set_recv_buffer_size(4096).unwrap();
                let mut stream = socket.connect(address).await.unwrap();
                // One that was made room for others already is cut off.
                let _ = stream.write_all(request.as_bytes()).await;
                let mut read = 0;
                let mut byte = [0];
                while let Ok(1) = stream.read(&mut byte).await {
                    read += 1;
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                read
            };
            readers.spawn_on(reader, runtime.handle());
        }
        Self { runtime, readers }
    }

    /// Those that still read.
    fn left(&mut self) -> usize {
        let Self { runtime, readers } = self;
        runtime.block_on(async { while readers.try_join_next().is_some() {} });
        readers.len()
    }
}

#[test]
fn hundreds_that_read_a_byte_a_second_keep_nobody_out_and_are_cut_off() {
    let (_folder, daemon) = daemon(5, 2000);
    let mut slow = Slow::start(daemon.address, 520, |_| "/metrics".to_owned());
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(4) {
        let beside = takes(daemon.address, "/-/healthy").max(takes(daemon.address, "/metrics"));
        assert!(beside < SCRAPE_TIMEOUT, "{beside:?} beside them");
    }
    // What the system took in advance is read to its end by then; the server holds nothing.
    let connections = || {
        let open = fs::read_dir(format!("/proc/{}/fd", daemon.id())).unwrap();
        open.filter(|file| {
            let link = fs::read_link(file.as_ref().unwrap().path());
            link.is_ok_and(|link| link.to_string_lossy().starts_with("socket:"))
        })
        .count()
    };
    let started = Instant::now();
    while connections() > 20 {
        assert!(started.elapsed() < Duration::from_secs(30), "{} connections", connections());
        std::thread::park_timeout(Duration::from_millis(200));
    }
    assert!(slow.left() <= 520);
}

/// What a client of a crowd does with its connection.
#[derive(Debug, Clone, Copy)]
enum Nuisance {
    SaysNothing,
    SendsAByteAtATime,
    ReadsAByteAtATime,
}

/// Clients that are a nuisance, and come again when they are cut off, until they are dropped.
fn crowd(address: SocketAddr, of_each: usize, away: Duration) -> Runtime {
    let runtime = Runtime::new().unwrap();
    for n in 0..of_each * 3 {
        let nuisance =
            [Nuisance::SaysNothing, Nuisance::SendsAByteAtATime, Nuisance::ReadsAByteAtATime]
                [n % 3];
        runtime.spawn(async move {
            loop {
                let _cut_off = be_a_nuisance(address, nuisance).await;
                tokio::time::sleep(away).await;
            }
        });
    }
    runtime
}

async fn be_a_nuisance(address: SocketAddr, nuisance: Nuisance) -> std::io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(4096)?;
    let mut stream = socket.connect(address).await?;
    let request = b"GET /metrics HTTP/1.1\r\nHost: slow\r\n\r\n";
    match nuisance {
        Nuisance::SaysNothing => {}
        Nuisance::SendsAByteAtATime => {
            for byte in request.iter().take(request.len() - 1) {
                stream.write_all(&[*byte]).await?;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        Nuisance::ReadsAByteAtATime => stream.write_all(request).await?,
    }
    let mut byte = [0];
    while stream.read(&mut byte).await? == 1 {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Ok(())
}

#[test]
fn a_crowd_of_all_kinds_at_the_address_of_the_scraper_cuts_no_scrape_short() {
    let (_folder, daemon) = daemon(5, 2000);
    // Those who come again at once are a flood: nobody stays for long.
    for away in [Duration::from_secs(2), Duration::from_millis(100)] {
        let _crowd = crowd(daemon.address, 250, away);
        let (started, mut scrapes) = (Instant::now(), 0);
        while started.elapsed() < Duration::from_secs(6) || scrapes < 20 {
            let (status, metrics) = daemon.get("/metrics");
            assert_eq!(status, 200, "scrape {scrapes}, away {away:?}");
            assert!(metrics.len() > 1 << 20, "{} bytes prove nothing", metrics.len());
            assert_eq!(daemon.get("/-/healthy").0, 200, "scrape {scrapes}, away {away:?}");
            scrapes += 1;
        }
        println!("{scrapes} scrapes beside a crowd that stays away for {away:?}");
    }
}

/// Bytes in memory of a process.
fn resident(process: u32) -> usize {
    let status = PathBuf::from(format!("/proc/{process}/status"));
    let status = String::from_utf8(read_capped(&status, 1 << 16).unwrap()).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let kib: usize = line.trim().trim_end_matches(" kB").parse().unwrap();
    kib << 10
}

#[test]
fn hundreds_that_read_pages_slowly_do_not_take_the_memory() {
    let (_folder, daemon) = daemon(2000, 10);
    let page = daemon.get("/").1.len();
    let before = resident(daemon.id());
    for different in [false, true] {
        // The same page for all, or one for each of them.
        let path = move |n: usize| format!("/?refresh={}", if different { 100 + n } else { 60 });
        let mut slow = Slow::start(daemon.address, 200, path);
        let started = Instant::now();
        let mut most = 0;
        while started.elapsed() < Duration::from_secs(8) {
            most = most.max(resident(daemon.id()));
            assert!(takes(daemon.address, "/-/healthy") < SCRAPE_TIMEOUT);
        }
        let grown = most.saturating_sub(before) >> 20;
        println!(
            "a page of {} KiB, 200 readers, different: {different}: {grown} MiB more",
            page >> 10
        );
        assert!(grown < 200, "{grown} MiB more for pages of {} KiB", page >> 10);
        slow.left();
    }
    assert!(page > 1 << 20, "a page of {page} bytes proves nothing");
}
