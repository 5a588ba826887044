mod batches;

use domain::error::Code;
use domain::ids::{EntityId, LinkId, NodeId};
use domain::node_link::{
    CalculateLinkStrength, ChangeNodeLink, CheckLinkIntegrity, CreateNodeLink, CycleFilter,
    EntityOperation, LinkFate, NodeLink, RemoveNodeLink,
};
use domain::organization::OrganizationRole;
use domain::vocabulary::{FeatureType, LinkType};

use super::*;
use crate::context::Context;
use crate::error::UseCaseError;
use crate::in_memory::{World, nth_id};
use crate::ports::{LinkFilter, NodeLinks as _, PageRequest, PortErrorKind, Ports as _};
use crate::testing::{Draft, alice, bob, document, refusal, rendered, with_key};
use crate::writing::Saved;

fn entity(n: u64) -> EntityId {
    EntityId::from_uuid(nth_id(0xe000 + n))
}

fn of(draft: &Draft) -> EntityId {
    EntityId::from_uuid(draft.model_id.as_uuid())
}

/// A link from a model to something of the knowledge base.
fn documents(model: EntityId, article: EntityId) -> CreateNodeLink {
    CreateNodeLink {
        source_feature: FeatureType::FunctionModel,
        target_feature: FeatureType::KnowledgeBase,
        source_entity_id: model,
        target_entity_id: article,
        source_node_id: None,
        target_node_id: None,
        link_type: LinkType::References,
        link_strength: None,
        link_context: None,
    }
}

fn between(one: EntityId, other: EntityId) -> CreateNodeLink {
    CreateNodeLink {
        target_feature: FeatureType::FunctionModel,
        ..documents(one, other)
    }
}

fn attempt(
    world: &World,
    who: &Context,
    command: &CreateNodeLink,
) -> Result<Saved<NodeLink>, UseCaseError> {
    world.run(create(world, who, command, rendered))
}

fn link(world: &World, who: &Context, command: &CreateNodeLink) -> NodeLink {
    attempt(world, who, command).unwrap().value
}

fn look(world: &World, who: &Context, link_id: LinkId) -> Result<NodeLink, UseCaseError> {
    world.run(read(world, who, link_id))
}

fn count(world: &World, who: &Context, filter: &LinkFilter) -> usize {
    let page = PageRequest::default();
    world
        .run(list(world, who, filter, &page))
        .unwrap()
        .items
        .len()
}

const HIDDEN: UseCaseError = UseCaseError::NotFound(Code::LinkNotFound);

#[test]
fn a_link_is_stored_with_its_events() {
    let world = World::new();
    let draft = Draft::order_to_cash(&world);
    let made = link(&world, &alice(), &documents(of(&draft), entity(1)));
    assert_eq!(made.warnings, Some(vec![]));
    let read = look(&world, &alice(), made.link_id).unwrap();
    assert_eq!(
        read,
        NodeLink {
            warnings: None,
            ..made.clone()
        }
    );
    let events = ["NodeLinkCreated", "CrossFeatureLinkEstablished"];
    assert_eq!(world.event_types(made.link_id.as_uuid()), events);
    let again = attempt(&world, &alice(), &documents(of(&draft), entity(1)));
    assert_eq!(refusal(again.unwrap_err()), Code::LinkAlreadyExists);
}

#[test]
fn ends_that_are_models_are_judged() {
    let world = World::new();
    let (draft, other) = (Draft::order_to_cash(&world), Draft::empty(&world, "Other"));
    let theirs = Draft::empty_of(&world, &bob(), "Theirs");
    let hidden = UseCaseError::NotFound(Code::FunctionModelNotFound);
    let refused = |who: &Context, one: &Draft, other: &Draft| {
        attempt(&world, who, &between(of(one), of(other))).unwrap_err()
    };
    assert_eq!(refused(&bob(), &draft, &theirs), hidden);
    assert_eq!(refused(&alice(), &draft, &theirs), hidden);
    world.let_view(draft.model_id, &bob());
    let forbidden = refused(&bob(), &draft, &theirs);
    assert!(matches!(forbidden, UseCaseError::Forbidden { .. }));
    // Viewing is enough at the end.
    link(&world, &bob(), &between(of(&theirs), of(&draft)));
    world.delete(other.model_id);
    let deleted = refused(&alice(), &draft, &other);
    assert_eq!(refusal(deleted), Code::ModelDeleted);
    let missing = attempt(&world, &alice(), &between(of(&draft), entity(9)));
    assert_eq!(missing.unwrap_err(), hidden);
}

#[test]
fn nodes_must_be_in_their_models() {
    let world = World::new();
    let (draft, other) = (Draft::order_to_cash(&world), Draft::empty(&world, "Other"));
    let action = NodeId::from_uuid(draft.actions[0].as_uuid());
    let nodes = |source, target| CreateNodeLink {
        source_node_id: Some(source),
        target_node_id: Some(target),
        ..between(of(&draft), of(&draft))
    };
    assert!(attempt(&world, &alice(), &nodes(draft.stage, action)).is_ok());
    let foreign = CreateNodeLink {
        target_entity_id: of(&other),
        ..nodes(draft.stage, draft.input)
    };
    let missing = UseCaseError::NotFound(Code::NodeNotFound);
    assert_eq!(attempt(&world, &alice(), &foreign).unwrap_err(), missing);
    let elsewhere = CreateNodeLink {
        source_node_id: Some(draft.stage),
        target_node_id: Some(draft.input),
        ..documents(of(&draft), entity(1))
    };
    assert!(attempt(&world, &alice(), &elsewhere).is_ok());
    let half = CreateNodeLink {
        target_node_id: None,
        ..nodes(draft.stage, draft.input)
    };
    let half = attempt(&world, &alice(), &half).unwrap_err();
    assert_eq!(refusal(half), Code::LinkNodesIncomplete);
}

#[test]
fn crowded_ends_are_warned_about() {
    let world = World::new();
    let draft = Draft::empty(&world, "Hub");
    for n in 0..11 {
        let made = link(&world, &alice(), &documents(of(&draft), entity(n)));
        assert_eq!(made.warnings, Some(vec![]), "{n}");
    }
    let made = link(&world, &alice(), &documents(of(&draft), entity(11)));
    assert_eq!(made.warnings.unwrap()[0].field, "sourceEntityId");
    let trigger = CreateNodeLink {
        target_feature: FeatureType::Spindle,
        link_type: LinkType::Triggers,
        ..documents(of(&draft), entity(12))
    };
    assert_eq!(link(&world, &alice(), &trigger).warnings.unwrap().len(), 2);
}

#[test]
fn links_are_seen_by_who_views_an_end() {
    let world = World::new();
    let draft = Draft::order_to_cash(&world);
    let made = link(&world, &alice(), &documents(of(&draft), entity(1)));
    assert_eq!(look(&world, &bob(), made.link_id), Err(HIDDEN));
    assert_eq!(count(&world, &bob(), &LinkFilter::default()), 0);
    world.let_view(draft.model_id, &bob());
    assert!(look(&world, &bob(), made.link_id).is_ok());
    // What no model takes part in is its maker's alone.
    let storm = CreateNodeLink {
        source_feature: FeatureType::EventStorm,
        target_feature: FeatureType::EventStorm,
        ..documents(entity(5), entity(6))
    };
    let storm = link(&world, &alice(), &storm);
    assert!(look(&world, &alice(), storm.link_id).is_ok());
    assert_eq!(look(&world, &bob(), storm.link_id), Err(HIDDEN));
}

#[test]
fn documents_and_tasks_count_as_ends_within_their_organization() {
    let world = World::new();
    let acme = world.organization("Acme", &alice());
    let draft = Draft::order_to_cash(&world);
    world.arrange(draft.model_id, |model| model.organization_id = Some(acme));
    let article = document(&world, &alice(), Some(acme), "Guide", "text").content_id;
    let article = EntityId::from_uuid(article.as_uuid());
    let made = link(&world, &alice(), &documents(of(&draft), article));
    assert_eq!(made.organization_id, Some(acme));
    world.add_member(acme, bob().actor.user_id, OrganizationRole::Member);
    assert!(look(&world, &bob(), made.link_id).is_ok());
    // Somebody else's link to it shows nobody anything.
    let foreign = Draft::empty_of(&world, &bob(), "Foreign");
    let made = link(&world, &bob(), &documents(of(&foreign), article));
    assert_eq!(look(&world, &alice(), made.link_id), Err(HIDDEN));
}

#[test]
fn lists_are_filtered() {
    let world = World::new();
    let (draft, other) = (Draft::order_to_cash(&world), Draft::empty(&world, "Other"));
    let strong = CreateNodeLink {
        link_strength: Some(0.9),
        ..documents(of(&draft), entity(1))
    };
    link(&world, &alice(), &strong);
    let weak = CreateNodeLink {
        link_strength: Some(0.1),
        link_type: LinkType::Nested,
        ..between(of(&draft), of(&other))
    };
    link(&world, &alice(), &weak);
    let nodes = CreateNodeLink {
        source_node_id: Some(draft.stage),
        target_node_id: Some(draft.input),
        ..between(of(&draft), of(&draft))
    };
    link(&world, &alice(), &nodes);
    let any = LinkFilter::default;
    let check = |filter: LinkFilter, expected| {
        assert_eq!(count(&world, &alice(), &filter), expected, "{filter:?}");
    };
    check(any(), 3);
    let entity_id = Some(of(&other));
    check(LinkFilter { entity_id, ..any() }, 1);
    let source_entity_id = Some(of(&other));
    check(
        LinkFilter {
            source_entity_id,
            ..any()
        },
        0,
    );
    let target_entity_id = Some(of(&other));
    check(
        LinkFilter {
            target_entity_id,
            ..any()
        },
        1,
    );
    let node_id = Some(draft.input);
    check(LinkFilter { node_id, ..any() }, 1);
    let feature = Some(FeatureType::KnowledgeBase);
    check(LinkFilter { feature, ..any() }, 1);
    let source_feature = feature;
    check(
        LinkFilter {
            source_feature,
            ..any()
        },
        0,
    );
    let target_feature = feature;
    check(
        LinkFilter {
            target_feature,
            ..any()
        },
        1,
    );
    let link_type = Some(LinkType::Nested);
    check(LinkFilter { link_type, ..any() }, 1);
    let min_strength = Some(0.7);
    check(
        LinkFilter {
            min_strength,
            ..any()
        },
        1,
    );
    let max_strength = Some(0.3);
    check(
        LinkFilter {
            max_strength,
            ..any()
        },
        1,
    );
    let touching = world.node_links();
    let who = alice();
    let touching = touching.touching(&who, FeatureType::FunctionModel, of(&other));
    assert_eq!(world.run_now(touching).len(), 1);
}

impl World {
    fn run_now<T>(&self, future: impl Future<Output = Result<T, crate::ports::PortError>>) -> T {
        self.run(async { future.await.map_err(UseCaseError::from) })
            .unwrap()
    }
}

fn strength(value: f64) -> ChangeNodeLink {
    ChangeNodeLink {
        link_strength: Some(value),
        ..ChangeNodeLink::default()
    }
}

#[test]
fn editors_of_the_source_change_and_remove() {
    let world = World::new();
    let draft = Draft::order_to_cash(&world);
    let made = link(&world, &alice(), &documents(of(&draft), entity(1)));
    let id = made.link_id;
    let attempt = |who: &Context, command: &ChangeNodeLink| {
        world.run(change(&world, who, id, command, rendered))
    };
    assert_eq!(attempt(&bob(), &strength(0.7)).unwrap_err(), HIDDEN);
    world.let_view(draft.model_id, &bob());
    let viewer = attempt(&bob(), &strength(0.7)).unwrap_err();
    assert!(matches!(viewer, UseCaseError::Forbidden { .. }));
    world.let_edit(draft.model_id, &bob());
    let changed = attempt(&bob(), &strength(0.7)).unwrap();
    assert_eq!(
        (changed.revision, changed.value.link_strength.value()),
        (2, 0.7)
    );
    let nothing = attempt(&alice(), &ChangeNodeLink::default()).unwrap_err();
    assert_eq!(refusal(nothing), Code::NothingToChange);
    let stale = Context {
        if_match: Some(1),
        ..alice()
    };
    let conflict = UseCaseError::Conflict {
        current_revision: Some(2),
        if_match: true,
    };
    assert_eq!(attempt(&stale, &strength(0.2)).unwrap_err(), conflict);
    let gone = RemoveNodeLink::default();
    let stale = world.run(remove(&world, &stale, id, &gone, rendered));
    assert_eq!(stale.unwrap_err(), conflict);
    let key = with_key(bob(), "k", "h");
    let removed = world
        .run(remove(&world, &key, id, &gone, rendered))
        .unwrap();
    let again = world.run(remove(&world, &key, id, &gone, rendered));
    assert_eq!(
        again.unwrap_err(),
        UseCaseError::Replayed(rendered(&removed))
    );
    assert_eq!(look(&world, &alice(), id), Err(HIDDEN));
    assert_eq!(
        world.event_types(id.as_uuid())[2..],
        [
            "NodeLinkUpdated",
            "NodeLinkRemoved",
            "CrossFeatureLinkBroken"
        ]
    );
}

#[test]
fn links_that_start_elsewhere_belong_to_their_maker_and_the_model() {
    let world = World::new();
    let draft = Draft::order_to_cash(&world);
    world.let_view(draft.model_id, &bob());
    let from_article = CreateNodeLink {
        source_feature: FeatureType::KnowledgeBase,
        target_feature: FeatureType::FunctionModel,
        ..documents(entity(1), of(&draft))
    };
    let id = link(&world, &bob(), &from_article).link_id;
    let change =
        |who: &Context, value| world.run(change(&world, who, id, &strength(value), rendered));
    assert!(change(&bob(), 0.1).is_ok());
    assert!(change(&alice(), 0.2).is_ok());
    let mut carol = bob();
    carol.actor.user_id = domain::ids::UserId::from_uuid(nth_id(0xca01));
    world.let_view(draft.model_id, &carol);
    let stranger = change(&carol, 0.3).unwrap_err();
    assert!(matches!(stranger, UseCaseError::Forbidden { .. }));
}

#[test]
fn a_type_that_another_link_has_is_taken() {
    let world = World::new();
    let draft = Draft::order_to_cash(&world);
    link(&world, &alice(), &documents(of(&draft), entity(1)));
    let second = CreateNodeLink {
        link_type: LinkType::Supports,
        ..documents(of(&draft), entity(1))
    };
    let id = link(&world, &alice(), &second).link_id;
    let command = ChangeNodeLink {
        link_type: Some(LinkType::References),
        ..ChangeNodeLink::default()
    };
    let taken = world.run(change(&world, &alice(), id, &command, rendered));
    assert_eq!(refusal(taken.unwrap_err()), Code::LinkAlreadyExists);
}

#[test]
fn strength_is_computed_and_applied_when_wanted() {
    let world = World::new();
    let draft = Draft::order_to_cash(&world);
    let id = link(&world, &alice(), &documents(of(&draft), entity(1))).link_id;
    let attempt = |who: &Context, apply| {
        let command = CalculateLinkStrength {
            interaction_frequency: Some(50.0),
            semantic_similarity: Some(0.5),
            context_relevance: Some(0.25),
            apply,
        };
        world.run(calculate_strength(&world, who, id, &command, rendered))
    };
    assert_eq!(attempt(&bob(), None).unwrap_err(), HIDDEN);
    let only = attempt(&alice(), Some(false)).unwrap();
    assert_eq!((only.value.final_strength, only.revision), (0.8, 1));
    assert!(!only.value.applied);
    let applied = attempt(&alice(), None).unwrap();
    assert_eq!((applied.value.final_strength, applied.revision), (0.8, 2));
    let again = attempt(&alice(), Some(true)).unwrap();
    assert_eq!(
        (again.value.base_strength, again.value.final_strength),
        (0.8, 1.0)
    );
    let seen = world.run(evolution(&world, &alice(), Some(entity(1)), None, None));
    let seen = seen.unwrap();
    let points = seen.strength_series[0].points.iter();
    let strengths: Vec<f64> = points.map(|point| point.link_strength.value()).collect();
    assert_eq!(strengths, [0.5, 0.8, 1.0]);
    assert_eq!((seen.links_added, seen.timeline.len()), (vec![id], 4));
    let theirs = world.run(evolution(&world, &bob(), Some(entity(1)), None, None));
    assert!(theirs.unwrap().timeline.is_empty());
}

#[test]
fn cycles_networks_and_integrity_are_of_what_the_caller_sees() {
    let world = World::new();
    let (one, two) = (Draft::order_to_cash(&world), Draft::empty(&world, "Two"));
    link(&world, &alice(), &between(of(&one), of(&two)));
    link(&world, &alice(), &between(of(&two), of(&one)));
    let cycles = |who: &Context| {
        let found = world.run(detect_cycles(&world, who, &CycleFilter::default()));
        found.unwrap().total_cycles
    };
    assert_eq!((cycles(&alice()), cycles(&bob())), (1, 0));
    let links = |who: &Context, id| world.run(network(&world, who, id)).unwrap().total_links;
    assert_eq!(links(&alice(), None), 2);
    assert_eq!(links(&alice(), Some(entity(1))), 0);
    assert_eq!(links(&bob(), None), 0);
    let command = CheckLinkIntegrity {
        feature: FeatureType::FunctionModel,
        entity_id: of(&one),
        operation: EntityOperation::Delete,
    };
    let found = world
        .run(check_integrity(&world, &alice(), &command))
        .unwrap();
    assert_eq!((found.links.len(), found.score), (2, 0.4));
    assert_eq!(found.links[0].state, LinkFate::Broken);
    let elsewhere = CheckLinkIntegrity {
        feature: FeatureType::Spindle,
        ..command
    };
    let none = world.run(check_integrity(&world, &alice(), &elsewhere));
    assert_eq!(none.unwrap().score, 1.0);
}

#[test]
fn events_of_links_are_in_the_log_of_who_sees_them() {
    let world = World::new();
    let draft = Draft::order_to_cash(&world);
    let made = link(&world, &alice(), &documents(of(&draft), entity(1)));
    let filter = crate::ports::EventFilter {
        aggregate_id: Some(made.link_id.as_uuid()),
        ..Default::default()
    };
    let events = |who: &Context| {
        let page = PageRequest::default();
        let found = crate::function_model::event_log(&world, who, &filter, &page);
        world.run(found).unwrap().items.len()
    };
    assert_eq!((events(&alice()), events(&bob())), (2, 0));
    let gone = RemoveNodeLink::default();
    let who = alice();
    let removed = remove(&world, &who, made.link_id, &gone, rendered);
    world.run(removed).unwrap();
    assert_eq!((events(&alice()), events(&bob())), (4, 0));
}
