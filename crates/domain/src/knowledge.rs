//! Articles of the built-in Knowledge Base.

use crate::sorted::SortedSet;

use serde::{Deserialize, Serialize};

use crate::error::{Code, DomainError, FieldError, Violations};
use crate::ids::OrganizationId;
use crate::limits;

/// Create an article.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateKnowledgeContent {
    /// The organization it belongs to; without one it is the caller's alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// 1–200 characters.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    pub title: String,
    /// 1–100 000 characters.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = MAX_BODY)))]
    pub body: String,
    /// At most 20 words of 1–50 characters.
    #[serde(default)]
    pub tags: Vec<String>,
}

/// Change an article; at least one field is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct UpdateKnowledgeContent {
    /// The title.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    pub title: Option<String>,
    /// The body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = MAX_BODY)))]
    pub body: Option<String>,
    /// The tags as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
}

/// What an article holds, checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Article {
    /// The title.
    pub title: String,
    /// The body.
    pub body: String,
    /// Words in small letters, none twice.
    pub tags: Vec<String>,
}

const MAX_BODY: usize = 100_000;

impl Article {
    /// Checks what an article is to hold.
    ///
    /// # Errors
    /// `CONTENT_INVALID`, every field at once.
    pub fn parse(title: &str, body: &str, tags: &[String]) -> Result<Self, DomainError> {
        let mut violations = Violations::new();
        let code = Code::ContentInvalid;
        let title = violations.take("title", limits::text(title, 1, 200, code));
        let body = violations.take("body", limits::text(body, 1, MAX_BODY, code));
        let mut kept = SortedSet::new();
        for (index, tag) in tags.iter().enumerate() {
            let checked = limits::text(tag, 1, 50, code);
            let checked = violations.take(&format!("tags[{index}]"), checked);
            kept.extend(checked.map(|tag| tag.to_lowercase()));
        }
        if kept.len() > 20 {
            violations.add(code, FieldError::new("tags", "length").limit(20));
        }
        violations.finish()?;
        Ok(Self {
            title: title.unwrap_or_default(),
            body: body.unwrap_or_default(),
            tags: kept.into_iter().collect(),
        })
    }

    /// The article after a change.
    ///
    /// # Errors
    /// `NOTHING_TO_CHANGE`, or `CONTENT_INVALID` as [`Article::parse`].
    pub fn updated(&self, change: &UpdateKnowledgeContent) -> Result<Self, DomainError> {
        if *change == UpdateKnowledgeContent::default() {
            let message = "At least one changed field is needed.";
            return Err(DomainError::new(Code::NothingToChange, message));
        }
        Self::parse(
            change.title.as_deref().unwrap_or(&self.title),
            change.body.as_deref().unwrap_or(&self.body),
            change.tags.as_deref().unwrap_or(&self.tags),
        )
    }
}

/// Checks the words that are looked for: 1–200 characters.
///
/// # Errors
/// `SEARCH_QUERY_INVALID` on field `query`.
pub fn search_query(text: &str) -> Result<String, DomainError> {
    let mut violations = Violations::new();
    let checked = limits::text(text, 1, 200, Code::SearchQueryInvalid);
    let query = violations.take("query", checked).unwrap_or_default();
    violations.finish().map(|()| query)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_is_reported_at_once() {
        let tags = vec![" ".to_owned(), "x".repeat(51)];
        let refusal = Article::parse(" ", &"x".repeat(MAX_BODY + 1), &tags).unwrap_err();
        assert_eq!(refusal.code, Code::ContentInvalid);
        let fields: Vec<&str> = refusal.errors.iter().map(|e| e.field.as_str()).collect();
        assert_eq!(fields, ["title", "body", "tags[0]", "tags[1]"]);
        let many: Vec<String> = (0..21).map(|n| n.to_string()).collect();
        assert!(Article::parse("a", "b", &many).is_err());
    }

    #[test]
    fn tags_are_small_and_unique() {
        let tags = ["VAT".to_owned(), " vat ".to_owned(), "tax".to_owned()];
        let article = Article::parse(" Title ", "Body", &tags).unwrap();
        assert_eq!(article.tags, ["tax", "vat"]);
        let change = UpdateKnowledgeContent {
            title: Some("Other".to_owned()),
            ..UpdateKnowledgeContent::default()
        };
        let changed = article.updated(&change).unwrap();
        assert_eq!(
            (changed.title.as_str(), changed.body.as_str()),
            ("Other", "Body")
        );
        let nothing = article.updated(&UpdateKnowledgeContent::default());
        assert_eq!(nothing.unwrap_err().code, Code::NothingToChange);
    }

    #[test]
    fn queries_are_bounded() {
        assert_eq!(search_query(" tax ").unwrap(), "tax");
        assert_eq!(search_query(" ").unwrap_err().errors[0].field, "query");
    }
}
