//! UC-012: how far a container of a run is.

use domain::error::Code;
use domain::ids::{ExecutionId, NodeId};
use domain::instant::Instant;
use domain::workflow::orchestration::ContainerMetrics;
use serde::{Deserialize, Serialize};

use super::access;
use super::read::{ActionResult, OrchestrationStatus, container_results};
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{Executions, Ports};

/// A container of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ContainerProgress {
    /// The run.
    pub execution_id: ExecutionId,
    /// The container.
    pub node_id: NodeId,
    /// Its name in the snapshot.
    pub name: String,
    /// Where it stands.
    pub status: OrchestrationStatus,
    /// Why it was skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// 0–100: actions that ended of all.
    pub progress: f64,
    /// Its actions as far as their turn has come, in plan order.
    pub action_results: Vec<ActionResult>,
    /// How they did.
    pub metrics: ContainerMetrics,
    /// When its turn came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Instant>,
    /// When its last action ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Instant>,
}

/// A container and what became of its actions so far.
///
/// # Errors
/// `EXECUTION_NOT_FOUND` when the run is missing or hidden, `NODE_NOT_FOUND`.
pub async fn read_node(
    ports: &impl Ports,
    context: &Context,
    execution_id: ExecutionId,
    node_id: NodeId,
) -> Result<ContainerProgress, UseCaseError> {
    let execution = access::view(ports, context, execution_id).await?;
    let plan = access::plan(ports, &execution).await?;
    let planned = plan
        .containers
        .iter()
        .find(|container| container.node_id == node_id);
    let total = planned.map(|container| container.action_count as usize);
    let runs = ports.executions().runs(context, execution_id).await?;
    let results = container_results(&plan, &runs, execution.status);
    let result = results.into_iter().find(|result| result.node_id == node_id);
    let Some((result, total)) = result.zip(total) else {
        return Err(UseCaseError::NotFound(Code::NodeNotFound));
    };
    let ended = result
        .action_results
        .iter()
        .filter(|action| action.status.is_finished());
    let ended: Vec<_> = ended
        .map(|action| (action.status, action.duration_ms))
        .collect();
    let metrics = ContainerMetrics::of(total, &ended);
    Ok(ContainerProgress {
        execution_id,
        node_id,
        name: result.name,
        status: result.status,
        reason: result.reason,
        progress: metrics.progress(),
        action_results: result.action_results,
        metrics,
        started_at: result.started_at,
        completed_at: result.completed_at,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::in_memory::{World, nth_id};
    use crate::ports::OutcomeKind;
    use crate::testing::{Draft, Run, alice, bob};

    #[test]
    fn a_container_shows_how_far_it_is() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let mut run = Run::pending(&world, &draft);
        run.claim(&world);
        run.report(&world, OutcomeKind::Completed { output: json!(1) });
        let look = |who: &Context, node| world.run(read_node(&world, who, run.execution_id, node));
        let stage = look(&alice(), draft.stage).unwrap();
        assert_eq!(stage.status, OrchestrationStatus::Executing);
        assert_eq!((stage.progress, stage.metrics.completed), (50.0, 1));
        let empty = look(&alice(), draft.input).unwrap();
        assert_eq!(
            (empty.progress, empty.status),
            (100.0, OrchestrationStatus::Completed)
        );
        let unknown = look(&alice(), NodeId::from_uuid(nth_id(0xfff))).unwrap_err();
        assert_eq!(unknown, UseCaseError::NotFound(Code::NodeNotFound));
        let hidden = look(&bob(), draft.stage).unwrap_err();
        assert_eq!(hidden, UseCaseError::NotFound(Code::ExecutionNotFound));
    }
}
