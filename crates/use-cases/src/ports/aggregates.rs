//! Rows and events of whole aggregates, to compare the ones with the others. For the service alone.

use domain::limits::JsonObject;
use domain::verification::{Recorded, ReplayedType};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::PortError;
use crate::context::Context;

/// What is stored of an aggregate at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredAggregate {
    /// Its id.
    pub aggregate_id: Uuid,
    /// Its rows by table and key; `{}` when there is none.
    pub rows: Value,
    /// The number of its newest event; 0 when there is none.
    pub stream_version: i64,
    /// Its first events, up to [`Aggregates::EVENTS`].
    pub events: Vec<Recorded>,
    /// People of its events whose accounts are gone.
    #[serde(default)]
    pub gone_users: Vec<Uuid>,
}

/// What rows of an aggregate are to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Rebuild {
    /// What is rebuilt.
    pub aggregate_type: ReplayedType,
    /// Its id.
    pub aggregate_id: Uuid,
    /// The newest event that was replayed.
    pub stream_version: i64,
    /// The rows.
    pub rows: Value,
    /// Plans of versions that are missing.
    pub plans: JsonObject,
}

/// Aggregates of all tenants.
pub trait Aggregates {
    /// Events that come at once.
    const EVENTS: u32 = 1000;

    /// One aggregate; without rows and events when there is none.
    async fn find(
        &self,
        context: &Context,
        aggregate_type: ReplayedType,
        aggregate_id: Uuid,
    ) -> Result<StoredAggregate, PortError>;

    /// The next ones of a type, in the order of their ids: all that have a row or an event.
    async fn next(
        &self,
        context: &Context,
        aggregate_type: ReplayedType,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<StoredAggregate>, PortError>;

    /// The next events of one.
    async fn events(
        &self,
        context: &Context,
        aggregate_id: Uuid,
        after: i64,
    ) -> Result<Vec<Recorded>, PortError>;

    /// Replaces the rows of one, as far as they differ. `Conflict` when its stream went on
    /// meanwhile, or something else has taken the place of a row.
    async fn rebuild(&self, context: &Context, rebuild: &Rebuild) -> Result<(), PortError>;
}
