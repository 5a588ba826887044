//! Replays the events of aggregates and compares what they make with what is stored.

use domain::error::{Code, DomainError};
use domain::verification::{self, Difference, ReplayedType};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::context::Context;
use crate::error::UseCaseError;
use crate::function_model::access::service_only;
use crate::ports::{Aggregates, PortError, Ports, StoredAggregate};

/// Aggregates that are compared at once at most.
pub const MOST_AGGREGATES: u32 = 100;

/// What was found about one aggregate.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// What was compared.
    pub aggregate_type: ReplayedType,
    /// Its id.
    pub aggregate_id: Uuid,
    /// The number of its newest event.
    pub stream_version: i64,
    /// Whether every row is what the events say.
    pub intact: bool,
    /// The first differences, by path.
    #[cfg_attr(feature = "schema", schemars(length(max = verification::MOST_DIFFERENCES)))]
    pub differences: Vec<Difference>,
    /// How many there are in all.
    pub difference_count: usize,
    /// Why its events cannot be replayed; then nothing was compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<String>,
}

/// What was found about some aggregates.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Findings {
    /// How many were compared.
    pub compared: usize,
    /// Those that are not what their events say.
    #[cfg_attr(feature = "schema", schemars(length(max = MOST_AGGREGATES)))]
    pub broken: Vec<Verdict>,
    /// The last one that was compared; to go on behind it. Absent when there are no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Uuid>,
}

/// Compares one aggregate with its events.
///
/// # Errors
/// `Forbidden` for everybody but the service; `AGGREGATE_NOT_FOUND` when there is neither a row
/// nor an event.
pub async fn verify_aggregate(
    ports: &impl Ports,
    context: &Context,
    aggregate_type: ReplayedType,
    aggregate_id: Uuid,
) -> Result<Verdict, UseCaseError> {
    let stored = load(ports, context, aggregate_type, aggregate_id).await?;
    let replayed = replay(ports, context, aggregate_type, &stored).await?;
    Ok(verdict(aggregate_type, &stored, &replayed))
}

/// Compares the next aggregates of a type with their events, in the order of their ids.
///
/// # Errors
/// `Forbidden` for everybody but the service.
pub async fn verify_aggregates(
    ports: &impl Ports,
    context: &Context,
    aggregate_type: ReplayedType,
    after: Option<Uuid>,
    limit: u32,
) -> Result<Findings, UseCaseError> {
    service_only(context)?;
    let limit = limit.min(MOST_AGGREGATES);
    let next = ports
        .aggregates()
        .next(context, aggregate_type, after, limit);
    let next = next.await?;
    let full = u32::try_from(next.len()).is_ok_and(|length| length == limit);
    let mut findings = Findings {
        compared: next.len(),
        after: next.last().filter(|_| full).map(|last| last.aggregate_id),
        ..Findings::default()
    };
    for stored in next {
        let replayed = replay(ports, context, aggregate_type, &stored).await?;
        let verdict = verdict(aggregate_type, &stored, &replayed);
        if !verdict.intact {
            findings.broken.push(verdict);
        }
    }
    Ok(findings)
}

/// What is stored of an aggregate of which there is anything.
pub(super) async fn load(
    ports: &impl Ports,
    context: &Context,
    aggregate_type: ReplayedType,
    aggregate_id: Uuid,
) -> Result<StoredAggregate, UseCaseError> {
    service_only(context)?;
    let aggregates = ports.aggregates();
    let stored = aggregates
        .find(context, aggregate_type, aggregate_id)
        .await?;
    let has_rows = stored.rows.as_object().is_some_and(|rows| !rows.is_empty());
    match has_rows || stored.stream_version > 0 {
        true => Ok(stored),
        false => Err(UseCaseError::NotFound(Code::AggregateNotFound)),
    }
}

/// The rows that the events make, or why they make none.
pub(super) async fn replay(
    ports: &impl Ports,
    context: &Context,
    aggregate_type: ReplayedType,
    stored: &StoredAggregate,
) -> Result<Result<Value, DomainError>, PortError> {
    let mut events = stored.events.clone();
    loop {
        let last = events.last().map_or(0, |event| event.aggregate_version);
        if last >= stored.stream_version {
            break;
        }
        let id = stored.aggregate_id;
        let more = ports.aggregates().events(context, id, last).await?;
        if more.is_empty() {
            break;
        }
        events.extend(more);
    }
    // What was appended since the rows were read is not in them.
    events.retain(|event| event.aggregate_version <= stored.stream_version);
    let places = events.iter().map(|event| event.aggregate_version);
    if !places.eq(1..=stored.stream_version) {
        let message = "Events are missing in the stream.";
        return Ok(Err(DomainError::new(Code::EventSchemaInvalid, message)));
    }
    let gone = &stored.gone_users;
    Ok(verification::replay(aggregate_type, &events, gone))
}

pub(super) fn verdict(
    aggregate_type: ReplayedType,
    stored: &StoredAggregate,
    replayed: &Result<Value, DomainError>,
) -> Verdict {
    let mut verdict = Verdict {
        aggregate_type,
        aggregate_id: stored.aggregate_id,
        stream_version: stored.stream_version,
        intact: false,
        differences: Vec::new(),
        difference_count: 0,
        unreadable: None,
    };
    match replayed {
        Ok(replayed) => {
            let found = verification::compare(&stored.rows, replayed);
            verdict.intact = found.count == 0;
            verdict.differences = found.differences;
            verdict.difference_count = found.count;
        }
        Err(refusal) => verdict.unreadable = Some(refusal.message.clone()),
    }
    verdict
}
