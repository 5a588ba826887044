//! What the events of an agent make. What it has done so far, and the settings of its tools, are
//! not among it: events tell neither.

use serde_json::{Map, Value, json};

use super::{Recorded, Rows, Saves, columns, first, one, unreadable};
use crate::ai_agent::events::REPORTED;
use crate::error::DomainError;

/// Events about what an agent does.
const DEEDS: [&str; 3] = [
    "AIAgentExecutionStarted",
    "AIAgentExecutionCompleted",
    "AIAgentExecutionFailed",
];

pub(super) fn replay(events: &[Recorded]) -> Result<Option<Rows>, DomainError> {
    let mut row: Option<Map<String, Value>> = None;
    let mut saves = Saves::default();
    for event in events {
        let name = event.event_type.as_str();
        // A failure that a person reports is a save of the agent; one of a task is not.
        let code = event.data.pointer("/error/code").and_then(Value::as_str);
        let reported = code == Some(REPORTED) && event.actor_id.is_some();
        if DEEDS.contains(&name) && !reported {
            continue;
        }
        let configuration = event.field("configuration");
        let is_begin = saves.take(event);
        let mut agent = match name {
            "AIAgentConfigured" => {
                row = Some(created(event));
                continue;
            }
            "AIAgentConfigurationUpdated" if configuration["removed"] == true => {
                row = None;
                saves = Saves::default();
                continue;
            }
            "AIAgentConfigurationUpdated" => {
                let mut agent = first(event, row)?;
                agent.extend(columns(configuration));
                agent
            }
            "AIAgentIsolated" => {
                let mut agent = first(event, row)?;
                agent.insert("is_enabled".into(), json!(false));
                agent
            }
            "AIAgentExecutionFailed" => first(event, row)?,
            _ => return Err(unreadable(event, "its type is unknown")),
        };
        if is_begin {
            agent.insert("updated_at".into(), json!(event.occurred_at));
            agent.insert("revision".into(), json!(saves.count));
        }
        row = Some(agent);
    }
    Ok(row.map(|row| {
        let key = row
            .get("agent_id")
            .and_then(Value::as_str)
            .unwrap_or_default();
        one("ai_agents", key.to_owned(), row)
    }))
}

fn created(event: &Recorded) -> Map<String, Value> {
    let mut agent = columns(event.data.clone());
    let mut renamed = |from: &str, to: &str| {
        let value = agent.remove(from).unwrap_or_default();
        agent.insert(to.to_owned(), value);
    };
    renamed("agent_name", "name");
    renamed("configured_by", "created_by");
    agent.remove("configured_at");
    let tools = agent.remove("tools").unwrap_or_default();
    agent.insert("tools".into(), json!({ "availableTools": tools }));
    agent.entry("is_enabled").or_insert(json!(true));
    agent.insert("organization_id".into(), json!(event.organization_id));
    agent.insert("created_at".into(), json!(event.occurred_at));
    agent.insert("updated_at".into(), json!(event.occurred_at));
    agent.insert("revision".into(), json!(1));
    agent
}
