//! The threads of the server: its own, so that requests are answered whatever the rest of the program
//! computes. Not here: what a connection does (`connection`).

use std::future::Future;
use std::io;
use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinError, JoinHandle};

use super::{Shared, serve};
use crate::listen::Listener;

/// Threads that talk to clients.
const THREADS: usize = 2;

/// Threads that render, compress and compare passwords, at most.
const BESIDE: usize = 32;

/// A server at work. Dropping it ends it without waiting for anybody.
#[derive(Debug)]
pub struct Serving {
    runtime: Option<Runtime>,
    served: JoinHandle<()>,
}

impl Serving {
    /// Serves on listeners that are already bound until `stop` is ready.
    ///
    /// # Errors
    /// The system gives no threads.
    pub fn start(
        listeners: Vec<Listener>,
        shared: Arc<Shared>,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .max_blocking_threads(BESIDE)
            .thread_name("serving")
            .enable_all()
            .build()?;
        let inside = runtime.enter();
        let listeners = listeners.into_iter().map(Listener::into_this_runtime);
        let listeners = listeners.collect::<io::Result<_>>()?;
        drop(inside);
        let served = runtime.spawn(serve(listeners, shared, stop));
        Ok(Self { runtime: Some(runtime), served })
    }

    /// Waits until it has ended.
    ///
    /// # Errors
    /// It ended by a defect.
    pub async fn ended(&mut self) -> Result<(), JoinError> {
        (&mut self.served).await
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
