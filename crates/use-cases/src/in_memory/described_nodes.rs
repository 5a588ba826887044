//! Search data about nodes.

use std::rc::Rc;

use domain::ai_agent::Agent;
use domain::function_model::permissions::Act;
use domain::ids::{OrganizationId, UserId};
use domain::node_metadata::NodeMetadata;
use serde_json::json;

use super::page::page;
use super::store::{Shared, Store};
use crate::context::{Actor, Context, StoredAnswer};
use crate::ports::{
    self, Expected, NodeFilter, NodeQuestion, Page, PageRequest, PortError, PortErrorKind, Written,
};

/// A described node and whose it is.
#[derive(Clone, Debug)]
pub(super) struct NodeRow {
    node: NodeMetadata,
    organization_id: Option<OrganizationId>,
    created_by: UserId,
}

impl Store {
    /// The words of the node an agent is attached to.
    pub(super) fn node_words(&self, agent: &Agent) -> Vec<String> {
        let of = |row: &&NodeRow| {
            let node = &row.node;
            (node.feature_type, node.entity_id) == (agent.feature_type, agent.entity_id)
                && Some(node.node_id) == agent.node_id
        };
        let found = self.nodes.iter().find(of);
        let words = found.map(|row| {
            let node = &row.node;
            [node.search_keywords.clone(), node.semantic_tags.clone()].concat()
        });
        words.unwrap_or_default()
    }

    fn may_on_node(&self, actor: &Actor, act: Act, row: &NodeRow) -> bool {
        let entity = (row.node.feature_type, row.node.entity_id);
        self.may_on_entity(actor, act, entity, row.organization_id, row.created_by)
    }
}

/// A twin of the described nodes.
#[derive(Debug)]
pub struct DescribedNodes(pub(super) Rc<Shared>);

impl ports::DescribedNodes for DescribedNodes {
    async fn find(
        &self,
        actor: &Actor,
        question: &NodeQuestion,
    ) -> Result<Vec<NodeMetadata>, PortError> {
        self.0.faults.check("described_nodes.find")?;
        let store = self.0.store.borrow();
        let fits = |row: &&NodeRow| {
            let node = &row.node;
            let length = node.vector_embedding.as_ref().map(Vec::len);
            question.feature_type.is_none_or(|f| f == node.feature_type)
                && question.entity_id.is_none_or(|id| id == node.entity_id)
                && question.node_id.is_none_or(|id| id == node.node_id)
                && (question.dimensions.is_none() || question.dimensions == length)
        };
        let seen = store.nodes.iter().filter(fits);
        let seen = seen.filter(|row| store.may_on_node(actor, Act::View, row));
        let limit = question.limit as usize;
        Ok(seen.take(limit).map(|row| row.node.clone()).collect())
    }

    async fn list(
        &self,
        context: &Context,
        filter: &NodeFilter,
        request: &PageRequest,
    ) -> Result<Page<NodeMetadata>, PortError> {
        self.0.faults.check("described_nodes.list")?;
        let store = self.0.store.borrow();
        let fits = |row: &&NodeRow| {
            let keyword = filter.keyword.as_deref();
            keyword.is_none_or(|word| row.node.matches_keyword(word))
                && filter
                    .tag
                    .as_deref()
                    .is_none_or(|tag| row.node.has_tag(tag))
                && store.may_on_node(&context.actor, Act::View, row)
        };
        let all = store.nodes.iter().rev().filter(fits);
        let all = all.map(|row| row.node.clone()).collect();
        let key = |node: &NodeMetadata| json!([node.feature_type, node.entity_id, node.node_id]);
        Ok(page(all, key, request))
    }

    async fn save(
        &self,
        context: &Context,
        node: &NodeMetadata,
        organization_id: Option<OrganizationId>,
        expected: Expected,
        answer: Option<StoredAnswer>,
    ) -> Result<Written<i64>, PortError> {
        const OPERATION: &str = "described_nodes.save";
        self.0.faults.check(OPERATION)?;
        let mut store = self.0.store.borrow_mut();
        if let Some(answer) = store.replay(context, OPERATION)? {
            return Ok(Written::Replayed(answer));
        }
        let key = |node: &NodeMetadata| (node.feature_type, node.entity_id, node.node_id);
        let place = store
            .nodes
            .iter()
            .position(|row| key(&row.node) == key(node));
        let stored = place.map(|place| store.nodes[place].node.revision);
        if stored.unwrap_or_default() != expected.number() {
            let current_revision = Some(stored.unwrap_or_default());
            let kind = PortErrorKind::Conflict { current_revision };
            return Err(PortError::new(kind, OPERATION, ""));
        }
        let mut row = NodeRow {
            node: node.clone(),
            organization_id,
            created_by: context.actor.user_id,
        };
        row.node.revision = expected.next();
        if let Some(place) = place {
            row.created_by = store.nodes[place].created_by;
            row.organization_id = store.nodes[place].organization_id;
        }
        if !store.may_on_node(&context.actor, Act::Edit, &row) {
            return Err(PortError::new(PortErrorKind::Forbidden, OPERATION, ""));
        }
        match place {
            Some(place) => store.nodes[place] = row,
            None => store.nodes.push(row),
        }
        store.keep(context, answer);
        Ok(Written::Done(expected.next()))
    }
}
