//! A few ordinary connections as the platform's administrator, kept open between uses.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;
use tokio_postgres::{Client, Config, NoTls};

/// How many connections are open at most.
const CONNECTIONS: usize = 4;
/// How long to wait for a free connection, and again for a new one to open.
const PATIENCE: Duration = Duration::from_secs(5);

/// The pool.
pub(super) struct Database {
    config: Config,
    idle: Mutex<Vec<Client>>,
    permits: Semaphore,
}

/// A connection on loan.
/// Give it back after a finished piece of work; dropped otherwise, the connection closes.
pub(super) struct Loan<'a> {
    /// The connection.
    pub(super) client: Client,
    _permit: SemaphorePermit<'a>,
}

impl Database {
    /// Reads the URL; connects only when asked to.
    pub(super) fn new(url: &str) -> anyhow::Result<Self> {
        Ok(Self {
            config: url.parse().context("the database URL does not parse")?,
            idle: Mutex::default(),
            permits: Semaphore::new(CONNECTIONS),
        })
    }

    /// Where the database is.
    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// Lends a live connection, opening one if none is idle.
    pub(super) async fn lend(&self) -> anyhow::Result<Loan<'_>> {
        let permit = timeout(PATIENCE, self.permits.acquire())
            .await
            .context("all database connections are busy")??;
        let idle = || {
            self.idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop()
        };
        while let Some(client) = idle() {
            if !client.is_closed() {
                return Ok(Loan {
                    client,
                    _permit: permit,
                });
            }
        }
        let (client, connection) = timeout(PATIENCE, self.config.connect(NoTls))
            .await
            .context("the database does not answer")??;
        // A broken connection shows as `is_closed` and as an error to whoever uses it.
        tokio::spawn(async move { connection.await.ok() });
        Ok(Loan {
            client,
            _permit: permit,
        })
    }

    /// Takes a connection back for the next use.
    pub(super) fn give_back(&self, loan: Loan<'_>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(loan.client);
    }
}
