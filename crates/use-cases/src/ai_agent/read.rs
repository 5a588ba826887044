//! UC-017: reads an AI agent.

use domain::ai_agent::Agent;
use domain::ids::AgentId;

use super::access;
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::Ports;

/// An agent whose entity the caller may see.
///
/// # Errors
/// `AGENT_NOT_FOUND` when it is missing or hidden.
pub async fn read(
    ports: &impl Ports,
    context: &Context,
    agent_id: AgentId,
) -> Result<Agent, UseCaseError> {
    Ok(access::view(ports, context, agent_id).await?.agent)
}
