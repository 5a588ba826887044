//! Refusals on the wire: `application/problem+json` (RFC 9457). The only file with HTTP numbers.

use domain::error::{Code, DomainError, FieldError};
use serde_json::{Map, Value, json};
use use_cases::error::UseCaseError;
use use_cases::ports::PortError;

use crate::response::Response;

/// The ways to succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Success {
    /// Here it is.
    Ok,
    /// It was made; `location` says where it is.
    Created,
    /// It was started; `location` says where to look.
    Accepted,
    /// It was done; there is nothing to show.
    NoContent,
}

impl Success {
    /// The status code.
    pub(crate) fn number(self) -> u16 {
        match self {
            Self::Ok => 200,
            Self::Created => 201,
            Self::Accepted => 202,
            Self::NoContent => 204,
        }
    }
}

/// The status that goes with health: a service that is down says so to load balancers.
pub(crate) const DOWN: u16 = 503;

/// A refusal, with what the client is told and what only the log is told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Problem(Box<Content>);

#[derive(Clone, Debug, PartialEq)]
struct Content {
    status: u16,
    code: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    data: Map<String, Value>,
    headers: Vec<(&'static str, String)>,
    cause: Option<String>,
}

impl Problem {
    fn new(status: u16, code: &'static str, detail: impl Into<String>) -> Self {
        Self(Box::new(Content {
            status,
            code,
            detail: detail.into(),
            errors: Vec::new(),
            data: Map::new(),
            headers: Vec::new(),
            cause: None,
        }))
    }

    /// The shape of the request is wrong.
    pub(crate) fn invalid_request(detail: impl Into<String>) -> Self {
        Self::new(400, Code::InvalidRequest.as_str(), detail)
    }

    /// One part of the request has the wrong shape.
    pub(crate) fn invalid_field(field: &str, rule: &str, detail: impl Into<String>) -> Self {
        Self::invalid_request(detail).with_error(FieldError::new(field, rule))
    }

    /// Nobody knows who asks.
    pub(crate) fn unauthenticated(detail: impl Into<String>) -> Self {
        let challenge = "Bearer realm=\"api\"".to_owned();
        Self::new(401, "UNAUTHENTICATED", detail).with_header("www-authenticate", challenge)
    }

    /// A token was given and is no good.
    pub(crate) fn invalid_token(detail: &str) -> Self {
        let mut problem = Self::unauthenticated(detail);
        let challenge = format!(
            "Bearer realm=\"api\", error=\"invalid_token\", error_description=\"{}\"",
            detail.replace(['"', '\\'], "")
        );
        problem.0.headers = vec![("www-authenticate", challenge)];
        problem
    }

    /// Only the service itself may do this.
    pub(crate) fn service_only() -> Self {
        Self::new(403, Code::Forbidden.as_str(), "This needs the secret key.")
            .with_data("required", "service")
    }

    /// There is nothing at this address.
    pub(crate) fn route_not_found() -> Self {
        Self::new(404, "ROUTE_NOT_FOUND", "There is nothing at this address.")
    }

    /// A thing is missing or hidden.
    pub(crate) fn not_found(code: Code) -> Self {
        let detail = format!("{} (or it is hidden from you).", title(code.as_str()));
        Self::new(status_of(code), code.as_str(), detail)
    }

    /// The address is right, the method is not. `allow` lists the methods that are, with commas.
    pub(crate) fn method_not_allowed(allow: String) -> Self {
        let detail = format!("This address answers to {allow}.");
        Self::new(405, "METHOD_NOT_ALLOWED", detail).with_header("allow", allow)
    }

    /// The body is longer than the route takes.
    pub(crate) fn payload_too_large(max_bytes: usize) -> Self {
        let detail = format!("The body is longer than {max_bytes} bytes.");
        Self::new(413, "PAYLOAD_TOO_LARGE", detail).with_data("maxBytes", max_bytes)
    }

    /// A fault of this program; the cause is for the log alone.
    pub(crate) fn internal(cause: String) -> Self {
        let mut problem = Self::new(500, "INTERNAL_ERROR", "Something went wrong on our side.");
        problem.0.cause = Some(cause);
        problem
    }

    /// Something this program needs is down.
    pub(crate) fn unavailable(retry_after_seconds: Option<u64>, cause: String) -> Self {
        let detail = "A part of the service is not available at the moment.";
        let mut problem = Self::new(503, "SERVICE_UNAVAILABLE", detail);
        problem.0.cause = Some(cause);
        match retry_after_seconds {
            Some(seconds) => problem.with_header("retry-after", seconds.to_string()),
            None => problem,
        }
    }

    /// Adds a field that is wrong.
    #[must_use]
    pub(crate) fn with_error(mut self, error: FieldError) -> Self {
        self.0.errors.push(error);
        self
    }

    fn with_data(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.data.insert(name.to_owned(), value.into());
        self
    }

    fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// What went wrong behind the refusal, for the log.
    pub(crate) fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// The code, such as `NODE_NOT_FOUND`.
    pub(crate) fn code(&self) -> &'static str {
        self.0.code
    }

    /// The refusal as the client reads it. `instance` is the path that was asked for.
    pub(crate) fn to_response(&self, instance: &str, request_id: &str) -> Response {
        let mut body = self.0.data.clone();
        for (name, value) in [
            ("type", json!(format!("/problems/{}", kebab(self.0.code)))),
            ("title", json!(title(self.0.code))),
            ("status", json!(self.0.status)),
            ("detail", json!(self.0.detail)),
            ("instance", json!(instance)),
            ("code", json!(self.0.code)),
            ("requestId", json!(request_id)),
        ] {
            body.insert(name.to_owned(), value);
        }
        if !self.0.errors.is_empty() {
            body.insert("errors".to_owned(), json!(self.0.errors));
        }
        let mut headers = vec![("content-type", "application/problem+json".to_owned())];
        headers.extend(self.0.headers.iter().cloned());
        Response {
            status: self.0.status,
            headers,
            body: Some(Value::Object(body).to_string().into_bytes()),
        }
    }
}

/// Why a route ends early.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Halt {
    /// With a refusal.
    Refused(Problem),
    /// With the answer this command had got before.
    Answered(Response),
}

impl From<Problem> for Halt {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

impl From<UseCaseError> for Halt {
    fn from(error: UseCaseError) -> Self {
        match error {
            UseCaseError::Replayed(answer) => match Response::from_stored(&answer) {
                Ok(response) => Self::Answered(response),
                Err(problem) => Self::Refused(problem),
            },
            UseCaseError::NotFound(code) => Problem::not_found(code).into(),
            UseCaseError::Forbidden { required } => {
                let detail = format!("The permission to {required} is needed.");
                Problem::new(403, Code::Forbidden.as_str(), detail)
                    .with_data("required", required)
                    .into()
            }
            UseCaseError::Conflict {
                current_revision,
                if_match,
            } => conflict(current_revision, if_match).into(),
            UseCaseError::Refused(refusal) => Problem::from(refusal).into(),
            UseCaseError::Unavailable {
                retry_after,
                source,
            } => Problem::unavailable(retry_after, source.to_string()).into(),
            UseCaseError::Internal(source) => Problem::internal(source.to_string()).into(),
        }
    }
}

impl From<PortError> for Halt {
    fn from(error: PortError) -> Self {
        UseCaseError::from(error).into()
    }
}

impl From<DomainError> for Problem {
    fn from(refusal: DomainError) -> Self {
        let mut problem = Self::new(
            status_of(refusal.code),
            code_of(refusal.code),
            refusal.message,
        );
        problem.0.errors = refusal.errors;
        let pause_ms = refusal.data.get("retryAfterMs").and_then(Value::as_u64);
        problem.0.data = refusal.data;
        match pause_ms.filter(|_| problem.0.status == 429) {
            Some(pause) => problem.with_header("retry-after", pause.div_ceil(1000).to_string()),
            None => problem,
        }
    }
}

impl From<DomainError> for Halt {
    fn from(refusal: DomainError) -> Self {
        Problem::from(refusal).into()
    }
}

fn conflict(current_revision: Option<i64>, if_match: bool) -> Problem {
    let status = if if_match { 412 } else { 409 };
    let detail = "Somebody else changed this meanwhile; read it again.";
    let problem = Problem::new(status, Code::RevisionConflict.as_str(), detail);
    match current_revision {
        Some(revision) => problem.with_data("currentRevision", revision),
        None => problem,
    }
}

/// A malformed identifier is a malformed request to clients.
pub(crate) fn code_of(code: Code) -> &'static str {
    match code {
        Code::IdInvalid => Code::InvalidRequest.as_str(),
        other => other.as_str(),
    }
}

/// The status of a domain refusal; everything about values and rules is 422.
pub(crate) fn status_of(code: Code) -> u16 {
    match code {
        Code::InvalidRequest | Code::IdInvalid => 400,
        Code::Forbidden => 403,
        Code::FunctionModelNotFound
        | Code::NodeNotFound
        | Code::ActionNotFound
        | Code::DependencyNotFound
        | Code::VersionNotFound
        | Code::ExecutionNotFound
        | Code::TemplateNotFound
        | Code::ContentNotFound
        | Code::WorkflowNotFound
        | Code::SecretNotFound
        | Code::ScheduleNotFound
        | Code::AggregateNotFound
        | Code::OrganizationNotFound
        | Code::AgentNotFound
        | Code::TaskNotFound
        | Code::MemberNotFound
        | Code::InvitationNotFound
        | Code::SubscriptionNotFound
        | Code::DeadLetterNotFound
        | Code::LinkNotFound
        | Code::ContextNotFound => 404,
        Code::RevisionConflict
        | Code::ModelNameTaken
        | Code::AgentNameTaken
        | Code::SecretNameTaken
        | Code::NodeAlreadyExists
        | Code::ActionAlreadyExists
        | Code::DependencyAlreadyExists
        | Code::VersionAlreadyExists
        | Code::ContextAlreadyRegistered
        | Code::OrchestrationAlreadyRunning
        | Code::LinkAlreadyExists
        | Code::BatchInProgress
        | Code::BatchNotOpen
        | Code::IdempotencyKeyReused => 409,
        Code::AgentAtCapacity => 429,
        _ => 422,
    }
}

/// `NODE_NOT_FOUND` as `node-not-found`.
fn kebab(code: &str) -> String {
    code.to_ascii_lowercase().replace('_', "-")
}

/// `NODE_NOT_FOUND` as `Node not found`.
fn title(code: &str) -> String {
    let words = code.replace('_', " ");
    words[..1].to_owned() + &words[1..].to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(halt: impl Into<Halt>, status: u16, code: &str) -> Value {
        let Halt::Refused(problem) = halt.into() else {
            panic!("no refusal")
        };
        let response = problem.to_response("/function-models", "r-1");
        assert_eq!(response.status, status);
        let body = response.body_json();
        assert_eq!(body["status"], status);
        assert_eq!(body["code"], code);
        assert_eq!(body["type"], format!("/problems/{}", kebab(code)));
        assert_eq!(body["instance"], "/function-models");
        assert_eq!(body["requestId"], "r-1");
        assert_eq!(response.headers[0].1, "application/problem+json");
        body
    }

    #[test]
    fn each_kind_of_refusal_has_its_status() {
        check(
            UseCaseError::NotFound(Code::NodeNotFound),
            404,
            "NODE_NOT_FOUND",
        );
        let body = check(
            UseCaseError::Forbidden {
                required: "edit".into(),
            },
            403,
            "FORBIDDEN",
        );
        assert_eq!(body["required"], "edit");
        for (if_match, status) in [(true, 412), (false, 409)] {
            let error = UseCaseError::Conflict {
                current_revision: Some(4),
                if_match,
            };
            assert_eq!(
                check(error, status, "REVISION_CONFLICT")["currentRevision"],
                4
            );
        }
        check(Problem::route_not_found(), 404, "ROUTE_NOT_FOUND");
        check(Problem::payload_too_large(9), 413, "PAYLOAD_TOO_LARGE");
    }

    #[test]
    fn domain_refusals_keep_their_fields_and_data() {
        let refusal = DomainError::field(
            Code::PositionInvalid,
            "Outside.",
            FieldError::new("position.x", "range").limit(10_000),
        );
        let body = check(refusal, 422, "POSITION_INVALID");
        assert_eq!(
            body["errors"],
            json!([{"field": "position.x", "rule": "range", "limit": 10_000}])
        );
        assert_eq!(body["title"], "Position invalid");
        let refusal =
            DomainError::new(Code::CircularDependency, "A cycle.").with("cycle", json!(["a"]));
        assert_eq!(
            check(refusal, 422, "CIRCULAR_DEPENDENCY")["cycle"],
            json!(["a"])
        );
        check(
            DomainError::new(Code::IdInvalid, "No id."),
            400,
            "INVALID_REQUEST",
        );
        check(
            DomainError::new(Code::ModelNameTaken, "Taken."),
            409,
            "MODEL_NAME_TAKEN",
        );
        check(
            DomainError::new(Code::ExecutionOrderTaken, "Taken."),
            422,
            "EXECUTION_ORDER_TAKEN",
        );
    }

    #[test]
    fn causes_reach_the_log_and_not_the_client() {
        let problem = Problem::internal("password in the wrong place".into());
        assert_eq!(problem.cause(), Some("password in the wrong place"));
        let body = check(problem, 500, "INTERNAL_ERROR");
        assert!(!body.to_string().contains("password"));
        let problem = Problem::unavailable(Some(7), "refused".into());
        let headers = problem.to_response("/", "r").headers;
        assert!(headers.contains(&("retry-after", "7".into())));
    }

    #[test]
    fn unknown_callers_are_challenged() {
        let response = Problem::invalid_token("The \"token\" has expired.").to_response("/", "r");
        let challenge = response
            .headers
            .iter()
            .find(|(name, _)| *name == "www-authenticate");
        assert!(challenge.is_some_and(|(_, value)| value.contains("error=\"invalid_token\"")));
        assert_eq!(response.status, 401);
    }
}
