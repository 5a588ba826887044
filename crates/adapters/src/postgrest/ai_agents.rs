//! The agents.

use domain::ai_agent::Agent;
use domain::ai_agent::failure::Impact;
use domain::ids::AgentId;
use domain::json;
use serde_json::{Value, json};
use use_cases::context::{Actor, Context, StoredAnswer};
use use_cases::ports::{
    AgentFilter, AgentQuestion, AiAgents, Clock, Expected, FoundAgent, Page, PageRequest,
    PortError, Written,
};

use super::client::{Read, Session};
use super::query::Order;
use super::table::Table;
use crate::http::Transport;

const TABLE: Table<Agent> = Table::new(
    "ai_agents",
    &[
        "agent_id",
        "feature_type",
        "entity_id",
        "node_id",
        "organization_id",
        "name",
        "description",
        "instructions",
        "tools",
        "capabilities",
        "is_enabled",
        "performance_metrics",
        "last_executed_at",
        "created_by",
        "created_at",
        "updated_at",
        "revision",
    ],
);
const NEWEST_FIRST: Order = Order::newest_first("created_at", "agent_id");

/// [`AiAgents`] over PostgREST.
pub struct PostgrestAiAgents<H, C> {
    session: Session<H, C>,
}

impl<H: Transport, C: Clock> PostgrestAiAgents<H, C> {
    /// The agents of whoever each call names; lists are those of the session's caller.
    pub fn new(session: Session<H, C>) -> Self {
        Self { session }
    }

    async fn ask(
        &self,
        operation: &'static str,
        actor: &Actor,
        question: &AgentQuestion,
    ) -> Result<Vec<FoundAgent>, PortError> {
        let names = (operation, "read_ai_agents");
        let found = self.session.ask(names, actor, question).await?;
        Ok(found.unwrap_or_default())
    }
}

/// What the filter means for the table. Requirements are compared in small letters, as the
/// database keeps them.
fn narrowed(mut read: Read, filter: &AgentFilter) -> Read {
    if let Some(feature) = filter.feature_type {
        read = read.eq("feature_type", feature);
    }
    if let Some(entity) = filter.entity_id {
        read = read.eq("entity_id", entity);
    }
    if let Some(node) = filter.node_id {
        read = read.eq("node_id", node);
    }
    if let Some(capability) = &filter.capability {
        let trait_ = capability.trim().to_lowercase();
        read = match trait_.strip_prefix("minconcurrenttasks:") {
            // What is no number is met by nobody.
            Some(least) => read.gte("most_tasks", least.trim().parse().unwrap_or(i32::MAX)),
            None => read.contains_all("traits", &[trait_.replace(": ", ":")]),
        };
    }
    if let Some(tool) = &filter.tool {
        read = read.contains_all("traits", &[format!("tool:{}", tool.trim().to_lowercase())]);
    }
    if let Some(name) = &filter.name {
        read = read.eq("name", name);
    }
    if let Some(enabled) = filter.enabled {
        read = read.is("is_enabled", if enabled { "true" } else { "false" });
    }
    if let Some(least) = filter.min_success_rate {
        read = read.gte("success_rate", least);
    }
    if let Some(since) = filter.executed_since {
        read = read.gte("last_executed_at", since);
    }
    read
}

impl<H: Transport, C: Clock> AiAgents for PostgrestAiAgents<H, C> {
    async fn find(
        &self,
        actor: &Actor,
        agent_id: AgentId,
    ) -> Result<Option<FoundAgent>, PortError> {
        let question = AgentQuestion {
            agent_id: Some(agent_id),
            ..AgentQuestion::default()
        };
        Ok(self.ask("ai_agents.find", actor, &question).await?.pop())
    }

    async fn candidates(
        &self,
        actor: &Actor,
        question: &AgentQuestion,
    ) -> Result<Vec<FoundAgent>, PortError> {
        self.ask("ai_agents.candidates", actor, question).await
    }

    async fn list(
        &self,
        _context: &Context,
        filter: &AgentFilter,
        page: &PageRequest,
    ) -> Result<Page<Agent>, PortError> {
        let read = narrowed(TABLE.read(&self.session), filter);
        let rows = TABLE.page(&self.session, "ai_agents.list", read, NEWEST_FIRST, page);
        rows.await
    }

    async fn save(
        &self,
        context: &Context,
        agent: &Agent,
        events: Vec<Value>,
        expected: Expected,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<i64>, PortError> {
        let command = json!({
            "agentId": agent.agent_id,
            "expectedRevision": expected.number(),
            "agent": json::to_value(agent),
            "events": events,
        });
        let names = ("ai_agents.save", "save_ai_agent");
        self.session
            .save(names, context, answer.as_ref(), &command)
            .await
    }

    async fn remove(
        &self,
        context: &Context,
        agent_id: AgentId,
        events: Vec<Value>,
        expected: Expected,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError> {
        let command = json!({
            "agentId": agent_id,
            "expectedRevision": expected.number(),
            "remove": true,
            "events": events,
        });
        let names = ("ai_agents.remove", "save_ai_agent");
        self.session
            .remove(names, context, answer.as_ref(), &command)
            .await
    }

    async fn impact(&self, actor: &Actor, agent_id: AgentId) -> Result<Impact, PortError> {
        let names = ("ai_agents.impact", "read_agent_impact");
        let question = json!({"agentId": agent_id});
        let found = self.session.ask(names, actor, &question).await?;
        Ok(found.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use domain::instant::Instant;
    use domain::vocabulary::FeatureType;
    use futures::executor::block_on;

    use super::*;
    use crate::http::script::{Script, StillClock, answer};
    use crate::postgrest::script::{ID, WHEN, asked, body, context, kept, parameter, session};

    fn row() -> Value {
        json!({
            "agentId": ID, "featureType": "function-model", "entityId": ID, "nodeId": null,
            "organizationId": null, "name": "Clerk", "description": null, "instructions": "Work.",
            "tools": {"availableTools": ["search"]},
            "capabilities": {"canRead": true, "maxConcurrentTasks": 2, "supportedDataTypes": ["json"]},
            "isEnabled": true, "lastExecutedAt": null, "createdBy": ID,
            "performanceMetrics": {"executionCount": 1, "successCount": 1, "failureCount": 0,
                "averageExecutionTimeMs": 12.5},
            "createdAt": WHEN, "updatedAt": WHEN, "revision": 3,
        })
    }

    fn played(replies: &[Value]) -> (Script, StillClock) {
        let steps = replies.iter().map(|reply| answer(200, &reply.to_string()));
        (Script::of(steps), StillClock::default())
    }

    #[test]
    fn one_is_found_as_the_actor_sees_it() {
        let mut agent = row();
        agent
            .as_object_mut()
            .unwrap()
            .retain(|_, value| !value.is_null());
        let found = json!([{"agent": agent, "running": 1, "nodeWords": ["tax"],
            "mayExecute": true, "mayEdit": false}]);
        let (script, clock) = played(&[found, json!([])]);
        let all = PostgrestAiAgents::new(session(&script, &clock));
        let id = AgentId::parse(ID).unwrap();
        let actor = context().actor;
        let found = block_on(all.find(&actor, id)).unwrap().unwrap();
        assert_eq!(
            (found.running, found.may_execute, found.may_edit),
            (1, true, false)
        );
        assert_eq!(
            found.agent.performance_metrics.average_execution_time_ms,
            12.5
        );
        assert_eq!(block_on(all.find(&actor, id)), Ok(None));
        let sent = script.sent();
        assert_eq!(asked(&sent[0]).0, "rpc/read_ai_agents");
        assert_eq!(body(&sent[0])["command"], json!({"agentId": ID}));
        assert_eq!(body(&sent[0])["actor"], actor.claims);
    }

    #[test]
    fn every_filter_reaches_the_database() {
        let (script, clock) = played(&[json!([row()]), json!([])]);
        let all = PostgrestAiAgents::new(session(&script, &clock));
        let filter = AgentFilter {
            feature_type: Some(FeatureType::Spindle),
            entity_id: Some(domain::ids::EntityId::parse(ID).unwrap()),
            node_id: Some(domain::ids::EntityId::parse(ID).unwrap()),
            capability: Some("canRead".into()),
            tool: Some("Mail".into()),
            name: Some("Clerk".into()),
            enabled: Some(true),
            min_success_rate: Some(0.5),
            executed_since: Instant::parse(WHEN),
        };
        let page = PageRequest::default();
        let found = block_on(all.list(&context(), &filter, &page)).unwrap();
        assert_eq!(found.items[0].revision, 3);
        let sent = script.sent();
        for (name, value) in [
            ("feature_type", "eq.spindle"),
            ("name", "eq.Clerk"),
            ("is_enabled", "is.true"),
            ("success_rate", "gte.0.5"),
            ("order", "created_at.desc,agent_id.desc"),
        ] {
            assert_eq!(parameter(&sent[0], name).as_deref(), Some(value), "{name}");
        }
        let filter = AgentFilter {
            capability: Some("minConcurrentTasks:3".into()),
            ..AgentFilter::default()
        };
        block_on(all.list(&context(), &filter, &page)).unwrap();
        let sent = script.sent();
        assert_eq!(parameter(&sent[1], "most_tasks").as_deref(), Some("gte.3"));
    }

    #[test]
    fn writes_name_the_revision_and_carry_their_events() {
        let impact = json!({"models": [], "executions": [], "queuedTasks": [ID]});
        let (script, clock) = played(&[json!({"revision": 4}), json!({"revision": 5}), impact]);
        let all = PostgrestAiAgents::new(session(&script, &clock));
        let mut agent = row();
        agent
            .as_object_mut()
            .unwrap()
            .retain(|_, value| !value.is_null());
        let agent: Agent = json::from_value(agent).unwrap();
        let events = vec![json!({"eventType": "X"})];
        let expected = Expected::Revision(3);
        let saved = block_on(all.save(&context(), &agent, events, expected, kept()));
        assert_eq!(saved, Ok(Written::Done(4)));
        let removed = block_on(all.remove(&context(), agent.agent_id, vec![], expected, None));
        assert_eq!(removed, Ok(Written::Done(())));
        let impact = block_on(all.impact(&context().actor, agent.agent_id)).unwrap();
        assert_eq!(impact.queued_tasks.len(), 1);
        let sent = script.sent();
        let command = &body(&sent[0])["command"];
        assert_eq!(
            (&command["expectedRevision"], &command["agent"]["name"]),
            (&json!(3), &json!("Clerk"))
        );
        assert_eq!(command["events"][0]["eventType"], "X");
        assert_eq!(body(&sent[1])["command"]["remove"], true);
    }
}
