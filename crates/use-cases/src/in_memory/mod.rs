//! A world in memory: a twin of every port, with a clock and identifiers that a test controls.
//!
//! `machine`, `exchange`, `claiming`, `control` and `record` are the rules of a run as the database
//! keeps them, `transaction` is how calls that overlap keep out of each other's way; `store` has the rest of what the database guards. `faults` lets calls fail on order.

mod agent_service;
mod agent_tasks;
mod aggregates;
mod ai_agents;
mod audit_logs;
mod changes;
mod claiming;
mod clock;
mod contexts;
mod control;
mod described_nodes;
mod event_feed;
mod event_log;
mod exchange;
mod executions;
mod faults;
mod function_models;
mod idempotent_answers;
mod ids;
mod knowledge_base;
mod knowledge_contents;
#[cfg(test)]
mod looking;
mod machine;
mod model_versions;
mod node_links;
mod organizations;
mod page;
mod record;
mod relations;
#[cfg(test)]
mod scenarios;
mod schedules;
mod secrets;
mod spindle;
mod store;
mod transaction;
mod workflows;

use std::cell::RefMut;
use std::rc::Rc;

use domain::ids::{OrganizationId, SecretId, UserId};
use domain::organization::OrganizationRole;

pub use self::agent_service::AgentService;
pub use self::agent_tasks::AgentTasks;
pub use self::aggregates::Aggregates;
pub use self::ai_agents::AiAgents;
pub use self::audit_logs::AuditLogs;
pub use self::changes::{Change, Interference, Mutant, Report};
pub use self::clock::Clock;
pub use self::contexts::Contexts;
pub use self::described_nodes::DescribedNodes;
pub use self::event_feed::EventFeed;
pub use self::event_log::EventLog;
pub use self::executions::Executions;
pub use self::faults::Faults;
pub use self::function_models::FunctionModels;
pub use self::idempotent_answers::IdempotentAnswers;
pub use self::ids::{Ids, nth_id};
pub use self::knowledge_base::KnowledgeBase;
pub use self::knowledge_contents::KnowledgeContents;
pub use self::model_versions::ModelVersions;
pub use self::node_links::NodeLinks;
pub use self::organizations::Organizations;
pub use self::schedules::{Schedules, TimeZones};
pub use self::secrets::{Secrets, Vault};
pub use self::spindle::{RecordedCall, Spindle};
use self::store::Shared;
pub use self::workflows::Workflows;
use crate::ports::Ports;

/// Everything a use case may reach, in memory.
#[derive(Debug)]
pub struct World {
    shared: Rc<Shared>,
    function_models: FunctionModels,
    model_versions: ModelVersions,
    organizations: Organizations,
    node_links: NodeLinks,
    workflows: Workflows,
    secrets: Secrets,
    vault: Vault,
    knowledge_contents: KnowledgeContents,
    executions: Executions,
    schedules: Schedules,
    contexts: Contexts,
    spindle: Spindle,
    knowledge_base: KnowledgeBase,
    ai_agents: AiAgents,
    agent_tasks: AgentTasks,
    agent_service: AgentService,
    described_nodes: DescribedNodes,
    event_feed: EventFeed,
    event_log: EventLog,
    audit_logs: AuditLogs,
    aggregates: Aggregates,
    idempotent_answers: IdempotentAnswers,
    ids: Ids,
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// An empty world.
    pub fn new() -> Self {
        let shared = Rc::<Shared>::default();
        let own = || Rc::clone(&shared);
        Self {
            function_models: FunctionModels(own()),
            model_versions: ModelVersions(own()),
            organizations: Organizations(own()),
            node_links: NodeLinks(own()),
            workflows: Workflows(own()),
            secrets: Secrets(own()),
            vault: Vault::new(&["k1"]),
            knowledge_contents: KnowledgeContents(own()),
            executions: Executions(own()),
            schedules: Schedules(own()),
            contexts: Contexts(own()),
            spindle: Spindle {
                shared: own(),
                replies: Default::default(),
                calls: Default::default(),
            },
            knowledge_base: KnowledgeBase(own()),
            ai_agents: AiAgents(own()),
            agent_tasks: AgentTasks(own()),
            agent_service: AgentService {
                shared: own(),
                replies: Default::default(),
                turns: Default::default(),
            },
            described_nodes: DescribedNodes(own()),
            event_feed: EventFeed::default(),
            event_log: EventLog(own()),
            audit_logs: AuditLogs(own()),
            aggregates: Aggregates(own()),
            idempotent_answers: IdempotentAnswers(own()),
            ids: Ids::default(),
            shared,
        }
    }

    /// The keys of the vault, the present one first.
    pub fn keys(&self) -> RefMut<'_, Vec<String>> {
        self.vault.keys()
    }

    /// The encrypted value of a secret.
    pub fn sealed_value(&self, id: SecretId) -> Option<String> {
        self.secrets.sealed(id)
    }

    /// Lets somebody stand between the statements of transactions, and hear of commits.
    pub fn disturb(&self, interference: Rc<dyn Interference>) {
        self.shared.interference.replace(Some(interference));
    }

    /// Plants a fault in what keeps the runs.
    pub fn plant(&self, mutant: Mutant) {
        self.shared.machine.borrow_mut().mutant = Some(mutant);
    }

    /// Failures on order.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// Makes somebody a member of an organization.
    pub fn add_member(
        &self,
        organization_id: OrganizationId,
        user_id: UserId,
        role: OrganizationRole,
    ) {
        let mut store = self.shared.store.borrow_mut();
        store.members.insert((organization_id, user_id), role);
    }
}

impl Ports for World {
    type FunctionModels = FunctionModels;
    type ModelVersions = ModelVersions;
    type Organizations = Organizations;
    type NodeLinks = NodeLinks;
    type Workflows = Workflows;
    type Secrets = Secrets;
    type Vault = Vault;
    type KnowledgeContents = KnowledgeContents;
    type Executions = Executions;
    type Schedules = Schedules;
    type TimeZones = TimeZones;
    type Contexts = Contexts;
    type Spindle = Spindle;
    type KnowledgeBase = KnowledgeBase;
    type AiAgents = AiAgents;
    type AgentTasks = AgentTasks;
    type AgentService = AgentService;
    type DescribedNodes = DescribedNodes;
    type EventLog = EventLog;
    type EventFeed = EventFeed;
    type AuditLogs = AuditLogs;
    type Aggregates = Aggregates;
    type IdempotentAnswers = IdempotentAnswers;
    type Clock = Clock;
    type Ids = Ids;

    fn function_models(&self) -> &FunctionModels {
        &self.function_models
    }

    fn model_versions(&self) -> &ModelVersions {
        &self.model_versions
    }

    fn organizations(&self) -> &Organizations {
        &self.organizations
    }

    fn node_links(&self) -> &NodeLinks {
        &self.node_links
    }

    fn workflows(&self) -> &Workflows {
        &self.workflows
    }

    fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    fn vault(&self) -> &Vault {
        &self.vault
    }

    fn knowledge_contents(&self) -> &KnowledgeContents {
        &self.knowledge_contents
    }

    fn executions(&self) -> &Executions {
        &self.executions
    }

    fn schedules(&self) -> &Schedules {
        &self.schedules
    }

    fn time_zones(&self) -> &TimeZones {
        &TimeZones
    }

    fn contexts(&self) -> &Contexts {
        &self.contexts
    }

    fn spindle(&self) -> &Spindle {
        &self.spindle
    }

    fn knowledge_base(&self) -> &KnowledgeBase {
        &self.knowledge_base
    }

    fn ai_agents(&self) -> &AiAgents {
        &self.ai_agents
    }

    fn agent_tasks(&self) -> &AgentTasks {
        &self.agent_tasks
    }

    fn agent_service(&self) -> &AgentService {
        &self.agent_service
    }

    fn described_nodes(&self) -> &DescribedNodes {
        &self.described_nodes
    }

    fn event_feed(&self) -> &EventFeed {
        &self.event_feed
    }
    fn event_log(&self) -> &EventLog {
        &self.event_log
    }

    fn audit_logs(&self) -> &AuditLogs {
        &self.audit_logs
    }

    fn aggregates(&self) -> &Aggregates {
        &self.aggregates
    }
    fn idempotent_answers(&self) -> &IdempotentAnswers {
        &self.idempotent_answers
    }

    fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    fn ids(&self) -> &Ids {
        &self.ids
    }
}
