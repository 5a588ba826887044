//! Hands out seals: to whoever wants to keep one, and to the log, once each.

use serde_json::Value;

use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{AuditLogs, Page, PageRequest, Ports};

/// The seals, newest first. They are hashes and counts, so that anybody may keep one as a witness.
///
/// # Errors
/// `Unavailable` when the database cannot answer.
pub async fn seals(
    ports: &impl Ports,
    context: &Context,
    page: &PageRequest,
) -> Result<Page<Value>, UseCaseError> {
    Ok(ports.audit_logs().seals(context, page).await?)
}

/// The newest seal, to be written where the database's owner cannot rewrite it; null the second time.
///
/// # Errors
/// `Unavailable` when the database cannot answer.
pub async fn publish(ports: &impl Ports) -> Result<Value, UseCaseError> {
    Ok(ports.audit_logs().take_seal_to_publish().await?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::in_memory::World;
    use crate::testing::{Draft, alice};

    #[test]
    fn a_seal_is_published_once_and_kept_for_all() {
        let world = World::new();
        assert_eq!(world.run(publish(&world)), Ok(Value::Null));
        Draft::staged(&world, "Order");
        world.seal_audit();
        world.seal_audit();
        let seal = world.run(publish(&world)).unwrap();
        assert_eq!(
            (&seal["sealNumber"], &seal["rowCount"]),
            (&json!(1), &json!(4))
        );
        assert_eq!(world.run(publish(&world)), Ok(Value::Null));
        let page = world.run(seals(&world, &alice(), &PageRequest::default()));
        assert_eq!(page.unwrap().items, [seal]);
    }
}
