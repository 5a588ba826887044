//! Links between things of all features.

use std::rc::Rc;

use domain::function_model::Act;
use domain::ids::{
    ActionId, ContentId, EntityId, LinkId, ModelId, NodeId, OrganizationId, UserId, WorkflowId,
};
use domain::instant::Instant;
use domain::node_link::{LinkEvent, LinkKey, NodeLink, PastEvent};
use domain::vocabulary::FeatureType;
use serde_json::json;
use uuid::Uuid;

use super::page::page;
use super::store::{Shared, Store, compare};
use crate::context::{Context, StoredAnswer};
use crate::ports::{
    self, Clock, Expected, FoundEnd, LinkChange, LinkEdges, LinkEnd, LinkFilter, LinkHistory,
    LinkProspects, Page, PageRequest, PortError, PortErrorKind, StoredEvent, Written,
};

/// A twin of the stored links.
#[derive(Debug)]
pub struct NodeLinks(pub(super) Rc<Shared>);

impl ports::NodeLinks for NodeLinks {
    async fn find_by_ids(
        &self,
        context: &Context,
        link_ids: &[LinkId],
    ) -> Result<Vec<NodeLink>, PortError> {
        self.0.faults.check("node_links.find_by_ids")?;
        let store = self.0.store.borrow();
        let visible = store.visible_links(context);
        Ok(visible
            .filter(|link| link_ids.contains(&link.link_id))
            .cloned()
            .collect())
    }

    async fn list(
        &self,
        context: &Context,
        filter: &LinkFilter,
        request: &PageRequest,
    ) -> Result<Page<NodeLink>, PortError> {
        self.0.faults.check("node_links.list")?;
        let store = self.0.store.borrow();
        let visible = store.visible_links(context);
        let mut all: Vec<NodeLink> = visible.filter(|link| fits(link, filter)).cloned().collect();
        all.reverse();
        Ok(page(all, |link| json!(link.link_id), request))
    }

    async fn touching(
        &self,
        context: &Context,
        feature: FeatureType,
        entity_id: EntityId,
    ) -> Result<Vec<NodeLink>, PortError> {
        self.0.faults.check("node_links.touching")?;
        let store = self.0.store.borrow();
        let visible = store.visible_links(context);
        Ok(visible
            .filter(|link| link.touches(feature, entity_id))
            .cloned()
            .collect())
    }

    async fn edges(
        &self,
        context: &Context,
        entity_id: Option<EntityId>,
        limit: usize,
    ) -> Result<LinkEdges, PortError> {
        self.0.faults.check("node_links.edges")?;
        let store = self.0.store.borrow();
        let mut items: Vec<_> = store
            .visible_links(context)
            .filter(|link| entity_id.is_none_or(|id| has_end(link, id)))
            .map(NodeLink::edge)
            .collect();
        let truncated = items.len() > limit;
        items.truncate(limit);
        Ok(LinkEdges { items, truncated })
    }

    async fn prospects(
        &self,
        context: &Context,
        ends: &[LinkEnd],
        links: &[LinkKey],
    ) -> Result<LinkProspects, PortError> {
        self.0.faults.check("node_links.prospects")?;
        let store = self.0.store.borrow();
        let taken = links
            .iter()
            .map(|key| store.links.iter().any(|link| link.key() == *key));
        Ok(LinkProspects {
            ends: ends.iter().map(|end| found(&store, context, end)).collect(),
            taken: taken.collect(),
        })
    }

    async fn history(
        &self,
        context: &Context,
        entity_id: Option<EntityId>,
        until: Option<Instant>,
        limit: usize,
    ) -> Result<LinkHistory, PortError> {
        self.0.faults.check("node_links.history")?;
        let store = self.0.store.borrow();
        let wanted = |event: &&StoredEvent| {
            let made = store.made(event.aggregate_id);
            let ends = made.map(|made| [end_of(made, "source").1, end_of(made, "target").1]);
            event.aggregate_type == "node-link"
                && until.is_none_or(|until| event.occurred_at <= until)
                && entity_id.is_none_or(|id| ends.is_some_and(|ends| ends.contains(&Some(id))))
                && store.sees_link_of_stream(context, event.aggregate_id)
        };
        let events = store.events.iter().filter(wanted).take(limit);
        let events = events.map(|event| PastEvent {
            link_id: LinkId::from_uuid(event.aggregate_id),
            event_type: event.event_type.clone(),
            occurred_at: event.occurred_at,
            actor_id: event.actor_id,
            data: event.data.clone(),
        });
        Ok(LinkHistory {
            events: events.collect(),
        })
    }

    async fn save(
        &self,
        context: &Context,
        changes: &[LinkChange],
        batch_id: Option<&str>,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<i64>, PortError> {
        const OPERATION: &str = "node_links.save";
        self.0.faults.check(OPERATION)?;
        let now = self.0.clock.instant();
        let mut store = self.0.store.borrow_mut();
        if let Some(answer) = store.replay(context, OPERATION)? {
            return Ok(Written::Replayed(answer));
        }
        let before = store.links.clone();
        for change in changes {
            let judged = store.guard_link(context, change, OPERATION);
            let written = judged.and_then(|()| store.write_link(change, OPERATION));
            if let Err(error) = written {
                store.links = before;
                return Err(error);
            }
        }
        for change in changes {
            let aggregate = (
                "node-link",
                change.link.link_id.as_uuid(),
                change.link.organization_id,
            );
            let events = change.events.iter().map(LinkEvent::to_json).collect();
            store.append(context, aggregate, events, now);
        }
        if let Some(batch_id) = batch_id {
            store.end_batch(context, batch_id);
        }
        store.keep(context, answer);
        Ok(Written::Done(
            changes.last().map_or(0, |change| change.expected.next()),
        ))
    }

    async fn begin_batch(&self, context: &Context, batch_id: &str) -> Result<(), PortError> {
        const OPERATION: &str = "node_links.begin_batch";
        self.0.faults.check(OPERATION)?;
        let mut store = self.0.store.borrow_mut();
        let batch = (context.actor.user_id, batch_id.to_owned());
        if store.batches.contains(&batch) {
            return Err(PortError::new(PortErrorKind::BatchRunning, OPERATION, ""));
        }
        store.batches.push(batch);
        Ok(())
    }

    async fn end_batch(&self, context: &Context, batch_id: &str) -> Result<(), PortError> {
        self.0.faults.check("node_links.end_batch")?;
        self.0.store.borrow_mut().end_batch(context, batch_id);
        Ok(())
    }
}

fn fits(link: &NodeLink, filter: &LinkFilter) -> bool {
    let strength = link.link_strength.value();
    let node = |id: NodeId| link.source_node_id == Some(id) || link.target_node_id == Some(id);
    let (source, target) = (link.source_feature, link.target_feature);
    filter.entity_id.is_none_or(|id| has_end(link, id))
        && filter
            .source_entity_id
            .is_none_or(|id| link.source_entity_id == id)
        && filter
            .target_entity_id
            .is_none_or(|id| link.target_entity_id == id)
        && filter.node_id.is_none_or(node)
        && filter
            .feature
            .is_none_or(|feature| source == feature || target == feature)
        && filter
            .source_feature
            .is_none_or(|feature| source == feature)
        && filter
            .target_feature
            .is_none_or(|feature| target == feature)
        && filter.link_type.is_none_or(|kind| link.link_type == kind)
        && filter.min_strength.is_none_or(|least| strength >= least)
        && filter.max_strength.is_none_or(|most| strength <= most)
}

fn has_end(link: &NodeLink, id: EntityId) -> bool {
    link.source_entity_id == id || link.target_entity_id == id
}

fn found(store: &Store, context: &Context, end: &LinkEnd) -> FoundEnd {
    let model_id = ModelId::from_uuid(end.entity_id.as_uuid());
    let is_model = end.feature == FeatureType::FunctionModel;
    let model = store.models.get(&model_id).filter(|_| is_model);
    let acts = [Act::View, Act::Edit, Act::Restore].into_iter();
    let acts = acts.filter(|act| model.is_some_and(|model| store.allows(context, model, *act)));
    let has = |id: &NodeId| {
        model.is_some_and(|model| {
            model.nodes.contains_key(id)
                || model
                    .action_nodes
                    .contains_key(&ActionId::from_uuid(id.as_uuid()))
        })
    };
    let links = store.visible_links(context);
    FoundEnd {
        feature: end.feature,
        entity_id: end.entity_id,
        links: links
            .filter(|link| link.touches(end.feature, end.entity_id))
            .count(),
        acts: acts.map(|act| act.as_str().to_owned()).collect(),
        deleted: model.is_some_and(|model| model.deletion.is_some()),
        organization_id: model.and_then(|model| model.organization_id),
        node_ids: end.node_ids.iter().copied().filter(has).collect(),
    }
}

/// One end of a link, by the event that made it.
fn end_of(made: &StoredEvent, end: &str) -> (Option<FeatureType>, Option<EntityId>) {
    let text = |name: String| made.data[name].as_str().map(str::to_owned);
    let feature = text(format!("{end}Feature"));
    let entity = text(format!("{end}EntityId"));
    (
        feature.and_then(|word| FeatureType::parse(&word)),
        entity.and_then(|id| EntityId::parse(&id).ok()),
    )
}

impl Store {
    fn visible_links(&self, context: &Context) -> impl Iterator<Item = &NodeLink> {
        self.links.iter().filter(|link| {
            let source = (link.source_feature, link.source_entity_id);
            let target = (link.target_feature, link.target_entity_id);
            let made = (link.organization_id, link.created_by);
            self.sees_ends(context, source, target, made)
        })
    }

    fn sees_ends(
        &self,
        context: &Context,
        source: (FeatureType, EntityId),
        target: (FeatureType, EntityId),
        made: (Option<OrganizationId>, UserId),
    ) -> bool {
        let is_model = |end: (FeatureType, EntityId)| end.0 == FeatureType::FunctionModel;
        let own = made.1 == context.actor.user_id;
        (own && !is_model(source) && !is_model(target))
            || self.sees_end(context, source, made)
            || self.sees_end(context, target, made)
    }

    fn sees_end(
        &self,
        context: &Context,
        (feature, id): (FeatureType, EntityId),
        (organization_id, made_by): (Option<OrganizationId>, UserId),
    ) -> bool {
        let owned = match feature {
            FeatureType::FunctionModel => {
                return self.shows(context, ModelId::from_uuid(id.as_uuid()));
            }
            FeatureType::KnowledgeBase => {
                let content = self.contents.get(&ContentId::from_uuid(id.as_uuid()));
                content.map(|content| (content.organization_id, content.user_id))
            }
            FeatureType::Spindle => {
                let workflow = self.workflows.get(&WorkflowId::from_uuid(id.as_uuid()));
                workflow.map(|workflow| (workflow.organization_id, workflow.user_id))
            }
            FeatureType::EventStorm => None,
        };
        owned.is_some_and(|(theirs, owner)| {
            let trusted = match theirs {
                Some(_) => theirs == organization_id,
                None => owner == made_by,
            };
            trusted && self.may_see(context, theirs, owner)
        })
    }

    fn made(&self, link_id: Uuid) -> Option<&StoredEvent> {
        self.events
            .iter()
            .find(|event| event.aggregate_id == link_id && event.aggregate_version == 1)
    }

    /// Whether the caller may know of a link, a removed one included.
    pub(super) fn sees_link_of_stream(&self, context: &Context, link_id: Uuid) -> bool {
        self.made(link_id).is_some_and(|made| {
            let (source, target) = (end_of(made, "source"), end_of(made, "target"));
            let whole = |end: (Option<FeatureType>, Option<EntityId>)| Some((end.0?, end.1?));
            let by = made.actor_id.unwrap_or(context.actor.user_id);
            match (whole(source), whole(target)) {
                (Some(source), Some(target)) => {
                    self.sees_ends(context, source, target, (made.organization_id, by))
                }
                _ => false,
            }
        })
    }

    /// Refuses to write a link of a model that the caller may not edit; what is hidden is missing.
    fn guard_link(
        &self,
        context: &Context,
        change: &LinkChange,
        operation: &'static str,
    ) -> Result<(), PortError> {
        let link = &change.link;
        let mut visible = self.visible_links(context);
        let is_new = change.expected == Expected::New;
        let kind = match is_new || visible.any(|other| other.link_id == link.link_id) {
            false => PortErrorKind::NotFound,
            true if !self.edits_source(context, link) => PortErrorKind::Forbidden,
            true => return Ok(()),
        };
        Err(PortError::new(kind, operation, ""))
    }

    fn edits_source(&self, context: &Context, link: &NodeLink) -> bool {
        let model = ModelId::from_uuid(link.source_entity_id.as_uuid());
        context.actor.service
            || link.source_feature != FeatureType::FunctionModel
            || self
                .models
                .get(&model)
                .is_some_and(|model| self.allows(context, model, Act::Edit))
    }

    fn write_link(
        &mut self,
        change: &LinkChange,
        operation: &'static str,
    ) -> Result<(), PortError> {
        let link = &change.link;
        let place = self.links.iter().position(|l| l.link_id == link.link_id);
        let stored = place.map(|place| self.links[place].revision);
        compare(change.expected, stored, operation)?;
        let twin = self
            .links
            .iter()
            .any(|other| other.link_id != link.link_id && other.key() == link.key());
        if twin && !change.removed {
            return Err(PortError::new(PortErrorKind::LinkTaken, operation, ""));
        }
        match (place, change.expected) {
            (Some(place), _) if change.removed => {
                self.links.remove(place);
            }
            (Some(place), Expected::Revision(_)) => self.links[place] = link.clone(),
            _ => self.links.push(NodeLink {
                warnings: None,
                ..link.clone()
            }),
        }
        Ok(())
    }

    fn end_batch(&mut self, context: &Context, batch_id: &str) {
        let user_id = context.actor.user_id;
        self.batches
            .retain(|(user, name)| *user != user_id || name != batch_id);
    }
}
