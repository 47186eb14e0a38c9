//! The service manager that started the program (systemd, with `Type=notify`): it is told when the
//! daemon is ready, reloads and stops, and that it is alive. Datagrams of `KEY=VALUE` lines, as in
//! `sd_notify(3)`. Not here: whether it is alive (`server::Shared`).

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::Arc;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::time::MissedTickBehavior;
use tracing::warn;

use crate::config::Environment;
use crate::server::{HEARTBEAT, Shared};
use crate::shown;

/// Characters of a status that are sent.
const LONGEST_STATUS: usize = 200;

/// Where the service manager listens, if there is one.
#[derive(Debug, Default)]
pub struct ServiceManager {
    listener: Option<(UnixDatagram, SocketAddr)>,
    /// How often it wants a sign of life.
    watchdog: Option<Duration>,
}

impl ServiceManager {
    /// The one that the environment names (`NOTIFY_SOCKET`, `WATCHDOG_USEC`, `WATCHDOG_PID`).
    pub fn of(environment: &Environment) -> Self {
        let Some(name) = environment.get("NOTIFY_SOCKET") else { return Self::default() };
        let listener = match open(name) {
            Ok(listener) => Some(listener),
            Err(problem) => {
                warn!("the service manager is told nothing: NOTIFY_SOCKET: {problem}");
                None
            }
        };
        let is_meant = |id: &str| id.parse() == Ok(std::process::id());
        let meant = environment.get("WATCHDOG_PID").is_none_or(is_meant);
        let micros = environment.get("WATCHDOG_USEC").and_then(|text| text.parse().ok());
        let watchdog = micros.filter(|micros| meant && *micros > 0).map(Duration::from_micros);
        Self { listener, watchdog }
    }

    /// Requests are answered.
    pub(super) fn ready(&self, status: &str) {
        self.say(&format!("READY=1\nSTATUS={}", shown::line(status, LONGEST_STATUS)));
    }

    /// A configuration is being changed over to; [`Self::ready`] ends it.
    pub(super) fn reloading(&self) {
        let now = clock_gettime(ClockId::Monotonic);
        let micros = i128::from(now.tv_sec) * 1_000_000 + i128::from(now.tv_nsec) / 1000;
        self.say(&format!("RELOADING=1\nMONOTONIC_USEC={micros}"));
    }

    /// The end has begun.
    pub(super) fn stopping(&self) {
        self.say("STOPPING=1\nSTATUS=stopping");
    }

    /// Gives a sign of life twice in the time that the service manager waits for one, as long as work
    /// is being done: a daemon whose evaluator hangs is ended, and started again.
    pub(super) async fn feed_watchdog(&self, shared: &Shared) {
        let Some(limit) = self.watchdog else { return std::future::pending().await };
        let mut tick = tokio::time::interval((limit / 2).min(HEARTBEAT));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            if shared.is_healthy() {
                self.say("WATCHDOG=1");
            }
        }
    }

    /// A datagram that finds no room is lost: nobody waits for the service manager.
    fn say(&self, state: &str) {
        let Some((socket, address)) = &self.listener else { return };
        if let Err(problem) = socket.send_to_addr(state.as_bytes(), address) {
            warn!("the service manager was not told `{}`: {problem}", shown::line(state, 40));
        }
    }
}

/// A path, or a name in the abstract namespace after an `@`.
fn open(name: &str) -> std::io::Result<(UnixDatagram, SocketAddr)> {
    let address = match name.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(name)?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    Ok((socket, address))
}

/// Signs of life until the end of the program.
pub(super) async fn stay_alive(manager: Arc<ServiceManager>, shared: Arc<Shared>) {
    manager.feed_watchdog(&shared).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposition::SelfMetrics;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        variables.iter().copied().collect()
    }

    fn heard(listener: &UnixDatagram) -> Vec<String> {
        listener.set_nonblocking(true).unwrap();
        let mut buffer = [0; 512];
        let mut all = Vec::new();
        while let Ok(length) = listener.recv(&mut buffer) {
            all.push(String::from_utf8(buffer[..length].to_vec()).unwrap());
        }
        all
    }

    #[tokio::test(start_paused = true)]
    async fn the_watchdog_is_fed_only_while_the_evaluator_shows_that_it_works() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let listener = UnixDatagram::bind(&path).unwrap();
        let name = path.to_str().unwrap();
        let manager = ServiceManager::of(&environment(&[
            ("NOTIFY_SOCKET", name),
            ("WATCHDOG_USEC", "4000000"),
        ]));
        let metrics = SelfMetrics::new([], 0, "", chrono::DateTime::UNIX_EPOCH).unwrap();
        let shared = Arc::new(Shared::new(Arc::new(metrics)));
        tokio::spawn(stay_alive(Arc::new(manager), Arc::clone(&shared)));
        tokio::time::sleep(Duration::from_secs(21)).await;
        assert_eq!(heard(&listener), vec!["WATCHDOG=1"; 11]);
        // 30 s of silence are too many.
        tokio::time::sleep(Duration::from_mins(1)).await;
        assert_eq!(heard(&listener).len(), 4);
        tokio::time::sleep(Duration::from_mins(1)).await;
        assert_eq!(heard(&listener).len(), 0);
        shared.beat();
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(heard(&listener).len(), 5);
    }

    #[test]
    fn a_watchdog_of_another_process_and_a_socket_that_is_none_are_not_served() {
        let of = |variables: &[(&str, &str)]| ServiceManager::of(&environment(variables));
        let name = ("NOTIFY_SOCKET", "@kpi-exporter-nobody-listens");
        let own = std::process::id().to_string();
        let limit = ("WATCHDOG_USEC", "1000000");
        assert_eq!(of(&[limit]).watchdog, None, "nobody to tell");
        assert_eq!(of(&[name, limit]).watchdog, Some(Duration::from_secs(1)));
        assert_eq!(
            of(&[name, limit, ("WATCHDOG_PID", &own)]).watchdog,
            Some(Duration::from_secs(1))
        );
        assert_eq!(of(&[name, limit, ("WATCHDOG_PID", "1")]).watchdog, None);
        for bad in ["", "0", "-1", "soon"] {
            assert_eq!(of(&[name, ("WATCHDOG_USEC", bad)]).watchdog, None, "{bad}");
        }
        of(&[name]).ready("nobody hears it");
        let long = "/x".repeat(200);
        assert!(of(&[("NOTIFY_SOCKET", &long)]).listener.is_none());
    }
}
