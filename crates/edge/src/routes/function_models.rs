//! Models: making, finding, changing, checking and publishing them.

use domain::business_rules::ValidateBusinessRules;
use domain::function_model::FunctionModel;
use domain::function_model::commands::{
    CreateFunctionModel, PublishFunctionModel, UpdateFunctionModel, ValidateWorkflow,
};
use domain::function_model::statistics::statistics;
use domain::ids::{ModelId, OrganizationId};
use domain::instant::Instant;
use domain::json;
use domain::vocabulary::ModelStatus;
use serde_json::Value;
use use_cases::Saved;
use use_cases::function_model;
use use_cases::function_model::Published;
use use_cases::ports::{Extent, FoundByWords, ModelFilter, ModelSort, SortOrder};

use crate::call::{Answer, Call, Wiring, id};
use crate::problem::Problem;
use crate::problem::Success;
use crate::query::{PAGE, Query};
use crate::response::Response;

/// What else may be asked of a model.
const INCLUDE: [&str; 3] = ["includeNodes", "includeActionNodes", "includeStatistics"];
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

pub(crate) async fn search<W: Wiring>(call: &Call<'_, W>) -> Answer {
    let query = call.query(&[&PAGE, &FILTER, &["query"]])?;
    let page = call.page(&query, 20)?;
    let filter = filter(&query)?;
    let by_rank = query.text("sortBy").is_none();
    let words = query.text("query").unwrap_or_default();
    let (ports, context) = (call.ports(), &call.context);
    let found = function_model::search(ports, context, words, &filter, by_rank, &page).await?;
    let shown = |found: FoundByWords| {
        let mut body = shown(&found.model, false, false);
        body["highlights"] = json::to_value(&found.highlights);
        body
    };
    Ok(call.list(&query, &found.map(shown)))
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
    let query = call.query(&[&["fields"], &INCLUDE])?;
    let nodes = query.flag("includeNodes")?;
    let actions = query.flag("includeActionNodes")?;
    let figures = query.flag("includeStatistics")?;
    let model_id = id("modelId", model, ModelId::parse)?;
    let extent = if nodes || actions || figures {
        Extent::Whole
    } else {
        Extent::Header
    };
    let found = function_model::read(call.ports(), &call.context, model_id, extent).await?;
    let mut body = shown(&found.model, nodes, actions);
    if figures {
        body["statistics"] = json::to_value(&statistics(&found.model));
    }
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

pub(crate) async fn validate_business_rules<W: Wiring>(call: &Call<'_, W>, model: &str) -> Answer {
    let model_id = id("modelId", model, ModelId::parse)?;
    let command: ValidateBusinessRules = call.body()?;
    let (ports, context) = (call.ports(), &call.context);
    let report =
        function_model::validate_business_rules(ports, context, model_id, &command).await?;
    Ok(Response::json(Success::Ok, &report))
}

pub(crate) async fn publish<W: Wiring>(call: &Call<'_, W>, model: &str) -> Answer {
    let query = call.query(&[&["dryRun"]])?;
    let model_id = id("modelId", model, ModelId::parse)?;
    let command: PublishFunctionModel = call.body()?;
    if query.flag("dryRun")? {
        let (ports, context) = (call.ports(), &call.context);
        let tried = function_model::rehearse_publication(ports, context, model_id, command).await?;
        return Ok(Response::json(Success::Ok, &tried.value).with_revision(tried.revision));
    }
    let render = |saved: &Saved<Published>| {
        Response::json(Success::Ok, &saved.value).with_revision(saved.revision)
    };
    let keep = |saved: &Saved<Published>| render(saved).to_stored();
    let saved =
        function_model::publish(call.ports(), &call.context, model_id, command, keep).await?;
    Ok(render(&saved))
}

/// A model as clients see it: what is inside only when asked for.
pub(super) fn shown(model: &FunctionModel, nodes: bool, actions: bool) -> Value {
    let mut body = json::to_value(model);
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
    fn models_are_found_by_words() {
        let stage = Stage::new();
        for name in ["Order intake", "Billing of orders", "Returns"] {
            stage.model(name);
        }
        let found = stage.get("/function-models/search?query=order&limit=1&count=exact");
        let body = found.ok(200);
        assert_eq!(body["total"], 2);
        assert!(
            found
                .header("link")
                .is_some_and(|link| link.contains("query=order"))
        );
        let marked = body["items"][0]["highlights"]["name"].as_str().unwrap();
        assert!(marked.contains("<mark>"), "{marked}");
        let next = body["nextCursor"].as_str().unwrap();
        let rest = stage.get(&format!(
            "/function-models/search?query=order&cursor={next}"
        ));
        assert_eq!(rest.ok(200)["items"].as_array().unwrap().len(), 1);
        let long = format!("/function-models/search?query={}", "x".repeat(201));
        for path in [
            "/function-models/search",
            "/function-models/search?query=",
            &long,
        ] {
            let refused = stage.get(path).refused(400, "INVALID_REQUEST");
            assert_eq!(refused["errors"][0]["field"], "query");
        }
    }

    #[test]
    fn publishing_can_be_tried() {
        let stage = Stage::new();
        let path = stage.runnable("Order to cash");
        let trying = format!("{path}/publish?dryRun=true");
        let tried = stage.post(&trying, json!({"version": "1.1.0"})).ok(200);
        assert_eq!(
            (&tried["dryRun"], &tried["version"]),
            (&json!(true), &json!("1.1.0"))
        );
        assert_eq!(stage.get(&path).ok(200)["status"], "draft");
        stage
            .post(&trying, json!({"version": "3.0.0"}))
            .refused(422, "VERSION_INCREMENT_INVALID");
        let empty = stage.model("Empty model");
        let refused = stage.post(
            &format!("{empty}/publish?dryRun=true"),
            json!({"version": "1.1.0"}),
        );
        let findings = refused.refused(422, "WORKFLOW_INVALID")["findings"].clone();
        assert!(findings[0]["path"].is_string() && findings[0]["advice"].is_string());
    }

    #[test]
    fn business_rules_are_looked_at() {
        let stage = Stage::new();
        let path = format!("{}/validate-business-rules", stage.model("Order to cash"));
        let strict = stage.post(&path, json!({})).ok(200);
        assert_eq!(strict["finalStatus"], "validation-blocked");
        let loose = stage.post(&path, json!({"stage": "draft-edit"})).ok(200);
        assert_eq!(loose["isValid"], true);
        stage
            .post(&path, json!({"stage": "late"}))
            .refused(400, "INVALID_REQUEST");
        stage
            .post(&path, json!({"versionNumber": "8.0.0"}))
            .refused(404, "VERSION_NOT_FOUND");
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
