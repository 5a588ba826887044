//! Rows and events of whole aggregates, as a database would tell them.

use std::rc::Rc;

use domain::ai_agent::Agent;
use domain::function_model::FunctionModel;
use domain::ids::{AgentId, LinkId, ModelId, OrganizationId, UserId};
use domain::json;
use domain::node_link::NodeLink;
use domain::organization::OrganizationRole;
use domain::verification::{self, Recorded, ReplayedType, model_rows, timestamp};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::store::{Shared, Store};
use crate::context::Context;
use crate::ports::{
    self, ModelVersion, Organization, PortError, PortErrorKind, Rebuild, StoredAggregate,
    StoredEvent,
};

/// A twin of the stored aggregates.
#[derive(Debug)]
pub struct Aggregates(pub(super) Rc<Shared>);

impl ports::Aggregates for Aggregates {
    async fn find(
        &self,
        _context: &Context,
        aggregate_type: ReplayedType,
        aggregate_id: Uuid,
    ) -> Result<StoredAggregate, PortError> {
        self.0.faults.check("aggregates.read")?;
        let store = self.0.store.borrow();
        Ok(stored(&store, aggregate_type, aggregate_id))
    }

    async fn next(
        &self,
        _context: &Context,
        aggregate_type: ReplayedType,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<StoredAggregate>, PortError> {
        self.0.faults.check("aggregates.read")?;
        let store = self.0.store.borrow();
        let of_type = |event: &&StoredEvent| event.aggregate_type == aggregate_type.as_str();
        let events = store.events.iter().filter(of_type);
        let mut ids: Vec<Uuid> = events.map(|event| event.aggregate_id).collect();
        match aggregate_type {
            ReplayedType::FunctionModel => ids.extend(store.models.keys().map(|id| id.as_uuid())),
            ReplayedType::NodeLink => ids.extend(store.links.iter().map(|l| l.link_id.as_uuid())),
            ReplayedType::AiAgent => ids.extend(store.agents.keys().map(|id| id.as_uuid())),
            ReplayedType::Organization => {
                ids.extend(store.organizations.keys().map(|id| id.as_uuid()));
            }
        }
        ids.retain(|id| after.is_none_or(|after| *id > after));
        ids.sort_unstable();
        ids.dedup();
        let wanted = ids.into_iter().take(limit as usize);
        Ok(wanted
            .map(|id| stored(&store, aggregate_type, id))
            .collect())
    }

    async fn events(
        &self,
        _context: &Context,
        aggregate_id: Uuid,
        after: i64,
    ) -> Result<Vec<Recorded>, PortError> {
        self.0.faults.check("aggregates.events")?;
        let store = self.0.store.borrow();
        Ok(recorded(&store, aggregate_id, after))
    }

    async fn rebuild(&self, _context: &Context, rebuild: &Rebuild) -> Result<(), PortError> {
        const OPERATION: &str = "aggregates.rebuild";
        self.0.faults.check(OPERATION)?;
        let mut store = self.0.store.borrow_mut();
        if version(&store, rebuild.aggregate_id) != rebuild.stream_version {
            let kind = PortErrorKind::Conflict {
                current_revision: None,
            };
            return Err(PortError::new(kind, OPERATION, ""));
        }
        replace(&mut store, rebuild)
            .map_err(|error| PortError::new(PortErrorKind::Invalid, OPERATION, error.to_string()))
    }
}

#[cfg(test)]
impl super::World {
    /// Rows stay, and nothing says why.
    pub(crate) fn forget_events(&self, id: Uuid) {
        let mut store = self.shared.store.borrow_mut();
        let events = std::mem::take(&mut store.events);
        let appends = std::mem::take(&mut store.appends);
        let left = events.into_iter().zip(appends);
        let left = left.filter(|(event, _)| event.aggregate_id != id);
        (store.events, store.appends) = left.unzip();
    }
}

fn version(store: &Store, id: Uuid) -> i64 {
    let own = store.events.iter().filter(|e| e.aggregate_id == id);
    own.map(|event| event.aggregate_version).max().unwrap_or(0)
}

/// Events that were appended together have the same cause here, as they have in one transaction.
fn recorded(store: &Store, id: Uuid, after: i64) -> Vec<Recorded> {
    let all = store.events.iter().zip(&store.appends);
    let own = all.filter(|(event, _)| event.aggregate_id == id && event.aggregate_version > after);
    let own = own.take(<Aggregates as ports::Aggregates>::EVENTS as usize);
    own.map(|(event, append)| {
        let organization = event.organization_id;
        Recorded {
            aggregate_version: event.aggregate_version,
            event_type: event.event_type.clone(),
            event_version: event.event_version,
            occurred_at: timestamp(event.occurred_at),
            actor_id: event.actor_id,
            organization_id: organization.filter(|id| store.organizations.contains_key(id)),
            correlation_id: Some(append.to_string()),
            data: event.data.clone(),
        }
    })
    .collect()
}

fn stored(store: &Store, aggregate_type: ReplayedType, id: Uuid) -> StoredAggregate {
    let rows = match aggregate_type {
        ReplayedType::FunctionModel => model(store, ModelId::from_uuid(id)),
        ReplayedType::NodeLink => link(store, LinkId::from_uuid(id)),
        ReplayedType::AiAgent => agent(store, AgentId::from_uuid(id)),
        ReplayedType::Organization => organization(store, OrganizationId::from_uuid(id)),
    };
    StoredAggregate {
        aggregate_id: id,
        rows: rows.unwrap_or_else(|| json!({})),
        stream_version: version(store, id),
        events: recorded(store, id, 0),
        gone_users: Vec::new(),
    }
}

fn model(store: &Store, id: ModelId) -> Option<Value> {
    let model = store.models.get(&id)?;
    let versions = store.versions.iter().filter(|v| v.model_id == id);
    let versions = versions.map(|v| (v.version_id.to_string(), row(v).into()));
    let times = [timestamp(model.created_at), timestamp(model.updated_at)];
    let [created_at, updated_at] = [times[0].as_str(), times[1].as_str()];
    let rows = model_rows(model, [created_at, updated_at], versions.collect());
    Some(Value::Object(rows))
}

fn link(store: &Store, id: LinkId) -> Option<Value> {
    let link = store.links.iter().find(|link| link.link_id == id)?;
    Some(json!({"node_links": {id.to_string(): row(link)}}))
}

fn agent(store: &Store, id: AgentId) -> Option<Value> {
    let mut row = row(store.agents.get(&id)?);
    for derived in ["performance_metrics", "last_executed_at"] {
        row.remove(derived);
    }
    let tools = row.remove("tools").unwrap_or_default();
    let told = json!({"availableTools": tools["availableTools"]});
    row.insert("tools".to_owned(), told);
    Some(json!({"ai_agents": {id.to_string(): row}}))
}

fn organization(store: &Store, id: OrganizationId) -> Option<Value> {
    let mut row = row(store.organizations.get(&id)?);
    row.remove("role");
    let members = store.members.iter().filter(|((own, _), _)| *own == id);
    let members = members.map(|((_, user), role)| {
        let member = json!({
            "organization_id": id, "user_id": user, "role": role,
            "created_at": since(store, id, *user).map(timestamp),
        });
        (user.to_string(), member)
    });
    let members: Map<String, Value> = members.collect();
    Some(json!({"organizations": {id.to_string(): row}, "organization_members": members}))
}

/// When a membership began; its row does not tell here.
fn since(store: &Store, id: OrganizationId, user: UserId) -> Option<domain::instant::Instant> {
    let user = json!(user);
    let began = |event: &&StoredEvent| match event.event_type.as_str() {
        "OrganizationCreated" => event.data["createdBy"] == user,
        "OrganizationMemberAdded" => event.data["userId"] == user,
        _ => false,
    };
    let own = store.events.iter().rev();
    let mut own = own.filter(|event| event.aggregate_id == id.as_uuid());
    own.find(began).map(|event| event.occurred_at)
}

/// A thing as a row: columns by their names, times as the database writes them.
fn row(thing: &impl serde::Serialize) -> Map<String, Value> {
    let mut row = verification::columns(json::to_value(thing));
    for (column, value) in &mut row {
        let instant = value.as_str().and_then(domain::instant::Instant::parse);
        if let (true, Some(instant)) = (column.ends_with("_at"), instant) {
            *value = timestamp(instant).into();
        }
    }
    row
}

/// The things of the rows take the place of those that are stored.
fn replace(store: &mut Store, rebuild: &Rebuild) -> Result<(), json::Error> {
    let (id, rows) = (rebuild.aggregate_id, &rebuild.rows);
    let one = |table: &str| rows[table][id.to_string()].as_object().cloned();
    match rebuild.aggregate_type {
        ReplayedType::FunctionModel => {
            let id = ModelId::from_uuid(id);
            store.models.remove(&id);
            store.versions.retain(|version| version.model_id != id);
            if let Some(mut fields) = one("function_models") {
                fields.insert("nodes".into(), things(&rows["container_nodes"]));
                fields.insert("action_nodes".into(), things(&rows["action_nodes"]));
                let model: FunctionModel = json::from_value(wire(fields))?;
                store.models.insert(id, model);
            }
            for version in listed(&rows["function_model_versions"]) {
                let version: ModelVersion = json::from_value(wire(version))?;
                store.versions.push(version);
            }
        }
        ReplayedType::NodeLink => {
            store.links.retain(|link| link.link_id.as_uuid() != id);
            if let Some(fields) = one("node_links") {
                let link: NodeLink = json::from_value(wire(fields))?;
                store.links.push(link);
            }
        }
        ReplayedType::AiAgent => {
            let former = store.agents.remove(&AgentId::from_uuid(id));
            if let Some(mut fields) = one("ai_agents") {
                let former = former.map(|agent| row(&agent)).unwrap_or_default();
                for kept in ["performance_metrics", "last_executed_at", "tools"] {
                    let kept = (kept.to_owned(), former.get(kept).cloned());
                    fields.extend(kept.1.map(|value| (kept.0, value)));
                }
                let metrics = json!({"executionCount": 0, "successCount": 0, "failureCount": 0,
                    "averageExecutionTimeMs": 0.0});
                fields.entry("performance_metrics").or_insert(metrics);
                let agent: Agent = json::from_value(wire(fields))?;
                store.agents.insert(agent.agent_id, agent);
            }
        }
        ReplayedType::Organization => {
            let id = OrganizationId::from_uuid(id);
            store.organizations.remove(&id);
            store.members.retain(|(own, _), _| *own != id);
            if let Some(fields) = one("organizations") {
                let organization: Organization = json::from_value(wire(fields))?;
                store.organizations.insert(id, organization);
            }
            for member in listed(&rows["organization_members"]) {
                let field = |name| member.get(name).cloned().unwrap_or_default();
                let user: UserId = json::from_value(field("user_id"))?;
                let role: OrganizationRole = json::from_value(field("role"))?;
                store.members.insert((id, user), role);
            }
        }
    }
    Ok(())
}

fn listed(rows: &Value) -> Vec<Map<String, Value>> {
    let rows = rows.as_object().into_iter().flatten();
    rows.filter_map(|(_, row)| row.as_object().cloned())
        .collect()
}

/// Parts of a model by their ids, in wire form.
fn things(rows: &Value) -> Value {
    let rows = rows.as_object().into_iter().flatten();
    rows.filter_map(|(id, row)| {
        let mut row = row.as_object()?.clone();
        let place = [row.remove("position_x"), row.remove("position_y")];
        if let [Some(x), Some(y)] = place {
            row.insert("position".to_owned(), json!({"x": x, "y": y}));
        }
        Some((id.clone(), wire(row)))
    })
    .collect()
}

/// A row as the fields of the wire.
fn wire(row: Map<String, Value>) -> Value {
    let renamed = row.into_iter().filter(|(_, value)| !value.is_null());
    renamed
        .map(|(column, value)| {
            let mut words = column.split('_');
            let first = words.next().unwrap_or_default().to_owned();
            let name = words.fold(first, |name, word| {
                name + &word[..1].to_uppercase() + &word[1..]
            });
            (name, value)
        })
        .collect()
}
