//! The contexts of nodes.

use std::rc::Rc;

use domain::function_model::Act;
use domain::node_context::NodeContext;

use super::store::Shared;
use crate::context::{Context, StoredAnswer};
use crate::ports::{self, Clock, ContextSave, PortError, PortErrorKind, TreeId, Written};

/// A twin of the stored contexts.
#[derive(Debug)]
pub struct Contexts(pub(super) Rc<Shared>);

impl Contexts {
    fn may(&self, context: &Context, tree: TreeId) -> bool {
        let store = self.0.store.borrow();
        let model = store.models.get(&tree.model_id);
        let may = |model| store.allows(context, model, Act::Execute);
        context.actor.service || model.is_some_and(may)
    }
}

impl ports::Contexts for Contexts {
    async fn find_by_model(
        &self,
        context: &Context,
        tree: TreeId,
    ) -> Result<Vec<NodeContext>, PortError> {
        self.0.faults.check("contexts.find_by_model")?;
        if !self.may(context, tree) {
            return Ok(Vec::new());
        }
        let store = self.0.store.borrow();
        let found = store.contexts.get(&tree);
        Ok(found.cloned().unwrap_or_default())
    }

    async fn save(
        &self,
        context: &Context,
        tree: TreeId,
        change: &ContextSave,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError> {
        const OPERATION: &str = "contexts.save";
        self.0.faults.check(OPERATION)?;
        let refused = |kind| Err(PortError::new(kind, OPERATION, ""));
        if !self.may(context, tree) {
            return refused(PortErrorKind::Forbidden);
        }
        let now = self.0.clock.instant();
        let mut store = self.0.store.borrow_mut();
        if let Some(answer) = store.replay(context, OPERATION)? {
            return Ok(Written::Replayed(answer));
        }
        let mut machine = self.0.machine.borrow_mut();
        let ended = tree.execution_id.and_then(|id| machine.runs.get(&id));
        let ended = ended.is_some_and(|run| run.execution.status.is_finished());
        if ended && !change.events.is_empty() {
            return refused(PortErrorKind::Finished);
        }
        let stored = store.contexts.entry(tree).or_default();
        for put in &change.put {
            let former = stored.iter().find(|c| c.node_id == put.node_id);
            match former {
                Some(_) if put.revision == 0 => return refused(PortErrorKind::IdTaken),
                Some(former) if former.revision == put.revision => {}
                None if put.revision == 0 => {}
                _ => {
                    let current_revision = None;
                    return refused(PortErrorKind::Conflict { current_revision });
                }
            }
        }
        for put in &change.put {
            let changed = NodeContext {
                revision: put.revision + 1,
                updated_at: now,
                ..put.clone()
            };
            match stored.iter_mut().find(|c| c.node_id == put.node_id) {
                Some(former) => *former = changed,
                None => stored.push(changed),
            }
        }
        stored.retain(|context| !change.remove.contains(&context.node_id));
        stored.sort_by_key(|context| (context.level, context.node_id));
        match tree.execution_id {
            Some(id) => {
                for event in &change.events {
                    machine.record_context(id, event, context.actor.user_id, now);
                }
            }
            None => {
                let model = store.models.get(&tree.model_id);
                let organization = model.and_then(|model| model.organization_id);
                let aggregate = ("function-model", tree.model_id.as_uuid(), organization);
                store.append(context, aggregate, change.events.clone(), now);
            }
        }
        store.keep(context, answer);
        Ok(Written::Done(()))
    }
}
