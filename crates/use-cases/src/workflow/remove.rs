//! Removes a task of the built-in workflow service.

use domain::error::Code;
use domain::ids::WorkflowId;

use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Expected, Ports, Workflows};
use crate::sharing;
use crate::writing::{Saved, answer_to_keep, answered_before, done, expect_revision, failure};

/// Removes a task; tethers that name it fail from then on.
///
/// # Errors
/// `WORKFLOW_NOT_FOUND`; `Forbidden`; `Conflict`; `Replayed` for a repetition.
pub async fn remove(
    ports: &impl Ports,
    context: &Context,
    workflow_id: WorkflowId,
    render: impl Fn(&Saved<()>) -> StoredAnswer,
) -> Result<Saved<()>, UseCaseError> {
    answered_before(ports, context).await?;
    let workflow = super::read(ports, context, workflow_id).await?;
    sharing::may_change(ports, context, workflow.organization_id, workflow.user_id).await?;
    expect_revision(context, workflow.revision)?;
    let saved = Saved {
        value: (),
        revision: workflow.revision + 1,
    };
    let answer = answer_to_keep(context, &saved, render);
    let expected = Expected::Revision(workflow.revision);
    let removed = ports
        .workflows()
        .remove(context, workflow_id, expected, answer);
    done(
        removed
            .await
            .map_err(|error| failure(context, error, Code::WorkflowNotFound))?,
    )?;
    Ok(saved)
}

#[cfg(test)]
mod tests {
    use domain::organization::OrganizationRole;

    use super::*;
    use crate::in_memory::World;
    use crate::ports::PortErrorKind;
    use crate::testing::{alice, bob, rendered, task};

    #[test]
    fn a_removed_task_is_gone() {
        let world = World::new();
        let id = task(&world, &alice(), None, "t").workflow_id;
        world.run(remove(&world, &alice(), id, rendered)).unwrap();
        let again = world
            .run(remove(&world, &alice(), id, rendered))
            .unwrap_err();
        assert_eq!(again, UseCaseError::NotFound(Code::WorkflowNotFound));
    }

    #[test]
    fn plain_members_may_look_but_not_remove() {
        let world = World::new();
        let acme = world.organization("Acme", &alice());
        let id = task(&world, &alice(), Some(acme), "t").workflow_id;
        let attempt = || world.run(remove(&world, &bob(), id, rendered)).unwrap_err();
        assert_eq!(attempt(), UseCaseError::NotFound(Code::WorkflowNotFound));
        world.add_member(acme, bob().actor.user_id, OrganizationRole::Member);
        assert!(matches!(attempt(), UseCaseError::Forbidden { .. }));
    }

    #[test]
    fn another_revision_than_the_named_one_is_refused() {
        let world = World::new();
        let id = task(&world, &alice(), None, "t").workflow_id;
        let mut context = alice();
        context.if_match = Some(7);
        let error = world
            .run(remove(&world, &context, id, rendered))
            .unwrap_err();
        let conflict = UseCaseError::Conflict {
            current_revision: Some(1),
            if_match: true,
        };
        assert_eq!(error, conflict);
    }

    #[test]
    fn a_task_that_goes_meanwhile_is_missing() {
        let world = World::new();
        let id = task(&world, &alice(), None, "t").workflow_id;
        world
            .faults()
            .fail_next("workflows.remove", PortErrorKind::NotFound);
        let gone = world
            .run(remove(&world, &alice(), id, rendered))
            .unwrap_err();
        assert_eq!(gone, UseCaseError::NotFound(Code::WorkflowNotFound));
    }
}
