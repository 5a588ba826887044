//! Rows and events of whole aggregates.

use domain::verification::{Recorded, ReplayedType};
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use use_cases::context::Context;
use use_cases::ports::{Aggregates, Clock, PortError, Rebuild, StoredAggregate, Written};
use uuid::Uuid;

use super::client::Session;
use crate::http::Transport;

/// [`Aggregates`] over PostgREST.
pub struct PostgrestAggregates<H, C> {
    session: Session<H, C>,
}

impl<H: Transport, C: Clock> PostgrestAggregates<H, C> {
    /// The aggregates of all tenants, for the service.
    pub fn new(session: Session<H, C>) -> Self {
        Self { session }
    }

    async fn read(
        &self,
        context: &Context,
        mut question: Value,
    ) -> Result<Vec<StoredAggregate>, PortError> {
        let names = ("aggregates.read", "read_aggregates");
        question["mostEvents"] = <Self as Aggregates>::EVENTS.into();
        let found = self.session.ask(names, &context.actor, &question).await?;
        Ok(found.unwrap_or_default())
    }
}

impl<H: Transport, C: Clock> Aggregates for PostgrestAggregates<H, C> {
    async fn find(
        &self,
        context: &Context,
        aggregate_type: ReplayedType,
        aggregate_id: Uuid,
    ) -> Result<StoredAggregate, PortError> {
        let question = json!({"aggregateType": aggregate_type, "aggregateId": aggregate_id});
        let found = self.read(context, question).await?.into_iter().next();
        Ok(found.unwrap_or_default())
    }

    async fn next(
        &self,
        context: &Context,
        aggregate_type: ReplayedType,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<StoredAggregate>, PortError> {
        let question = json!({"aggregateType": aggregate_type, "after": after, "limit": limit});
        self.read(context, question).await
    }

    async fn events(
        &self,
        context: &Context,
        aggregate_id: Uuid,
        after: i64,
    ) -> Result<Vec<Recorded>, PortError> {
        let names = ("aggregates.events", "read_stream");
        let limit = <Self as Aggregates>::EVENTS;
        let question = json!({"aggregateId": aggregate_id, "afterVersion": after, "limit": limit});
        let found = self.session.ask(names, &context.actor, &question).await?;
        Ok(found.unwrap_or_default())
    }

    async fn rebuild(&self, context: &Context, rebuild: &Rebuild) -> Result<(), PortError> {
        let names = ("aggregates.rebuild", "rebuild_aggregate");
        let command = json!({
            "aggregateType": rebuild.aggregate_type,
            "aggregateId": rebuild.aggregate_id,
            "streamVersion": rebuild.stream_version,
            "rows": rebuild.rows,
            "plans": rebuild.plans,
        });
        let written = self
            .session
            .command::<IgnoredAny>(names, context, None, &command);
        match written.await? {
            Written::Done(_) | Written::Replayed(_) => Ok(()),
        }
    }
}
