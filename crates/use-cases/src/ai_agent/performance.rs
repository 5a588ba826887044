//! UC-017: tells how an AI agent has done.

use domain::ids::AgentId;
use domain::instant::Instant;
use serde::Serialize;

use super::access;
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::Ports;

/// How an agent has done, and how busy it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Performance {
    /// The agent.
    pub agent_id: AgentId,
    /// Tasks that ended.
    pub execution_count: u64,
    /// Those that succeeded.
    pub success_count: u64,
    /// Those that failed.
    pub failure_count: u64,
    /// Successes by executions, 0 when there are none.
    pub success_rate: f64,
    /// Mean duration in milliseconds.
    pub average_execution_time_ms: f64,
    /// Tasks it is doing now.
    pub running_tasks: u32,
    /// Those by the number it can do at a time.
    pub load: f64,
    /// When its last task ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_executed_at: Option<Instant>,
}

/// How an agent has done.
///
/// # Errors
/// `AGENT_NOT_FOUND` when it is missing or hidden.
pub async fn performance(
    ports: &impl Ports,
    context: &Context,
    agent_id: AgentId,
) -> Result<Performance, UseCaseError> {
    let found = access::view(ports, context, agent_id).await?;
    let metrics = &found.agent.performance_metrics;
    let rounded = |ratio: f64| (ratio * 1e6).round() / 1e6;
    Ok(Performance {
        agent_id,
        execution_count: metrics.execution_count,
        success_count: metrics.success_count,
        failure_count: metrics.failure_count,
        success_rate: rounded(metrics.success_rate()),
        average_execution_time_ms: rounded(metrics.average_execution_time_ms),
        running_tasks: found.running,
        load: rounded(found.agent.load(found.running)),
        last_executed_at: found.agent.last_executed_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::agents::{scene, working};
    use crate::testing::alice;

    #[test]
    fn the_load_counts_what_runs() {
        let (world, model) = scene();
        let id = working(&world, &model, "Busy");
        let told = world.run(performance(&world, &alice(), id)).unwrap();
        assert_eq!(
            (told.running_tasks, told.load, told.execution_count),
            (1, 0.5, 0)
        );
    }
}
