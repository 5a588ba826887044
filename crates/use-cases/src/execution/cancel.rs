//! UC-005: ends a run, and everything nested in it.

use domain::ids::ExecutionId;

use super::control::control;
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Control, Execution, Ports};
use crate::writing::Saved;

/// Ends a run; what is being done for it right now ends as cancelled.
///
/// # Errors
/// `EXECUTION_NOT_FOUND`; `Forbidden`; `REASON_INVALID`; `EXECUTION_ALREADY_FINISHED`; `Conflict`
/// when the caller named another revision.
pub async fn cancel(
    ports: &impl Ports,
    context: &Context,
    execution_id: ExecutionId,
    reason: Option<&str>,
    render: impl Fn(&Saved<Execution>) -> StoredAnswer,
) -> Result<Saved<Execution>, UseCaseError> {
    control(
        ports,
        context,
        execution_id,
        Control::Cancel,
        reason,
        render,
    )
    .await
}

#[cfg(test)]
mod tests {
    use domain::error::Code;
    use domain::vocabulary::ExecutionStatus;

    use super::*;
    use crate::in_memory::World;
    use crate::ports::PortErrorKind;
    use crate::testing::{Draft, Run, alice, bob, refusal as code, rendered, with_key};

    fn attempt(
        world: &World,
        context: &Context,
        run: &Run,
        reason: Option<&str>,
    ) -> Result<Saved<Execution>, UseCaseError> {
        world.run(cancel(world, context, run.execution_id, reason, rendered))
    }

    #[test]
    fn a_run_ends_once() {
        let world = World::new();
        let run = Run::pending(&world, &Draft::order_to_cash(&world));
        let long = "x".repeat(2001);
        let refused = attempt(&world, &alice(), &run, Some(&long)).unwrap_err();
        assert_eq!(code(refused), Code::ReasonInvalid);
        let saved = attempt(&world, &alice(), &run, Some("enough")).unwrap();
        assert_eq!(saved.value.status, ExecutionStatus::Cancelled);
        let read = world
            .run(super::super::read(&world, &alice(), run.execution_id))
            .unwrap();
        assert_eq!(read.execution.status, ExecutionStatus::Cancelled);
        let again = attempt(&world, &alice(), &run, None).unwrap_err();
        assert_eq!(code(again), Code::ExecutionAlreadyFinished);
    }

    #[test]
    fn a_repetition_gets_the_first_answer() {
        let world = World::new();
        let run = Run::pending(&world, &Draft::order_to_cash(&world));
        let keyed = with_key(alice(), "k", "h");
        let first = attempt(&world, &keyed, &run, None).unwrap();
        let again = attempt(&world, &keyed, &run, None).unwrap_err();
        assert_eq!(again, UseCaseError::Replayed(rendered(&first)));
    }

    #[test]
    fn who_may_execute_controls_and_so_does_who_started() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let run = Run::pending(&world, &draft);
        let hidden = attempt(&world, &bob(), &run, None).unwrap_err();
        assert_eq!(hidden, UseCaseError::NotFound(Code::ExecutionNotFound));
        world.let_view(draft.model_id, &bob());
        let viewer = attempt(&world, &bob(), &run, None).unwrap_err();
        let required = "execute".to_owned();
        assert_eq!(viewer, UseCaseError::Forbidden { required });
        world.let_edit(draft.model_id, &bob());
        attempt(&world, &bob(), &run, None).unwrap();
        let other = Run::again(&world, &draft, &bob());
        world.arrange(draft.model_id, |model| model.permissions.editors.clear());
        attempt(&world, &bob(), &other, None).unwrap();
    }

    #[test]
    fn a_run_that_ends_meanwhile_is_told() {
        let world = World::new();
        let run = Run::pending(&world, &Draft::order_to_cash(&world));
        world
            .faults()
            .fail_next("executions.cancel", PortErrorKind::Finished);
        let error = attempt(&world, &alice(), &run, None).unwrap_err();
        assert_eq!(code(error), Code::ExecutionAlreadyFinished);
        let meanwhile = |kind| {
            world.faults().fail_next("executions.cancel", kind);
            attempt(&world, &alice(), &run, None).unwrap_err()
        };
        let gone = meanwhile(PortErrorKind::NotFound);
        assert_eq!(gone, UseCaseError::NotFound(Code::ExecutionNotFound));
        let required = "execute".to_owned();
        let withdrawn = meanwhile(PortErrorKind::Forbidden);
        assert_eq!(withdrawn, UseCaseError::Forbidden { required });
    }
}
