//! Who among the people may work with contexts, and which tree they mean.

use domain::error::Code;
use domain::function_model::Act;
use domain::ids::{ExecutionId, ModelId};
use domain::node_context::NodeContext;

use crate::context::Context;
use crate::error::UseCaseError;
use crate::function_model::access;
use crate::ports::{Contexts, Executions, Extent, PortError, PortErrorKind, Ports, TreeId};

/// The tree of a model or of one of its runs, for those who may execute the model.
///
/// # Errors
/// Those of access; `EXECUTION_NOT_FOUND` when the run is not one of the model.
pub(super) async fn tree(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    execution_id: Option<ExecutionId>,
) -> Result<(TreeId, Vec<NodeContext>), UseCaseError> {
    access::load(ports, context, model_id, Extent::Header, Act::Execute).await?;
    if let Some(execution_id) = execution_id {
        let run = ports.executions().find(context, execution_id).await?;
        if run.is_none_or(|run| run.model_id != model_id) {
            return Err(UseCaseError::NotFound(Code::ExecutionNotFound));
        }
    }
    let tree = TreeId {
        model_id,
        execution_id,
    };
    let contexts = ports.contexts().find_by_model(context, tree).await?;
    Ok((tree, contexts))
}

/// The failure of a change, in the words of contexts.
pub(super) fn refusal(error: PortError) -> UseCaseError {
    match error.kind {
        PortErrorKind::Forbidden => access::forbidden(Act::Execute),
        PortErrorKind::IdTaken => {
            let message = "The node has a context already.";
            domain::error::DomainError::new(Code::ContextAlreadyRegistered, message).into()
        }
        _ => error.into(),
    }
}

/// A rule's refusal; a context that is not there is missing like anything else.
pub(super) fn refused(refusal: domain::error::DomainError) -> UseCaseError {
    match refusal.code {
        Code::ContextNotFound => UseCaseError::NotFound(Code::ContextNotFound),
        _ => refusal.into(),
    }
}
