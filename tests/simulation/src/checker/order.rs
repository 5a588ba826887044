//! What begins after what, and how much at once.

use std::collections::BTreeSet;

use domain::workflow::plan::Plan;
use use_cases::ports::StepState;
use uuid::Uuid;

use super::{Checker, Rule, Run, has_ended};
use crate::history::{Entry, What};

impl Checker<'_> {
    /// Looks at the runs whose steps changed, once all of the moment is known.
    pub(super) fn check_order(&mut self, moment: &[Entry]) {
        let mut changed: BTreeSet<(Uuid, u32)> = BTreeSet::new();
        for entry in moment {
            if let What::StepState { run, step, .. } = &entry.what {
                changed.insert((*run, *step));
            }
        }
        let mut seen = Vec::new();
        for (id, step) in &changed {
            let Some((run, plan)) = self.planned(*id) else {
                continue;
            };
            if let Some(before) = begun_before(run, plan, *step) {
                let state = run.state(*step);
                let text = format!("step {step} of {id} is {state:?} before step {before} ended");
                seen.push((Rule::StepOrder, text));
            }
        }
        let runs: BTreeSet<Uuid> = changed.iter().map(|(run, _)| *run).collect();
        for id in runs {
            let Some((run, plan)) = self.planned(id) else {
                continue;
            };
            for (number, group) in plan.groups.iter().enumerate() {
                let members = group.members.iter();
                let under_way = members
                    .filter(|step| is_under_way(run.state(**step)))
                    .count();
                if under_way > group.concurrency as usize {
                    let limit = group.concurrency;
                    let text =
                        format!("{under_way} of group {number} of {id} at once, not {limit}");
                    seen.push((Rule::GroupLimit, text));
                }
            }
        }
        for entry in moment {
            if let What::RunState { run: above, to, .. } = &entry.what
                && to.is_finished()
            {
                let below = self.runs.iter();
                let below = below
                    .filter(|(_, run)| run.parent == Some(*above) && !run.status.is_finished());
                let texts = below.map(|(run, _)| format!("{run} runs on, {above} above has ended"));
                seen.extend(texts.map(|text| (Rule::Nesting, text)));
            }
        }
        for (rule, text) in seen {
            self.found(rule, text);
        }
    }

    fn planned(&self, id: Uuid) -> Option<(&Run<'_>, &Plan)> {
        let run = self.runs.get(&id)?;
        Some((run, run.plan?))
    }
}

/// A step that has not ended although one that waits for it has begun.
fn begun_before(run: &Run<'_>, plan: &Plan, step: u32) -> Option<u32> {
    if matches!(run.state(step), StepState::Pending | StepState::Cancelled) {
        return None;
    }
    let before = plan.steps.iter().filter(|s| s.successors.contains(&step));
    before
        .map(|before| before.step)
        .find(|before| !has_ended(run.state(*before)))
}

fn is_under_way(state: StepState) -> bool {
    matches!(
        state,
        StepState::Ready | StepState::Executing | StepState::Waiting
    )
}
