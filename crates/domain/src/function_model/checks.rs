//! Checks of values that several commands share.

use serde_json::Value;

use crate::error::{Code, DomainError, FieldError, Violations};
use crate::limits::{self, JsonObject};
use crate::patch::Patch;

use super::node::MAX_TIMEOUT_MS;

/// Metadata of a model: `tags` are at most 20 texts of 1–50 characters, `dataSharingApproved`
/// and `auditing` are truth values, `category` is text.
pub(super) fn model_metadata(metadata: JsonObject) -> Result<JsonObject, DomainError> {
    limits::document(&metadata)?;
    let mut violations = Violations::new();
    let mut broken = |field: String, rule: &str, limit: Value| {
        let error = FieldError::new(field, rule).limit(limit);
        violations.add(Code::MetadataInvalid, error);
    };
    match metadata.get("tags") {
        None => {}
        Some(Value::Array(tags)) => {
            if tags.len() > 20 {
                broken("tags".to_owned(), "length", 20.into());
            }
            for (index, tag) in tags.iter().enumerate() {
                let fits = |tag: &str| (1..=50).contains(&tag.trim().chars().count());
                if !tag.as_str().is_some_and(fits) {
                    let limit = serde_json::json!({ "min": 1, "max": 50 });
                    broken(format!("tags[{index}]"), "length", limit);
                }
            }
        }
        Some(_) => broken("tags".to_owned(), "type", "list".into()),
    }
    for name in ["dataSharingApproved", "auditing"] {
        if metadata.get(name).is_some_and(|value| !value.is_boolean()) {
            broken(name.to_owned(), "type", "boolean".into());
        }
    }
    if metadata
        .get("category")
        .is_some_and(|value| !value.is_string())
    {
        broken("category".to_owned(), "type", "text".into());
    }
    violations.finish().map(|()| metadata)
}

/// Metadata of a container: `priority` is 1–10, `critical` is a truth value.
pub(super) fn node_metadata(metadata: JsonObject) -> Result<JsonObject, DomainError> {
    limits::document(&metadata)?;
    let mut violations = Violations::new();
    if let Some(priority) = metadata.get("priority")
        && !priority.as_i64().is_some_and(|n| (1..=10).contains(&n))
    {
        let limit = serde_json::json!({ "min": 1, "max": 10 });
        let error = FieldError::new("priority", "range")
            .limit(limit)
            .value(priority.clone());
        violations.add(Code::MetadataInvalid, error);
    }
    critical(&metadata, &mut violations);
    violations.finish().map(|()| metadata)
}

/// Metadata of an action: `critical` is a truth value, `policy` an object, and `condition` one
/// that compiles.
pub(super) fn action_metadata(metadata: JsonObject) -> Result<JsonObject, DomainError> {
    limits::document(&metadata)?;
    let mut violations = Violations::new();
    critical(&metadata, &mut violations);
    if metadata
        .get("policy")
        .is_some_and(|value| !value.is_object())
    {
        let error = FieldError::new("policy", "type").limit("object");
        violations.add(Code::MetadataInvalid, error);
    }
    if let Err(refusal) = crate::workflow::condition::Condition::of_metadata(&metadata) {
        for mut error in refusal.errors {
            error.field = error.field.replacen("metadata.", "", 1);
            violations.add(Code::ActionConfigurationInvalid, error);
        }
    }
    violations.finish().map(|()| metadata)
}

fn critical(metadata: &JsonObject, violations: &mut Violations) {
    if metadata
        .get("critical")
        .is_some_and(|value| !value.is_boolean())
    {
        let error = FieldError::new("critical", "type").limit("boolean");
        violations.add(Code::MetadataInvalid, error);
    }
}

/// Text that may be absent; blank text counts as absent.
pub(super) fn optional_text(
    text: Option<&str>,
    max: usize,
    code: Code,
) -> Result<Option<String>, DomainError> {
    let checked = text
        .map(|text| limits::text(text, 0, max, code))
        .transpose()?;
    Ok(checked.filter(|text| !text.is_empty()))
}

/// A reason, at most 2000 characters; the refusal names the field `reason`.
pub(super) fn reason(text: Option<&str>) -> Result<Option<String>, DomainError> {
    let mut violations = Violations::new();
    let checked = optional_text(text, 2000, Code::ReasonInvalid);
    let checked = violations.take("reason", checked).flatten();
    violations.finish().map(|()| checked)
}

/// A changed text; blank text removes it.
pub(super) fn patched_text(
    patch: &Patch<String>,
    max: usize,
    code: Code,
) -> Result<Patch<String>, DomainError> {
    match patch {
        Patch::Keep => Ok(Patch::Keep),
        Patch::Clear => Ok(Patch::Clear),
        Patch::Set(text) => optional_text(Some(text), max, code).map(Patch::to),
    }
}

/// A time limit of a container in milliseconds, 0–86 400 000.
pub(super) fn timeout_ms(given: i64) -> Result<u64, DomainError> {
    ranged(given, 0, MAX_TIMEOUT_MS, Code::TimeoutInvalid).map(i64::unsigned_abs)
}

/// A whole number within a range.
pub(super) fn ranged(given: i64, min: i64, max: i64, code: Code) -> Result<i64, DomainError> {
    if (min..=max).contains(&given) {
        return Ok(given);
    }
    let limit = serde_json::json!({ "min": min, "max": max });
    let error = FieldError::new("", "range").limit(limit).value(given);
    let message = format!("Between {min} and {max} is needed.");
    Err(DomainError::field(code, message, error))
}

/// Estimated minutes, finite and above 0.
pub(super) fn estimate(given: f64) -> Result<f64, DomainError> {
    if given.is_finite() && given > 0.0 {
        return Ok(given);
    }
    let error = FieldError::new("", "range").limit("above 0").value(given);
    let message = "An estimate is above 0 minutes.";
    Err(DomainError::field(
        Code::EstimatedDurationInvalid,
        message,
        error,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(
        read: fn(JsonObject) -> Result<JsonObject, DomainError>,
        value: Value,
        broken: &[&str],
    ) {
        let fields: Vec<String> = read(value.as_object().cloned().unwrap())
            .err()
            .map(|refusal| refusal.errors.into_iter().map(|e| e.field).collect())
            .unwrap_or_default();
        assert_eq!(fields, broken);
    }

    #[test]
    fn known_keys_are_checked_and_others_are_free() {
        check(
            model_metadata,
            json!({"tags": ["a"], "auditing": true, "x": [1]}),
            &[],
        );
        let many: Vec<&str> = vec!["t"; 21];
        check(model_metadata, json!({ "tags": many }), &["tags"]);
        check(
            model_metadata,
            json!({"tags": [" ", 1, "ok"], "auditing": 1, "category": 2}),
            &["tags[0]", "tags[1]", "auditing", "category"],
        );
        check(model_metadata, json!({"tags": "x"}), &["tags"]);
        check(
            node_metadata,
            json!({"priority": 11, "critical": 1}),
            &["priority", "critical"],
        );
        check(
            node_metadata,
            json!({"priority": 10, "critical": true}),
            &[],
        );
        check(
            action_metadata,
            json!({"critical": "x", "policy": 1, "condition": [{"path": "a"}]}),
            &["critical", "policy", "condition[0].operator"],
        );
    }

    #[test]
    fn texts_and_numbers_keep_their_limits() {
        assert_eq!(optional_text(Some("  "), 5, Code::NotesInvalid), Ok(None));
        assert!(optional_text(Some("123456"), 5, Code::NotesInvalid).is_err());
        let blank = patched_text(&Patch::Set(" ".into()), 5, Code::NotesInvalid);
        assert_eq!(blank, Ok(Patch::Clear));
        assert_eq!(
            patched_text(&Patch::Clear, 5, Code::NotesInvalid),
            Ok(Patch::Clear)
        );
        assert_eq!(timeout_ms(86_400_000), Ok(86_400_000));
        assert!(timeout_ms(-1).is_err());
        assert!(estimate(0.0).is_err());
        assert!(estimate(f64::NAN).is_err());
        assert_eq!(estimate(0.5), Ok(0.5));
    }
}
