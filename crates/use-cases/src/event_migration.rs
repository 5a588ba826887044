//! Stores old events in the newest shape of their type, beside the log. The service alone may.

use domain::upcast::{EventMigration, MigrateEvents, Upcasts};
use serde::Serialize;

use crate::context::Context;
use crate::error::UseCaseError;
use crate::function_model::access::service_only;
use crate::ports::{EventLog, OldEvents, PortError, Ports};

/// Events that are read when the caller does not say how many.
const USUAL_LIMIT: u32 = 1000;
/// Events of one batch.
const BATCH: u32 = 500;
/// Batches of one request: where events are rare, a batch is a long stretch of the log.
const BATCHES: u32 = 20;

/// How far a migration has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Migrated {
    /// How many events this request has read.
    pub read: u32,
    /// How many of them it has stored in the newest shape. Others were stored by somebody else
    /// meanwhile.
    pub migrated: u32,
    /// How many this migration has stored in all.
    pub total: u64,
    /// The checkpoint: of the events up to this position none is left.
    pub position: i64,
    /// Whether the end of the log was reached. If not, ask again.
    pub done: bool,
}

/// Stores events of one version of a type in its newest, from the checkpoint on. Whoever is
/// interrupted asks again: nothing is left out and nothing stored twice, and several may work on
/// it at once. The events themselves stay what they are.
///
/// # Errors
/// `Forbidden` for everybody but the service; `EVENT_STEP_UNKNOWN` when no steps lead from the
/// one version to the other as the newest; `INVALID_REQUEST` for a limit that is too high.
pub async fn migrate_events(
    ports: &impl Ports,
    context: &Context,
    upcasts: &Upcasts<'_>,
    command: &MigrateEvents,
) -> Result<Migrated, UseCaseError> {
    service_only(context)?;
    let migration = command.check(upcasts)?;
    let limit = command.limit.unwrap_or(USUAL_LIMIT);
    let mut sum = Migrated::default();
    for _ in 0..BATCHES {
        let left = limit.saturating_sub(sum.read);
        if left == 0 || sum.done {
            break;
        }
        let next = migrate_batch(ports, upcasts, &migration, left.min(BATCH)).await?;
        sum = Migrated {
            read: sum.read.saturating_add(next.read),
            migrated: sum.migrated.saturating_add(next.migrated),
            ..next
        };
    }
    Ok(sum)
}

async fn migrate_batch(
    ports: &impl Ports,
    upcasts: &Upcasts<'_>,
    migration: &EventMigration,
    limit: u32,
) -> Result<Migrated, PortError> {
    let log = ports.event_log();
    let batch = log.old_events(migration, limit).await?;
    let last = batch.last;
    let read = u32::try_from(batch.events.len()).unwrap_or(u32::MAX);
    let newest = in_newest_shape(batch, upcasts, migration);
    let stored = log.store_upcasts(migration, &newest).await?;
    Ok(Migrated {
        read,
        migrated: stored.migrated,
        total: stored.total,
        position: stored.position,
        done: stored.moved && last,
    })
}

fn in_newest_shape(
    mut batch: OldEvents,
    upcasts: &Upcasts<'_>,
    migration: &EventMigration,
) -> OldEvents {
    for event in &mut batch.events {
        let data = event.data.take();
        (_, event.data) = upcasts.upcast(&migration.event_type, migration.from_version, data);
    }
    batch
}

#[cfg(test)]
mod tests {
    use domain::error::Code;
    use domain::upcast::Step;
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;
    use crate::in_memory::World;
    use crate::ports::PortErrorKind;
    use crate::testing::{alice, refusal, service};

    const STEPS: Upcasts<'static> = Upcasts(&[
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

    const NOTHING: Uuid = Uuid::nil();

    /// A world with so many events of the first version, and one of the second between them.
    fn world(count: usize) -> World {
        let world = World::new();
        for number in 0..count {
            world.plant_event(NOTHING, "ShapeChanged", 1, json!({"title": number}));
            if number == 0 {
                world.plant_event(NOTHING, "ShapeChanged", 2, json!({"name": "second"}));
            }
        }
        world
    }

    fn ask(from: u32, to: u32, limit: Option<u32>) -> MigrateEvents {
        MigrateEvents {
            event_type: "ShapeChanged".to_owned(),
            from_version: from,
            to_version: to,
            limit,
        }
    }

    fn migrate(world: &World, limit: u32) -> Result<Migrated, UseCaseError> {
        let (who, command) = (service(), ask(1, 3, Some(limit)));
        world.run(migrate_events(world, &who, &STEPS, &command))
    }

    fn names(world: &World) -> Vec<Value> {
        let stored = world.stored_upcasts();
        let told = stored.into_values().map(|(version, data)| {
            assert_eq!((version, &data["tags"]), (3, &json!([])));
            data["name"].clone()
        });
        told.collect()
    }

    #[test]
    fn old_events_are_stored_in_the_newest_shape_beside_the_log() {
        let world = world(1200);
        let before = world.stored_events();
        let done = migrate(&world, 10_000).unwrap();
        let counts = (done.read, done.migrated, done.total);
        assert_eq!((counts, done.done), ((1200, 1200, 1200), true));
        assert_eq!(done.position, 1201);
        assert_eq!(
            names(&world),
            (0..1200).map(Value::from).collect::<Vec<_>>()
        );
        assert_eq!(world.stored_events(), before);
        let again = migrate(&world, 10_000).unwrap();
        assert_eq!((again.read, again.migrated, again.done), (0, 0, true));
        // What an older writer appends meanwhile is found by whoever asks again.
        world.plant_event(NOTHING, "ShapeChanged", 1, json!({"title": "late"}));
        let again = migrate(&world, 10_000).unwrap();
        assert_eq!((again.migrated, again.total), (1, 1201));
    }

    #[test]
    fn a_request_ends_where_it_is_told_and_the_next_goes_on() {
        let world = world(5);
        let first = migrate(&world, 2).unwrap();
        assert_eq!((first.read, first.total, first.done), (2, 2, false));
        let rest = migrate(&world, 10).unwrap();
        assert_eq!((rest.read, rest.total, rest.done), (3, 5, true));
    }

    #[test]
    fn an_interrupted_driver_leaves_nothing_out() {
        let world = world(3);
        for operation in ["event_log.old_events", "event_log.store_upcasts"] {
            let down = PortErrorKind::Unavailable { retry_after: None };
            world.faults().fail_next(operation, down);
            assert!(migrate(&world, 10).is_err());
            assert_eq!(names(&world), [] as [Value; 0]);
        }
        assert_eq!(migrate(&world, 10).unwrap().total, 3);
        assert_eq!(names(&world), [json!(0), json!(1), json!(2)]);
    }

    #[test]
    fn unknown_steps_and_users_are_refused() {
        let world = world(1);
        for (from, to) in [(1, 2), (2, 4), (3, 3), (0, 3)] {
            let (who, command) = (service(), ask(from, to, None));
            let refused = world.run(migrate_events(&world, &who, &STEPS, &command));
            assert_eq!(refusal(refused.unwrap_err()), Code::EventStepUnknown);
        }
        let refused = world.run(migrate_events(&world, &alice(), &STEPS, &ask(1, 3, None)));
        assert!(matches!(refused, Err(UseCaseError::Forbidden { .. })));
        assert_eq!(names(&world), [] as [Value; 0]);
    }
}
