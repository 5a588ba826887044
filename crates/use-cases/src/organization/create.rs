//! Founds an organization; its founder becomes its owner.

use domain::ids::OrganizationId;
use domain::organization::{self, CreateOrganization, OrganizationRole};

use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Clock, Ids, NewOrganization, Organization, Organizations, Ports};
use crate::writing::{Saved, answer_to_keep, answered_before, done};

/// Founds an organization.
///
/// # Errors
/// `ORGANIZATION_NAME_INVALID`; `Replayed` for a repetition.
pub async fn create(
    ports: &impl Ports,
    context: &Context,
    command: &CreateOrganization,
    render: impl Fn(&Saved<Organization>) -> StoredAnswer,
) -> Result<Saved<Organization>, UseCaseError> {
    answered_before(ports, context).await?;
    let organization_id = OrganizationId::from_uuid(ports.ids().new_id());
    let founder = context.actor.user_id;
    let now = ports.clock().instant();
    let event = organization::create(command, organization_id, founder, now)?;
    let saved = Saved {
        value: Organization {
            organization_id,
            name: event.name.clone(),
            created_by: founder,
            role: Some(OrganizationRole::Owner),
            created_at: now,
            updated_at: now,
            revision: 1,
        },
        revision: 1,
    };
    let new = NewOrganization {
        organization_id,
        name: event.name.clone(),
        events: vec![event.to_json()],
        answer: answer_to_keep(context, &saved, render),
    };
    done(ports.organizations().create(context, new).await?)?;
    Ok(saved)
}

#[cfg(test)]
mod tests {
    use domain::error::Code;

    use super::*;
    use crate::in_memory::World;
    use crate::testing::{alice, refusal, rendered, with_key};

    fn named(name: &str) -> CreateOrganization {
        CreateOrganization { name: name.into() }
    }

    fn found(
        world: &World,
        context: &Context,
        name: &str,
    ) -> Result<Saved<Organization>, UseCaseError> {
        world.run(create(world, context, &named(name), rendered))
    }

    #[test]
    fn the_founder_becomes_the_owner() {
        let world = World::new();
        let founded = found(&world, &alice(), " Acme ").unwrap();
        assert_eq!(founded.value.name, "Acme");
        let id = founded.value.organization_id;
        let read = world.run(super::super::read(&world, &alice(), id)).unwrap();
        assert_eq!(read.role, Some(OrganizationRole::Owner));
        assert_eq!(world.event_types(id.as_uuid()), ["OrganizationCreated"]);
    }

    #[test]
    fn the_name_must_fit() {
        let world = World::new();
        let error = found(&world, &alice(), "  ").unwrap_err();
        assert_eq!(refusal(error), Code::OrganizationNameInvalid);
    }

    #[test]
    fn a_repetition_gets_the_first_answer() {
        let world = World::new();
        let first = found(&world, &with_key(alice(), "k", "a"), "Acme").unwrap();
        let again = found(&world, &with_key(alice(), "k", "a"), "Acme").unwrap_err();
        assert_eq!(again, UseCaseError::Replayed(rendered(&first)));
        let other = found(&world, &with_key(alice(), "k", "b"), "Other").unwrap_err();
        assert_eq!(refusal(other), Code::IdempotencyKeyReused);
    }
}
