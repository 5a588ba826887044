//! What happened to agents and coordinations. The JSON of these events is kept for years.
//!
//! Settings of tools stay out of them: names are enough to know what an agent may use.
//! The events of tasks are written by the database when it hands a task out or takes its result.

use serde_json::{Map, Value, json};

use super::agent::Agent;
use super::coordination::PartError;
use crate::ids::{AgentId, CoordinationId, TaskId, UserId};
use crate::instant::Instant;
use crate::vocabulary::CoordinationMode;

/// The code of a failure that somebody reports, in the place of one that a task ran into.
pub(crate) const REPORTED: &str = "AGENT_FAILED";

/// The version of the events' JSON.
const EVENT_VERSION: u32 = 1;

/// Something that happened to an agent or a coordination.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields are those of the specification")]
pub enum AgentEvent {
    /// An agent was registered.
    Configured(Box<Agent>, UserId),
    /// Its configuration changed.
    ConfigurationUpdated {
        agent_id: AgentId,
        configuration: Map<String, Value>,
        updated_by: UserId,
        updated_at: Instant,
    },
    /// Somebody reported that it failed.
    ExecutionFailed {
        agent_id: AgentId,
        task_id: Option<TaskId>,
        agent_name: String,
        error: PartError,
        failed_at: Instant,
    },
    /// It was taken out of service.
    Isolated {
        agent_id: AgentId,
        reason: String,
        failure_count: u64,
        isolated_at: Instant,
    },
    /// A coordination began.
    WorkflowStarted {
        coordination_id: CoordinationId,
        mode: CoordinationMode,
        task_count: usize,
        started_by: UserId,
        started_at: Instant,
    },
    /// A stage of it ended.
    WorkflowStageCompleted {
        coordination_id: CoordinationId,
        mode: CoordinationMode,
        stage: u32,
        results: Value,
        completed_at: Instant,
    },
    /// It ended.
    WorkflowCompleted {
        coordination_id: CoordinationId,
        mode: CoordinationMode,
        status: String,
        duration_ms: i64,
        completed_at: Instant,
    },
}

impl AgentEvent {
    /// The event of a registration.
    pub fn configured(agent: &Agent, by: UserId) -> Self {
        Self::Configured(Box::new(agent.clone()), by)
    }

    /// The event as commands to the database carry it: `{eventType, eventVersion, data}`.
    pub fn to_json(&self) -> Value {
        let (event_type, data) = self.parts();
        json!({"eventType": event_type, "eventVersion": EVENT_VERSION, "data": data})
    }

    fn parts(&self) -> (&'static str, Value) {
        match self {
            Self::Configured(agent, by) => ("AIAgentConfigured", configured(agent, *by)),
            Self::ConfigurationUpdated {
                agent_id,
                configuration,
                updated_by,
                updated_at,
            } => (
                "AIAgentConfigurationUpdated",
                json!({"agentId": agent_id, "configuration": Value::Object(configuration.clone()),
                    "updatedBy": updated_by, "updatedAt": updated_at}),
            ),
            Self::ExecutionFailed {
                agent_id,
                task_id,
                agent_name,
                error,
                failed_at,
            } => {
                let error = json!({"code": error.code, "message": error.message,
                    "category": error.category});
                let mut data = json!({"agentId": agent_id, "agentName": agent_name,
                    "error": error, "failedAt": failed_at});
                if let Some(task_id) = task_id {
                    data["taskId"] = json!(task_id);
                }
                ("AIAgentExecutionFailed", data)
            }
            Self::Isolated {
                agent_id,
                reason,
                failure_count,
                isolated_at,
            } => (
                "AIAgentIsolated",
                json!({"agentId": agent_id, "reason": reason, "failureCount": failure_count,
                    "isolatedAt": isolated_at}),
            ),
            other => other.of_coordination(),
        }
    }

    fn of_coordination(&self) -> (&'static str, Value) {
        match self {
            Self::WorkflowStarted {
                coordination_id,
                mode,
                task_count,
                started_by,
                started_at,
            } => (
                "AgentWorkflowStarted",
                json!({"coordinationId": coordination_id, "mode": mode, "taskCount": task_count,
                    "startedBy": started_by, "startedAt": started_at}),
            ),
            Self::WorkflowStageCompleted {
                coordination_id,
                mode,
                stage,
                results,
                completed_at,
            } => (
                "AgentWorkflowStageCompleted",
                json!({"coordinationId": coordination_id, "mode": mode, "stage": stage,
                    "results": results, "completedAt": completed_at}),
            ),
            Self::WorkflowCompleted {
                coordination_id,
                mode,
                status,
                duration_ms,
                completed_at,
            } => (
                "AgentWorkflowCompleted",
                json!({"coordinationId": coordination_id, "mode": mode, "status": status,
                    "durationMs": duration_ms, "completedAt": completed_at}),
            ),
            _ => ("", Value::Null),
        }
    }
}

fn configured(agent: &Agent, by: UserId) -> Value {
    let mut data = json!({
        "agentId": agent.agent_id,
        "featureType": agent.feature_type,
        "entityId": agent.entity_id,
        "agentName": agent.name,
        "instructions": agent.instructions,
        "tools": agent.tools.available_tools,
        "capabilities": crate::json::to_value(&agent.capabilities),
        "configuredBy": by,
        "configuredAt": agent.created_at,
    });
    if let Some(node_id) = agent.node_id {
        data["nodeId"] = json!(node_id);
    }
    if let Some(description) = &agent.description {
        data["description"] = json!(description);
    }
    if !agent.is_enabled {
        data["isEnabled"] = json!(false);
    }
    data
}

#[cfg(test)]
mod tests {
    use super::super::agent::tests::agent;
    use super::*;

    const ID: &str = "0192aaaa-0000-7000-8000-000000000001";

    #[test]
    fn the_form_of_the_events_stays_what_it_is() {
        let agent = agent("a");
        let by = agent.created_by;
        let at = agent.created_at;
        let when = "1970-01-01T00:00:00.000Z";
        assert_eq!(
            AgentEvent::configured(&agent, by).to_json(),
            json!({"eventType": "AIAgentConfigured", "eventVersion": 1, "data": {
                "agentId": ID, "featureType": "function-model", "entityId": ID, "agentName": "a",
                "instructions": "Check invoices and write reports.", "tools": ["search", "Mail"],
                "capabilities": agent.capabilities, "configuredBy": ID, "configuredAt": when,
            }})
        );
        let isolated = AgentEvent::Isolated {
            agent_id: agent.agent_id,
            reason: "persistent-failures".into(),
            failure_count: 3,
            isolated_at: at,
        };
        assert_eq!(
            isolated.to_json()["data"],
            json!({"agentId": ID, "reason": "persistent-failures", "failureCount": 3, "isolatedAt": when})
        );
        let failed = AgentEvent::ExecutionFailed {
            agent_id: agent.agent_id,
            task_id: None,
            agent_name: "a".into(),
            error: PartError {
                code: "REPORTED".into(),
                message: "timeout".into(),
                category: "runtime".into(),
            },
            failed_at: at,
        };
        assert_eq!(
            failed.to_json()["data"],
            json!({"agentId": ID, "agentName": "a", "failedAt": when,
                "error": {"code": "REPORTED", "message": "timeout", "category": "runtime"}})
        );
        let stage = AgentEvent::WorkflowStageCompleted {
            coordination_id: CoordinationId::parse(ID).unwrap(),
            mode: CoordinationMode::Parallel,
            stage: 2,
            results: json!([]),
            completed_at: at,
        };
        assert_eq!(
            stage.to_json(),
            json!({"eventType": "AgentWorkflowStageCompleted", "eventVersion": 1, "data": {
                "coordinationId": ID, "mode": "parallel", "stage": 2, "results": [], "completedAt": when,
            }})
        );
    }
}
