//! Who may see and change which context, and when.

use serde::{Deserialize, Serialize};

use super::commands::{CheckContextAccess, TimeConstraints};
use super::tree::{ContextTree, Relation};
use super::{AccessLevel, ContextNodeType, ContextScope, EmergencyAccess, NodeContext};
use crate::error::{Code, DomainError};
use crate::ids::{ContextId, NodeId};
use crate::instant::Instant;
use crate::limits::JsonObject;
use crate::sorted;
use crate::vocabulary::words;

/// How long an access in an emergency lasts at most, in milliseconds.
const EMERGENCY_MS: i64 = 15 * 60 * 1000;
/// Parts of names that mark a property as sensitive, in lower case.
const SENSITIVE: [&str; 5] = ["privatedata", "credentials", "secrets", "tokens", "keys"];

words!(
    /// What can be asked for.
    RequestedAccess {
        /// Look.
        Read => "read",
        /// Change.
        Write => "write",
        /// Run; never granted through contexts.
        Execute => "execute",
    }
);
words!(
    /// Which contexts are listed.
    ListedRelation {
        /// With the same parent.
        Sibling => "sibling",
        /// Below.
        Children => "children",
        /// Above.
        Parent => "parent",
        /// Aside.
        Lateral => "lateral",
        /// All of them.
        All => "all",
    }
);

/// Whether a property is kept from siblings and laterals.
pub fn is_sensitive(name: &str) -> bool {
    let name = name.to_lowercase();
    SENSITIVE.iter().any(|part| name.contains(part))
}

/// The highest level a relation grants.
pub fn granted_level(relation: Relation, target: &NodeContext) -> AccessLevel {
    match (relation, ContextTree::is_isolated(target)) {
        (Relation::Itself, _) | (Relation::Descendant, false) => AccessLevel::Write,
        (Relation::Descendant, true) => AccessLevel::Read,
        (Relation::Ancestor | Relation::Sibling | Relation::Lateral, false) => AccessLevel::Read,
        (Relation::Ancestor | Relation::Sibling | Relation::Lateral, true)
        | (Relation::Unrelated, _) => AccessLevel::None,
    }
}

/// What the relation lets see of a context.
fn shown(relation: Relation, target: &NodeContext) -> JsonObject {
    let mut data = target.visible();
    if matches!(relation, Relation::Sibling | Relation::Lateral) {
        data.retain(|name, _| !is_sensitive(name));
    }
    data
}

/// Whether an access falls into its window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct TimeValidation {
    /// Whether it does.
    pub is_valid: bool,
    /// When that was judged.
    pub checked_at: Instant,
    /// Why it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What one node may do with the context of another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct AccessDecision {
    /// Whether it may do what it asked for.
    pub access_granted: bool,
    /// What it may do at most.
    pub access_level: AccessLevel,
    /// What the target is to it.
    pub relation: Relation,
    /// Why it may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_reason: Option<String>,
    /// Why it may not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denial_reason: Option<String>,
    /// Properties it may see or change.
    pub granted_properties: Vec<String>,
    /// Properties it may not, or that are not there.
    pub restricted_properties: Vec<String>,
    /// Operations that are withheld.
    pub restricted_operations: Vec<RequestedAccess>,
    /// Whether it comes in time.
    pub time_validation: TimeValidation,
    /// Whether an emergency let it through.
    pub emergency_access: bool,
    /// Until when it may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_until: Option<Instant>,
}

/// Decides what the requester may do with the target's context.
///
/// # Errors
/// Those of the values; `CONTEXT_NOT_FOUND` when either has no context.
pub fn check(
    tree: &ContextTree,
    command: &CheckContextAccess,
    now: Instant,
) -> Result<(AccessDecision, Option<EmergencyAccess>), DomainError> {
    let reason = command.check()?;
    let requester = tree.get(command.requesting_node_id).ok_or_else(missing)?;
    let target = tree.get(command.target_node_id).ok_or_else(missing)?;
    let relation = tree.relation(requester.node_id, target.node_id);
    let level = granted_level(relation, target);
    let times = command.time_constraints.clone().unwrap_or_default();
    let time_validation = in_time(&times, now);
    let (granted, restricted) = properties(command, relation, target, level);
    let wanted = command.requested_access;
    let nothing = granted.is_empty() && command.requested_properties.is_some();
    let denial = if level == AccessLevel::None {
        Some(format!(
            "No access: the target is {relation} and {}.",
            scope_of(target)
        ))
    } else if wanted > level {
        Some(format!(
            "The relation {relation} grants {level}, not {wanted}."
        ))
    } else if nothing {
        Some("None of the properties asked for may be seen.".to_owned())
    } else if !time_validation.is_valid && reason.is_none() {
        time_validation.reason.clone()
    } else {
        None
    };
    let access_granted = denial.is_none();
    let emergency = reason.filter(|_| access_granted && !time_validation.is_valid);
    let emergency = emergency.map(|reason| EmergencyAccess {
        requesting_node_id: requester.node_id,
        reason,
        granted_at: now,
        access_until: now.plus_millis(EMERGENCY_MS),
    });
    let until = emergency.as_ref().map(|emergency| emergency.access_until);
    let decision = AccessDecision {
        access_granted,
        access_level: level,
        relation,
        access_reason: access_granted.then(|| format!("The relation {relation} grants {level}.")),
        denial_reason: denial,
        granted_properties: granted,
        restricted_properties: restricted,
        restricted_operations: withheld(level),
        time_validation,
        emergency_access: emergency.is_some(),
        access_until: until.or(times.valid_until.filter(|_| access_granted)),
    };
    Ok((decision, emergency))
}

fn scope_of(target: &NodeContext) -> String {
    match target.scope {
        ContextScope::Isolated => "isolated".to_owned(),
        scope => format!("of scope {scope}"),
    }
}

fn missing() -> DomainError {
    DomainError::new(Code::ContextNotFound, "The node has no context.")
}

fn in_time(times: &TimeConstraints, now: Instant) -> TimeValidation {
    let early = times.valid_from.is_some_and(|from| now < from);
    let late = times.valid_until.is_some_and(|until| now >= until);
    let reason = if early {
        Some("The window has not begun.".to_owned())
    } else {
        late.then(|| "The window is over.".to_owned())
    };
    TimeValidation {
        is_valid: !early && !late,
        checked_at: now,
        reason,
    }
}

/// Properties that are granted, and those that are not, in the order asked for.
fn properties(
    command: &CheckContextAccess,
    relation: Relation,
    target: &NodeContext,
    level: AccessLevel,
) -> (Vec<String>, Vec<String>) {
    let visible = shown(relation, target);
    let names = match &command.requested_properties {
        Some(names) => names.clone(),
        None => target.visible().keys().cloned().collect(),
    };
    names
        .into_iter()
        .partition(|name| level > AccessLevel::None && visible.contains_key(name))
}

fn withheld(level: AccessLevel) -> Vec<RequestedAccess> {
    let (read, write) = (RequestedAccess::Read, RequestedAccess::Write);
    let execute = RequestedAccess::Execute;
    match level {
        AccessLevel::None => vec![read, write, execute],
        AccessLevel::Read => vec![write, execute],
        AccessLevel::Write | AccessLevel::Execute => vec![execute],
    }
}

/// A context as another node sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct AccessibleContext {
    /// The context.
    pub context_id: ContextId,
    /// Its node.
    pub node_id: NodeId,
    /// What kind of node.
    pub node_type: ContextNodeType,
    /// Its distance from the root.
    pub level: u32,
    /// How far it is meant to reach.
    pub scope: ContextScope,
    /// What it is to the requester.
    pub relation: Relation,
    /// What the requester may do with it.
    pub access_level: AccessLevel,
    /// What the requester sees of it.
    pub data: JsonObject,
}

/// The contexts a node may see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct AccessibleContexts {
    /// The first of them: by relation (above, below, beside, aside), level, node.
    pub items: Vec<AccessibleContext>,
    /// How many there are in all.
    pub total_available: usize,
    /// Whether there are more than are listed.
    pub truncated: bool,
}

/// Lists what a node may see of the others.
///
/// # Errors
/// `CONTEXT_NOT_FOUND` when the requester has no context.
pub fn list(
    tree: &ContextTree,
    requester: NodeId,
    listed: ListedRelation,
    most: usize,
) -> Result<AccessibleContexts, DomainError> {
    tree.get(requester).ok_or_else(missing)?;
    let wanted = |relation| match listed {
        ListedRelation::All => relation != Relation::Itself,
        ListedRelation::Sibling => relation == Relation::Sibling,
        ListedRelation::Children => relation == Relation::Descendant,
        ListedRelation::Parent => relation == Relation::Ancestor,
        ListedRelation::Lateral => relation == Relation::Lateral,
    };
    let mut found: Vec<(Relation, AccessLevel, &NodeContext)> = tree
        .iter()
        .map(|context| {
            let relation = tree.relation(requester, context.node_id);
            (relation, granted_level(relation, context), context)
        })
        .filter(|(relation, level, _)| wanted(*relation) && *level > AccessLevel::None)
        .collect();
    // The relations are declared in the order in which they are listed.
    sorted::sort_by_key(&mut found, |(relation, _, context)| {
        (*relation, context.level, context.node_id)
    });
    let total_available = found.len();
    found.truncate(most);
    let items = found
        .into_iter()
        .map(|(relation, access_level, context)| AccessibleContext {
            context_id: context.context_id,
            node_id: context.node_id,
            node_type: context.node_type,
            level: context.level,
            scope: context.scope,
            relation,
            access_level,
            data: shown(relation, context),
        });
    Ok(AccessibleContexts {
        items: items.collect(),
        total_available,
        truncated: total_available > most,
    })
}
