//! Which data is read where, as far as the model itself tells.
//!
//! Names are only called undefined where every source of names is known: the input boundaries
//! declare their names, and every earlier tether maps its outputs.

use crate::sorted::{SortedMap, SortedSet};

use serde_json::Value;

use crate::finding::{Finding, FindingCode};
use crate::function_model::{ActionKind, ActionNode, FunctionModel};
use crate::limits::JsonObject;
use crate::vocabulary::ExecutionMode;
use crate::workflow::condition::{Condition, Operator, Test};
use crate::workflow::mapping::Mapping;
use crate::workflow::ordering::Graph;

/// Parts of names that hold what must stay private.
const SENSITIVE: [&str; 5] = ["privatedata", "credentials", "secrets", "tokens", "keys"];

pub(super) fn validate(model: &FunctionModel) -> Vec<Finding> {
    let mut findings = Vec::new();
    contracts(model, &mut findings);
    size(model, &mut findings);
    let deprecated = texts(model.metadata.get("deprecatedVariables"));
    let mut names = Names::of_inputs(model);
    let actions = model.actions_by_container();
    for node_id in Graph::of(model).execution_order().unwrap_or_default() {
        for action in actions.get(&node_id).into_iter().flatten() {
            reads(action, &names, &deprecated, &mut findings);
            inheritance(action, &mut findings);
            names.add_outputs(action);
        }
    }
    findings
}

fn texts(value: Option<&Value>) -> SortedSet<String> {
    let items = value.and_then(Value::as_array).into_iter().flatten();
    items
        .filter_map(|item| Some(item.as_str()?.to_owned()))
        .collect()
}

/// The names that are defined so far.
struct Names {
    /// Names with the types that contracts declare.
    known: SortedMap<String, Option<String>>,
    /// Whether there may be others.
    open: bool,
}

impl Names {
    fn of_inputs(model: &FunctionModel) -> Self {
        let mut names = Self {
            known: SortedMap::new(),
            open: false,
        };
        for node in model.nodes.values().filter(|node| node.accepts_input()) {
            let contract = node.as_io().and_then(|io| io.input_data_contract.as_ref());
            match contract {
                Some(contract) if declares(contract) => names.add_contract(contract),
                _ => names.open = true,
            }
        }
        names
    }

    fn add_contract(&mut self, contract: &JsonObject) {
        for name in texts(contract.get("required")) {
            self.known.entry(name).or_default();
        }
        let properties = contract.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            let declared = property.get("type").and_then(Value::as_str);
            self.known.insert(name.clone(), declared.map(str::to_owned));
        }
    }

    fn add_outputs(&mut self, action: &ActionNode) {
        let mut add = |name: &str| {
            self.known.insert(name.to_owned(), None);
        };
        match &action.kind {
            ActionKind::Tether(tether) if tether.output_mapping.is_empty() => self.open = true,
            ActionKind::Tether(tether) => tether.output_mapping.keys().for_each(|name| add(name)),
            ActionKind::Knowledge(_) => ["content", "related"].into_iter().for_each(add),
            // Its name holds the depth of the run, which the model does not know.
            ActionKind::Nested(_) => self.open = true,
        }
    }

    fn lacks(&self, name: &str) -> bool {
        !self.open && !self.known.contains_key(name) && name != "context" && name != "shouldExecute"
    }
}

/// Whether a contract says which names come in.
fn declares(contract: &JsonObject) -> bool {
    contract.get("required").is_some_and(Value::is_array)
        || contract.get("properties").is_some_and(Value::is_object)
}

/// The conditions and mappings of an action that read the context.
fn conditions(action: &ActionNode) -> Vec<Condition> {
    let own = Condition::of_metadata(&action.metadata).ok().flatten();
    let own = own.filter(|_| action.execution_mode == ExecutionMode::Conditional);
    let of_policy = match &action.kind {
        ActionKind::Nested(nested) => nested.execution_policy.as_ref(),
        _ => None,
    };
    let of_policy = of_policy.and_then(|policy| policy.conditions.clone());
    own.into_iter().chain(of_policy).collect()
}

fn mappings(action: &ActionNode) -> Vec<&Mapping> {
    let ActionKind::Nested(nested) = &action.kind else {
        return Vec::new();
    };
    let inheritance = nested.context_inheritance.as_ref();
    let transformed = inheritance.map(|inheritance| &inheritance.context_transformations);
    let transformed = transformed.into_iter().flatten();
    let all = nested.context_mapping.iter().chain(transformed);
    all.map(|(_, mapping)| mapping).collect()
}

fn read_names(action: &ActionNode, conditions: &[Condition]) -> SortedSet<String> {
    let root = |path: &str| path.split('.').next().unwrap_or_default().to_owned();
    let mut names = SortedSet::new();
    for condition in conditions {
        match condition {
            Condition::Tests(tests) => {
                let must_be_there =
                    |test: &&Test| !matches!(test.operator, Operator::Exists | Operator::NotExists);
                let tests = tests.iter().filter(must_be_there);
                names.extend(tests.map(|test| root(&test.path)));
            }
            Condition::Expression(expression) => names.extend(expression.variables()),
        }
    }
    for mapping in mappings(action) {
        match mapping {
            Mapping::Path(path) => {
                names.insert(root(path));
            }
            Mapping::Expression(expression) => names.extend(expression.variables()),
        }
    }
    names
}

fn reads(
    action: &ActionNode,
    names: &Names,
    deprecated: &SortedSet<String>,
    findings: &mut Vec<Finding>,
) {
    let mut note = |code: FindingCode, what: String| {
        let finding = Finding::new(code, format!("{} {what}.", action.name));
        findings.push(finding.on_action(action.parent_node_id, action.action_id));
    };
    let conditions = conditions(action);
    let shares = action.policy("sharesExternally") == Some(&Value::Bool(true));
    for name in read_names(action, &conditions) {
        if names.lacks(&name) {
            note(
                FindingCode::VariableUndefined,
                format!("reads {name}, which nothing defines"),
            );
        }
        if deprecated.contains(&name) {
            note(
                FindingCode::DeprecatedVariable,
                format!("reads the deprecated {name}"),
            );
        }
        let small = name.to_lowercase();
        if shares && SENSITIVE.iter().any(|part| small.contains(part)) {
            let what = format!("shares {name}, which must stay private");
            note(FindingCode::SensitivePropertyShared, what);
        }
    }
    for condition in &conditions {
        let Condition::Tests(tests) = condition else {
            continue;
        };
        for test in tests {
            let declared = names.known.get(&test.path).and_then(Option::as_deref);
            if let (Some(declared), Some(value)) = (declared, &test.value)
                && !fits(declared, test.operator, value)
            {
                let what = format!("compares {} of type {declared} with another", test.path);
                note(FindingCode::VariableTypeDiffers, what);
            }
        }
    }
}

/// Whether a value can be equal to one of a declared type; unknown types fit everything.
fn fits(declared: &str, operator: Operator, value: &Value) -> bool {
    if operator == Operator::In {
        let items = value.as_array();
        return items.is_none_or(|items| items.iter().all(|v| fits(declared, Operator::Eq, v)));
    }
    match declared {
        _ if value.is_null() => true,
        "string" => value.is_string(),
        "number" | "integer" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    }
}

fn inheritance(action: &ActionNode, findings: &mut Vec<Finding>) {
    let ActionKind::Nested(nested) = &action.kind else {
        return;
    };
    let Some(inheritance) = &nested.context_inheritance else {
        return;
    };
    let inherited: SortedSet<&String> = inheritance.inherited_contexts.iter().collect();
    let twice = inheritance
        .shared_contexts
        .iter()
        .filter(|name| inherited.contains(name));
    for name in twice {
        let message = format!("{} inherits {name} twice.", action.name);
        let finding = Finding::new(FindingCode::NameInheritedTwice, message);
        findings.push(finding.on_action(action.parent_node_id, action.action_id));
    }
}

/// Most megabytes of context that may be declared.
const LARGEST_CONTEXT_MB: f64 = 1000.0;
/// Megabytes of declared context that are worth a look.
const LARGE_CONTEXT_MB: f64 = 100.0;

/// The context that the model, its containers and its actions declare in `metadata.contextSizeMb`.
fn size(model: &FunctionModel, findings: &mut Vec<Finding>) {
    let own = std::iter::once(&model.metadata);
    let nodes = model.nodes.values().map(|node| &node.metadata);
    let actions = model.action_nodes.values().map(|action| &action.metadata);
    let declared = |metadata: &JsonObject| metadata.get("contextSizeMb")?.as_f64();
    let sum: f64 = own.chain(nodes).chain(actions).filter_map(declared).sum();
    let (code, limit) = if sum > LARGEST_CONTEXT_MB {
        (FindingCode::ContextTooLarge, LARGEST_CONTEXT_MB)
    } else if sum > LARGE_CONTEXT_MB {
        (FindingCode::ContextLarge, LARGE_CONTEXT_MB)
    } else {
        return;
    };
    let message = format!("{sum} MB of context are declared, more than {limit}.");
    findings.push(Finding::new(code, message));
}

/// Data contracts whose `schemaVersion` differs in the first number.
fn contracts(model: &FunctionModel, findings: &mut Vec<Finding>) {
    let ios = model.nodes.values().filter_map(|node| node.as_io());
    let contracts = ios.flat_map(|io| {
        let sides = [
            io.input_data_contract.as_ref(),
            io.output_data_contract.as_ref(),
        ];
        sides.into_iter().flatten()
    });
    let majors: SortedSet<&str> = contracts
        .filter_map(|contract| contract.get("schemaVersion")?.as_str()?.split('.').next())
        .collect();
    if majors.len() > 1 {
        let message = "The schemas of the data contracts differ in their major version.";
        findings.push(Finding::new(FindingCode::ContractVersionsDiffer, message));
    }
}
