//! Judges a history: what must hold of runs whatever goes wrong around them.
//!
//! Rules about one moment are looked at after each transaction, rules about the whole at the end.
//! Nothing here knows where the history comes from.

mod attempts;
mod effects;
mod order;
mod states;

use std::collections::BTreeMap;
use std::fmt;

use domain::vocabulary::ExecutionStatus;
use domain::workflow::plan::Plan;
use serde::{Deserialize, Serialize};
use use_cases::ports::StepState;
use uuid::Uuid;

use crate::history::{Entry, What};

/// A rule that a history breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Rule {
    /// Every run ends.
    RunsEnd,
    /// Runs and steps change only as their state machines allow.
    StateMachine,
    /// A step begins when all before it have ended.
    StepOrder,
    /// A step goes on when the nested run it waits for has ended, and no nested run outlives the one
    /// above.
    Nesting,
    /// No more members of a group are under way than its limit.
    GroupLimit,
    /// The events of a run are numbered without gaps.
    EventsGapless,
    /// A step is handed out when nobody has it, in a run that goes on, when it is due, with the
    /// count of its failures.
    HandOut,
    /// An outcome counts once, and for the attempt it is about.
    Outcome,
    /// What was acknowledged is stored.
    Acknowledgement,
    /// A step is taken back only from who lost the lease or does not know of it.
    Return,
    /// A service is called once for each time a step was handed out.
    Calls,
    /// What a step does, it does once.
    Effects,
    /// The simulation itself works.
    Harness,
}

/// A place where a rule was broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// When, in milliseconds since 1970 by the database's clock.
    pub at: i64,
    /// What was seen.
    pub seen: String,
}

impl Finding {
    pub(crate) fn harness(seen: String) -> Self {
        Self {
            rule: Rule::Harness,
            at: 0,
            seen,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}: {}", self.at, self.rule, self.seen)
    }
}

/// What is known of a run so far.
struct Run<'a> {
    status: ExecutionStatus,
    parent: Option<Uuid>,
    plan: Option<&'a Plan>,
    steps: BTreeMap<u32, StepState>,
    events: i64,
}

impl Run<'_> {
    fn state(&self, step: u32) -> StepState {
        self.steps.get(&step).copied().unwrap_or(StepState::Pending)
    }
}

/// What is known so far, and what is wrong with it.
#[derive(Default)]
struct Checker<'a> {
    at: i64,
    plans: BTreeMap<Uuid, &'a Plan>,
    runs: BTreeMap<Uuid, Run<'a>>,
    attempts: attempts::Attempts,
    effects: effects::Effects,
    findings: Vec<Finding>,
}

/// Every place where a history breaks a rule, in order.
pub fn check(history: &[Entry]) -> Vec<Finding> {
    let mut checker = Checker::default();
    for moment in history.chunk_by(|a, b| a.commit.is_some() && a.commit == b.commit) {
        checker.moment(moment);
    }
    checker.end();
    checker.findings
}

/// How many workers were killed.
pub(crate) fn count_kills(history: &[Entry]) -> usize {
    let kills = history.iter();
    kills
        .filter(|entry| matches!(entry.what, What::Killed { .. }))
        .count()
}

/// Whether a step will not change by itself any more.
fn has_ended(state: StepState) -> bool {
    matches!(
        state,
        StepState::Completed | StepState::Failed | StepState::Skipped | StepState::Cancelled
    )
}

impl<'a> Checker<'a> {
    fn found(&mut self, rule: Rule, seen: String) {
        let at = self.at;
        self.findings.push(Finding { rule, at, seen });
    }

    /// Takes in what happened at once: a transaction, or a single thing.
    fn moment(&mut self, entries: &'a [Entry]) {
        for entry in entries {
            self.at = entry.at;
            if let What::Planned { version, plan } = &entry.what {
                self.plans.insert(*version, plan);
            }
            self.follow_state(&entry.what, entries);
        }
        for entry in entries {
            self.follow_attempt(&entry.what);
            self.follow_effect(&entry.what);
        }
        self.check_order(entries);
    }

    fn end(&mut self) {
        let open = self.runs.iter();
        let open = open.filter(|(_, run)| !run.status.is_finished());
        let open: Vec<String> = open
            .map(|(id, run)| {
                let unended = run.steps.iter().filter(|(_, state)| !has_ended(**state));
                let unended: Vec<_> = unended.collect();
                format!("run {id} is {} with {unended:?}", run.status)
            })
            .collect();
        for seen in open {
            self.found(Rule::RunsEnd, seen);
        }
        self.check_effects();
    }
}
