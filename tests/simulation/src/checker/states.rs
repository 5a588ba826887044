//! Along which ways runs and steps change.

use domain::vocabulary::ExecutionStatus;
use domain::workflow::plan::StepKind;
use use_cases::ports::StepState;
use uuid::Uuid;

use super::{Checker, Rule, Run};
use crate::history::{Entry, What};

impl<'a> Checker<'a> {
    pub(super) fn follow_state(&mut self, what: &'a What, moment: &[Entry]) {
        match what {
            What::RunState {
                run,
                version,
                parent,
                from,
                to,
            } => self.follow_run(*run, (*version, *parent), (*from, *to), moment),
            What::StepState {
                run,
                step,
                from,
                to,
            } => self.follow_step(*run, *step, *from, *to, moment),
            What::Event { run, version, .. } => self.follow_event(*run, *version),
            _ => {}
        }
    }

    fn follow_run(
        &mut self,
        id: Uuid,
        (version, parent): (Uuid, Option<Uuid>),
        (from, to): (Option<ExecutionStatus>, ExecutionStatus),
        moment: &[Entry],
    ) {
        let known = self.runs.get(&id).map(|run| run.status);
        let taken_up = is_taken_up(moment, id);
        if known != from || !may_turn(from, to, taken_up) {
            let seen = format!("run {id} went from {from:?} (known as {known:?}) to {to}");
            self.found(Rule::StateMachine, seen);
        }
        let plan = self.plans.get(&version).copied();
        let run = self.runs.entry(id).or_insert(Run {
            status: to,
            parent,
            plan,
            steps: Default::default(),
            events: 0,
        });
        run.status = to;
    }

    fn follow_step(
        &mut self,
        id: Uuid,
        step: u32,
        from: StepState,
        to: StepState,
        moment: &[Entry],
    ) {
        let Some(run) = self.runs.get_mut(&id) else {
            let seen = format!("step {step} of the unknown run {id}");
            return self.found(Rule::StateMachine, seen);
        };
        let known = run.state(step);
        let kind = run.plan.and_then(|plan| plan.step(step)).map(|s| s.kind);
        run.steps.insert(step, to);
        let anew = is_taken_up(moment, id) || is_restarted(moment, id, step);
        if known != from || !(anew || may_change(from, to, kind)) {
            let seen =
                format!("step {step} of {id} went from {from:?} (known as {known:?}) to {to:?}");
            self.found(Rule::StateMachine, seen);
        }
    }

    fn follow_event(&mut self, id: Uuid, version: i64) {
        let Some(run) = self.runs.get_mut(&id) else {
            let seen = format!("an event of the unknown run {id}");
            return self.found(Rule::EventsGapless, seen);
        };
        let expected = run.events + 1;
        run.events = version;
        if version != expected {
            let seen = format!("event {version} of {id} came where {expected} was expected");
            self.found(Rule::EventsGapless, seen);
        }
    }
}

/// Whether somebody takes a failed run up again in this moment.
fn is_taken_up(moment: &[Entry], id: Uuid) -> bool {
    let takes_up = |entry: &Entry| matches!(&entry.what, What::RetriedByHand { run, takes_up: true, .. } if *run == id);
    moment.iter().any(takes_up)
}

/// Whether the container of a step begins anew in this moment.
fn is_restarted(moment: &[Entry], id: Uuid, step: u32) -> bool {
    let restarts = |entry: &Entry| {
        matches!(&entry.what, What::ContainerRestarted { run, first, last }
            if *run == id && (*first..=*last).contains(&step))
    };
    moment.iter().any(restarts)
}

/// The state machine of runs. What passes through a state within one transaction is not seen in it.
fn may_turn(from: Option<ExecutionStatus>, to: ExecutionStatus, taken_up: bool) -> bool {
    use ExecutionStatus as S;
    match from {
        None | Some(S::Pending) => to != S::Paused,
        Some(S::Running) => to != S::Pending,
        Some(S::Paused) => to != S::Pending,
        Some(S::Failed) => taken_up && !matches!(to, S::Pending | S::Paused),
        Some(S::Completed | S::Cancelled) => false,
    }
}

/// The state machine of steps. What passes through a state within one transaction is not seen in it.
fn may_change(from: StepState, to: StepState, kind: Option<StepKind>) -> bool {
    use StepState as S;
    let passes = kind != Some(StepKind::Action);
    match (from, to) {
        (S::Pending, S::Waiting | S::Pending) => false,
        (S::Pending, S::Completed | S::Failed) => passes,
        (S::Pending, _) => true,
        (S::Ready, S::Executing | S::Skipped | S::Cancelled) => true,
        (S::Ready, S::Completed) => passes,
        (S::Executing, S::Pending) => false,
        (S::Executing, _) => true,
        (S::Waiting, S::Executing | S::Cancelled) => true,
        _ => false,
    }
}
