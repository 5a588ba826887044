//! The name of a model.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Code, DomainError, FieldError};

/// A model's name: 3–100 characters, trimmed, of letters, marks and digits of any script, spaces
/// and a few signs. Upper and lower case differ. Who takes names from outside brings them to
/// normal form C, which needs tables that are large, and that platforms have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct ModelName(String);

impl ModelName {
    /// Reads a name.
    ///
    /// # Errors
    /// `MODEL_NAME_INVALID` with rule `length` or `alphabet`.
    pub fn parse(text: &str) -> Result<Self, DomainError> {
        let name = text.trim().to_owned();
        let length = name.chars().count();
        if !(3..=100).contains(&length) {
            let limit = serde_json::json!({ "min": 3, "max": 100 });
            return Err(refused("length", limit, &name));
        }
        if let Some(sign) = name.chars().find(|sign| !is_allowed(*sign)) {
            return Err(refused("alphabet", ALPHABET.into(), &sign.to_string()));
        }
        Ok(Self(name))
    }

    /// Stands in where no name is asked for: one was refused already, or only the structure counts.
    pub(crate) fn placeholder() -> Self {
        Self("Model".to_owned())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

const ALPHABET: &str = "letters, marks, digits, space and - _ . , : ' ( ) & / +";

fn refused(rule: &str, limit: serde_json::Value, value: &str) -> DomainError {
    DomainError::field(
        Code::ModelNameInvalid,
        "The model's name is outside its limits.",
        FieldError::new("", rule).limit(limit).value(value),
    )
}

/// Letters, marks and digits of any script (Unicode L, M and N), and the listed signs.
///
/// Enclosed letters count as alphabetic but are symbols, some of them emoji.
fn is_allowed(sign: char) -> bool {
    let enclosed = matches!(sign, '\u{24b6}'..='\u{24e9}' | '\u{1f130}'..='\u{1f189}');
    (sign.is_alphanumeric() && !enclosed)
        || unicode_normalization::char::is_combining_mark(sign)
        || " -_.,:'()&/+".contains(sign)
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for ModelName {
    type Error = DomainError;

    fn try_from(text: String) -> Result<Self, DomainError> {
        Self::parse(&text)
    }
}

impl From<ModelName> for String {
    fn from(name: ModelName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        let name = ModelName::parse(text).ok();
        assert_eq!(name.as_ref().map(ModelName::as_str), expected, "{text:?}");
    }

    #[test]
    fn names_of_any_script_are_taken() {
        check("  Order to cash ", Some("Order to cash"));
        check(
            "Bestellung (Größe) & Co/+",
            Some("Bestellung (Größe) & Co/+"),
        );
        check("Cafe\u{301}", Some("Cafe\u{301}"));
        check("受注処理", Some("受注処理"));
        check("हिन्दी", Some("हिन्दी"));
        check("-_-", Some("-_-"));
        check("null", Some("null"));
        check("123", Some("123"));
        check(&"x".repeat(100), Some(&"x".repeat(100)));
    }

    #[test]
    fn other_names_are_refused() {
        for text in [
            "",
            "ab",
            " a ",
            "a@b",
            "a<b>",
            "a[b]",
            "abc\u{200b}",
            "abc😀",
            "abc🅰",
            "a\tb",
            "a\0b",
        ] {
            check(text, None);
        }
        check(&"x".repeat(101), None);
    }

    #[test]
    fn case_differs_and_json_is_checked() {
        assert_ne!(ModelName::parse("abc"), ModelName::parse("Abc"));
        assert!(serde_json::from_str::<ModelName>("\"a\"").is_err());
        let name: ModelName = serde_json::from_str("\"abc\"").unwrap();
        assert_eq!(serde_json::to_string(&name).unwrap(), "\"abc\"");
        assert_eq!(name.to_string(), "abc");
    }
}
