//! `run`: the daemon on a configuration. SIGTERM and SIGINT drain and stop it, SIGHUP reloads.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tracing::{info, warn};

use super::Global;
use super::reloading::{Causes, Load, reload_on};
use crate::calendar::parse_duration;
use crate::config::{self, Environment, Loaded, WebAddress};
use crate::daemon::{Outside, ServiceManager};
use crate::listen::{self, ListenAddress, Listener};
use crate::server::{Door, MetricsPath};
use crate::{clock, daemon};

/// What people try.
pub(super) const EXAMPLES: &str = "\
Examples:
  kpi-exporter run --config kpi-exporter.yaml
  kpi-exporter run --web.listen-address 127.0.0.1:9877
  kpi-exporter run --web.listen-address :9877 --web.config.file web.yml";

#[derive(Debug, clap::Args)]
pub(super) struct ListenArguments {
    /// Address to serve on, instead of the configuration's `server.listen`: `HOST:PORT`, `:PORT` for all
    /// addresses of the machine, `unix:PATH`. May be given several times.
    #[arg(long = "web.listen-address", value_name = "ADDRESS")]
    listen: Vec<ListenAddress>,
    /// Serve on the sockets that systemd hands over, and on no address; an error where there are none.
    /// Sockets that are handed over are served without this flag too.
    #[arg(long = "web.systemd-socket")]
    systemd_socket: bool,
    /// Path of the metrics.
    #[arg(long = "web.telemetry-path", value_name = "PATH", default_value_t)]
    metrics_path: MetricsPath,
    /// Where people reach the program, like `https://kpis.example.com`: what links begin with, instead of
    /// the configuration's `server.external_url`.
    #[arg(long = "web.external-url", value_name = "URL")]
    external_url: Option<WebAddress>,
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
    let around = AroundIt::of(&environment);
    let load = move || config::load_watched(&path, &environment);
    serve(signals, arguments, global, around, load)
}

/// What the environment says of the service manager that started the program.
pub(super) struct AroundIt {
    service: ServiceManager,
    /// `LISTEN_PID` and `LISTEN_FDS`.
    sockets: (Option<String>, Option<String>),
}

impl AroundIt {
    pub(super) fn of(environment: &Environment) -> Self {
        let owned = |name| environment.get(name).map(str::to_owned);
        let sockets = (owned("LISTEN_PID"), owned("LISTEN_FDS"));
        Self { service: ServiceManager::of(environment), sockets }
    }
}

/// Serves what `load` gives, now and whenever it is called again, until told to stop.
pub(super) fn serve(
    signals: Signals,
    arguments: &ListenArguments,
    global: &Global,
    around: AroundIt,
    load: impl Load,
) -> anyhow::Result<ExitCode> {
    let external_url = arguments.external_url.clone();
    let load = move || with_external_url(load(), external_url.as_ref());
    let Loaded { config, watched } = load();
    let config = config?;
    let settings = &config.settings;
    global.log_as_daemon(&settings.log);
    let web_config =
        arguments.web_config.clone().or_else(|| settings.server.web_config_file.clone());
    let listen = settings.server.listen.clone();
    let open = |file| Door::new(file, settings.server.healthy_without_login).map(Arc::new);
    let door = web_config.map(open).transpose()?;
    let Signals { runtime, hangup, mut terminate, mut interrupt } = signals;
    let (lifecycle, requests) = mpsc::channel(REQUESTS);
    let causes = Causes { hangup, requests, look_every: arguments.look_every };
    let served = runtime.block_on(async {
        let listeners = listen_on(arguments, &around.sockets, &listen).await?;
        let kpis = config.definitions.kpis.len();
        info!(kpis, "kpi-exporter serves {}", daemon::shown(&listeners, door.as_deref())?);
        let stop = async move {
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
            info!("stopping: requests under way are answered first");
        };
        let (reloads, receiver) = mpsc::channel(1);
        tokio::spawn(reload_on(causes, Arc::new(load), watched, reloads));
        let lifecycle = arguments.lifecycle.then_some(lifecycle);
        let metrics_path = arguments.metrics_path.clone();
        let service = around.service;
        let outside = Outside { reloads: receiver, lifecycle, door, metrics_path, service };
        daemon::run(config, listeners, clock::system, outside, stop).await
    });
    // Not its drop: that would wait for a blocked read for ever.
    runtime.shutdown_timeout(LINGER);
    served.map(|()| ExitCode::SUCCESS)
}

/// The flag goes before what the configuration says, now and after each reload.
fn with_external_url(mut loaded: Loaded, flag: Option<&WebAddress>) -> Loaded {
    if let (Ok(config), Some(url)) = (&mut loaded.config, flag) {
        config.settings.server.external_url = Some(url.0.clone());
    }
    loaded
}

/// The sockets that are handed over, or else those of the addresses.
async fn listen_on(
    arguments: &ListenArguments,
    (pid, count): &(Option<String>, Option<String>),
    configured: &ListenAddress,
) -> anyhow::Result<Vec<Listener>> {
    let handed_over = listen::handed_over(pid.as_deref(), count.as_deref())?;
    if !handed_over.is_empty() {
        if !arguments.listen.is_empty() {
            warn!("--web.listen-address is not used: the service manager hands over sockets");
        }
        return Ok(handed_over);
    }
    if arguments.systemd_socket {
        bail!(
            "--web.systemd-socket: no sockets are handed over (hint: a socket unit of systemd does so, \
             and `systemd-socket-activate` by hand)"
        );
    }
    let given = arguments.listen.as_slice();
    let addresses = if given.is_empty() { std::slice::from_ref(configured) } else { given };
    let mut listeners = Vec::new();
    for address in addresses {
        let listener = listen::bind(address).await.with_context(|| {
            format!("cannot listen on {address}; choose another with --web.listen-address")
        })?;
        listeners.push(listener);
    }
    Ok(listeners)
}
