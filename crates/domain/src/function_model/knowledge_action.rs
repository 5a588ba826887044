//! The data of an action that reads the Knowledge Base.

use crate::sorted::SortedSet;

use serde::{Deserialize, Serialize};

use crate::limits::Fields;

/// Which article an action reads, and what it looks for besides.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct KnowledgeAction {
    /// The article.
    pub kb_reference_id: String,
    /// 1–500 characters.
    pub short_description: String,
    /// At most 2000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documentation_context: Option<String>,
    /// At most 20 words, lower-cased, none twice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub search_keywords: Vec<String>,
    /// Who may see and change the article through this action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_permissions: Option<AccessPermissions>,
}

/// Names of people; everybody who may edit may view.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AccessPermissions {
    /// Who may view.
    #[serde(default)]
    pub view: Vec<String>,
    /// Who may edit.
    #[serde(default)]
    pub edit: Vec<String>,
}

/// Milliseconds one reading may take.
pub const READ_TIMEOUT_MS: u64 = 300_000;

impl KnowledgeAction {
    pub(crate) fn read(fields: &mut Fields<'_>) -> Self {
        let search_keywords = keywords(fields);
        Self {
            kb_reference_id: fields
                .required_text("kbReferenceId", 1, 200)
                .unwrap_or_default(),
            short_description: fields
                .required_text("shortDescription", 1, 500)
                .unwrap_or_default(),
            documentation_context: fields.text("documentationContext", 0, 2000),
            search_keywords,
            access_permissions: fields.nested("accessPermissions", |fields| {
                let view = distinct(fields, "view");
                let edit = distinct(fields, "edit");
                if let Some(name) = edit.iter().find(|name| !view.contains(name)) {
                    fields.broken("edit", "mustAlsoView", name.as_str());
                }
                AccessPermissions { view, edit }
            }),
        }
    }
}

impl AccessPermissions {
    /// Lets somebody edit, and therefore view.
    pub fn grant_edit(&mut self, name: &str) {
        for list in [&mut self.view, &mut self.edit] {
            if !list.iter().any(|other| other == name) {
                list.push(name.to_owned());
            }
        }
    }

    /// Takes both away from somebody.
    pub fn revoke(&mut self, name: &str) {
        self.view.retain(|other| other != name);
        self.edit.retain(|other| other != name);
    }
}

fn keywords(fields: &mut Fields<'_>) -> Vec<String> {
    let mut words: Vec<String> = distinct(fields, "searchKeywords")
        .into_iter()
        .map(|word| word.to_lowercase())
        .collect();
    let mut seen = SortedSet::new();
    words.retain(|word| seen.insert(word.clone()));
    if words.len() > 20 {
        fields.broken("searchKeywords", "length", 20);
    }
    words
}

/// A list of texts, trimmed, without blanks and duplicates.
fn distinct(fields: &mut Fields<'_>, name: &str) -> Vec<String> {
    let mut seen = SortedSet::new();
    fields
        .loose_texts(name)
        .unwrap_or_default()
        .into_iter()
        .filter(|text| !text.is_empty() && seen.insert(text.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function_model::action_node::ActionKind;
    use crate::vocabulary::ActionNodeType;
    use serde_json::{Value, json};

    fn with(name: &str, value: Value) -> Result<KnowledgeAction, Vec<String>> {
        let data = json!({"kbReferenceId": "a", "shortDescription": "b", name: value});
        let data = data.as_object().cloned().unwrap();
        match ActionKind::parse(ActionNodeType::KbNode, data) {
            Ok(ActionKind::Knowledge(knowledge)) => Ok(knowledge),
            Ok(_) => unreachable!("the type was given"),
            Err(refusal) => Err(refusal.errors.into_iter().map(|e| e.field).collect()),
        }
    }

    #[test]
    fn keywords_are_normalised_then_counted() {
        let action = with("searchKeywords", json!([" Tax ", "tax", "", "vat"])).unwrap();
        assert_eq!(action.search_keywords, ["tax", "vat"]);
        let many: Vec<String> = (0..21).map(|n| format!("w{n}")).collect();
        assert_eq!(
            with("searchKeywords", json!(many)).unwrap_err(),
            ["searchKeywords"]
        );
    }

    #[test]
    fn whoever_edits_must_view() {
        let access = json!({"view": ["ann", "ann"], "edit": ["bob"]});
        assert_eq!(
            with("accessPermissions", access).unwrap_err(),
            ["accessPermissions.edit"]
        );
        let mut access = with("accessPermissions", json!({"view": ["ann"]}))
            .unwrap()
            .access_permissions
            .unwrap();
        access.grant_edit("bob");
        access.grant_edit("bob");
        assert_eq!(access.view, ["ann", "bob"]);
        assert_eq!(access.edit, ["bob"]);
        access.revoke("bob");
        assert_eq!((access.view.len(), access.edit.len()), (1, 0));
    }

    #[test]
    fn lengths_are_checked() {
        assert!(with("documentationContext", json!("x".repeat(2001))).is_err());
        assert!(with("searchKeywords", json!([1])).is_err());
        assert!(with("searchKeywords", json!("tax")).is_err());
    }
}
