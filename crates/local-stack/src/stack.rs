//! The whole stack: what a caller starts, holds and stops.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::task::JoinHandle;

use crate::details::Details;
use crate::folder::{Data, Folder};
use crate::functions::registry::Functions;
use crate::ports::Ports;
use crate::realtime::Realtime;
use crate::start::Starting;
use crate::supervisor::guard::Guard;
use crate::supervisor::part::Part;

/// What to start, and where.
#[derive(Clone, Debug)]
pub struct Options {
    /// The repository: holds `node_modules` and `supabase`.
    pub root: PathBuf,
    /// Where the data live.
    pub data: Data,
    /// Where to listen.
    pub ports: Ports,
    /// More environment for the functions, over what the platform sets.
    pub function_env: Vec<(String, String)>,
    /// Whether to keep silent about progress on standard error.
    pub quiet: bool,
}

/// A running stack. Dropping it without [`Stack::stop`] ends the parts the hard way.
pub struct Stack {
    pub(crate) details: Details,
    pub(crate) postgres: Arc<Part>,
    pub(crate) postgrest: Arc<Part>,
    pub(crate) functions: Arc<Functions>,
    pub(crate) realtime: Realtime,
    pub(crate) tasks: Tasks,
    pub(crate) guard: Guard,
    pub(crate) folder: Folder,
}

/// Tasks inside this process; ended on drop.
pub(crate) struct Tasks(pub(crate) Vec<JoinHandle<()>>);

impl Drop for Tasks {
    fn drop(&mut self) {
        for task in &self.0 {
            task.abort();
        }
    }
}

impl Stack {
    /// Starts everything and returns when requests are answered. Functions that do
    /// not come up are reported on standard error and answer 503.
    ///
    /// # Errors
    /// A program is missing, a port is taken, another stack runs on the same data,
    /// a migration fails, or a part does not start; with the reason in words.
    /// Nothing is left running then.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        // Waiting for a lock or a port would hold up other tasks.
        let starting = tokio::task::spawn_blocking(|| Starting::prepare(options)).await??;
        let guard = starting.guard();
        match starting.run().await {
            Ok(stack) => Ok(stack),
            Err(error) => {
                tokio::task::spawn_blocking(move || guard.finish()).await??;
                Err(error)
            }
        }
    }

    /// How to reach it.
    #[must_use]
    pub fn details(&self) -> &Details {
        &self.details
    }

    /// Sends `SIGKILL` to the processes of all functions; they are started again.
    ///
    /// # Errors
    /// A function is not running.
    pub async fn kill_functions(&self) -> anyhow::Result<()> {
        self.functions.kill(None).await.map(drop)
    }

    /// Sends `SIGKILL` to PostgreSQL; it is started again and recovers.
    ///
    /// # Errors
    /// It is not running.
    pub async fn kill_postgres(&self) -> anyhow::Result<()> {
        self.postgres.kill().await
    }

    /// Sends `SIGKILL` to PostgREST; it is started again.
    ///
    /// # Errors
    /// It is not running.
    pub async fn kill_postgrest(&self) -> anyhow::Result<()> {
        self.postgrest.kill().await
    }

    /// Stops everything in order and waits until it has ended. Throw-away data is removed.
    ///
    /// # Errors
    /// A file of the stack cannot be removed.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.folder.remove_details()?;
        self.functions.stop().await;
        drop(self.tasks);
        self.realtime.stop().await;
        self.postgrest.stop().await;
        self.postgres.stop().await;
        let guard = self.guard;
        tokio::task::spawn_blocking(move || guard.finish()).await??;
        Ok(())
    }
}
