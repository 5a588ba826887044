//! Rules that change one output of a nested model on its way up.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::mapping::lookup;

/// What becomes of one value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub enum Transformation {
    /// It gets another name.
    Rename(String),
    /// Only the part at this dotted path is kept.
    Pick(String),
    /// Text in capitals.
    Uppercase,
    /// Text in small letters.
    Lowercase,
    /// Text read as a number.
    Number,
    /// Text read as JSON.
    Json,
}

impl Transformation {
    /// The forms a rule may have.
    pub const FORMS: [&'static str; 6] = [
        "rename:<name>",
        "pick:<dotted path>",
        "uppercase",
        "lowercase",
        "number",
        "json",
    ];

    /// Reads a rule.
    pub fn parse(text: &str) -> Option<Self> {
        let filled = |rest: &str| (!rest.trim().is_empty()).then(|| rest.trim().to_owned());
        match text.trim() {
            "uppercase" => Some(Self::Uppercase),
            "lowercase" => Some(Self::Lowercase),
            "number" => Some(Self::Number),
            "json" => Some(Self::Json),
            other => match other.split_once(':')? {
                ("rename", name) => filled(name).map(Self::Rename),
                ("pick", path) => filled(path).map(Self::Pick),
                _ => None,
            },
        }
    }

    /// Applies the rule to a named value; the answer is the new name and value.
    ///
    /// # Errors
    /// A sentence saying why the value does not fit the rule.
    pub fn apply(&self, name: &str, value: Value) -> Result<(String, Value), String> {
        let name = name.to_owned();
        let text = |value: &Value| match value {
            Value::String(text) => Ok(text.clone()),
            _ => Err(format!("The output {name} is no text.")),
        };
        let changed = match self {
            Self::Rename(other) => return Ok((other.clone(), value)),
            Self::Pick(path) => lookup(&value, path)
                .cloned()
                .ok_or_else(|| format!("The output {name} has nothing at {path}."))?,
            Self::Uppercase => text(&value)?.to_uppercase().into(),
            Self::Lowercase => text(&value)?.to_lowercase().into(),
            Self::Number if value.is_number() => value,
            Self::Number => {
                number(&text(&value)?).ok_or_else(|| format!("The output {name} is no number."))?
            }
            Self::Json => serde_json::from_str(&text(&value)?)
                .map_err(|_| format!("The output {name} is no JSON."))?,
        };
        Ok((name, changed))
    }
}

/// A whole number stays whole; anything that is not finite is no number.
fn number(text: &str) -> Option<Value> {
    let text = text.trim();
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    let number = text.parse::<f64>().ok().filter(|n| n.is_finite())?;
    serde_json::Number::from_f64(number).map(Value::Number)
}

impl TryFrom<String> for Transformation {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("{text} is no transformation"))
    }
}

impl From<Transformation> for String {
    fn from(rule: Transformation) -> Self {
        match rule {
            Transformation::Rename(name) => format!("rename:{name}"),
            Transformation::Pick(path) => format!("pick:{path}"),
            Transformation::Uppercase => "uppercase".to_owned(),
            Transformation::Lowercase => "lowercase".to_owned(),
            Transformation::Number => "number".to_owned(),
            Transformation::Json => "json".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(rule: &str, value: Value, expected: Option<(&str, Value)>) {
        let rule = Transformation::parse(rule).unwrap();
        let expected = expected.map(|(name, value)| (name.to_owned(), value));
        assert_eq!(rule.apply("out", value).ok(), expected);
        assert_eq!(
            Transformation::parse(&String::from(rule.clone())),
            Some(rule)
        );
    }

    #[test]
    fn rules_change_name_or_value() {
        check("rename:total", json!(1), Some(("total", json!(1))));
        check("pick:a.b", json!({"a": {"b": 2}}), Some(("out", json!(2))));
        check("pick:a.c", json!({"a": {"b": 2}}), None);
        check("uppercase", json!("ä"), Some(("out", json!("Ä"))));
        check("lowercase", json!("Ä"), Some(("out", json!("ä"))));
        check("lowercase", json!(1), None);
        check("number", json!(" 12 "), Some(("out", json!(12))));
        check("number", json!(1.5), Some(("out", json!(1.5))));
        check("number", json!("1.5"), Some(("out", json!(1.5))));
        check("number", json!("NaN"), None);
        check("json", json!("[1]"), Some(("out", json!([1]))));
        check("json", json!("["), None);
    }

    #[test]
    fn unknown_rules_are_refused() {
        for rule in ["", "rename:", "pick: ", "shout", "shout:now"] {
            assert_eq!(Transformation::parse(rule), None, "{rule}");
        }
        assert!(serde_json::from_str::<Transformation>("\"shout\"").is_err());
        let rule: Transformation = serde_json::from_str("\"rename:a\"").unwrap();
        assert_eq!(serde_json::to_string(&rule).unwrap(), "\"rename:a\"");
    }
}
