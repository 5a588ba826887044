//! Whether a run of the model could start.

use crate::business_rules::budgets;
use crate::finding::{Finding, FindingCode};
use crate::function_model::{ActionKind, ActionNode, ContainerNode, FunctionModel};
use crate::vocabulary::{ActionStatus, NodeStatus, ValidationLevel};
use crate::workflow::condition::Condition;

pub(super) fn validate(model: &FunctionModel, lacks_snapshot: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    if lacks_snapshot {
        let message = "The model has no published snapshot.";
        findings.push(Finding::new(FindingCode::NoPublishedSnapshot, message));
    }
    let actions = model.actions_by_container();
    for node in model
        .nodes
        .values()
        .filter(|node| node.as_stage().is_some())
    {
        let own = actions.get(&node.node_id);
        stage(node, own.map_or(&[], Vec::as_slice), &mut findings);
    }
    let mut over_budget = Vec::new();
    budgets(model, &mut over_budget);
    let category = ValidationLevel::ExecutionReadiness;
    findings.extend(
        over_budget
            .into_iter()
            .map(|finding| finding.in_category(category)),
    );
    findings
}

fn stage(node: &ContainerNode, actions: &[&ActionNode], findings: &mut Vec<Finding>) {
    if !matches!(node.status, NodeStatus::Configured | NodeStatus::Active) {
        let message = format!("The stage {} is {}.", node.name, node.status);
        let finding = Finding::new(FindingCode::StageNotReady, message);
        findings.push(finding.on_node(node.node_id));
    }
    for action in actions {
        self::action(node, action, findings);
    }
    let minutes: f64 = actions
        .iter()
        .filter_map(|a| a.estimated_duration_minutes)
        .sum();
    let limit = node.timeout_ms.filter(|ms| *ms > 0);
    if limit.is_some_and(|ms| (ms as f64) < minutes * 60_000.0) {
        let message = format!("The time limit of {} is below its estimates.", node.name);
        let finding = Finding::new(FindingCode::TimeoutBelowEstimate, message);
        findings.push(finding.on_node(node.node_id));
    }
}

fn action(node: &ContainerNode, action: &ActionNode, findings: &mut Vec<Finding>) {
    let mut note = |code: FindingCode, message: String| {
        let finding = Finding::new(code, message);
        findings.push(finding.on_action(node.node_id, action.action_id));
    };
    let name = &action.name;
    match action.status {
        ActionStatus::Draft | ActionStatus::Error => {
            note(
                FindingCode::ActionNotReady,
                format!("{name} is {}.", action.status),
            );
        }
        ActionStatus::Inactive | ActionStatus::Archived => {
            let message = format!("{name} is {} and will be skipped.", action.status);
            note(FindingCode::ActionWillBeSkipped, message);
        }
        ActionStatus::Configured | ActionStatus::Active => {}
    }
    let data = ActionKind::parse(action.action_type(), action.kind.to_data());
    let condition = Condition::of_metadata(&action.metadata);
    for (refusal, below) in data
        .err()
        .map(|r| (r, "actionSpecificData"))
        .into_iter()
        .chain(condition.err().map(|r| (r, "")))
    {
        for error in &refusal.errors {
            let field = crate::error::join(below, &error.field);
            let message = format!("{name}: {field} breaks the rule {}.", error.rule);
            let finding = Finding::new(FindingCode::ActionConfigurationIncomplete, message);
            findings.push(finding.on_action(node.node_id, action.action_id).at(field));
        }
    }
    let mut note = |code: FindingCode, message: String| {
        let finding = Finding::new(code, message);
        findings.push(finding.on_action(node.node_id, action.action_id));
    };
    let is_external = matches!(action.kind, ActionKind::Tether(_));
    let of_stage = node.as_stage().and_then(|stage| stage.retry_policy);
    if is_external && action.retry_policy.or(of_stage).is_none() {
        note(
            FindingCode::RetryPolicyMissing,
            format!("{name} has no retry policy."),
        );
    }
    if action.estimated_duration_minutes.is_none() {
        note(
            FindingCode::EstimateMissing,
            format!("{name} has no estimate."),
        );
    }
}
