//! Ways around the rules, for arranging a test and for looking at what it left behind.

use domain::function_model::{Deletion, FunctionModel};
use domain::ids::ModelId;
use uuid::Uuid;

use super::World;
use crate::context::Context;
use crate::ports::Clock;

impl World {
    /// The types of an aggregate's events, in their order.
    pub(crate) fn event_types(&self, aggregate_id: Uuid) -> Vec<String> {
        let store = self.shared.store.borrow();
        let events = store
            .events
            .iter()
            .filter(|e| e.aggregate_id == aggregate_id);
        events.map(|event| event.event_type.clone()).collect()
    }

    /// A model as it is stored.
    #[track_caller]
    pub(crate) fn stored(&self, model_id: ModelId) -> FunctionModel {
        self.shared.store.borrow().models[&model_id].clone()
    }

    /// Sets the mark of deletion.
    pub(crate) fn delete(&self, model_id: ModelId) {
        let deletion = Deletion {
            deleted_at: self.shared.clock.instant(),
            deleted_by: "somebody".into(),
            retain_until: None,
        };
        self.arrange(model_id, |model| model.deletion = Some(deletion));
    }

    /// Removes a model without a trace.
    pub(crate) fn forget(&self, model_id: ModelId) {
        self.shared.store.borrow_mut().remove_model(model_id);
    }

    /// Puts somebody among the viewers.
    pub(crate) fn let_view(&self, model_id: ModelId, who: &Context) {
        let user = who.actor.user_id;
        self.arrange(model_id, |model| model.permissions.viewers.push(user));
    }

    /// Puts somebody among the editors.
    pub(crate) fn let_edit(&self, model_id: ModelId, who: &Context) {
        let user = who.actor.user_id;
        self.arrange(model_id, |model| model.permissions.editors.push(user));
    }

    /// Forgets all plans.
    pub(crate) fn lose_plans(&self) {
        self.shared.machine.borrow_mut().plans.clear();
    }

    /// Changes a stored model without asking anybody.
    pub(crate) fn arrange(&self, model_id: ModelId, change: impl FnOnce(&mut FunctionModel)) {
        let mut store = self.shared.store.borrow_mut();
        if let Some(model) = store.models.get_mut(&model_id) {
            change(model);
        }
    }
}
