//! AI agents: configuring them, finding them, and what is done when one fails.

use domain::ai_agent::failure::{AgentRecovery, HandleAgentFailure};
use domain::ai_agent::matching::DiscoverAgents;
use domain::ai_agent::search::SearchAgents;
use domain::ai_agent::task::CheckCapacity;
use domain::ai_agent::{Agent, ChangeAgent, RegisterAgent};
use domain::ids::{AgentId, EntityId};
use domain::instant::Instant;
use domain::vocabulary::FeatureType;
use use_cases::ports::AgentFilter;
use use_cases::{Saved, ai_agent, recovery};

use crate::call::{Answer, Call, Wiring, id};
use crate::problem::Success;
use crate::query::PAGE;
use crate::response::Response;

/// The parameters of the list, besides those of pages.
const FILTERS: [&str; 9] = [
    "feature",
    "entityId",
    "nodeId",
    "capability",
    "tool",
    "name",
    "enabled",
    "minSuccessRate",
    "executedSince",
];

pub(super) fn agent_id(text: &str) -> Result<AgentId, crate::problem::Problem> {
    id("agentId", text, AgentId::parse)
}

fn saved_agent(saved: &Saved<Agent>) -> Response {
    Response::json(Success::Ok, &saved.value).with_revision(saved.revision)
}

pub(crate) async fn register<W: Wiring>(call: &Call<'_, W>) -> Answer {
    let command: RegisterAgent = call.body()?;
    let render = |saved: &Saved<Agent>| {
        Response::json(Success::Created, &saved.value)
            .with_revision(saved.revision)
            .with_location(&format!("/ai-agents/{}", saved.value.agent_id))
    };
    let keep = |saved: &Saved<Agent>| render(saved).to_stored();
    let saved = ai_agent::register(call.ports(), &call.context, &command, keep).await?;
    Ok(render(&saved))
}

pub(crate) async fn list<W: Wiring>(call: &Call<'_, W>) -> Answer {
    let query = call.query(&[&PAGE, &FILTERS])?;
    let page = call.page(&query, 20)?;
    let text = |name| query.text(name).map(str::to_owned);
    let filter = AgentFilter {
        feature_type: query.value::<FeatureType>("feature")?,
        entity_id: query.id("entityId", EntityId::parse)?,
        node_id: query.id("nodeId", EntityId::parse)?,
        capability: text("capability"),
        tool: text("tool"),
        name: text("name"),
        enabled: match query.text("enabled") {
            None => None,
            Some(_) => Some(query.flag("enabled")?),
        },
        min_success_rate: query.fraction("minSuccessRate")?,
        executed_since: query.value::<Instant>("executedSince")?,
    };
    let found = ai_agent::list(call.ports(), &call.context, &filter, &page).await?;
    Ok(call.list(&query, &found))
}

pub(crate) async fn read<W: Wiring>(call: &Call<'_, W>, agent: &str) -> Answer {
    let query = call.query(&[&["fields"]])?;
    let found = ai_agent::read(call.ports(), &call.context, agent_id(agent)?).await?;
    Ok(call.one(&query, &found).with_revision(found.revision))
}

pub(crate) async fn change<W: Wiring>(call: &Call<'_, W>, agent: &str) -> Answer {
    let agent_id = agent_id(agent)?;
    let command: ChangeAgent = call.body()?;
    let keep = |saved: &Saved<Agent>| saved_agent(saved).to_stored();
    let saved = ai_agent::change(call.ports(), &call.context, agent_id, &command, keep).await?;
    Ok(saved_agent(&saved))
}

pub(crate) async fn switch<W: Wiring>(call: &Call<'_, W>, agent: &str, enabled: bool) -> Answer {
    let agent_id = agent_id(agent)?;
    let keep = |saved: &Saved<Agent>| saved_agent(saved).to_stored();
    let saved = ai_agent::switch(call.ports(), &call.context, agent_id, enabled, keep).await?;
    Ok(saved_agent(&saved))
}

pub(crate) async fn remove<W: Wiring>(call: &Call<'_, W>, agent: &str) -> Answer {
    let agent_id = agent_id(agent)?;
    let keep = |_: &Saved<()>| Response::empty(Success::NoContent).to_stored();
    ai_agent::remove(call.ports(), &call.context, agent_id, keep).await?;
    Ok(Response::empty(Success::NoContent))
}

pub(crate) async fn performance<W: Wiring>(call: &Call<'_, W>, agent: &str) -> Answer {
    let query = call.query(&[&["fields"]])?;
    let told = ai_agent::performance(call.ports(), &call.context, agent_id(agent)?).await?;
    Ok(call.one(&query, &told))
}

pub(crate) async fn discover<W: Wiring>(call: &Call<'_, W>) -> Answer {
    let command: DiscoverAgents = call.body()?;
    let found = ai_agent::discover(call.ports(), &call.context, &command).await?;
    Ok(Response::json(Success::Ok, &found))
}

pub(crate) async fn search<W: Wiring>(call: &Call<'_, W>) -> Answer {
    let command: SearchAgents = call.body()?;
    let found = ai_agent::search(call.ports(), &call.context, &command).await?;
    Ok(Response::json(Success::Ok, &found))
}

pub(crate) async fn check_capacity<W: Wiring>(call: &Call<'_, W>, agent: &str) -> Answer {
    let agent_id = agent_id(agent)?;
    let command: CheckCapacity = call.body()?;
    let told = ai_agent::check_capacity(call.ports(), &call.context, agent_id, &command).await?;
    Ok(Response::json(Success::Ok, &told))
}

pub(crate) async fn handle_failure<W: Wiring>(call: &Call<'_, W>, agent: &str) -> Answer {
    let agent_id = agent_id(agent)?;
    let command: HandleAgentFailure = call.body()?;
    let render = |saved: &Saved<AgentRecovery>| Response::json(Success::Ok, &saved.value);
    let keep = |saved: &Saved<AgentRecovery>| render(saved).to_stored();
    let (ports, context) = (call.ports(), &call.context);
    let saved = recovery::handle_agent_failure(ports, context, agent_id, &command, keep).await?;
    call.wiring.wake_agents();
    Ok(render(&saved))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{BOB, NOTHING, Stage};

    fn body(stage: &Stage, name: &str) -> Value {
        let model = stage.model(name);
        json!({
            "featureType": "function-model",
            "entityId": model.rsplit('/').next().unwrap(),
            "name": "Clerk",
            "instructions": "Check invoices.",
            "tools": {"availableTools": ["knowledge-base-search"]},
            "capabilities": {"canExecute": true, "maxConcurrentTasks": 2, "supportedDataTypes": ["json"]},
        })
    }

    fn registered(stage: &Stage) -> String {
        let agent = stage.post("/ai-agents", body(stage, "Served model"));
        let agent = agent.ok(201)["agentId"].as_str().unwrap().to_owned();
        format!("/ai-agents/{agent}")
    }

    #[test]
    fn an_agent_is_registered_read_changed_and_removed() {
        let stage = Stage::new();
        let path = registered(&stage);
        assert_eq!(stage.get(&path).header("etag"), Some("\"1\""));
        let changed = stage.patch(&path, json!({"description": "New"})).ok(200);
        assert_eq!(changed["description"], "New");
        let off = stage.post(&format!("{path}/disable"), json!({})).ok(200);
        assert_eq!(off["isEnabled"], false);
        stage
            .post(&format!("{path}/disable"), json!({}))
            .refused(422, "AGENT_ALREADY_DISABLED");
        stage.post(&format!("{path}/enable"), json!({})).ok(200);
        stage
            .post(&format!("{path}/enable"), json!({}))
            .refused(422, "AGENT_ALREADY_ENABLED");
        let told = stage.get(&format!("{path}/performance")).ok(200);
        assert_eq!(told["executionCount"], 0);
        stage
            .patch(&path, json!({}))
            .refused(422, "NOTHING_TO_CHANGE");
        stage.delete(&path).ok(204);
        stage.get(&path).refused(404, "AGENT_NOT_FOUND");
    }

    #[test]
    fn agents_are_listed_matched_and_searched() {
        let stage = Stage::new();
        let path = registered(&stage);
        let count = |query: &str| {
            let listed = stage.get(&format!("/ai-agents?fields=name{query}")).ok(200);
            listed["items"].as_array().unwrap().len()
        };
        assert_eq!(count(""), 1);
        assert_eq!(
            count("&enabled=true&capability=canExecute&minSuccessRate=0"),
            1
        );
        assert_eq!(count("&tool=fax"), 0);
        stage
            .get("/ai-agents?enabled=perhaps")
            .refused(400, "INVALID_REQUEST");
        stage
            .get("/ai-agents?minSuccessRate=2")
            .refused(400, "INVALID_REQUEST");
        let ask = json!({"requiredCapabilities": ["canExecute"]});
        let found = stage.post("/ai-agents/match", ask).ok(200);
        assert_eq!(found["items"][0]["score"], 1.0);
        stage
            .post("/ai-agents/match", json!({"requiredCapabilities": []}))
            .refused(422, "CRITERIA_INVALID");
        let found = stage
            .post("/ai-agents/search", json!({"query": "find invoices"}))
            .ok(200);
        assert_eq!(found["queryAnalysis"]["intent"], "search");
        stage
            .post("/ai-agents/search", json!({"query": "ab"}))
            .refused(422, "SEARCH_QUERY_INVALID");
        let asked = json!({"requestedTasks": 3});
        let told = stage.post(&format!("{path}/capacity-check"), asked).ok(200);
        assert_eq!(told["decision"], "throttle");
    }

    #[test]
    fn registration_is_refused_as_the_table_says() {
        let stage = Stage::new();
        let mut good = body(&stage, "Served model");
        let by_bob = stage.ask("POST", "/ai-agents").by(BOB).json(good.clone());
        by_bob.send().refused(404, "FUNCTION_MODEL_NOT_FOUND");
        stage.post("/ai-agents", good.clone()).ok(201);
        stage
            .post("/ai-agents", good.clone())
            .refused(409, "AGENT_NAME_TAKEN");
        good["entityId"] = json!(NOTHING);
        stage
            .post("/ai-agents", good.clone())
            .refused(404, "FUNCTION_MODEL_NOT_FOUND");
        good["unknown"] = json!(1);
        stage
            .post("/ai-agents", good)
            .refused(400, "INVALID_REQUEST");
    }

    #[test]
    fn failures_are_handled() {
        let stage = Stage::new();
        let path = format!("{}/failures", registered(&stage));
        let told = stage.post(&path, json!({"reason": "timeout"})).ok(200);
        assert_eq!(told["finalStatus"], "retrying");
        let told = stage.post(&path, json!({"reason": "it broke"})).ok(200);
        assert_eq!(told["actionTaken"], "disable");
        assert!(told["impact"]["models"].is_array());
        stage
            .post(&path, json!({"reason": " "}))
            .refused(422, "REASON_INVALID");
        stage
            .post(&path, json!({"reason": "x", "recoveryAction": "pray"}))
            .refused(400, "INVALID_REQUEST");
    }
}
