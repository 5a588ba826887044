//! Who has which step, and whether what is said about it counts.

use std::collections::{BTreeMap, BTreeSet};

use domain::vocabulary::ExecutionStatus;
use use_cases::ports::StepState;
use uuid::Uuid;

use super::{Checker, Rule, has_ended};
use crate::history::{Attempt, Report, What};

/// How long a lease lasts from the start of the exchange that renews it, in milliseconds.
const LEASE_MS: i64 = 4000;

/// What is known of steps and workers so far.
#[derive(Default)]
pub(super) struct Attempts {
    steps: BTreeMap<(Uuid, u32), Step>,
    workers: BTreeMap<Uuid, Worker>,
    stored: BTreeSet<Attempt>,
}

/// What is known of one step.
#[derive(Default)]
struct Step {
    /// Counts all times it was handed out.
    attempt: u32,
    /// Who has it, if anybody.
    holder: Option<Uuid>,
    /// Since when.
    since: i64,
    /// Tries that failed; absent where somebody set the count back.
    failures: Option<u32>,
    /// The nested run it waits for.
    child: Option<Uuid>,
    /// When it is due again.
    due: Option<i64>,
}

/// What is known of one worker.
#[derive(Default)]
struct Worker {
    lease_until: i64,
    /// Whether the present lease began after an earlier one had run out.
    lapsed: bool,
    in_doubt: bool,
}

impl Checker<'_> {
    pub(super) fn follow_attempt(&mut self, what: &What) {
        match what {
            What::HandedOut {
                attempt,
                failures,
                worker,
            } => self.hand_out(*attempt, *failures, *worker),
            What::Accepted {
                attempt,
                worker,
                report,
                due,
                child,
            } => {
                self.accept(*attempt, *worker, *report, *due);
                let place = (attempt.run, attempt.step);
                self.attempts.steps.entry(place).or_default().child = *child;
            }
            What::Returned {
                attempt,
                worker,
                lost,
            } => self.give_back(*attempt, *worker, *lost),
            What::Named {
                worker,
                held,
                asked,
            } => self.name(*worker, held, *asked),
            What::LeaseRenewed { worker, until } => {
                let known = self.attempts.workers.entry(*worker).or_default();
                known.lapsed = until - LEASE_MS > known.lease_until;
                known.lease_until = *until;
            }
            What::ReplyLost { worker } | What::RequestRepeated { worker } => {
                self.attempts.workers.entry(*worker).or_default().in_doubt = true;
            }
            What::ContainerRestarted { run, first, last } => {
                for step in *first..=*last {
                    let known = self.attempts.steps.entry((*run, step)).or_default();
                    known.failures = Some(0);
                    known.due = None;
                }
            }
            What::RetriedByHand { run, step, .. } => {
                let known = self.attempts.steps.entry((*run, *step)).or_default();
                known.failures = None;
                known.due = None;
            }
            What::StepState {
                run,
                step,
                from,
                to,
            } => self.reset(*run, *step, *from, *to),
            What::Acknowledged { attempt, .. } => {
                let stored = self.attempts.stored.contains(attempt);
                self.demand_stored(stored, format!("{attempt:?}"));
            }
            What::Refused { attempt, worker } => self.refuse(*attempt, *worker),
            What::StartAcknowledged { run } => {
                let stored = self.runs.contains_key(run);
                self.demand_stored(stored, format!("run {run}"));
            }
            What::CancelAcknowledged { run } => {
                let status = self.runs.get(run).map(|run| run.status);
                if status != Some(ExecutionStatus::Cancelled) {
                    let seen = format!("run {run} was told to be cancelled and is {status:?}");
                    self.found(Rule::Acknowledgement, seen);
                }
            }
            _ => {}
        }
    }

    fn demand_stored(&mut self, stored: bool, what: String) {
        if !stored {
            let seen = format!("{what} was acknowledged and is not stored");
            self.found(Rule::Acknowledgement, seen);
        }
    }

    fn hand_out(&mut self, attempt: Attempt, failures: u32, worker: Uuid) {
        let status = self.runs.get(&attempt.run).map(|run| run.status);
        let at = self.at;
        let place = (attempt.run, attempt.step);
        let step = self.attempts.steps.entry(place).or_default();
        let mut wrong = Vec::new();
        if attempt.attempt != step.attempt + 1 {
            wrong.push(format!("after attempt {}", step.attempt));
        }
        if let Some(holder) = step.holder {
            wrong.push(format!("while {holder} has it"));
        }
        if step.due.is_some_and(|due| at < due) {
            wrong.push(format!("although it is due at {:?}", step.due));
        }
        if *step.failures.get_or_insert(failures) != failures {
            wrong.push(format!("with {failures} failures, not {:?}", step.failures));
        }
        if status != Some(ExecutionStatus::Running) {
            wrong.push(format!("in a run that is {status:?}"));
        }
        let child = step.child.take();
        step.attempt = attempt.attempt;
        step.holder = Some(worker);
        step.since = at;
        step.due = None;
        let child = child.and_then(|child| Some((child, self.runs.get(&child)?.status)));
        if let Some((child, status)) = child.filter(|(_, status)| !status.is_finished()) {
            let seen = format!("{attempt:?} was handed out while {child} is {status}");
            self.found(Rule::Nesting, seen);
        }
        for reason in wrong {
            self.found(
                Rule::HandOut,
                format!("{attempt:?} was handed out {reason}"),
            );
        }
    }

    fn accept(&mut self, attempt: Attempt, worker: Uuid, report: Report, due: Option<i64>) {
        let place = (attempt.run, attempt.step);
        let step = self.attempts.steps.entry(place).or_default();
        let holder = step.holder;
        let fits = step.attempt == attempt.attempt && holder == Some(worker);
        step.holder = None;
        step.due = due;
        if matches!(report, Report::Retry | Report::Failed) {
            step.failures = step.failures.map(|failures| failures + 1);
        }
        let first = self.attempts.stored.insert(attempt);
        if !fits || !first {
            let seen = format!("{attempt:?} of {worker} counts ({report:?}), held by {holder:?}");
            self.found(Rule::Outcome, seen);
        }
    }

    fn give_back(&mut self, attempt: Attempt, worker: Uuid, lost: bool) {
        let place = (attempt.run, attempt.step);
        let step = self.attempts.steps.entry(place).or_default();
        let fits = step.attempt == attempt.attempt && step.holder == Some(worker);
        step.holder = None;
        step.due = None;
        let known = self.attempts.workers.entry(worker).or_default();
        let explained = match lost {
            true => known.lapsed || known.lease_until <= self.at,
            false => known.in_doubt,
        };
        if lost {
            step.failures = step.failures.map(|failures| failures + 1);
        }
        if !fits || !explained {
            let seen = format!("{attempt:?} was taken from {worker} (lost: {lost})");
            self.found(Rule::Return, seen);
        }
    }

    /// What a worker does not know of must not stay with it.
    fn name(&mut self, worker: Uuid, held: &[Attempt], asked: i64) {
        let steps = self.attempts.steps.iter();
        let kept = steps.filter(|((run, number), step)| {
            let attempt = Attempt {
                run: *run,
                step: *number,
                attempt: step.attempt,
            };
            step.holder == Some(worker) && step.since < asked && !held.contains(&attempt)
        });
        let kept: Vec<_> = kept.map(|(place, _)| *place).collect();
        for (run, step) in kept {
            let seen = format!("step {step} of {run} stays with {worker}, who does not know of it");
            self.found(Rule::Return, seen);
        }
    }

    fn refuse(&mut self, attempt: Attempt, worker: Uuid) {
        let place = (attempt.run, attempt.step);
        let step = self.attempts.steps.get(&place);
        let holds =
            step.is_some_and(|step| step.attempt == attempt.attempt && step.holder == Some(worker));
        if holds {
            let seen = format!("{attempt:?} was refused to {worker}, who has it");
            self.found(Rule::Acknowledgement, seen);
        }
    }

    fn reset(&mut self, run: Uuid, step: u32, from: StepState, to: StepState) {
        let known = self.attempts.steps.entry((run, step)).or_default();
        match to {
            StepState::Cancelled => known.holder = None,
            StepState::Pending => {
                known.failures = Some(0);
                known.due = None;
            }
            // Taken up again.
            _ if has_ended(from) && !has_ended(to) => known.failures = None,
            _ => {}
        }
    }
}
