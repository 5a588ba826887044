//! Changes a task of the built-in workflow service.

use domain::built_in_workflow::{HttpTask, UpdateWorkflow, updated};
use domain::error::Code;
use domain::ids::WorkflowId;
use domain::json;
use serde::Deserialize;

use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Clock, Expected, PortError, PortErrorKind, Ports, Workflow, Workflows};
use crate::sharing;
use crate::writing::{Saved, answer_to_keep, answered_before, done, expect_revision, failure};

/// Changes the name or the definition of a task; runs use it from their next call on.
///
/// # Errors
/// `WORKFLOW_NOT_FOUND`; `Forbidden`; `NOTHING_TO_CHANGE`, `WORKFLOW_CONFIGURATION_INVALID`;
/// `Conflict`; `Replayed` for a repetition.
pub async fn change(
    ports: &impl Ports,
    context: &Context,
    workflow_id: WorkflowId,
    changes: &UpdateWorkflow,
    render: impl Fn(&Saved<Workflow>) -> StoredAnswer,
) -> Result<Saved<Workflow>, UseCaseError> {
    answered_before(ports, context).await?;
    let workflow = super::read(ports, context, workflow_id).await?;
    sharing::may_change(ports, context, workflow.organization_id, workflow.user_id).await?;
    let task = HttpTask::deserialize(&workflow.definition).map_err(|error| {
        let detail = format!("workflow {workflow_id}: {error}");
        PortError::new(PortErrorKind::Corrupt, "workflows.find", detail)
    })?;
    let (name, task) = updated(&workflow.name, &task, changes)?;
    expect_revision(context, workflow.revision)?;
    let expected = Expected::Revision(workflow.revision);
    let saved = Saved {
        value: Workflow {
            name,
            definition: json::to_value(&task),
            updated_at: ports.clock().instant(),
            revision: expected.next(),
            ..workflow
        },
        revision: expected.next(),
    };
    let answer = answer_to_keep(context, &saved, render);
    let written = ports
        .workflows()
        .save(context, &saved.value, expected, answer);
    done(
        written
            .await
            .map_err(|error| failure(context, error, Code::WorkflowNotFound))?,
    )?;
    Ok(saved)
}

#[cfg(test)]
mod tests {

    use serde_json::json;

    use super::*;
    use crate::in_memory::World;
    use crate::testing::{alice, bob, object, refusal, rendered, task};

    fn attempt(
        world: &World,
        context: &Context,
        id: WorkflowId,
        changes: &UpdateWorkflow,
    ) -> Result<Saved<Workflow>, UseCaseError> {
        world.run(change(world, context, id, changes, rendered))
    }

    #[test]
    fn the_changed_task_is_stored() {
        let world = World::new();
        let before = task(&world, &alice(), None, "Credit");
        let id = before.workflow_id;
        let changes = UpdateWorkflow {
            name: None,
            definition: Some(object(
                json!({"method": "GET", "url": "https://example.org/"}),
            )),
        };
        let saved = attempt(&world, &alice(), id, &changes).unwrap();
        assert_eq!((saved.revision, saved.value.name.as_str()), (2, "Credit"));
        assert_eq!(saved.value.definition["method"], "GET");
        let read = world.run(super::super::read(&world, &alice(), id)).unwrap();
        assert_eq!(read, saved.value);
    }

    #[test]
    fn strangers_nothing_and_stale_revisions_are_refused() {
        let world = World::new();
        let id = task(&world, &alice(), None, "Credit").workflow_id;
        let nothing = UpdateWorkflow::default();
        let error = attempt(&world, &alice(), id, &nothing).unwrap_err();
        assert_eq!(refusal(error), Code::NothingToChange);
        let rename = UpdateWorkflow {
            name: Some("Other".into()),
            definition: None,
        };
        let hidden = attempt(&world, &bob(), id, &rename).unwrap_err();
        assert_eq!(hidden, UseCaseError::NotFound(Code::WorkflowNotFound));
        let mut context = alice();
        context.if_match = Some(3);
        let stale = attempt(&world, &context, id, &rename).unwrap_err();
        assert!(matches!(
            stale,
            UseCaseError::Conflict { if_match: true, .. }
        ));
    }
}
