//! Finds models by words of their name, description and tags.

use domain::error::{Code, DomainError, FieldError};

use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{FoundByWords, FunctionModels, ModelFilter, Page, PageRequest, Ports};

/// The longest query, in characters.
pub const LONGEST_QUERY: usize = 200;

/// The models the caller may see in which all words of the query stand, at their beginnings; the
/// best first when `by_rank` is set.
///
/// # Errors
/// `INVALID_REQUEST` for a query of no or more than 200 characters.
pub async fn search(
    ports: &impl Ports,
    context: &Context,
    query: &str,
    filter: &ModelFilter,
    by_rank: bool,
    page: &PageRequest,
) -> Result<Page<FoundByWords>, UseCaseError> {
    let query = query.trim();
    let length = query.chars().count();
    if !(1..=LONGEST_QUERY).contains(&length) {
        let limit = serde_json::json!({ "min": 1, "max": LONGEST_QUERY });
        let error = FieldError::new("query", "length").limit(limit);
        let message = format!("Between 1 and {LONGEST_QUERY} characters are needed.");
        return Err(DomainError::field(Code::InvalidRequest, message, error).into());
    }
    let models = ports.function_models();
    Ok(models.search(context, query, filter, by_rank, page).await?)
}

#[cfg(test)]
mod tests {
    use domain::vocabulary::ModelStatus;

    use super::*;
    use crate::in_memory::World;
    use crate::ports::{ModelSort, SortOrder};
    use crate::testing::{Draft, alice, bob, refusal};

    fn names(world: &World, query: &str, filter: &ModelFilter, by_rank: bool) -> Vec<String> {
        let page = PageRequest::default();
        let found = world.run(search(world, &alice(), query, filter, by_rank, &page));
        let items = found.unwrap().items.into_iter();
        items.map(|found| found.model.name.to_string()).collect()
    }

    fn arranged() -> World {
        let world = World::new();
        for (name, description) in [
            ("Billing", "Sends invoices for orders"),
            ("Order intake", "Takes orders"),
            ("Returns", "Takes goods back"),
        ] {
            let draft = Draft::empty(&world, name);
            world.arrange(draft.model_id, |model| {
                model.description = Some(description.into())
            });
        }
        world
    }

    #[test]
    fn the_best_come_first_unless_sorted() {
        let world = arranged();
        let filter = ModelFilter::default();
        assert_eq!(
            names(&world, "order", &filter, true),
            ["Order intake", "Billing"]
        );
        assert_eq!(
            names(&world, "takes order", &filter, true),
            ["Order intake"]
        );
        assert_eq!(names(&world, "!?", &filter, true), [""; 0]);
        let sorted = ModelFilter {
            sort_by: ModelSort::Name,
            sort_order: SortOrder::Asc,
            ..ModelFilter::default()
        };
        assert_eq!(
            names(&world, "order", &sorted, false),
            ["Billing", "Order intake"]
        );
        let published = ModelFilter {
            status: Some(ModelStatus::Published),
            ..ModelFilter::default()
        };
        assert_eq!(names(&world, "order", &published, true), [""; 0]);
    }

    #[test]
    fn words_are_marked_and_strangers_find_nothing() {
        let world = arranged();
        let (filter, page) = (ModelFilter::default(), PageRequest::default());
        let found = world
            .run(search(&world, &alice(), "bill", &filter, true, &page))
            .unwrap();
        let highlights = &found.items[0].highlights;
        assert_eq!(highlights.name.as_deref(), Some("<mark>Billing</mark>"));
        assert_eq!(highlights.description, None);
        let nothing = world
            .run(search(&world, &bob(), "bill", &filter, true, &page))
            .unwrap();
        assert!(nothing.items.is_empty());
    }

    #[test]
    fn queries_have_a_length() {
        let world = World::new();
        let (filter, page) = (ModelFilter::default(), PageRequest::default());
        for query in ["", "  ", &"x".repeat(201)] {
            let error = world.run(search(&world, &alice(), query, &filter, true, &page));
            assert_eq!(refusal(error.unwrap_err()), Code::InvalidRequest);
        }
    }
}
