//! Links between things of all features.

use domain::ids::{EntityId, LinkId};
use domain::instant::Instant;
use domain::json;
use domain::node_link::{LinkEdge, LinkEvent, LinkKey, NodeLink};
use domain::vocabulary::FeatureType;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use use_cases::context::{Context, StoredAnswer};
use use_cases::ports::{
    Clock, LinkChange, LinkEdges, LinkEnd, LinkFilter, LinkHistory, LinkProspects, NodeLinks, Page,
    PageRequest, PortError, SortOrder, Written,
};

use super::client::{Read, Session};
use super::query::{self, Order};
use super::table::{Table, parse};
use crate::http::Transport;

const COLUMNS: &[&str] = &[
    "link_id",
    "source_feature",
    "target_feature",
    "source_entity_id",
    "target_entity_id",
    "source_node_id",
    "target_node_id",
    "link_type",
    "link_strength",
    "link_context",
    "organization_id",
    "created_by",
    "created_at",
    "updated_at",
    "revision",
];
const EDGE: &[&str] = &[
    "link_id",
    "source_feature",
    "source_entity_id",
    "target_feature",
    "target_entity_id",
    "link_type",
    "link_strength",
];
const TABLE: Table<NodeLink> = Table::new("node_links", COLUMNS);
const NEWEST_FIRST: Order = Order::newest_first("created_at", "link_id");
const IN_ORDER: Order = Order {
    column: "link_id",
    tie: "link_id",
    direction: SortOrder::Asc,
};
/// The most rows that PostgREST gives at once.
const AT_ONCE: u32 = 1000;

/// Links as the service, which reads no table, is told of them.
#[derive(Default, Deserialize)]
struct Found {
    links: Vec<NodeLink>,
}

/// [`NodeLinks`] over PostgREST.
pub struct PostgrestNodeLinks<H, C> {
    session: Session<H, C>,
}

impl<H: Transport, C: Clock> PostgrestNodeLinks<H, C> {
    /// The links that the session's caller may see.
    pub fn new(session: Session<H, C>) -> Self {
        Self { session }
    }

    /// The rows that fit, however many there are, up to a limit; one more tells of others.
    async fn all<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        read: Read,
        limit: usize,
    ) -> Result<Vec<T>, PortError> {
        let mut rows: Vec<Value> = Vec::new();
        loop {
            let mut next = read.clone().order(IN_ORDER.text()).limit(AT_ONCE);
            if let Some(last) = rows.last() {
                let last = last.get("linkId").and_then(Value::as_str);
                next = next.gt("link_id", last.unwrap_or_default());
            }
            let (more, _) = self.session.rows(operation, next).await?;
            let full = more.len() == AT_ONCE as usize;
            rows.extend(more);
            if !full || rows.len() > limit {
                break;
            }
        }
        rows.into_iter().map(|row| parse(operation, row)).collect()
    }

    /// Asks a function that changes nothing, as the caller.
    async fn ask<T: DeserializeOwned + Default>(
        &self,
        names: (&'static str, &'static str),
        context: &Context,
        question: &Value,
    ) -> Result<T, PortError> {
        let answer = self.session.ask(names, &context.actor, question).await?;
        Ok(answer.unwrap_or_default())
    }
}

/// Only what touches a thing.
fn touching(read: Read, entity_id: EntityId) -> Read {
    read.or(&format!(
        "source_entity_id.eq.{entity_id},target_entity_id.eq.{entity_id}"
    ))
}

fn filtered(mut read: Read, filter: &LinkFilter) -> Read {
    if let Some(id) = filter.entity_id {
        read = touching(read, id);
    }
    if let Some(id) = filter.node_id {
        read = read.or(&format!("source_node_id.eq.{id},target_node_id.eq.{id}"));
    }
    if let Some(feature) = filter.feature {
        let either = format!("source_feature.eq.{feature},target_feature.eq.{feature}");
        read = read.or(&either);
    }
    if let Some(id) = filter.source_entity_id {
        read = read.eq("source_entity_id", id);
    }
    if let Some(id) = filter.target_entity_id {
        read = read.eq("target_entity_id", id);
    }
    if let Some(feature) = filter.source_feature {
        read = read.eq("source_feature", feature);
    }
    if let Some(feature) = filter.target_feature {
        read = read.eq("target_feature", feature);
    }
    if let Some(link_type) = filter.link_type {
        read = read.eq("link_type", link_type);
    }
    if let Some(least) = filter.min_strength {
        read = read.gte("link_strength", least);
    }
    if let Some(most) = filter.max_strength {
        read = read.lte("link_strength", most);
    }
    read
}

/// A change as the database takes it.
fn written(change: &LinkChange) -> Value {
    let events: Vec<Value> = change.events.iter().map(LinkEvent::to_json).collect();
    let link = &change.link;
    if change.removed {
        return json!({
            "linkId": link.link_id,
            "expectedRevision": change.expected.number(),
            "remove": true,
            "events": events,
        });
    }
    json!({
        "linkId": link.link_id,
        "expectedRevision": change.expected.number(),
        "sourceFeature": link.source_feature.as_str(),
        "targetFeature": link.target_feature.as_str(),
        "sourceEntityId": link.source_entity_id,
        "targetEntityId": link.target_entity_id,
        "sourceNodeId": link.source_node_id,
        "targetNodeId": link.target_node_id,
        "linkType": link.link_type.as_str(),
        "linkStrength": link.link_strength.value(),
        "linkContext": link.link_context,
        "events": events,
    })
}

impl<H: Transport, C: Clock> NodeLinks for PostgrestNodeLinks<H, C> {
    async fn find_by_ids(
        &self,
        context: &Context,
        link_ids: &[LinkId],
    ) -> Result<Vec<NodeLink>, PortError> {
        let ids: Vec<String> = link_ids.iter().map(LinkId::to_string).collect();
        if context.actor.service {
            let question = json!({ "linkIds": ids });
            let names = ("node_links.find_by_ids", "read_node_links_for_service");
            let found: Found = self.ask(names, context, &question).await?;
            return Ok(found.links);
        }
        let read = TABLE.read(&self.session).any_of("link_id", &ids);
        let operation = "node_links.find_by_ids";
        TABLE.all(&self.session, operation, read).await
    }

    async fn list(
        &self,
        _context: &Context,
        filter: &LinkFilter,
        page: &PageRequest,
    ) -> Result<Page<NodeLink>, PortError> {
        let read = filtered(TABLE.read(&self.session), filter);
        let operation = "node_links.list";
        TABLE
            .page(&self.session, operation, read, NEWEST_FIRST, page)
            .await
    }

    async fn touching(
        &self,
        _context: &Context,
        feature: FeatureType,
        entity_id: EntityId,
    ) -> Result<Vec<NodeLink>, PortError> {
        let read = touching(TABLE.read(&self.session), entity_id);
        let mut links: Vec<NodeLink> = self.all("node_links.touching", read, usize::MAX).await?;
        links.retain(|link| link.touches(feature, entity_id));
        Ok(links)
    }

    async fn edges(
        &self,
        _context: &Context,
        entity_id: Option<EntityId>,
        limit: usize,
    ) -> Result<LinkEdges, PortError> {
        let mut read = self.session.read("node_links", query::selected(EDGE));
        if let Some(id) = entity_id {
            read = touching(read, id);
        }
        let mut items: Vec<LinkEdge> = self.all("node_links.edges", read, limit).await?;
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
        let ends: Vec<Value> = ends.iter().map(json::to_value).collect();
        let links: Vec<Value> = links.iter().map(json::to_value).collect();
        let question = json!({"ends": ends, "links": links});
        let names = ("node_links.prospects", "read_link_ends");
        self.ask(names, context, &question).await
    }

    async fn history(
        &self,
        context: &Context,
        entity_id: Option<EntityId>,
        until: Option<Instant>,
        limit: usize,
    ) -> Result<LinkHistory, PortError> {
        let question = json!({"entityId": entity_id, "to": until, "limit": limit});
        let names = ("node_links.history", "read_link_history");
        self.ask(names, context, &question).await
    }

    async fn save(
        &self,
        context: &Context,
        changes: &[LinkChange],
        batch_id: Option<&str>,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<i64>, PortError> {
        let links: Vec<Value> = changes.iter().map(written).collect();
        let command = json!({"links": links, "batchId": batch_id});
        let names = ("node_links.save", "save_node_links");
        let answer = answer.as_ref();
        self.session.save(names, context, answer, &command).await
    }

    async fn begin_batch(&self, context: &Context, batch_id: &str) -> Result<(), PortError> {
        let names = ("node_links.begin_batch", "begin_link_batch");
        let command = json!({ "batchId": batch_id });
        let begun = self.session.remove(names, context, None, &command);
        begun.await.map(|_| ())
    }

    async fn end_batch(&self, context: &Context, batch_id: &str) -> Result<(), PortError> {
        let names = ("node_links.end_batch", "end_link_batch");
        let command = json!({ "batchId": batch_id });
        let ended = self.session.remove(names, context, None, &command);
        ended.await.map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::NodeId;
    use domain::vocabulary::LinkType;
    use futures::executor::block_on;
    use use_cases::ports::Expected;

    use super::*;
    use crate::http::script::{Script, StillClock, answer};
    use crate::postgrest::script::{ID, WHEN, asked, body, context, kept, parameter, session};

    fn row() -> Value {
        json!({
            "linkId": ID, "sourceFeature": "function-model", "targetFeature": "spindle",
            "sourceEntityId": ID, "targetEntityId": ID, "sourceNodeId": null, "targetNodeId": null,
            "linkType": "triggers", "linkStrength": 0.55, "linkContext": {}, "organizationId": null,
            "createdBy": ID, "createdAt": WHEN, "updatedAt": WHEN, "revision": 3,
        })
    }

    fn played(replies: &[Value]) -> (Script, StillClock) {
        let steps = replies.iter().map(|reply| answer(200, &reply.to_string()));
        (Script::of(steps), StillClock::default())
    }

    #[test]
    fn every_filter_is_asked_of_the_database() {
        let (script, clock) = played(&[json!([row()])]);
        let links = PostgrestNodeLinks::new(session(&script, &clock));
        let entity = Some(EntityId::parse(ID).unwrap());
        let filter = LinkFilter {
            entity_id: entity,
            source_entity_id: entity,
            target_entity_id: entity,
            node_id: Some(NodeId::parse(ID).unwrap()),
            feature: Some(FeatureType::Spindle),
            source_feature: Some(FeatureType::FunctionModel),
            target_feature: Some(FeatureType::Spindle),
            link_type: Some(LinkType::Triggers),
            min_strength: Some(0.3),
            max_strength: Some(0.7),
        };
        let page = block_on(links.list(&context(), &filter, &PageRequest::default())).unwrap();
        assert_eq!(page.items[0].link_strength.value(), 0.55);
        let sent = &script.sent()[0];
        let (path, query) = asked(sent);
        assert_eq!(path, "node_links");
        let either = query.iter().filter(|(name, _)| name == "or");
        assert_eq!(either.count(), 3);
        for (name, value) in [
            ("source_entity_id", format!("eq.{ID}")),
            ("target_entity_id", format!("eq.{ID}")),
            ("source_feature", "eq.function-model".into()),
            ("target_feature", "eq.spindle".into()),
            ("link_type", "eq.triggers".into()),
            ("order", "created_at.desc,link_id.desc".into()),
        ] {
            assert_eq!(parameter(sent, name), Some(value), "{name}");
        }
        assert!(query.contains(&("link_strength".into(), "gte.0.3".into())));
        assert!(query.contains(&("link_strength".into(), "lte.0.7".into())));
    }

    #[test]
    fn many_links_are_read_in_turns() {
        let many: Vec<Value> = (0..AT_ONCE).map(|_| row()).collect();
        let (script, clock) = played(&[json!(many), json!([row()])]);
        let links = PostgrestNodeLinks::new(session(&script, &clock));
        let entity = EntityId::parse(ID).unwrap();
        let found = block_on(links.touching(&context(), FeatureType::Spindle, entity)).unwrap();
        assert_eq!(found.len(), 1001);
        let sent = script.sent();
        assert_eq!(parameter(&sent[0], "link_id"), None);
        assert_eq!(parameter(&sent[1], "link_id"), Some(format!("gt.{ID}")));
        let (script, clock) = played(&[json!(many)]);
        let links = PostgrestNodeLinks::new(session(&script, &clock));
        let found = block_on(links.edges(&context(), None, 999)).unwrap();
        assert_eq!((found.items.len(), found.truncated), (999, true));
    }

    #[test]
    fn changes_travel_in_one_command() {
        let (script, clock) =
            played(&[json!([row()]), json!({"revision": 4}), json!({}), json!({})]);
        let links = PostgrestNodeLinks::new(session(&script, &clock));
        let id = LinkId::parse(ID).unwrap();
        let link = block_on(links.find_by_ids(&context(), &[id]))
            .unwrap()
            .remove(0);
        let change = |removed| LinkChange {
            link: link.clone(),
            expected: Expected::Revision(3),
            removed,
            events: vec![],
        };
        let changes = [change(false), change(true)];
        let saved = block_on(links.save(&context(), &changes, Some("b"), kept()));
        assert_eq!(saved, Ok(Written::Done(4)));
        assert_eq!(block_on(links.begin_batch(&context(), "b")), Ok(()));
        assert_eq!(block_on(links.end_batch(&context(), "b")), Ok(()));
        let sent = script.sent();
        assert_eq!(
            parameter(&sent[0], "link_id"),
            Some(format!("in.(\"{ID}\")"))
        );
        let command = &body(&sent[1])["command"];
        assert_eq!(command["batchId"], "b");
        assert_eq!(command["links"][0]["linkStrength"], 0.55);
        assert_eq!(command["links"][0]["expectedRevision"], 3);
        assert_eq!(
            command["links"][1],
            json!({"linkId": ID, "expectedRevision": 3, "remove": true, "events": []})
        );
        assert_eq!(asked(&sent[2]).0, "rpc/begin_link_batch");
        assert_eq!(asked(&sent[3]).0, "rpc/end_link_batch");
    }

    #[test]
    fn the_service_reads_by_a_function() {
        let (script, clock) = played(&[json!({"links": [row()]})]);
        let links = PostgrestNodeLinks::new(session(&script, &clock));
        let mut service = context();
        service.actor.service = true;
        let id = LinkId::parse(ID).unwrap();
        let found = block_on(links.find_by_ids(&service, &[id])).unwrap();
        assert_eq!((found.len(), found[0].source_node_id), (1, None));
        let sent = script.sent();
        assert_eq!(asked(&sent[0]).0, "rpc/read_node_links_for_service");
        assert_eq!(body(&sent[0])["command"], json!({"linkIds": [ID]}));
    }

    #[test]
    fn ends_and_history_are_asked_as_the_caller() {
        let end = json!({
            "feature": "function-model", "entityId": ID, "links": 2, "acts": ["view"],
            "deleted": false, "nodeIds": [],
        });
        let event = json!({
            "linkId": ID, "eventType": "NodeLinkCreated", "occurredAt": WHEN, "data": {},
        });
        let (script, clock) = played(&[
            json!({"ends": [end], "taken": [true]}),
            json!({"events": [event]}),
        ]);
        let links = PostgrestNodeLinks::new(session(&script, &clock));
        let wanted = LinkEnd {
            feature: FeatureType::FunctionModel,
            entity_id: EntityId::parse(ID).unwrap(),
            node_ids: vec![],
        };
        let found = block_on(links.prospects(&context(), &[wanted], &[])).unwrap();
        assert!(!found.ends[0].is_hidden() && !found.ends[0].allows("edit"));
        assert_eq!(found.taken, [true]);
        let history = block_on(links.history(&context(), None, None, 7)).unwrap();
        assert_eq!(history.events.len(), 1);
        let sent = script.sent();
        assert_eq!(asked(&sent[0]).0, "rpc/read_link_ends");
        assert_eq!(
            body(&sent[1])["command"],
            json!({"entityId": null, "to": null, "limit": 7})
        );
    }
}
