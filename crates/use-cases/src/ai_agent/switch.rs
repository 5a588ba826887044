//! UC-017: enables or disables an AI agent.

use domain::ai_agent::{self, Agent};
use domain::ids::AgentId;

use super::{access, change};
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Clock, Ports};
use crate::writing::{Saved, answered_before};

/// Enables or disables an agent; a disabled one takes no tasks, and those waiting for it fail.
///
/// # Errors
/// `AGENT_NOT_FOUND`, `Forbidden`; `AGENT_ALREADY_ENABLED`, `AGENT_ALREADY_DISABLED`;
/// `AGENT_NAME_TAKEN` on enabling; `Conflict`; `Replayed` for a repetition.
pub async fn switch(
    ports: &impl Ports,
    context: &Context,
    agent_id: AgentId,
    enabled: bool,
    render: impl Fn(&Saved<Agent>) -> StoredAnswer,
) -> Result<Saved<Agent>, UseCaseError> {
    answered_before(ports, context).await?;
    let agent = access::edit(ports, context, agent_id).await?.agent;
    let (by, now) = (context.actor.user_id, ports.clock().instant());
    let (switched, event) = ai_agent::switch(&agent, enabled, by, now)?;
    change::save(ports, context, switched, vec![event.to_json()], render).await
}

#[cfg(test)]
mod tests {
    use domain::error::Code;

    use super::*;
    use crate::testing::agents::{registered, scene};
    use crate::testing::{alice, refusal, rendered};

    #[test]
    fn an_agent_is_switched_to_the_other_side_only() {
        let (world, model) = scene();
        let id = registered(&world, &model, "Clerk").agent_id;
        let to = |enabled| world.run(switch(&world, &alice(), id, enabled, rendered));
        assert_eq!(refusal(to(true).unwrap_err()), Code::AgentAlreadyEnabled);
        assert!(!to(false).unwrap().value.is_enabled);
        assert_eq!(refusal(to(false).unwrap_err()), Code::AgentAlreadyDisabled);
        registered(&world, &model, "Clerk");
        assert_eq!(refusal(to(true).unwrap_err()), Code::AgentNameTaken);
    }
}
