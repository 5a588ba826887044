//! Plans that were read before. A version never changes, nor does its plan.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use domain::ids::VersionId;
use domain::workflow::plan::Plan;

/// How many plans are kept at most.
const MOST_PLANS: usize = 64;
/// How many steps they may have together; about 20 MB.
const MOST_STEPS: usize = 40_000;

/// The plans used last, shared by all requests of an instance.
#[derive(Default)]
pub struct Plans {
    kept: RefCell<VecDeque<(VersionId, Rc<Plan>)>>,
}

impl Plans {
    /// The plan of a version, if it is kept; it then counts as the one used last.
    pub(super) fn get(&self, version_id: VersionId) -> Option<Rc<Plan>> {
        let mut kept = self.kept.borrow_mut();
        let place = kept.iter().position(|(id, _)| *id == version_id)?;
        let entry = kept.remove(place)?;
        let plan = Rc::clone(&entry.1);
        kept.push_back(entry);
        Some(plan)
    }

    /// Keeps a plan; those not used for longest make room. The newest always stays.
    pub(super) fn put(&self, version_id: VersionId, plan: Rc<Plan>) {
        let mut kept = self.kept.borrow_mut();
        kept.retain(|(id, _)| *id != version_id);
        kept.push_back((version_id, plan));
        let mut steps: usize = kept.iter().map(|(_, plan)| plan.steps.len()).sum();
        while kept.len() > 1 && (kept.len() > MOST_PLANS || steps > MOST_STEPS) {
            if let Some((_, oldest)) = kept.pop_front() {
                steps -= oldest.steps.len();
            }
        }
    }
}
