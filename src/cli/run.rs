//! `run`: the daemon on a configuration. SIGTERM and SIGINT drain and stop it, SIGHUP reloads.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tracing::info;

use super::Global;
use crate::config::{self, Config, Environment};
use crate::{clock, daemon, logging};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Address to serve on, instead of the configuration's `server.listen`.
    #[arg(long = "web.listen-address", value_name = "HOST:PORT")]
    pub(super) listen: Option<SocketAddr>,
}

pub(super) fn run(
    arguments: &Arguments,
    global: &Global,
    environment: &Environment,
) -> anyhow::Result<ExitCode> {
    let config = config::load(&global.config, environment)?;
    let path = global.config.clone();
    let environment = environment.clone();
    let reload = move |path: &PathBuf| config::load(path, &environment);
    serve(config, arguments.listen, global.log_level, move || reload(&path))
}

/// Serves a configuration until told to stop.
pub(super) fn serve(
    config: Config,
    listen: Option<SocketAddr>,
    log_level: Option<tracing::Level>,
    load: impl Fn() -> daemon::Reload + Send + Sync + 'static,
) -> anyhow::Result<ExitCode> {
    let settings = &config.settings;
    logging::install(log_level.unwrap_or(settings.log.level), settings.log.format);
    let address = listen.unwrap_or(settings.server.listen);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(address).await.with_context(|| {
            format!("cannot listen on {address}; choose another with --web.listen-address")
        })?;
        let address = listener.local_addr()?;
        info!(%address, kpis = config.definitions.kpis.len(), "kpi-exporter serves http://{address}/");
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let stop = async move {
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
            info!("stopping: requests under way are answered first");
        };
        let reloads = reload_on_hangup(load)?;
        daemon::run(config, listener, clock::system, reloads, stop).await
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Loads the configuration again on every SIGHUP.
fn reload_on_hangup(
    load: impl Fn() -> daemon::Reload + Send + Sync + 'static,
) -> anyhow::Result<mpsc::Receiver<daemon::Reload>> {
    let mut hangup = signal(SignalKind::hangup())?;
    let (reloads, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            if reloads.send(load()).await.is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}
