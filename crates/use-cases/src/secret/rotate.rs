//! Gives a secret a new value.

use domain::ids::SecretId;
use domain::secret::{RotateSecret, Secret};

use super::access;
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Clock, Expected, Ports, Secrets, Vault};
use crate::writing::{Saved, answer_to_keep, answered_before, done, expect_revision};

/// Replaces the value, and the hosts if some are given; calls carry it from then on.
///
/// # Errors
/// `SECRET_NOT_FOUND`; `Forbidden`; `SECRET_INVALID`; `Conflict`; `Unavailable` without a key to
/// encrypt it under; `Replayed` for a repetition.
pub async fn rotate(
    ports: &impl Ports,
    context: &Context,
    secret_id: SecretId,
    command: &RotateSecret,
    render: impl Fn(&Saved<Secret>) -> StoredAnswer,
) -> Result<Saved<Secret>, UseCaseError> {
    answered_before(ports, context).await?;
    let secret = access::load(ports, context, secret_id).await?;
    let hosts = command.check(&secret)?;
    expect_revision(context, secret.revision)?;
    let expected = Expected::Revision(secret.revision);
    let secret = Secret {
        hosts,
        key_id: ports.vault().key_id()?,
        rotated_at: ports.clock().instant(),
        revision: expected.next(),
        ..secret
    };
    let sealed = ports.vault().seal(&secret.place(), &command.value).await?;
    let saved = Saved {
        revision: secret.revision,
        value: secret,
    };
    let answer = answer_to_keep(context, &saved, render);
    let written = ports
        .secrets()
        .save(context, &saved.value, &sealed, expected, answer);
    done(
        written
            .await
            .map_err(|error| access::failure(context, error))?,
    )?;
    Ok(saved)
}

#[cfg(test)]
mod tests {
    use domain::error::Code;
    use domain::organization::OrganizationRole;
    use domain::secret::SecretValue;

    use super::*;
    use crate::in_memory::World;
    use crate::testing::{alice, bob, refusal, rendered, secret};

    fn command(value: &str, hosts: Option<&str>) -> RotateSecret {
        RotateSecret {
            value: SecretValue::kept(value.into()),
            hosts: hosts.map(|host| vec![host.to_owned()]),
        }
    }

    fn attempt(
        world: &World,
        context: &Context,
        id: SecretId,
        command: &RotateSecret,
    ) -> Result<Saved<Secret>, UseCaseError> {
        world.run(rotate(world, context, id, command, rendered))
    }

    #[test]
    fn the_new_value_takes_the_place_of_the_old_one() {
        let world = World::new();
        let before = secret(&world, &alice(), None, "key");
        let id = before.secret_id;
        let new = command("battery staple", Some("b.example"));
        let saved = attempt(&world, &alice(), id, &new).unwrap();
        assert_eq!((saved.revision, &saved.value.name), (2, &before.name));
        assert_eq!(saved.value.hosts, ["b.example"]);
        let sealed = world.sealed_value(id).unwrap();
        let open = |place: &str| world.run(world.vault().open("k1", place, &sealed)).unwrap();
        let value = open(&saved.value.place()).unwrap();
        assert_eq!(value.reveal(), "battery staple");
        assert_eq!(open(&before.place()), None);
    }

    #[test]
    fn strangers_members_and_the_stale_are_refused() {
        let world = World::new();
        let acme = world.organization("Acme", &alice());
        let id = secret(&world, &alice(), Some(acme), "key").secret_id;
        let new = command("battery staple", None);
        let hidden = attempt(&world, &bob(), id, &new).unwrap_err();
        assert_eq!(hidden, UseCaseError::NotFound(Code::SecretNotFound));
        world.add_member(acme, bob().actor.user_id, OrganizationRole::Editor);
        let forbidden = attempt(&world, &bob(), id, &new).unwrap_err();
        assert!(matches!(forbidden, UseCaseError::Forbidden { .. }));
        let short = attempt(&world, &alice(), id, &command("short", None)).unwrap_err();
        assert_eq!(refusal(short), Code::SecretInvalid);
        let mut context = alice();
        context.if_match = Some(3);
        let stale = attempt(&world, &context, id, &new).unwrap_err();
        assert!(matches!(stale, UseCaseError::Conflict { .. }));
    }
}
