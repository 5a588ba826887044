//! The agents.

use std::rc::Rc;

use domain::ai_agent::failure::Impact;
use domain::ai_agent::{Agent, matching};
use domain::function_model::ActionKind;
use domain::function_model::permissions::Act;
use domain::ids::{AgentId, EntityId, ModelId, OrganizationId, UserId};
use domain::vocabulary::{AgentTaskStatus, FeatureType};
use serde_json::{Value, json};

use super::page::page;
use super::store::{Shared, Store, compare};
use crate::context::{Actor, Context, StoredAnswer};
use crate::ports::{
    self, AgentFilter, AgentQuestion, Clock as _, Expected, FoundAgent, Page, PageRequest,
    PortError, PortErrorKind, Written,
};

/// A twin of the stored agents.
#[derive(Debug)]
pub struct AiAgents(pub(super) Rc<Shared>);

impl Store {
    /// Whether the actor may do this with what serves or describes an entity.
    pub(super) fn may_on_entity(
        &self,
        actor: &Actor,
        act: Act,
        (feature, entity): (FeatureType, EntityId),
        organization_id: Option<OrganizationId>,
        created_by: UserId,
    ) -> bool {
        if actor.service {
            return true;
        }
        let context = Context::new(actor.clone(), "");
        if feature == FeatureType::FunctionModel {
            let Some(model) = self.models.get(&ModelId::from_uuid(entity.as_uuid())) else {
                return false;
            };
            let role = self.role(&context, model.organization_id);
            let organized = model.organization_id.is_some();
            let may = |act| {
                let user = actor.user_id;
                model.permissions.allows(act, user, role, organized)
            };
            return may(act) && (model.deletion.is_none() || may(Act::Restore));
        }
        let Some(role) = self.role(&context, organization_id) else {
            return organization_id.is_none() && created_by == actor.user_id;
        };
        act == Act::View || role.is_admin() || created_by == actor.user_id
    }

    /// Whether the actor may do this with an agent.
    pub(super) fn may_on_agent(&self, actor: &Actor, act: Act, agent: &Agent) -> bool {
        let entity = (agent.feature_type, agent.entity_id);
        self.may_on_entity(actor, act, entity, agent.organization_id, agent.created_by)
    }

    /// Refuses to change an agent; what is hidden is missing.
    fn guard_agent(
        &self,
        actor: &Actor,
        agent: &Agent,
        is_there: bool,
        operation: &'static str,
    ) -> Result<(), PortError> {
        let may = |act| self.may_on_agent(actor, act, agent);
        let kind = match (is_there && !may(Act::View), may(Act::Edit)) {
            (true, _) => PortErrorKind::NotFound,
            (false, false) => PortErrorKind::Forbidden,
            (false, true) => return Ok(()),
        };
        Err(PortError::new(kind, operation, ""))
    }

    /// Whether the caller may see an agent.
    pub(super) fn sees_agent(&self, context: &Context, id: AgentId) -> bool {
        let agent = self.agents.get(&id);
        agent.is_some_and(|agent| self.may_on_agent(&context.actor, Act::View, agent))
    }

    fn found(&self, actor: &Actor, agent: &Agent) -> Option<FoundAgent> {
        self.may_on_agent(actor, Act::View, agent)
            .then(|| FoundAgent {
                running: self.running_tasks(agent.agent_id),
                node_words: self.node_words(agent),
                may_execute: self.may_on_agent(actor, Act::Execute, agent),
                may_edit: self.may_on_agent(actor, Act::Edit, agent),
                agent: agent.clone(),
            })
    }
}

fn fits(question: &AgentQuestion, agent: &Agent) -> bool {
    let among = question.agent_ids.as_ref();
    question.agent_id.is_none_or(|id| id == agent.agent_id)
        && among.is_none_or(|ids| ids.contains(&agent.agent_id))
        && question.enabled.is_none_or(|on| on == agent.is_enabled)
        && question
            .feature_type
            .is_none_or(|feature| feature == agent.feature_type)
        && question.entity_id.is_none_or(|id| id == agent.entity_id)
        && (question.node_id.is_none() || question.node_id == agent.node_id)
}

fn listed(filter: &AgentFilter, agent: &Agent) -> bool {
    let question = AgentQuestion {
        enabled: filter.enabled,
        feature_type: filter.feature_type,
        entity_id: filter.entity_id,
        node_id: filter.node_id,
        ..AgentQuestion::default()
    };
    let capability = filter.capability.as_deref();
    let rate = agent.performance_metrics.success_rate();
    fits(&question, agent)
        && capability.is_none_or(|asked| matching::meets(agent, asked))
        && filter
            .tool
            .as_deref()
            .is_none_or(|tool| agent.tools.has(tool))
        && filter.name.as_ref().is_none_or(|name| *name == agent.name)
        && filter.min_success_rate.is_none_or(|least| rate >= least)
        && filter
            .executed_since
            .is_none_or(|since| agent.last_executed_at.is_some_and(|at| at >= since))
}

impl ports::AiAgents for AiAgents {
    async fn find(&self, actor: &Actor, id: AgentId) -> Result<Option<FoundAgent>, PortError> {
        self.0.faults.check("ai_agents.find")?;
        let store = self.0.store.borrow();
        let found = store.agents.get(&id);
        Ok(found.and_then(|agent| store.found(actor, agent)))
    }

    async fn candidates(
        &self,
        actor: &Actor,
        question: &AgentQuestion,
    ) -> Result<Vec<FoundAgent>, PortError> {
        self.0.faults.check("ai_agents.candidates")?;
        let store = self.0.store.borrow();
        let all = store.agents.values().filter(|agent| fits(question, agent));
        Ok(all.filter_map(|agent| store.found(actor, agent)).collect())
    }

    async fn list(
        &self,
        context: &Context,
        filter: &AgentFilter,
        request: &PageRequest,
    ) -> Result<Page<Agent>, PortError> {
        self.0.faults.check("ai_agents.list")?;
        let store = self.0.store.borrow();
        let mut all: Vec<Agent> = store
            .agents
            .values()
            .filter(|agent| listed(filter, agent))
            .filter(|agent| store.may_on_agent(&context.actor, Act::View, agent))
            .cloned()
            .collect();
        all.sort_by_key(|agent| std::cmp::Reverse((agent.created_at, agent.agent_id)));
        Ok(page(all, |agent| json!(agent.agent_id), request))
    }

    async fn save(
        &self,
        context: &Context,
        agent: &Agent,
        events: Vec<Value>,
        expected: Expected,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<i64>, PortError> {
        const OPERATION: &str = "ai_agents.save";
        self.0.faults.check(OPERATION)?;
        let mut store = self.0.store.borrow_mut();
        if let Some(answer) = store.replay(context, OPERATION)? {
            return Ok(Written::Replayed(answer));
        }
        let stored = store.agents.get(&agent.agent_id).cloned();
        let whose = stored.as_ref().unwrap_or(agent);
        store.guard_agent(&context.actor, whose, stored.is_some(), OPERATION)?;
        compare(expected, stored.as_ref().map(|a| a.revision), OPERATION)?;
        let twin = |other: &Agent| {
            other.is_enabled
                && other.agent_id != agent.agent_id
                && (other.feature_type, other.entity_id) == (agent.feature_type, agent.entity_id)
                && other.name == agent.name
        };
        if agent.is_enabled && store.agents.values().any(twin) {
            return Err(PortError::new(PortErrorKind::NameTaken, OPERATION, ""));
        }
        let mut saved = agent.clone();
        saved.revision = expected.next();
        if let Some(stored) = stored {
            saved.performance_metrics = stored.performance_metrics;
            saved.last_executed_at = stored.last_executed_at;
        }
        let stream = ("ai-agent", agent.agent_id.as_uuid(), agent.organization_id);
        store.agents.insert(agent.agent_id, saved);
        store.append(context, stream, events, self.0.clock.instant());
        store.keep(context, answer);
        Ok(Written::Done(expected.next()))
    }

    async fn remove(
        &self,
        context: &Context,
        id: AgentId,
        events: Vec<Value>,
        expected: Expected,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError> {
        const OPERATION: &str = "ai_agents.remove";
        self.0.faults.check(OPERATION)?;
        let mut store = self.0.store.borrow_mut();
        if let Some(answer) = store.replay(context, OPERATION)? {
            return Ok(Written::Replayed(answer));
        }
        let stored = store.agents.get(&id);
        if let Some(agent) = stored {
            store.guard_agent(&context.actor, agent, true, OPERATION)?;
        }
        compare(expected, stored.map(|agent| agent.revision), OPERATION)?;
        if store.running_tasks(id) > 0 {
            return Err(PortError::new(PortErrorKind::OtherStatus, OPERATION, ""));
        }
        let organization = store
            .agents
            .get(&id)
            .and_then(|agent| agent.organization_id);
        let stream = ("ai-agent", id.as_uuid(), organization);
        store.append(context, stream, events, self.0.clock.instant());
        store.agents.remove(&id);
        store.tasks.retain(|row| row.task.agent_id != id);
        store.keep(context, answer);
        Ok(Written::Done(()))
    }

    async fn impact(&self, actor: &Actor, id: AgentId) -> Result<Impact, PortError> {
        self.0.faults.check("ai_agents.impact")?;
        let store = self.0.store.borrow();
        let names = |model: &&domain::function_model::FunctionModel| {
            let seen = store.may_on_entity(
                actor,
                Act::View,
                (
                    FeatureType::FunctionModel,
                    EntityId::from_uuid(model.model_id.as_uuid()),
                ),
                None,
                actor.user_id,
            );
            let tethers = model.action_nodes.values();
            seen && tethers.into_iter().any(|action| {
                matches!(&action.kind, ActionKind::Tether(tether) if tether.agent_id == Some(id))
            })
        };
        let models: Vec<ModelId> = store
            .models
            .values()
            .filter(names)
            .map(|model| model.model_id)
            .collect();
        let machine = self.0.machine.borrow();
        let relying = machine.runs.values().map(|run| &run.execution);
        let relying =
            relying.filter(|run| !run.status.is_finished() && models.contains(&run.model_id));
        let executions = relying.map(|run| run.execution_id).collect();
        let waiting = |row: &&super::agent_tasks::TaskRow| {
            row.task.agent_id == id && row.task.status == AgentTaskStatus::Queued
        };
        let queued = store.tasks.iter().filter(waiting);
        Ok(Impact {
            executions,
            queued_tasks: queued.map(|row| row.task.task_id).collect(),
            models,
            alternatives: vec![],
        })
    }
}
