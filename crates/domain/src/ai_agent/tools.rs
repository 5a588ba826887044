//! The tools of ours that an agent may use, as far as its configuration names them.

use serde_json::{Value, json};

use super::agent::Tools;

/// Searches the documents that the asker may read.
pub const KNOWLEDGE_SEARCH: &str = "knowledge-base-search";
/// Runs a workflow that the asker may see.
pub const WORKFLOW_EXECUTION: &str = "workflow-execution";
/// Most documents that one search answers.
const MOST_DOCUMENTS: u64 = 10;

/// A tool as a model is told of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolDescription {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub description: &'static str,
    /// The JSON Schema of its arguments.
    pub parameters: Value,
}

/// Our tools among those of an agent.
pub fn offered(tools: &Tools) -> Vec<ToolDescription> {
    let mut offered = Vec::new();
    if tools.has(KNOWLEDGE_SEARCH) {
        offered.push(ToolDescription {
            name: KNOWLEDGE_SEARCH,
            description: "Searches the knowledge base and answers the documents that fit best.",
            parameters: json!({
                "type": "object",
                "properties": {
                    "query": {"type": "string", "description": "Words to look for"},
                    "limit": {"type": "integer", "minimum": 1, "maximum": MOST_DOCUMENTS}
                },
                "required": ["query"]
            }),
        });
    }
    if tools.has(WORKFLOW_EXECUTION) {
        offered.push(ToolDescription {
            name: WORKFLOW_EXECUTION,
            description: "Runs a registered workflow to its end and answers its result.",
            parameters: json!({
                "type": "object",
                "properties": {
                    "workflowId": {"type": "string", "description": "The id of the workflow"},
                    "parameters": {"type": "object"}
                },
                "required": ["workflowId"]
            }),
        });
    }
    offered
}

/// What a model wants of one of our tools.
#[derive(Clone, Debug, PartialEq)]
pub enum ToolUse {
    /// Search documents.
    Search {
        /// The words.
        words: Vec<String>,
        /// How many documents at most.
        limit: u32,
    },
    /// Run a workflow.
    Run {
        /// Which.
        workflow_id: String,
        /// With what.
        parameters: Value,
    },
}

/// Reads what a model wants.
///
/// # Errors
/// A sentence for the model when it may not use the tool, or uses it wrongly.
pub fn read(tools: &Tools, name: &str, arguments: &str) -> Result<ToolUse, String> {
    if !offered(tools).iter().any(|tool| tool.name == name) {
        return Err("There is no such tool.".to_owned());
    }
    let arguments: Value =
        serde_json::from_str(arguments).map_err(|_| "The arguments are not JSON.".to_owned())?;
    if name == KNOWLEDGE_SEARCH {
        let query = arguments["query"].as_str().unwrap_or_default();
        let words: Vec<String> = query.split_whitespace().map(str::to_owned).collect();
        if words.is_empty() || query.chars().count() > 500 {
            return Err("`query` must hold 1 to 500 characters.".to_owned());
        }
        let limit = arguments["limit"].as_u64().unwrap_or(5);
        return Ok(ToolUse::Search {
            words,
            limit: u32::try_from(limit.clamp(1, MOST_DOCUMENTS)).unwrap_or(5),
        });
    }
    let Some(workflow_id) = arguments["workflowId"].as_str() else {
        return Err("`workflowId` must be text.".to_owned());
    };
    if !allowed(tools, workflow_id) {
        return Err("This workflow is not among those the agent may run.".to_owned());
    }
    let parameters = match &arguments["parameters"] {
        Value::Null => json!({}),
        Value::Object(object) => Value::Object(object.clone()),
        _ => return Err("`parameters` must be an object.".to_owned()),
    };
    Ok(ToolUse::Run {
        workflow_id: workflow_id.to_owned(),
        parameters,
    })
}

/// A configuration `{"workflow-execution": {"workflowIds": […]}}` bounds what may be run.
fn allowed(tools: &Tools, workflow_id: &str) -> bool {
    let settings = tools
        .tool_configurations
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(WORKFLOW_EXECUTION));
    match settings.and_then(|(_, settings)| settings["workflowIds"].as_array()) {
        None => true,
        Some(ids) => ids.iter().any(|id| id.as_str() == Some(workflow_id)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::agent::tests::tools;
    use super::*;

    #[test]
    fn only_named_tools_of_ours_are_offered() {
        assert!(offered(&tools(&["mail"])).is_empty());
        let both = tools(&["Knowledge-Base-Search", WORKFLOW_EXECUTION, "mail"]);
        let names: Vec<&str> = offered(&both).iter().map(|tool| tool.name).collect();
        assert_eq!(names, [KNOWLEDGE_SEARCH, WORKFLOW_EXECUTION]);
        assert!(read(&tools(&["mail"]), KNOWLEDGE_SEARCH, "{}").is_err());
        assert!(read(&both, "mail", "{}").is_err());
    }

    #[test]
    fn searches_are_read() {
        let own = tools(&[KNOWLEDGE_SEARCH]);
        let search = read(
            &own,
            KNOWLEDGE_SEARCH,
            r#"{"query": "tax  law", "limit": 99}"#,
        );
        let words = vec!["tax".to_owned(), "law".to_owned()];
        assert_eq!(search, Ok(ToolUse::Search { words, limit: 10 }));
        for bad in ["", "{", r#"{"query": " "}"#, r#"{"query": 7}"#] {
            assert!(read(&own, KNOWLEDGE_SEARCH, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn runs_are_read_and_bounded_by_the_configuration() {
        let mut own = tools(&[WORKFLOW_EXECUTION]);
        let ask = |tools: &Tools| read(tools, WORKFLOW_EXECUTION, r#"{"workflowId": "w"}"#);
        let run = ToolUse::Run {
            workflow_id: "w".into(),
            parameters: json!({}),
        };
        assert_eq!(ask(&own), Ok(run.clone()));
        for (ids, fine) in [(json!(["w"]), true), (json!(["v"]), false)] {
            let settings = json!({"workflowIds": ids});
            own.tool_configurations
                .insert(WORKFLOW_EXECUTION.into(), settings);
            assert_eq!(ask(&own).is_ok(), fine);
        }
        let bad = read(
            &own,
            WORKFLOW_EXECUTION,
            r#"{"workflowId": "v", "parameters": 7}"#,
        );
        assert!(bad.is_err());
        assert!(read(&own, WORKFLOW_EXECUTION, "{}").is_err());
    }
}
