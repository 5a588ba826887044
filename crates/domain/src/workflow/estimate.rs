//! How long a run will take, by what its actions say of themselves.

use serde::{Deserialize, Serialize};

use super::plan::{ActionStep, Plan, PlanContainer};
use crate::vocabulary::{ActionNodeType, ExecutionMode};

/// Minutes of an action that says nothing.
const USUAL_MINUTES: f64 = 1.0;
/// Minutes of a nested model that says nothing.
const USUAL_NESTED_MINUTES: f64 = 10.0;

/// The estimated length of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Estimate {
    /// Minutes in all: those of the levels, one after another.
    pub duration_minutes: f64,
    /// Minutes of each level: those of its longest container.
    pub level_minutes: Vec<f64>,
}

/// Estimates a run of the plan; actions that every run skips take no time.
pub fn estimate(plan: &Plan) -> Estimate {
    let mut level_minutes: Vec<f64> = Vec::new();
    for container in &plan.containers {
        let level = container.level as usize;
        level_minutes.resize(level_minutes.len().max(level + 1), 0.0);
        level_minutes[level] = level_minutes[level].max(minutes_of(plan, container));
    }
    Estimate {
        duration_minutes: level_minutes.iter().sum(),
        level_minutes,
    }
}

/// The sum of a container's groups. Neighbours of one mode are a group: parallel ones take as long
/// as the longest of them, others as long as all of them.
fn minutes_of(plan: &Plan, container: &PlanContainer) -> f64 {
    let own = container.first..=container.last;
    let actions: Vec<&ActionStep> = own.filter_map(|step| plan.action(step)).collect();
    let groups = actions.chunk_by(|one, next| one.execution_mode == next.execution_mode);
    let of_group = |group: &[&ActionStep]| {
        let minutes = group.iter().map(|action| minutes(action));
        match group.first().map(|action| action.execution_mode) {
            Some(ExecutionMode::Parallel) => minutes.fold(0.0, f64::max),
            _ => minutes.sum(),
        }
    };
    groups.map(of_group).sum()
}

fn minutes(action: &ActionStep) -> f64 {
    if action.skip_reason.is_some() {
        return 0.0;
    }
    let usual = match action.action_type {
        ActionNodeType::FunctionModelContainer => USUAL_NESTED_MINUTES,
        _ => USUAL_MINUTES,
    };
    let given = &action.event.execution_context.estimated_duration_minutes;
    given.unwrap_or(usual)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::tests::{Sketch, stage};

    fn with(names: &[&str], set: impl Fn(usize, &mut ActionStep)) -> Plan {
        let mut plan = Sketch::new().with(stage("a", &[]).actions(names)).plan();
        let actions = plan
            .steps
            .iter_mut()
            .filter_map(|step| step.action.as_mut());
        for (place, action) in actions.enumerate() {
            set(place, action);
        }
        plan
    }

    fn say(action: &mut ActionStep, minutes: f64) {
        action.event.execution_context.estimated_duration_minutes = Some(minutes);
    }

    #[test]
    fn groups_add_up_and_parallel_ones_take_as_long_as_the_longest() {
        // The example of the specification.
        let minutes = [60.0, 90.0, 45.0, 30.0, 120.0];
        let modes = [0, 0, 1, 1, 2].map(|mode| ExecutionMode::ALL[mode]);
        let plan = with(&["1", "2", "3", "4", "5"], |place, action| {
            say(action, minutes[place]);
            action.execution_mode = modes[place];
        });
        assert_eq!(modes[2], ExecutionMode::Parallel);
        assert_eq!(estimate(&plan).duration_minutes, 315.0);
    }

    #[test]
    fn a_level_takes_as_long_as_its_longest_container() {
        let plan = Sketch::new()
            .with(stage("a", &[]).actions(&["a1", "a2"]))
            .with(stage("b", &[]).actions(&["b1"]))
            .with(stage("c", &["a", "b"]).actions(&["c1"]))
            .plan();
        let estimate = estimate(&plan);
        assert_eq!(estimate.level_minutes, [2.0, 1.0]);
        assert_eq!(estimate.duration_minutes, 3.0);
    }

    #[test]
    fn skipped_actions_take_no_time_and_nested_models_the_most() {
        let plan = with(&["1", "2", "3"], |place, action| match place {
            0 => action.skip_reason = Some("inactive".to_owned()),
            1 => action.action_type = ActionNodeType::FunctionModelContainer,
            _ => {}
        });
        assert_eq!(estimate(&plan).duration_minutes, 11.0);
    }
}
