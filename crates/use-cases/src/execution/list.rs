//! Lists the runs of a model.

use domain::function_model::permissions::Act;
use domain::ids::ModelId;
use domain::vocabulary::ExecutionStatus;

use crate::context::Context;
use crate::error::UseCaseError;
use crate::function_model::access;
use crate::ports::{Execution, Executions, Extent, Page, PageRequest, Ports};

/// The runs of a model, newest first.
///
/// # Errors
/// `FUNCTION_MODEL_NOT_FOUND` when the model is missing or hidden.
pub async fn list(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    status: Option<ExecutionStatus>,
    page: &PageRequest,
) -> Result<Page<Execution>, UseCaseError> {
    access::load(ports, context, model_id, Extent::Header, Act::View).await?;
    let runs = ports.executions().list(context, model_id, status, page);
    Ok(runs.await?)
}

#[cfg(test)]
mod tests {
    use domain::error::Code;

    use super::*;
    use crate::in_memory::World;
    use crate::testing::{Draft, Run, alice, bob};

    #[test]
    fn the_newest_run_comes_first() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        let mut first = Run::pending(&world, &draft);
        first.claim(&world);
        world.clock().advance(1000);
        let second = Run::again(&world, &draft, &alice());
        let ids = |context: &Context, status| {
            let request = PageRequest::default();
            let page = world.run(list(&world, context, draft.model_id, status, &request));
            page.map(|page| {
                page.items
                    .iter()
                    .map(|run| run.execution_id)
                    .collect::<Vec<_>>()
            })
        };
        let all = ids(&alice(), None).unwrap();
        assert_eq!(all, [second.execution_id, first.execution_id]);
        let running = ids(&alice(), Some(ExecutionStatus::Running)).unwrap();
        assert_eq!(running, [first.execution_id]);
        let hidden = UseCaseError::NotFound(Code::FunctionModelNotFound);
        assert_eq!(ids(&bob(), None).unwrap_err(), hidden);
    }
}
