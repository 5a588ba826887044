//! What all parts of a simulation share: the world, the tasks, chance, and what is written down.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use domain::ids::UserId;
use domain::instant::Instant;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use use_cases::context::{Actor, Context};
use use_cases::in_memory::{Change, Interference, Report as Told, World, nth_id};
use use_cases::ports::{ClaimKey, Clock, Executions, Ports};
use uuid::Uuid;

use crate::chance::Chance;
use crate::executor::{Executor, Group};
use crate::history::{Attempt, Entry, Report, What};
use crate::remote::Remote;

/// The group of all that does not die with a worker: the database, services, users.
pub(crate) const OUTSIDE: Group = 0;

/// How often something goes wrong while the storm lasts: once in so many times, never when 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    /// A request or a reply on the way to the database is lost.
    pub(crate) message_lost: u64,
    /// A request arrives twice, the second time late.
    pub(crate) request_repeated: u64,
    /// A statement takes seconds.
    pub(crate) statement_stalls: u64,
    /// The connection is lost at the end of a statement.
    pub(crate) connection_lost: u64,
    /// A worker dies, by polls of its tasks.
    pub(crate) worker_killed: u64,
    /// The two-second job does not run.
    pub(crate) job_fails: u64,
    /// A call of a service, or its answer, is lost.
    pub(crate) call_lost: u64,
}

/// The parts of a simulation.
pub(crate) struct Stage {
    pub(crate) chance: Chance,
    pub(crate) executor: Executor,
    pub(crate) world: World,
    pub(crate) remote: Remote,
    pub(crate) owner: Context,
    pub(crate) history: RefCell<Vec<Entry>>,
    weather: Weather,
    calm: Cell<bool>,
    commits: Cell<u64>,
    identifiers: Cell<u64>,
    /// Runs that were told to exist, and whether they have ended.
    pub(crate) runs: RefCell<Vec<(Uuid, bool)>>,
    planned: RefCell<Vec<Uuid>>,
}

impl Stage {
    pub(crate) fn new(seed: u64) -> Rc<Self> {
        let chance = Chance::new(seed);
        // Each seed has its own weather: some of it never comes, some all the time.
        let odds = |usual: u64| match chance.below(5) {
            0 => 0,
            1 => usual / 4,
            2 => usual * 3,
            _ => usual,
        };
        let weather = Weather {
            message_lost: odds(25),
            request_repeated: odds(20),
            statement_stalls: odds(30),
            connection_lost: odds(50),
            worker_killed: odds(60),
            job_fails: odds(8),
            call_lost: odds(20),
        };
        let user = UserId::from_uuid(nth_id(0xa11ce));
        let stage = Rc::new(Self {
            chance,
            executor: Executor::default(),
            world: World::new(),
            remote: Remote::default(),
            owner: Context::new(Actor::user(user), "simulation"),
            history: RefCell::default(),
            weather,
            calm: Cell::new(true),
            commits: Cell::new(0),
            identifiers: Cell::new(0),
            runs: RefCell::default(),
            planned: RefCell::default(),
        });
        stage.world.disturb(Rc::new(Witness(Rc::downgrade(&stage))));
        stage
    }

    /// Lets things go wrong from here on, or no longer.
    pub(crate) fn set_calm(&self, calm: bool) {
        self.calm.set(calm);
    }

    pub(crate) fn is_calm(&self) -> bool {
        self.calm.get()
    }

    /// Whether something goes wrong now.
    pub(crate) fn strikes(&self, odds: impl Fn(&Weather) -> u64) -> bool {
        !self.calm.get() && self.chance.one_in(odds(&self.weather))
    }

    /// A new identifier.
    pub(crate) fn new_id(&self) -> Uuid {
        let n = self.identifiers.get() + 1;
        self.identifiers.set(n);
        nth_id(1 << 48 | n)
    }

    /// Lets some time pass, from one to another number of milliseconds.
    pub(crate) async fn pause(&self, least: u64, most: u64) {
        let milliseconds = self.chance.between(least, most);
        self.world.clock().sleep(milliseconds).await;
    }

    pub(crate) fn now(&self) -> Instant {
        self.world.clock().instant()
    }

    /// Writes down what happened.
    pub(crate) fn note(&self, what: What) {
        self.write(self.now(), None, what);
    }

    fn write(&self, at: Instant, commit: Option<u64>, what: What) {
        let at = at.as_millis();
        self.history.borrow_mut().push(Entry { at, commit, what });
    }

    /// Writes down the plan of a version the first time a run of it appears.
    fn note_plan(&self, version: domain::ids::VersionId) {
        if self.planned.borrow().contains(&version.as_uuid()) {
            return;
        }
        self.planned.borrow_mut().push(version.as_uuid());
        let plan = self.world.executions().plan(version).now_or_never();
        if let Some(Ok(Some(plan))) = plan {
            self.note(What::Planned {
                version: version.as_uuid(),
                plan: Box::new(domain::workflow::plan::Plan::clone(&plan)),
            });
        }
    }

    fn note_run(&self, run: Uuid, ended: bool) {
        let mut runs = self.runs.borrow_mut();
        match runs.iter_mut().find(|(known, _)| *known == run) {
            Some(known) => known.1 = ended,
            None => runs.push((run, ended)),
        }
    }

    fn note_commit(&self, at: Instant, changes: Vec<Change>) {
        let number = self.commits.get() + 1;
        self.commits.set(number);
        for change in &changes {
            if let Change::Run {
                execution_id,
                version_id,
                to,
                ..
            } = change
            {
                self.note_plan(*version_id);
                self.note_run(execution_id.as_uuid(), to.is_finished());
            }
        }
        for change in changes {
            self.write(at, Some(number), what(change));
        }
    }
}

/// Slows the database down, breaks its connections, and writes down what it commits.
struct Witness(Weak<Stage>);

impl Interference for Witness {
    fn between(&self) -> LocalBoxFuture<'_, bool> {
        async {
            let Some(stage) = self.0.upgrade() else {
                return true;
            };
            let (least, most) = match stage.strikes(|weather| weather.statement_stalls) {
                true => (500, 6000),
                false => (0, 12),
            };
            stage.pause(least, most).await;
            !stage.strikes(|weather| weather.connection_lost)
        }
        .boxed_local()
    }

    fn committed(&self, at: Instant, changes: Vec<Change>) {
        if let Some(stage) = self.0.upgrade() {
            stage.note_commit(at, changes);
        }
    }
}

/// An attempt in the form of histories.
pub(crate) fn attempt(key: &ClaimKey) -> Attempt {
    Attempt {
        run: key.execution_id.as_uuid(),
        step: key.step,
        attempt: key.attempt,
    }
}

fn what(change: Change) -> What {
    match change {
        Change::LeaseRenewed { lease_token, until } => What::LeaseRenewed {
            worker: lease_token,
            until: until.as_millis(),
        },
        Change::HandedOut {
            key,
            failures,
            lease_token,
        } => What::HandedOut {
            attempt: attempt(&key),
            failures,
            worker: lease_token,
        },
        Change::Accepted {
            key,
            lease_token,
            report,
        } => {
            let child = match report {
                Told::Child(child) => Some(child.as_uuid()),
                _ => None,
            };
            let (report, due) = told(report);
            What::Accepted {
                child,
                attempt: attempt(&key),
                worker: lease_token,
                report,
                due: due.map(|due| due.as_millis()),
            }
        }
        Change::Returned {
            key,
            lease_token,
            lost,
        } => What::Returned {
            attempt: attempt(&key),
            worker: lease_token,
            lost,
        },
        Change::Named {
            lease_token,
            held,
            at,
        } => What::Named {
            worker: lease_token,
            held: held.iter().map(attempt).collect(),
            asked: at.as_millis(),
        },
        Change::ContainerRestarted {
            execution_id,
            first,
            last,
        } => What::ContainerRestarted {
            run: execution_id.as_uuid(),
            first,
            last,
        },
        Change::RetriedByHand {
            execution_id,
            step,
            takes_up,
        } => What::RetriedByHand {
            run: execution_id.as_uuid(),
            step,
            takes_up,
        },
        Change::Run {
            execution_id,
            version_id,
            parent,
            from,
            to,
        } => What::RunState {
            parent: parent.map(|parent| parent.as_uuid()),
            run: execution_id.as_uuid(),
            version: version_id.as_uuid(),
            from,
            to,
        },
        Change::Step {
            execution_id,
            step,
            from,
            to,
        } => What::StepState {
            run: execution_id.as_uuid(),
            step,
            from,
            to,
        },
        Change::Event {
            execution_id,
            version,
            event_type,
        } => What::Event {
            run: execution_id.as_uuid(),
            version,
            event_type,
        },
    }
}

fn told(report: Told) -> (Report, Option<Instant>) {
    match report {
        Told::Completed => (Report::Completed, None),
        Told::Retry(due) => (Report::Retry, Some(due)),
        Told::Failed => (Report::Failed, None),
        Told::Skipped => (Report::Skipped, None),
        Told::Child(_) => (Report::Child, None),
        Told::Released(due) => (Report::Released, Some(due)),
    }
}
