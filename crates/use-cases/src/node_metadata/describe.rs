//! Describes a node for searching.

use domain::error::Code;
use domain::function_model::permissions::Act;
use domain::ids::EntityId;
use domain::node_metadata::{DescribeNode, NodeMetadata};
use domain::vocabulary::FeatureType;

use crate::ai_agent::access;
use crate::context::{Context, StoredAnswer};
use crate::error::UseCaseError;
use crate::ports::{Clock, DescribedNodes, Expected, NodeQuestion, Ports};
use crate::writing::{Saved, answer_to_keep, answered_before, done, expect_revision, failure};

/// Describes a node of an entity the caller may edit; what was there is replaced.
///
/// # Errors
/// `FUNCTION_MODEL_NOT_FOUND`, `Forbidden`; `MODEL_DELETED`; `NODE_METADATA_INVALID`; `Conflict`;
/// `Replayed` for a repetition.
pub async fn describe(
    ports: &impl Ports,
    context: &Context,
    (feature, entity, node): (FeatureType, EntityId, EntityId),
    command: &DescribeNode,
    render: impl Fn(&Saved<NodeMetadata>) -> StoredAnswer,
) -> Result<Saved<NodeMetadata>, UseCaseError> {
    answered_before(ports, context).await?;
    let organization =
        access::of_entity(ports, context, (feature, entity), None, Act::Edit).await?;
    let mut described = command.describe(feature, entity, node, ports.clock().instant())?;
    let question = NodeQuestion {
        feature_type: Some(feature),
        entity_id: Some(entity),
        node_id: Some(node),
        limit: 1,
        ..NodeQuestion::default()
    };
    let nodes = ports.described_nodes();
    let stored = nodes.find(&context.actor, &question).await?.pop();
    let expected = match &stored {
        Some(stored) => Expected::Revision(stored.revision),
        None => Expected::New,
    };
    expect_revision(context, expected.number())?;
    described.created_at = stored.map_or(described.created_at, |stored| stored.created_at);
    described.revision = expected.next();
    let saved = Saved {
        revision: expected.next(),
        value: described,
    };
    let answer = answer_to_keep(context, &saved, render);
    let written = nodes.save(context, &saved.value, organization, expected, answer);
    let missing = Code::NodeNotFound;
    done(
        written
            .await
            .map_err(|error| failure(context, error, missing))?,
    )?;
    Ok(saved)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::in_memory::nth_id;
    use crate::ports::{NodeFilter, PageRequest};
    use crate::testing::agents::scene;
    use crate::testing::{alice, bob, refusal, rendered};

    fn command(words: &[&str], vector: Option<Vec<f64>>) -> DescribeNode {
        let body = json!({"nodeType": "stageNode", "searchKeywords": words, "semanticTags": ["vat"],
            "vectorEmbedding": vector});
        domain::json::from_value(body).unwrap()
    }

    #[test]
    fn a_node_is_described_found_and_described_anew() {
        let (world, model) = scene();
        let entity = EntityId::from_uuid(model.as_uuid());
        let place = |n| {
            (
                FeatureType::FunctionModel,
                entity,
                EntityId::from_uuid(nth_id(n)),
            )
        };
        let attempt = |context: &Context, n, command: &DescribeNode| {
            world.run(describe(&world, context, place(n), command, rendered))
        };
        attempt(&alice(), 1, &command(&["tax"], Some(vec![1.0, 0.0]))).unwrap();
        let again = attempt(&alice(), 1, &command(&["law"], Some(vec![1.0, 0.0]))).unwrap();
        assert_eq!(again.revision, 2);
        attempt(&alice(), 2, &command(&["tax"], Some(vec![0.0, 1.0]))).unwrap();
        let hidden = attempt(&bob(), 1, &command(&[], None)).unwrap_err();
        assert_eq!(hidden, UseCaseError::NotFound(Code::FunctionModelNotFound));
        let bad = attempt(&alice(), 1, &command(&[], Some(vec![]))).unwrap_err();
        assert_eq!(refusal(bad), Code::NodeMetadataInvalid);

        let read = |context: &Context, n| world.run(super::super::read(&world, context, place(n)));
        assert_eq!(read(&alice(), 1).unwrap(), again.value);
        let missing = UseCaseError::NotFound(Code::NodeNotFound);
        assert_eq!(read(&alice(), 3).unwrap_err(), missing);
        assert_eq!(read(&bob(), 1).unwrap_err(), missing);

        let count = |keyword: Option<&str>, tag: Option<&str>| {
            let filter = NodeFilter {
                keyword: keyword.map(str::to_owned),
                tag: tag.map(str::to_owned),
            };
            let page = PageRequest::default();
            let who = alice();
            let found = super::super::list(&world, &who, &filter, &page);
            world.run(found).unwrap().items.len()
        };
        assert_eq!((count(None, None), count(Some("a"), None)), (2, 2));
        assert_eq!((count(Some("TA"), None), count(None, Some("vat"))), (1, 2));
        assert_eq!(count(None, Some("va")), 0);

        let question = domain::node_metadata::FindSimilarNodes {
            vector: vec![1.0, 0.1],
            feature_type: None,
            limit: Some(1),
            minimum: None,
        };
        let found = world
            .run(super::super::similar(&world, &alice(), &question))
            .unwrap();
        assert_eq!(found.items[0].node.node_id, place(1).2);
        let none = world
            .run(super::super::similar(&world, &bob(), &question))
            .unwrap();
        assert!(none.items.is_empty());
    }
}
