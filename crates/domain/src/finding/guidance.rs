//! Where a finding is, and what to do about it.

use super::{Finding, FindingCode};
use crate::function_model::{ContainerNode, FunctionModel};
use crate::ids::{ActionId, NodeId};
use crate::sorted;

/// Completes findings with the path of what they concern in this model, and with advice.
///
/// Containers are counted from 0 in the order they were created, actions within their container
/// in the order they run.
pub fn guide(model: &FunctionModel, findings: &mut [Finding]) {
    if findings.is_empty() {
        return;
    }
    let places = Places::of(model);
    for finding in findings {
        let (field, advice) = words(finding.code);
        let field = finding.path.take().unwrap_or_else(|| field.to_owned());
        finding.path = Some(places.path(finding, &field));
        finding.advice = Some(advice.to_owned());
    }
}

/// The places of containers and actions, sorted by identifier.
struct Places {
    nodes: Vec<(NodeId, usize)>,
    actions: Vec<(ActionId, usize)>,
}

impl Places {
    fn of(model: &FunctionModel) -> Self {
        let mut nodes: Vec<&ContainerNode> = model.nodes.values().collect();
        sorted::sort_by_key(&mut nodes, |node| (node.created_at, node.node_id));
        let ids = nodes.iter().map(|node| node.node_id);
        let mut nodes: Vec<(NodeId, usize)> = ids.zip(0..).collect();
        sorted::sort(&mut nodes);
        let mut actions = Vec::with_capacity(model.action_nodes.len());
        for own in model.actions_by_container().values() {
            actions.extend(own.iter().map(|action| action.action_id).zip(0..));
        }
        sorted::sort(&mut actions);
        Self { nodes, actions }
    }

    fn path(&self, finding: &Finding, field: &str) -> String {
        let found = |id: &NodeId| self.nodes.binary_search_by_key(id, |(id, _)| *id).ok();
        let node = finding.node_id.as_ref().and_then(found);
        let mut path = match node {
            Some(place) => format!("nodes[{}]", self.nodes[place].1),
            None => String::new(),
        };
        if let Some(id) = finding.action_id {
            let place = self.actions.binary_search_by_key(&id, |(id, _)| *id).ok();
            match (node, place) {
                (Some(_), Some(place)) => {
                    path.push_str(&format!(".actions[{}]", self.actions[place].1));
                }
                // An action without container is named by its identifier.
                _ => path.push_str(&format!("actions[{id}]")),
            }
        }
        if !path.is_empty() && !field.is_empty() {
            path.push('.');
        }
        path + field
    }
}

/// The field concerned, and the advice.
fn words(code: FindingCode) -> (&'static str, &'static str) {
    use FindingCode as F;
    match code {
        F::NoInput | F::InputBoundaryRequired => (
            "nodes",
            "Add a boundary that takes input (boundaryType input or input-output).",
        ),
        F::NoOutput | F::OutputBoundaryRequired => (
            "nodes",
            "Add a boundary that gives output (boundaryType output or input-output).",
        ),
        F::CircularDependency => (
            "dependencies",
            "Remove one of the dependencies on the circle.",
        ),
        F::SelfDependency | F::DependencyMissing => ("dependencies", "Remove the dependency."),
        F::InputHasDependencies => (
            "dependencies",
            "Remove its dependencies, or make it a boundary of another type.",
        ),
        F::DuplicateExecutionOrder => ("executionOrder", "Give each action a place of its own."),
        F::OrphanAction => ("parentNodeId", "Remove the action, or add it to a stage."),
        F::InfiniteNesting => ("nodes", "Remove the action that nests the model again."),
        F::UnreachableOutput => (
            "dependencies",
            "Connect it, through stages, to a boundary that takes input.",
        ),
        F::NoStage => ("nodes", "Add a stage with the work to be done."),
        F::OutputWithoutSource => ("dependencies", "Let it depend on what produces its data."),
        F::NodeUnconnected => ("dependencies", "Connect the stage, or remove it."),
        F::ManyIsolatedNodes => ("nodes", "Connect these containers, or remove them."),
        F::StageEmpty => ("actions", "Add an action, or remove the stage."),
        F::StageCrowded | F::NoParallelism => (
            "actions",
            "Let independent actions run in parallel, or split the stage.",
        ),
        F::StageTimeoutLong => (
            "timeoutMs",
            "Set a limit of at most 300000 ms, or split the stage.",
        ),
        F::IoContractMissing => (
            "typeSpecificData",
            "Describe the data that crosses the boundary.",
        ),
        F::DescriptionMissing => ("description", "Say what the container is for."),
        F::ExecutionOrderGap => (
            "actions",
            "Put the actions in order again, from 1 without gaps.",
        ),
        F::ParallelPriorityTie => ("actions", "Give parallel actions different priorities."),
        F::FanOutHigh | F::DependencyCountHigh => (
            "dependencies",
            "Put a stage between that gathers some of them.",
        ),
        F::ChainTooDeep => (
            "nodes",
            "Merge stages, or let some of them run side by side.",
        ),
        F::ManyLeaves => ("nodes", "Let the ends lead to an output boundary."),
        F::ModelLarge => ("nodes", "Move a part into a model of its own and nest it."),
        F::OwnerMissing | F::PermissionsMalformed => ("permissions", "Set the permissions anew."),
        F::OwnerListedTwice => ("permissions", "Take the owner off the list."),
        F::MemoryBudgetExceeded | F::CpuBudgetExceeded => {
            ("nodes", "Lower the stated resources, or split the model.")
        }
        F::PersonalDataUnencrypted => ("metadata.policy.encryption", "State the encryption."),
        F::SharingNotApproved => (
            "metadata.policy.sharesExternally",
            "Set dataSharingApproved in the model's metadata once it is approved.",
        ),
        F::ExternalApiNotScanned => ("metadata.policy.securityScan", "State the security scan."),
        F::AuthMethodMissing => (
            "metadata.policy.authMethod",
            "Name the method of authentication.",
        ),
        F::ConsentMissing => (
            "metadata.policy.consent",
            "State on what consent the data is sent.",
        ),
        F::IntegrationIncomplete => (
            "actionSpecificData.integrationConfig",
            "Add what its kind of integration needs.",
        ),
        F::VersionNotSemantic => ("version", "Give it a number of the form x.y.z."),
        F::NameConvention => ("name", "Start the name with a capital letter."),
        F::MemoryHigh | F::ResourceIntensive => (
            "actionSpecificData.resourceRequirements",
            "Lower what it states, or split the action.",
        ),
        F::AuditingOff => (
            "metadata.policy.auditing",
            "Switch auditing on for the action or the model.",
        ),
        F::SensitiveDataHandling | F::ClassifiedIoHandling => {
            ("metadata.policy.handling", "Say how the data is handled.")
        }
        F::SequentialTimeLong => (
            "actions",
            "Let independent actions run in parallel, or lower their time limits.",
        ),
        F::StructureChangedWithoutBump => ("version", "Publish it under a number of that step."),
        F::StageNotReady | F::ActionNotReady => ("status", "Publish the model, or make it active."),
        F::ActionConfigurationIncomplete => ("actionSpecificData", "Correct the field."),
        F::NoPublishedSnapshot => ("status", "Publish the model first."),
        F::ActionWillBeSkipped => ("status", "Make it active if it is meant to run."),
        F::RetryPolicyMissing => ("retryPolicy", "Give it or its stage a retry policy."),
        F::EstimateMissing => ("estimatedDurationMinutes", "Estimate how long it takes."),
        F::TimeoutBelowEstimate => ("timeoutMs", "Raise the limit, or lower the estimates."),
        F::VariableUndefined => (
            "metadata.condition",
            "Let an input contract or an earlier action define the name.",
        ),
        F::VariableTypeDiffers => (
            "metadata.condition",
            "Compare with a value of the declared type.",
        ),
        F::SensitivePropertyShared => (
            "actionSpecificData",
            "Leave the name out, or do not share the action's data.",
        ),
        F::ContextTooLarge | F::ContextLarge => (
            "metadata.contextSizeMb",
            "Pass references instead of the data itself.",
        ),
        F::NameInheritedTwice => (
            "actionSpecificData.contextInheritance",
            "Name it in one of the lists.",
        ),
        F::DeprecatedVariable => ("actionSpecificData", "Read the name that replaces it."),
        F::ContractVersionsDiffer => ("nodes", "Bring the contracts to one major version."),
        F::ReferenceMissing => (
            "actionSpecificData",
            "Refer to something that is there and may be used.",
        ),
        F::ReferenceNotChecked => ("actionSpecificData", "Validate again later."),
        F::AuthenticationMethodUnknown => (
            "actionSpecificData.integrationConfig.authentication",
            "Use oauth2, api-key, jwt, mutual-tls or basic-auth.",
        ),
        F::RestrictedDataExternal => (
            "metadata.policy.classification",
            "Keep restricted data inside, or lower its classification.",
        ),
        F::RequiredVersionDiffers | F::RequiredVersionBehind => (
            "metadata.requiredVersion",
            "Require the version that is published, or publish the one required.",
        ),
        F::LinkTypeIncompatible => ("links", "Remove the link, or give it another type."),
        F::LinkWeak => ("links", "Strengthen the link, or remove it."),
        F::ValidatorFailed => ("", "Validate again later."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::tests::{Sketch, action_id, boundary, node_id, stage};

    #[test]
    fn findings_say_where_and_what_to_do() {
        let model = Sketch::new()
            .with(boundary("Zero", "input", &[]))
            .with(stage("One", &["Zero"]).actions(&["a", "b"]))
            .model;
        let on_action = |code| Finding::new(code, "x").on_action(node_id("One"), action_id("b"));
        let mut findings = [
            Finding::new(FindingCode::NoOutput, "x"),
            Finding::new(FindingCode::DescriptionMissing, "x").on_node(node_id("One")),
            on_action(FindingCode::RetryPolicyMissing),
            on_action(FindingCode::ActionConfigurationIncomplete).at("retryPolicy.maxAttempts"),
            Finding::new(FindingCode::OrphanAction, "x").on_action(node_id("Gone"), action_id("b")),
        ];
        guide(&model, &mut findings);
        let paths: Vec<&str> = findings.iter().filter_map(|f| f.path.as_deref()).collect();
        let orphan = format!("actions[{}].parentNodeId", action_id("b"));
        let expected = [
            "nodes",
            "nodes[1].description",
            "nodes[1].actions[1].retryPolicy",
            "nodes[1].actions[1].retryPolicy.maxAttempts",
            orphan.as_str(),
        ];
        assert_eq!(paths, expected);
        assert!(
            findings
                .iter()
                .all(|f| f.advice.as_ref().is_some_and(|a| a.ends_with('.')))
        );
        guide(&model, &mut []);
    }
}
