//! What happens to an agent that failed.

use serde::{Deserialize, Serialize};

use super::agent::Agent;
use super::configure::switched_event;
use super::coordination::PartError;
use super::events::AgentEvent;
use crate::error::{Code, DomainError, Violations};
use crate::ids::{AgentId, ExecutionId, ModelId, TaskId, UserId};
use crate::instant::Instant;
use crate::limits;
use crate::vocabulary::RecoveryAction;

/// Report that an agent failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HandleAgentFailure {
    /// What went wrong, 1–2000 characters.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 2000)))]
    pub reason: String,
    /// What to do about it, whatever the reason says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery_action: Option<RecoveryAction>,
    /// The task that failed; when it is retried it is queued again under a new id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_id: Option<TaskId>,
}

/// Who relies on a disabled agent, and who could take its place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Impact {
    /// Models with a tether that names it.
    pub models: Vec<ModelId>,
    /// Unfinished runs of these models.
    pub executions: Vec<ExecutionId>,
    /// Tasks waiting for it.
    pub queued_tasks: Vec<TaskId>,
    /// Enabled agents of the same entity that can do all it can.
    #[serde(default)]
    pub alternatives: Vec<AgentId>,
}

/// What was done about a failed agent.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct AgentRecovery {
    /// The agent.
    pub agent_id: AgentId,
    /// What was done.
    pub action_taken: RecoveryAction,
    /// `retrying`, `restarted` or `disabled`.
    pub final_status: String,
    /// The task that takes the failed one's place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retried_as: Option<TaskId>,
    /// When disabled: who relies on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub impact: Option<Impact>,
}

/// What the reason asks for: the first word that is found decides.
pub fn action_for(reason: &str) -> RecoveryAction {
    let reason = reason.to_lowercase();
    let says = |words: [&str; 2]| words.iter().any(|word| reason.contains(word));
    match () {
        () if says(["timeout", "temporary"]) => RecoveryAction::Retry,
        () if says(["configuration", "invalid"]) => RecoveryAction::Restart,
        () => RecoveryAction::Disable,
    }
}

/// What comes of an action.
pub const fn final_status(action: RecoveryAction) -> &'static str {
    match action {
        RecoveryAction::Retry => "retrying",
        RecoveryAction::Restart => "restarted",
        RecoveryAction::Disable => "disabled",
    }
}

/// The agent afterwards, what was done, and what is told.
///
/// # Errors
/// `REASON_INVALID`.
pub fn handle(
    agent: &Agent,
    command: &HandleAgentFailure,
    by: UserId,
    now: Instant,
) -> Result<(Agent, RecoveryAction, Vec<AgentEvent>), DomainError> {
    let mut violations = Violations::new();
    let reason = limits::text(&command.reason, 1, 2000, Code::ReasonInvalid);
    let reason = violations.take("reason", reason).unwrap_or_default();
    violations.finish()?;
    let action = command
        .recovery_action
        .unwrap_or_else(|| action_for(&reason));
    let id = agent.agent_id;
    let mut events = vec![AgentEvent::ExecutionFailed {
        agent_id: id,
        task_id: command.task_id,
        agent_name: agent.name.clone(),
        error: PartError {
            code: super::events::REPORTED.to_owned(),
            message: reason.clone(),
            category: "runtime".to_owned(),
        },
        failed_at: now,
    }];
    let mut after = agent.clone();
    match action {
        RecoveryAction::Retry => {}
        RecoveryAction::Restart => {
            events.push(switched_event(id, false, by, now));
            events.push(switched_event(id, true, by, now));
            after.is_enabled = true;
        }
        RecoveryAction::Disable => {
            events.push(switched_event(id, false, by, now));
            events.push(AgentEvent::Isolated {
                agent_id: id,
                reason,
                failure_count: agent.performance_metrics.failure_count,
                isolated_at: now,
            });
            after.is_enabled = false;
        }
    }
    if action != RecoveryAction::Retry {
        after.updated_at = now;
    }
    Ok((after, action, events))
}

/// Whether one agent can do everything another can.
pub fn can_replace(other: &Agent, agent: &Agent) -> bool {
    let (theirs, ours) = (&other.capabilities, &agent.capabilities);
    let flags = [
        (theirs.can_read, ours.can_read),
        (theirs.can_write, ours.can_write),
        (theirs.can_execute, ours.can_execute),
        (theirs.can_analyze, ours.can_analyze),
        (theirs.can_orchestrate, ours.can_orchestrate),
    ];
    other.is_enabled
        && other.agent_id != agent.agent_id
        && flags.iter().all(|(theirs, ours)| *theirs || !*ours)
}

#[cfg(test)]
mod tests {
    use super::super::agent::tests::agent;
    use super::*;

    fn report(
        reason: &str,
        recovery_action: Option<RecoveryAction>,
    ) -> (Agent, RecoveryAction, Vec<String>) {
        let command = HandleAgentFailure {
            reason: reason.into(),
            recovery_action,
            task_id: None,
        };
        let agent = agent("a");
        let now = Instant::from_millis(7);
        let (after, action, events) = handle(&agent, &command, agent.created_by, now).unwrap();
        let types = events.iter().map(|event| {
            let json = event.to_json();
            format!(
                "{}{}",
                json["eventType"].as_str().unwrap(),
                json["data"]["configuration"]
            )
        });
        (after, action, types.collect())
    }

    #[test]
    fn the_reason_decides_in_the_order_of_the_table() {
        for (reason, action) in [
            ("TIMEOUT while calling", RecoveryAction::Retry),
            (
                "a Temporary problem with the configuration",
                RecoveryAction::Retry,
            ),
            ("invalid answer", RecoveryAction::Restart),
            ("Configuration lost", RecoveryAction::Restart),
            ("it exploded", RecoveryAction::Disable),
        ] {
            assert_eq!(action_for(reason), action, "{reason}");
        }
        let (_, action, _) = report("timeout", Some(RecoveryAction::Disable));
        assert_eq!(action, RecoveryAction::Disable);
    }

    #[test]
    fn every_action_tells_what_it_did() {
        let (after, _, events) = report("timeout", None);
        assert_eq!(events, ["AIAgentExecutionFailednull"]);
        assert!(after.is_enabled);
        let (after, _, events) = report("invalid", None);
        let expected = [
            "AIAgentExecutionFailednull",
            "AIAgentConfigurationUpdated{\"isEnabled\":false}",
            "AIAgentConfigurationUpdated{\"isEnabled\":true}",
        ];
        assert_eq!(events, expected);
        assert!(after.is_enabled);
        let (after, _, events) = report("broken", None);
        let expected = [
            "AIAgentExecutionFailednull",
            "AIAgentConfigurationUpdated{\"isEnabled\":false}",
            "AIAgentIsolatednull",
        ];
        assert_eq!(events, expected);
        assert!(!after.is_enabled);
        assert_eq!(final_status(RecoveryAction::Disable), "disabled");
    }

    #[test]
    fn a_reason_is_needed() {
        for reason in [" ".to_owned(), "x".repeat(2001)] {
            let command = HandleAgentFailure {
                reason,
                recovery_action: None,
                task_id: None,
            };
            let agent = agent("a");
            let refused = handle(&agent, &command, agent.created_by, agent.created_at);
            assert_eq!(refused.unwrap_err().code, Code::ReasonInvalid);
        }
    }

    #[test]
    fn another_agent_that_can_as_much_is_an_alternative() {
        let one = agent("a");
        let mut other = agent("bb");
        assert!(can_replace(&other, &one) && !can_replace(&one, &one));
        other.capabilities.can_write = false;
        assert!(!can_replace(&other, &one) && can_replace(&one, &other));
        other.is_enabled = false;
        assert!(!can_replace(&other, &one));
    }
}
