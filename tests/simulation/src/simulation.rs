//! One simulation from its first moment to its last.

use std::fmt::Write;
use std::rc::Rc;

use chrono::TimeDelta;
use sha2::{Digest, Sha256};
use use_cases::in_memory::Mutant;
use use_cases::ports::{Clock, Ports};

use crate::checker::{self, Finding};
use crate::history::Entry;
use crate::isolate::Isolate;
use crate::models;
use crate::stage::{OUTSIDE, Stage};
use crate::users::Outside;

/// How long things go wrong, in seconds of simulated time.
const STORM_S: i64 = 40;
/// How long runs have to end afterwards, in seconds of simulated time.
const CALM_S: i64 = 600;
/// How much longer everything goes on when all runs have ended, in seconds of simulated time: what
/// is late may still arrive.
const AFTERMATH_S: i64 = 12;

/// What is simulated.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Where chance begins.
    pub seed: u64,
    /// Most polls of tasks; a simulation that needs more is broken off, and what has not ended
    /// then is found.
    pub steps: u64,
    /// A fault to plant.
    pub mutant: Option<Mutant>,
}

impl Options {
    /// A simulation of this seed, without a planted fault.
    pub fn of_seed(seed: u64) -> Self {
        Self {
            seed,
            steps: 30_000,
            mutant: None,
        }
    }
}

/// What came of a simulation.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// All that happened.
    pub history: Vec<Entry>,
    /// What must not have happened.
    pub findings: Vec<Finding>,
    /// Runs, nested ones included.
    pub runs: usize,
    /// Workers that were killed.
    pub kills: usize,
    /// Polls of tasks.
    pub polls: u64,
    /// SHA-256 over the history, in hexadecimal digits.
    pub digest: String,
}

/// Runs one simulation, and judges what happened.
pub fn simulate(options: Options) -> Report {
    let stage = Stage::new(options.seed);
    if let Some(mutant) = options.mutant {
        stage.world.plant(mutant);
    }
    let mut findings = Vec::new();
    match stage.world.clock().drive(models::publish_some(&stage)) {
        Some(Ok(models)) => perform(&stage, models, options.steps),
        Some(Err(error)) => findings.push(Finding::harness(format!("no models: {error:?}"))),
        None => findings.push(Finding::harness("no models".to_owned())),
    }
    let polls = stage.executor.polls();
    // Tasks hold the stage, and it holds them.
    stage.executor.clear();
    let history = stage.history.take();
    findings.extend(checker::check(&history));
    Report {
        runs: stage.runs.borrow().len(),
        kills: checker::count_kills(&history),
        polls,
        digest: digest(&history),
        findings,
        history,
    }
}

fn perform(stage: &Rc<Stage>, models: Vec<domain::ids::ModelId>, steps: u64) {
    let isolates: Vec<_> = (1..=stage.chance.between(2, 4))
        .map(|number| Isolate::new(stage, number))
        .collect();
    let outside = Rc::new(Outside {
        stage: Rc::clone(stage),
        isolates,
        models,
    });
    stage.set_calm(false);
    outside.begin();
    let clock = stage.world.clock();
    let storm_ends = clock.now() + TimeDelta::seconds(STORM_S);
    let end = storm_ends + TimeDelta::seconds(CALM_S);
    let mut all_over_since = None;
    while stage.executor.polls() < steps {
        let now = clock.now();
        stage.set_calm(now >= storm_ends);
        let over = stage.is_calm() && stage.runs.borrow().iter().all(|(_, ended)| *ended);
        let since = match over {
            true => *all_over_since.get_or_insert(now),
            false => {
                all_over_since = None;
                now
            }
        };
        if now >= end || now - since >= TimeDelta::seconds(AFTERMATH_S) {
            return;
        }
        match stage.executor.choose(&stage.chance) {
            Some((task, group)) => {
                let isolate = outside.isolates.iter().find(|one| one.owns(group));
                match isolate.filter(|_| group != OUTSIDE) {
                    Some(isolate) if stage.strikes(|weather| weather.worker_killed) => {
                        match stage.chance.one_in(4) {
                            true => isolate.set_clock(),
                            false => isolate.crash(),
                        }
                    }
                    _ => stage.executor.poll(task),
                }
            }
            None => match clock.next() {
                Some(next) => clock.set(next.max(now)),
                None => return,
            },
        }
    }
}

fn digest(history: &[Entry]) -> String {
    let mut hash = Sha256::new();
    for entry in history {
        hash.update(serde_json::to_vec(entry).unwrap_or_default());
        hash.update(b"\n");
    }
    let mut digits = String::new();
    for byte in hash.finalize() {
        // Writing to a string never fails.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}
