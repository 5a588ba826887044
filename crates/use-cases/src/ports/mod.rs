//! What use cases need from the outside: one trait per collection or role, each with two homes,
//! the live adapter and its twin in `in_memory`.
//!
//! Looking up answers `Ok(None)` for what is missing or hidden; lists take a filter and a page.
//! Every write carries its events, and the answer to keep when the request has an idempotency key.
//! Futures need not be `Send`: one instance of the module is one thread.

mod agent_service;
mod agent_tasks;
mod aggregates;
mod ai_agents;
mod audit_logs;
mod clock;
mod contexts;
mod described_nodes;
mod error;
mod event_feed;
mod event_log;
mod exchange;
mod executions;
mod function_models;
mod idempotency;
mod ids;
mod knowledge_base;
mod knowledge_contents;
mod model_versions;
mod node_links;
mod organizations;
mod page;
mod schedules;
mod secrets;
mod service_error;
mod spindle;
mod workflows;
mod write;

pub use agent_service::{AgentService, Message, Reply, ToolCall, Turn};
pub use agent_tasks::{
    Advance, AgentTask, AgentTasks, Coordination, EndedStage, NewAgentTask, NewCoordination,
    NewPart, StartedTask, TaskClaim, TaskExchange, TaskReport, TaskWorker,
};
pub use aggregates::{Aggregates, Rebuild, StoredAggregate};
pub use ai_agents::{AgentFilter, AgentQuestion, AiAgents, FoundAgent};
pub use audit_logs::{AuditEntry, AuditFilter, AuditLogs, AuditOperation, RowState, SealedRows};
pub use clock::Clock;
pub use contexts::{ContextSave, Contexts, TreeId};
pub use described_nodes::{DescribedNodes, NodeFilter, NodeQuestion};
pub use error::{PortError, PortErrorKind};
pub use event_feed::{EventFeed, FeedCall};
pub use event_log::{BatchStored, EventData, EventFilter, EventLog, OldEvents, StoredEvent};
pub use exchange::{
    ChildResult, Claim, ClaimKey, Exchange, ExecutionError, FinishedExecution, LogLevel, LogLine,
    NewExecution, Outcome, OutcomeKind, Started, StartedExecution, Step, StepOptions, StepResult,
    StepStatus, Worker,
};
pub use executions::{
    ActionRun, Control, Execution, Executions, LogFilter, Orchestrate, ReportedFailure, Retry,
    StepState, StoredLogLine,
};
pub use function_models::{
    DeletedFilter, Extent, FoundByWords, FoundModel, FunctionModels, Highlights, JointSave,
    MissingModel, ModelFilter, ModelRelations, ModelSave, ModelSort, NestedModel, VersionRef,
};
pub use idempotency::IdempotentAnswers;
pub use ids::Ids;
pub use knowledge_base::{Document, KnowledgeBase};
pub use knowledge_contents::{KnowledgeContent, KnowledgeContents};
pub use model_versions::{ModelVersion, ModelVersions, NewVersion, PublishedVersion};
pub use node_links::{
    FoundEnd, LinkChange, LinkEdges, LinkEnd, LinkFilter, LinkHistory, LinkProspects, LinkRemoval,
    NodeLinks,
};
pub use organizations::{
    Acceptance, FoundInvitation, FoundMember, MemberChange, NewOrganization, Organization,
    Organizations,
};
pub use page::{Bookmark, Page, PageRequest, SortOrder};
pub use schedules::{DueSchedule, Schedules, SettledTime, TimeZones};
pub use secrets::{SealedSecret, Secrets, Vault};
pub use service_error::{ServiceError, ServiceFailure};
pub use spindle::{Spindle, WorkflowCall};
pub use workflows::{Workflow, Workflows};
pub use write::{Expected, Written};

/// Why an action failed.
pub use domain::workflow::retry::ActionError;

/// Everything a use case may reach, in one bundle.
pub trait Ports {
    /// The models.
    type FunctionModels: FunctionModels;
    /// Their snapshots.
    type ModelVersions: ModelVersions;
    /// Organizations and memberships.
    type Organizations: Organizations;
    /// Links between things.
    type NodeLinks: NodeLinks;
    /// Tasks of the built-in workflow service.
    type Workflows: Workflows;
    /// Secrets that calls carry.
    type Secrets: Secrets;
    /// Encrypts them.
    type Vault: Vault;
    /// Documents of the built-in knowledge base.
    type KnowledgeContents: KnowledgeContents;
    /// The runs.
    type Executions: Executions;
    /// What starts runs at times.
    type Schedules: Schedules;
    /// What wall clocks show.
    type TimeZones: TimeZones;
    /// What nodes share.
    type Contexts: Contexts;
    /// The workflow service, built in or remote.
    type Spindle: Spindle;
    /// The documentation service, built in or remote.
    type KnowledgeBase: KnowledgeBase;
    /// The agents.
    type AiAgents: AiAgents;
    /// What agents are asked to do.
    type AgentTasks: AgentTasks;
    /// The service behind the agents.
    type AgentService: AgentService;
    /// Search data about nodes.
    type DescribedNodes: DescribedNodes;
    /// What has happened.
    type EventLog: EventLog;
    /// Who follows it.
    type EventFeed: EventFeed;
    /// Who changed what.
    type AuditLogs: AuditLogs;
    /// Rows and events of whole aggregates.
    type Aggregates: Aggregates;
    /// Answers kept for repetitions.
    type IdempotentAnswers: IdempotentAnswers;
    /// The time.
    type Clock: Clock;
    /// New identifiers.
    type Ids: Ids;

    /// The models.
    fn function_models(&self) -> &Self::FunctionModels;
    /// Their snapshots.
    fn model_versions(&self) -> &Self::ModelVersions;
    /// Organizations and memberships.
    fn organizations(&self) -> &Self::Organizations;
    /// Links between things.
    fn node_links(&self) -> &Self::NodeLinks;
    /// Tasks of the built-in workflow service.
    fn workflows(&self) -> &Self::Workflows;
    /// Secrets that calls carry.
    fn secrets(&self) -> &Self::Secrets;
    /// Encrypts them.
    fn vault(&self) -> &Self::Vault;
    /// Documents of the built-in knowledge base.
    fn knowledge_contents(&self) -> &Self::KnowledgeContents;
    /// The runs.
    fn executions(&self) -> &Self::Executions;
    /// What starts runs at times.
    fn schedules(&self) -> &Self::Schedules;
    /// What wall clocks show.
    fn time_zones(&self) -> &Self::TimeZones;
    /// What nodes share.
    fn contexts(&self) -> &Self::Contexts;
    /// The workflow service.
    fn spindle(&self) -> &Self::Spindle;
    /// The documentation service.
    fn knowledge_base(&self) -> &Self::KnowledgeBase;
    /// The agents.
    fn ai_agents(&self) -> &Self::AiAgents;
    /// What agents are asked to do.
    fn agent_tasks(&self) -> &Self::AgentTasks;
    /// The service behind the agents.
    fn agent_service(&self) -> &Self::AgentService;
    /// Search data about nodes.
    fn described_nodes(&self) -> &Self::DescribedNodes;
    /// What has happened.
    fn event_log(&self) -> &Self::EventLog;
    /// Who follows it.
    fn event_feed(&self) -> &Self::EventFeed;
    /// Who changed what.
    fn audit_logs(&self) -> &Self::AuditLogs;
    /// Rows and events of whole aggregates.
    fn aggregates(&self) -> &Self::Aggregates;
    /// Answers kept for repetitions.
    fn idempotent_answers(&self) -> &Self::IdempotentAnswers;
    /// The time.
    fn clock(&self) -> &Self::Clock;
    /// New identifiers.
    fn ids(&self) -> &Self::Ids;
}
