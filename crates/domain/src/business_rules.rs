//! The rules of the business: boundaries, budgets, care for data, good names.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::finding::{Finding, FindingCode, guide};
use crate::function_model::node::ContainerNode;
use crate::function_model::tether_action::missing_for_kind;
use crate::function_model::{ActionKind, ActionNode, FunctionModel};
use crate::vocabulary::{ExecutionMode, Severity, words};

words!(
    /// At which point of a model's life the rules are looked at.
    Stage {
        /// While it is edited: missing boundaries are warnings.
        DraftEdit => "draft-edit",
        /// When it is to be published, or checked as if.
        Publication => "publish",
    }
);

words!(
    /// What the business rules say of a model as a whole.
    RulesStatus {
        /// No rule is broken.
        Configured => "configured",
        /// Something must be corrected first.
        ValidationBlocked => "validation-blocked",
    }
);

/// Check the business rules of a model; the body of UC-024.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ValidateBusinessRules {
    /// For which point of the model's life; `publish` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// A snapshot instead of the working copy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_number: Option<String>,
}

/// What the business rules say of a model; the answer of UC-024.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RulesReport {
    /// Whether no error was found.
    pub is_valid: bool,
    /// The same in a word.
    pub final_status: RulesStatus,
    /// Everything that was found.
    pub findings: Vec<Finding>,
    /// How much that is.
    pub totals: RulesTotals,
}

/// How much was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RulesTotals {
    /// Findings of severity error.
    pub errors: usize,
    /// Findings of severity warning.
    pub warnings: usize,
}

/// Looks at the business rules of a model and sums up.
pub fn report(
    model: &FunctionModel,
    stage: Stage,
    published: Option<&FunctionModel>,
) -> RulesReport {
    let mut findings = validate(model, stage, published);
    guide(model, &mut findings);
    let is_error = |finding: &&Finding| finding.severity == Severity::Error;
    let errors = findings.iter().filter(is_error).count();
    RulesReport {
        is_valid: errors == 0,
        final_status: match errors {
            0 => RulesStatus::Configured,
            _ => RulesStatus::ValidationBlocked,
        },
        totals: RulesTotals {
            errors,
            warnings: findings.len() - errors,
        },
        findings,
    }
}

/// Most megabytes of memory that all actions together may state.
const MEMORY_BUDGET_MB: f64 = 16_384.0;
/// Most processors that all actions together may state.
const CPU_BUDGET: f64 = 32.0;

/// Looks at the business rules of a model. `published` is the model as its published snapshot has
/// it, when there is one.
pub fn validate(
    model: &FunctionModel,
    stage: Stage,
    published: Option<&FunctionModel>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    boundaries(model, stage, &mut findings);
    people(model, &mut findings);
    names(model, &mut findings);
    budgets(model, &mut findings);
    for action in model.action_nodes.values() {
        care(model, action, &mut findings);
        resources(action, &mut findings);
    }
    containers(model, &mut findings);
    if let Some(published) = published {
        bump(model, published, &mut findings);
    }
    findings
}

fn boundaries(model: &FunctionModel, stage: Stage, findings: &mut Vec<Finding>) {
    let mut require = |is_there: bool, code: FindingCode, message: &str| {
        if !is_there {
            let mut finding = Finding::new(code, message);
            if stage == Stage::DraftEdit {
                finding.severity = Severity::Warning;
            }
            findings.push(finding);
        }
    };
    let mut nodes = model.nodes.values();
    let input = nodes.clone().any(ContainerNode::accepts_input);
    let code = FindingCode::InputBoundaryRequired;
    require(input, code, "The model needs an input boundary.");
    let code = FindingCode::OutputBoundaryRequired;
    let output = nodes.any(ContainerNode::produces_output);
    require(output, code, "The model needs an output boundary.");
}

fn people(model: &FunctionModel, findings: &mut Vec<Finding>) {
    let permissions = &model.permissions;
    if permissions.owner.as_uuid().is_nil() {
        findings.push(Finding::new(
            FindingCode::OwnerMissing,
            "The model has no owner.",
        ));
    }
    if permissions.check().is_err() || permissions.owner != model.user_id {
        let message = "The permissions cannot be used as they are.";
        findings.push(Finding::new(FindingCode::PermissionsMalformed, message));
    }
    let lists = permissions.lists();
    let mut listing = lists
        .iter()
        .filter(|(_, list)| list.contains(&permissions.owner));
    if let Some((name, _)) = listing.next() {
        let message = format!("The owner also stands among the {name}.");
        findings.push(Finding::new(FindingCode::OwnerListedTwice, message));
    }
}

fn names(model: &FunctionModel, findings: &mut Vec<Finding>) {
    // Scripts without capital letters have nothing to begin with one.
    let is_small = |name: &str| {
        name.chars()
            .next()
            .is_none_or(|c| !c.is_uppercase() && has_case(c))
    };
    if is_small(model.name.as_str()) {
        let message = "The model's name does not start with a capital letter.";
        findings.push(Finding::new(FindingCode::NameConvention, message));
    }
    for node in model.nodes.values().filter(|node| is_small(&node.name)) {
        let message = format!("{} does not start with a capital letter.", node.name);
        let finding = Finding::new(FindingCode::NameConvention, message);
        findings.push(finding.on_node(node.node_id));
    }
    for (number, what) in [
        (&model.version, "version"),
        (&model.current_version, "current version"),
    ] {
        if number.prerelease().is_some() {
            let message = format!("The {what} {number} is not a plain number.");
            findings.push(Finding::new(FindingCode::VersionNotSemantic, message));
        }
    }
}

/// Whether a sign is a letter that could be a capital, or no letter at all.
fn has_case(sign: char) -> bool {
    !sign.is_alphabetic() || sign.is_lowercase()
}

fn stated_memory(action: &ActionNode) -> Option<f64> {
    match &action.kind {
        ActionKind::Tether(tether) => tether.resource_requirements.as_ref()?.memory_mb(),
        _ => None,
    }
}

fn stated_cpu(action: &ActionNode) -> Option<f64> {
    match &action.kind {
        ActionKind::Tether(tether) => tether.resource_requirements.as_ref()?.cpus(),
        _ => None,
    }
}

fn stated_seconds(action: &ActionNode) -> Option<u32> {
    match &action.kind {
        ActionKind::Tether(tether) => tether.resource_requirements.as_ref()?.timeout_seconds,
        ActionKind::Nested(nested) => nested.execution_policy.as_ref()?.timeout_seconds,
        ActionKind::Knowledge(_) => None,
    }
}

/// The budgets of memory and processors; the readiness of a run looks at them too.
pub(crate) fn budgets(model: &FunctionModel, findings: &mut Vec<Finding>) {
    let actions = || model.action_nodes.values();
    let memory: f64 = actions().filter_map(stated_memory).sum();
    if memory > MEMORY_BUDGET_MB {
        let message = format!("Actions state {memory} MB of memory, more than {MEMORY_BUDGET_MB}.");
        findings.push(Finding::new(FindingCode::MemoryBudgetExceeded, message));
    }
    let cpu: f64 = actions().filter_map(stated_cpu).sum();
    if cpu > CPU_BUDGET {
        let message = format!("Actions state {cpu} processors, more than {CPU_BUDGET}.");
        findings.push(Finding::new(FindingCode::CpuBudgetExceeded, message));
    }
}

fn is_true(value: Option<&Value>) -> bool {
    value.and_then(Value::as_bool) == Some(true)
}

/// Whether a flag says anything but no.
fn is_stated(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::String(text)) => !text.trim().is_empty(),
        Some(_) => true,
    }
}

/// What `metadata.policy` promises and does not keep.
fn care(model: &FunctionModel, action: &ActionNode, findings: &mut Vec<Finding>) {
    let flag = |name: &str| is_true(action.policy(name));
    let stated = |name: &str| is_stated(action.policy(name));
    let mut broken = |is_broken: bool, code: FindingCode, what: &str| {
        if is_broken {
            let finding = Finding::new(code, format!("{} {what}.", action.name));
            findings.push(finding.on_action(action.parent_node_id, action.action_id));
        }
    };
    let personal = flag("processesPersonalData");
    let what = "processes personal data without encryption";
    broken(
        personal && !stated("encryption"),
        FindingCode::PersonalDataUnencrypted,
        what,
    );
    let approved = is_true(model.metadata.get("dataSharingApproved"));
    let what = "shares data externally, which the model does not approve";
    broken(
        flag("sharesExternally") && !approved,
        FindingCode::SharingNotApproved,
        what,
    );
    let unscanned = flag("externalApi") && !stated("securityScan");
    broken(
        unscanned,
        FindingCode::ExternalApiNotScanned,
        "calls an API without security scan",
    );
    let unnamed = flag("requiresAuth") && !stated("authMethod");
    broken(
        unnamed,
        FindingCode::AuthMethodMissing,
        "needs a method of authentication",
    );
    let unasked = flag("sendsPersonalDataExternally") && !stated("consent");
    broken(
        unasked,
        FindingCode::ConsentMissing,
        "sends personal data without consent",
    );
    let sensitive = flag("sensitiveData");
    let audited = flag("auditing") || is_true(model.metadata.get("auditing"));
    let what = "handles personal or sensitive data without auditing";
    broken(
        (personal || sensitive) && !audited,
        FindingCode::AuditingOff,
        what,
    );
    let handled = stated("handling");
    let what = "does not say how it handles sensitive data";
    broken(
        sensitive && !handled,
        FindingCode::SensitiveDataHandling,
        what,
    );
    let class = action.policy("classification").and_then(Value::as_str);
    let classified = matches!(class, Some("confidential" | "restricted"));
    let what = "does not say how it handles classified data";
    broken(
        classified && !handled,
        FindingCode::ClassifiedIoHandling,
        what,
    );
    if let ActionKind::Tether(tether) = &action.kind
        && let Some((missing, _)) = tether
            .integration_config
            .as_ref()
            .and_then(missing_for_kind)
    {
        let what = format!("lacks {missing} in its integration");
        broken(true, FindingCode::IntegrationIncomplete, &what);
    }
}

fn resources(action: &ActionNode, findings: &mut Vec<Finding>) {
    let memory = stated_memory(action).unwrap_or(0.0);
    let seconds = stated_seconds(action).unwrap_or(0);
    let mut note = |code: FindingCode, what: &str| {
        let finding = Finding::new(code, format!("{} {what}.", action.name));
        findings.push(finding.on_action(action.parent_node_id, action.action_id));
    };
    if memory > 8192.0 {
        note(
            FindingCode::MemoryHigh,
            "states more than 8192 MB of memory",
        );
    }
    if memory > 4096.0 || seconds > 10 {
        note(FindingCode::ResourceIntensive, "needs much memory or time");
    }
}

fn containers(model: &FunctionModel, findings: &mut Vec<Finding>) {
    for (node_id, actions) in model.actions_by_container() {
        let Some(node) = model.nodes.get(&node_id) else {
            continue;
        };
        let is_sequential = |a: &&&ActionNode| a.execution_mode == ExecutionMode::Sequential;
        let sequential = actions.iter().filter(is_sequential);
        let seconds: u32 = sequential.filter_map(|action| stated_seconds(action)).sum();
        if seconds > 30 {
            let message = format!("{} runs {seconds} seconds one after another.", node.name);
            let finding = Finding::new(FindingCode::SequentialTimeLong, message);
            findings.push(finding.on_node(node_id));
        }
        let parallel = actions
            .iter()
            .any(|a| a.execution_mode == ExecutionMode::Parallel);
        if actions.len() > 5 && !parallel {
            let message = format!("{} has more than 5 actions, none parallel.", node.name);
            let finding = Finding::new(FindingCode::NoParallelism, message);
            findings.push(finding.on_node(node_id));
        }
    }
}

/// Removals need a major step since the published snapshot, additions a minor one.
fn bump(model: &FunctionModel, published: &FunctionModel, findings: &mut Vec<Finding>) {
    let missing = |from: &FunctionModel, other: &FunctionModel| {
        from.nodes.keys().any(|id| !other.nodes.contains_key(id))
            || from
                .action_nodes
                .keys()
                .any(|id| !other.action_nodes.contains_key(id))
    };
    let (now, then) = (&model.version, &published.version);
    let is_major = now.major() > then.major();
    let is_minor = is_major || (now.major() == then.major() && now.minor() > then.minor());
    let needed = if missing(published, model) && !is_major {
        "major"
    } else if missing(model, published) && !is_minor {
        "minor"
    } else {
        return;
    };
    let message = format!("The structure changed since {then}, which asks for a {needed} step.");
    findings.push(Finding::new(
        FindingCode::StructureChangedWithoutBump,
        message,
    ));
}

#[cfg(test)]
mod tests;
