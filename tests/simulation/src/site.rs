//! Where a process stands: its own clock and network, and the same world as everybody's.

use std::cell::Cell;
use std::rc::Rc;

use chrono::{DateTime, TimeDelta, Utc};
use use_cases::in_memory::World;
use use_cases::ports::{self, Ports};
use uuid::Uuid;

use crate::history::What;
use crate::network::Line;
use crate::remote::Services;
use crate::stage::Stage;

/// A clock that is wrong by some time.
pub(crate) struct Clock {
    stage: Rc<Stage>,
    /// Milliseconds ahead of the database's.
    ahead_ms: Cell<i64>,
}

impl Clock {
    /// Sets the clock, as if somebody had noticed how wrong it was.
    pub(crate) fn set_ahead(&self, milliseconds: i64) {
        self.ahead_ms.set(milliseconds);
    }
}

impl ports::Clock for Clock {
    fn now(&self) -> DateTime<Utc> {
        self.stage.world.clock().now() + TimeDelta::milliseconds(self.ahead_ms.get())
    }

    async fn sleep(&self, milliseconds: u64) {
        self.stage.world.clock().sleep(milliseconds).await;
    }
}

/// Identifiers and numbers by chance.
pub(crate) struct Ids(Rc<Stage>);

impl ports::Ids for Ids {
    fn new_id(&self) -> Uuid {
        self.0.new_id()
    }

    fn fraction(&self) -> f64 {
        self.0.chance.fraction()
    }
}

/// Everything one process may reach.
pub(crate) struct Site {
    stage: Rc<Stage>,
    line: Line,
    services: Services,
    pub(crate) clock: Clock,
    ids: Ids,
}

impl Site {
    /// A process whose clock is ahead by some milliseconds; with its lease when it is a worker.
    pub(crate) fn new(stage: &Rc<Stage>, worker: Option<Uuid>, ahead_ms: i64) -> Self {
        let own = || Rc::clone(stage);
        Self {
            line: Line {
                stage: own(),
                worker,
            },
            services: Services(own()),
            clock: Clock {
                stage: own(),
                ahead_ms: Cell::new(ahead_ms),
            },
            ids: Ids(own()),
            stage: own(),
        }
    }

    /// Writes down what happened.
    pub(crate) fn note(&self, what: What) {
        self.stage.note(what);
    }
}

impl Ports for Site {
    type FunctionModels = <World as Ports>::FunctionModels;
    type ModelVersions = <World as Ports>::ModelVersions;
    type Organizations = <World as Ports>::Organizations;
    type NodeLinks = <World as Ports>::NodeLinks;
    type Workflows = <World as Ports>::Workflows;
    type Secrets = <World as Ports>::Secrets;
    type Vault = <World as Ports>::Vault;
    type KnowledgeContents = <World as Ports>::KnowledgeContents;
    type Contexts = <World as Ports>::Contexts;
    type KnowledgeBase = <World as Ports>::KnowledgeBase;
    type AiAgents = <World as Ports>::AiAgents;
    type AgentTasks = <World as Ports>::AgentTasks;
    type AgentService = <World as Ports>::AgentService;
    type DescribedNodes = <World as Ports>::DescribedNodes;
    type EventLog = <World as Ports>::EventLog;
    type EventFeed = <World as Ports>::EventFeed;
    type AuditLogs = <World as Ports>::AuditLogs;
    type Aggregates = <World as Ports>::Aggregates;
    type IdempotentAnswers = <World as Ports>::IdempotentAnswers;
    type Schedules = <World as Ports>::Schedules;
    type TimeZones = <World as Ports>::TimeZones;
    type Executions = Line;
    type Spindle = Services;
    type Clock = Clock;
    type Ids = Ids;

    fn function_models(&self) -> &Self::FunctionModels {
        self.stage.world.function_models()
    }

    fn model_versions(&self) -> &Self::ModelVersions {
        self.stage.world.model_versions()
    }

    fn organizations(&self) -> &Self::Organizations {
        self.stage.world.organizations()
    }

    fn node_links(&self) -> &Self::NodeLinks {
        self.stage.world.node_links()
    }

    fn workflows(&self) -> &Self::Workflows {
        self.stage.world.workflows()
    }

    fn secrets(&self) -> &Self::Secrets {
        self.stage.world.secrets()
    }

    fn vault(&self) -> &Self::Vault {
        self.stage.world.vault()
    }

    fn knowledge_contents(&self) -> &Self::KnowledgeContents {
        self.stage.world.knowledge_contents()
    }

    fn contexts(&self) -> &Self::Contexts {
        self.stage.world.contexts()
    }

    fn knowledge_base(&self) -> &Self::KnowledgeBase {
        self.stage.world.knowledge_base()
    }

    fn ai_agents(&self) -> &Self::AiAgents {
        self.stage.world.ai_agents()
    }

    fn agent_tasks(&self) -> &Self::AgentTasks {
        self.stage.world.agent_tasks()
    }

    fn agent_service(&self) -> &Self::AgentService {
        self.stage.world.agent_service()
    }

    fn described_nodes(&self) -> &Self::DescribedNodes {
        self.stage.world.described_nodes()
    }

    fn event_log(&self) -> &Self::EventLog {
        self.stage.world.event_log()
    }

    fn event_feed(&self) -> &Self::EventFeed {
        self.stage.world.event_feed()
    }

    fn audit_logs(&self) -> &Self::AuditLogs {
        self.stage.world.audit_logs()
    }

    fn aggregates(&self) -> &Self::Aggregates {
        self.stage.world.aggregates()
    }

    fn idempotent_answers(&self) -> &Self::IdempotentAnswers {
        self.stage.world.idempotent_answers()
    }

    fn schedules(&self) -> &Self::Schedules {
        self.stage.world.schedules()
    }

    fn time_zones(&self) -> &Self::TimeZones {
        self.stage.world.time_zones()
    }

    fn executions(&self) -> &Line {
        &self.line
    }

    fn spindle(&self) -> &Services {
        &self.services
    }

    fn clock(&self) -> &Clock {
        &self.clock
    }

    fn ids(&self) -> &Ids {
        &self.ids
    }
}
