//! The service that runs the workflow behind a tether.

use domain::ids::OrganizationId;
use serde_json::Value;

use super::ServiceError;
use crate::context::Actor;

/// One workflow to run.
#[derive(Clone, Copy, Debug)]
pub struct WorkflowCall<'a> {
    /// On whose behalf: who started the run. What that user may not see is not there.
    pub actor: &'a Actor,
    /// Whose run it is.
    pub organization_id: Option<OrganizationId>,
    /// The workflow, as the tether names it.
    pub workflow_id: &'a str,
    /// The tether's own parameters, an object.
    pub parameters: &'a Value,
    /// What the action may see of the run, an object.
    pub context: &'a Value,
    /// The same for every attempt of one action of one run, so that the far side can recognise a repetition.
    pub idempotency_key: &'a str,
    /// The trace that the run belongs to, as its start named it.
    pub traceparent: Option<&'a str>,
    /// After this time the far side is told to stop.
    pub timeout_ms: u64,
}

/// The workflow service.
pub trait Spindle {
    /// Runs a workflow to its end and answers its result.
    async fn execute_workflow(&self, call: WorkflowCall<'_>) -> Result<Value, ServiceError>;
}
