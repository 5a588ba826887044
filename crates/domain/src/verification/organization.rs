//! What the events of an organization make: it, and its members.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Recorded, Rows, first, one, unreadable};
use crate::error::DomainError;

pub(super) fn replay(events: &[Recorded], gone: &[Uuid]) -> Result<Option<Rows>, DomainError> {
    let mut row: Option<Map<String, Value>> = None;
    let mut members: Map<String, Value> = Map::new();
    for event in events {
        let user = event.field("userId");
        let user = user.as_str().unwrap_or_default();
        match event.event_type.as_str() {
            "OrganizationCreated" => {
                let founder = event.field("createdBy");
                let member = member(event, &json!("owner"), &founder);
                members.insert(founder.as_str().unwrap_or_default().to_owned(), member);
                row = Some(created(event));
            }
            "OrganizationRenamed" => {
                let mut organization = first(event, row)?;
                let revision = organization.get("revision").and_then(Value::as_i64);
                organization.insert("name".into(), event.field("name"));
                organization.insert("updated_at".into(), json!(event.occurred_at));
                organization.insert("revision".into(), json!(revision.unwrap_or_default() + 1));
                row = Some(organization);
            }
            "OrganizationRemoved" => {
                row = None;
                members.clear();
            }
            "OrganizationMemberAdded" => {
                let member = member(event, &event.field("role"), &event.field("userId"));
                members.insert(user.to_owned(), member);
            }
            "OrganizationMemberRoleChanged" => {
                if let Some(member) = members.get_mut(user) {
                    member["role"] = event.field("role");
                }
            }
            "OrganizationMemberRemoved" => {
                members.remove(user);
            }
            _ => return Err(unreadable(event, "its type is unknown")),
        }
    }
    Ok(row.map(|row| rows(row, members, gone)))
}

fn created(event: &Recorded) -> Map<String, Value> {
    let mut organization = Map::new();
    organization.insert("organization_id".into(), event.field("organizationId"));
    organization.insert("name".into(), event.field("name"));
    organization.insert("created_by".into(), event.field("createdBy"));
    organization.insert("created_at".into(), json!(event.occurred_at));
    organization.insert("updated_at".into(), json!(event.occurred_at));
    organization.insert("revision".into(), json!(1));
    organization
}

fn member(event: &Recorded, role: &Value, user: &Value) -> Value {
    json!({
        "organization_id": event.field("organizationId"),
        "user_id": user,
        "role": role,
        "created_at": event.occurred_at,
    })
}

fn rows(mut row: Map<String, Value>, mut members: Map<String, Value>, gone: &[Uuid]) -> Rows {
    let gone: Vec<String> = gone.iter().map(Uuid::to_string).collect();
    members.retain(|user, _| !gone.contains(user));
    let founder = row.get("created_by").and_then(Value::as_str);
    if founder.is_some_and(|founder| gone.iter().any(|user| user == founder)) {
        row.insert("created_by".into(), Value::Null);
    }
    let key = row.get("organization_id").and_then(Value::as_str);
    let mut rows = one("organizations", key.unwrap_or_default().to_owned(), row);
    if !members.is_empty() {
        rows.insert("organization_members".into(), Value::Object(members));
    }
    rows
}
