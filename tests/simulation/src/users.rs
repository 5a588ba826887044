//! People who start runs and cannot leave them alone, and the job that looks every two seconds.

use std::rc::Rc;

use domain::execution::ExecuteFunctionModel;
use domain::ids::{ExecutionId, ModelId};
use domain::vocabulary::ExecutionStatus;
use serde_json::json;
use use_cases::Saved;
use use_cases::context::StoredAnswer;
use use_cases::execution;
use use_cases::ports::{Execution, Executions, Ports, StepState};

use crate::isolate::Isolate;
use crate::site::Site;
use crate::stage::{OUTSIDE, Stage};

/// What everybody outside of the workers does.
pub(crate) struct Outside {
    pub(crate) stage: Rc<Stage>,
    pub(crate) isolates: Vec<Rc<Isolate>>,
    pub(crate) models: Vec<ModelId>,
}

impl Outside {
    /// Sets everybody to work.
    pub(crate) fn begin(self: &Rc<Self>) {
        let starts = self.stage.chance.between(2, 6);
        for _ in 0..starts {
            let all = Rc::clone(self);
            self.stage.executor.spawn(OUTSIDE, async move {
                all.stage.pause(0, 15_000).await;
                all.start();
            });
        }
        let all = Rc::clone(self);
        self.stage
            .executor
            .spawn(OUTSIDE, async move { all.look_after_work().await });
        for _ in 0..2 {
            let all = Rc::clone(self);
            self.stage
                .executor
                .spawn(OUTSIDE, async move { all.meddle().await });
        }
    }

    fn start(&self) {
        let chance = &self.stage.chance;
        let priorities = ["low", "normal", "high"];
        let mut wanted = json!({
            "parameters": {"n": 1}, "priority": chance.pick(&priorities),
        });
        if chance.one_in(5) {
            wanted["timeoutSeconds"] = json!(chance.between(5, 60));
        }
        if chance.one_in(3) {
            wanted["recovery"] = json!({
                "enableAutoRecovery": true, "maxRetryAttempts": chance.between(1, 2),
                "retryDelayMs": chance.between(0, 2000),
            });
        }
        let command: Result<ExecuteFunctionModel, _> = serde_json::from_value(wanted);
        let model = chance.pick(&self.models);
        let isolate = chance.pick(&self.isolates);
        if let (Ok(command), Some(model), Some(isolate)) = (command, model, isolate) {
            let seconds = u32::try_from(chance.between(2, 40)).unwrap_or(30);
            isolate.start(*model, command, seconds);
        }
    }

    /// The job of the database: sweeps, and wakes a worker when something is due.
    async fn look_after_work(&self) {
        let stage = &self.stage;
        loop {
            stage.pause(2000, 2000).await;
            if stage.strikes(|weather| weather.job_fails) {
                continue;
            }
            // What fails now is tried again in two seconds.
            let _ = stage.world.executions().sweep().await;
            if stage.world.executions().work_is_due()
                && let Some(isolate) = stage.chance.pick(&self.isolates)
            {
                let seconds = u32::try_from(stage.chance.between(1, 40)).unwrap_or(30);
                isolate.wake(seconds);
            }
        }
    }

    /// Cancels, pauses, resumes and retries runs; once all is calm only resumes them.
    async fn meddle(&self) {
        let stage = &self.stage;
        let site = Site::new(stage, None, 0);
        loop {
            stage.pause(500, 4000).await;
            let known: Vec<_> = stage.runs.borrow().iter().map(|(run, _)| *run).collect();
            let Some(run) = stage.chance.pick(&known).copied() else {
                continue;
            };
            let id = ExecutionId::from_uuid(run);
            if stage.is_calm() {
                for run in known {
                    self.resume(&site, ExecutionId::from_uuid(run)).await;
                }
                continue;
            }
            // What is refused was no longer possible, or never was.
            match stage.chance.below(8) {
                0 => {
                    let _ = execution::cancel(&site, &stage.owner, id, None, kept).await;
                }
                1..=3 => {
                    let _ = execution::pause(&site, &stage.owner, id, None, kept).await;
                }
                4 | 5 => self.resume(&site, id).await,
                _ => self.retry(&site, id).await,
            }
        }
    }

    async fn resume(&self, site: &Site, id: ExecutionId) {
        let owner = &self.stage.owner;
        let found = self.stage.world.executions().find(owner, id).await;
        let rests = |run: &Execution| run.status == ExecutionStatus::Paused;
        if found.ok().flatten().as_ref().is_some_and(rests) {
            // What is refused was resumed by somebody else.
            let _ = execution::resume(site, owner, id, None, kept).await;
        }
    }

    async fn retry(&self, site: &Site, id: ExecutionId) {
        let owner = &self.stage.owner;
        let runs = self.stage.world.executions();
        let Ok(Some(found)) = runs.find(owner, id).await else {
            return;
        };
        let (Ok(steps), Ok(Some(plan))) = (
            runs.runs(owner, id).await,
            runs.plan(found.version_id).await,
        ) else {
            return;
        };
        let may = |state| matches!(state, StepState::Failed | StepState::Ready);
        let steps: Vec<_> = steps.iter().filter(|step| may(step.status)).collect();
        let step = self.stage.chance.pick(&steps);
        if let Some(action) = step.and_then(|step| plan.action(step.step)) {
            let force = self.stage.chance.one_in(2);
            // What is refused moved on meanwhile.
            let _ = execution::retry_action(site, owner, id, action.action_id, force, kept).await;
        }
    }
}

/// The answer of any command.
fn kept<T>(_: &Saved<T>) -> StoredAnswer {
    StoredAnswer(json!({}))
}
