//! Changes a document of the built-in knowledge base.

use domain::error::Code;
use domain::ids::ContentId;
use domain::knowledge::{Article, UpdateKnowledgeContent};

use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Clock, Expected, KnowledgeContent, KnowledgeContents, Ports};
use crate::sharing;
use crate::writing::{Saved, answer_to_keep, answered_before, done, expect_revision, failure};

/// Changes the title, text or tags of a document.
///
/// # Errors
/// `CONTENT_NOT_FOUND`; `Forbidden`; `NOTHING_TO_CHANGE`, `CONTENT_INVALID`; `Conflict`;
/// `Replayed` for a repetition.
pub async fn change(
    ports: &impl Ports,
    context: &Context,
    content_id: ContentId,
    changes: &UpdateKnowledgeContent,
    render: impl Fn(&Saved<KnowledgeContent>) -> StoredAnswer,
) -> Result<Saved<KnowledgeContent>, UseCaseError> {
    answered_before(ports, context).await?;
    let content = super::read(ports, context, content_id).await?;
    sharing::may_change(ports, context, content.organization_id, content.user_id).await?;
    let article = Article {
        title: content.title.clone(),
        body: content.body.clone(),
        tags: content.tags.clone(),
    };
    let article = article.updated(changes)?;
    expect_revision(context, content.revision)?;
    let expected = Expected::Revision(content.revision);
    let saved = Saved {
        value: KnowledgeContent {
            title: article.title,
            body: article.body,
            tags: article.tags,
            updated_at: ports.clock().instant(),
            revision: expected.next(),
            ..content
        },
        revision: expected.next(),
    };
    let answer = answer_to_keep(context, &saved, render);
    let contents = ports.knowledge_contents();
    let written = contents.save(context, &saved.value, expected, answer).await;
    done(written.map_err(|error| failure(context, error, Code::ContentNotFound))?)?;
    Ok(saved)
}

#[cfg(test)]
mod tests {
    use domain::organization::OrganizationRole;

    use super::*;
    use crate::in_memory::World;
    use crate::ports::PortErrorKind;
    use crate::testing::{alice, bob, document, refusal, rendered};

    fn titled(title: &str) -> UpdateKnowledgeContent {
        UpdateKnowledgeContent {
            title: Some(title.into()),
            ..UpdateKnowledgeContent::default()
        }
    }

    fn attempt(
        world: &World,
        context: &Context,
        id: ContentId,
        changes: &UpdateKnowledgeContent,
    ) -> Result<Saved<KnowledgeContent>, UseCaseError> {
        world.run(change(world, context, id, changes, rendered))
    }

    #[test]
    fn the_changed_document_is_stored() {
        let world = World::new();
        let id = document(&world, &alice(), None, "Dunning", "text").content_id;
        let saved = attempt(&world, &alice(), id, &titled("Reminders")).unwrap();
        let read = world.run(super::super::read(&world, &alice(), id)).unwrap();
        assert_eq!(read, saved.value);
        assert_eq!(
            (read.title.as_str(), read.body.as_str(), read.revision),
            ("Reminders", "text", 2)
        );
    }

    #[test]
    fn viewers_nothing_and_failures_are_refused() {
        let world = World::new();
        let acme = world.organization("Acme", &alice());
        let id = document(&world, &alice(), Some(acme), "Dunning", "text").content_id;
        world.add_member(acme, bob().actor.user_id, OrganizationRole::Viewer);
        let viewer = attempt(&world, &bob(), id, &titled("Other")).unwrap_err();
        assert!(matches!(viewer, UseCaseError::Forbidden { .. }));
        let nothing = attempt(&world, &alice(), id, &UpdateKnowledgeContent::default());
        assert_eq!(refusal(nothing.unwrap_err()), Code::NothingToChange);
        let raced = PortErrorKind::Conflict {
            current_revision: Some(4),
        };
        world.faults().fail_next("knowledge_contents.save", raced);
        let lost = attempt(&world, &alice(), id, &titled("Other")).unwrap_err();
        let conflict = UseCaseError::Conflict {
            current_revision: Some(4),
            if_match: false,
        };
        assert_eq!(lost, conflict);
    }
}
