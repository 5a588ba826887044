//! Guards: lists of tests over the context, or an expression in their place.

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::Value;

use super::expression::Expression;
use super::mapping::lookup;
use crate::error::{Code, DomainError, FieldError, Violations};
use crate::json;
use crate::limits::{Fields, JsonObject};
use crate::vocabulary::words;

/// What must hold for an action to run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Condition {
    /// All of these tests.
    Tests(Vec<Test>),
    /// An expression that answers true.
    Expression(Expression),
}

/// One test of a value in the context.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Test {
    /// Dotted path of the value.
    pub path: String,
    /// How it is compared.
    pub operator: Operator,
    /// With what; `exists` and `notExists` need nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "schema",
        schemars(with = "Option<crate::schema::given::Free>")
    )]
    pub value: Option<Value>,
}

words!(
    /// How a test compares.
    Operator {
        /// Equal.
        Eq => "eq",
        /// Not equal.
        Ne => "ne",
        /// Greater than.
        Gt => "gt",
        /// Greater than or equal.
        Gte => "gte",
        /// Less than.
        Lt => "lt",
        /// Less than or equal.
        Lte => "lte",
        /// There, and not null.
        Exists => "exists",
        /// Not there, or null.
        NotExists => "notExists",
        /// One of a list.
        In => "in",
    }
);

/// Most tests in one condition.
const MAX_TESTS: usize = 100;

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let read = if value.is_array() {
            json::from_value(value).map(Self::Tests)
        } else {
            json::from_value(value).map(Self::Expression)
        };
        read.map_err(de::Error::custom)
    }
}

impl Condition {
    /// Reads a list of tests or `{"expression": "…"}`.
    ///
    /// # Errors
    /// `ACTION_CONFIGURATION_INVALID` with every test that is wrong.
    pub fn parse(value: &Value) -> Result<Self, DomainError> {
        match value {
            Value::Array(items) if (1..=MAX_TESTS).contains(&items.len()) => {
                let mut violations = Violations::new();
                let tests = items
                    .iter()
                    .enumerate()
                    .filter_map(|(index, item)| {
                        Test::read(&format!("[{index}]"), item, &mut violations)
                    })
                    .collect();
                violations.finish().map(|()| Self::Tests(tests))
            }
            Value::Array(_) => Err(refused("length", "1 to 100 tests")),
            Value::Object(_) => Expression::parse_json(value).map(Self::Expression),
            _ => Err(refused("type", "a list of tests or an expression")),
        }
    }

    /// Whether the condition holds for the context.
    ///
    /// # Errors
    /// A sentence when an expression cannot be evaluated or answers something but true or false.
    pub fn holds(&self, context: &Value) -> Result<bool, String> {
        match self {
            Self::Tests(tests) => Ok(tests.iter().all(|test| test.holds(context))),
            Self::Expression(expression) => match expression.evaluate(context)? {
                Value::Bool(answer) => Ok(answer),
                _ => Err("The condition answers neither true nor false.".to_owned()),
            },
        }
    }

    /// The condition that an action's `metadata.condition` states, if any.
    ///
    /// # Errors
    /// `ACTION_CONFIGURATION_INVALID` on fields below `metadata.condition`.
    pub fn of_metadata(metadata: &JsonObject) -> Result<Option<Self>, DomainError> {
        match metadata.get("condition") {
            None | Some(Value::Null) => Ok(None),
            Some(value) => Self::parse(value).map(Some).map_err(|mut refusal| {
                for error in &mut refusal.errors {
                    error.field = crate::error::join("metadata.condition", &error.field);
                }
                refusal
            }),
        }
    }
}

fn refused(rule: &str, limit: &str) -> DomainError {
    DomainError::field(
        Code::ActionConfigurationInvalid,
        "A condition is a list of tests or an expression.",
        FieldError::new("", rule).limit(limit),
    )
}

impl Test {
    fn read(place: &str, value: &Value, violations: &mut Violations) -> Option<Self> {
        let code = Code::ActionConfigurationInvalid;
        let Value::Object(object) = value else {
            violations.add(code, FieldError::new(place, "type").limit("object"));
            return None;
        };
        let mut fields = Fields::new(object.clone(), place, code, violations);
        let path = fields.required_text("path", 1, 500);
        if !fields.has("operator") {
            fields.broken("operator", "required", Value::Null);
        }
        let operator = fields.word("operator", Operator::ALL, Operator::as_str);
        let value = fields.any("value");
        match operator {
            Some(Operator::In) if !value.as_ref().is_some_and(Value::is_array) => {
                fields.broken("value", "type", "list");
            }
            Some(Operator::Exists | Operator::NotExists | Operator::In) | None => {}
            Some(_) if value.is_none() => fields.broken("value", "required", Value::Null),
            Some(_) => {}
        }
        fields.finish();
        Some(Self {
            path: path?,
            operator: operator?,
            value,
        })
    }

    /// Whether the test holds; a missing path fails every operator but `ne` and `notExists`.
    fn holds(&self, context: &Value) -> bool {
        let found = lookup(context, &self.path);
        let expected = self.value.as_ref().unwrap_or(&Value::Null);
        match (self.operator, found) {
            (Operator::Exists, found) => found.is_some_and(|value| !value.is_null()),
            (Operator::NotExists, found) => found.is_none_or(Value::is_null),
            (Operator::Ne, None) => true,
            (_, None) => false,
            (Operator::Eq, Some(value)) => equal(value, expected),
            (Operator::Ne, Some(value)) => !equal(value, expected),
            (Operator::In, Some(value)) => expected
                .as_array()
                .is_some_and(|items| items.iter().any(|item| equal(value, item))),
            (operator, Some(value)) => {
                compare(value, expected).is_some_and(|ordering| operator.accepts(ordering))
            }
        }
    }
}

impl Operator {
    fn accepts(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Self::Gt => ordering.is_gt(),
            Self::Gte => ordering.is_ge(),
            Self::Lt => ordering.is_lt(),
            Self::Lte => ordering.is_le(),
            _ => false,
        }
    }
}

/// Equality of JSON in which 1 and 1.0 are the same number.
fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(_), Value::Number(_)) => compare(a, b) == Some(std::cmp::Ordering::Equal),
        _ => a == b,
    }
}

/// Numbers compare as numbers, texts by their characters; other pairs do not compare.
fn compare(a: &Value, b: &Value) -> Option<std::cmp::Ordering> {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => match (x.as_i64(), y.as_i64()) {
            (Some(x), Some(y)) => Some(x.cmp(&y)),
            _ => x.as_f64()?.partial_cmp(&y.as_f64()?),
        },
        (Value::String(x), Value::String(y)) => Some(x.cmp(y)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(condition: Value, expected: bool) {
        let context = json!({
            "amount": 120, "rate": 1.0, "name": "b", "empty": null, "tags": ["x", "y"],
            "order": {"paid": true}
        });
        let parsed = Condition::parse(&condition).unwrap();
        assert_eq!(parsed.holds(&context), Ok(expected), "{condition}");
    }

    fn test(path: &str, operator: &str, value: Value, expected: bool) {
        check(
            json!([{"path": path, "operator": operator, "value": value}]),
            expected,
        );
    }

    #[test]
    fn operators_compare_numbers_texts_and_presence() {
        test("amount", "eq", json!(120.0), true);
        test("amount", "ne", json!(120), false);
        test("rate", "eq", json!(1), true);
        test("amount", "gt", json!(119.5), true);
        test("amount", "gte", json!(120), true);
        test("amount", "lt", json!(120), false);
        test("amount", "lte", json!(120), true);
        test("name", "gt", json!("a"), true);
        test("name", "gt", json!(1), false);
        test("order.paid", "eq", json!(true), true);
        test("tags.1", "in", json!(["y"]), true);
        test("amount", "in", json!([1, 120.0]), true);
        test("name", "in", json!(["z"]), false);
        check(json!([{"path": "name", "operator": "exists"}]), true);
        check(json!([{"path": "empty", "operator": "exists"}]), false);
        check(json!([{"path": "empty", "operator": "notExists"}]), true);
    }

    #[test]
    fn a_missing_path_fails_all_but_two_operators() {
        for operator in Operator::ALL {
            let expected = matches!(operator, Operator::Ne | Operator::NotExists);
            test("nowhere", operator.as_str(), json!([]), expected);
        }
    }

    #[test]
    fn all_tests_must_hold_and_an_expression_may_stand_for_them() {
        check(
            json!([{"path": "name", "operator": "exists"}, {"path": "amount", "operator": "lt", "value": 1}]),
            false,
        );
        check(json!({"expression": "amount > 100 && order.paid"}), true);
        let odd = Condition::parse(&json!({"expression": "1 + 1"})).unwrap();
        assert!(odd.holds(&json!({})).is_err());
    }

    #[test]
    fn malformed_conditions_are_refused_with_paths() {
        let fields = |value: Value| -> Vec<String> {
            let refusal = Condition::parse(&value).unwrap_err();
            refusal
                .errors
                .into_iter()
                .map(|e| format!("{} {}", e.field, e.rule))
                .collect()
        };
        assert_eq!(
            fields(
                json!([{"operator": "eq"}, 1, {"path": "a", "operator": "in", "value": 1, "x": 1}])
            ),
            [
                "[0].path required",
                "[0].value required",
                "[1] type",
                "[2].value type",
                "[2].x unknown",
            ]
        );
        assert_eq!(fields(json!([{"path": "a"}])), ["[0].operator required"]);
        assert_eq!(fields(json!([])), [" length"]);
        assert_eq!(fields(json!(1)), [" type"]);
        let metadata = json!({"condition": [{"path": "a", "operator": "near"}]});
        let refusal = Condition::of_metadata(metadata.as_object().unwrap()).unwrap_err();
        assert_eq!(refusal.errors[0].field, "metadata.condition[0].operator");
        let none = json!({"condition": null});
        assert_eq!(Condition::of_metadata(none.as_object().unwrap()), Ok(None));
    }

    #[test]
    fn json_reads_back() {
        let value = json!([{"path": "a", "operator": "eq", "value": null}]);
        let condition = Condition::parse(&value).unwrap();
        assert!(condition.holds(&json!({"a": null})).unwrap());
        let json = serde_json::to_value(&condition).unwrap();
        let read: Condition = serde_json::from_value(json).unwrap();
        assert!(read.holds(&json!({"a": null})).unwrap());
    }
}
