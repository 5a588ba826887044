use super::*;
use crate::finding::FindingCode;
use crate::function_model::node::ParallelismConfig;
use crate::function_model::{ContainerKind, RawRetryPolicy};
use crate::vocabulary::LoadBalancing;
use crate::workflow::tests::{Sketch, boundary, node_id, object, stage};
use proptest::prelude::*;
use serde_json::json;

/// Each step as `name[indegree]>successors`, steps without action by their kind.
fn drawn(plan: &Plan) -> String {
    let name = |step: &Step| match &step.action {
        Some(action) => action.name.clone(),
        None => step.kind.to_string(),
    };
    let lines: Vec<String> = plan
        .steps
        .iter()
        .map(|step| {
            format!(
                "{} {}[{}]>{:?}",
                step.step,
                name(step),
                step.indegree,
                step.successors
            )
        })
        .collect();
    lines.join("\n")
}

fn check(sketch: &Sketch, expected: &[&str]) {
    assert_eq!(drawn(&sketch.plan()), expected.join("\n"));
}

#[test]
fn containers_are_joined_and_sequential_actions_chained() {
    let sketch = Sketch::new()
        .with(boundary("in", "input", &[]))
        .with(stage("s", &["in"]).actions(&["a", "b"]))
        .with(boundary("out", "output", &["s"]));
    check(
        &sketch,
        &[
            "0 pass[0]>[1]",
            "1 open[1]>[2]",
            "2 a[1]>[3]",
            "3 b[1]>[4]",
            "4 close[1]>[5]",
            "5 pass[1]>[]",
        ],
    );
    let plan = sketch.plan();
    assert_eq!(plan.outputs, [2, 3]);
    assert_eq!(plan.containers[2].level, 2);
    assert_eq!((plan.containers[1].first, plan.containers[1].last), (1, 4));
}

#[test]
fn parallel_actions_fan_out_and_join() {
    let sketch = Sketch::new().with(
        stage("s", &[])
            .actions(&["a"])
            .parallel(&["b", "c"])
            .conditional(&["d"]),
    );
    check(
        &sketch,
        &[
            "0 open[0]>[1]",
            "1 a[1]>[2, 3]",
            "2 b[1]>[4]",
            "3 c[1]>[4]",
            "4 join[2]>[5]",
            "5 d[1]>[6]",
            "6 close[1]>[]",
        ],
    );
    assert!(sketch.plan().groups.is_empty());
}

#[test]
fn limited_groups_release_their_members_one_by_one() {
    let limited = |max: Option<u32>| {
        Sketch::new()
            .with(stage("s", &[]).parallel(&["a", "b", "c", "d", "e"]))
            .action("e", |action| action.priority = 9)
            .node("s", |node| {
                if let (ContainerKind::Stage(stage), Some(max)) = (&mut node.kind, max) {
                    stage.parallelism_config = Some(ParallelismConfig {
                        max_concurrency: max,
                        load_balancing: LoadBalancing::RoundRobin,
                    });
                }
            })
    };
    check(
        &limited(Some(2)),
        &[
            "0 open[0]>[1, 2]",
            "1 e[1]>[6]",
            "2 a[1]>[6]",
            "3 b[1]>[6]",
            "4 c[1]>[6]",
            "5 d[1]>[6]",
            "6 close[5]>[]",
        ],
    );
    let plan = limited(Some(2)).plan();
    assert_eq!(plan.groups[0].members, [1, 2, 3, 4, 5]);
    assert_eq!(plan.groups[0].concurrency, 2);
    assert_eq!(limited(None).plan().groups[0].concurrency, 4);
    assert!(limited(Some(5)).plan().groups.is_empty());
}

#[test]
fn defaults_are_filled_in() {
    let stage_policy = RawRetryPolicy {
        max_attempts: Some(7),
        ..RawRetryPolicy::default()
    };
    let sketch = Sketch::new()
        .with(stage("s", &[]).actions(&["a"]).conditional(&["b"]))
        .handling("s", FailureHandling::Abort)
        .node("s", |node| {
            if let ContainerKind::Stage(stage) = &mut node.kind {
                stage.retry_policy = Some(RetryPolicy::parse(&stage_policy).unwrap());
            }
        })
        .action("a", |action| {
            action.status = ActionStatus::Inactive;
            action.metadata = object(json!({"condition": {"expression": "false"}}));
        })
        .action("b", |action| {
            let data = object(json!({"tetherReferenceId": "w", "failureHandling": "continue"}));
            action.kind = ActionKind::parse(action.action_type(), data).unwrap();
            action.metadata = object(json!({"condition": {"expression": "true"}}));
            action.retry_policy = Some(RetryPolicy::default());
            action.priority = 9;
        });
    let plan = sketch.plan();
    let (a, b) = (plan.action(1).unwrap(), plan.action(2).unwrap());
    assert_eq!(a.skip_reason.as_deref(), Some("ACTION_NOT_ACTIVE"));
    assert_eq!(a.condition, None);
    assert_eq!(a.retry_policy.max_attempts(), 7);
    assert_eq!(a.failure_handling, FailureHandling::Abort);
    assert_eq!(a.timeout_ms, Some(300_000));
    assert!(b.condition.is_some());
    assert_eq!(b.retry_policy.max_attempts(), 3);
    assert_eq!(b.failure_handling, FailureHandling::Continue);
    assert!(b.critical);
    assert_eq!(plan.step_of(b.action_id), Some(2));
    assert!(matches!(b.kind(), Ok(ActionKind::Tether(_))));
    assert_eq!(plan.container_of(2).unwrap().node_id, node_id("s"));
}

#[test]
fn every_type_has_its_time_limit() {
    let with = |action_type: &str, data: serde_json::Value| {
        let action_type = crate::vocabulary::ActionNodeType::parse(action_type).unwrap();
        let sketch = Sketch::new()
            .with(stage("s", &[]).actions(&["a"]))
            .action("a", |action| {
                action.kind = ActionKind::parse(action_type, object(data)).unwrap();
            });
        sketch.plan().action(1).unwrap().timeout_ms
    };
    let kb = json!({"kbReferenceId": "k", "shortDescription": "d"});
    assert_eq!(with("kbNode", kb), Some(300_000));
    let model = "5f0c1d4e-9a52-4c3b-8f10-0123456789ab";
    let nested = |more: serde_json::Value| {
        let mut data = json!({ "nestedModelId": model });
        data.as_object_mut().unwrap().extend(object(more));
        with("functionModelContainer", data)
    };
    assert_eq!(nested(json!({})), None);
    let policy = json!({"executionTrigger": "automatic", "timeoutSeconds": 2});
    assert_eq!(nested(json!({ "executionPolicy": policy })), Some(2000));
}

#[test]
fn outputs_come_from_before_the_output_boundaries_or_from_leaves() {
    let outputs = |sketch: Sketch| -> Vec<String> {
        let plan = sketch.plan();
        let names = plan
            .outputs
            .iter()
            .map(|step| plan.action(*step).unwrap().name.clone());
        names.collect()
    };
    let base = Sketch::new()
        .with(stage("x", &[]).actions(&["x1"]))
        .with(stage("y", &["x"]).actions(&["y1"]))
        .with(stage("z", &[]).actions(&["z1"]));
    assert_eq!(outputs(base.clone()), ["y1", "z1"]);
    let joined = base.clone().with(boundary("out", "output", &["y"]));
    assert_eq!(outputs(joined), ["y1"]);
    let through = base
        .with(stage("empty", &["x"]))
        .with(boundary("out", "output", &["empty"]));
    assert_eq!(outputs(through), ["x1"]);
}

#[test]
fn a_plan_knows_what_refuses_a_start() {
    let contract = object(json!({"required": ["order", " ", "amount", "order"]}));
    let sketch = Sketch::new()
        .with(boundary("in", "input", &[]))
        .with(stage("s", &[]))
        .node("in", |node| {
            if let ContainerKind::Io(io) = &mut node.kind {
                io.input_data_contract = Some(contract);
            }
        })
        .node("s", |node| {
            node.status = NodeStatus::Inactive;
            node.timeout_ms = Some(0);
        });
    let plan = sketch.plan();
    assert_eq!(plan.required_parameters, ["amount", "order"]);
    assert_eq!(plan.inactive_stages, [node_id("s")]);
    assert_eq!(plan.containers[1].timeout_ms, None);
    assert_eq!(plan.max_depth, 10);
}

#[test]
fn what_forbids_a_run_goes_into_the_plan() {
    let mut sketch = Sketch::new().with(stage("s", &[]).actions(&["a", "b"]));
    assert_eq!(sketch.plan().unready, []);
    sketch = sketch
        .action("a", |action| action.status = ActionStatus::Error)
        .node("s", |node| node.status = NodeStatus::Inactive);
    let unready = sketch.plan().unready;
    let codes: Vec<_> = unready.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [FindingCode::ActionNotReady]);
    assert!(unready[0].path.is_some());
}

#[test]
fn cycles_and_broken_conditions_do_not_compile() {
    let ring = Sketch::new()
        .with(stage("a", &["b"]))
        .with(stage("b", &["a"]));
    let refusal = compile(&ring.model).unwrap_err();
    assert_eq!(refusal.code, Code::CircularDependency);
    let broken = Sketch::new()
        .with(stage("s", &[]).conditional(&["a"]))
        .action("a", |action| {
            action.metadata = object(json!({"condition": {"expression": "1 +"}}));
        });
    let refusal = compile(&broken.model).unwrap_err();
    assert_eq!(refusal.code, Code::ActionConfigurationInvalid);
}

#[test]
fn the_json_of_a_plan_reads_back() {
    let plan = Sketch::new()
        .with(stage("s", &[]).parallel(&["a", "b", "c", "d", "e"]))
        .plan();
    let json = serde_json::to_value(&plan).unwrap();
    assert_eq!(
        json["steps"][1]["actionId"],
        json["steps"][1]["event"]["actionId"]
    );
    assert!(json["steps"][0].get("actionId").is_none());
    assert_eq!(json["steps"][1]["group"], 0);
    assert_eq!(serde_json::from_value::<Plan>(json).unwrap(), plan);
}

/// A model as large as models may be, in layers so that it has many edges.
fn largest_model() -> crate::function_model::FunctionModel {
    let names: Vec<String> = (0..5000).map(|n| format!("n{n}")).collect();
    let actions: Vec<String> = (0..5000).map(|n| format!("a{n}")).collect();
    let parts = (0..5000_usize).map(|n| {
        let from = n.saturating_sub(10);
        let dependencies: Vec<&str> = names[from..n].iter().map(String::as_str).collect();
        stage(&names[n], &dependencies).actions(&[&actions[n]])
    });
    parts.fold(Sketch::new(), Sketch::with).model
}

#[test]
fn the_largest_model_compiles_and_validates_without_recursion_in_good_time() {
    let model = largest_model();
    assert_eq!(model.nodes.len() + model.action_nodes.len(), 10_000);
    assert!(model.dependency_count() > 49_900);
    let begun = std::time::Instant::now();
    let plan = compile(&model).unwrap();
    let findings = crate::workflow::structure::validate(&model, &Default::default());
    assert_eq!(plan.steps.len(), 15_000);
    assert!(!findings.is_empty());
    assert!(begun.elapsed().as_secs_f64() < 3.0, "{:?}", begun.elapsed());
}

proptest! {
    /// A run that counts down reaches every step exactly once.
    #[test]
    fn every_step_is_reached_once(
        parts in prop::collection::vec((prop::collection::vec(0u8..3, 0..9), 0usize..4), 1..7)
    ) {
        let names: Vec<String> = (0..parts.len()).map(|n| format!("n{n}")).collect();
        let mut sketch = Sketch::new();
        for (n, (modes, back)) in parts.iter().enumerate() {
            let own: Vec<&str> = names[n.saturating_sub(*back)..n].iter().map(String::as_str).collect();
            let mut part = stage(&names[n], &own);
            for (index, mode) in modes.iter().enumerate() {
                let name = format!("{n}-{index}");
                part = match mode {
                    0 => part.actions(&[&name]),
                    1 => part.parallel(&[&name]),
                    _ => part.conditional(&[&name]),
                };
            }
            sketch = sketch.with(part);
        }
        let plan = sketch.plan();
        let mut waiting: Vec<u32> = plan.steps.iter().map(|step| step.indegree).collect();
        let mut cursors: Vec<usize> = plan.groups.iter().map(|g| g.concurrency as usize).collect();
        let mut ready: Vec<u32> = plan.steps.iter().filter(|s| s.indegree == 0).map(|s| s.step).collect();
        let mut done = vec![0; plan.steps.len()];
        while let Some(number) = ready.pop() {
            done[number as usize] += 1;
            let step = &plan.steps[number as usize];
            let mut released = step.successors.clone();
            if let Some(group) = step.group {
                let members = &plan.groups[group as usize].members;
                released.extend(members.get(cursors[group as usize]));
                cursors[group as usize] += 1;
            }
            for next in released {
                prop_assert!(next > number || step.group.is_some());
                waiting[next as usize] -= 1;
                if waiting[next as usize] == 0 {
                    ready.push(next);
                }
            }
        }
        prop_assert!(done.iter().all(|times| *times == 1), "{:?}", done);
        let edges: usize = plan.steps.iter().map(|step| step.successors.len()).sum();
        prop_assert!(edges <= plan.steps.len() * 2 + sketch.model.dependency_count());
        for container in &plan.containers {
            for step in container.first..=container.last {
                let place = plan.steps[step as usize].container as usize;
                prop_assert_eq!(plan.containers[place].node_id, container.node_id);
            }
        }
    }
}
