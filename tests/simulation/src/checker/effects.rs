//! What the far side saw: calls and effects by idempotency key.

use std::collections::BTreeMap;

use domain::vocabulary::ActionNodeType;
use uuid::Uuid;

use super::{Checker, Rule};
use crate::history::{Attempt, Report, What};

/// What is known of calls so far.
#[derive(Default)]
pub(super) struct Effects {
    calls: BTreeMap<String, u32>,
    effects: BTreeMap<String, u32>,
    /// How often a step was handed out since its container last began anew.
    handed_out: BTreeMap<String, u32>,
    restarts: BTreeMap<(Uuid, u32), u32>,
    /// Keys of steps that were said to be done.
    completed: Vec<(i64, Attempt, String)>,
}

impl Effects {
    /// The key a step calls under at present.
    fn key(&self, run: Uuid, step: u32) -> String {
        match self.restarts.get(&(run, step)) {
            None => format!("{run}-{step}"),
            Some(restarts) => format!("{run}-{step}-{restarts}"),
        }
    }
}

impl Checker<'_> {
    pub(super) fn follow_effect(&mut self, what: &What) {
        let effects = &mut self.effects;
        match what {
            What::Called { key } => {
                let calls = effects.calls.entry(key.clone()).or_default();
                *calls += 1;
                let (calls, reasons) = (*calls, effects.handed_out.get(key).copied());
                if calls > reasons.unwrap_or(0) {
                    let seen = format!("call {calls} under {key}, handed out {reasons:?} times");
                    self.found(Rule::Calls, seen);
                }
            }
            What::Effect { key } => {
                let times = effects.effects.entry(key.clone()).or_default();
                *times += 1;
                if *times > 1 {
                    self.found(Rule::Effects, format!("{key} took effect again"));
                }
            }
            What::HandedOut { attempt, .. } => {
                let key = effects.key(attempt.run, attempt.step);
                *effects.handed_out.entry(key).or_default() += 1;
            }
            What::ContainerRestarted { run, first, last } => {
                for step in *first..=*last {
                    *effects.restarts.entry((*run, step)).or_default() += 1;
                }
            }
            What::Accepted {
                attempt,
                report: Report::Completed,
                ..
            } => {
                let key = effects.key(attempt.run, attempt.step);
                effects.completed.push((self.at, *attempt, key));
            }
            _ => {}
        }
    }

    /// What was said to be done was done.
    pub(super) fn check_effects(&mut self) {
        let calls_out = |attempt: &Attempt| {
            let plan = self.runs.get(&attempt.run).and_then(|run| run.plan);
            let action = plan.and_then(|plan| plan.action(attempt.step));
            action.is_some_and(|action| action.action_type == ActionNodeType::TetherNode)
        };
        let completed = self.effects.completed.iter();
        let missing: Vec<String> = completed
            .filter(|(_, attempt, key)| {
                calls_out(attempt) && !self.effects.effects.contains_key(key)
            })
            .map(|(_, attempt, key)| format!("{attempt:?} is done, and {key} had no effect"))
            .collect();
        for seen in missing {
            self.found(Rule::Effects, seen);
        }
    }
}
