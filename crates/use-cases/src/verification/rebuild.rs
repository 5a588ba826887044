//! Makes the rows of an aggregate what its events say.

use domain::error::{Code, DomainError};
use domain::verification::{self, ReplayedType};
use uuid::Uuid;

use super::verify::{Verdict, load, replay, verdict};
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{Aggregates, Ports, Rebuild};
use crate::writing::failure;

/// Replaces the rows of an aggregate that differ from what its events say; answers what differed.
///
/// # Errors
/// `Forbidden` for everybody but the service; `AGGREGATE_NOT_FOUND`; `AGGREGATE_NOT_REPLAYABLE`
/// when there is no event, or one that cannot be read; `Conflict` when something happened to the
/// aggregate meanwhile.
pub async fn rebuild_aggregate(
    ports: &impl Ports,
    context: &Context,
    aggregate_type: ReplayedType,
    aggregate_id: Uuid,
) -> Result<Verdict, UseCaseError> {
    let stored = load(ports, context, aggregate_type, aggregate_id).await?;
    if stored.stream_version == 0 {
        return Err(hopeless("There is no event to rebuild it from.").into());
    }
    let replayed = replay(ports, context, aggregate_type, &stored).await?;
    let found = verdict(aggregate_type, &stored, &replayed);
    if found.intact {
        return Ok(found);
    }
    let rows = replayed.map_err(|refusal| hopeless(&refusal.message))?;
    let rebuild = Rebuild {
        aggregate_type,
        aggregate_id,
        stream_version: stored.stream_version,
        plans: verification::plans(&stored.rows, &rows)?,
        rows,
    };
    let done = ports.aggregates().rebuild(context, &rebuild).await;
    done.map_err(|error| failure(context, error, Code::AggregateNotFound))?;
    Ok(found)
}

fn hopeless(why: &str) -> DomainError {
    DomainError::new(Code::AggregateNotReplayable, why)
}
