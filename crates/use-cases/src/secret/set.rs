//! Sets a secret.

use domain::ids::SecretId;
use domain::secret::{Secret, SetSecret};

use super::access;
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Clock, Expected, Ids, Ports, Secrets, Vault};
use crate::writing::{Saved, answer_to_keep, answered_before, done};

/// Keeps a secret, for an organization or for the caller alone. The answer tells of it without
/// its value.
///
/// # Errors
/// `Forbidden` for members who do not administer the organization; `SECRET_INVALID` with every
/// field that is wrong; `SECRET_NAME_TAKEN`; `Unavailable` without a key to encrypt it under;
/// `Replayed` for a repetition.
pub async fn set(
    ports: &impl Ports,
    context: &Context,
    command: &SetSecret,
    render: impl Fn(&Saved<Secret>) -> StoredAnswer,
) -> Result<Saved<Secret>, UseCaseError> {
    answered_before(ports, context).await?;
    let user_id = context.actor.user_id;
    access::administer(ports, context, command.organization_id, user_id).await?;
    let (name, hosts) = command.check()?;
    let now = ports.clock().instant();
    let secret = Secret {
        secret_id: SecretId::from_uuid(ports.ids().new_id()),
        organization_id: command.organization_id,
        user_id,
        name,
        hosts,
        key_id: ports.vault().key_id()?,
        last_used_at: None,
        rotated_at: now,
        created_at: now,
        revision: 1,
    };
    let sealed = ports.vault().seal(&secret.place(), &command.value).await?;
    let saved = Saved {
        value: secret,
        revision: 1,
    };
    let answer = answer_to_keep(context, &saved, render);
    let written = ports
        .secrets()
        .save(context, &saved.value, &sealed, Expected::New, answer);
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
    use crate::testing::{alice, bob, refusal, rendered, with_key};

    fn command(name: &str) -> SetSecret {
        SetSecret {
            organization_id: None,
            name: name.into(),
            value: SecretValue::kept("correct horse".into()),
            hosts: vec!["api.example.com".into()],
        }
    }

    fn attempt(
        world: &World,
        context: &Context,
        command: &SetSecret,
    ) -> Result<Saved<Secret>, UseCaseError> {
        world.run(set(world, context, command, rendered))
    }

    #[test]
    fn a_secret_opens_in_its_place_and_nowhere_else() {
        let world = World::new();
        let secret = attempt(&world, &alice(), &command("key")).unwrap().value;
        let sealed = world.sealed_value(secret.secret_id).unwrap();
        assert!(!sealed.contains("correct horse"));
        let open = |place: &str| {
            let opened = world.run(world.vault().open(&secret.key_id, place, &sealed));
            opened.unwrap().map(|value| value.reveal().to_owned())
        };
        assert_eq!(open(&secret.place()).as_deref(), Some("correct horse"));
        let moved = Secret {
            hosts: vec!["evil.example".into()],
            ..secret.clone()
        };
        assert_eq!(open(&moved.place()), None);
    }

    #[test]
    fn only_administrators_set_secrets_of_an_organization() {
        let world = World::new();
        let acme = world.organization("Acme", &alice());
        let shared = SetSecret {
            organization_id: Some(acme),
            ..command("key")
        };
        let bob_id = bob().actor.user_id;
        let refused = || {
            let error = attempt(&world, &bob(), &shared).unwrap_err();
            assert!(matches!(error, UseCaseError::Forbidden { .. }), "{error}");
        };
        refused();
        world.add_member(acme, bob_id, OrganizationRole::Editor);
        refused();
        world.add_member(acme, bob_id, OrganizationRole::Admin);
        attempt(&world, &bob(), &shared).unwrap();
    }

    #[test]
    fn a_name_is_given_once_per_owner() {
        let world = World::new();
        attempt(&world, &alice(), &command("key")).unwrap();
        let again = attempt(&world, &alice(), &command("key")).unwrap_err();
        assert_eq!(refusal(again), Code::SecretNameTaken);
        attempt(&world, &bob(), &command("key")).unwrap();
    }

    #[test]
    fn an_owner_has_so_many_secrets_at_most() {
        let world = World::new();
        for nth in 0..domain::secret::MOST {
            attempt(&world, &alice(), &command(&format!("key-{nth}"))).unwrap();
        }
        let one_more = attempt(&world, &alice(), &command("key")).unwrap_err();
        assert_eq!(refusal(one_more), Code::SecretInvalid);
    }

    #[test]
    fn a_repetition_sets_nothing() {
        let world = World::new();
        let keyed = with_key(alice(), "k", "h");
        let first = attempt(&world, &keyed, &command("key")).unwrap();
        let again = attempt(&world, &keyed, &command("key")).unwrap_err();
        assert_eq!(again, UseCaseError::Replayed(rendered(&first)));
    }

    #[test]
    fn a_deployment_without_a_key_keeps_none() {
        let world = World::new();
        world.keys().clear();
        let error = attempt(&world, &alice(), &command("key")).unwrap_err();
        assert!(matches!(error, UseCaseError::Unavailable { .. }), "{error}");
    }
}
