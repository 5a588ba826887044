//! The agents.

use domain::ai_agent::Agent;
use domain::ai_agent::failure::Impact;
use domain::ids::{AgentId, EntityId};
use domain::instant::Instant;
use domain::vocabulary::FeatureType;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Expected, Page, PageRequest, PortError, Written};
use crate::context::{Actor, Context, StoredAnswer};

/// An agent with what a decision about it needs.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FoundAgent {
    /// The agent.
    pub agent: Agent,
    /// Tasks it is doing now.
    pub running: u32,
    /// Keywords and tags of the node it is attached to.
    #[serde(default)]
    pub node_words: Vec<String>,
    /// Whether the actor may have it work.
    pub may_execute: bool,
    /// Whether the actor may configure it.
    pub may_edit: bool,
}

/// Which agents are candidates.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentQuestion {
    /// Only this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<AgentId>,
    /// Only these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_ids: Option<Vec<AgentId>>,
    /// Only enabled, or only disabled ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Only of this feature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feature_type: Option<FeatureType>,
    /// Only of this entity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity_id: Option<EntityId>,
    /// Only of this node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_id: Option<EntityId>,
}

/// Which agents are listed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AgentFilter {
    /// Of this feature.
    pub feature_type: Option<FeatureType>,
    /// Of this entity.
    pub entity_id: Option<EntityId>,
    /// Of this node.
    pub node_id: Option<EntityId>,
    /// That meet this requirement.
    pub capability: Option<String>,
    /// That have this tool.
    pub tool: Option<String>,
    /// Of this very name.
    pub name: Option<String>,
    /// That are enabled, or not.
    pub enabled: Option<bool>,
    /// With at least this success rate.
    pub min_success_rate: Option<f64>,
    /// That ended a task since.
    pub executed_since: Option<Instant>,
}

/// The agents the actor may see: those of the entities the actor sees.
pub trait AiAgents {
    /// One agent.
    async fn find(&self, actor: &Actor, agent_id: AgentId)
    -> Result<Option<FoundAgent>, PortError>;

    /// All that fit, at most 1000, oldest first.
    async fn candidates(
        &self,
        actor: &Actor,
        question: &AgentQuestion,
    ) -> Result<Vec<FoundAgent>, PortError>;

    /// Those that fit, newest first.
    async fn list(
        &self,
        context: &Context,
        filter: &AgentFilter,
        page: &PageRequest,
    ) -> Result<Page<Agent>, PortError>;

    /// Stores an agent with its events; answers its revision. Metrics are left as they are.
    ///
    /// `NameTaken` when another enabled agent of the entity has the name.
    async fn save(
        &self,
        context: &Context,
        agent: &Agent,
        events: Vec<Value>,
        expected: Expected,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<i64>, PortError>;

    /// Removes an agent with its tasks. `OtherStatus` while one is running.
    async fn remove(
        &self,
        context: &Context,
        agent_id: AgentId,
        events: Vec<Value>,
        expected: Expected,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError>;

    /// Who relies on an agent, as far as the actor sees; without alternatives.
    async fn impact(&self, actor: &Actor, agent_id: AgentId) -> Result<Impact, PortError>;
}
