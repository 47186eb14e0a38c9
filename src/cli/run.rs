//! `run`: the daemon on a configuration. SIGTERM and SIGINT drain and stop it, SIGHUP reloads.

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tracing::info;

use super::Global;
use crate::config::{self, Config, Environment};
use crate::daemon::{Outside, ServiceManager};
use crate::{clock, daemon, logging};

#[derive(Debug, clap::Args)]
pub(super) struct ListenArguments {
    /// Address to serve on, instead of the configuration's `server.listen`.
    #[arg(long = "web.listen-address", value_name = "HOST:PORT")]
    pub(super) listen: Option<SocketAddr>,
}

/// Time to read a configuration again.
const RELOAD_LIMIT: Duration = Duration::from_secs(30);

/// Pause between two reloads: a flood of signals must not keep every fetch from its end.
const RELOAD_PAUSE: Duration = Duration::from_secs(1);

/// Time for what still blocks (a read from a dead share) when everything else has ended.
const LINGER: Duration = Duration::from_millis(200);

/// Signals are ours before anything else is done: one that comes early must not end the process.
pub(super) struct Signals {
    runtime: Runtime,
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(super) fn take() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let _inside = runtime.enter();
        let [hangup, terminate, interrupt] =
            [SignalKind::hangup(), SignalKind::terminate(), SignalKind::interrupt()].map(signal);
        Ok(Self { hangup: hangup?, terminate: terminate?, interrupt: interrupt?, runtime })
    }
}

pub(super) fn run(
    arguments: &ListenArguments,
    global: &Global,
    environment: &Environment,
) -> anyhow::Result<ExitCode> {
    let signals = Signals::take()?;
    let config = config::load(&global.config, environment)?;
    let path = global.config.clone();
    let environment = environment.clone();
    let service = ServiceManager::of(&environment);
    serve(signals, config, arguments.listen, global.log_level, service, move || {
        Ok(config::load(&path, &environment)?)
    })
}

/// Serves a configuration until told to stop.
pub(super) fn serve(
    signals: Signals,
    config: Config,
    listen: Option<SocketAddr>,
    log_level: Option<tracing::Level>,
    service: ServiceManager,
    load: impl Fn() -> daemon::Reload + Send + Sync + 'static,
) -> anyhow::Result<ExitCode> {
    let settings = &config.settings;
    logging::install(log_level.unwrap_or(settings.log.level), settings.log.format);
    let address = listen.unwrap_or(settings.server.listen);
    let Signals { runtime, hangup, mut terminate, mut interrupt } = signals;
    let served = runtime.block_on(async {
        let listener = TcpListener::bind(address).await.with_context(|| {
            format!("cannot listen on {address}; choose another with --web.listen-address")
        })?;
        let address = listener.local_addr()?;
        info!(%address, kpis = config.definitions.kpis.len(), "kpi-exporter serves http://{address}/");
        let stop = async move {
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
            info!("stopping: requests under way are answered first");
        };
        let reloads = reload_on(hangup, Arc::new(load));
        let outside = Outside { reloads, service };
        daemon::run(config, listener, clock::system, outside, stop).await
    });
    // Not its drop: that would wait for a blocked read for ever.
    runtime.shutdown_timeout(LINGER);
    served.map(|()| ExitCode::SUCCESS)
}

/// Loads the configuration again when the signal comes; several that come together are one.
fn reload_on(
    mut hangup: Signal,
    load: Arc<impl Fn() -> daemon::Reload + Send + Sync + 'static>,
) -> mpsc::Receiver<daemon::Reload> {
    let (reloads, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            if reloads.send(reload(&load).await).await.is_err() {
                return;
            }
            tokio::time::sleep(RELOAD_PAUSE).await;
        }
    });
    receiver
}

/// In a thread of its own, with a limit: a file of the configuration may hang, and a defect in reading
/// it must not end the reloading.
async fn reload(load: &Arc<impl Fn() -> daemon::Reload + Send + Sync + 'static>) -> daemon::Reload {
    let load = Arc::clone(load);
    let loading = tokio::task::spawn_blocking(move || load());
    match tokio::time::timeout(RELOAD_LIMIT, loading).await {
        Ok(Ok(loaded)) => loaded,
        Ok(Err(defect)) => Err(anyhow!("a defect of the program, please report it: {defect}")),
        Err(_) => Err(anyhow!(
            "it could not be read within {} s (hint: is a file of it, or of a `${{file:}}`, on a share \
             that does not answer?)",
            RELOAD_LIMIT.as_secs()
        )),
    }
}
