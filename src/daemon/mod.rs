//! The daemon: the one place where the parts are wired together. A *generation* is everything that
//! hangs on one configuration; a reload builds a new one completely before the old one goes.

mod evaluator;
mod poller;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tracing::{error, info};

use crate::clock::Clock;
use crate::config::{Config, Diagnostics};
use crate::engine::{SourceHandle, Sources, spans_of};
use crate::exposition::SelfMetrics;
use crate::kpi::Definitions;
use crate::server::{self, Shared};
use crate::source::{self, SourceConfig};

/// Runs that wait for the evaluator, at most; pollers then wait too.
const QUEUE: usize = 256;

/// The commit this was built from, where the build says so.
const REVISION: &str = match option_env!("KPI_EXPORTER_REVISION") {
    Some(revision) => revision,
    None => "unknown",
};

/// A configuration to change over to, or why there is none.
pub type Reload = Result<Config, Diagnostics>;

/// Serves `config` on `listener` until `stop` resolves, changing over to what comes from `reloads`.
///
/// # Errors
/// A source that cannot even be opened. One that is down is no error: it heals by itself.
pub async fn run(
    config: Config,
    listener: TcpListener,
    clock: Clock,
    mut reloads: mpsc::Receiver<Reload>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let prepared = prepare(config, clock)?;
    let shared = Arc::new(Shared::new(Arc::clone(&prepared.self_metrics)));
    let mut generation = prepared.start(&shared);
    let serving = server::serve(listener, Arc::clone(&shared), stop);
    tokio::pin!(serving);
    loop {
        tokio::select! {
            () = &mut serving => {
                generation.shutdown().await;
                return Ok(());
            }
            Some(reload) = reloads.recv() => {
                match reload.map_err(anyhow::Error::from).and_then(|next| prepare(next, clock)) {
                    Ok(next) => {
                        generation.shutdown().await;
                        shared.replace_self_metrics(Arc::clone(&next.self_metrics));
                        generation = next.start(&shared);
                        info!("configuration reloaded");
                    }
                    Err(problem) => {
                        shared.self_metrics().reload_refused();
                        error!("configuration not reloaded, the old one stays\n{problem:#}");
                    }
                }
            }
        }
    }
}

/// Opens the sources of a configuration; nothing is connected yet.
///
/// # Errors
/// The first source whose settings cannot be used.
pub fn open_sources(configs: &BTreeMap<String, SourceConfig>) -> anyhow::Result<Sources> {
    let open = |(id, config): (&String, &SourceConfig)| {
        let source = source::build(config).map_err(|why| anyhow!("source `{id}`: {why}"))?;
        Ok((id.clone(), SourceHandle::new(source, config.concurrency())))
    };
    configs.iter().map(open).collect()
}

/// A generation that is ready to start: everything that could fail has been done.
struct Prepared {
    definitions: Arc<Definitions>,
    sources: Sources,
    self_metrics: Arc<SelfMetrics>,
    clock: Clock,
}

fn prepare(config: Config, clock: Clock) -> anyhow::Result<Prepared> {
    let sources = open_sources(&config.sources)?;
    let ids = sources.keys().map(String::as_str);
    let self_metrics = SelfMetrics::new(ids, config.definitions.kpis.len(), REVISION, clock())?;
    let definitions = Arc::new(config.definitions);
    Ok(Prepared { definitions, sources, self_metrics: Arc::new(self_metrics), clock })
}

impl Prepared {
    /// Starts a poller for each metric in use, and one evaluator. Dropping the set ends them.
    fn start(self, shared: &Arc<Shared>) -> JoinSet<()> {
        let Self { definitions, sources, self_metrics, clock } = self;
        let (runs, results) = mpsc::channel(QUEUE);
        let mut tasks = JoinSet::new();
        for metric in definitions.metrics.values() {
            if spans_of(metric, &definitions, clock()).is_empty() {
                continue;
            }
            let Some(source) = sources.get(&metric.source) else { continue };
            let poller = poller::Poller {
                metric: Arc::clone(metric),
                definitions: Arc::clone(&definitions),
                source: source.clone(),
                clock,
                runs: runs.clone(),
            };
            tasks.spawn(poller.run());
        }
        let out = evaluator::Out { shared: Arc::clone(shared), self_metrics };
        let evaluator = evaluator::Evaluator::new(definitions, sources.into_keys(), out, clock);
        tasks.spawn(evaluator.run(results));
        tasks
    }
}

/// Sleeps until the clock says `due`, looking up now and then: a clock may be set, and a machine may
/// have slept.
async fn sleep_until(due: chrono::DateTime<chrono::Utc>, clock: Clock) {
    const LOOK_UP: Duration = Duration::from_secs(30);
    while let Ok(left) = (due - clock()).to_std()
        && !left.is_zero()
    {
        tokio::time::sleep(left.min(LOOK_UP)).await;
    }
}
