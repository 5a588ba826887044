//! Workers: processes that run the engine that ships, die, and come back under another lease.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use domain::execution::ExecuteFunctionModel;
use domain::ids::ModelId;
use serde_json::json;
use use_cases::background::{Engine, EngineOptions};
use use_cases::context::StoredAnswer;
use use_cases::error::UseCaseError;
use use_cases::function_model::{self, Execute, Hands};
use use_cases::ports::Worker;

use crate::executor::Group;
use crate::history::What;
use crate::site::Site;
use crate::stage::Stage;

/// Steps of a run its start takes at once.
const FIRST_STEPS: u32 = 8;
/// How wrong a worker's clock may be, in milliseconds.
const SKEW_MS: i64 = 600_000;

/// A place where a worker runs: one process at a time.
pub(crate) struct Isolate {
    stage: Rc<Stage>,
    number: Group,
    lives: Cell<u64>,
    process: RefCell<Rc<Process>>,
}

struct Process {
    group: Group,
    engine: Engine,
    site: Site,
}

impl Isolate {
    /// A place with a number from 1.
    pub(crate) fn new(stage: &Rc<Stage>, number: Group) -> Rc<Self> {
        Rc::new(Self {
            stage: Rc::clone(stage),
            number,
            lives: Cell::new(0),
            process: RefCell::new(Process::new(stage, number)),
        })
    }

    /// Whether a task belongs to the process that runs here.
    pub(crate) fn owns(&self, group: Group) -> bool {
        self.process.borrow().group == group
    }

    /// The process dies where it stands; another takes its place.
    pub(crate) fn crash(&self) {
        let old = Rc::clone(&self.process.borrow());
        let worker = old.engine.worker().lease_token;
        self.stage.note(What::Killed { worker });
        self.stage.executor.kill(old.group);
        self.lives.set(self.lives.get() + 1);
        let group = self.number + 1000 * self.lives.get();
        self.process.replace(Process::new(&self.stage, group));
    }

    /// Somebody sets the clock of the machine.
    pub(crate) fn set_clock(&self) {
        let ahead = skew(&self.stage);
        self.process.borrow().site.clock.set_ahead(ahead);
    }

    /// The two-second job calls: works for some seconds.
    pub(crate) fn wake(&self, seconds: u32) {
        let process = Rc::clone(&self.process.borrow());
        self.stage.executor.spawn(process.group, async move {
            process.engine.run(&process.site, seconds).await;
        });
    }

    /// A request to start a run arrives here, as the edge serves it.
    pub(crate) fn start(&self, model_id: ModelId, command: ExecuteFunctionModel, seconds: u32) {
        let process = Rc::clone(&self.process.borrow());
        let owner = self.stage.owner.clone();
        self.stage.executor.spawn(process.group, async move {
            let (engine, site) = (&process.engine, &process.site);
            let hands = Some(Hands {
                worker: engine.worker(),
                want: FIRST_STEPS,
            });
            let keep = |_: &_| StoredAnswer(json!({}));
            let started =
                function_model::execute(site, &owner, model_id, &command, hands, keep).await;
            match started {
                Ok(Execute::Started { claims, .. }) => engine.hand_over(claims),
                Err(UseCaseError::Unavailable { .. }) => {
                    // It may also have failed before: the worker cannot tell.
                    let worker = engine.worker().lease_token;
                    site.note(What::ReplyLost { worker });
                    engine.lost_a_reply();
                }
                Ok(Execute::Rehearsed(_)) | Err(_) => return,
            }
            engine.run(site, seconds).await;
        });
    }
}

impl Process {
    fn new(stage: &Rc<Stage>, group: Group) -> Rc<Self> {
        let worker = Worker {
            lease_token: stage.new_id(),
            name: format!("worker {group}"),
            held: None,
        };
        let ahead_ms = match stage.chance.one_in(2) {
            true => 0,
            false => skew(stage),
        };
        Rc::new(Self {
            group,
            site: Site::new(stage, Some(worker.lease_token), ahead_ms),
            engine: Engine::new(EngineOptions {
                worker,
                concurrency: usize::try_from(stage.chance.between(1, 8)).unwrap_or(1),
            }),
        })
    }
}

fn skew(stage: &Stage) -> i64 {
    let range = stage.chance.below(2 * SKEW_MS.unsigned_abs());
    i64::try_from(range).unwrap_or(0) - SKEW_MS
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use use_cases::ports::{Clock, PortErrorKind, Ports};

    use super::*;

    /// Lets some time pass.
    fn pass(stage: &Stage, milliseconds: i64) {
        let clock = stage.world.clock();
        let until = clock.now() + TimeDelta::milliseconds(milliseconds);
        while clock.now() < until {
            match stage.executor.choose(&stage.chance) {
                Some((task, _)) => stage.executor.poll(task),
                None => clock.set(clock.next().map_or(until, |next| next.min(until))),
            }
        }
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_silence_a_worker() {
        let stage = Stage::new(0);
        let isolate = Isolate::new(&stage, 1);
        let set_clock = |ahead| isolate.process.borrow().site.clock.set_ahead(ahead);
        set_clock(0);
        let down = PortErrorKind::Unavailable { retry_after: None };
        stage.world.faults().fail_next("executions.exchange", down);
        isolate.wake(60);
        pass(&stage, 100);
        // It waits to ask again when somebody sets its clock.
        set_clock(-SKEW_MS);
        let before = stage.world.faults().calls();
        assert_eq!(before, 1);
        pass(&stage, 5_000);
        assert!(stage.world.faults().calls() > before);
        stage.executor.clear();
    }
}
