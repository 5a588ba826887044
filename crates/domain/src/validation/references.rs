//! What other features must offer for the model to run.

use crate::sorted::SortedMap;

use serde_json::Value;

use crate::finding::{Finding, FindingCode};
use crate::function_model::{ActionKind, ActionNode, FunctionModel, Version};
use crate::ids::ModelId;
use crate::node_link::{NodeLink, allowed_types};

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
    pub workflows: SortedMap<String, Reference>,
    /// Articles of the Knowledge Base.
    pub contents: SortedMap<String, Reference>,
    /// Nested models.
    pub models: SortedMap<ModelId, Reference>,
    /// The published numbers of nested models.
    pub versions: SortedMap<ModelId, String>,
    /// The links that touch the model.
    pub links: Vec<NodeLink>,
}

/// The methods of authentication that an integration may name.
const AUTHENTICATION: [&str; 5] = ["oauth2", "api-key", "jwt", "mutual-tls", "basic-auth"];

/// Looks at what the actions refer to; what is not among the references counts as not checked.
pub fn validate(model: &FunctionModel, references: &References) -> Vec<Finding> {
    let mut findings = Vec::new();
    links(&references.links, &mut findings);
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
            let finding = finding.on_action(action.parent_node_id, action.action_id);
            let is_reference = matches!(
                code,
                FindingCode::ReferenceMissing | FindingCode::ReferenceNotChecked
            );
            findings.push(match is_reference {
                true => finding.at(format!("actionSpecificData.{}", field_of(&action.kind))),
                false => finding,
            });
        };
        let name = &action.name;
        if let Some((code, message)) = required_version(action, references) {
            note(code, message);
        }
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

/// The field that names what an action refers to.
fn field_of(kind: &ActionKind) -> &'static str {
    match kind {
        ActionKind::Tether(_) => "tetherReferenceId",
        ActionKind::Knowledge(_) => "kbReferenceId",
        ActionKind::Nested(_) => "nestedModelId",
    }
}

/// `metadata.requiredVersion` of an action against the published number of the model it nests:
/// another major number cannot serve, a lower minor one is behind.
fn required_version(action: &ActionNode, known: &References) -> Option<(FindingCode, String)> {
    let ActionKind::Nested(nested) = &action.kind else {
        return None;
    };
    let required = action.metadata.get("requiredVersion")?.as_str()?;
    let published = known.versions.get(&nested.nested_model_id)?;
    let (wanted, offered) = (
        Version::parse(required).ok()?,
        Version::parse(published).ok()?,
    );
    let code = if wanted.major() != offered.major() {
        FindingCode::RequiredVersionDiffers
    } else if offered.minor() < wanted.minor() {
        FindingCode::RequiredVersionBehind
    } else {
        return None;
    };
    let name = &action.name;
    Some((
        code,
        format!("{name} requires version {required}, published is {published}."),
    ))
}

/// Links whose type does not suit what they join, and weak ones.
fn links(links: &[NodeLink], findings: &mut Vec<Finding>) {
    for link in links {
        let (id, kind) = (link.link_id, link.link_type);
        let (source, target) = (link.source_feature, link.target_feature);
        if !allowed_types(source, target).contains(&kind) {
            let message = format!("A link of type {kind} does not join {source} and {target}.");
            let finding = Finding::new(FindingCode::LinkTypeIncompatible, message);
            findings.push(finding.at(format!("links[{id}].linkType")));
        }
        if link.link_strength.is_weak() {
            let message = format!("The {kind} link between {source} and {target} is weak.");
            let finding = Finding::new(FindingCode::LinkWeak, message);
            findings.push(finding.at(format!("links[{id}].linkStrength")));
        }
    }
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
