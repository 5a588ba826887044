//! What a run starts with, as a value: environment, parameters, session, time.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::error::{Code, DomainError, FieldError, Violations};
use crate::instant::Instant;
use crate::limits::{self, JsonObject};
use crate::vocabulary::Environment;

/// The context of a run. Every change makes a new value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionContext {
    environment: Environment,
    parameters: JsonObject,
    session_id: String,
    created_at: Instant,
}

impl ExecutionContext {
    /// A context; without a session it gets one of the given identifier.
    ///
    /// # Errors
    /// `EXECUTION_CONTEXT_INVALID` with every field outside its limits, `DOCUMENT_TOO_LARGE`.
    pub fn new(
        environment: &str,
        parameters: JsonObject,
        session_id: Option<&str>,
        new_session: Uuid,
        now: Instant,
    ) -> Result<Self, DomainError> {
        let mut violations = Violations::new();
        let environment = Environment::parse(environment.trim());
        if environment.is_none() {
            let words: Vec<&str> = Environment::ALL.iter().map(|word| word.as_str()).collect();
            let error = FieldError::new("environment", "oneOf").limit(words);
            violations.add(Code::ExecutionContextInvalid, error);
        }
        let parameters = violations.take("parameters", checked_parameters(parameters));
        let session_id = match session_id {
            None => Some(format!("exec-session-{new_session}")),
            Some(text) => {
                let checked = limits::text(text, 1, 200, Code::ExecutionContextInvalid);
                violations.take("sessionId", checked)
            }
        };
        violations.finish()?;
        Ok(Self {
            environment: environment.unwrap_or(Environment::Production),
            parameters: parameters.unwrap_or_default(),
            session_id: session_id.unwrap_or_default(),
            created_at: now,
        })
    }

    /// Where the run takes place.
    pub fn environment(&self) -> Environment {
        self.environment
    }

    /// What it starts with.
    pub fn parameters(&self) -> &JsonObject {
        &self.parameters
    }

    /// The session it belongs to.
    pub fn session_id(&self) -> &str {
        &self.session_id
    }

    /// When the context was made.
    pub fn created_at(&self) -> Instant {
        self.created_at
    }

    /// Whether there is a parameter of this name.
    pub fn has(&self, name: &str) -> bool {
        self.parameters.contains_key(name)
    }

    /// A parameter by its name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.parameters.get(name)
    }

    /// The context with a parameter set.
    ///
    /// # Errors
    /// `EXECUTION_CONTEXT_INVALID` for a blank name, `DOCUMENT_TOO_LARGE`.
    pub fn with_parameter(&self, name: &str, value: Value) -> Result<Self, DomainError> {
        self.merge([(name.to_owned(), value)].into_iter().collect())
    }

    /// The context without a parameter; unchanged when there is none.
    #[must_use]
    pub fn without_parameter(&self, name: &str) -> Self {
        let mut context = self.clone();
        context.parameters.remove(name);
        context
    }

    /// The context with some parameters set; given values win.
    ///
    /// # Errors
    /// `EXECUTION_CONTEXT_INVALID` for a blank name, `DOCUMENT_TOO_LARGE`.
    pub fn merge(&self, parameters: JsonObject) -> Result<Self, DomainError> {
        let mut merged = self.parameters.clone();
        merged.extend(checked_parameters(parameters)?);
        self.replace(merged)
    }

    /// The context with other parameters.
    ///
    /// # Errors
    /// `EXECUTION_CONTEXT_INVALID` for a blank name, `DOCUMENT_TOO_LARGE`.
    pub fn replace(&self, parameters: JsonObject) -> Result<Self, DomainError> {
        Ok(Self {
            parameters: checked_parameters(parameters)?,
            ..self.clone()
        })
    }

    /// The context without parameters.
    #[must_use]
    pub fn clear(&self) -> Self {
        Self {
            parameters: JsonObject::new(),
            ..self.clone()
        }
    }
}

/// Parameters with trimmed names.
///
/// # Errors
/// `EXECUTION_CONTEXT_INVALID` for a blank name, `DOCUMENT_TOO_LARGE`.
pub(crate) fn checked_parameters(parameters: JsonObject) -> Result<JsonObject, DomainError> {
    limits::document(&parameters)?;
    let mut trimmed = JsonObject::new();
    for (name, value) in parameters {
        if name.trim().is_empty() {
            let error = FieldError::new("", "blankKey").value(name.as_str());
            let message = "Parameters have names.";
            return Err(DomainError::field(
                Code::ExecutionContextInvalid,
                message,
                error,
            ));
        }
        trimmed.insert(name.trim().to_owned(), value);
    }
    Ok(trimmed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::tests::{object, uuid};
    use serde_json::json;

    fn context(parameters: Value) -> ExecutionContext {
        let now = Instant::from_millis(0);
        ExecutionContext::new(" staging ", object(parameters), None, uuid(1), now).unwrap()
    }

    #[test]
    fn a_context_is_made_of_checked_parts() {
        let made = context(json!({" a ": 1}));
        assert_eq!(made.environment(), Environment::Staging);
        assert_eq!(made.session_id(), format!("exec-session-{}", uuid(1)));
        assert_eq!((made.get("a"), made.has("b")), (Some(&json!(1)), false));
        assert_eq!(made.created_at(), Instant::from_millis(0));
        let wrong = object(json!({" ": 1}));
        let now = Instant::from_millis(0);
        let refusal = ExecutionContext::new("moon", wrong, Some(" "), uuid(1), now).unwrap_err();
        let fields: Vec<&str> = refusal.errors.iter().map(|e| e.field.as_str()).collect();
        assert_eq!(refusal.code, Code::ExecutionContextInvalid);
        assert_eq!(fields, ["environment", "parameters", "sessionId"]);
    }

    #[test]
    fn every_change_makes_a_new_value() {
        let start = context(json!({"a": 1}));
        let check = |changed: &ExecutionContext, expected: Value| {
            assert_eq!(changed.parameters(), &object(expected));
            assert_eq!(start.parameters(), &object(json!({"a": 1})));
        };
        check(
            &start.with_parameter(" b ", json!(2)).unwrap(),
            json!({"a": 1, "b": 2}),
        );
        check(&start.without_parameter("a"), json!({}));
        check(&start.without_parameter("x"), json!({"a": 1}));
        check(
            &start.merge(object(json!({"a": 3}))).unwrap(),
            json!({"a": 3}),
        );
        check(
            &start.replace(object(json!({"c": 4}))).unwrap(),
            json!({"c": 4}),
        );
        check(&start.clear(), json!({}));
        assert!(start.with_parameter(" ", json!(1)).is_err());
        let large = start.with_parameter("a", json!("x".repeat(70_000)));
        assert_eq!(large.unwrap_err().code, Code::DocumentTooLarge);
    }
}
