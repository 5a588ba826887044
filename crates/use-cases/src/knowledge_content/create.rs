//! Adds a document to the built-in knowledge base.

use domain::error::Code;
use domain::ids::ContentId;
use domain::knowledge::{Article, CreateKnowledgeContent};

use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Clock, Expected, Ids, KnowledgeContent, KnowledgeContents, Ports};
use crate::sharing;
use crate::writing::{Saved, answer_to_keep, answered_before, done, failure};

/// Adds a document, for an organization or for the caller alone.
///
/// # Errors
/// `Forbidden` for members who may not edit; `CONTENT_INVALID` with every field that is wrong;
/// `Replayed` for a repetition.
pub async fn create(
    ports: &impl Ports,
    context: &Context,
    command: &CreateKnowledgeContent,
    render: impl Fn(&Saved<KnowledgeContent>) -> StoredAnswer,
) -> Result<Saved<KnowledgeContent>, UseCaseError> {
    answered_before(ports, context).await?;
    let user_id = context.actor.user_id;
    sharing::may_change(ports, context, command.organization_id, user_id).await?;
    let article = Article::parse(&command.title, &command.body, &command.tags)?;
    let now = ports.clock().instant();
    let saved = Saved {
        value: KnowledgeContent {
            content_id: ContentId::from_uuid(ports.ids().new_id()),
            organization_id: command.organization_id,
            user_id,
            title: article.title,
            body: article.body,
            tags: article.tags,
            created_at: now,
            updated_at: now,
            revision: 1,
        },
        revision: 1,
    };
    let answer = answer_to_keep(context, &saved, render);
    let contents = ports.knowledge_contents();
    let written = contents
        .save(context, &saved.value, Expected::New, answer)
        .await;
    done(written.map_err(|error| failure(context, error, Code::ContentNotFound))?)?;
    Ok(saved)
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::in_memory::World;
    use crate::testing::{alice, bob, refusal, rendered, with_key};

    fn command(title: &str) -> CreateKnowledgeContent {
        CreateKnowledgeContent {
            organization_id: None,
            title: title.into(),
            body: "How it is done".into(),
            tags: vec!["Finance".into()],
        }
    }

    #[test]
    fn a_document_is_stored_for_its_user() {
        let world = World::new();
        let saved = world
            .run(create(&world, &alice(), &command("Dunning"), rendered))
            .unwrap();
        let id = saved.value.content_id;
        let read = |context: &Context| world.run(super::super::read(&world, context, id));
        assert_eq!(read(&alice()).unwrap(), saved.value);
        let hidden = UseCaseError::NotFound(Code::ContentNotFound);
        assert_eq!(read(&bob()).unwrap_err(), hidden);
    }

    #[test]
    fn limits_and_foreign_organizations_refuse() {
        let world = World::new();
        let blank = world.run(create(&world, &alice(), &command(" "), rendered));
        assert_eq!(refusal(blank.unwrap_err()), Code::ContentInvalid);
        let foreign = CreateKnowledgeContent {
            organization_id: Some(world.organization("Acme", &alice())),
            ..command("Dunning")
        };
        let error = world
            .run(create(&world, &bob(), &foreign, rendered))
            .unwrap_err();
        assert!(matches!(error, UseCaseError::Forbidden { .. }));
    }

    #[test]
    fn a_repetition_adds_nothing() {
        let world = World::new();
        let keyed = with_key(alice(), "k", "h");
        let add = || world.run(create(&world, &keyed, &command("Dunning"), rendered));
        let first = add().unwrap();
        assert_eq!(add().unwrap_err(), UseCaseError::Replayed(rendered(&first)));
    }
}
