//! Reads what has happened: to one model, or in the whole log.

use domain::function_model::permissions::Act;
use domain::ids::ModelId;

use super::access;
use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{EventFilter, EventLog, Extent, Page, PageRequest, Ports, StoredEvent};

/// The stream of a model in its order, after the given version (0: from the start).
///
/// # Errors
/// `FUNCTION_MODEL_NOT_FOUND` when the model is missing or hidden.
pub async fn events(
    ports: &impl Ports,
    context: &Context,
    model_id: ModelId,
    after_version: i64,
    limit: u32,
) -> Result<Vec<StoredEvent>, UseCaseError> {
    access::load(ports, context, model_id, Extent::Header, Act::View).await?;
    let log = ports.event_log();
    let history = log.history(context, model_id.as_uuid(), after_version, limit);
    Ok(history.await?)
}

/// The whole log in its order, as far as the caller may view what it is about.
///
/// # Errors
/// `Unavailable` when the database cannot answer.
pub async fn event_log(
    ports: &impl Ports,
    context: &Context,
    filter: &EventFilter,
    page: &PageRequest,
) -> Result<Page<StoredEvent>, UseCaseError> {
    Ok(ports.event_log().list(context, filter, page).await?)
}

#[cfg(test)]
mod tests {
    use domain::error::Code;

    use super::*;
    use crate::in_memory::World;
    use crate::testing::{Draft, alice, bob};

    #[test]
    fn a_model_has_its_stream() {
        let world = World::new();
        let draft = Draft::staged(&world, "Order");
        let look = |who, after| world.run(events(&world, &who, draft.model_id, after, 10));
        let all = look(alice(), 0).unwrap();
        let types: Vec<&str> = all.iter().map(|event| event.event_type.as_str()).collect();
        assert_eq!(types, ["FunctionModelCreated", "ContainerNodeAdded"]);
        assert_eq!(
            all[0].correlation_id.as_deref(),
            Some(alice().request_id.as_str())
        );
        assert_eq!(look(alice(), 1).unwrap(), all[1..]);
        let hidden = look(bob(), 0).unwrap_err();
        assert_eq!(hidden, UseCaseError::NotFound(Code::FunctionModelNotFound));
    }

    #[test]
    fn the_log_shows_what_the_caller_may_view() {
        let world = World::new();
        world.organization("Acme", &alice());
        let draft = Draft::staged(&world, "Order");
        Draft::empty_of(&world, &bob(), "Foreign");
        let look = |filter: EventFilter, who| {
            let mut request = PageRequest {
                limit: 2,
                ..PageRequest::default()
            };
            let mut types = Vec::new();
            loop {
                let page = world
                    .run(event_log(&world, &who, &filter, &request))
                    .unwrap();
                types.extend(page.items.into_iter().map(|event| event.event_type));
                request.after = page.next;
                if request.after.is_none() {
                    return types;
                }
            }
        };
        let all = [
            "OrganizationCreated",
            "FunctionModelCreated",
            "ContainerNodeAdded",
        ];
        assert_eq!(look(EventFilter::default(), alice()), all);
        assert_eq!(
            look(EventFilter::default(), bob()),
            ["FunctionModelCreated"]
        );
        let narrow = EventFilter {
            event_type: Some("ContainerNodeAdded".into()),
            aggregate_id: Some(draft.model_id.as_uuid()),
            ..EventFilter::default()
        };
        assert_eq!(look(narrow, alice()), ["ContainerNodeAdded"]);
        let future = EventFilter {
            from: Some(domain::instant::Instant::from_millis(i64::MAX / 1_000_000)),
            ..EventFilter::default()
        };
        assert_eq!(look(future, alice()), [""; 0]);
    }
}
