//! Limits that many values share: lengths of text, sizes of documents, wrong types.

use serde_json::{Map, Value};

use crate::error::{Code, DomainError, FieldError, Violations, join};
use crate::json;

/// A JSON object as `metadata`, `parameters` and the like hold it.
pub type JsonObject = Map<String, Value>;

/// Most bytes of a free JSON document, serialized.
pub const DOCUMENT_BYTES: usize = 64 * 1024;
/// Deepest nesting of a free JSON document.
pub const DOCUMENT_DEPTH: usize = 20;
/// Most containers and actions of one model, together.
pub const MODEL_NODES: usize = 10_000;
/// Most dependencies of one model.
pub const MODEL_DEPENDENCIES: usize = 50_000;

/// Trims text and checks its length in characters.
///
/// # Errors
/// `code` with rule `length`; `INVALID_REQUEST` for U+0000.
pub fn text(text: &str, min: usize, max: usize, code: Code) -> Result<String, DomainError> {
    let trimmed = text.trim();
    if trimmed.contains('\0') {
        return Err(nul(""));
    }
    let length = trimmed.chars().count();
    if length < min || length > max {
        let limit = serde_json::json!({ "min": min, "max": max });
        let error = FieldError::new("", "length").limit(limit).value(trimmed);
        let message = format!("Between {min} and {max} characters are needed.");
        return Err(DomainError::field(code, message, error));
    }
    Ok(trimmed.to_owned())
}

/// Checks a free JSON document: at most 64 KiB, nested at most 20 deep, without U+0000.
///
/// # Errors
/// `DOCUMENT_TOO_LARGE` or `INVALID_REQUEST`.
pub fn document(object: &JsonObject) -> Result<(), DomainError> {
    let root = object.values().map(|value| (value, 2)).collect();
    if object.keys().any(|key| key.contains('\0')) {
        return Err(nul(""));
    }
    let bytes = measure(root, DOCUMENT_DEPTH)?;
    let keys: usize = object.keys().map(|key| key.len() + 4).sum();
    if bytes + keys > DOCUMENT_BYTES && serialized(object) > DOCUMENT_BYTES {
        return Err(too_large("bytes", DOCUMENT_BYTES));
    }
    Ok(())
}

/// Checks a JSON value against a size in bytes and a depth, and that it holds no U+0000.
///
/// # Errors
/// `DOCUMENT_TOO_LARGE` or `INVALID_REQUEST`.
pub fn value(value: &Value, max_bytes: usize, max_depth: usize) -> Result<(), DomainError> {
    let estimate = measure(vec![(value, 1)], max_depth)?;
    let exact = || json::to_text(value).len();
    if estimate > max_bytes && exact() > max_bytes {
        return Err(too_large("bytes", max_bytes));
    }
    Ok(())
}

fn serialized(object: &JsonObject) -> usize {
    json::to_text(object).len()
}

/// Walks the values without recursion; answers an upper bound of their size in bytes.
fn measure(mut open: Vec<(&Value, usize)>, max_depth: usize) -> Result<usize, DomainError> {
    let mut bytes = 2;
    while let Some((value, depth)) = open.pop() {
        bytes += 26;
        match value {
            Value::String(text) if text.contains('\0') => return Err(nul("")),
            // One byte becomes at most six when it is escaped.
            Value::String(text) => bytes += 6 * text.len(),
            Value::Array(_) | Value::Object(_) if depth > max_depth => {
                return Err(too_large("depth", max_depth));
            }
            Value::Array(items) => open.extend(items.iter().map(|item| (item, depth + 1))),
            Value::Object(map) => {
                for (key, item) in map {
                    if key.contains('\0') {
                        return Err(nul(""));
                    }
                    bytes += 6 * key.len() + 4;
                    open.push((item, depth + 1));
                }
            }
            _ => {}
        }
    }
    Ok(bytes)
}

fn too_large(rule: &str, limit: usize) -> DomainError {
    let error = FieldError::new("", rule).limit(limit);
    DomainError::field(
        Code::DocumentTooLarge,
        "The JSON document is too large.",
        error,
    )
}

fn nul(field: &str) -> DomainError {
    let error = FieldError::new(field, "character").value("U+0000");
    DomainError::field(
        Code::InvalidRequest,
        "The character U+0000 cannot be stored.",
        error,
    )
}

/// Reads a JSON object field by field and notes everything that is wrong with it.
pub(crate) struct Fields<'a> {
    object: JsonObject,
    path: String,
    code: Code,
    violations: &'a mut Violations,
}

impl<'a> Fields<'a> {
    /// Starts reading; fields are reported below `path` under `code`.
    pub(crate) fn new(
        object: JsonObject,
        path: &str,
        code: Code,
        violations: &'a mut Violations,
    ) -> Self {
        Self {
            object,
            path: path.to_owned(),
            code,
            violations,
        }
    }

    /// Reports every field that was not read.
    pub(crate) fn finish(self) {
        let names: Vec<String> = self.object.keys().cloned().collect();
        for name in names {
            let error = FieldError::new(join(&self.path, &name), "unknown");
            self.violations.add(self.code, error);
        }
    }

    /// The raw field; `null` counts as a value.
    pub(crate) fn any(&mut self, name: &str) -> Option<Value> {
        self.object.remove(name)
    }

    /// Notes a broken rule of a field.
    pub(crate) fn broken(&mut self, name: &str, rule: &str, limit: impl Into<Value>) {
        let error = FieldError::new(join(&self.path, name), rule).limit(limit);
        self.violations.add(self.code, error);
    }

    /// Takes a value, or notes the refusal below `name`.
    pub(crate) fn take<T>(&mut self, name: &str, result: Result<T, DomainError>) -> Option<T> {
        let path = join(&self.path, name);
        self.violations.take(&path, result)
    }

    /// Whether the field is there and not `null`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.object.get(name).is_some_and(|value| !value.is_null())
    }

    /// The raw field; `null` counts as absent.
    pub(crate) fn raw(&mut self, name: &str) -> Option<Value> {
        self.object.remove(name).filter(|value| !value.is_null())
    }

    fn wrong_type(&mut self, name: &str, expected: &str) {
        self.broken(name, "type", expected);
    }

    /// Trimmed text of some length.
    pub(crate) fn text(&mut self, name: &str, min: usize, max: usize) -> Option<String> {
        match self.raw(name)? {
            Value::String(given) => {
                let code = self.code;
                self.take(name, text(&given, min, max, code))
            }
            _ => {
                self.wrong_type(name, "text");
                None
            }
        }
    }

    /// Trimmed text that must be there.
    pub(crate) fn required_text(&mut self, name: &str, min: usize, max: usize) -> Option<String> {
        if !self.has(name) {
            self.object.remove(name);
            self.broken(name, "required", Value::Null);
            return None;
        }
        self.text(name, min, max)
    }

    /// A JSON object within the limits of documents.
    pub(crate) fn object(&mut self, name: &str) -> Option<JsonObject> {
        match self.raw(name)? {
            Value::Object(object) => self.take(name, document(&object).map(|()| object)),
            _ => {
                self.wrong_type(name, "object");
                None
            }
        }
    }

    /// A truth value.
    pub(crate) fn boolean(&mut self, name: &str) -> Option<bool> {
        match self.raw(name)? {
            Value::Bool(value) => Some(value),
            _ => {
                self.wrong_type(name, "boolean");
                None
            }
        }
    }

    /// A whole number within a range.
    pub(crate) fn integer(&mut self, name: &str, min: i64, max: i64) -> Option<i64> {
        let Some(value) = whole(&self.raw(name)?) else {
            self.wrong_type(name, "integer");
            return None;
        };
        if value < min || value > max {
            self.broken(name, "range", serde_json::json!({ "min": min, "max": max }));
            return None;
        }
        Some(value)
    }

    /// One of the words of an enumeration.
    pub(crate) fn word<T: Copy>(
        &mut self,
        name: &str,
        all: &[T],
        as_str: fn(T) -> &'static str,
    ) -> Option<T> {
        let raw = self.raw(name)?;
        let found = raw
            .as_str()
            .and_then(|given| all.iter().copied().find(|word| as_str(*word) == given));
        if found.is_none() {
            let words: Vec<&str> = all.iter().map(|word| as_str(*word)).collect();
            self.broken(name, "oneOf", words);
        }
        found
    }

    /// A list of trimmed, non-blank texts of at most 200 characters.
    pub(crate) fn texts(&mut self, name: &str) -> Option<Vec<String>> {
        self.text_list(name, 1)
    }

    fn text_list(&mut self, name: &str, min: usize) -> Option<Vec<String>> {
        let Value::Array(items) = self.raw(name)? else {
            self.wrong_type(name, "list");
            return None;
        };
        let mut texts = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let place = format!("{name}[{index}]");
            match item.as_str() {
                Some(given) => {
                    let code = self.code;
                    texts.extend(self.take(&place, text(given, min, 200, code)));
                }
                None => self.wrong_type(&place, "text"),
            }
        }
        Some(texts)
    }

    /// A list of trimmed texts of at most 200 characters, blank ones included.
    pub(crate) fn loose_texts(&mut self, name: &str) -> Option<Vec<String>> {
        self.text_list(name, 0)
    }

    /// The same, refusing a text that stands there twice.
    pub(crate) fn unique_texts(&mut self, name: &str) -> Option<Vec<String>> {
        let texts = self.texts(name)?;
        let mut seen = crate::sorted::SortedSet::new();
        if let Some(twice) = texts.iter().find(|text| !seen.insert(text.as_str())) {
            let twice = twice.clone();
            self.broken(name, "unique", twice);
        }
        Some(texts)
    }

    /// Reads a nested object with the same rules.
    pub(crate) fn nested<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Fields<'_>) -> T,
    ) -> Option<T> {
        let Value::Object(object) = self.raw(name)? else {
            self.wrong_type(name, "object");
            return None;
        };
        let path = join(&self.path, name);
        let mut inner = Fields::new(object, &path, self.code, self.violations);
        let value = read(&mut inner);
        inner.finish();
        Some(value)
    }
}

/// A JSON number without a fraction.
fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        let number = value.as_f64()?;
        (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: Value) -> JsonObject {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn text_is_trimmed_and_measured_in_characters() {
        assert_eq!(text(" ä ", 1, 1, Code::ReasonInvalid).unwrap(), "ä");
        let refusal = text("ab", 1, 1, Code::ReasonInvalid).unwrap_err();
        assert_eq!(refusal.code, Code::ReasonInvalid);
        let refusal = text("a\0", 1, 9, Code::ReasonInvalid).unwrap_err();
        assert_eq!(refusal.code, Code::InvalidRequest);
    }

    #[test]
    fn documents_are_bounded_in_bytes_and_depth() {
        let fits = object(json!({ "a": "x".repeat(60_000) }));
        assert!(document(&fits).is_ok());
        let large = object(json!({ "a": "x".repeat(65_536) }));
        assert_eq!(document(&large).unwrap_err().code, Code::DocumentTooLarge);
        let mut deep = json!(1);
        for _ in 0..19 {
            deep = json!([deep]);
        }
        assert!(document(&object(json!({ "a": deep }))).is_ok());
        assert!(document(&object(json!({ "a": [deep] }))).is_err());
        let nul = document(&object(json!({ "a": { "b\0": 1 } }))).unwrap_err();
        assert_eq!(nul.code, Code::InvalidRequest);
        assert!(document(&object(json!({ "b\0": 1 }))).is_err());
        assert!(document(&object(json!({ "b": "\0" }))).is_err());
    }

    #[test]
    fn values_are_bounded_as_asked() {
        assert!(value(&json!([1, 2]), 5, 1).is_ok());
        assert!(value(&json!([1, 23]), 5, 1).is_err());
        assert!(value(&json!([[]]), 100, 1).is_err());
    }

    #[test]
    fn every_wrong_field_is_noted_with_its_path() {
        let mut violations = Violations::new();
        let given = object(json!({
            "name": 1, "count": 1.5, "far": 11, "flag": "yes", "kind": "odd",
            "list": ["a", 2, "a"], "one": "no list", "inner": { "extra": 1 }, "other": [],
            "much": 3.0, "extra": true, "nothing": null
        }));
        let mut fields = Fields::new(
            given,
            "spec",
            Code::ActionConfigurationInvalid,
            &mut violations,
        );
        assert_eq!(fields.required_text("missing", 1, 9), None);
        assert_eq!(fields.required_text("name", 1, 9), None);
        assert_eq!(fields.integer("count", 0, 10), None);
        assert_eq!(fields.integer("far", 0, 10), None);
        assert_eq!(fields.integer("much", 0, 10), Some(3));
        assert_eq!(fields.boolean("flag"), None);
        let kind = fields.word("kind", crate::vocabulary::Severity::ALL, |w| w.as_str());
        assert_eq!(kind, None);
        assert_eq!(fields.unique_texts("list").unwrap(), ["a", "a"]);
        assert_eq!(fields.texts("one"), None);
        assert_eq!(fields.object("other"), None);
        assert!(fields.nested("inner", |_| ()).is_some());
        assert_eq!(fields.raw("nothing"), None);
        fields.finish();
        let found = violations.finish().unwrap_err();
        let rules: Vec<String> = found
            .errors
            .iter()
            .map(|e| format!("{} {}", e.field, e.rule))
            .collect();
        assert_eq!(
            rules,
            [
                "spec.missing required",
                "spec.name type",
                "spec.count type",
                "spec.far range",
                "spec.flag type",
                "spec.kind oneOf",
                "spec.list[1] type",
                "spec.list unique",
                "spec.one type",
                "spec.other type",
                "spec.inner.extra unknown",
                "spec.extra unknown",
            ]
        );
    }
}
