//! A workflow service that answers what a test told it to.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use serde_json::{Value, json};

use super::store::Shared;
use crate::ports::{self, Clock, ServiceError, WorkflowCall};

/// What a call is going to answer, and after which time in milliseconds.
type Reply = (u64, Result<Value, ServiceError>);

/// A call that was made.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedCall {
    /// The workflow.
    pub workflow_id: String,
    /// The tether's parameters.
    pub parameters: Value,
    /// What the action saw of the run.
    pub context: Value,
    /// Names the action of the run.
    pub idempotency_key: String,
    /// The trace it belongs to.
    pub traceparent: Option<String>,
}

/// A twin of the workflow service: records calls, answers as told, else with the parameters.
#[derive(Debug)]
pub struct Spindle {
    pub(super) shared: Rc<Shared>,
    pub(super) replies: RefCell<BTreeMap<String, VecDeque<Reply>>>,
    pub(super) calls: RefCell<Vec<RecordedCall>>,
}

impl Spindle {
    /// Decides what the next call of a workflow answers after this many milliseconds.
    pub fn reply_next(&self, workflow_id: &str, after_ms: u64, reply: Result<Value, ServiceError>) {
        let mut replies = self.replies.borrow_mut();
        let waiting = replies.entry(workflow_id.to_owned()).or_default();
        waiting.push_back((after_ms, reply));
    }

    /// The calls that were made, in their order.
    pub fn calls(&self) -> Vec<RecordedCall> {
        self.calls.borrow().clone()
    }
}

impl ports::Spindle for Spindle {
    async fn execute_workflow(&self, call: WorkflowCall<'_>) -> Result<Value, ServiceError> {
        self.calls.borrow_mut().push(RecordedCall {
            workflow_id: call.workflow_id.to_owned(),
            parameters: call.parameters.clone(),
            context: call.context.clone(),
            idempotency_key: call.idempotency_key.to_owned(),
            traceparent: call.traceparent.map(str::to_owned),
        });
        let told = |replies: &mut BTreeMap<String, VecDeque<Reply>>| {
            replies
                .get_mut(call.workflow_id)
                .and_then(VecDeque::pop_front)
        };
        let told = told(&mut self.replies.borrow_mut());
        let echo = || {
            (
                0,
                Ok(json!({"workflow": call.workflow_id, "parameters": call.parameters})),
            )
        };
        let (after_ms, reply) = told.unwrap_or_else(echo);
        self.shared.clock.sleep(after_ms).await;
        reply
    }
}
