//! Reads the events of a run.

use domain::ids::ExecutionId;

use super::access;
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{Executions, Ports, StoredEvent};

/// The stream of a run in its order, after the given version (0: from the start).
///
/// # Errors
/// `EXECUTION_NOT_FOUND` when the run is missing or hidden.
pub async fn events(
    ports: &impl Ports,
    context: &Context,
    execution_id: ExecutionId,
    after_version: i64,
    limit: u32,
) -> Result<Vec<StoredEvent>, UseCaseError> {
    access::view(ports, context, execution_id).await?;
    let events = ports
        .executions()
        .events(context, execution_id, after_version, limit);
    Ok(events.await?)
}

#[cfg(test)]
mod tests {
    use domain::error::Code;

    use super::*;
    use crate::in_memory::World;
    use crate::testing::{Draft, Run, alice, bob};

    #[test]
    fn the_stream_can_be_read_on() {
        let world = World::new();
        let mut run = Run::pending(&world, &Draft::order_to_cash(&world));
        run.claim(&world);
        let id = run.execution_id;
        let all = world.run(events(&world, &alice(), id, 0, 100)).unwrap();
        assert_eq!(all[0].event_type, "WorkflowExecutionStarted");
        let versions: Vec<i64> = all.iter().map(|event| event.aggregate_version).collect();
        assert_eq!(versions, (1..=all.len() as i64).collect::<Vec<_>>());
        let rest = world.run(events(&world, &alice(), id, 2, 1)).unwrap();
        assert_eq!(rest, [all[2].clone()]);
        let hidden = world.run(events(&world, &bob(), id, 0, 100)).unwrap_err();
        assert_eq!(hidden, UseCaseError::NotFound(Code::ExecutionNotFound));
    }
}
