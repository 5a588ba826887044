//! The events a run leaves behind, in a stream of its own.

use domain::ids::{ActionId, ExecutionId, NodeId, UserId};
use domain::instant::Instant;
use domain::vocabulary::ExecutionStatus;
use domain::workflow::plan::StepKind;
use serde_json::{Value, json};

use super::changes::Mutant;
use super::ids::nth_id;
use super::machine::{Machine, Run};
use crate::ports::{Step, StepState, StoredEvent};

impl Machine {
    fn append(
        &mut self,
        id: ExecutionId,
        event_type: &str,
        by: Option<UserId>,
        mut data: Value,
        now: Instant,
    ) {
        let drawn = self.draw();
        let forgotten = self.has(Mutant::EventLost) && event_type == "ActionNodeExecutionRetried";
        let Some(run) = self.runs.get_mut(&id) else {
            return;
        };
        data["executionId"] = json!(id);
        data["modelId"] = json!(run.execution.model_id);
        run.stream.push(StoredEvent {
            event_id: nth_id(1 << 40 | drawn),
            event_type: event_type.to_owned(),
            aggregate_type: "execution".to_owned(),
            aggregate_id: id.as_uuid(),
            aggregate_version: run.stream.last().map_or(0, |event| event.aggregate_version)
                + 1
                + i64::from(forgotten),
            position: i64::try_from(drawn).unwrap_or(i64::MAX),
            event_version: 1,
            occurred_at: now,
            actor_id: by,
            organization_id: run.execution.organization_id,
            correlation_id: Some(id.to_string()),
            causation_id: None,
            traceparent: None,
            data,
        });
    }

    pub(super) fn record_start(&mut self, id: ExecutionId, now: Instant) {
        let Some(run) = self.runs.get(&id) else {
            return;
        };
        let e = &run.execution;
        let mut data = json!({
            "version": e.version_number, "environment": e.environment,
            "startedBy": e.started_by, "startedAt": now,
        });
        if let Some(parent) = e.parent_execution_id {
            data["parentExecutionId"] = json!(parent);
        }
        let by = e.started_by;
        self.append(id, "WorkflowExecutionStarted", Some(by), data, now);
    }

    pub(super) fn record_end(&mut self, id: ExecutionId, now: Instant) {
        let Some(run) = self.runs.get(&id) else {
            return;
        };
        let e = &run.execution;
        let duration = now.millis_since(e.started_at.unwrap_or(now));
        let progress = &e.progress;
        match e.status {
            ExecutionStatus::Completed => {
                let data = json!({
                    "outputs": e.outputs, "durationMs": duration,
                    "completedNodes": progress.completed_nodes, "completedAt": now,
                });
                self.append(id, "WorkflowExecutionCompleted", None, data, now);
            }
            ExecutionStatus::Failed => {
                let data = json!({
                    "errors": e.errors, "failedNodes": progress.failed_nodes,
                    "skippedNodes": progress.skipped_nodes, "durationMs": duration, "failedAt": now,
                });
                self.append(id, "WorkflowExecutionFailed", None, data, now);
            }
            _ => {}
        }
    }

    pub(super) fn record_cancel(
        &mut self,
        id: ExecutionId,
        by: Option<UserId>,
        reason: Option<&str>,
        now: Instant,
    ) {
        let mut data = json!({"at": now});
        if let Some(by) = by {
            data["by"] = json!(by);
        }
        if let Some(reason) = reason {
            data["reason"] = json!(reason);
        }
        self.append(id, "WorkflowExecutionCancelled", by, data, now);
    }

    /// The run was paused or goes on.
    pub(super) fn record_turn(
        &mut self,
        id: ExecutionId,
        event_type: &str,
        by: UserId,
        reason: Option<&str>,
        now: Instant,
    ) {
        let mut data = json!({"by": by, "at": now});
        if let Some(reason) = reason {
            data["reason"] = json!(reason);
        }
        self.append(id, event_type, Some(by), data, now);
    }

    /// Something happened to the contexts of the run.
    pub(super) fn record_context(
        &mut self,
        id: ExecutionId,
        event: &Value,
        by: UserId,
        now: Instant,
    ) {
        let event_type = event["eventType"].as_str().unwrap_or_default();
        self.append(id, event_type, Some(by), event["data"].clone(), now);
    }

    /// A step that no worker sees was passed.
    pub(super) fn record_passage(
        &mut self,
        id: ExecutionId,
        step: Step,
        kind: StepKind,
        now: Instant,
    ) {
        if matches!(kind, StepKind::Open | StepKind::Pass) {
            self.record_container(id, step, "ContainerNodeOrchestrationStarted", now);
        }
        if matches!(kind, StepKind::Close | StepKind::Pass) {
            self.record_container(id, step, "ContainerNodeOrchestrationCompleted", now);
        }
    }

    fn record_container(&mut self, id: ExecutionId, step: Step, event_type: &str, now: Instant) {
        let Some(run) = self.runs.get(&id) else {
            return;
        };
        let place = run.plan.steps[step as usize].container;
        let container = &run.plan.containers[place as usize];
        let mut data = json!({"nodeId": container.node_id, "nodeName": container.name});
        if event_type.ends_with("Started") {
            data["actionCount"] = json!(container.action_count);
            data["startedAt"] = json!(now);
        } else {
            let count = |state| {
                run.actions_of(place)
                    .filter(|s| run.state(*s) == Some(state))
                    .count()
            };
            let opened = run
                .rows
                .get(&container.first)
                .and_then(|row| row.run.started_at);
            data["successCount"] = json!(count(StepState::Completed));
            data["failureCount"] = json!(count(StepState::Failed));
            data["skippedCount"] = json!(count(StepState::Skipped));
            data["durationMs"] = json!(opened.map_or(0, |opened| now.millis_since(opened)));
            data["completedAt"] = json!(now);
        }
        self.append(id, event_type, None, data, now);
    }

    pub(super) fn record_started(&mut self, id: ExecutionId, step: Step, now: Instant) {
        let Some(run) = self.runs.get(&id) else {
            return;
        };
        let mut data = json!(run.plan.action(step).map(|action| &action.event));
        data["startedAt"] = json!(now);
        data["triggeredBy"] = json!(run.execution.started_by);
        self.append(id, "ActionNodeExecutionStarted", None, data, now);
    }

    pub(super) fn record_completed(&mut self, id: ExecutionId, step: Step, now: Instant) {
        let Some((mut data, started)) = self.about(id, step) else {
            return;
        };
        let output = self
            .runs
            .get(&id)
            .and_then(|run| run.rows.get(&step)?.run.output.clone());
        data["executionResult"] = json!({
            "success": true, "output": output, "durationMs": now.millis_since(started),
        });
        data["startedAt"] = json!(started);
        data["completedAt"] = json!(now);
        self.append(id, "ActionNodeExecutionCompleted", None, data, now);
    }

    pub(super) fn record_failed(&mut self, id: ExecutionId, step: Step, retry: bool, now: Instant) {
        let Some((mut data, started)) = self.about(id, step) else {
            return;
        };
        let row = self.runs.get(&id).and_then(|run| run.rows.get(&step));
        data["error"] = json!(row.and_then(|row| row.run.error.clone()));
        data["retryAttempt"] = json!(row.map_or(0, |row| row.run.failures.saturating_sub(1)));
        data["willRetry"] = json!(retry);
        data["startedAt"] = json!(started);
        data["failedAt"] = json!(now);
        self.append(id, "ActionNodeExecutionFailed", None, data, now);
    }

    pub(super) fn record_retried(&mut self, id: ExecutionId, step: Step, delay: u64, now: Instant) {
        let Some((mut data, _)) = self.about(id, step) else {
            return;
        };
        let run = self.runs.get(&id);
        let row = run.and_then(|run| run.rows.get(&step));
        let action = run.and_then(|run| run.plan.action(step));
        data["retryAttempt"] = json!(row.map_or(0, |row| row.run.failures));
        data["maxRetries"] = json!(action.map(|action| action.retry_policy.max_attempts()));
        data["retryDelayMs"] = json!(delay);
        data["reason"] =
            json!(row.and_then(|row| row.run.error.as_ref().map(|e| e.message.clone())));
        data["retriedAt"] = json!(now);
        self.append(id, "ActionNodeExecutionRetried", None, data, now);
    }

    /// The run descends into a nested one, or comes back from it.
    pub(super) fn record_level(
        &mut self,
        id: ExecutionId,
        child: ExecutionId,
        down: bool,
        now: Instant,
    ) {
        let execution = |id| self.runs.get(&id).map(|run| &run.execution);
        let Some((parent, child)) = execution(id).zip(execution(child)) else {
            return;
        };
        let (mut old, mut new) = (parent.depth, child.depth);
        if !down {
            (old, new) = (new, old);
        }
        let data = json!({
            "nestedModelId": child.model_id, "oldLevel": old, "newLevel": new, "changedAt": now,
        });
        self.append(id, "FractalOrchestrationLevelChanged", None, data, now);
    }

    /// What every event about an action says, and when the action started.
    fn about(&self, id: ExecutionId, step: Step) -> Option<(Value, Instant)> {
        let run = self.runs.get(&id)?;
        let action = run.plan.action(step)?;
        let data = json!({"actionId": action.action_id, "actionName": action.name});
        let started = run.rows.get(&step)?.run.started_at?;
        Some((data, started))
    }
}

impl Run {
    /// Where in the model a step belongs.
    pub(super) fn place(&self, step: Step) -> (Option<NodeId>, Option<ActionId>) {
        let spec = &self.plan.steps[step as usize];
        let container = self.plan.containers.get(spec.container as usize);
        let action = spec.action.as_ref().map(|action| action.action_id);
        (container.map(|container| container.node_id), action)
    }

    fn actions_of(&self, container: u32) -> impl Iterator<Item = Step> {
        let steps = self.plan.steps.iter();
        let of = steps.filter(move |s| s.container == container && s.kind == StepKind::Action);
        of.map(|step| step.step)
    }
}
