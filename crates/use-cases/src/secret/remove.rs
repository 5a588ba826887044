//! Removes a secret.

use domain::ids::SecretId;

use super::access;
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Expected, Ports, Secrets};
use crate::writing::{Saved, answer_to_keep, answered_before, done, expect_revision};

/// Removes a secret and its value; calls that name it fail from then on.
///
/// # Errors
/// `SECRET_NOT_FOUND`; `Forbidden`; `Conflict`; `Replayed` for a repetition.
pub async fn remove(
    ports: &impl Ports,
    context: &Context,
    secret_id: SecretId,
    render: impl Fn(&Saved<()>) -> StoredAnswer,
) -> Result<(), UseCaseError> {
    answered_before(ports, context).await?;
    let secret = access::load(ports, context, secret_id).await?;
    expect_revision(context, secret.revision)?;
    let saved = Saved {
        value: (),
        revision: secret.revision + 1,
    };
    let answer = answer_to_keep(context, &saved, render);
    let expected = Expected::Revision(secret.revision);
    let removed = ports.secrets().remove(context, secret_id, expected, answer);
    done(
        removed
            .await
            .map_err(|error| access::failure(context, error))?,
    )
}

#[cfg(test)]
mod tests {
    use domain::error::Code;
    use domain::organization::OrganizationRole;

    use super::*;
    use crate::in_memory::World;
    use crate::testing::{alice, bob, rendered, secret};

    #[test]
    fn a_removed_secret_is_gone_with_its_value() {
        let world = World::new();
        let id = secret(&world, &alice(), None, "key").secret_id;
        let attempt = || world.run(remove(&world, &alice(), id, rendered));
        attempt().unwrap();
        assert_eq!(world.sealed_value(id), None);
        let again = UseCaseError::NotFound(Code::SecretNotFound);
        assert_eq!(attempt().unwrap_err(), again);
    }

    #[test]
    fn editors_may_name_but_not_remove_secrets() {
        let world = World::new();
        let acme = world.organization("Acme", &alice());
        let id = secret(&world, &alice(), Some(acme), "key").secret_id;
        world.add_member(acme, bob().actor.user_id, OrganizationRole::Editor);
        let refused = world.run(remove(&world, &bob(), id, rendered)).unwrap_err();
        assert!(matches!(refused, UseCaseError::Forbidden { .. }));
    }
}
