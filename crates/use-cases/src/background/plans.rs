//! The plans of recently run versions, kept because a plan never changes.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use domain::ids::VersionId;
use domain::workflow::plan::Plan;

use crate::ports::{Executions, PortError};

/// At most this many plans are kept.
const PLANS_KEPT: usize = 64;
/// At most this many steps are kept over all plans; a step takes about a kilobyte.
const STEPS_KEPT: usize = 20_000;

/// A bounded store of plans, most recently used last.
#[derive(Default)]
pub(super) struct Plans {
    kept: RefCell<VecDeque<(VersionId, Rc<Plan>)>>,
}

impl Plans {
    /// The plan of a version, read from the port when it is not kept.
    pub(super) async fn find(
        &self,
        executions: &impl Executions,
        version_id: VersionId,
    ) -> Result<Option<Rc<Plan>>, PortError> {
        if let Some(plan) = self.recall(version_id) {
            return Ok(Some(plan));
        }
        let found = executions.plan(version_id).await?;
        if let Some(plan) = &found {
            self.keep(version_id, Rc::clone(plan));
        }
        Ok(found)
    }

    fn recall(&self, version_id: VersionId) -> Option<Rc<Plan>> {
        let mut kept = self.kept.borrow_mut();
        let place = kept.iter().position(|(id, _)| *id == version_id)?;
        let entry = kept.remove(place)?;
        let plan = Rc::clone(&entry.1);
        kept.push_back(entry);
        Some(plan)
    }

    fn keep(&self, version_id: VersionId, plan: Rc<Plan>) {
        let mut kept = self.kept.borrow_mut();
        kept.retain(|(id, _)| *id != version_id);
        kept.push_back((version_id, plan));
        while kept.len() > PLANS_KEPT
            || (kept.len() > 1
                && kept.iter().map(|(_, plan)| plan.steps.len()).sum::<usize>() > STEPS_KEPT)
        {
            kept.pop_front();
        }
    }
}
