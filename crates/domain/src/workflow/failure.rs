//! What the final failure of a step does to the rest of its run.

use super::plan::{Plan, Step, StepKind};
use super::retry::Fault;
use super::time_limit::CONTAINER_TIMEOUT;
use crate::sorted;
use crate::vocabulary::FailureHandling;

/// The steps that will not run because another failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SkipSet {
    /// Whether the container of the failed step failed with it.
    pub container_failed: bool,
    /// Action steps of the same container.
    pub abandoned: Vec<u32>,
    /// All steps of containers that depend on it, directly or not; of every other container when
    /// the failed one is critical.
    pub dependents: Vec<u32>,
}

/// Why steps are skipped when something they need failed.
pub const DEPENDENCY_FAILED: &str = "DEPENDENCY_FAILED";

impl SkipSet {
    /// Every step, sorted. Those that have started already run on.
    pub fn steps(&self) -> Vec<u32> {
        let mut steps = [self.abandoned.as_slice(), &self.dependents].concat();
        sorted::sort(&mut steps);
        steps
    }

    /// The same while its container is going to be tried again: only that is cleared.
    pub fn before_restart(self) -> Self {
        Self {
            dependents: Vec::new(),
            ..self
        }
    }

    /// The reason the skipped steps are given.
    pub fn reason(&self) -> &'static str {
        DEPENDENCY_FAILED
    }
}

/// What follows when an action step failed for good.
///
/// With `continue` the others run on, unless the action is critical. Otherwise the container has
/// failed: its other actions are skipped, and so are the containers that depend on it, or all of
/// them when it is critical. Whoever applies the set leaves out what has started or finished.
pub fn after_failure(plan: &Plan, failed: u32) -> SkipSet {
    after_failure_with(plan, failed, None)
}

/// The same with another handling than the plan's, when one is given.
pub fn after_failure_with(plan: &Plan, failed: u32, handling: Option<FailureHandling>) -> SkipSet {
    let Some(step) = plan.step(failed) else {
        return SkipSet::default();
    };
    let runs_on = step.action.as_ref().is_some_and(|action| {
        let handling = handling.unwrap_or(action.failure_handling);
        handling == FailureHandling::Continue && !action.critical
    });
    if runs_on {
        return SkipSet::default();
    }
    after_container_failure(plan, step.container, Some(failed))
}

/// What follows when an action step failed for good by this fault: one that ends the container's
/// time ends the container, however its stage handles failures.
pub fn after_fault(
    plan: &Plan,
    failed: u32,
    fault: &Fault,
    handling: Option<FailureHandling>,
) -> SkipSet {
    match plan.step(failed) {
        Some(step) if fault.code == CONTAINER_TIMEOUT => {
            after_container_failure(plan, step.container, Some(failed))
        }
        _ => after_failure_with(plan, failed, handling),
    }
}

/// What follows when a container failed as a whole, for instance by its time limit.
pub fn after_container_failure(plan: &Plan, container: u32, failed: Option<u32>) -> SkipSet {
    let Some(own) = plan.containers.get(container as usize) else {
        return SkipSet::default();
    };
    let is_other_action = |step: &&Step| step.kind == StepKind::Action && Some(step.step) != failed;
    let steps = steps_between(plan, own.first, own.last).iter();
    let abandoned = steps
        .filter(is_other_action)
        .map(|step| step.step)
        .collect();
    let affected = if own.critical {
        let mut all = vec![true; plan.containers.len()];
        all[container as usize] = false;
        all
    } else {
        dependents_of(plan, container)
    };
    let dependents = plan
        .containers
        .iter()
        .zip(affected)
        .filter(|(_, affected)| *affected)
        .flat_map(|(other, _)| steps_between(plan, other.first, other.last))
        .map(|step| step.step)
        .collect();
    SkipSet {
        container_failed: true,
        abandoned,
        dependents,
    }
}

fn steps_between(plan: &Plan, first: u32, last: u32) -> &[Step] {
    plan.steps
        .get(first as usize..=last as usize)
        .unwrap_or_default()
}

/// Which containers depend on one, directly or not. Every container stands behind those it
/// depends on, so one pass is enough.
fn dependents_of(plan: &Plan, container: u32) -> Vec<bool> {
    let mut affected = vec![false; plan.containers.len()];
    for (place, other) in plan.containers.iter().enumerate() {
        let waits_for = |dependency: &u32| {
            *dependency == container || affected.get(*dependency as usize) == Some(&true)
        };
        affected[place] = other.dependencies.iter().any(waits_for);
    }
    affected
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::tests::{Sketch, stage};

    fn check(plan: &Plan, failed: &str, container_failed: bool, skipped: &[&str]) {
        let is_failed = |name: &str| name == failed;
        let (step, _) = plan.actions().find(|(_, a)| is_failed(&a.name)).unwrap();
        let set = after_failure(plan, step.step);
        assert_eq!(set.container_failed, container_failed);
        let names: Vec<String> = set
            .steps()
            .iter()
            .map(|step| match plan.action(*step) {
                Some(action) => action.name.clone(),
                None => {
                    let container = plan.container_of(*step).unwrap();
                    format!("{}:{}", container.name, plan.steps[*step as usize].kind)
                }
            })
            .collect();
        assert_eq!(names, skipped);
        assert_eq!(set.reason(), "DEPENDENCY_FAILED");
    }

    fn sketch() -> Sketch {
        Sketch::new()
            .with(stage("a", &[]).actions(&["a1", "a2"]))
            .with(stage("b", &["a"]).actions(&["b1"]))
            .with(stage("c", &["b"]))
            .with(stage("d", &[]).actions(&["d1"]))
    }

    #[test]
    fn the_rest_of_the_container_and_its_dependents_are_skipped() {
        let plan = sketch().plan();
        let rest = ["a2", "b:open", "b1", "b:close", "c:pass"];
        check(&plan, "a1", true, &rest);
        check(&plan, "d1", true, &[]);
        check(&plan, "b1", true, &["c:pass"]);
    }

    #[test]
    fn a_critical_container_stops_everything() {
        let plan = sketch().critical("d").plan();
        let all = [
            "a:open", "a1", "a2", "a:close", "b:open", "b1", "b:close", "c:pass",
        ];
        let mut skipped: Vec<&str> = all.to_vec();
        skipped.sort_by_key(|name| {
            plan.steps.iter().position(|step| match &step.action {
                Some(action) => action.name == *name,
                None => {
                    let container = plan.container_of(step.step).unwrap();
                    format!("{}:{}", container.name, step.kind) == *name
                }
            })
        });
        check(&plan, "d1", true, &skipped);
    }

    #[test]
    fn with_continue_the_others_run_on_unless_the_action_is_critical() {
        let continuing = sketch().handling("a", FailureHandling::Continue);
        check(&continuing.clone().plan(), "a1", false, &[]);
        let plan = continuing.urgent("a1").plan();
        check(
            &plan,
            "a1",
            true,
            &["a2", "b:open", "b1", "b:close", "c:pass"],
        );
    }

    #[test]
    fn unknown_steps_skip_nothing() {
        let plan = sketch().plan();
        assert_eq!(after_failure(&plan, 999), SkipSet::default());
        assert_eq!(
            after_container_failure(&plan, 999, None),
            SkipSet::default()
        );
    }
}
