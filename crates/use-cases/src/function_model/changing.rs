//! The way every change of a model takes: load, decide, save.

use domain::error::{Code, DomainError};
use domain::function_model::commands::AddContainerNode;
use domain::function_model::decide::decide;
use domain::function_model::{Act, Command, Delta, FunctionModel, evolve};
use domain::ids::ModelId;
use domain::organization::OrganizationRole;

use super::{access, nesting};
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Clock, Expected, Extent, FunctionModels, ModelSave, PortErrorKind, Ports};
use crate::writing::{
    REPETITIONS, Saved, answer_to_keep, answered_before, done, expect_revision, failure,
};

/// What to do when somebody else saved first and the caller named no revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LostRace {
    /// The command means the same on any revision: try again, up to three times.
    Repeat,
    /// The caller must look again.
    Refuse,
}

/// Changes a model by one command; `show` picks from the changed model what the caller gets.
///
/// # Errors
/// Those of access and of the command's rules; `Conflict` after a lost race; `Replayed` for a
/// repetition.
pub(super) async fn change<T>(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    mut command: Command,
    lost: LostRace,
    show: impl Fn(&FunctionModel) -> Result<T, DomainError>,
    render: impl Fn(&Saved<T>) -> StoredAnswer,
) -> Result<Saved<T>, UseCaseError> {
    answered_before(ports, context).await?;
    let extent = extent_of(&command);
    let mut repetitions = 0;
    loop {
        let found = access::load(ports, context, model_id, extent, act_of(&command)).await?;
        inform_of_role(&mut command, found.role);
        inform_of_size(&mut command, found.besides);
        let model = found.model;
        nesting::inform(ports, context, &mut command).await?;
        let now = ports.clock().instant();
        let events = decide(&model, &command, context.actor.user_id, now)?;
        expect_revision(context, model.revision)?;
        if events.is_empty() {
            return Ok(Saved {
                revision: model.revision,
                value: show(&model)?,
            });
        }
        let expected = Expected::Revision(model.revision);
        let mut after = events.iter().fold(model, evolve);
        after.revision = expected.next();
        let saved = Saved {
            value: show(&after)?,
            revision: after.revision,
        };
        let change = ModelSave {
            model: &after,
            expected,
            delta: &Delta::of(&events),
            events: &events,
            version: None,
            answer: answer_to_keep(context, &saved, &render),
        };
        let error = match ports.function_models().save(context, change).await {
            Ok(written) => return done(written).map(|_| saved),
            Err(error) => error,
        };
        let raced = matches!(error.kind, PortErrorKind::Conflict { .. });
        let again = raced && lost == LostRace::Repeat && context.if_match.is_none();
        if !again || repetitions == REPETITIONS {
            return Err(refusal(context, &command, error));
        }
        repetitions += 1;
    }
}

/// What the caller needs the right to.
fn act_of(command: &Command) -> Act {
    match command {
        Command::ChangePermissions(_) => Act::ChangePermissions,
        _ => Act::Edit,
    }
}

/// Handing a model over is also the right of its organization's admins.
fn inform_of_role(command: &mut Command, role: Option<OrganizationRole>) {
    if let Command::ChangePermissions(command) = command {
        command.by_org_admin = role.is_some_and(OrganizationRole::is_admin);
    }
}

/// Where only a part of the model was read, its size is what else there is.
fn inform_of_size(command: &mut Command, besides: usize) {
    match command {
        Command::AddContainerNode(command) => command.besides = besides,
        Command::AddActionNode(command) => command.besides = besides,
        _ => {}
    }
}

/// As much as the command's rules look at. A dependency may close a cycle through the whole model,
/// and an edit of the structure may hold many of them.
fn extent_of(command: &Command) -> Extent {
    match command {
        Command::Update(_) | Command::ChangePermissions(_) => Extent::Header,
        Command::ChangeContainerNode(change) => Extent::Container(change.node_id),
        Command::RemoveDependency(edge) => Extent::Container(edge.node_id),
        Command::ReorderActions(order) => Extent::Container(order.node_id),
        Command::ChangeActionNode(change) => Extent::ContainerOf(change.action_id),
        Command::RemoveActionNode(action_id) => Extent::ContainerOf(*action_id),
        Command::RemoveContainerNode(node_id) => Extent::Dependents(*node_id),
        Command::AddContainerNode(AddContainerNode {
            node_id: Some(node_id),
            ..
        }) => Extent::Room(*node_id, None),
        Command::AddActionNode(add) => Extent::Room(add.parent_node_id, add.action_id),
        Command::AddContainerNode(_)
        | Command::AddDependency(_)
        | Command::EditStructure(_)
        | Command::Publish(_)
        | Command::CreateVersion(_)
        | Command::RestoreVersion(_) => Extent::Whole,
    }
}

/// The failure of a save, in the words of the command.
fn refusal(context: &Context, command: &Command, error: crate::ports::PortError) -> UseCaseError {
    let actions = matches!(
        command,
        Command::AddActionNode(_) | Command::ChangeActionNode(_)
    );
    match error.kind {
        PortErrorKind::IdTaken if actions => {
            let message = "The model has an action of this identifier already.";
            DomainError::new(Code::ActionAlreadyExists, message).into()
        }
        _ => failure(context, error, Code::FunctionModelNotFound),
    }
}
