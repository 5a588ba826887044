//! What other features must offer for the model to run.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::finding::{Finding, FindingCode};
use crate::function_model::{ActionKind, ActionNode, FunctionModel};
use crate::ids::ModelId;

/// What is known about something a model refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// It is there and can be used.
    Available,
    /// It is not there, or cannot be used.
    Missing,
    /// Whoever knows could not be asked.
    NotChecked,
}

/// What is known about the things a model refers to, by what the model calls them.
#[derive(Clone, Debug, Default)]
pub struct References {
    /// Workflows of Spindle.
    pub workflows: BTreeMap<String, Reference>,
    /// Articles of the Knowledge Base.
    pub contents: BTreeMap<String, Reference>,
    /// Nested models.
    pub models: BTreeMap<ModelId, Reference>,
}

/// The methods of authentication that an integration may name.
const AUTHENTICATION: [&str; 5] = ["oauth2", "api-key", "jwt", "mutual-tls", "basic-auth"];

/// Looks at what the actions refer to; what is not among the references counts as not checked.
pub fn validate(model: &FunctionModel, references: &References) -> Vec<Finding> {
    let mut findings = Vec::new();
    for action in model.action_nodes.values() {
        let (what, known) = match &action.kind {
            ActionKind::Tether(tether) => {
                let id = &tether.tether_reference_id;
                (format!("the workflow {id}"), references.workflows.get(id))
            }
            ActionKind::Knowledge(knowledge) => {
                let id = &knowledge.kb_reference_id;
                (format!("the article {id}"), references.contents.get(id))
            }
            ActionKind::Nested(nested) => {
                let id = nested.nested_model_id;
                (format!("the model {id}"), references.models.get(&id))
            }
        };
        let mut note = |code: FindingCode, message: String| {
            let finding = Finding::new(code, message);
            findings.push(finding.on_action(action.parent_node_id, action.action_id));
        };
        let name = &action.name;
        match known.copied().unwrap_or(Reference::NotChecked) {
            Reference::Available => {}
            Reference::Missing => {
                let message = format!("{name} needs {what}, which is not available.");
                note(FindingCode::ReferenceMissing, message);
            }
            Reference::NotChecked => {
                let message = format!("{name} needs {what}, which could not be checked.");
                note(FindingCode::ReferenceNotChecked, message);
            }
        }
        if let Some(method) = authentication(action).filter(|m| !AUTHENTICATION.contains(m)) {
            let message = format!("{name} names the unknown authentication {method}.");
            note(FindingCode::AuthenticationMethodUnknown, message);
        }
        let flag = |name: &str| action.policy(name) == Some(&Value::Bool(true));
        let restricted = action.policy("classification") == Some(&Value::from("restricted"));
        if restricted && (flag("sharesExternally") || flag("externalApi")) {
            let message = format!("{name} gives restricted data to an external service.");
            note(FindingCode::RestrictedDataExternal, message);
        }
    }
    findings
}

/// The method of authentication: the settings' text, their `method` or `type`, or the policy's.
fn authentication(action: &ActionNode) -> Option<&str> {
    let configured = match &action.kind {
        ActionKind::Tether(tether) => tether.integration_config.as_ref(),
        _ => None,
    };
    let configured = configured.and_then(|config| config.get("authentication"));
    let method = match configured {
        Some(Value::Object(settings)) => settings.get("method").or_else(|| settings.get("type")),
        other => other,
    };
    method.or_else(|| action.policy("authMethod"))?.as_str()
}

/// The workflows, articles and models that the actions refer to.
pub fn named(model: &FunctionModel) -> References {
    let mut references = References::default();
    let unknown = Reference::NotChecked;
    for action in model.action_nodes.values() {
        match &action.kind {
            ActionKind::Tether(tether) => {
                references
                    .workflows
                    .insert(tether.tether_reference_id.clone(), unknown);
            }
            ActionKind::Knowledge(knowledge) => {
                references
                    .contents
                    .insert(knowledge.kb_reference_id.clone(), unknown);
            }
            ActionKind::Nested(nested) => {
                references.models.insert(nested.nested_model_id, unknown);
            }
        }
    }
    references
}
