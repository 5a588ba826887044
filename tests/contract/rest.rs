//! The collections over PostgREST against a real database. What a check does not need lives in
//! memory.

use std::collections::HashMap;
use std::rc::Rc;

use adapters::config::Config;
use adapters::http::{
    HttpRequest, HttpResponse, Method, Transport, TransportError, TransportErrorKind,
};
use adapters::postgrest::{
    Client, Plans, PostgrestAgentTasks, PostgrestAggregates, PostgrestAiAgents, PostgrestAuditLogs,
    PostgrestContexts, PostgrestDescribedNodes, PostgrestEventFeed, PostgrestEventLog,
    PostgrestExecutions, PostgrestFunctionModels, PostgrestIdempotentAnswers,
    PostgrestKnowledgeContents, PostgrestModelVersions, PostgrestNodeLinks, PostgrestOrganizations,
    PostgrestSchedules, PostgrestSecrets, PostgrestWorkflows, Session,
};
use anyhow::Context as _;
use chrono::{DateTime, Utc};
use domain::ids::{ModelId, UserId};
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client as Hyper;
use hyper_util::rt::TokioExecutor;
use local_stack::Details;
use serde_json::{Value, json};
use tokio_postgres::types::ToSql;
use use_cases::context::{Actor, Context};
use use_cases::in_memory::{self, World};
use use_cases::ports::{self, Ports};
use uuid::Uuid;

use crate::home::Home;
use crate::migrations::{STEPS, Shape};

/// The world outside as the module's host gives it: requests, time, identifiers.
#[derive(Clone)]
pub(crate) struct Native(Hyper<hyper_util::client::legacy::connect::HttpConnector, Full<Bytes>>);

impl Native {
    fn new() -> Self {
        Self(Hyper::builder(TokioExecutor::new()).build_http())
    }
}

fn broken(error: impl std::fmt::Display) -> TransportError {
    TransportError {
        kind: TransportErrorKind::Network,
        message: error.to_string(),
    }
}

impl Transport for Native {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let mut built = Request::builder()
            .method(request.method.as_str())
            .uri(&request.url);
        for (name, value) in &request.headers {
            built = built.header(name, value);
        }
        let body = Full::new(Bytes::from(request.body.unwrap_or_default()));
        let built = built.body(body).map_err(broken)?;
        let response = self.0.request(built).await.map_err(broken)?;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.map_err(broken)?.to_bytes();
        let text = |value: &hyper::header::HeaderValue| {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        };
        let headers = parts.headers.iter();
        Ok(HttpResponse {
            status: parts.status.as_u16(),
            headers: headers
                .map(|(name, value)| (name.to_string(), text(value)))
                .collect(),
            body: String::from_utf8_lossy(&bytes).into_owned(),
        })
    }
}

impl ports::Clock for Native {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    async fn sleep(&self, milliseconds: u64) {
        tokio::time::sleep(std::time::Duration::from_millis(milliseconds)).await;
    }
}

impl ports::Ids for Native {
    fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }

    fn fraction(&self) -> f64 {
        0.5
    }
}

/// Two people of a running stack.
pub(crate) struct Rest {
    people: [(RestPorts, Context); 2],
    /// The superuser's connection, past every rule.
    database: tokio_postgres::Client,
}

impl Rest {
    /// Signs two people up.
    pub(crate) async fn new(details: &Details) -> anyhow::Result<Self> {
        let people = [sign_up(details).await?, sign_up(details).await?];
        let (database, connection) =
            tokio_postgres::connect(&details.admin_db_url, tokio_postgres::NoTls).await?;
        tokio::spawn(async move { connection.await.ok() });
        Ok(Self { people, database })
    }
}

impl Home for Rest {
    type Ports = RestPorts;

    fn ports(&self, person: usize) -> &RestPorts {
        &self.people[person].0
    }

    fn context(&self, person: usize) -> &Context {
        &self.people[person].1
    }

    async fn plant(&self, id: ModelId, event_type: &str, event_version: u32, data: Value) {
        let statement = "insert into public.domain_events \
            (aggregate_type, aggregate_id, aggregate_version, event_type, event_version, data) \
            select 'function-model', $1, max(aggregate_version) + 1, $2, $3, $4 \
            from public.domain_events where aggregate_id = $1";
        let version = i16::try_from(event_version).unwrap();
        let values: [&(dyn ToSql + Sync); 4] = [&id.as_uuid(), &event_type, &version, &data];
        self.database.execute(statement, &values).await.unwrap();
    }

    async fn stored(&self, id: ModelId) -> Vec<Shape> {
        let statement = "select event.position, event.event_version, event.data \
            from public.domain_events as event \
            where event.aggregate_id = $1 and event.aggregate_version > 1 order by event.position";
        self.shapes(statement, id).await
    }

    async fn newest(&self, id: ModelId) -> Vec<Shape> {
        // As docs/events.md says that it is read.
        let statement = "select position, coalesce(newest.event_version, event.event_version), \
            coalesce(newest.data, event.data) \
            from public.domain_events as event \
            left join private.upcast_events as newest using (position) \
            where event.aggregate_id = $1 and event.aggregate_version > 1 order by position";
        self.shapes(statement, id).await
    }
}

impl Rest {
    async fn shapes(&self, statement: &str, id: ModelId) -> Vec<Shape> {
        let rows = self.database.query(statement, &[&id.as_uuid()]).await;
        let rows = rows.unwrap().into_iter();
        rows.map(|row| {
            let version: i16 = row.get(1);
            (row.get(0), u32::try_from(version).unwrap(), row.get(2))
        })
        .collect()
    }
}

async fn sign_up(details: &Details) -> anyhow::Result<(RestPorts, Context)> {
    let native = Native::new();
    let email = format!("{}@example.org", Uuid::new_v4());
    let request = HttpRequest {
        method: Method::Post,
        url: format!("{}/auth/v1/signup", details.api_url),
        headers: vec![
            ("apikey".into(), details.publishable_key.clone()),
            ("content-type".into(), "application/json".into()),
        ],
        body: Some(json!({"email": email, "password": Uuid::new_v4()}).to_string()),
        timeout_ms: 10_000,
        max_body_bytes: Some(1024 * 1024),
    };
    let answer = native.send(request).await?;
    let answer: Value = serde_json::from_str(&answer.body)?;
    let token = answer["access_token"].as_str().context("no session")?;
    let user = answer["user"]["id"].as_str().context("no user")?;
    let user = UserId::from_uuid(Uuid::parse_str(user)?);
    let environment = [
        ("SUPABASE_URL", &details.api_url),
        ("SUPABASE_ANON_KEY", &details.publishable_key),
        ("SUPABASE_SERVICE_ROLE_KEY", &details.secret_key),
    ];
    let environment: HashMap<String, String> = environment
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .into();
    let config = Config::from_map(&environment).map_err(|error| anyhow::anyhow!("{error}"))?;
    let client = Rc::new(Client::new(native.clone(), native.clone(), &config));
    let session = Session::of_user(client, token)?;
    let ports = RestPorts::new(native, &session);
    Ok((ports, Context::new(Actor::user(user), "contract")))
}

/// The collections of one person.
pub(crate) struct RestPorts {
    native: Native,
    function_models: PostgrestFunctionModels<Native, Native>,
    model_versions: PostgrestModelVersions<Native, Native>,
    organizations: PostgrestOrganizations<Native, Native>,
    executions: PostgrestExecutions<Native, Native>,
    schedules: PostgrestSchedules<Native, Native>,
    contexts: PostgrestContexts<Native, Native>,
    idempotent_answers: PostgrestIdempotentAnswers<Native, Native>,
    node_links: PostgrestNodeLinks<Native, Native>,
    workflows: PostgrestWorkflows<Native, Native>,
    secrets: PostgrestSecrets<Native, Native>,
    knowledge_contents: PostgrestKnowledgeContents<Native, Native>,
    ai_agents: PostgrestAiAgents<Native, Native>,
    agent_tasks: PostgrestAgentTasks<Native, Native>,
    described_nodes: PostgrestDescribedNodes<Native, Native>,
    event_log: PostgrestEventLog<Native, Native>,
    audit_logs: PostgrestAuditLogs<Native, Native>,
    event_feed: PostgrestEventFeed<Native, Native>,
    aggregates: PostgrestAggregates<Native, Native>,
    /// What no check needs.
    rest: World,
}

impl RestPorts {
    fn new(native: Native, session: &Session<Native, Native>) -> Self {
        Self {
            native,
            function_models: PostgrestFunctionModels::new(session.clone()),
            model_versions: PostgrestModelVersions::new(session.clone()),
            organizations: PostgrestOrganizations::new(session.clone()),
            executions: PostgrestExecutions::new(session.clone(), Rc::<Plans>::default()),
            schedules: PostgrestSchedules::new(session.clone()),
            contexts: PostgrestContexts::new(session.clone()),
            idempotent_answers: PostgrestIdempotentAnswers::new(session.clone()),
            node_links: PostgrestNodeLinks::new(session.clone()),
            workflows: PostgrestWorkflows::new(session.clone()),
            secrets: PostgrestSecrets::new(session.clone()),
            knowledge_contents: PostgrestKnowledgeContents::new(session.clone()),
            ai_agents: PostgrestAiAgents::new(session.clone()),
            agent_tasks: PostgrestAgentTasks::new(session.clone()),
            described_nodes: PostgrestDescribedNodes::new(session.clone()),
            event_log: PostgrestEventLog::new(session.clone(), STEPS),
            audit_logs: PostgrestAuditLogs::new(session.clone()),
            event_feed: PostgrestEventFeed::new(session.clone()),
            aggregates: PostgrestAggregates::new(session.clone()),
            rest: World::new(),
        }
    }
}

macro_rules! collections {
    ($($method:ident $name:ident $type:ty, $of:expr;)+) => {
        impl Ports for RestPorts {
            $(type $name = $type;)+
            $(fn $method(&self) -> &Self::$name {
                let pick: fn(&Self) -> &Self::$name = $of;
                pick(self)
            })+
        }
    };
}

collections! {
    function_models FunctionModels PostgrestFunctionModels<Native, Native>, |p| &p.function_models;
    model_versions ModelVersions PostgrestModelVersions<Native, Native>, |p| &p.model_versions;
    organizations Organizations PostgrestOrganizations<Native, Native>, |p| &p.organizations;
    executions Executions PostgrestExecutions<Native, Native>, |p| &p.executions;
    schedules Schedules PostgrestSchedules<Native, Native>, |p| &p.schedules;
    time_zones TimeZones in_memory::TimeZones, |p| p.rest.time_zones();
    contexts Contexts PostgrestContexts<Native, Native>, |p| &p.contexts;
    idempotent_answers IdempotentAnswers PostgrestIdempotentAnswers<Native, Native>, |p| &p.idempotent_answers;
    clock Clock Native, |p| &p.native;
    ids Ids Native, |p| &p.native;
    node_links NodeLinks PostgrestNodeLinks<Native, Native>, |p| &p.node_links;
    workflows Workflows PostgrestWorkflows<Native, Native>, |p| &p.workflows;
    secrets Secrets PostgrestSecrets<Native, Native>, |p| &p.secrets;
    vault Vault in_memory::Vault, |p| p.rest.vault();
    knowledge_contents KnowledgeContents PostgrestKnowledgeContents<Native, Native>, |p| &p.knowledge_contents;
    spindle Spindle in_memory::Spindle, |p| p.rest.spindle();
    knowledge_base KnowledgeBase in_memory::KnowledgeBase, |p| p.rest.knowledge_base();
    ai_agents AiAgents PostgrestAiAgents<Native, Native>, |p| &p.ai_agents;
    agent_tasks AgentTasks PostgrestAgentTasks<Native, Native>, |p| &p.agent_tasks;
    agent_service AgentService in_memory::AgentService, |p| p.rest.agent_service();
    described_nodes DescribedNodes PostgrestDescribedNodes<Native, Native>, |p| &p.described_nodes;
    event_log EventLog PostgrestEventLog<Native, Native>, |p| &p.event_log;
    event_feed EventFeed PostgrestEventFeed<Native, Native>, |p| &p.event_feed;
    aggregates Aggregates PostgrestAggregates<Native, Native>, |p| &p.aggregates;
    audit_logs AuditLogs PostgrestAuditLogs<Native, Native>, |p| &p.audit_logs;
}
