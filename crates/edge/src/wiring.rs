//! The live module: the ports over PostgREST and the built-in services, and what requests share.

use std::collections::HashMap;
use std::rc::Rc;

use adapters::config::{AgentSettings, Config};
use adapters::http::HttpClient;
use adapters::postgrest::{
    Client, Plans, PostgrestAgentTasks, PostgrestAggregates, PostgrestAiAgents, PostgrestAuditLogs,
    PostgrestContexts, PostgrestDescribedNodes, PostgrestEventFeed, PostgrestEventLog,
    PostgrestExecutions, PostgrestFunctionModels, PostgrestIdempotentAnswers,
    PostgrestKnowledgeContents, PostgrestModelVersions, PostgrestNodeLinks, PostgrestOrganizations,
    PostgrestSchedules, PostgrestSecrets, PostgrestWorkflows, Session,
};
use adapters::services::{BuiltInKnowledgeBase, BuiltInSpindle, ChatCompletions};
use adapters::token::{Identity, TokenError, Tokens};
use adapters::vault::AesVault;
use domain::upcast::UPCASTS;
use use_cases::background::{AgentWorker, Engine, EngineOptions, fire_schedules};
use use_cases::ports::{Clock as _, Ids as _, Ports, Worker};

use crate::call::{Document, Wiring};
use crate::cursor::CursorKey;
use crate::host::Host;
use crate::problem::Problem;
use crate::request::Request;

/// Names the variable that lets a request ask for a panic; see [`Wiring::panic_if_asked`].
const TEST_PANIC: &str = "FM_TEST_PANIC";

/// One module instance: everything its requests share.
pub(crate) struct Live {
    host: Host,
    shared: Shared,
    tokens: Tokens<Host>,
    service: Rc<LivePorts>,
    cursor_key: CursorKey,
    engine: Rc<Engine>,
    agent_worker: Rc<AgentWorker>,
    config: Config,
    test_panic: Option<String>,
}

/// What the ports of all callers have in common.
struct Shared {
    client: Rc<Client<Host, Host>>,
    plans: Rc<Plans>,
    http: Rc<HttpClient<Host, Host>>,
    agents: Option<AgentSettings>,
    vault: Rc<AesVault<Host>>,
}

impl Live {
    /// Wires the module for this environment.
    ///
    /// # Errors
    /// Names the variable that is missing or wrong.
    pub(crate) fn new(host: Host, environment: &HashMap<String, String>) -> Result<Self, String> {
        let config = Config::from_map(environment).map_err(|error| error.to_string())?;
        let allowed = config.allowed_hosts.clone();
        let shared = Shared {
            client: Rc::new(Client::new(host.clone(), host.clone(), &config)),
            plans: Rc::default(),
            http: Rc::new(HttpClient::new(host.clone(), host.clone(), allowed)),
            agents: config.agents.clone(),
            vault: Rc::new(AesVault::new(host.clone(), Rc::clone(&config.secret_keys))),
        };
        let session = Session::of_service(Rc::clone(&shared.client));
        let lease_token = host.new_id();
        let worker = Worker {
            lease_token,
            name: format!("edge {lease_token}"),
            held: None,
        };
        let concurrency = usize::try_from(config.worker_concurrency).unwrap_or(1);
        Ok(Self {
            service: Rc::new(LivePorts::new(&host, &session, &shared)),
            tokens: Tokens::new(host.clone(), &config),
            cursor_key: CursorKey::derive(&config.secret_key),
            agent_worker: Rc::new(AgentWorker::new(host.new_id(), concurrency)),
            engine: Rc::new(Engine::new(EngineOptions {
                worker,
                concurrency,
            })),
            test_panic: environment
                .get(TEST_PANIC)
                .filter(|word| !word.is_empty())
                .cloned(),
            host,
            shared,
            config,
        })
    }
}

impl Wiring for Live {
    type Ports = LivePorts;

    async fn identify(
        &self,
        apikey: Option<&str>,
        authorization: Option<&str>,
    ) -> Result<Identity, TokenError> {
        self.tokens
            .identify(apikey, authorization, self.host.now())
            .await
    }

    fn ports(&self, identity: &Identity) -> Result<Rc<LivePorts>, Problem> {
        let Some(token) = &identity.token else {
            return Ok(Rc::clone(&self.service));
        };
        let session = Session::of_user(Rc::clone(&self.shared.client), token)
            .map_err(|_| Problem::invalid_token("The access token is not valid."))?;
        Ok(Rc::new(LivePorts::new(&self.host, &session, &self.shared)))
    }

    async fn document(&self, document: Document) -> Result<String, String> {
        self.host.document(document).await
    }

    fn service_ports(&self) -> Rc<LivePorts> {
        Rc::clone(&self.service)
    }

    fn cursor_key(&self) -> &CursorKey {
        &self.cursor_key
    }

    fn engine(&self) -> &Engine {
        &self.engine
    }

    fn agent_worker(&self) -> &AgentWorker {
        &self.agent_worker
    }

    fn wake_agents(&self) {
        let (worker, ports) = (Rc::clone(&self.agent_worker), Rc::clone(&self.service));
        let seconds = self.config.worker_seconds;
        self.host.keep_running(async move {
            worker.run(&*ports, seconds).await;
        });
    }

    fn wake_schedules(&self) {
        let (engine, ports) = (Rc::clone(&self.engine), Rc::clone(&self.service));
        let (host, seconds) = (self.host.clone(), self.config.worker_seconds);
        self.host.keep_running(async move {
            match fire_schedules(&*ports).await {
                Ok(0) => {}
                Ok(_) => {
                    engine.run(&*ports, seconds).await;
                }
                Err(error) => host.log(&format!("schedules: {error}")),
            }
        });
    }

    fn wake_engine(&self) {
        let (engine, ports) = (Rc::clone(&self.engine), Rc::clone(&self.service));
        let seconds = self.config.worker_seconds;
        self.host.keep_running(async move {
            engine.run(&*ports, seconds).await;
        });
    }

    fn new_request_id(&self) -> String {
        self.host.new_id().to_string()
    }

    /// The module that is tested for surviving a panic is the one that is deployed: the variable
    /// is not set there, and without it no request can do this.
    fn panic_if_asked(&self, request: &Request) {
        let word = request.header("x-test-panic");
        #[expect(clippy::panic, reason = "tests of the shell need one")]
        if word.is_some() && word == self.test_panic.as_deref() {
            panic!("a test asked for this");
        }
    }

    fn log(&self, line: &str) {
        self.host.log(line);
    }

    fn milliseconds(&self) -> f64 {
        self.host.milliseconds()
    }
}

/// The ports of one caller.
pub(crate) struct LivePorts {
    function_models: PostgrestFunctionModels<Host, Host>,
    model_versions: PostgrestModelVersions<Host, Host>,
    node_links: PostgrestNodeLinks<Host, Host>,
    organizations: PostgrestOrganizations<Host, Host>,
    workflows: PostgrestWorkflows<Host, Host>,
    secrets: PostgrestSecrets<Host, Host>,
    vault: Rc<AesVault<Host>>,
    knowledge_contents: PostgrestKnowledgeContents<Host, Host>,
    executions: PostgrestExecutions<Host, Host>,
    schedules: PostgrestSchedules<Host, Host>,
    contexts: PostgrestContexts<Host, Host>,
    spindle: BuiltInSpindle<Host, Host, AesVault<Host>>,
    knowledge_base: BuiltInKnowledgeBase<Host, Host>,
    ai_agents: PostgrestAiAgents<Host, Host>,
    agent_tasks: PostgrestAgentTasks<Host, Host>,
    agent_service: ChatCompletions<Host, Host>,
    described_nodes: PostgrestDescribedNodes<Host, Host>,
    event_feed: PostgrestEventFeed<Host, Host>,
    event_log: PostgrestEventLog<Host, Host>,
    audit_logs: PostgrestAuditLogs<Host, Host>,
    aggregates: PostgrestAggregates<Host, Host>,
    idempotent_answers: PostgrestIdempotentAnswers<Host, Host>,
    host: Host,
}

impl LivePorts {
    fn new(host: &Host, session: &Session<Host, Host>, shared: &Shared) -> Self {
        let session = || session.clone();
        Self {
            function_models: PostgrestFunctionModels::new(session()),
            model_versions: PostgrestModelVersions::new(session()),
            node_links: PostgrestNodeLinks::new(session()),
            organizations: PostgrestOrganizations::new(session()),
            workflows: PostgrestWorkflows::new(session()),
            secrets: PostgrestSecrets::new(session()),
            vault: Rc::clone(&shared.vault),
            knowledge_contents: PostgrestKnowledgeContents::new(session()),
            executions: PostgrestExecutions::new(session(), Rc::clone(&shared.plans)),
            schedules: PostgrestSchedules::new(session()),
            contexts: PostgrestContexts::new(session()),
            spindle: BuiltInSpindle::new(
                session(),
                Rc::clone(&shared.http),
                Rc::clone(&shared.vault),
            ),
            knowledge_base: BuiltInKnowledgeBase::new(session()),
            ai_agents: PostgrestAiAgents::new(session()),
            agent_tasks: PostgrestAgentTasks::new(session()),
            agent_service: ChatCompletions::new(Rc::clone(&shared.http), shared.agents.clone()),
            described_nodes: PostgrestDescribedNodes::new(session()),
            event_feed: PostgrestEventFeed::new(session()),
            event_log: PostgrestEventLog::new(session(), UPCASTS),
            audit_logs: PostgrestAuditLogs::new(session()),
            aggregates: PostgrestAggregates::new(session()),
            idempotent_answers: PostgrestIdempotentAnswers::new(session()),
            host: host.clone(),
        }
    }
}

impl Ports for LivePorts {
    type FunctionModels = PostgrestFunctionModels<Host, Host>;
    type ModelVersions = PostgrestModelVersions<Host, Host>;
    type NodeLinks = PostgrestNodeLinks<Host, Host>;
    type Organizations = PostgrestOrganizations<Host, Host>;
    type Workflows = PostgrestWorkflows<Host, Host>;
    type Secrets = PostgrestSecrets<Host, Host>;
    type Vault = AesVault<Host>;
    type KnowledgeContents = PostgrestKnowledgeContents<Host, Host>;
    type Executions = PostgrestExecutions<Host, Host>;
    type Schedules = PostgrestSchedules<Host, Host>;
    type TimeZones = Host;
    type Contexts = PostgrestContexts<Host, Host>;
    type Spindle = BuiltInSpindle<Host, Host, AesVault<Host>>;
    type KnowledgeBase = BuiltInKnowledgeBase<Host, Host>;
    type AiAgents = PostgrestAiAgents<Host, Host>;
    type AgentTasks = PostgrestAgentTasks<Host, Host>;
    type AgentService = ChatCompletions<Host, Host>;
    type DescribedNodes = PostgrestDescribedNodes<Host, Host>;
    type EventFeed = PostgrestEventFeed<Host, Host>;
    type EventLog = PostgrestEventLog<Host, Host>;
    type AuditLogs = PostgrestAuditLogs<Host, Host>;
    type Aggregates = PostgrestAggregates<Host, Host>;
    type IdempotentAnswers = PostgrestIdempotentAnswers<Host, Host>;
    type Clock = Host;
    type Ids = Host;

    fn function_models(&self) -> &Self::FunctionModels {
        &self.function_models
    }
    fn model_versions(&self) -> &Self::ModelVersions {
        &self.model_versions
    }
    fn node_links(&self) -> &Self::NodeLinks {
        &self.node_links
    }
    fn organizations(&self) -> &Self::Organizations {
        &self.organizations
    }
    fn workflows(&self) -> &Self::Workflows {
        &self.workflows
    }
    fn secrets(&self) -> &Self::Secrets {
        &self.secrets
    }
    fn vault(&self) -> &Self::Vault {
        &self.vault
    }
    fn knowledge_contents(&self) -> &Self::KnowledgeContents {
        &self.knowledge_contents
    }
    fn executions(&self) -> &Self::Executions {
        &self.executions
    }
    fn schedules(&self) -> &Self::Schedules {
        &self.schedules
    }
    fn time_zones(&self) -> &Host {
        &self.host
    }
    fn contexts(&self) -> &Self::Contexts {
        &self.contexts
    }
    fn spindle(&self) -> &Self::Spindle {
        &self.spindle
    }
    fn knowledge_base(&self) -> &Self::KnowledgeBase {
        &self.knowledge_base
    }
    fn ai_agents(&self) -> &Self::AiAgents {
        &self.ai_agents
    }
    fn agent_tasks(&self) -> &Self::AgentTasks {
        &self.agent_tasks
    }
    fn agent_service(&self) -> &Self::AgentService {
        &self.agent_service
    }
    fn described_nodes(&self) -> &Self::DescribedNodes {
        &self.described_nodes
    }
    fn event_feed(&self) -> &Self::EventFeed {
        &self.event_feed
    }
    fn event_log(&self) -> &Self::EventLog {
        &self.event_log
    }
    fn audit_logs(&self) -> &Self::AuditLogs {
        &self.audit_logs
    }
    fn aggregates(&self) -> &Self::Aggregates {
        &self.aggregates
    }
    fn idempotent_answers(&self) -> &Self::IdempotentAnswers {
        &self.idempotent_answers
    }
    fn clock(&self) -> &Host {
        &self.host
    }
    fn ids(&self) -> &Host {
        &self.host
    }
}
