//! Registers a task of the built-in workflow service.

use domain::built_in_workflow::{CreateWorkflow, HttpTask, workflow_name};
use domain::error::{Code, Violations};
use domain::ids::WorkflowId;
use domain::json;

use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Clock, Expected, Ids, Ports, Workflow, Workflows};
use crate::sharing;
use crate::writing::{Saved, answer_to_keep, answered_before, done, failure};

/// Registers a task, for an organization or for the caller alone.
///
/// # Errors
/// `Forbidden` for members who may not edit; `WORKFLOW_CONFIGURATION_INVALID` with every field
/// that is wrong; `Replayed` for a repetition.
pub async fn create(
    ports: &impl Ports,
    context: &Context,
    command: &CreateWorkflow,
    render: impl Fn(&Saved<Workflow>) -> StoredAnswer,
) -> Result<Saved<Workflow>, UseCaseError> {
    answered_before(ports, context).await?;
    let user_id = context.actor.user_id;
    sharing::may_change(ports, context, command.organization_id, user_id).await?;
    let mut violations = Violations::new();
    let name = violations.take("", workflow_name(&command.name));
    let task = violations.take("", HttpTask::parse(&command.definition));
    violations.finish()?;
    let now = ports.clock().instant();
    let saved = Saved {
        value: Workflow {
            workflow_id: WorkflowId::from_uuid(ports.ids().new_id()),
            organization_id: command.organization_id,
            user_id,
            name: name.unwrap_or_default(),
            definition: json::to_value(&task),
            created_at: now,
            updated_at: now,
            revision: 1,
        },
        revision: 1,
    };
    let answer = answer_to_keep(context, &saved, render);
    let written = ports
        .workflows()
        .save(context, &saved.value, Expected::New, answer);
    done(
        written
            .await
            .map_err(|error| failure(context, error, Code::WorkflowNotFound))?,
    )?;
    Ok(saved)
}

#[cfg(test)]
mod tests {
    use domain::organization::OrganizationRole;

    use serde_json::json;

    use super::*;
    use crate::in_memory::World;
    use crate::testing::{alice, bob, object, refusal, rendered, with_key};

    fn command(name: &str, url: &str) -> CreateWorkflow {
        CreateWorkflow {
            organization_id: None,
            name: name.into(),
            definition: object(json!({"method": "POST", "url": url})),
        }
    }

    fn attempt(
        world: &World,
        context: &Context,
        command: &CreateWorkflow,
    ) -> Result<Saved<Workflow>, UseCaseError> {
        world.run(create(world, context, command, rendered))
    }

    #[test]
    fn a_task_is_stored_for_its_user() {
        let world = World::new();
        let good = command(" Credit ", "https://example.com/");
        let saved = attempt(&world, &alice(), &good).unwrap().value;
        let id = saved.workflow_id;
        let read = |context: &Context| world.run(super::super::read(&world, context, id));
        assert_eq!(read(&alice()).unwrap(), saved);
        assert_eq!((saved.name.as_str(), saved.revision), ("Credit", 1));
        let hidden = UseCaseError::NotFound(Code::WorkflowNotFound);
        assert_eq!(read(&bob()).unwrap_err(), hidden);
    }

    #[test]
    fn everything_wrong_is_named() {
        let bad = command(" ", "ftp://example.com/");
        let error = attempt(&World::new(), &alice(), &bad).unwrap_err();
        let UseCaseError::Refused(error) = error else {
            panic!("refused, got {error}");
        };
        assert_eq!(error.code, Code::WorkflowConfigurationInvalid);
        let fields: Vec<&str> = error.errors.iter().map(|e| e.field.as_str()).collect();
        assert_eq!(fields, ["name", "definition.url"]);
    }

    #[test]
    fn only_editors_register_for_an_organization() {
        let world = World::new();
        let acme = world.organization("Acme", &alice());
        let shared = CreateWorkflow {
            organization_id: Some(acme),
            ..command("Credit", "https://example.com/")
        };
        let forbidden = |error| matches!(error, UseCaseError::Forbidden { .. });
        assert!(forbidden(attempt(&world, &bob(), &shared).unwrap_err()));
        let bob_id = bob().actor.user_id;
        world.add_member(acme, bob_id, OrganizationRole::Viewer);
        assert!(forbidden(attempt(&world, &bob(), &shared).unwrap_err()));
        world.add_member(acme, bob_id, OrganizationRole::Editor);
        attempt(&world, &bob(), &shared).unwrap();
        let mut service = bob();
        service.actor.service = true;
        attempt(&world, &service, &shared).unwrap();
    }

    #[test]
    fn a_repetition_registers_nothing() {
        let world = World::new();
        let good = command("Credit", "https://example.com/");
        let keyed = with_key(alice(), "k", "h");
        let first = attempt(&world, &keyed, &good).unwrap();
        let again = attempt(&world, &keyed, &good).unwrap_err();
        assert_eq!(again, UseCaseError::Replayed(rendered(&first)));
        let other = with_key(alice(), "k", "other");
        let reused = attempt(&world, &other, &good).unwrap_err();
        assert_eq!(refusal(reused), Code::IdempotencyKeyReused);
    }
}
