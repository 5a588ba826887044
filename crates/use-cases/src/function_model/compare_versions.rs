//! Compares two states of a model (the comparing part of UC-007).

use domain::error::Code;
use domain::function_model::comparison::{Comparison, compare};
use domain::function_model::{Act, FunctionModel};
use domain::ids::ModelId;
use serde::Serialize;

use super::{access, snapshots};
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{Extent, FoundModel, Ports};

/// Stands for the working copy where a number is expected.
pub const WORKING: &str = "working";

/// What differs between two states of a model.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct VersionComparison {
    /// The model.
    pub model_id: ModelId,
    /// The former number.
    pub from: String,
    /// The latter number, or `working`.
    pub to: String,
    /// What differs.
    pub changes: Comparison,
}

/// Compares a snapshot with another one, or with the working copy.
///
/// # Errors
/// `FUNCTION_MODEL_NOT_FOUND`; `VERSION_NOT_FOUND`.
pub async fn compare_versions(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    from: &str,
    to: &str,
) -> Result<VersionComparison, UseCaseError> {
    let extent = match to {
        WORKING => Extent::Whole,
        _ => Extent::Header,
    };
    let found = access::load(ports, context, model_id, extent, Act::View).await?;
    let former = snapshot(ports, context, &found, from).await?;
    let changes = match to {
        WORKING => compare(&former, &found.model),
        number => compare(&former, &snapshot(ports, context, &found, number).await?),
    };
    Ok(VersionComparison {
        model_id,
        from: from.to_owned(),
        to: to.to_owned(),
        changes,
    })
}

async fn snapshot(
    ports: &impl Ports,
    context: &Context,
    found: &FoundModel,
    number: &str,
) -> Result<FunctionModel, UseCaseError> {
    let read = snapshots::read(ports, context, found, number).await?;
    read.ok_or(UseCaseError::NotFound(Code::VersionNotFound))
}

#[cfg(test)]
mod tests {
    use domain::vocabulary::VersionBump;

    use super::*;
    use crate::in_memory::World;
    use crate::testing::{Draft, alice, bob};

    #[test]
    fn snapshots_and_the_working_copy_are_compared() {
        let world = World::new();
        let draft = Draft::order_to_cash(&world);
        draft.publish(&world, "1.1.0");
        let id = draft.model_id;
        let look = |who: &Context, from: &str, to: &str| {
            world.run(compare_versions(&world, who, id, from, to))
        };
        let grown = look(&alice(), "1.0.0", "1.1.0").unwrap().changes;
        assert_eq!(grown.containers.added.len(), 3);
        assert_eq!(grown.suggested_bump, VersionBump::Minor);
        let shrunk = look(&alice(), "1.1.0", "1.0.0").unwrap().changes;
        assert!(shrunk.is_breaking);
        let same = look(&alice(), "1.1.0", WORKING).unwrap();
        assert!(same.changes.is_identical);
        assert_eq!(same.to, "working");
        let unknown = UseCaseError::NotFound(Code::VersionNotFound);
        assert_eq!(look(&alice(), "9.9.9", WORKING).unwrap_err(), unknown);
        assert_eq!(look(&alice(), "1.0.0", "9.9.9").unwrap_err(), unknown);
        assert_eq!(look(&alice(), WORKING, "1.0.0").unwrap_err(), unknown);
        let hidden = UseCaseError::NotFound(Code::FunctionModelNotFound);
        assert_eq!(look(&bob(), "1.0.0", WORKING).unwrap_err(), hidden);
    }
}
