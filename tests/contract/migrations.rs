//! Old events: what is read of them, and what is stored beside the log.

use domain::ids::{ModelId, UserId};
use domain::upcast::{EventMigration, MigrateEvents, Step, UPCASTS, Upcasts};
use serde_json::{Value, json};
use use_cases::context::{Actor, Context};
use use_cases::ports::{EventLog, Ports};
use use_cases::{Migrated, migrate_events};
use uuid::Uuid;

use crate::home::{Home, model};

/// An event: its position, the version of its data, and these.
pub(crate) type Shape = (i64, u32, Value);

/// A type that the product does not have, changed twice.
pub(crate) const STEPS: Upcasts<'static> = Upcasts(&[
    Step {
        event_type: "ShapeChanged",
        from: 1,
        make: |data| {
            if let Some(name) = data.remove("title") {
                data.insert("name".to_owned(), name);
            }
        },
    },
    Step {
        event_type: "ShapeChanged",
        from: 2,
        make: |data| {
            data.insert("tags".to_owned(), json!([]));
        },
    },
]);

/// How many events have the first version.
const OLD: u32 = 25;

/// A model with events of all three versions; the log of a home that others write to as well.
async fn planted(home: &impl Home) -> ModelId {
    let id = model(home, "Of old").await;
    for number in 0..OLD {
        let data = json!({"title": number});
        home.plant(id, "ShapeChanged", 1, data).await;
    }
    let second = json!({"name": "second"});
    home.plant(id, "ShapeChanged", 2, second).await;
    let third = json!({"name": "third", "tags": ["a"]});
    home.plant(id, "ShapeChanged", 3, third).await;
    id
}

fn service() -> Context {
    let mut context = Context::new(Actor::user(UserId::from_uuid(Uuid::nil())), "contract");
    context.actor.service = true;
    context
}

/// What users read of the planted events.
async fn read(home: &impl Home, id: ModelId) -> Vec<Shape> {
    let log = home.ports(0).event_log();
    let events = log.history(home.context(0), id.as_uuid(), 1, 100).await;
    let told = events.unwrap().into_iter();
    told.map(|event| (event.position, event.event_version, event.data))
        .collect()
}

async fn migrate(home: &impl Home, limit: u32) -> Migrated {
    let command = MigrateEvents {
        event_type: "ShapeChanged".to_owned(),
        from_version: 1,
        to_version: 3,
        limit: Some(limit),
    };
    let who = service();
    let done = migrate_events(home.ports(0), &who, &STEPS, &command);
    done.await.unwrap()
}

pub(crate) async fn old_events_are_read_in_the_newest_shape(home: &impl Home) {
    let id = planted(home).await;
    let read = read(home, id).await;
    assert_eq!(read.len(), OLD as usize + 2);
    for (number, (_, version, data)) in read.iter().take(OLD as usize).enumerate() {
        assert_eq!((*version, data), (3, &json!({"name": number, "tags": []})));
    }
    let rest: Vec<&Value> = read[OLD as usize..].iter().map(|event| &event.2).collect();
    let second = json!({"name": "second", "tags": []});
    assert_eq!(rest, [&second, &json!({"name": "third", "tags": ["a"]})]);
    let stored = home.stored(id).await;
    assert_eq!(stored[0].1, 1);
    assert_eq!(stored[0].2, json!({"title": 0}));
}

pub(crate) async fn migrations_go_on_after_an_interruption(home: &impl Home) {
    let id = planted(home).await;
    let before = home.stored(id).await;
    let migration = EventMigration {
        event_type: "ShapeChanged".to_owned(),
        from_version: 1,
        to_version: 3,
    };
    // A driver that reads a batch and is never heard of until others have gone on.
    let log = home.ports(0).event_log();
    let lost = log.old_events(&migration, 5).await.unwrap();
    let first = migrate(home, 7).await;
    assert!(!first.done || first.read == 0);
    let late = log.store_upcasts(&migration, &lost).await.unwrap();
    assert_eq!(late.moved, lost.after_position == first.position);

    // Drivers that are killed at any moment: before, between or behind the two halves of a batch.
    for milliseconds in 0..20 {
        let patience = std::time::Duration::from_millis(milliseconds);
        tokio::time::timeout(patience, migrate(home, 2)).await.ok();
    }
    let mut done = migrate(home, 1000).await;
    for _ in 0..100 {
        // The log ends before whatever transaction is still open.
        if done.done && home.newest(id).await.iter().all(|event| event.1 != 1) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        done = migrate(home, 1000).await;
    }
    assert!(done.done);
    assert!(done.total >= u64::from(OLD));

    // What SQL finds is what users read, but for the second version, which nobody has migrated.
    let newest = home.newest(id).await;
    let expected = read(home, id).await;
    for (found, wanted) in newest.iter().zip(&expected) {
        match wanted.2["name"] == "second" {
            true => assert_eq!((found.1, &found.2), (2, &json!({"name": "second"}))),
            false => assert_eq!(found, wanted),
        }
    }
    assert_eq!(newest.len(), expected.len());
    assert_eq!(home.stored(id).await, before);

    let again = migrate(home, 1000).await;
    assert_eq!((again.read, again.migrated, again.done), (0, 0, true));
    assert_eq!(again.total, done.total);
    assert_eq!(home.newest(id).await, newest);
    let command = MigrateEvents {
        event_type: "ShapeChanged".to_owned(),
        from_version: 1,
        to_version: 3,
        limit: None,
    };
    let who = service();
    let refused = migrate_events(home.ports(0), &who, &UPCASTS, &command);
    assert!(refused.await.is_err());
}
