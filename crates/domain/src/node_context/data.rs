//! The data of contexts: what comes from above, what is combined, what changes.

use serde_json::Value;

use super::tree::ContextTree;
use super::{ContextScope, InheritanceRule, InheritanceType, NodeContext};
use crate::ids::{ContextId, NodeId};
use crate::limits::JsonObject;
use crate::sorted;

/// What a context inherits: what is visible above it, and the defaults of its own rules. An
/// isolated context inherits nothing, and nothing is inherited from one.
pub fn inherit(
    parent: Option<&NodeContext>,
    scope: ContextScope,
    rules: &[InheritanceRule],
) -> JsonObject {
    let mut inherited = match parent {
        Some(parent) if scope != ContextScope::Isolated && !ContextTree::is_isolated(parent) => {
            parent.visible()
        }
        _ => JsonObject::new(),
    };
    for rule in rules {
        if let (false, Some(default)) = (inherited.contains_key(&rule.property), &rule.default) {
            inherited.insert(rule.property.clone(), default.clone());
        }
    }
    inherited
}

/// Inherited and own data as a reader sees them. A property without a rule is inherited: the value
/// from above wins.
pub fn combine(inherited: &JsonObject, own: &JsonObject, rules: &[InheritanceRule]) -> JsonObject {
    let mut combined = own.clone();
    for (name, above) in inherited {
        let rule = rules.iter().find(|rule| rule.property == *name);
        let kind = rule.map_or(InheritanceType::Inherit, |rule| rule.kind);
        match (own.get(name), kind) {
            (None, _) | (Some(_), InheritanceType::Inherit) => {
                combined.insert(name.clone(), above.clone());
            }
            (Some(_), InheritanceType::Override) => {}
            (Some(below), InheritanceType::Merge) => {
                combined.insert(name.clone(), deep_merge(above, below));
            }
        }
    }
    combined
}

/// Two values merged: objects name by name, of anything else the second.
fn deep_merge(first: &Value, second: &Value) -> Value {
    let (Value::Object(first), Value::Object(second)) = (first, second) else {
        return second.clone();
    };
    let mut merged = first.clone();
    for (name, value) in second {
        let value = match merged.get(name) {
            Some(former) => deep_merge(former, value),
            None => value.clone(),
        };
        merged.insert(name.clone(), value);
    }
    Value::Object(merged)
}

/// Passes the data of a context on to everything below that is not isolated; answers those whose
/// inherited data changed, each after the one above it.
pub fn propagate(contexts: &mut [NodeContext], from: NodeId) -> Vec<NodeId> {
    let below = ContextTree::of(contexts).descendants(from);
    let mut changed = Vec::new();
    for node_id in below {
        let place = |id| contexts.iter().position(|context| context.node_id == id);
        let Some(own) = place(node_id) else { continue };
        let above = contexts[own].parent_node_id.and_then(place);
        let (scope, rules) = (contexts[own].scope, &contexts[own].inheritance);
        if scope == ContextScope::Isolated {
            continue;
        }
        let inherited = inherit(above.map(|place| &contexts[place]), scope, rules);
        if inherited != contexts[own].inherited_data {
            contexts[own].inherited_data = inherited;
            changed.push(node_id);
        }
    }
    changed
}

/// The data of several scopes as one: isolated over execution over session over global.
pub fn merge_scopes(scopes: &[(ContextScope, JsonObject)]) -> JsonObject {
    let mut merged = JsonObject::new();
    for wanted in [
        ContextScope::Global,
        ContextScope::Session,
        ContextScope::Execution,
        ContextScope::Isolated,
    ] {
        for (_, data) in scopes.iter().filter(|(scope, _)| *scope == wanted) {
            merged.extend(data.clone());
        }
    }
    merged
}

/// A copy that stands alone: a new id, nothing above.
#[must_use]
pub fn duplicate(context: &NodeContext, context_id: ContextId) -> NodeContext {
    NodeContext {
        context_id,
        parent_node_id: None,
        level: 0,
        last_emergency: None,
        revision: 1,
        ..context.clone()
    }
}

/// The top-level names whose values differ, sorted.
pub fn changed_names(before: &JsonObject, after: &JsonObject) -> Vec<String> {
    let mut names: Vec<String> = before
        .keys()
        .chain(after.keys())
        .filter(|name| before.get(*name) != after.get(*name))
        .cloned()
        .collect();
    sorted::sort(&mut names);
    names.dedup();
    names
}
