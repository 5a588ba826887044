//! Services on the other side of the network, which know a repeated call by its idempotency key.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use futures_channel::oneshot;
use serde_json::{Value, json};
use use_cases::ports::{self, Clock, Ports, ServiceError, ServiceFailure, WorkflowCall};

use crate::history::What;
use crate::stage::{OUTSIDE, Stage};

/// How a service behaves, whoever calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nature {
    /// Answers within 50 ms.
    Quick,
    /// Takes up to 3 s.
    Slow,
    /// Answers 503 every third time, while the storm lasts.
    Flaky,
    /// Sometimes never answers, while the storm lasts.
    Hanging,
    /// Refuses every call for good.
    Broken,
}

impl Nature {
    pub(crate) const ALL: [Self; 5] = [
        Self::Quick,
        Self::Slow,
        Self::Flaky,
        Self::Hanging,
        Self::Broken,
    ];
}

/// The far side: the nature of each workflow, and what was done under which key.
#[derive(Default)]
pub(crate) struct Remote {
    pub(crate) natures: RefCell<BTreeMap<String, Nature>>,
    done: RefCell<BTreeMap<String, Value>>,
}

type Reply = Result<Value, ServiceError>;

/// The way of one worker to the services.
pub(crate) struct Services(pub(crate) Rc<Stage>);

impl ports::Spindle for Services {
    async fn execute_workflow(&self, call: WorkflowCall<'_>) -> Reply {
        let stage = &self.0;
        stage.pause(0, 20).await;
        let unreachable = || ServiceError::new(ServiceFailure::Unreachable, "the line is dead");
        if stage.strikes(|weather| weather.call_lost) {
            stage.pause(10, 500).await;
            return Err(unreachable());
        }
        let (tell, told) = oneshot::channel();
        // The service works on, whatever becomes of the caller.
        let (far, key) = (Rc::clone(stage), call.idempotency_key.to_owned());
        let workflow = call.workflow_id.to_owned();
        stage.executor.spawn(OUTSIDE, async move {
            let reply = serve(&far, &workflow, key).await;
            // The caller may have gone.
            let _ = tell.send(reply);
        });
        let reply = match told.await {
            Ok(Some(reply)) => reply,
            // Nobody ever answers.
            Ok(None) | Err(_) => std::future::pending().await,
        };
        stage.pause(0, 20).await;
        if stage.strikes(|weather| weather.call_lost) {
            return Err(unreachable());
        }
        reply
    }
}

/// What the service does about a call; `None` when it never answers.
async fn serve(stage: &Rc<Stage>, workflow: &str, key: String) -> Option<Reply> {
    stage.note(What::Called { key: key.clone() });
    let nature = stage.remote.natures.borrow().get(workflow).copied();
    let nature = nature.unwrap_or(Nature::Quick);
    match nature {
        Nature::Slow => stage.pause(100, 3000).await,
        _ => stage.pause(0, 50).await,
    }
    let stormy = !stage.is_calm();
    let failure = |status| Err(ServiceError::new(ServiceFailure::Status(status), "no"));
    match nature {
        Nature::Broken => return Some(failure(422)),
        Nature::Flaky if stormy && stage.chance.one_in(3) => return Some(failure(503)),
        _ => {}
    }
    let known = stage.remote.done.borrow().get(&key).cloned();
    let answer = known.unwrap_or_else(|| {
        let answer = json!({"n": stage.chance.below(10)});
        stage.note(What::Effect { key: key.clone() });
        stage.remote.done.borrow_mut().insert(key, answer.clone());
        answer
    });
    if nature == Nature::Hanging && stormy && stage.chance.one_in(4) {
        return None;
    }
    stage.world.clock().sleep(stage.chance.below(20)).await;
    Some(Ok(answer))
}
