//! Links.

use domain::error::Code;
use domain::ids::{EntityId, LinkId, ModelId};
use domain::node_link::{CreateNodeLink, LinkStrength, NodeLink};
use domain::vocabulary::{FeatureType, LinkType};
use serde_json::json;
use use_cases::error::UseCaseError;
use use_cases::node_link;
use use_cases::ports::{
    Expected, LinkChange, LinkEnd, LinkFilter, NodeLinks, PageRequest, PortErrorKind, Ports,
};
use uuid::Uuid;

use crate::home::{Home, kept, model, read};

fn joins(from: ModelId, to: ModelId, link_type: &str) -> CreateNodeLink {
    read(json!({
        "sourceFeature": "function-model", "targetFeature": "function-model",
        "sourceEntityId": from, "targetEntityId": to, "linkType": link_type,
    }))
}

async fn join(home: &impl Home, from: ModelId, to: ModelId, link_type: &str) -> NodeLink {
    let command = joins(from, to, link_type);
    let created = node_link::create(home.ports(0), home.context(0), &command, kept);
    created.await.unwrap().value
}

fn entity(model: ModelId) -> EntityId {
    EntityId::from_uuid(model.as_uuid())
}

async fn save(home: &impl Home, person: usize, change: LinkChange) -> Result<(), PortErrorKind> {
    let links = home.ports(person).node_links();
    let changes = [change];
    let saved = links.save(home.context(person), &changes, None, None);
    saved.await.map(|_| ()).map_err(|error| error.kind)
}

pub(crate) async fn links_are_seen_by_who_sees_an_end(home: &impl Home) {
    let [a, b, c] = [
        model(home, "Order").await,
        model(home, "Pick").await,
        model(home, "Ship").await,
    ];
    let first = join(home, a, b, "triggers").await;
    let second = join(home, b, c, "references").await;
    let (links, context) = (home.ports(0).node_links(), home.context(0));
    let both = [first.link_id, second.link_id];
    assert_eq!(links.find_by_ids(context, &both).await.unwrap().len(), 2);
    let list = async |filter: LinkFilter, limit| {
        let page = PageRequest {
            limit,
            after: None,
            count: true,
        };
        let found = links.list(context, &filter, &page).await.unwrap();
        let ids: Vec<LinkId> = found.items.iter().map(|link| link.link_id).collect();
        (ids, found.total)
    };
    let all = LinkFilter::default();
    assert_eq!(list(all.clone(), 1).await, (vec![second.link_id], Some(2)));
    let triggers = LinkFilter {
        link_type: Some(LinkType::Triggers),
        ..all.clone()
    };
    assert_eq!(list(triggers, 9).await.0, [first.link_id]);
    let from_b = LinkFilter {
        source_entity_id: Some(entity(b)),
        min_strength: Some(0.5),
        ..all.clone()
    };
    assert_eq!(list(from_b, 9).await.0, [second.link_id]);
    let strong = LinkFilter {
        min_strength: Some(0.51),
        ..all.clone()
    };
    assert!(list(strong, 9).await.0.is_empty());
    let feature = FeatureType::FunctionModel;
    let touching = links.touching(context, feature, entity(b)).await.unwrap();
    assert_eq!(touching.len(), 2);
    let edges = links.edges(context, Some(entity(a)), 9).await.unwrap();
    assert_eq!((edges.items.len(), edges.truncated), (1, false));
    let edges = links.edges(context, None, 1).await.unwrap();
    assert_eq!((edges.items.len(), edges.truncated), (1, true));

    let (theirs, eve) = (home.ports(1).node_links(), home.context(1));
    assert!(theirs.find_by_ids(eve, &both).await.unwrap().is_empty());
    let page = PageRequest::default();
    assert!(
        theirs
            .list(eve, &all, &page)
            .await
            .unwrap()
            .items
            .is_empty()
    );
    assert!(theirs.edges(eve, None, 9).await.unwrap().items.is_empty());
    let end = LinkEnd {
        feature,
        entity_id: entity(b),
        node_ids: Vec::new(),
    };
    let keys = [first.key()];
    let ends = [end];
    let known = links.prospects(context, &ends, &keys).await.unwrap();
    assert!(known.ends[0].allows("view") && known.ends[0].allows("edit"));
    assert_eq!((known.ends[0].links, known.taken), (2, vec![true]));
    let hidden = theirs.prospects(eve, &ends, &[]).await.unwrap();
    assert!(hidden.ends[0].is_hidden());
    assert_eq!(hidden.ends[0].links, 0);
}

pub(crate) async fn links_are_unique_and_guarded(home: &impl Home) {
    let (a, b) = (model(home, "Order").await, model(home, "Pick").await);
    let link = join(home, a, b, "triggers").await;
    let twin = joins(a, b, "triggers");
    let twice = node_link::create(home.ports(0), home.context(0), &twin, kept).await;
    match twice.unwrap_err() {
        UseCaseError::Refused(refusal) => assert_eq!(refusal.code, Code::LinkAlreadyExists),
        other => panic!("{other:?}"),
    }
    let change = |revision, removed| LinkChange {
        link: NodeLink {
            link_strength: LinkStrength::parse(0.9).unwrap(),
            revision: revision + 1,
            warnings: None,
            ..link.clone()
        },
        expected: Expected::Revision(revision),
        removed,
        events: Vec::new(),
    };
    let missing = Err(PortErrorKind::NotFound);
    assert_eq!(save(home, 1, change(1, false)).await, missing);
    assert_eq!(save(home, 1, change(1, true)).await, missing);
    assert_eq!(save(home, 0, change(1, false)).await, Ok(()));
    let current_revision = Some(2);
    let stale = Err(PortErrorKind::Conflict { current_revision });
    assert_eq!(save(home, 0, change(1, false)).await, stale);
    let (links, context) = (home.ports(0).node_links(), home.context(0));
    let found = links.find_by_ids(context, &[link.link_id]).await.unwrap();
    assert_eq!(
        (found[0].link_strength.value(), found[0].revision),
        (0.9, 2)
    );
    let foreign = LinkChange {
        link: NodeLink {
            link_id: LinkId::from_uuid(Uuid::now_v7()),
            link_type: LinkType::References,
            created_by: home.context(1).actor.user_id,
            ..link.clone()
        },
        expected: Expected::New,
        removed: false,
        events: Vec::new(),
    };
    let forbidden = Err(PortErrorKind::Forbidden);
    assert_eq!(save(home, 1, foreign).await, forbidden);
    assert_eq!(save(home, 0, change(2, true)).await, Ok(()));
    let gone = links.find_by_ids(context, &[link.link_id]).await.unwrap();
    assert!(gone.is_empty());
}

pub(crate) async fn the_history_of_links_outlives_them(home: &impl Home) {
    let (a, b) = (model(home, "Order").await, model(home, "Pick").await);
    let link = join(home, a, b, "triggers").await;
    let (ports, context) = (home.ports(0), home.context(0));
    let command = Default::default();
    let removed = node_link::remove(ports, context, link.link_id, &command, kept).await;
    removed.unwrap();
    let history = async |person: usize| {
        let links = home.ports(person).node_links();
        let context = home.context(person);
        let found = links.history(context, Some(entity(a)), None, 9).await;
        let events = found.unwrap().events.into_iter();
        events.map(|event| event.event_type).collect::<Vec<_>>()
    };
    assert_eq!(history(0).await, ["NodeLinkCreated", "NodeLinkRemoved"]);
    assert!(history(1).await.is_empty());
}

pub(crate) async fn a_batch_runs_once_at_a_time(home: &impl Home) {
    let begin = async |person: usize| {
        let links = home.ports(person).node_links();
        let begun = links.begin_batch(home.context(person), "nightly").await;
        begun.map_err(|error| error.kind)
    };
    assert_eq!(begin(0).await, Ok(()));
    assert_eq!(begin(0).await, Err(PortErrorKind::BatchRunning));
    assert_eq!(begin(1).await, Ok(()), "another person's batch");
    let links = home.ports(0).node_links();
    links.end_batch(home.context(0), "nightly").await.unwrap();
    assert_eq!(begin(0).await, Ok(()));
}
