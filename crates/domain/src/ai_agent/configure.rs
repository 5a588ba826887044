//! Registering, changing, enabling and disabling agents.

use serde_json::{Map, Value, json};

use super::agent::{Agent, PerformanceMetrics, Tools};
use super::commands::{ChangeAgent, RegisterAgent};
use super::events::AgentEvent;
use crate::error::{Code, DomainError, Violations};
use crate::ids::{AgentId, OrganizationId, UserId};
use crate::instant::Instant;
use crate::limits;
use crate::patch::Patch;

/// A new agent, enabled unless the command says otherwise.
///
/// # Errors
/// `AGENT_NAME_INVALID`, `DESCRIPTION_INVALID`, `AGENT_INSTRUCTIONS_INVALID`, `AGENT_TOOLS_INVALID`,
/// `AGENT_CAPABILITIES_INVALID`: all fields, under the code of the first.
pub fn register(
    command: &RegisterAgent,
    agent_id: AgentId,
    organization_id: Option<OrganizationId>,
    by: UserId,
    now: Instant,
) -> Result<(Agent, AgentEvent), DomainError> {
    let mut agent = Agent {
        agent_id,
        feature_type: command.feature_type,
        entity_id: command.entity_id,
        node_id: command.node_id,
        organization_id,
        name: command.name.clone(),
        description: command.description.clone(),
        instructions: command.instructions.clone(),
        tools: command.tools.clone(),
        capabilities: command.capabilities.clone(),
        is_enabled: command.is_enabled.unwrap_or(true),
        performance_metrics: PerformanceMetrics::default(),
        last_executed_at: None,
        created_by: by,
        created_at: now,
        updated_at: now,
        revision: 1,
    };
    check(&mut agent)?;
    let event = AgentEvent::configured(&agent, by);
    Ok((agent, event))
}

/// Trims and checks everything that people write about an agent.
fn check(agent: &mut Agent) -> Result<(), DomainError> {
    let mut violations = Violations::new();
    let name = limits::text(&agent.name, 1, 100, Code::AgentNameInvalid);
    let name = violations.take("name", name);
    let description = agent.description.as_deref().map(|text| {
        let checked = limits::text(text, 0, 1000, Code::DescriptionInvalid);
        violations.take("description", checked).unwrap_or_default()
    });
    let instructions = limits::text(
        &agent.instructions,
        1,
        10_000,
        Code::AgentInstructionsInvalid,
    );
    let instructions = violations.take("instructions", instructions);
    let tools = violations.take("tools", agent.tools.checked());
    let capabilities = violations.take("capabilities", agent.capabilities.checked());
    violations.finish()?;
    agent.name = name.unwrap_or_default();
    agent.description = description.filter(|text| !text.is_empty());
    agent.instructions = instructions.unwrap_or_default();
    agent.tools = tools.unwrap_or_default();
    agent.capabilities = capabilities.unwrap_or_default();
    Ok(())
}

/// The agent after a change, and what changed.
///
/// # Errors
/// `NOTHING_TO_CHANGE` when no field is given, else as [`register`].
pub fn change(
    agent: &Agent,
    command: &ChangeAgent,
    by: UserId,
    now: Instant,
) -> Result<(Agent, AgentEvent), DomainError> {
    if *command == ChangeAgent::default() {
        let message = "At least one changed field is needed.";
        return Err(DomainError::new(Code::NothingToChange, message));
    }
    let mut changed = agent.clone();
    if let Some(name) = &command.name {
        changed.name = name.clone();
    }
    changed.description = command.description.clone().apply(changed.description);
    if let Some(instructions) = &command.instructions {
        changed.instructions = instructions.clone();
    }
    changed.node_id = command.node_id.clone().apply(changed.node_id);
    if let Some(tools) = &command.tools {
        changed.tools = tools.clone();
    }
    if let Some(capabilities) = &command.capabilities {
        changed.capabilities = capabilities.clone();
    }
    check(&mut changed)?;
    changed.updated_at = now;
    let event = updated(agent.agent_id, told(command, &changed), by, now);
    Ok((changed, event))
}

/// The fields a change names, with their new values; of tools the names alone.
fn told(command: &ChangeAgent, changed: &Agent) -> Map<String, Value> {
    let names = |tools: &Tools| json!({"availableTools": tools.available_tools});
    let mut fields = Map::new();
    let mut tell = |given: bool, name: &str, value: Value| {
        if given {
            fields.insert(name.to_owned(), value);
        }
    };
    tell(command.name.is_some(), "name", json!(changed.name));
    let described = command.description != Patch::Keep;
    tell(described, "description", json!(changed.description));
    let instructed = command.instructions.is_some();
    tell(instructed, "instructions", json!(changed.instructions));
    tell(
        command.node_id != Patch::Keep,
        "nodeId",
        json!(changed.node_id),
    );
    tell(command.tools.is_some(), "tools", names(&changed.tools));
    let able = command.capabilities.is_some();
    tell(able, "capabilities", json!(changed.capabilities));
    fields
}

pub(super) fn updated(
    agent_id: AgentId,
    configuration: Map<String, Value>,
    by: UserId,
    now: Instant,
) -> AgentEvent {
    AgentEvent::ConfigurationUpdated {
        agent_id,
        configuration,
        updated_by: by,
        updated_at: now,
    }
}

/// The agent enabled or disabled.
///
/// # Errors
/// `AGENT_ALREADY_ENABLED`, `AGENT_ALREADY_DISABLED`.
pub fn switch(
    agent: &Agent,
    enabled: bool,
    by: UserId,
    now: Instant,
) -> Result<(Agent, AgentEvent), DomainError> {
    if agent.is_enabled == enabled {
        let (code, message) = match enabled {
            true => (Code::AgentAlreadyEnabled, "The agent is enabled already."),
            false => (Code::AgentAlreadyDisabled, "The agent is disabled already."),
        };
        let state = if enabled { "enabled" } else { "disabled" };
        return Err(DomainError::new(code, message)
            .with("from", state)
            .with("to", state));
    }
    let switched = Agent {
        is_enabled: enabled,
        updated_at: now,
        ..agent.clone()
    };
    Ok((switched, switched_event(agent.agent_id, enabled, by, now)))
}

pub(super) fn switched_event(
    agent_id: AgentId,
    enabled: bool,
    by: UserId,
    now: Instant,
) -> AgentEvent {
    let mut configuration = Map::new();
    configuration.insert("isEnabled".to_owned(), enabled.into());
    updated(agent_id, configuration, by, now)
}

#[cfg(test)]
mod tests {
    use super::super::agent::tests::{agent, tools};
    use super::*;
    use crate::ids::EntityId;

    fn command() -> RegisterAgent {
        let agent = agent("a");
        RegisterAgent {
            feature_type: agent.feature_type,
            entity_id: agent.entity_id,
            node_id: None,
            organization_id: None,
            name: " Clerk ".into(),
            description: Some(" ".into()),
            instructions: " Check. ".into(),
            tools: agent.tools,
            capabilities: agent.capabilities,
            is_enabled: None,
        }
    }

    fn registered(command: &RegisterAgent) -> Result<Agent, DomainError> {
        let (id, by) = (agent("a").agent_id, agent("a").created_by);
        register(command, id, None, by, Instant::from_millis(7)).map(|(agent, _)| agent)
    }

    #[test]
    fn a_new_agent_is_trimmed_enabled_and_without_history() {
        let new = registered(&command()).unwrap();
        assert_eq!(
            (new.name.as_str(), new.instructions.as_str()),
            ("Clerk", "Check.")
        );
        assert_eq!(new.description, None);
        assert!(new.is_enabled);
        assert_eq!(new.performance_metrics, PerformanceMetrics::default());
        let off = RegisterAgent {
            is_enabled: Some(false),
            ..command()
        };
        assert!(!registered(&off).unwrap().is_enabled);
    }

    #[test]
    fn every_limit_is_told_at_once() {
        let mut bad = command();
        bad.name = "x".repeat(101);
        bad.description = Some("x".repeat(1001));
        bad.instructions = " ".into();
        bad.tools = tools(&[]);
        bad.capabilities.max_concurrent_tasks = 0;
        let refusal = registered(&bad).unwrap_err();
        assert_eq!(refusal.code, Code::AgentNameInvalid);
        let fields: Vec<&str> = refusal.errors.iter().map(|e| e.field.as_str()).collect();
        let expected = [
            "name",
            "description",
            "instructions",
            "tools.availableTools",
            "capabilities.maxConcurrentTasks",
        ];
        assert_eq!(fields, expected);
        for (field, code) in [
            ("instructions", Code::AgentInstructionsInvalid),
            ("description", Code::DescriptionInvalid),
        ] {
            let mut one = command();
            match field {
                "instructions" => one.instructions = "x".repeat(10_001),
                _ => one.description = Some("x".repeat(1001)),
            }
            assert_eq!(registered(&one).unwrap_err().code, code);
        }
    }

    #[test]
    fn a_change_tells_what_it_changed_and_hides_the_settings_of_tools() {
        let agent = agent("a");
        let now = Instant::from_millis(9);
        let nothing = change(&agent, &ChangeAgent::default(), agent.created_by, now);
        assert_eq!(nothing.unwrap_err().code, Code::NothingToChange);
        let mut secretive = tools(&["mail"]);
        let settings = json!({"password": "hidden"});
        secretive
            .tool_configurations
            .insert("mail".into(), settings);
        let command = ChangeAgent {
            name: Some(" New ".into()),
            node_id: Patch::Set(EntityId::from_uuid(agent.agent_id.as_uuid())),
            tools: Some(secretive),
            ..ChangeAgent::default()
        };
        let (changed, event) = change(&agent, &command, agent.created_by, now).unwrap();
        assert_eq!((changed.name.as_str(), changed.updated_at), ("New", now));
        let data = event.to_json()["data"].clone();
        let expected =
            json!({"name": "New", "nodeId": agent.agent_id, "tools": {"availableTools": ["mail"]}});
        assert_eq!(data["configuration"], expected);
        assert!(!data.to_string().contains("hidden"));
    }

    #[test]
    fn removing_the_last_tool_is_refused() {
        let command = ChangeAgent {
            tools: Some(tools(&[])),
            ..ChangeAgent::default()
        };
        let agent = agent("a");
        let refused = change(&agent, &command, agent.created_by, agent.created_at);
        assert_eq!(refused.unwrap_err().code, Code::AgentToolsInvalid);
    }

    #[test]
    fn agents_are_switched_only_to_the_other_side() {
        let agent = agent("a");
        let now = Instant::from_millis(9);
        let again = switch(&agent, true, agent.created_by, now).unwrap_err();
        assert_eq!(again.code, Code::AgentAlreadyEnabled);
        let (off, event) = switch(&agent, false, agent.created_by, now).unwrap();
        assert_eq!(
            event.to_json()["data"]["configuration"],
            json!({"isEnabled": false})
        );
        let again = switch(&off, false, agent.created_by, now).unwrap_err();
        assert_eq!(again.code, Code::AgentAlreadyDisabled);
        assert_eq!([&again.data["from"], &again.data["to"]], ["disabled"; 2]);
        assert!(
            switch(&off, true, agent.created_by, now)
                .unwrap()
                .0
                .is_enabled
        );
    }
}
