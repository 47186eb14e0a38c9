//! A service manager listens on a socket, as systemd does, and is told when the daemon is ready,
//! reloads, stops, and that it is alive.

use std::fs;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use tempfile::TempDir;

use crate::exporter::{DEADLINE, Exporter, command};

const KPIS: &str = "
version: 1
sources: { shop: { files: { tables: { orders: orders.csv } } } }
defaults: { schedule: every 1s, period: year }
metrics: { orders: { source: shop, query: SELECT sum(n) AS value FROM orders } }
kpis: { orders: { kind: lagging, formula: orders, accumulation: level, unit: count, target: { min: 1 } } }
";

struct Service {
    folder: TempDir,
    listener: UnixDatagram,
    daemon: Exporter,
}

impl Service {
    fn start(folder: TempDir, listener: UnixDatagram, name: &str) -> Self {
        listener.set_read_timeout(Some(DEADLINE)).unwrap();
        let config = folder.path().join("kpis.yaml");
        fs::write(&config, KPIS).unwrap();
        fs::write(folder.path().join("orders.csv"), "n\n1\n").unwrap();
        let mut command = command();
        command.args(["run", "--config"]).arg(&config);
        command.env("NOTIFY_SOCKET", name).env("WATCHDOG_USEC", "200000");
        Self { daemon: Exporter::spawn(&mut command), listener, folder }
    }

    fn hears(&self) -> String {
        let mut buffer = [0; 1024];
        let length = self.listener.recv(&mut buffer).unwrap_or_else(|problem| {
            panic!("the service manager hears nothing: {problem}\n{}", self.daemon.log())
        });
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    /// The next that is no sign of life.
    fn hears_news(&self) -> String {
        loop {
            let heard = self.hears();
            if heard != "WATCHDOG=1" {
                return heard;
            }
        }
    }

    fn reloads(&self, text: &str) -> String {
        fs::write(self.folder.path().join("kpis.yaml"), text).unwrap();
        self.daemon.signal("HUP");
        let begun = self.hears_news();
        let (state, since) = begun.split_once("\nMONOTONIC_USEC=").expect(&begun);
        assert_eq!(state, "RELOADING=1");
        assert!(since.parse::<u64>().unwrap() > 0);
        self.hears_news()
    }

    fn lives_and_ends(mut self) {
        let ready = self.hears_news();
        let address = self.daemon.address;
        assert_eq!(ready, format!("READY=1\nSTATUS=serves http://{address}/, KPIs: 1"));
        for _ in 0..3 {
            assert_eq!(self.hears(), "WATCHDOG=1");
        }
        assert_eq!(self.reloads(KPIS), ready);
        let refused = self.reloads("version: 1\nkpis: { s3cret: 1 }\n");
        assert!(refused.starts_with("READY=1\nSTATUS=the configuration was refused"), "{refused}");
        assert!(!refused.contains("s3cret"), "{refused}");
        self.daemon.signal("TERM");
        assert_eq!(self.hears_news(), "STOPPING=1\nSTATUS=stopping");
        assert_eq!(self.daemon.wait(), Some(0));
    }
}

#[test]
fn a_service_manager_is_told_of_start_reload_life_and_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let listener = UnixDatagram::bind(&path).unwrap();
    Service::start(folder, listener, path.to_str().unwrap()).lives_and_ends();
}

#[test]
fn the_same_over_a_socket_that_has_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let name = format!("kpi-exporter-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let listener = UnixDatagram::bind_addr(&address).unwrap();
    Service::start(folder, listener, &format!("@{name}")).lives_and_ends();
}

#[test]
fn a_service_manager_that_is_gone_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let listener = UnixDatagram::bind(&path).unwrap();
    let mut service = Service::start(folder, listener, path.to_str().unwrap());
    service.hears_news();
    fs::remove_file(&path).unwrap();
    service.listener = UnixDatagram::unbound().unwrap();
    service.daemon.until("a value", |metrics| metrics.contains("\nkpi_value{"));
    service.daemon.signal("TERM");
    assert_eq!(service.daemon.wait(), Some(0));
}
