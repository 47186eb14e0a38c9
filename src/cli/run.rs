//! `run`: the daemon on a configuration. SIGTERM and SIGINT drain and stop it, SIGHUP reloads.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tracing::info;

use super::Global;
use super::reloading::{Causes, Load, reload_on};
use crate::calendar::parse_duration;
use crate::config::{self, Environment, Loaded};
use crate::daemon::{Outside, ServiceManager};
use crate::server::Door;
use crate::{clock, daemon, logging};

/// What people try.
pub(super) const EXAMPLES: &str = "\
Examples:
  kpi-exporter run --config kpi-exporter.yaml
  kpi-exporter run --web.listen-address 127.0.0.1:9877";

#[derive(Debug, clap::Args)]
pub(super) struct ListenArguments {
    /// Address to serve on, instead of the configuration's `server.listen`.
    #[arg(long = "web.listen-address", value_name = "HOST:PORT")]
    listen: Option<SocketAddr>,
    /// Who may come in: TLS, logins and headers, in the form that Prometheus' exporters share; instead of
    /// the configuration's `server.web_config_file`.
    #[arg(long = "web.config.file", value_name = "FILE")]
    web_config: Option<PathBuf>,
    /// Let clients have the configuration read again: POST or PUT to /-/reload.
    #[arg(long = "web.enable-lifecycle")]
    lifecycle: bool,
    /// How often the files of the configuration are looked at for other contents; 0s: never.
    #[arg(
        long = "config.auto-reload-interval",
        value_name = "DURATION",
        default_value = "5s",
        value_parser = parse_duration
    )]
    look_every: Duration,
}

/// Requests for a reload that wait, at most.
const REQUESTS: usize = 64;

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
    let path = global.config.clone();
    let environment = environment.clone();
    let service = ServiceManager::of(&environment);
    let load = move || config::load_watched(&path, &environment);
    serve(signals, arguments, global.log_level, service, load)
}

/// Serves what `load` gives, now and whenever it is called again, until told to stop.
pub(super) fn serve(
    signals: Signals,
    arguments: &ListenArguments,
    log_level: Option<tracing::Level>,
    service: ServiceManager,
    load: impl Load,
) -> anyhow::Result<ExitCode> {
    let Loaded { config, watched } = load();
    let config = config?;
    let settings = &config.settings;
    logging::install(log_level.unwrap_or(settings.log.level), settings.log.format);
    let address = arguments.listen.unwrap_or(settings.server.listen);
    let web_config =
        arguments.web_config.clone().or_else(|| settings.server.web_config_file.clone());
    let open = |file| Door::new(file, settings.server.healthy_without_login).map(Arc::new);
    let door = web_config.map(open).transpose()?;
    let Signals { runtime, hangup, mut terminate, mut interrupt } = signals;
    let (lifecycle, requests) = mpsc::channel(REQUESTS);
    let causes = Causes { hangup, requests, look_every: arguments.look_every };
    let served = runtime.block_on(async {
        let listener = TcpListener::bind(address).await.with_context(|| {
            format!("cannot listen on {address}; choose another with --web.listen-address")
        })?;
        let address = listener.local_addr()?;
        let scheme =
            if door.as_ref().is_some_and(|door| door.has_tls()) { "https" } else { "http" };
        let kpis = config.definitions.kpis.len();
        info!(%address, kpis, "kpi-exporter serves {scheme}://{address}/");
        let stop = async move {
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
            info!("stopping: requests under way are answered first");
        };
        let (reloads, receiver) = mpsc::channel(1);
        tokio::spawn(reload_on(causes, Arc::new(load), watched, reloads));
        let lifecycle = arguments.lifecycle.then_some(lifecycle);
        let outside = Outside { reloads: receiver, lifecycle, door, service };
        daemon::run(config, listener, clock::system, outside, stop).await
    });
    // Not its drop: that would wait for a blocked read for ever.
    runtime.shutdown_timeout(LINGER);
    served.map(|()| ExitCode::SUCCESS)
}
