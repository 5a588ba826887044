//! What all collections of a world share: the rows, and the rules the database keeps about them.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use domain::ai_agent::Agent;
use domain::audit::{Seal, SealedRow};
use domain::function_model::FunctionModel;
use domain::ids::{
    AgentId, ContentId, ModelId, OrganizationId, ScheduleId, SecretId, UserId, WorkflowId,
};
use domain::instant::Instant;
use domain::node_context::NodeContext;
use domain::node_link::NodeLink;
use domain::organization::{Invitation, OrganizationRole};
use domain::upcast::{EventMigration, Upcasts};
use serde_json::Value;
use uuid::Uuid;

use super::agent_tasks::{CoordinationRow, TaskRow};
use super::changes::Interference;
use super::clock::Clock;
use super::described_nodes::NodeRow;
use super::faults::Faults;
use super::ids::nth_id;
use super::machine::Machine;
use super::schedules::ScheduleRow;
use super::transaction::Locks;
use crate::context::{Context, StoredAnswer};
use crate::ports::{
    AuditEntry, Expected, KnowledgeContent, ModelVersion, Organization, PortError, PortErrorKind,
    SealedSecret, StoredEvent, TreeId, Workflow,
};

/// The inside of a world, behind every collection.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) clock: Rc<Clock>,
    pub(super) faults: Faults,
    pub(super) upcasts: Cell<Upcasts<'static>>,
    pub(super) store: RefCell<Store>,
    pub(super) machine: RefCell<Machine>,
    pub(super) locks: RefCell<Locks>,
    pub(super) interference: RefCell<Option<Rc<dyn Interference>>>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Shared")
            .field("clock", &self.clock)
            .field("store", &self.store)
            .field("machine", &self.machine)
            .finish_non_exhaustive()
    }
}

/// The rows.
#[derive(Debug, Default)]
pub(super) struct Store {
    pub(super) models: BTreeMap<ModelId, FunctionModel>,
    pub(super) versions: Vec<ModelVersion>,
    pub(super) organizations: BTreeMap<OrganizationId, Organization>,
    pub(super) members: BTreeMap<(OrganizationId, UserId), OrganizationRole>,
    pub(super) workflows: BTreeMap<WorkflowId, Workflow>,
    pub(super) secrets: BTreeMap<SecretId, SealedSecret>,
    pub(super) schedules: BTreeMap<ScheduleId, ScheduleRow>,
    pub(super) contents: BTreeMap<ContentId, KnowledgeContent>,
    pub(super) invitations: Vec<(String, Invitation)>,
    pub(super) links: Vec<NodeLink>,
    pub(super) batches: Vec<(UserId, String)>,
    pub(super) agents: BTreeMap<AgentId, Agent>,
    pub(super) tasks: Vec<TaskRow>,
    pub(super) coordinations: Vec<CoordinationRow>,
    pub(super) nodes: Vec<NodeRow>,
    pub(super) contexts: BTreeMap<TreeId, Vec<NodeContext>>,
    pub(super) events: Vec<StoredEvent>,
    /// Which call appended each event.
    pub(super) appends: Vec<usize>,
    /// Old events in a newer version, by position.
    pub(super) upcasts: BTreeMap<i64, (u32, Value)>,
    /// The checkpoint of each migration, and how many events it has stored.
    pub(super) migrations: Vec<(EventMigration, i64, u64)>,
    pub(super) audit: Vec<AuditEntry>,
    pub(super) seals: Vec<Seal>,
    pub(super) sealed_rows: Vec<SealedRow>,
    pub(super) published_seal: i64,
    answers: BTreeMap<(UserId, String, String), (String, StoredAnswer)>,
}

impl Store {
    /// What this user is in the organization.
    pub(super) fn role(
        &self,
        context: &Context,
        organization_id: Option<OrganizationId>,
    ) -> Option<OrganizationRole> {
        let key = (organization_id?, context.actor.user_id);
        self.members.get(&key).copied()
    }

    /// Whether this user may read what belongs to an organization, or else to one user.
    pub(super) fn may_see(
        &self,
        context: &Context,
        organization_id: Option<OrganizationId>,
        owner: UserId,
    ) -> bool {
        match organization_id {
            Some(_) => self.role(context, organization_id).is_some(),
            None => owner == context.actor.user_id,
        }
    }

    /// Whether this user may change what belongs to an organization, or else to one user.
    pub(super) fn may_change(
        &self,
        context: &Context,
        organization_id: Option<OrganizationId>,
        owner: UserId,
    ) -> bool {
        match organization_id {
            Some(_) => self
                .role(context, organization_id)
                .is_some_and(OrganizationRole::may_edit_shared),
            None => owner == context.actor.user_id,
        }
    }

    /// Refuses to change what belongs to an organization, or else to one user; what is hidden is
    /// missing.
    pub(super) fn guard_shared(
        &self,
        context: &Context,
        (organization_id, owner): (Option<OrganizationId>, UserId),
        is_there: bool,
        operation: &'static str,
    ) -> Result<(), PortError> {
        if is_there && !self.may_see(context, organization_id, owner) {
            return Err(PortError::new(PortErrorKind::NotFound, operation, ""));
        }
        match self.may_change(context, organization_id, owner) {
            true => Ok(()),
            false => Err(PortError::new(PortErrorKind::Forbidden, operation, "")),
        }
    }

    /// The answer that was kept for this request, if it is a repetition.
    pub(super) fn replay(
        &self,
        context: &Context,
        operation: &'static str,
    ) -> Result<Option<StoredAnswer>, PortError> {
        let Some(idempotency) = &context.idempotency else {
            return Ok(None);
        };
        let (key, path) = (idempotency.key.clone(), idempotency.path.clone());
        match self.answers.get(&(context.actor.user_id, key, path)) {
            None => Ok(None),
            Some((hash, answer)) if *hash == idempotency.body_hash => Ok(Some(answer.clone())),
            Some(_) => Err(PortError::new(PortErrorKind::KeyReused, operation, "")),
        }
    }

    /// Keeps the answer under the request's key.
    pub(super) fn keep(&mut self, context: &Context, answer: Option<StoredAnswer>) {
        if let Some((idempotency, answer)) = context.idempotency.as_ref().zip(answer) {
            let (key, path) = (idempotency.key.clone(), idempotency.path.clone());
            let hash = idempotency.body_hash.clone();
            self.answers
                .insert((context.actor.user_id, key, path), (hash, answer));
        }
    }

    /// Appends events, each `{eventType, eventVersion, data}`, to the stream of an aggregate.
    pub(super) fn append(
        &mut self,
        context: &Context,
        aggregate: (&str, Uuid, Option<OrganizationId>),
        events: Vec<Value>,
        now: Instant,
    ) {
        let (aggregate_type, aggregate_id, organization_id) = aggregate;
        let append = self.events.len();
        for event in events {
            let earlier = self
                .events
                .iter()
                .filter(|e| e.aggregate_id == aggregate_id);
            let aggregate_version = earlier.count() as i64 + 1;
            let position = self.events.len() as i64 + 1;
            self.appends.push(append);
            self.events.push(StoredEvent {
                event_id: nth_id(1 << 32 | position.unsigned_abs()),
                event_type: event["eventType"].as_str().unwrap_or_default().to_owned(),
                aggregate_type: aggregate_type.to_owned(),
                aggregate_id,
                aggregate_version,
                position,
                event_version: 1,
                occurred_at: now,
                actor_id: Some(context.actor.user_id),
                organization_id,
                correlation_id: Some(context.request_id.clone()),
                causation_id: None,
                traceparent: context.traceparent.clone(),
                data: event["data"].clone(),
            });
        }
    }
}

/// Refuses a write that counts on another revision than the stored one.
pub(super) fn compare(
    expected: Expected,
    stored: Option<i64>,
    operation: &'static str,
) -> Result<(), PortError> {
    let kind = match (expected, stored) {
        (Expected::New, None) => return Ok(()),
        (Expected::New, Some(_)) => PortErrorKind::IdTaken,
        (Expected::Revision(_), None) => PortErrorKind::NotFound,
        (Expected::Revision(wanted), Some(stored)) if wanted == stored => return Ok(()),
        (Expected::Revision(_), Some(stored)) => PortErrorKind::Conflict {
            current_revision: Some(stored),
        },
    };
    Err(PortError::new(kind, operation, ""))
}
