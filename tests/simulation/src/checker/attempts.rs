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
    /// Tries that failed; absent where somebody set the count back.
    failures: Option<u32>,
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
            } => self.accept(*attempt, *worker, *report, *due),
            What::Returned {
                attempt,
                worker,
                lost,
            } => self.give_back(*attempt, *worker, *lost),
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
                if !self.attempts.stored.contains(attempt) {
                    let seen = format!("{attempt:?} was acknowledged and is not stored");
                    self.found(Rule::Acknowledgement, seen);
                }
            }
            What::Refused { attempt, worker } => self.refuse(*attempt, *worker),
            What::StartAcknowledged { run } => {
                if !self.runs.contains_key(run) {
                    let seen = format!("run {run} was acknowledged and is not stored");
                    self.found(Rule::Acknowledgement, seen);
                }
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
        step.attempt = attempt.attempt;
        step.holder = Some(worker);
        step.due = None;
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
