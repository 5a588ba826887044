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

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn plan(steps: usize) -> Rc<Plan> {
        let step =
            json!({"step": 0, "kind": "pass", "container": 0, "indegree": 0, "successors": []});
        let plan = json!({
            "planVersion": 1, "steps": vec![step; steps], "groups": [], "containers": [],
            "outputs": [], "maxDepth": 10,
        });
        Rc::new(serde_json::from_value(plan).unwrap())
    }

    fn version(number: usize) -> VersionId {
        VersionId::from_uuid(Uuid::from_u128(number as u128))
    }

    #[test]
    fn the_plan_used_longest_ago_makes_room() {
        let plans = Plans::default();
        for number in 0..MOST_PLANS {
            plans.put(version(number), plan(1));
        }
        assert!(plans.get(version(0)).is_some());
        plans.put(version(MOST_PLANS), plan(1));
        assert!(plans.get(version(0)).is_some());
        assert!(plans.get(version(1)).is_none());
        assert_eq!(plans.kept.borrow().len(), MOST_PLANS);
    }

    #[test]
    fn large_plans_make_room_sooner_and_the_newest_stays() {
        let plans = Plans::default();
        plans.put(version(1), plan(MOST_STEPS / 2));
        plans.put(version(2), plan(MOST_STEPS / 2));
        plans.put(version(2), plan(MOST_STEPS / 2));
        assert!(plans.get(version(1)).is_some());
        plans.put(version(3), plan(MOST_STEPS + 1));
        assert!(plans.get(version(1)).is_none() && plans.get(version(2)).is_none());
        assert!(plans.get(version(3)).is_some());
    }
}
