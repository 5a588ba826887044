//! UC-019: tells whether an AI agent could take more tasks.

use domain::ai_agent::task::{self, Capacity, CheckCapacity};
use domain::ids::AgentId;

use super::access;
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::Ports;

/// Whether so many tasks more could run.
///
/// # Errors
/// `AGENT_NOT_FOUND`; `TASK_PARAMETERS_INVALID`.
pub async fn check_capacity(
    ports: &impl Ports,
    context: &Context,
    agent_id: AgentId,
    command: &CheckCapacity,
) -> Result<Capacity, UseCaseError> {
    let found = access::view(ports, context, agent_id).await?;
    let most = found.agent.most_tasks();
    Ok(task::capacity(found.running, most, command)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::agents::{scene, working};
    use crate::testing::alice;

    #[test]
    fn running_tasks_count() {
        let (world, model) = scene();
        let id = working(&world, &model, "Busy");
        let ask = |requested_tasks| {
            let command = CheckCapacity { requested_tasks };
            world
                .run(check_capacity(&world, &alice(), id, &command))
                .unwrap()
        };
        assert_eq!((ask(1).decision.as_str(), ask(1).projected), ("allow", 2));
        assert_eq!(ask(2).decision, "throttle");
    }
}
