//! The tasks of the built-in workflow service.

use std::rc::Rc;

use domain::ids::{OrganizationId, WorkflowId};
use serde_json::json;

use super::page::page;
use super::store::Shared;
use crate::context::{Context, StoredAnswer};
use crate::ports::{self, Expected, Page, PageRequest, PortError, Workflow, Written};

/// A twin of the stored tasks.
#[derive(Debug)]
pub struct Workflows(pub(super) Rc<Shared>);

impl ports::Workflows for Workflows {
    async fn find(&self, context: &Context, id: WorkflowId) -> Result<Option<Workflow>, PortError> {
        self.0.faults.check("workflows.find")?;
        let store = self.0.store.borrow();
        let found = store.workflows.get(&id);
        let visible = found.filter(|w| store.may_see(context, w.organization_id, w.user_id));
        Ok(visible.cloned())
    }

    async fn list(
        &self,
        context: &Context,
        organization_id: Option<OrganizationId>,
        request: &PageRequest,
    ) -> Result<Page<Workflow>, PortError> {
        self.0.faults.check("workflows.list")?;
        let store = self.0.store.borrow();
        let mut all: Vec<Workflow> = store
            .workflows
            .values()
            .filter(|w| organization_id.is_none() || w.organization_id == organization_id)
            .filter(|w| store.may_see(context, w.organization_id, w.user_id))
            .cloned()
            .collect();
        all.sort_by_key(|w| std::cmp::Reverse((w.created_at, w.workflow_id)));
        Ok(page(all, |w| json!(w.workflow_id), request))
    }

    async fn save(
        &self,
        context: &Context,
        workflow: &Workflow,
        expected: Expected,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<i64>, PortError> {
        const OPERATION: &str = "workflows.save";
        self.0.faults.check(OPERATION)?;
        let mut store = self.0.store.borrow_mut();
        let replayed = store.replay(context, OPERATION)?;
        if let Some(answer) = replayed {
            return Ok(Written::Replayed(answer));
        }
        let stored = store.workflows.get(&workflow.workflow_id);
        let known = stored
            .filter(|_| expected != Expected::New)
            .unwrap_or(workflow);
        let whose = (known.organization_id, known.user_id);
        let is_there = stored.is_some() && expected != Expected::New;
        store.guard_shared(context, whose, is_there, OPERATION)?;
        let stored = stored.map(|w| w.revision);
        super::store::compare(expected, stored, OPERATION)?;
        let saved = Workflow {
            revision: expected.next(),
            ..workflow.clone()
        };
        store.workflows.insert(workflow.workflow_id, saved);
        store.keep(context, answer);
        Ok(Written::Done(expected.next()))
    }

    async fn remove(
        &self,
        context: &Context,
        id: WorkflowId,
        expected: Expected,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<()>, PortError> {
        const OPERATION: &str = "workflows.remove";
        self.0.faults.check(OPERATION)?;
        let mut store = self.0.store.borrow_mut();
        if let Some(answer) = store.replay(context, OPERATION)? {
            return Ok(Written::Replayed(answer));
        }
        let stored = store.workflows.get(&id);
        if let Some(stored) = stored {
            let whose = (stored.organization_id, stored.user_id);
            store.guard_shared(context, whose, true, OPERATION)?;
        }
        let stored = stored.map(|w| w.revision);
        super::store::compare(expected, stored, OPERATION)?;
        store.workflows.remove(&id);
        store.keep(context, answer);
        Ok(Written::Done(()))
    }
}
