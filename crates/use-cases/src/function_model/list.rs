//! Lists models.

use domain::function_model::FunctionModel;

use crate::context::Context;
use crate::error::UseCaseError;
use crate::ports::{FunctionModels, ModelFilter, Page, PageRequest, Ports};

/// The models the caller may view, without what is inside, none of them deleted.
///
/// # Errors
/// `Unavailable` when the database cannot answer.
pub async fn list(
    ports: &impl Ports,
    context: &Context,
    filter: &ModelFilter,
    page: &PageRequest,
) -> Result<Page<FunctionModel>, UseCaseError> {
    Ok(ports.function_models().list(context, filter, page).await?)
}

#[cfg(test)]
mod tests {
    use domain::vocabulary::ModelStatus;
    use serde_json::json;

    use super::*;
    use crate::in_memory::World;
    use crate::ports::{ModelSort, SortOrder};
    use crate::testing::{Draft, alice, bob};

    fn names(world: &World, filter: &ModelFilter) -> Vec<String> {
        let (who, request) = (alice(), PageRequest::default());
        let page = world.run(list(world, &who, filter, &request)).unwrap();
        assert!(page.items.iter().all(|model| model.nodes.is_empty()));
        page.items
            .iter()
            .map(|model| model.name.to_string())
            .collect()
    }

    /// Alpha, Beta and Gamma of alice's, an hour between them; Beta carries a tag.
    fn three() -> (World, Draft) {
        let world = World::new();
        Draft::staged(&world, "Alpha");
        world.clock().advance(3_600_000);
        let beta = Draft::empty(&world, "Beta");
        world.arrange(beta.model_id, |model| {
            model.metadata.insert("tags".into(), json!(["finance"]));
        });
        world.clock().advance(3_600_000);
        Draft::empty(&world, "Gamma");
        Draft::empty_of(&world, &bob(), "Foreign");
        (world, beta)
    }

    #[test]
    fn the_latest_change_comes_first_unless_sorted_otherwise() {
        let (world, _) = three();
        assert_eq!(
            names(&world, &ModelFilter::default()),
            ["Gamma", "Beta", "Alpha"]
        );
        for sort_by in [
            ModelSort::Name,
            ModelSort::CreatedAt,
            ModelSort::LastSavedAt,
        ] {
            let sorted = ModelFilter {
                sort_by,
                sort_order: SortOrder::Asc,
                ..ModelFilter::default()
            };
            assert_eq!(names(&world, &sorted), ["Alpha", "Beta", "Gamma"]);
        }
    }

    #[test]
    fn filters_narrow_the_list() {
        let (world, beta) = three();
        let tagged = ModelFilter {
            tags: vec!["finance".into()],
            ..ModelFilter::default()
        };
        assert_eq!(names(&world, &tagged), ["Beta"]);
        let created = world.stored(beta.model_id).created_at;
        let after = ModelFilter {
            created_after: Some(created),
            ..ModelFilter::default()
        };
        assert_eq!(names(&world, &after), ["Gamma"]);
        let before = ModelFilter {
            created_before: Some(created),
            ..ModelFilter::default()
        };
        assert_eq!(names(&world, &before), ["Alpha"]);
        let acme = ModelFilter {
            organization_id: Some(world.organization("Acme", &alice())),
            ..ModelFilter::default()
        };
        assert_eq!(names(&world, &acme), [""; 0]);
    }

    #[test]
    fn archived_models_show_on_request_and_deleted_ones_never() {
        let (world, beta) = three();
        world.arrange(beta.model_id, |model| model.status = ModelStatus::Archived);
        assert_eq!(names(&world, &ModelFilter::default()), ["Gamma", "Alpha"]);
        let all = ModelFilter {
            include_archived: true,
            ..ModelFilter::default()
        };
        assert_eq!(names(&world, &all).len(), 3);
        let archived = ModelFilter {
            status: Some(ModelStatus::Archived),
            ..ModelFilter::default()
        };
        assert_eq!(names(&world, &archived), ["Beta"]);
        world.delete(beta.model_id);
        assert_eq!(names(&world, &archived), [""; 0]);
    }
}
