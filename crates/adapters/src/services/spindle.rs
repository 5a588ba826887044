//! The built-in workflow service: a registered workflow is an HTTP task, read as the user on
//! whose behalf it runs and called through the guarded client, with the secrets it names.

use std::rc::Rc;

use domain::built_in_workflow::{HttpTask, task_data};
use domain::ids::{OrganizationId, WorkflowId};
use serde_json::{Value, json};
use use_cases::context::Actor;
use use_cases::ports::{
    Clock, ServiceError, ServiceFailure, Spindle, Vault, Workflow, WorkflowCall,
};

use super::answer::{self, invalid};
use super::knowledge_base::told;
use super::secrets::{self, Values, Wanted};
use crate::http::{
    HttpClient, HttpRequest, MAX_OUTSIDE_BODY, Method, Resolver, Transport, headers,
};
use crate::postgrest::Session;

/// The longest body that is sent, in bytes.
const LONGEST_BODY: usize = 1024 * 1024;

/// [`Spindle`] over HTTP tasks.
pub struct BuiltInSpindle<H, C, V> {
    session: Session<H, C>,
    http: Rc<HttpClient<H, C>>,
    vault: Rc<V>,
}

impl<H: Transport + Resolver, C: Clock, V: Vault> BuiltInSpindle<H, C, V> {
    /// The session needs no user: every call names the actor.
    pub fn new(session: Session<H, C>, http: Rc<HttpClient<H, C>>, vault: Rc<V>) -> Self {
        Self {
            session,
            http,
            vault,
        }
    }

    /// The task as the actor sees it, and whose it is. One that is hidden is not there.
    async fn find(
        &self,
        call: WorkflowCall<'_>,
    ) -> Result<(HttpTask, Option<OrganizationId>), ServiceError> {
        let missing = || ServiceError::new(ServiceFailure::Missing, "The workflow does not exist.");
        let workflow_id = WorkflowId::parse(call.workflow_id).map_err(|_| missing())?;
        let names = ("spindle.execute_workflow", "read_workflow");
        let question = json!({"workflowId": workflow_id});
        let found = self
            .session
            .ask::<Workflow>(names, call.actor, &question)
            .await;
        let workflow = found.map_err(told)?.ok_or_else(missing)?;
        let definition = workflow.definition.as_object().cloned().unwrap_or_default();
        let task = HttpTask::parse(&definition).map_err(|refusal| {
            invalid(&format!("The workflow is not usable: {}", refusal.message))
        })?;
        Ok((task, workflow.organization_id))
    }

    /// The secrets that the call carries.
    async fn secrets(
        &self,
        task: &HttpTask,
        organization_id: Option<OrganizationId>,
        (actor, url): (&Actor, &str),
    ) -> Result<Values, ServiceError> {
        let names = task.secrets();
        if names.is_empty() {
            return Ok(Values::new());
        }
        let wanted = Wanted {
            actor,
            organization_id,
            names: &names,
            url,
        };
        secrets::open(&self.session, &*self.vault, self.http.allowed(), wanted).await
    }

    async fn run(
        &self,
        task: &HttpTask,
        organization_id: Option<OrganizationId>,
        call: WorkflowCall<'_>,
    ) -> Result<Value, ServiceError> {
        let data = data(call);
        let url = task.url_for(&data);
        let url = url.map_err(|reason| unusable("url", &reason))?;
        let place = (call.actor, url.as_str());
        let values = self.secrets(task, organization_id, place).await?;
        let mut request = request(task, url, &data, &values)?;
        request
            .headers
            .push(("idempotency-key".into(), call.idempotency_key.into()));
        if let Some(trace) = call.traceparent.filter(|text| headers::is_value(text)) {
            request.headers.push(("traceparent".into(), trace.into()));
        }
        let timeout_ms = call.timeout_ms.min(u64::from(task.timeout_ms()));
        request.timeout_ms = u32::try_from(timeout_ms).unwrap_or(u32::MAX);
        let response = self.http.call(request).await;
        let response = response.map_err(|error| answer::failed(&error))?;
        let mut answer = answer::read(&response)?;
        secrets::redact(&mut answer, &values);
        let output = task.output_of(&answer);
        answer::check(output.map_err(|reason| unusable("output", &reason))?)
    }
}

impl<H: Transport + Resolver, C: Clock, V: Vault> Spindle for BuiltInSpindle<H, C, V> {
    async fn execute_workflow(&self, call: WorkflowCall<'_>) -> Result<Value, ServiceError> {
        let (task, organization_id) = self.find(call).await?;
        let result = self.run(&task, organization_id, call).await;
        result.map_err(|error| ServiceError {
            permanent: error.permanent || task.retryable == Some(false),
            ..error
        })
    }
}

/// What the task's templates and expressions see: the names of the context with the tether's
/// parameters on top, and both once more as a whole.
fn data(call: WorkflowCall<'_>) -> Value {
    let object = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let mut data = task_data(&object(call.context), &object(call.parameters));
    data["parameters"] = call.parameters.clone();
    data["context"] = call.context.clone();
    data
}

fn unusable(part: &str, reason: &str) -> ServiceError {
    invalid(&format!(
        "The workflow's {part} cannot be computed: {reason}"
    ))
}

/// The request of a task without what belongs to the call. What frames the message and names its
/// sender is ours and cannot be set.
fn request(
    task: &HttpTask,
    url: String,
    data: &Value,
    values: &Values,
) -> Result<HttpRequest, ServiceError> {
    let method = Method::parse(task.method.as_str())
        .ok_or_else(|| invalid("The workflow's method cannot be sent."))?;
    let given = task
        .headers_for(data, values)
        .map_err(|reason| unusable("headers", &reason))?;
    let mut all: Vec<(String, String)> = given.into_iter().collect();
    if let Some((name, _)) = all.iter().find(|(name, _)| headers::is_reserved(name)) {
        return Err(invalid(&format!(
            "The header {name} cannot be set by a workflow."
        )));
    }
    let body = task
        .body_for(data)
        .map_err(|reason| unusable("body", &reason))?;
    let body = body.map(|body| written(body, content_type(&all)));
    if body.is_some() && method == Method::Get {
        return Err(invalid("A request that reads (GET) has no body."));
    }
    if body.as_ref().is_some_and(|body| body.len() > LONGEST_BODY) {
        return Err(invalid("The workflow's body is longer than 1 MiB."));
    }
    if body.is_some() {
        otherwise(&mut all, "content-type", "application/json");
    }
    otherwise(
        &mut all,
        "accept",
        "application/json, text/plain;q=0.9, */*;q=0.1",
    );
    otherwise(&mut all, "user-agent", "function-models");
    Ok(HttpRequest {
        method,
        url,
        headers: all,
        body,
        timeout_ms: 0,
        max_body_bytes: Some(MAX_OUTSIDE_BODY),
    })
}

/// A body is JSON, unless it is a text and the task says that it sends something else.
fn written(body: Value, content_type: Option<&str>) -> String {
    match body {
        Value::String(text) if content_type.is_some_and(|kind| !kind.contains("json")) => text,
        body => body.to_string(),
    }
}

fn otherwise(all: &mut Vec<(String, String)>, name: &str, value: &str) {
    if !all.iter().any(|(given, _)| given == name) {
        all.push((name.into(), value.into()));
    }
}

fn content_type(headers: &[(String, String)]) -> Option<&str> {
    let found = headers.iter().find(|(name, _)| name == "content-type");
    found.map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests;
