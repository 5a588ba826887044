//! Encrypts secrets anew after the deployment got a new key.

use domain::secret::Secret;
use serde::Serialize;

use crate::context::Context;
use crate::error::UseCaseError;
use crate::function_model::access::service_only;
use crate::ports::{Ports, SealedSecret, Secrets, Vault};

/// Batches of one request; each has as many secrets as the database hands out at once.
const BATCHES: u32 = 10;

/// What became of the secrets under older keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Resealed {
    /// How many are encrypted under the present key now.
    pub resealed: u32,
    /// How many do not open: their key is missing, or they are not what was sealed. They need a
    /// new value.
    pub unreadable: u32,
    /// Whether there is more to do: ask again.
    pub more: bool,
}

/// Encrypts secrets that are under other keys under the present one. Repeating it does no harm,
/// and secrets that change meanwhile are left alone.
///
/// # Errors
/// `Forbidden` for everybody but the service; `Unavailable` without a key.
pub async fn reseal(ports: &impl Ports, context: &Context) -> Result<Resealed, UseCaseError> {
    service_only(context)?;
    let key_id = ports.vault().key_id()?;
    let mut done = Resealed::default();
    let mut after = None;
    for _ in 0..BATCHES {
        let stale = ports.secrets().stale(context, &key_id, after).await?;
        let Some(last) = stale.last() else {
            return Ok(done);
        };
        after = Some(last.secret.secret_id);
        for kept in stale {
            match reseal_one(ports, context, kept, &key_id).await? {
                Some(true) => done.resealed += 1,
                Some(false) => done.more = true,
                None => done.unreadable += 1,
            }
        }
    }
    done.more = true;
    Ok(done)
}

/// Whether it was written; nothing when it does not open.
async fn reseal_one(
    ports: &impl Ports,
    context: &Context,
    kept: SealedSecret,
    key_id: &str,
) -> Result<Option<bool>, UseCaseError> {
    let (secret, vault) = (kept.secret, ports.vault());
    let bound = secret.place();
    let sealed = kept.sealed.unwrap_or_default();
    let Some(value) = vault.open(&secret.key_id, &bound, &sealed).await? else {
        return Ok(None);
    };
    let sealed = vault.seal(&bound, &value).await?;
    let secret = Secret {
        key_id: key_id.to_owned(),
        ..secret
    };
    let written = ports.secrets().reseal(context, &secret, &sealed).await?;
    Ok(Some(written))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::in_memory::World;
    use crate::testing::{alice, bob, secret, service};

    #[test]
    fn a_new_key_takes_over_from_the_old_one() {
        let world = World::new();
        let mine = secret(&world, &alice(), None, "key").secret_id;
        secret(&world, &bob(), None, "key");
        world.keys().insert(0, "k2".into());
        let sum = world.run(reseal(&world, &service())).unwrap();
        assert_eq!((sum.resealed, sum.unreadable, sum.more), (2, 0, false));
        world.keys().retain(|key| key == "k2");
        let found = world.run(world.secrets().find(&alice(), mine)).unwrap();
        let found = found.unwrap();
        assert_eq!((found.key_id.as_str(), found.revision), ("k2", 2));
        let sealed = world.sealed_value(mine).unwrap();
        let value = world.run(world.vault().open("k2", &found.place(), &sealed));
        assert_eq!(value.unwrap().unwrap().reveal(), "correct horse");
        let again = world.run(reseal(&world, &service())).unwrap();
        assert_eq!(again, Resealed::default());
    }

    #[test]
    fn what_does_not_open_is_counted_and_left() {
        let world = World::new();
        secret(&world, &alice(), None, "key");
        *world.keys() = vec!["k2".into()];
        let sum = world.run(reseal(&world, &service())).unwrap();
        assert_eq!((sum.resealed, sum.unreadable, sum.more), (0, 1, false));
    }

    #[test]
    fn users_do_not_ask_for_it() {
        let world = World::new();
        let refused = world.run(reseal(&world, &alice())).unwrap_err();
        assert!(matches!(refused, UseCaseError::Forbidden { .. }));
    }
}
