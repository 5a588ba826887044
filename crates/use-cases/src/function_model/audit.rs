//! Reads who changed what in a model.

use domain::function_model::permissions::Act;
use domain::ids::ModelId;

use super::access;
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{AuditEntry, AuditFilter, AuditLogs, Extent, Page, PageRequest, Ports};

/// The changes to a model and its parts, newest first.
///
/// # Errors
/// `FUNCTION_MODEL_NOT_FOUND` when the model is missing or hidden.
pub async fn audit(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    filter: &AuditFilter,
    page: &PageRequest,
) -> Result<Page<AuditEntry>, UseCaseError> {
    access::load(ports, context, model_id, Extent::Header, Act::View).await?;
    let entries = ports
        .audit_logs()
        .find_by_model(context, model_id, filter, page);
    Ok(entries.await?)
}

#[cfg(test)]
mod tests {
    use domain::error::Code;

    use super::*;
    use crate::in_memory::World;
    use crate::ports::{AuditOperation, Clock};
    use crate::testing::{Draft, alice, bob};

    #[test]
    fn changes_are_listed_newest_first_and_can_be_narrowed() {
        let world = World::new();
        let draft = Draft::staged(&world, "Order");
        let look = |who, filter: &AuditFilter| {
            let request = PageRequest::default();
            let page = world.run(audit(&world, &who, draft.model_id, filter, &request));
            page.map(|page| {
                page.items
                    .iter()
                    .map(|entry| entry.operation)
                    .collect::<Vec<_>>()
            })
        };
        let (create, update) = (AuditOperation::Create, AuditOperation::Update);
        let all = look(alice(), &AuditFilter::default()).unwrap();
        // What was written, and above it what it means.
        assert_eq!(all, [create, update, create, create]);
        let created = AuditFilter {
            operation: Some(create),
            changed_by: Some(alice().actor.user_id),
            ..AuditFilter::default()
        };
        assert_eq!(look(alice(), &created).unwrap(), [create; 3]);
        let told = AuditFilter {
            event_type: Some("FunctionModelCreated".into()),
            ..AuditFilter::default()
        };
        assert_eq!(look(alice(), &told).unwrap(), [create; 2]);
        let now = world.clock().instant();
        let others = [
            AuditFilter {
                changed_by: Some(bob().actor.user_id),
                ..AuditFilter::default()
            },
            AuditFilter {
                from: Some(now.plus_millis(1)),
                ..AuditFilter::default()
            },
            AuditFilter {
                to: Some(now),
                ..AuditFilter::default()
            },
        ];
        for filter in others {
            assert_eq!(look(alice(), &filter).unwrap(), [], "{filter:?}");
        }
        let hidden = look(bob(), &AuditFilter::default()).unwrap_err();
        assert_eq!(hidden, UseCaseError::NotFound(Code::FunctionModelNotFound));
    }
}
