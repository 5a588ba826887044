//! The rules of contexts on one tree.
//!
//! ```text
//! model ─┬─ a ─┬─ a1 ── a1x
//!        │     └─ a2
//!        └─ b ─── b1 ── b1x
//! ```

use serde_json::json;

use super::access::{ListedRelation, check, granted_level, is_sensitive, list};
use super::commands::*;
use super::data::*;
use super::tree::{ContextTree, Relation};
use super::*;
use crate::error::Code;
use crate::workflow::tests::{object, uuid};

pub(crate) fn now() -> Instant {
    Instant::from_millis(1_756_728_000_000)
}

fn id(name: &str) -> NodeId {
    let number = name
        .bytes()
        .fold(7, |n: u64, byte| n * 131 + u64::from(byte));
    NodeId::from_uuid(uuid(number))
}

fn context(name: &str, parent: &str, level: u32, data: Value) -> NodeContext {
    NodeContext {
        context_id: ContextId::from_uuid(id(name).as_uuid()),
        model_id: ModelId::from_uuid(uuid(1)),
        execution_id: None,
        node_id: id(name),
        node_type: ContextNodeType::StageNode,
        parent_node_id: (!parent.is_empty()).then(|| id(parent)),
        level,
        scope: ContextScope::Execution,
        data: object(data),
        inherited_data: JsonObject::new(),
        inheritance: Vec::new(),
        last_emergency: None,
        created_at: now(),
        updated_at: now(),
        revision: 1,
    }
}

fn family() -> Vec<NodeContext> {
    let data = || json!({"open": 1, "apiKeys": "secret"});
    [
        ("model", "", 0),
        ("a", "model", 1),
        ("b", "model", 1),
        ("a1", "a", 2),
        ("a2", "a", 2),
        ("b1", "b", 2),
        ("a1x", "a1", 3),
        ("b1x", "b1", 3),
    ]
    .map(|(name, parent, level)| context(name, parent, level, data()))
    .to_vec()
}

fn isolated(mut contexts: Vec<NodeContext>, name: &str) -> Vec<NodeContext> {
    let context = contexts.iter_mut().find(|c| c.node_id == id(name)).unwrap();
    context.scope = ContextScope::Isolated;
    contexts
}

#[track_caller]
fn related(from: &str, to: &str, relation: Relation, level: AccessLevel) {
    let contexts = family();
    let tree = ContextTree::of(&contexts);
    let found = tree.relation(id(from), id(to));
    assert_eq!(found, relation, "{from} {to}");
    assert_eq!(granted_level(found, tree.get(id(to)).unwrap()), level);
}

#[test]
fn relations_grant_what_the_table_says() {
    use AccessLevel as L;
    related("a", "a", Relation::Itself, L::Write);
    related("model", "a1x", Relation::Descendant, L::Write);
    related("a", "a1", Relation::Descendant, L::Write);
    related("a1x", "model", Relation::Ancestor, L::Read);
    related("a1", "a2", Relation::Sibling, L::Read);
    related("a1", "b", Relation::Lateral, L::Read);
    related("a1x", "b", Relation::Lateral, L::Read);
    related("a1x", "a2", Relation::Lateral, L::Read);
    related("a", "b1", Relation::Lateral, L::Read);
    related("a1", "b1", Relation::Lateral, L::Read);
    related("a1x", "b1x", Relation::Unrelated, L::None);
    related("a1x", "b1", Relation::Unrelated, L::None);
    related("a", "b1x", Relation::Unrelated, L::None);
}

#[test]
fn an_isolated_context_shows_itself_upwards_alone() {
    let contexts = isolated(family(), "a");
    let tree = ContextTree::of(&contexts);
    let level =
        |from: &str| granted_level(tree.relation(id(from), id("a")), tree.get(id("a")).unwrap());
    assert_eq!(level("a"), AccessLevel::Write);
    assert_eq!(level("model"), AccessLevel::Read);
    for other in ["a1", "a1x", "b", "b1"] {
        assert_eq!(level(other), AccessLevel::None, "{other}");
    }
}

fn ask(from: &str, to: &str, access: AccessLevel) -> CheckContextAccess {
    CheckContextAccess {
        requesting_node_id: id(from),
        target_node_id: id(to),
        requested_access: access,
        requested_properties: None,
        time_constraints: None,
        execution_id: None,
    }
}

fn decide(command: &CheckContextAccess) -> access::AccessDecision {
    let contexts = family();
    check(&ContextTree::of(&contexts), command, now())
        .unwrap()
        .0
}

#[test]
fn a_denial_says_what_would_be_granted() {
    let denied = decide(&ask("a1", "a", AccessLevel::Write));
    assert!(!denied.access_granted);
    assert_eq!(denied.access_level, AccessLevel::Read);
    assert_eq!(
        json!(denied.restricted_operations),
        json!(["write", "execute"])
    );
    assert!(denied.denial_reason.is_some() && denied.access_reason.is_none());
    let never = decide(&ask("a", "a", AccessLevel::Execute));
    assert!(!never.access_granted);
    assert_eq!(never.access_level, AccessLevel::Write);
    let granted = decide(&ask("model", "a1", AccessLevel::Write));
    assert!(granted.access_granted);
    assert_eq!(granted.granted_properties, ["apiKeys", "open"]);
    let stranger = decide(&ask("a1x", "b1x", AccessLevel::Read));
    assert_eq!(
        json!(stranger.restricted_operations),
        json!(["read", "write", "execute"])
    );
    assert!(stranger.granted_properties.is_empty());
}

#[test]
fn sensitive_properties_stay_in_the_line() {
    for name in [
        "privateData",
        "DBCredentials",
        "mySecrets",
        "tokens2",
        "KEYS",
    ] {
        assert!(is_sensitive(name), "{name}");
    }
    assert!(!is_sensitive("key") && !is_sensitive("private"));
    let sibling = decide(&ask("a1", "a2", AccessLevel::Read));
    assert_eq!(sibling.granted_properties, ["open"]);
    assert_eq!(sibling.restricted_properties, ["apiKeys"]);
    let named = |names: &[&str]| {
        let mut command = ask("a1", "a2", AccessLevel::Read);
        command.requested_properties = Some(names.iter().map(|n| (*n).to_owned()).collect());
        decide(&command)
    };
    assert!(!named(&["apiKeys", "unknown"]).access_granted);
    let some = named(&["open", "unknown"]);
    assert!(some.access_granted);
    assert_eq!(some.restricted_properties, ["unknown"]);
}

#[test]
fn windows_and_emergencies() {
    let minute = 60_000;
    let times = |from: i64, until: i64| TimeConstraints {
        valid_from: Some(now().plus_millis(from)),
        valid_until: Some(now().plus_millis(until)),
        ..TimeConstraints::default()
    };
    let asked = |times: TimeConstraints, access| CheckContextAccess {
        time_constraints: Some(times),
        ..ask("a1", "a2", access)
    };
    let contexts = family();
    let tree = ContextTree::of(&contexts);
    let judge = |times, access| check(&tree, &asked(times, access), now());
    let (inside, _) = judge(times(-minute, minute), AccessLevel::Read).unwrap();
    assert!(inside.access_granted && inside.time_validation.is_valid);
    assert_eq!(inside.access_until, Some(now().plus_millis(minute)));
    for (from, until) in [(minute, 2 * minute), (-2 * minute, 0)] {
        let (outside, emergency) = judge(times(from, until), AccessLevel::Read).unwrap();
        assert!(!outside.access_granted && !outside.time_validation.is_valid);
        assert_eq!((outside.access_until, emergency), (None, None));
    }
    let urgent = |reason: Option<&str>| TimeConstraints {
        emergency_access: true,
        emergency_reason: reason.map(str::to_owned),
        ..times(-2 * minute, -minute)
    };
    let (let_through, emergency) = judge(urgent(Some(" fire ")), AccessLevel::Read).unwrap();
    assert!(let_through.access_granted && let_through.emergency_access);
    assert_eq!(
        let_through.access_until,
        Some(now().plus_millis(15 * minute))
    );
    assert_eq!(emergency.unwrap().reason, "fire");
    let (never_higher, none) = judge(urgent(Some("fire")), AccessLevel::Write).unwrap();
    assert!(!never_higher.access_granted && none.is_none());
    let code = |times| judge(times, AccessLevel::Read).unwrap_err().code;
    assert_eq!(code(urgent(None)), Code::EmergencyReasonRequired);
    assert_eq!(code(urgent(Some(" "))), Code::EmergencyReasonRequired);
    assert_eq!(code(times(minute, minute)), Code::AccessWindowInvalid);
    let nothing = ask("a", "b", AccessLevel::None);
    assert_eq!(
        check(&tree, &nothing, now()).unwrap_err().code,
        Code::InvalidRequest
    );
    for (from, to) in [("a", "nobody"), ("nobody", "a")] {
        let unknown = ask(from, to, AccessLevel::Read);
        assert_eq!(
            check(&tree, &unknown, now()).unwrap_err().code,
            Code::ContextNotFound
        );
    }
}

#[test]
fn lists_are_ordered_by_relation_level_and_node() {
    let contexts = isolated(family(), "b1");
    let tree = ContextTree::of(&contexts);
    let listed = |from: &str, relation, most| {
        let found = list(&tree, id(from), relation, most).unwrap();
        let relations: Vec<String> = found.items.iter().map(|i| i.relation.to_string()).collect();
        (relations.join(" "), found.total_available, found.truncated)
    };
    let all = listed("a1", ListedRelation::All, 1000);
    assert_eq!(
        all,
        (
            "ancestor ancestor descendant sibling lateral".into(),
            5,
            false
        )
    );
    assert_eq!(
        listed("a1", ListedRelation::All, 2),
        ("ancestor ancestor".into(), 5, true)
    );
    assert_eq!(listed("a1", ListedRelation::Sibling, 9).0, "sibling");
    assert_eq!(listed("a1", ListedRelation::Children, 9).0, "descendant");
    assert_eq!(
        listed("a1", ListedRelation::Parent, 9).0,
        "ancestor ancestor"
    );
    assert_eq!(listed("a1", ListedRelation::Lateral, 9).0, "lateral");
    let found = list(&tree, id("a1"), ListedRelation::All, 9).unwrap();
    assert_eq!(found.items[0].level, 0);
    assert!(found.items[0].data.contains_key("apiKeys"));
    assert!(!found.items[3].data.contains_key("apiKeys"));
    let unknown = list(&tree, id("nobody"), ListedRelation::All, 9);
    assert_eq!(unknown.unwrap_err().code, Code::ContextNotFound);
}

#[test]
fn places_in_the_tree_are_checked() {
    let mut contexts = family();
    for level in 4..=10 {
        let name = |level: u32| {
            if level == 3 {
                "a1x".into()
            } else {
                format!("deep{level}")
            }
        };
        contexts.push(context(&name(level), &name(level - 1), level, json!({})));
    }
    let tree = ContextTree::of(&contexts);
    let code = |node: &str, parent: &str| tree.place(id(node), Some(id(parent))).unwrap_err().code;
    assert_eq!(tree.place(id("new"), None), Ok(0));
    assert_eq!(tree.place(id("new"), Some(id("a1"))), Ok(3));
    assert_eq!(code("new", "new"), Code::HierarchyCycle);
    assert_eq!(code("a", "a1x"), Code::HierarchyCycle);
    assert_eq!(code("new", "nobody"), Code::ParentNotFound);
    assert_eq!(code("new", "deep10"), Code::HierarchyTooDeep);
    assert_eq!(code("a2", "a"), Code::ContextAlreadyRegistered);
    assert_eq!(tree.descendants(id("a1"))[..2], [id("a1x"), id("deep4")]);
}

fn rule(property: &str, kind: InheritanceType, default: Option<Value>) -> InheritanceRule {
    InheritanceRule {
        property: property.into(),
        kind,
        default,
    }
}

#[test]
fn properties_come_down_as_the_rules_say() {
    use InheritanceType as I;
    let above = object(json!({"i": 1, "o": 1, "m": {"x": 1, "y": {"z": 1}}, "n": 1, "only": 1}));
    let own = object(json!({"i": 2, "o": 2, "m": {"y": {"w": 2}}, "n": 2, "mine": 2}));
    let rules = [
        rule("o", I::Override, None),
        rule("m", I::Merge, None),
        rule("n", I::Merge, None),
    ];
    let expected = json!({
        "i": 1, "o": 2, "m": {"x": 1, "y": {"z": 1, "w": 2}}, "n": 2, "only": 1, "mine": 2
    });
    assert_eq!(json!(combine(&above, &own, &rules)), expected);
    let parent = context("p", "", 0, json!({"a": 1}));
    let rules = [
        rule("a", I::Inherit, Some(json!(9))),
        rule("b", I::Inherit, Some(json!(9))),
    ];
    let scope = ContextScope::Execution;
    assert_eq!(
        json!(inherit(Some(&parent), scope, &rules)),
        json!({"a": 1, "b": 9})
    );
    assert_eq!(json!(inherit(None, scope, &rules)), json!({"a": 9, "b": 9}));
    assert_eq!(
        json!(inherit(Some(&parent), ContextScope::Isolated, &[])),
        json!({})
    );
    let alone = isolated(vec![parent], "p");
    assert_eq!(json!(inherit(Some(&alone[0]), scope, &[])), json!({}));
}

#[test]
fn changes_go_down_past_isolated_contexts() {
    let mut contexts = isolated(family(), "a2");
    for context in contexts.iter_mut().filter(|c| c.level > 0) {
        context.data = object(json!({}));
    }
    let changed = propagate(&mut contexts, id("model"));
    assert_eq!(changed.len(), 6, "all below but the isolated one");
    let of = |name: &str| contexts.iter().find(|c| c.node_id == id(name)).unwrap();
    assert_eq!(of("a1x").inherited_data, of("model").data);
    assert!(of("a2").inherited_data.is_empty());
    assert!(propagate(&mut contexts, id("model")).is_empty());
}

#[test]
fn scopes_have_an_order_and_copies_stand_alone() {
    let data = |n: u32| object(json!({ "p": n, format!("q{n}"): n }));
    let scopes = [
        (ContextScope::Isolated, data(4)),
        (ContextScope::Global, data(1)),
        (ContextScope::Execution, data(3)),
        (ContextScope::Session, data(2)),
    ];
    let merged = merge_scopes(&scopes);
    assert_eq!(
        json!(merged),
        json!({"p": 4, "q1": 1, "q2": 2, "q3": 3, "q4": 4})
    );
    let original = &family()[3];
    let copy = duplicate(original, ContextId::from_uuid(uuid(99)));
    assert_eq!((copy.parent_node_id, copy.level), (None, 0));
    assert_eq!(copy.data, original.data);
    assert_ne!(copy.context_id, original.context_id);
}

#[test]
fn data_has_limits() {
    let code = |data: Value| checked_data(&data).unwrap_err().code;
    assert_eq!(code(json!([1])), Code::ContextDataInvalid);
    assert_eq!(code(json!({" ": 1})), Code::ContextDataInvalid);
    assert_eq!(
        code(json!({"a": "x".repeat(70_000)})),
        Code::DocumentTooLarge
    );
    assert!(checked_data(&json!({"a": null})).is_ok());
    let rules = [
        rule(" ", InheritanceType::Inherit, None),
        rule("a", InheritanceType::Inherit, None),
        rule("a", InheritanceType::Merge, None),
    ];
    let refusal = check_rules(&rules).unwrap_err();
    let fields: Vec<&str> = refusal.errors.iter().map(|e| e.field.as_str()).collect();
    assert_eq!(
        fields,
        ["inheritance[0].property", "inheritance[2].property"]
    );
    let before = object(json!({"a": 1, "b": 2, "c": 3}));
    let after = object(json!({"b": 2, "c": 4, "d": 5}));
    assert_eq!(changed_names(&before, &after), ["a", "c", "d"]);
}

#[test]
fn the_event_of_an_update_has_its_form() {
    let mut context = context("a", "", 0, json!({}));
    let by = crate::workflow::tests::owner();
    let event = context.updated_event(id("a"), &["x".into()], false, by, now());
    assert_eq!(event["eventType"], "NodeContextUpdated");
    assert_eq!(event["data"]["changedProperties"], json!(["x"]));
    assert_eq!(event["data"]["executionId"], Value::Null);
    context.execution_id = Some(ExecutionId::from_uuid(uuid(5)));
    let event = context.updated_event(id("a"), &[], true, by, now());
    assert_eq!(event["data"]["executionId"], json!(uuid(5)));
    assert_eq!(event["data"]["emergency"], true);
}
