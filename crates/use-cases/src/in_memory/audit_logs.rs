//! Who changed what.

use std::rc::Rc;

use domain::ids::ModelId;
use serde_json::json;

use super::page::page;
use super::store::Shared;
use crate::context::Context;
use crate::ports::{self, AuditEntry, AuditFilter, Page, PageRequest, PortError};

/// A twin of the audit trail.
#[derive(Debug)]
pub struct AuditLogs(pub(super) Rc<Shared>);

impl ports::AuditLogs for AuditLogs {
    async fn find_by_model(
        &self,
        context: &Context,
        model_id: ModelId,
        filter: &AuditFilter,
        request: &PageRequest,
    ) -> Result<Page<AuditEntry>, PortError> {
        self.0.faults.check("audit_logs.find_by_model")?;
        let store = self.0.store.borrow();
        let entries = store.audit.iter().rev();
        let all = entries
            .filter(|e| e.model_id == Some(model_id) && store.shows(context, model_id))
            .filter(|e| {
                filter
                    .operation
                    .is_none_or(|operation| e.operation == operation)
            })
            .filter(|e| filter.event_type.is_none() || e.event_type == filter.event_type)
            .filter(|e| filter.changed_by.is_none() || e.changed_by == filter.changed_by)
            .filter(|e| filter.from.is_none_or(|from| e.changed_at >= from))
            .filter(|e| filter.to.is_none_or(|to| e.changed_at < to))
            .cloned()
            .collect();
        Ok(page(all, |entry| json!(entry.audit_id), request))
    }
}
