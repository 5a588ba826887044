//! UC-019: shares tasks out among the AI agents that can do them.

use domain::ai_agent::task::{self, DistributeTasks, Distribution};

use super::discover::candidate;
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{AgentQuestion, AiAgents, Ports};

/// Who does which task, in turns over the agents in the order of their match.
///
/// # Errors
/// `TASK_PARAMETERS_INVALID`, `CRITERIA_INVALID`; `NO_AGENT_FOUND`.
pub async fn distribute(
    ports: &impl Ports,
    context: &Context,
    command: &DistributeTasks,
) -> Result<Distribution, UseCaseError> {
    let required = command.checked()?;
    let question = AgentQuestion {
        enabled: Some(true),
        ..AgentQuestion::default()
    };
    let found = ports
        .ai_agents()
        .candidates(&context.actor, &question)
        .await?;
    let usable = found.into_iter().filter(|found| found.may_execute);
    let agents = task::capable(None, &required, usable.map(candidate).collect())?;
    Ok(task::distribute(&command.tasks, &agents))
}

#[cfg(test)]
mod tests {
    use domain::ai_agent::task::SharedTask;
    use domain::error::Code;

    use super::*;
    use crate::testing::agents::{registered, scene};
    use crate::testing::{alice, bob, refusal};

    #[test]
    fn tasks_go_round() {
        let (world, model) = scene();
        for name in ["One", "Two", "Three"] {
            registered(&world, &model, name);
        }
        let tasks = (0..5).map(|n| SharedTask {
            task_id: n.to_string(),
            task: None,
        });
        let command = DistributeTasks {
            tasks: tasks.collect(),
            required_capabilities: vec!["canExecute".into()],
        };
        let shared = world.run(distribute(&world, &alice(), &command)).unwrap();
        assert_eq!((shared.assignments.len(), shared.capable_agents), (5, 3));
        assert_eq!(
            shared.assignments[0].agent_id,
            shared.assignments[3].agent_id
        );
        let nobody = world.run(distribute(&world, &bob(), &command)).unwrap_err();
        assert_eq!(refusal(nobody), Code::NoAgentFound);
    }
}
