//! What the events of a link make.

use serde_json::{Map, Value, json};

use super::{Recorded, Rows, columns, first, one, unreadable};
use crate::error::DomainError;

pub(super) fn replay(events: &[Recorded]) -> Result<Option<Rows>, DomainError> {
    let mut row: Option<Map<String, Value>> = None;
    for event in events {
        match event.event_type.as_str() {
            "NodeLinkCreated" => row = Some(created(event)),
            "NodeLinkUpdated" => {
                let mut link = first(event, row)?;
                link.extend(columns(event.field("changes")));
                link.insert("updated_at".into(), json!(event.occurred_at));
                let revision = link.get("revision").and_then(Value::as_i64);
                link.insert("revision".into(), json!(revision.unwrap_or_default() + 1));
                row = Some(link);
            }
            "NodeLinkRemoved" => row = None,
            "CrossFeatureLinkEstablished" | "CrossFeatureLinkBroken" => {}
            _ => return Err(unreadable(event, "its type is unknown")),
        }
    }
    Ok(row.map(|row| {
        let key = row
            .get("link_id")
            .and_then(Value::as_str)
            .unwrap_or_default();
        one("node_links", key.to_owned(), row)
    }))
}

fn created(event: &Recorded) -> Map<String, Value> {
    let mut link = columns(event.data.clone());
    link.entry("link_context").or_insert_with(|| json!({}));
    link.insert("organization_id".into(), json!(event.organization_id));
    link.insert("created_at".into(), json!(event.occurred_at));
    link.insert("updated_at".into(), json!(event.occurred_at));
    link.insert("revision".into(), json!(1));
    link
}
