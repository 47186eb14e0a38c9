//! When the configuration is read again: on SIGHUP, when a client asks, and when its files hold
//! something else. Requests that come together are one. Not here: changing over to it (`daemon`).

use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use tokio::signal::unix::Signal;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tracing::info;

use crate::config::{Contents, Loaded, Watched};
use crate::daemon::Reload;
use crate::server::ReloadRequest;

/// Time to read a configuration again.
const RELOAD_LIMIT: Duration = Duration::from_secs(30);

/// Pause between two reloads: a flood of signals must not keep every fetch from its end.
const RELOAD_PAUSE: Duration = Duration::from_secs(1);

/// Clients that wait for the same reload, at most.
const ASKING: usize = 64;

/// What changed has to stay as it is for so long: whoever writes the files may not be done.
const SETTLED: Duration = Duration::from_secs(1);

/// Reads the configuration.
pub(super) trait Load: Fn() -> Loaded + Send + Sync + 'static {}
impl<F: Fn() -> Loaded + Send + Sync + 'static> Load for F {}

/// What makes it read.
pub(super) struct Causes {
    pub(super) hangup: Signal,
    pub(super) requests: mpsc::Receiver<ReloadRequest>,
    /// How often files are looked at; never when it is zero.
    pub(super) look_every: Duration,
}

/// Sends configurations to change over to.
pub(super) async fn reload_on<L: Load>(
    causes: Causes,
    load: Arc<L>,
    watched: Watched,
    reloads: mpsc::Sender<Reload>,
) {
    let Causes { mut hangup, mut requests, look_every } = causes;
    let mut watch = Watch::new(watched, look_every);
    let mut reader = Reader { load, hanging: None };
    loop {
        let mut answers = Vec::new();
        tokio::select! {
            signal = hangup.recv() => if signal.is_none() { return },
            Some(answer) = requests.recv() => answers.push(answer),
            () = watch.news() => info!("the files of the configuration have changed"),
        }
        while answers.len() < ASKING
            && let Ok(answer) = requests.try_recv()
        {
            answers.push(answer);
        }
        let config = match reader.read().await {
            Ok(Loaded { config, watched }) => {
                watch.is_loaded(watched);
                config.map_err(Into::into)
            }
            Err(problem) => Err(problem),
        };
        if reloads.send(Reload { config, answers }).await.is_err() {
            return;
        }
        tokio::time::sleep(RELOAD_PAUSE).await;
    }
}

/// Reads in a thread of its own, with a limit: a file of the configuration may hang, and a defect in
/// reading it must not end the reloading.
struct Reader<L> {
    load: Arc<L>,
    /// A thread that has not come back.
    hanging: Option<JoinHandle<Loaded>>,
}

impl<L: Load> Reader<L> {
    async fn read(&mut self) -> anyhow::Result<Loaded> {
        let late = || {
            anyhow!(
                "it could not be read within {} s (hint: is a file of it, or of a `${{file:}}`, on a \
                 share that does not answer?)",
                RELOAD_LIMIT.as_secs()
            )
        };
        if self.hanging.take_if(|hanging| hanging.is_finished()).is_none() && self.hanging.is_some()
        {
            return Err(late());
        }
        let load = Arc::clone(&self.load);
        let mut loading = tokio::task::spawn_blocking(move || load());
        match timeout(RELOAD_LIMIT, &mut loading).await {
            Ok(Ok(loaded)) => Ok(loaded),
            Ok(Err(defect)) => Err(anyhow!("a defect of the program, please report it: {defect}")),
            Err(_) => {
                self.hanging = Some(loading);
                Err(late())
            }
        }
    }
}

/// Looks at the files, one look at a time however long it takes.
struct Watch {
    /// Taken along by a look that is under way.
    watched: Option<Watched>,
    look: Option<JoinHandle<Watched>>,
    every: tokio::time::Interval,
    on: bool,
    /// What was found instead of what is loaded, and since when.
    found: Option<(Contents, Instant)>,
    /// What was read last, good or not.
    tried: Contents,
}

impl Watch {
    fn new(watched: Watched, every: Duration) -> Self {
        let on = !every.is_zero();
        let mut every = interval(if on { every } else { RELOAD_PAUSE });
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let tried = watched.contents().clone();
        Self { watched: Some(watched), look: None, every, on, found: None, tried }
    }

    /// Another configuration has been read, good or not.
    fn is_loaded(&mut self, watched: Watched) {
        self.tried.clone_from(watched.contents());
        self.found = None;
        self.look = None;
        self.watched = Some(watched);
    }

    /// Waits until the files hold something else, and have stayed so for a while.
    async fn news(&mut self) {
        if !self.on {
            return std::future::pending().await;
        }
        loop {
            if let Some(look) = &mut self.look {
                let looked = look.await;
                self.look = None;
                // A defect in it ends the looking and nothing else.
                let Ok(watched) = looked else { return std::future::pending().await };
                let settled = self.compare(watched.contents());
                self.watched = Some(watched);
                if settled {
                    return;
                }
            }
            self.every.tick().await;
            if let Some(mut watched) = self.watched.take() {
                self.look = Some(tokio::task::spawn_blocking(move || {
                    watched.look();
                    watched
                }));
            }
        }
    }

    /// Whether it is news that has settled.
    fn compare(&mut self, contents: &Contents) -> bool {
        if *contents == self.tried {
            self.found = None;
            return false;
        }
        match &self.found {
            Some((found, since)) if found == contents => {
                let settled = since.elapsed() >= SETTLED.min(self.every.period());
                if settled {
                    self.tried.clone_from(contents);
                }
                settled
            }
            _ => {
                self.found = Some((contents.clone(), Instant::now()));
                false
            }
        }
    }
}
