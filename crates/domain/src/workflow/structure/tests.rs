use super::*;
use crate::ids::ModelId;
use crate::workflow::nesting::NestedModel;
use crate::workflow::tests::{Sketch, boundary, node_id, object, stage, uuid};
use serde_json::json;

/// A model of which only the expected findings remain to be told.
fn sound() -> Sketch {
    Sketch::new()
        .with(boundary("in", "input", &[]))
        .with(stage("s", &["in"]).actions(&["a"]))
        .with(boundary("out", "output", &["s"]))
}

fn codes(sketch: &Sketch) -> SortedSet<FindingCode> {
    let findings = validate(&sketch.model, &NestedModels::new());
    findings.iter().map(|finding| finding.code).collect()
}

fn check(sketch: &Sketch, expected: &[FindingCode]) {
    let found = codes(sketch);
    for code in expected {
        assert!(found.contains(code), "{code:?} is not among {found:?}");
        assert!(!codes(&sound()).contains(code), "{code:?} is always found");
    }
}

#[test]
fn a_sound_model_has_only_small_warnings() {
    use FindingCode as F;
    let expected = SortedSet::from([F::IoContractMissing, F::DescriptionMissing]);
    assert_eq!(codes(&sound()), expected);
    let empty: Vec<FindingCode> = codes(&Sketch::new()).into_iter().collect();
    assert_eq!(empty, [F::NoInput, F::NoOutput, F::NoStage]);
}

#[test]
fn boundaries_and_edges_are_looked_at() {
    use FindingCode as F;
    check(
        &sound().with(boundary("odd", "input", &["s"])),
        &[F::InputHasDependencies],
    );
    check(
        &sound().with(stage("t", &["t", "gone"])),
        &[F::SelfDependency, F::DependencyMissing],
    );
    check(
        &sound().with(stage("x", &["y"])).with(stage("y", &["x"])),
        &[F::CircularDependency],
    );
    check(
        &sound().with(boundary("alone", "output", &[])),
        &[F::OutputWithoutSource, F::UnreachableOutput],
    );
    check(
        &sound().with(stage("alone", &[])),
        &[F::NodeUnconnected, F::StageEmpty],
    );
    let two = sound().with(stage("alone", &[])).with(stage("lonely", &[]));
    check(&two, &[F::ManyIsolatedNodes]);
}

#[test]
fn an_unwired_model_of_one_input_and_one_output_is_publishable() {
    let unwired = Sketch::new()
        .with(boundary("in", "input", &[]))
        .with(boundary("out", "output", &[]));
    let findings = validate(&unwired.model, &NestedModels::new());
    assert!(
        findings.iter().all(|finding| !finding.blocks_publishing()),
        "{findings:?}"
    );
}

#[test]
fn a_boundary_that_is_both_reaches_itself() {
    let both = sound().with(boundary("both", "input-output", &["s"]));
    assert!(!codes(&both).contains(&FindingCode::UnreachableOutput));
}

#[test]
fn actions_and_their_order_are_looked_at() {
    use FindingCode as F;
    let orders = |second: u32| {
        sound()
            .with(stage("t", &["in"]).actions(&["t1", "t2"]))
            .action("t2", |action| action.execution_order = second)
    };
    check(&orders(1), &[F::DuplicateExecutionOrder]);
    check(&orders(5), &[F::ExecutionOrderGap]);
    check(
        &sound().with(stage("t", &["in"]).parallel(&["t1", "t2"])),
        &[F::ParallelPriorityTie],
    );
    let many = ["1", "2", "3", "4", "5", "6"];
    check(
        &sound().with(stage("t", &["in"]).actions(&many)),
        &[F::StageCrowded],
    );
    let orphan = sound().action("a", |action| action.parent_node_id = node_id("in"));
    check(&orphan, &[F::OrphanAction]);
    check(
        &sound().node("s", |node| node.timeout_ms = Some(300_001)),
        &[F::StageTimeoutLong],
    );
}

#[test]
fn large_and_deep_models_are_told() {
    use FindingCode as F;
    let names: Vec<String> = (0..51).map(|n| format!("n{n}")).collect();
    let fan = names
        .iter()
        .fold(sound(), |s, name| s.with(stage(name, &["s"])));
    check(&fan, &[F::FanOutHigh, F::ManyLeaves, F::ModelLarge]);
    let chain = (1..10).fold(sound().with(stage("n0", &["s"])), |s, n| {
        s.with(stage(&names[n], &[&names[n - 1]]))
    });
    check(&chain, &[F::ChainTooDeep]);
    let six: Vec<&str> = names[..6].iter().map(String::as_str).collect();
    let wide = six
        .iter()
        .fold(sound(), |s, name| s.with(stage(name, &["s"])));
    check(&wide.with(stage("wide", &six)), &[F::DependencyCountHigh]);
}

#[test]
fn models_that_nest_themselves_are_told() {
    let model = ModelId::from_uuid(uuid(99));
    let nesting = sound().action("a", |action| {
        let data = object(json!({ "nestedModelId": model }));
        let kind = crate::vocabulary::ActionNodeType::FunctionModelContainer;
        action.kind = crate::function_model::ActionKind::parse(kind, data).unwrap();
    });
    let mut nested = NestedModels::new();
    let own = nesting.model.model_id;
    nested.insert(
        model,
        NestedModel {
            is_available: true,
            nests: vec![own],
        },
    );
    let findings = validate(&nesting.model, &nested);
    assert!(
        findings
            .iter()
            .any(|f| f.code == FindingCode::InfiniteNesting)
    );
}

#[test]
fn cycles_are_reported_with_their_containers() {
    let ring = sound().with(stage("x", &["y"])).with(stage("y", &["x"]));
    let findings = validate(&ring.model, &NestedModels::new());
    let cycle = findings
        .iter()
        .find(|f| f.code == FindingCode::CircularDependency)
        .unwrap();
    assert_eq!(cycle.node_id, Some(node_id("x")));
    assert!(cycle.message.contains("x → y → x"), "{}", cycle.message);
}
