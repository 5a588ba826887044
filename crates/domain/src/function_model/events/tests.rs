//! The JSON of each event is compared with a file beside this one.
//!
//! Set `UPDATE_SNAPSHOTS=1` to write the files anew, and review them like code.

use super::*;
use crate::finding::{Finding, FindingCode};
use crate::function_model::{
    ActionChanges, ContainerChanges, ModelChanges, ModelName, PermissionLists, Permissions,
    RawRetryPolicy, RetryPolicy, Version,
};
use crate::ids::{LinkId, OrganizationId, UserId, ValidationId, VersionId};
use crate::instant::Instant;
use crate::vocabulary::{
    ActionStatus, ExecutionMode, ModelStatus, RepairKind, RiskLevel, ValidationLevel, VersionBump,
};
use crate::workflow::tests::{Sketch, action_id, boundary, node_id, object, owner, stage, uuid};
use serde_json::json;
use std::path::Path;

fn check(event: impl Into<Event>) {
    let event = event.into();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/function_model/events/snapshots");
    let path = folder.join(format!("{}.json", event.event_type()));
    let text = serde_json::to_string_pretty(&event.to_json()).unwrap() + "\n";
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    let kept_json: Value = serde_json::from_str(&kept).unwrap();
    assert_eq!(event.to_json(), kept_json, "{}", event.event_type());
    assert_eq!(Event::from_json(&kept_json), Ok(event));
}

fn model_id() -> ModelId {
    ModelId::from_uuid(uuid(1))
}

fn at() -> Instant {
    Instant::from_millis(1_756_728_000_123)
}

#[test]
fn events_of_the_model_keep_their_form() {
    let lists = PermissionLists {
        editors: vec![UserId::from_uuid(uuid(7))],
        ..PermissionLists::default()
    };
    let sketch = Sketch::new()
        .with(boundary("In", "input", &[]))
        .with(stage("Work", &["In"]).actions(&["Call"]));
    check(FunctionModelCreated {
        model_id: model_id(),
        name: ModelName::parse("Order to cash").unwrap(),
        description: Some("From order to payment".to_owned()),
        version: Version::INITIAL,
        permissions: Permissions::with_lists(owner(), lists),
        organization_id: Some(OrganizationId::from_uuid(uuid(3))),
        metadata: object(json!({"tags": ["sales"]})),
        ai_agent_config: None,
        template_id: Some(ModelId::from_uuid(uuid(4))),
        duplicated_from: None,
        version_id: Some(VersionId::from_uuid(uuid(5))),
        nodes: sketch.model.nodes.values().cloned().collect(),
        action_nodes: sketch.model.action_nodes.values().cloned().collect(),
        created_by: owner(),
        created_at: at(),
    });
    let changes: ModelChanges =
        serde_json::from_value(json!({"name": "Other", "description": null})).unwrap();
    check(FunctionModelUpdated {
        model_id: model_id(),
        previous_values: changes.previous(&sketch.model),
        changes,
        updated_by: owner(),
        updated_at: at(),
    });
    check(FunctionModelPublished {
        model_id: model_id(),
        name: ModelName::parse("Order to cash").unwrap(),
        version: Version::plain(1, 1, 0),
        version_id: Some(VersionId::from_uuid(uuid(5))),
        published_by: owner(),
        published_at: at(),
        publish_notes: Some("First one".to_owned()),
        previous_status: ModelStatus::Draft,
        current_status: ModelStatus::Published,
        validation_warnings: vec![Finding::new(
            FindingCode::NoStage,
            "The model has no stage.",
        )],
    });
    check(FunctionModelVersionCreated {
        model_id: model_id(),
        version_id: Some(VersionId::from_uuid(uuid(5))),
        name: ModelName::parse("Order to cash").unwrap(),
        previous_version: Version::INITIAL,
        new_version: Version::plain(1, 1, 0),
        version_type: VersionBump::Minor,
        version_notes: None,
        created_by: owner(),
        created_at: at(),
    });
    check(WorkflowValidationCompleted {
        model_id: model_id(),
        validation_id: ValidationId::from_uuid(uuid(6)),
        level: ValidationLevel::Full,
        is_valid: false,
        error_count: 2,
        warning_count: 3,
        validated_by: owner(),
        validated_at: at(),
    });
}

#[test]
fn events_about_the_life_of_a_model_keep_their_form() {
    let name = ModelName::parse("Order to cash").unwrap();
    check(FunctionModelArchived {
        model_id: model_id(),
        name: name.clone(),
        version: Version::INITIAL,
        archived_by: owner(),
        archived_at: at(),
        previous_status: ModelStatus::Published,
        current_status: ModelStatus::Archived,
        reason: Some("done with".to_owned()),
        risk_level: RiskLevel::Medium,
        removed_links: vec![LinkId::from_uuid(uuid(11))],
    });
    check(FunctionModelSoftDeleted {
        model_id: model_id(),
        name: name.clone(),
        version: Version::INITIAL,
        status: ModelStatus::Draft,
        deleted_by: owner(),
        deleted_at: at(),
        reason: Some("a mistake".to_owned()),
        retain_until: at().plus_millis(31_536_000_000),
    });
    check(FunctionModelRestored {
        model_id: model_id(),
        restored_by: owner(),
        restored_at: at(),
        reason: None,
        repaired: vec![RepairKind::RepairBrokenReference],
        status: ModelStatus::Draft,
        new_name: Some(name),
    });
}

#[test]
fn events_of_containers_keep_their_form() {
    let sketch = Sketch::new().with(stage("Work", &[]));
    let node = sketch.model.nodes[&node_id("Work")].clone();
    check(ContainerNodeAdded {
        model_id: model_id(),
        node: node.clone(),
        added_by: owner(),
        added_at: at(),
    });
    let changes: ContainerChanges = serde_json::from_value(json!({
        "position": {"x": 1.5, "y": 2}, "timeoutMs": 5, "status": "inactive",
        "typeSpecificData": {"stageType": "gateway"}
    }))
    .unwrap();
    check(ContainerNodeModified {
        model_id: model_id(),
        node_id: node.node_id,
        previous_values: changes.previous(&node),
        changes,
        modified_by: owner(),
        modified_at: at(),
    });
    check(ContainerNodeRemoved {
        model_id: model_id(),
        node_id: node.node_id,
        node_type: node.node_type(),
        name: node.name,
        cascaded_actions: vec![action_id("Call")],
        removed_by: owner(),
        removed_at: at(),
    });
    check(NodeDependencyAdded {
        model_id: model_id(),
        node_id: node_id("Work"),
        dependency_id: node_id("In"),
        changed_by: owner(),
        changed_at: at(),
    });
    check(NodeDependencyRemoved {
        model_id: model_id(),
        node_id: node_id("Work"),
        dependency_id: node_id("In"),
        changed_by: owner(),
        changed_at: at(),
    });
}

#[test]
fn events_of_actions_keep_their_form() {
    let sketch = Sketch::new().with(stage("Work", &[]).actions(&["Call"]));
    let action = sketch.model.action_nodes[&action_id("Call")].clone();
    let (model_id, action_id) = (model_id(), action.action_id);
    let (changed_by, changed_at) = (owner(), at());
    check(ActionNodeAdded {
        model_id,
        action: action.clone(),
        added_by: owner(),
        added_at: at(),
    });
    let changes: ActionChanges = serde_json::from_value(json!({
        "estimatedDurationMinutes": 2.5, "raci": {"responsible": ["Ann"]},
        "actionSpecificData": {"tetherReferenceId": "v", "outputMapping": {"a": "b.c"}}
    }))
    .unwrap();
    check(ActionNodeModified {
        model_id,
        action_id,
        previous_values: changes.previous(&action),
        changes,
        modified_by: owner(),
        modified_at: at(),
    });
    check(ActionNodeRemoved {
        model_id,
        action_id,
        parent_node_id: action.parent_node_id,
        action_type: action.action_type(),
        name: action.name.clone(),
        removed_by: owner(),
        removed_at: at(),
    });
    check(ActionNodeExecutionOrderChanged {
        model_id,
        action_id,
        old_order: 1,
        new_order: 2,
        changed_by,
        changed_at,
    });
    check(ActionNodeExecutionModeChanged {
        model_id,
        action_id,
        old_mode: ExecutionMode::Sequential,
        new_mode: ExecutionMode::Parallel,
        changed_by,
        changed_at,
    });
    check(ActionNodePriorityChanged {
        model_id,
        action_id,
        old_priority: 5,
        new_priority: 9,
        changed_by,
        changed_at,
    });
    let raw = RawRetryPolicy {
        max_attempts: Some(1),
        ..RawRetryPolicy::default()
    };
    check(ActionNodeRetryPolicyUpdated {
        model_id,
        action_id,
        retry_policy: Some(RetryPolicy::parse(&raw).unwrap()),
        previous_retry_policy: None,
        updated_by: owner(),
        updated_at: at(),
    });
    check(ActionNodeStatusChanged {
        model_id,
        action_id,
        action_name: action.name,
        previous_status: ActionStatus::Draft,
        current_status: ActionStatus::Active,
        changed_by,
        changed_at,
        reason: None,
    });
}

#[test]
fn malformed_events_are_refused() {
    let refuse = |json: Value| {
        assert_eq!(
            Event::from_json(&json).unwrap_err().code,
            Code::EventSchemaInvalid
        )
    };
    refuse(json!({"eventType": "ActionNodeRemoved", "eventVersion": 2, "data": {}}));
    refuse(json!({"eventType": "ActionNodeRemoved", "eventVersion": 1, "data": {}}));
    refuse(json!({"eventType": "Unheard", "eventVersion": 1, "data": {}}));
    refuse(json!(1));
}
