//! Whether every event that the other tests left is what the schema of its type says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, ensure};
use jsonschema::Validator;
use serde_json::Value;
use tokio_postgres::Client;

use crate::places;
use crate::tally::Count;

/// Both logs behind a position, in steps.
const NEXT: &str = "select * from (
    (select event.position, event.event_type, event.event_version::integer, event.data
     from public.domain_events as event where event.position > $1 order by event.position limit 1000)
    union all
    (select event.position, event.event_type, event.event_version::integer, public.data(event)
     from public.execution_events as event where event.position > $1 order by event.position limit 1000)) as event
  order by position limit 1000";

/// The place behind which events are looked at: what is before was written by hand.
pub(super) async fn position(url: &str) -> anyhow::Result<i64> {
    let client = super::connect(url).await?;
    let row = client
        .query_one(
            "select greatest(
                (select coalesce(max(position), 0) from public.domain_events),
                (select coalesce(max(position), 0) from public.execution_events))",
            &[],
        )
        .await?;
    Ok(row.get(0))
}

/// Validates them all, of which there must be `some`; one test for each type that was seen.
pub(super) async fn run(url: &str, after: i64, some: bool) -> anyhow::Result<Count> {
    let schemas = schemas()?;
    let client = super::connect(url).await?;
    let found = validate(&client, &schemas, after).await?;
    let mut count = Count::default();
    for (event_type, outcome) in &found {
        match outcome {
            Ok(events) => println!("test {events} {event_type} ... ok"),
            Err(why) => println!("test {event_type} ... FAILED\n{why}"),
        }
        count = count.and(Count::one(outcome.is_ok()));
    }
    let seen: BTreeSet<&String> = found.keys().collect();
    let unseen: Vec<&str> = schemas
        .keys()
        .filter(|name| !seen.contains(name))
        .map(String::as_str)
        .collect();
    println!("types of which there is no event: {}", unseen.join(", "));
    ensure!(!some || !found.is_empty(), "no event was left");
    Ok(count)
}

/// What is known of a type.
struct Described {
    version: u64,
    data: Validator,
}

/// The schemas as they are served.
fn schemas() -> anyhow::Result<BTreeMap<String, Described>> {
    let path = places::root().join("supabase/functions/_shared/event_schemas.json");
    let served: Value = serde_json::from_str(&fs::read_to_string(path)?)?;
    let items = served["items"].as_array().context("it has no items")?;
    let described = items.iter().map(|item| {
        let name = item["eventType"].as_str().context("it has no type")?;
        let version = item["eventVersion"].as_u64().context("it has no version")?;
        let data = jsonschema::validator_for(&item["schema"])
            .map_err(|error| anyhow::anyhow!("{name}: {error}"))?;
        Ok((name.to_owned(), Described { version, data }))
    });
    described.collect()
}

/// How many events of each type are as described, or the first that is not.
async fn validate(
    client: &Client,
    schemas: &BTreeMap<String, Described>,
    mut after: i64,
) -> anyhow::Result<BTreeMap<String, Result<u64, String>>> {
    let mut found = BTreeMap::new();
    loop {
        let rows = client.query(NEXT, &[&after]).await?;
        let Some(last) = rows.last() else {
            return Ok(found);
        };
        after = last.get("position");
        for row in rows {
            let name: String = row.get("event_type");
            let version: i32 = row.get("event_version");
            let told = found.entry(name.clone()).or_insert(Ok(0));
            if let Ok(events) = told {
                let broken = faults(schemas.get(&name), version, &row.get("data"));
                *told = broken.map_or(Ok(*events + 1), Err);
            }
        }
    }
}

/// What is wrong with an event.
fn faults(described: Option<&Described>, version: i32, data: &Value) -> Option<String> {
    let Some(described) = described else {
        return Some("its type has no schema".to_owned());
    };
    if u64::try_from(version) != Ok(described.version) {
        return Some(format!("version {version} has no schema"));
    }
    let errors: Vec<String> = described
        .data
        .iter_errors(data)
        .map(|error| format!("{}: {error}", error.instance_path))
        .collect();
    (!errors.is_empty()).then(|| format!("{}\n{data:#}", errors.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_not_as_described_is_told() {
        let schemas = schemas().unwrap();
        let isolated = schemas.get("AIAgentIsolated");
        let id = "0192aaaa-0000-7000-8000-000000000001";
        let data = json!({"agentId": id, "reason": "r", "failureCount": 3,
            "isolatedAt": "1970-01-01T00:00:00.000Z"});
        assert_eq!(faults(isolated, 1, &data), None);
        assert!(faults(isolated, 2, &data).is_some());
        assert!(faults(None, 1, &data).is_some());
        for (name, value) in [("reason", json!(1)), ("surplus", json!(true))] {
            let mut other = data.clone();
            other[name] = value;
            assert!(faults(isolated, 1, &other).is_some(), "{name}");
        }
        let mut less = data;
        less.as_object_mut().unwrap().remove("reason");
        assert!(faults(isolated, 1, &less).is_some());
    }
}
