//! Tells what a thing was at a time, from the changes that were written down.

use domain::instant::Instant;
use serde_json::Value;
use uuid::Uuid;

use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{AuditLogs, Clock, Page, PageRequest, Ports};

/// The rows of a thing, such as a model with its nodes, after everything that began until `at`
/// (now, when absent). Nothing for a thing that did not exist, is missing or hidden.
///
/// # Errors
/// `Unavailable` when the database cannot answer.
pub async fn states(
    ports: &impl Ports,
    context: &Context,
    record_id: Uuid,
    at: Option<Instant>,
    page: &PageRequest,
) -> Result<Page<Value>, UseCaseError> {
    let at = at.unwrap_or_else(|| ports.clock().instant());
    let states = ports.audit_logs().states(context, record_id, at, page);
    Ok(states.await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::in_memory::World;
    use crate::testing::{Draft, alice, bob};

    #[test]
    fn a_thing_is_what_its_changes_made_of_it() {
        let world = World::new();
        let draft = Draft::staged(&world, "Order");
        let id = draft.model_id.as_uuid();
        let now = world.clock().instant();
        let look = |who, at| {
            let page = PageRequest::default();
            world
                .run(states(&world, &who, id, at, &page))
                .unwrap()
                .items
        };
        let state = look(alice(), None);
        assert_eq!(state.len(), 1);
        assert_eq!(state[0]["state"]["name"], "Order");
        assert_eq!(state[0]["complete"], true);
        assert_eq!(
            look(alice(), Some(now.plus_millis(-1))),
            Vec::<Value>::new()
        );
        assert_eq!(look(bob(), None), Vec::<Value>::new());
    }
}
