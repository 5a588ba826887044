//! Connections to PostgreSQL for the parts that run inside this process.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use tokio::time::timeout;
use tokio_postgres::{Client, NoTls};

/// A pool of connections as one role. After a crash of the server the dead
/// connections are dropped and new ones made on demand. Clones share the pool.
#[derive(Clone)]
pub(crate) struct Database {
    url: Arc<str>,
    idle: Arc<Mutex<Vec<Client>>>,
}

/// A connection that goes back to its pool when dropped.
pub(crate) struct Connection {
    client: Option<Client>,
    home: Database,
}

const CONNECT_PATIENCE: Duration = Duration::from_secs(5);

impl Database {
    /// A pool that connects to `url` when first asked.
    pub(crate) fn new(url: &str) -> Self {
        Self {
            url: url.into(),
            idle: Arc::default(),
        }
    }

    /// An idle connection, or a new one.
    ///
    /// # Errors
    /// The server does not admit a connection within five seconds.
    pub(crate) async fn connect(&self) -> anyhow::Result<Connection> {
        let idle = {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.retain(|client| !client.is_closed());
            idle.pop()
        };
        let client = match idle {
            Some(client) => client,
            None => self.open().await?,
        };
        Ok(Connection {
            client: Some(client),
            home: self.clone(),
        })
    }

    async fn open(&self) -> anyhow::Result<Client> {
        let (client, connection) =
            timeout(CONNECT_PATIENCE, tokio_postgres::connect(&self.url, NoTls))
                .await
                .context("connecting to PostgreSQL took too long")?
                .context("connecting to PostgreSQL")?;
        // The task ends with the client; its error reaches whoever waits for an answer.
        tokio::spawn(async move { connection.await.ok() });
        Ok(client)
    }
}

impl Connection {
    /// Gives the connection up instead of returning it, when its state is unknown.
    pub(crate) fn discard(mut self) {
        self.client = None;
    }
}

impl Deref for Connection {
    type Target = Client;

    #[expect(
        clippy::expect_used,
        reason = "only drop and discard, which consume it, take the client"
    )]
    fn deref(&self) -> &Client {
        self.client
            .as_ref()
            .expect("a connection has its client until it is dropped")
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(client) = self.client.take().filter(|client| !client.is_closed()) {
            self.home
                .idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(client);
        }
    }
}
