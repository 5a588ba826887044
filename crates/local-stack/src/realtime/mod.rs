//! A stand-in for Supabase Realtime, for machines without Docker.
//!
//! Unmodified clients join channels, exchange broadcasts, see who is present, and receive the
//! messages that the database commits to `realtime.messages`. Private channels are judged by the
//! project's own policies. Following tables (`postgres_changes`) is refused, and there are no
//! rate limits.
//!
//! - what clients say: [`serializer`], [`websocket`], [`socket`], [`join`], [`channel`],
//!   [`credential`], [`broadcast_http`]
//! - what they hear: [`broadcast`], [`presence`], [`topics`], [`outbox`], [`replay`]
//! - the database: [`database`], [`authorization`], [`partitions`], [`replication`],
//!   [`replication_stream`], [`pgoutput`]

mod authorization;
mod broadcast;
mod broadcast_http;
mod channel;
mod credential;
mod database;
mod join;
mod outbox;
mod partitions;
mod pgoutput;
mod presence;
mod replay;
mod replication;
mod replication_stream;
mod serializer;
mod socket;
mod topics;
mod websocket;

use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use broadcast::LARGEST_PAYLOAD;
use database::Database;
use replication::Following;
use topics::Topics;

/// Verified claims of a user's token, a legacy key or an `sb_` key; `None` when it does not hold.
pub type Claims = Arc<dyn Fn(&str) -> Option<Value> + Send + Sync>;

/// What the stand-in needs to know.
pub struct Config {
    /// Where the database is, as its administrator, who may replicate and skip policies.
    pub database_url: String,
    /// How tokens and keys are verified.
    pub claims: Claims,
}

/// What all connections share.
struct Shared {
    claims: Claims,
    database: Database,
    topics: Topics,
    following: Following,
    stopping: watch::Sender<bool>,
}

/// The running stand-in.
pub struct Realtime {
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<()>>,
}

impl Realtime {
    /// Prepares the database and starts following it.
    ///
    /// # Errors
    /// When the URL does not parse or the database cannot be prepared.
    pub async fn start(config: Config) -> anyhow::Result<Self> {
        let shared = Arc::new(Shared {
            claims: config.claims,
            database: Database::new(&config.database_url)?,
            topics: Topics::default(),
            following: Following::new(),
            stopping: watch::Sender::new(false),
        });
        let prepared = partitions::prepare(&shared.database).await;
        prepared.context("realtime.messages could not be prepared")?;
        let (keeper, follower) = (Arc::clone(&shared), Arc::clone(&shared));
        let tasks = vec![
            tokio::spawn(async move { partitions::keep(&keeper.database).await }),
            tokio::spawn(async move { replication::run(&follower).await }),
        ];
        Ok(Self { shared, tasks })
    }

    /// The endpoints, to be nested below `/realtime/v1`.
    pub fn router(&self) -> Router {
        // Room for a batch of messages and its envelope.
        let limit = DefaultBodyLimit::max(2 * LARGEST_PAYLOAD);
        Router::new()
            .route("/websocket", get(websocket::connect))
            .route("/api/broadcast", post(broadcast_http::batch))
            .route(
                "/api/broadcast/{topic}/events/{event}",
                post(broadcast_http::single),
            )
            .layer(limit)
            .with_state(Arc::clone(&self.shared))
    }

    /// Hangs up on everybody and lets go of the database.
    pub async fn stop(self) {
        self.shared.stopping.send_replace(true);
        for task in self.tasks {
            task.abort();
            task.await.ok();
        }
    }
}

/// A name that nobody else has.
fn fresh_id() -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "these names live as long as a connection and no rule depends on them"
    )]
    let id = uuid::Uuid::new_v4();
    id.to_string()
}
