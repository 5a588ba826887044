//! Removes a document of the built-in knowledge base.

use domain::error::Code;
use domain::ids::ContentId;

use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Expected, KnowledgeContents, Ports};
use crate::sharing;
use crate::writing::{Saved, answer_to_keep, answered_before, done, expect_revision, failure};

/// Removes a document; actions that name it fail from then on.
///
/// # Errors
/// `CONTENT_NOT_FOUND`; `Forbidden`; `Conflict`; `Replayed` for a repetition.
pub async fn remove(
    ports: &impl Ports,
    context: &Context,
    content_id: ContentId,
    render: impl Fn(&Saved<()>) -> StoredAnswer,
) -> Result<Saved<()>, UseCaseError> {
    answered_before(ports, context).await?;
    let content = super::read(ports, context, content_id).await?;
    sharing::may_change(ports, context, content.organization_id, content.user_id).await?;
    expect_revision(context, content.revision)?;
    let saved = Saved {
        value: (),
        revision: content.revision + 1,
    };
    let answer = answer_to_keep(context, &saved, render);
    let expected = Expected::Revision(content.revision);
    let contents = ports.knowledge_contents();
    let removed = contents.remove(context, content_id, expected, answer).await;
    done(removed.map_err(|error| failure(context, error, Code::ContentNotFound))?)?;
    Ok(saved)
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::in_memory::World;
    use crate::testing::{alice, bob, document, rendered, with_key};

    #[test]
    fn a_removed_document_is_gone_and_a_repetition_is_recognised() {
        let world = World::new();
        let id = document(&world, &alice(), None, "Dunning", "text").content_id;
        let attempt = |context: &Context| world.run(remove(&world, context, id, rendered));
        let missing = UseCaseError::NotFound(Code::ContentNotFound);
        assert_eq!(attempt(&bob()).unwrap_err(), missing);
        let keyed = with_key(alice(), "k", "h");
        let first = attempt(&keyed).unwrap();
        assert_eq!(
            attempt(&keyed).unwrap_err(),
            UseCaseError::Replayed(rendered(&first))
        );
        assert_eq!(attempt(&alice()).unwrap_err(), missing);
    }
}
