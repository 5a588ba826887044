//! Models: making, finding, changing, checking and publishing them.

use domain::function_model::FunctionModel;
use domain::function_model::commands::{
    CreateFunctionModel, PublishFunctionModel, UpdateFunctionModel, ValidateWorkflow,
};
use domain::ids::{ModelId, OrganizationId};
use domain::instant::Instant;
use domain::vocabulary::ModelStatus;
use serde_json::{Value, json};
use use_cases::Saved;
use use_cases::function_model;
use use_cases::function_model::Published;
use use_cases::ports::{Extent, ModelFilter, ModelSort, SortOrder};

use crate::call::{Answer, Call, Wiring, id};
use crate::problem::Problem;
use crate::problem::Success;
use crate::query::{PAGE, Query};
use crate::response::Response;

/// What lists of models can be narrowed and sorted by.
const FILTER: [&str; 8] = [
    "status",
    "tags",
    "createdAfter",
    "createdBefore",
    "organizationId",
    "includeArchived",
    "sortBy",
    "sortOrder",
];

pub(crate) async fn create<W: Wiring>(call: &Call<'_, W>) -> Answer {
    let command: CreateFunctionModel = call.body()?;
    let render = |saved: &Saved<FunctionModel>| {
        Response::json(Success::Created, &shown(&saved.value, false, false))
            .with_revision(saved.revision)
            .with_location(&format!("/function-models/{}", saved.value.model_id))
    };
    let keep = |saved: &Saved<FunctionModel>| render(saved).to_stored();
    let saved = function_model::create(call.ports(), &call.context, &command, keep).await?;
    Ok(render(&saved))
}

pub(crate) async fn list<W: Wiring>(call: &Call<'_, W>) -> Answer {
    let query = call.query(&[&PAGE, &FILTER])?;
    let page = call.page(&query, 20)?;
    let filter = filter(&query)?;
    let found = function_model::list(call.ports(), &call.context, &filter, &page).await?;
    Ok(call.list(&query, &found.map(|model| shown(&model, false, false))))
}

fn filter(query: &Query) -> Result<ModelFilter, Problem> {
    let tags = query.text("tags").unwrap_or_default().split(',');
    Ok(ModelFilter {
        status: query.value::<ModelStatus>("status")?,
        tags: tags
            .map(str::trim)
            .filter(|tag| !tag.is_empty())
            .map(str::to_owned)
            .collect(),
        created_after: query.value::<Instant>("createdAfter")?,
        created_before: query.value::<Instant>("createdBefore")?,
        organization_id: query.id("organizationId", OrganizationId::parse)?,
        include_archived: query.flag("includeArchived")?,
        sort_by: query.value::<ModelSort>("sortBy")?.unwrap_or_default(),
        sort_order: query.value::<SortOrder>("sortOrder")?.unwrap_or_default(),
    })
}

pub(crate) async fn read<W: Wiring>(call: &Call<'_, W>, model: &str) -> Answer {
    let query = call.query(&[&["fields", "includeNodes", "includeActionNodes"]])?;
    let nodes = query.flag("includeNodes")?;
    let actions = query.flag("includeActionNodes")?;
    let model_id = id("modelId", model, ModelId::parse)?;
    let extent = if nodes || actions {
        Extent::Whole
    } else {
        Extent::Header
    };
    let found = function_model::read(call.ports(), &call.context, model_id, extent).await?;
    let body = shown(&found.model, nodes, actions);
    Ok(call.one(&query, &body).with_revision(found.model.revision))
}

pub(crate) async fn update<W: Wiring>(call: &Call<'_, W>, model: &str) -> Answer {
    let model_id = id("modelId", model, ModelId::parse)?;
    let command: UpdateFunctionModel = call.body()?;
    let render = |saved: &Saved<FunctionModel>| {
        Response::json(Success::Ok, &shown(&saved.value, false, false))
            .with_revision(saved.revision)
    };
    let keep = |saved: &Saved<FunctionModel>| render(saved).to_stored();
    let saved =
        function_model::update(call.ports(), &call.context, model_id, command, keep).await?;
    Ok(render(&saved))
}

pub(crate) async fn validate<W: Wiring>(call: &Call<'_, W>, model: &str) -> Answer {
    let model_id = id("modelId", model, ModelId::parse)?;
    let command: ValidateWorkflow = call.body()?;
    let report = function_model::validate(call.ports(), &call.context, model_id, &command).await?;
    Ok(Response::json(Success::Ok, &report))
}

pub(crate) async fn publish<W: Wiring>(call: &Call<'_, W>, model: &str) -> Answer {
    let model_id = id("modelId", model, ModelId::parse)?;
    let command: PublishFunctionModel = call.body()?;
    let render = |saved: &Saved<Published>| {
        Response::json(Success::Ok, &saved.value).with_revision(saved.revision)
    };
    let keep = |saved: &Saved<Published>| render(saved).to_stored();
    let saved =
        function_model::publish(call.ports(), &call.context, model_id, command, keep).await?;
    Ok(render(&saved))
}

/// A model as clients see it: what is inside only when asked for.
fn shown(model: &FunctionModel, nodes: bool, actions: bool) -> Value {
    let mut body = json!(model);
    if let Some(fields) = body.as_object_mut() {
        for (name, wanted) in [("nodes", nodes), ("actionNodes", actions)] {
            if !wanted {
                fields.remove(name);
            }
        }
    }
    body
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{BOB, NOTHING, Stage};

    #[test]
    fn a_model_is_made_read_and_changed() {
        let stage = Stage::new();
        let made = stage.post("/function-models", json!({"name": "Order to cash"}));
        let model = made.ok(201);
        let path = format!("/function-models/{}", model["modelId"].as_str().unwrap());
        assert_eq!(
            made.header("location"),
            Some(format!("/functions/v1/api{path}").as_str())
        );
        assert_eq!(model["status"], "draft");
        assert_eq!(model.get("nodes"), None);
        let changed = stage.patch(&path, json!({"description": "All of it"}));
        assert_eq!(changed.ok(200)["description"], "All of it");
        assert_eq!(changed.header("etag"), Some("\"2\""));
        let read = stage.get(&format!("{path}?includeNodes=true&includeActionNodes=true"));
        assert_eq!(read.ok(200)["nodes"], json!({}));
        assert_eq!(read.ok(200)["actionNodes"], json!({}));
        let sparse = stage.get(&format!("{path}?fields=name,status"));
        assert_eq!(
            sparse.ok(200),
            json!({"name": "Order to cash", "status": "draft"})
        );
        let cleared = stage.patch(&path, json!({"description": null}));
        assert_eq!(cleared.ok(200).get("description"), None);
    }

    #[test]
    fn a_stale_etag_is_refused_with_the_revision_there_is() {
        let stage = Stage::new();
        let path = stage.model("Order to cash");
        let change = |etag: &str| {
            let ask = stage.ask("PATCH", &path).header("if-match", etag);
            ask.json(json!({"description": "x"})).send()
        };
        change("\"1\"").ok(200);
        let body = change("\"1\"").refused(412, "REVISION_CONFLICT");
        assert_eq!(body["currentRevision"], 2);
        change("1").refused(400, "INVALID_REQUEST");
    }

    #[test]
    fn strangers_find_nothing() {
        let stage = Stage::new();
        let path = stage.model("Order to cash");
        let missing = format!("/function-models/{NOTHING}");
        stage.get(&missing).refused(404, "FUNCTION_MODEL_NOT_FOUND");
        for (method, path) in [("GET", path.clone()), ("POST", format!("{path}/validate"))] {
            let answer = stage.ask(method, &path).by(BOB).send();
            answer.refused(404, "FUNCTION_MODEL_NOT_FOUND");
        }
        let list = stage.ask("GET", "/function-models").by(BOB).send().ok(200);
        assert_eq!(list, json!({"items": []}));
    }

    #[test]
    fn names_are_unique_and_within_limits() {
        let stage = Stage::new();
        stage.model("Order to cash");
        let again = stage.post("/function-models", json!({"name": "Order to cash"}));
        again.refused(409, "MODEL_NAME_TAKEN");
        let body = json!({"name": "x", "description": "y".repeat(5001)});
        let refused = stage
            .post("/function-models", body)
            .refused(422, "MODEL_NAME_INVALID");
        assert_eq!(refused["errors"].as_array().unwrap().len(), 2);
        let path = stage.model("Another one");
        stage
            .patch(&path, json!({}))
            .refused(422, "NOTHING_TO_CHANGE");
        stage
            .patch(&path, json!({"status": "published"}))
            .refused(400, "INVALID_REQUEST");
    }

    #[test]
    fn lists_are_narrowed_and_sorted() {
        let stage = Stage::new();
        for name in ["Beta model", "Alpha model"] {
            stage.model(name);
        }
        let names = |query: &str| {
            stage
                .get(&format!("/function-models?fields=name&{query}"))
                .ok(200)["items"]
                .clone()
        };
        let both = json!([{"name": "Alpha model"}, {"name": "Beta model"}]);
        assert_eq!(names("sortBy=name&sortOrder=asc"), both);
        assert_eq!(names("status=published"), json!([]));
        assert_eq!(
            names("sortBy=name&limit=1"),
            json!([{"name": "Beta model"}])
        );
        for query in [
            "sortBy=size",
            "sortOrder=up",
            "status=gone",
            "page=2",
            "createdAfter=noon",
        ] {
            let path = format!("/function-models?{query}");
            stage.get(&path).refused(400, "INVALID_REQUEST");
        }
    }

    #[test]
    fn validation_reports_and_publishing_refuses_a_model_without_boundaries() {
        let stage = Stage::new();
        let path = stage.model("Order to cash");
        let report = stage.post(&format!("{path}/validate"), json!({})).ok(200);
        assert_eq!(report["isValid"], false);
        assert_eq!(report["level"], "full");
        let publish = format!("{path}/publish");
        let refused = stage.post(&publish, json!({"version": "1.1.0"}));
        assert!(
            !refused.refused(422, "WORKFLOW_INVALID")["findings"]
                .as_array()
                .unwrap()
                .is_empty()
        );
        stage
            .post(&publish, json!({}))
            .refused(400, "INVALID_REQUEST");
        stage
            .post(&publish, json!({"version": "v2"}))
            .refused(422, "VERSION_INVALID");
    }

    #[test]
    fn a_whole_model_is_published() {
        let stage = Stage::new();
        let path = stage.runnable("Order to cash");
        let published = stage.post(&format!("{path}/publish"), json!({"version": "1.1.0"}));
        assert_eq!(published.ok(200)["status"], "published");
        let versions = stage.get(&format!("{path}/versions")).ok(200);
        assert_eq!(versions["items"][0]["versionNumber"], "1.1.0");
        assert_eq!(versions["items"][0].get("versionData"), None);
        let version = stage.get(&format!("{path}/versions/1.1.0")).ok(200);
        assert!(version["versionData"]["nodes"].is_object());
        stage
            .get(&format!("{path}/versions/9.9.9"))
            .refused(404, "VERSION_NOT_FOUND");
        stage
            .patch(&path, json!({"name": "Other"}))
            .refused(422, "MODEL_PUBLISHED");
    }
}
