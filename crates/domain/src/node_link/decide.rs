//! The rules of one link.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    BatchNodeLinks, ChangeNodeLink, CreateNodeLink, CrossFeatureLinkBroken,
    CrossFeatureLinkEstablished, LinkEvent, LinkOperation, LinkOperationKind, LinkStrength,
    NodeLink, NodeLinkCreated, NodeLinkRemoved, NodeLinkUpdated, RemoveNodeLink,
    StrengthCalculation, allowed_types,
};
use crate::error::{Code, DomainError, FieldError, Violations};
use crate::ids::{LinkId, OrganizationId, UserId};
use crate::instant::Instant;
use crate::limits::{self, JsonObject};
use crate::patch::Patch;
use crate::vocabulary::{FeatureType, LinkType, words};

/// Most operations of a batch.
const OPERATIONS: usize = 100;
/// Links at one end beyond which a warning is given.
const MANY_LINKS: usize = 10;
/// Links at the source beyond which one more trigger is warned about.
const MANY_FOR_TRIGGERS: usize = 5;

/// Makes a link; whether its ends exist and may be linked has been found out before.
///
/// # Errors
/// Every value outside its limits at once: `LINK_NODES_INCOMPLETE`, `LINK_TO_SELF`,
/// `LINK_STRENGTH_INVALID`, `METRICS_INVALID`, `METADATA_INVALID`, `DOCUMENT_TOO_LARGE`,
/// `LINK_TYPE_INCOMPATIBLE`.
pub fn create(
    command: &CreateNodeLink,
    link_id: LinkId,
    by: UserId,
    now: Instant,
) -> Result<Vec<LinkEvent>, DomainError> {
    let mut violations = Violations::new();
    check_ends(command, &mut violations);
    let strength = command
        .link_strength
        .map_or(Ok(LinkStrength::DEFAULT), LinkStrength::parse);
    let strength = violations.take("", strength).unwrap_or_default();
    let context = command.link_context.clone().unwrap_or_default();
    check_context(&context, &mut violations);
    check_type(
        (command.source_feature, command.target_feature),
        command.link_type,
        &mut violations,
    );
    violations.finish()?;
    let mut events = vec![LinkEvent::Created(NodeLinkCreated {
        link_id,
        source_feature: command.source_feature,
        target_feature: command.target_feature,
        source_entity_id: command.source_entity_id,
        target_entity_id: command.target_entity_id,
        source_node_id: command.source_node_id,
        target_node_id: command.target_node_id,
        link_type: command.link_type,
        link_strength: strength,
        link_context: context,
        created_by: by,
        created_at: now,
    })];
    if command.source_feature != command.target_feature {
        events.push(LinkEvent::Established(CrossFeatureLinkEstablished {
            link_id,
            source_feature: command.source_feature,
            target_feature: command.target_feature,
            link_type: command.link_type,
            link_strength: strength,
            established_by: by,
            established_at: now,
        }));
    }
    Ok(events)
}

fn check_ends(command: &CreateNodeLink, violations: &mut Violations) {
    let missing = match (command.source_node_id, command.target_node_id) {
        (Some(_), None) => Some("targetNodeId"),
        (None, Some(_)) => Some("sourceNodeId"),
        _ => None,
    };
    if let Some(field) = missing {
        violations.add(
            Code::LinkNodesIncomplete,
            FieldError::new(field, "required"),
        );
    }
    let same_entity = command.source_entity_id == command.target_entity_id;
    let same_feature = command.source_feature == command.target_feature;
    let to_self = match (command.source_node_id, command.target_node_id) {
        (Some(source), Some(target)) => same_entity && same_feature && source == target,
        _ => same_entity,
    };
    if to_self {
        let error = FieldError::new("targetEntityId", "notSelf")
            .value(command.target_entity_id.to_string());
        violations.add(Code::LinkToSelf, error);
    }
}

fn check_type(
    (source, target): (FeatureType, FeatureType),
    link_type: LinkType,
    violations: &mut Violations,
) {
    let allowed = allowed_types(source, target);
    if !allowed.contains(&link_type) {
        let words: Vec<&str> = allowed.iter().map(|word| word.as_str()).collect();
        let error = FieldError::new("linkType", "oneOf")
            .limit(words)
            .value(link_type.as_str());
        violations.add(Code::LinkTypeIncompatible, error);
    }
}

/// Checks what is known of a link's notes; whatever else they hold is free.
fn check_context(context: &JsonObject, violations: &mut Violations) {
    if let Err(refusal) = limits::document(context) {
        violations.absorb("linkContext", refusal);
        return;
    }
    for end in ["sourceContext", "targetContext"] {
        check_end_context(context.get(end), end, violations);
    }
    if let Some(metrics) = context.get("metrics").filter(|value| !value.is_null()) {
        check_metrics(metrics, violations);
    }
    if let Some(initial) = context.get("initialStrength") {
        let strength = initial.as_f64().map(LinkStrength::parse);
        if !matches!(strength, Some(Ok(_))) {
            let error = FieldError::new("linkContext.initialStrength", "range")
                .limit(json!({ "min": 0, "max": 1 }));
            violations.add(Code::LinkStrengthInvalid, error);
        }
    }
    if context.get("note").is_some_and(|note| !note.is_string()) {
        let error = FieldError::new("linkContext.note", "type").limit("text");
        violations.add(Code::MetadataInvalid, error);
    }
}

fn check_end_context(value: Option<&Value>, end: &str, violations: &mut Violations) {
    let Some(value) = value.filter(|value| !value.is_null()) else {
        return;
    };
    let given = |name: &str| {
        let text = value.get(name).and_then(Value::as_str);
        text.is_some_and(|text| !text.trim().is_empty())
    };
    let any = ["nodeId", "nodeType"]
        .iter()
        .any(|name| value.get(name).is_some());
    for name in ["nodeId", "nodeType"] {
        if any && !given(name) {
            let field = format!("linkContext.{end}.{name}");
            violations.add(Code::MetadataInvalid, FieldError::new(field, "required"));
        }
    }
    if !value.is_object() {
        let error = FieldError::new(format!("linkContext.{end}"), "type").limit("object");
        violations.add(Code::MetadataInvalid, error);
    }
}

fn check_metrics(metrics: &Value, violations: &mut Violations) {
    let Some(metrics) = metrics.as_object() else {
        let error = FieldError::new("linkContext.metrics", "type").limit("object");
        violations.add(Code::MetricsInvalid, error);
        return;
    };
    for (name, value) in metrics {
        if !value.is_number() {
            let field = format!("linkContext.metrics.{name}");
            let error = FieldError::new(field, "type").limit("number");
            violations.add(Code::MetricsInvalid, error);
        }
    }
}

/// Changes a link.
///
/// # Errors
/// `NOTHING_TO_CHANGE`, or every value outside its limits at once, as in [`create`].
pub fn change(
    link: &NodeLink,
    command: &ChangeNodeLink,
    by: UserId,
    now: Instant,
) -> Result<Vec<LinkEvent>, DomainError> {
    if *command == ChangeNodeLink::default() {
        let message = "At least one changed field is needed.";
        return Err(DomainError::new(Code::NothingToChange, message));
    }
    let mut violations = Violations::new();
    let (mut changes, mut previous) = (JsonObject::new(), JsonObject::new());
    if let Some(given) = command.link_strength
        && let Some(strength) = violations.take("", LinkStrength::parse(given))
    {
        changes.insert("linkStrength".to_owned(), json!(strength));
        previous.insert("linkStrength".to_owned(), json!(link.link_strength));
    }
    if !command.link_context.is_keep() {
        let context = match &command.link_context {
            Patch::Set(context) => context.clone(),
            _ => JsonObject::new(),
        };
        check_context(&context, &mut violations);
        changes.insert("linkContext".to_owned(), Value::Object(context));
        let before = Value::Object(link.link_context.clone());
        previous.insert("linkContext".to_owned(), before);
    }
    if let Some(link_type) = command.link_type {
        let features = (link.source_feature, link.target_feature);
        check_type(features, link_type, &mut violations);
        changes.insert("linkType".to_owned(), json!(link_type));
        previous.insert("linkType".to_owned(), json!(link.link_type));
    }
    violations.finish()?;
    Ok(updated(link, changes, previous, by, now))
}

/// Gives a link the strength that was calculated. One event for each, even when the number stays.
pub fn calculate(
    link: &NodeLink,
    calculation: &StrengthCalculation,
    by: UserId,
    now: Instant,
) -> Vec<LinkEvent> {
    let one = |strength: LinkStrength| {
        let mut object = JsonObject::new();
        object.insert("linkStrength".to_owned(), json!(strength));
        object
    };
    let (changes, previous) = (one(calculation.strength()), one(link.link_strength));
    updated(link, changes, previous, by, now)
}

fn updated(
    link: &NodeLink,
    changes: JsonObject,
    previous_values: JsonObject,
    by: UserId,
    now: Instant,
) -> Vec<LinkEvent> {
    vec![LinkEvent::Updated(NodeLinkUpdated {
        link_id: link.link_id,
        changes,
        previous_values,
        updated_by: by,
        updated_at: now,
    })]
}

/// Removes a link.
///
/// # Errors
/// `REASON_INVALID` on field `reason`: at most 2000 characters.
pub fn remove(
    link: &NodeLink,
    command: &RemoveNodeLink,
    by: UserId,
    now: Instant,
) -> Result<Vec<LinkEvent>, DomainError> {
    let reason = command.reason.as_deref().map(|reason| {
        let mut violations = Violations::new();
        let checked = limits::text(reason, 0, 2000, Code::ReasonInvalid);
        let checked = violations.take("reason", checked).unwrap_or_default();
        violations.finish().map(|()| checked)
    });
    let reason = reason.transpose()?.filter(|reason| !reason.is_empty());
    let mut events = vec![LinkEvent::Removed(NodeLinkRemoved {
        link_id: link.link_id,
        source_feature: link.source_feature,
        target_feature: link.target_feature,
        source_entity_id: link.source_entity_id,
        target_entity_id: link.target_entity_id,
        link_type: link.link_type,
        removed_by: by,
        removed_at: now,
        reason: reason.clone(),
    })];
    if link.is_cross_feature() {
        events.push(LinkEvent::Broken(CrossFeatureLinkBroken {
            link_id: link.link_id,
            broken_by: by,
            broken_at: now,
            reason,
        }));
    }
    Ok(events)
}

/// What an event makes of a link; nothing is left after its removal.
pub fn evolve(
    link: Option<NodeLink>,
    event: &LinkEvent,
    organization_id: Option<OrganizationId>,
) -> Option<NodeLink> {
    match event {
        LinkEvent::Created(made) => Some(NodeLink {
            link_id: made.link_id,
            source_feature: made.source_feature,
            target_feature: made.target_feature,
            source_entity_id: made.source_entity_id,
            target_entity_id: made.target_entity_id,
            source_node_id: made.source_node_id,
            target_node_id: made.target_node_id,
            link_type: made.link_type,
            link_strength: made.link_strength,
            link_context: made.link_context.clone(),
            organization_id,
            created_by: made.created_by,
            created_at: made.created_at,
            updated_at: made.created_at,
            revision: 1,
            warnings: None,
        }),
        LinkEvent::Updated(update) => link.map(|link| apply(link, update)),
        LinkEvent::Removed(_) => None,
        LinkEvent::Established(_) | LinkEvent::Broken(_) => link,
    }
}

fn apply(mut link: NodeLink, update: &NodeLinkUpdated) -> NodeLink {
    let changes = &update.changes;
    let strength = changes.get("linkStrength").and_then(Value::as_f64);
    link.link_strength = strength.map_or(link.link_strength, LinkStrength::of_fraction);
    let link_type = changes.get("linkType").and_then(Value::as_str);
    link.link_type = link_type
        .and_then(LinkType::parse)
        .unwrap_or(link.link_type);
    if let Some(context) = changes.get("linkContext").and_then(Value::as_object) {
        link.link_context = context.clone();
    }
    link.updated_at = update.updated_at;
    link.revision += 1;
    link
}

words!(
    /// What is worth a second look about a new link.
    LinkWarningCode {
        /// One end has more than ten links already.
        LinkFanoutHigh => "LINK_FANOUT_HIGH",
        /// A trigger, at a source that has more than five links already.
        TriggerFanoutHigh => "TRIGGER_FANOUT_HIGH",
    }
);

/// Something worth a second look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LinkWarning {
    /// What it is about.
    pub code: LinkWarningCode,
    /// The end: `sourceEntityId` or `targetEntityId`.
    pub field: String,
    /// A sentence for people.
    pub message: String,
}

/// What is worth a second look about a new link, by how many links its ends had before.
pub fn warnings(link_type: LinkType, at_source: usize, at_target: usize) -> Vec<LinkWarning> {
    let mut warnings = Vec::new();
    let mut warn = |code, field: &str, count: usize| {
        warnings.push(LinkWarning {
            code,
            field: field.to_owned(),
            message: format!("This end has {count} links already."),
        });
    };
    if at_source > MANY_LINKS {
        warn(LinkWarningCode::LinkFanoutHigh, "sourceEntityId", at_source);
    }
    if at_target > MANY_LINKS {
        warn(LinkWarningCode::LinkFanoutHigh, "targetEntityId", at_target);
    }
    if link_type == LinkType::Triggers && at_source > MANY_FOR_TRIGGERS {
        warn(
            LinkWarningCode::TriggerFanoutHigh,
            "sourceEntityId",
            at_source,
        );
    }
    warnings
}

/// Checks the form of a batch: its name, how many operations, and that each says what it needs.
///
/// # Errors
/// `INVALID_REQUEST` with everything that is wrong.
pub fn operations(batch: &BatchNodeLinks) -> Result<String, DomainError> {
    let mut violations = Violations::new();
    let code = Code::InvalidRequest;
    let name = limits::text(&batch.batch_id, 1, 200, code);
    let name = violations.take("batchId", name).unwrap_or_default();
    let count = batch.operations.len();
    if count == 0 || count > OPERATIONS {
        let limit = json!({ "min": 1, "max": OPERATIONS });
        violations.add(code, FieldError::new("operations", "length").limit(limit));
    }
    for (index, operation) in batch.operations.iter().enumerate().take(OPERATIONS) {
        for (field, rule) in unfit(operation) {
            let field = format!("operations[{index}].{field}");
            violations.add(code, FieldError::new(field, rule));
        }
    }
    violations.finish().map(|()| name)
}

/// What an operation lacks, and what it must not say.
fn unfit(operation: &LinkOperation) -> Vec<(&'static str, &'static str)> {
    use LinkOperationKind::{Create, Remove, UpdateStrength};
    let kind = operation.operation;
    let given = [
        (
            "link",
            operation.link.is_some(),
            kind == Create,
            kind == Create,
        ),
        (
            "linkId",
            operation.link_id.is_some(),
            kind != Create,
            kind != Create,
        ),
        (
            "linkStrength",
            operation.link_strength.is_some(),
            kind == UpdateStrength,
            kind == UpdateStrength,
        ),
        ("reason", operation.reason.is_some(), false, kind == Remove),
    ];
    given
        .into_iter()
        .filter_map(|(field, there, needed, allowed)| match there {
            false if needed => Some((field, "required")),
            true if !allowed => Some((field, "unknown")),
            _ => None,
        })
        .collect()
}
