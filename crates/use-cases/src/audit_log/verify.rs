//! Compares sealed rows with their seals, and the chain with a published seal.

use domain::audit::{self, Broken, Evidence, Fault, VerifyAudit};
use serde::Serialize;

use crate::context::Context;
use crate::error::UseCaseError;
use crate::function_model::access::service_only;
use crate::ports::{AuditLogs, Ports};

/// Seals that are compared at once at most.
const MOST_SEALS: u32 = 50;

/// What a comparison found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// Whether everything that was compared is as it was sealed.
    pub intact: bool,
    /// The first seal that does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<Broken>,
    /// Seals that were compared.
    pub seals: usize,
    /// Rows that were compared.
    pub rows: usize,
    /// Seals of rows that were exported and dropped; only their chain was compared.
    pub retired: usize,
    /// The number of the last seal that was compared; to go on behind it.
    pub last_seal: i64,
    /// The number of the newest seal.
    pub newest_seal: i64,
}

/// Judges a range of seals, of which the first 50 are compared. The rows are those of all
/// organizations: for the service.
///
/// # Errors
/// `Forbidden` for everybody else; `INVALID_REQUEST` for a range that cannot be.
pub async fn verify(
    ports: &impl Ports,
    context: &Context,
    command: &VerifyAudit,
) -> Result<Verification, UseCaseError> {
    service_only(context)?;
    let (first, last) = command.range()?;
    let after = first - 1;
    let most = last.map_or(i64::from(MOST_SEALS), |last| last - after);
    let count = u32::try_from(most).unwrap_or(MOST_SEALS).min(MOST_SEALS);
    let witness = command.published.as_ref();
    let found = ports.audit_logs().sealed_rows(after, count).await?;
    let evidence = Evidence {
        first: found.first_seal,
        previous: found.previous.as_ref(),
        seals: &found.seals,
        retirements: &found.retirements,
        rows: &found.rows,
    };
    let verdict = audit::verify(&evidence, witness);
    let end = found
        .first_seal
        .saturating_add(i64::try_from(found.seals.len()).unwrap_or(i64::MAX));
    let cut = (end <= found.last_seal).then_some(Broken {
        seal_number: end,
        fault: Fault::SealMissing,
    });
    let beyond = witness.and_then(|witness| witness.beyond(found.newest_seal));
    let broken = verdict.broken.or(cut).or(beyond);
    Ok(Verification {
        intact: broken.is_none(),
        broken,
        seals: verdict.seals,
        rows: verdict.rows,
        retired: verdict.retired,
        last_seal: found.last_seal.max(after),
        newest_seal: found.newest_seal,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::in_memory::World;
    use crate::testing::{Draft, alice, service};

    fn sealed() -> World {
        let world = World::new();
        for name in ["Order", "Cash", "Ship"] {
            Draft::staged(&world, name);
            world.seal_audit();
        }
        world
    }

    fn two_behind(after: i64) -> VerifyAudit {
        VerifyAudit {
            from: Some(after + 1),
            to: Some(after + 2),
            published: None,
        }
    }

    fn check(
        world: &World,
        after: i64,
        witness: Option<(i64, &str)>,
        expected: Option<(i64, Fault)>,
    ) {
        let published = witness.map(|(number, hash)| format!("{number}:{hash}").parse().unwrap());
        let command = VerifyAudit {
            published,
            ..two_behind(after)
        };
        let found = world.run(verify(world, &service(), &command)).unwrap();
        let broken = found
            .broken
            .map(|broken| (broken.seal_number, broken.fault));
        assert_eq!(broken, expected);
        assert_eq!(found.intact, expected.is_none());
    }

    #[test]
    fn an_intact_log_is_told_in_parts() {
        let world = sealed();
        check(&world, 0, None, None);
        let found = world.run(verify(&world, &service(), &two_behind(0)));
        let found = found.unwrap();
        let told = (found.seals, found.rows, found.last_seal, found.newest_seal);
        assert_eq!(told, (2, 8, 2, 3));
        check(&world, 2, None, None);
        check(&world, 3, None, None);
    }

    #[test]
    fn the_first_broken_seal_is_named() {
        let world = sealed();
        world.forge_audit(5);
        check(&world, 0, None, Some((2, Fault::RowsChanged)));
        check(&world, 2, None, None);
    }

    #[test]
    fn a_published_seal_has_to_be_there() {
        let world = sealed();
        let other = "0".repeat(64);
        check(
            &world,
            0,
            Some((2, &other)),
            Some((2, Fault::UnlikePublished)),
        );
        check(&world, 2, Some((4, &other)), Some((4, Fault::SealMissing)));
    }

    #[test]
    fn a_range_begins_with_a_seal_and_ends_behind_it() {
        let world = sealed();
        for (from, to) in [(0, 1), (3, 2), (1, i64::MAX)] {
            let command = VerifyAudit {
                from: Some(from),
                to: Some(to),
                published: None,
            };
            let refused = world.run(verify(&world, &service(), &command));
            let refused = refused.unwrap_err();
            assert!(matches!(refused, UseCaseError::Refused(_)), "{refused:?}");
        }
        let all = world.run(verify(&world, &service(), &VerifyAudit::default()));
        assert_eq!(all.unwrap().seals, 3);
    }

    #[test]
    fn only_the_service_verifies() {
        let world = sealed();
        let refused = world
            .run(verify(&world, &alice(), &two_behind(0)))
            .unwrap_err();
        let required = "service".to_owned();
        assert_eq!(refused, UseCaseError::Forbidden { required });
    }
}
