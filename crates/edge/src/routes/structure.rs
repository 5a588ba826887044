//! The structure of a model as a whole: bulk edits, order, documents, dependencies, figures.

use domain::function_model::commands::{ActionOrder, Dependency, EditStructure};
use domain::function_model::document::ImportFunctionModel;
use domain::function_model::{ActionNode, FunctionModel};
use domain::ids::{ModelId, NodeId};
use domain::workflow::analysis::Direction;
use use_cases::Saved;
use use_cases::function_model;
use use_cases::ports::Page;

use super::dependencies::AddDependency;
use super::function_models::shown;
use crate::body::LONG_BYTES;
use crate::call::{Answer, Call, Wiring, id};
use crate::problem::{Problem, Success};
use crate::query::Query;
use crate::request::Request;
use crate::response::Response;

/// The JSON schema of documents.
const DOCUMENT_SCHEMA: &str = include_str!("../../schemas/function-model-document.json");

pub(crate) async fn edit<W: Wiring>(call: &Call<'_, W>, model: &str) -> Answer {
    let query = call.query(&[&["includeNodes", "includeActionNodes"]])?;
    let nodes = query.flag("includeNodes")?;
    let actions = query.flag("includeActionNodes")?;
    let model_id = id("modelId", model, ModelId::parse)?;
    let command: EditStructure = call.long_body(LONG_BYTES)?;
    let render = |saved: &Saved<FunctionModel>| {
        Response::json(Success::Ok, &shown(&saved.value, nodes, actions))
            .with_revision(saved.revision)
    };
    let keep = |saved: &Saved<FunctionModel>| render(saved).to_stored();
    let (ports, context) = (call.ports(), &call.context);
    let edited = function_model::edit_structure(ports, context, model_id, command, keep);
    Ok(render(&edited.await?))
}

pub(crate) async fn reorder<W: Wiring>(call: &Call<'_, W>, model: &str, node: &str) -> Answer {
    let model_id = id("modelId", model, ModelId::parse)?;
    let node_id = id("nodeId", node, NodeId::parse)?;
    let ActionOrder { action_ids } = call.body()?;
    let query = call.query(&[])?;
    let render = |saved: &Saved<Vec<ActionNode>>| {
        let page = Page {
            items: saved.value.iter().collect(),
            next: None,
            total: None,
        };
        call.list(&query, &page).with_revision(saved.revision)
    };
    let keep = |saved: &Saved<Vec<ActionNode>>| render(saved).to_stored();
    let (ports, context) = (call.ports(), &call.context);
    let reordered =
        function_model::reorder_actions(ports, context, model_id, node_id, action_ids, keep);
    Ok(render(&reordered.await?))
}

pub(crate) async fn document<W: Wiring>(call: &Call<'_, W>, model: &str) -> Answer {
    let query = call.query(&[&["versionNumber"]])?;
    let model_id = id("modelId", model, ModelId::parse)?;
    let (ports, context) = (call.ports(), &call.context);
    let number = query.text("versionNumber");
    let (document, revision) =
        function_model::export_document(ports, context, model_id, number).await?;
    Ok(Response::json(Success::Ok, &document).with_revision(revision))
}

pub(crate) async fn import<W: Wiring>(call: &Call<'_, W>) -> Answer {
    let command: ImportFunctionModel = call.long_body(LONG_BYTES)?;
    let render = |saved: &Saved<FunctionModel>| {
        Response::json(Success::Created, &shown(&saved.value, false, false))
            .with_revision(saved.revision)
            .with_location(&format!("/function-models/{}", saved.value.model_id))
    };
    let keep = |saved: &Saved<FunctionModel>| render(saved).to_stored();
    let (ports, context) = (call.ports(), &call.context);
    let imported = function_model::import_document(ports, context, command, keep);
    Ok(render(&imported.await?))
}

/// The JSON schema of documents; anybody may read it.
pub(crate) fn document_schema(request: &Request) -> Answer {
    Query::read(request, &[])?;
    Ok(Response::text(Success::Ok, DOCUMENT_SCHEMA.to_owned()))
}

pub(crate) async fn statistics<W: Wiring>(call: &Call<'_, W>, model: &str) -> Answer {
    let query = call.query(&[&["fields"]])?;
    let model_id = id("modelId", model, ModelId::parse)?;
    let asked = function_model::statistics(call.ports(), &call.context, model_id);
    let (statistics, revision) = asked.await?;
    Ok(call.one(&query, &statistics).with_revision(revision))
}

pub(crate) async fn analyse<W: Wiring>(call: &Call<'_, W>, model: &str) -> Answer {
    let query = call.query(&[&["fields"]])?;
    let model_id = id("modelId", model, ModelId::parse)?;
    let analysis = function_model::analyse_dependencies(call.ports(), &call.context, model_id);
    Ok(call.one(&query, &analysis.await?))
}

pub(crate) async fn check<W: Wiring>(call: &Call<'_, W>, model: &str, node: &str) -> Answer {
    let model_id = id("modelId", model, ModelId::parse)?;
    let node_id = id("nodeId", node, NodeId::parse)?;
    let AddDependency { dependency_id } = call.body()?;
    let dependency = Dependency {
        node_id,
        dependency_id,
    };
    let (ports, context) = (call.ports(), &call.context);
    let check = function_model::check_dependency(ports, context, model_id, dependency).await?;
    Ok(Response::json(Success::Ok, &check))
}

pub(crate) async fn reach<W: Wiring>(call: &Call<'_, W>, model: &str, node: &str) -> Answer {
    let query = call.query(&[&["direction", "fields"]])?;
    let model_id = id("modelId", model, ModelId::parse)?;
    let node_id = id("nodeId", node, NodeId::parse)?;
    let missing = || Problem::invalid_field("direction", "required", "A direction is needed.");
    let direction = query.value::<Direction>("direction")?.ok_or_else(missing)?;
    let (ports, context) = (call.ports(), &call.context);
    let reach = function_model::reach(ports, context, model_id, node_id, direction).await?;
    Ok(call.one(&query, &reach))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{NOTHING, Stage};

    fn new_id(n: u32) -> String {
        format!("0192bbbb-0000-7000-8000-{n:012}")
    }

    fn container(n: u32) -> Value {
        json!({"nodeId": new_id(n), "nodeType": "stageNode", "name": "Stage", "position": {"x": 0, "y": 0}})
    }

    #[test]
    fn a_canvas_saves_all_its_changes_at_once() {
        let stage = Stage::new();
        let path = stage.runnable("Order to cash");
        let nodes = stage.get(&format!("{path}/nodes")).ok(200)["items"].clone();
        let work = nodes
            .as_array()
            .unwrap()
            .iter()
            .find(|n| n["name"] == "Work")
            .unwrap();
        let edit = json!({
            "containers": {"add": [container(1)], "change": [{"nodeId": work["nodeId"], "changes": {"name": "Harder"}}]},
            "dependencies": {"add": [{"nodeId": new_id(1), "dependencyId": work["nodeId"]}]}
        });
        let address = format!("{path}/structure?includeNodes=true");
        let saved = stage.patch(&address, edit);
        assert_eq!(saved.ok(200)["nodes"].as_object().unwrap().len(), 4);
        assert_eq!(saved.ok(200).get("actionNodes"), None);
        assert!(saved.header("etag").is_some());
        let wrong = json!({
            "containers": {"add": [container(1)], "remove": [NOTHING]},
            "actions": {"add": [{"parentNodeId": work["nodeId"], "actionType": "tetherNode", "name": "A",
                "actionSpecificData": {"tetherReferenceId": "w"}, "retryPolicy": {"maxAttempts": 500}}]}
        });
        let refused = stage
            .patch(&format!("{path}/structure"), wrong)
            .refused(404, "NODE_NOT_FOUND");
        let errors = refused["errors"].as_array().unwrap();
        let fields: Vec<&str> = errors
            .iter()
            .map(|e| e["field"].as_str().unwrap())
            .collect();
        let expected = [
            "containers.remove[0]",
            "actions.add[0].retryPolicy.maxAttempts",
            "containers.add[0].nodeId",
        ];
        assert_eq!(fields, expected);
        assert_eq!(errors[1]["code"], "RETRY_POLICY_INVALID");
        stage
            .patch(&format!("{path}/structure"), json!({"nodes": []}))
            .refused(400, "INVALID_REQUEST");
    }

    #[test]
    fn bulk_edits_and_imports_may_be_long() {
        let stage = Stage::new();
        let path = stage.model("Order to cash");
        let blank = " ".repeat(1024 * 1024);
        for (method, address) in [
            ("PATCH", format!("{path}/structure")),
            ("POST", "/function-models/import".to_owned()),
        ] {
            let long = stage
                .ask(method, &address)
                .text(&format!("{{{blank}}}"))
                .send();
            assert_ne!(long.status(), 413, "{address}");
            let longer = stage.ask(method, &address).too_long().send();
            longer.refused(413, "PAYLOAD_TOO_LARGE");
        }
    }

    #[test]
    fn documents_go_out_and_come_back() {
        let stage = Stage::new();
        let path = stage.runnable("Order to cash");
        let first = stage.get(&format!("{path}/document")).ok(200);
        assert_eq!(first["containers"].as_array().unwrap().len(), 3);
        let import = json!({"document": first, "name": "Imported"});
        let made = stage.post("/function-models/import", import);
        let model = made.ok(201);
        let copy = format!("/function-models/{}", model["modelId"].as_str().unwrap());
        assert_eq!(
            made.header("location"),
            Some(format!("/functions/v1/api{copy}").as_str())
        );
        let mut second = stage.get(&format!("{copy}/document")).ok(200);
        second["name"] = first["name"].clone();
        assert_eq!(second, first);
        let missing = format!("{path}/document?versionNumber=9.0.0");
        stage.get(&missing).refused(404, "VERSION_NOT_FOUND");
        let mut broken = first.clone();
        broken["containers"][0]["position"]["x"] = json!(-1);
        broken["color"] = json!(1);
        let import = json!({ "document": broken });
        let refused = stage.post("/function-models/import", import);
        let body = refused.refused(400, "INVALID_REQUEST");
        assert_eq!(body["errors"][0]["field"], "document.color");
    }

    /// The published schema is what documents are read into; `UPDATE_SCHEMA=1` writes it anew.
    #[test]
    fn the_published_schema_is_that_of_the_type() {
        let settings = schemars::generate::SchemaSettings::draft2020_12();
        let mut schema = settings
            .into_generator()
            .into_root_schema_for::<domain::function_model::document::Document>();
        schema.insert("$id".into(), json!("urn:function-models:document:1"));
        let text = serde_json::to_string(&schema).unwrap() + "\n";
        let file = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/schemas/function-model-document.json"
        );
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(file, &text).unwrap();
        }
        assert_eq!(std::fs::read_to_string(file).unwrap(), text);
    }

    #[test]
    fn the_schema_of_documents_is_public() {
        let stage = Stage::new();
        let schema = stage
            .ask("GET", "/schemas/function-model-document")
            .by("")
            .send();
        assert_eq!(schema.ok(200)["$id"], "urn:function-models:document:1");
    }

    #[test]
    fn actions_are_put_into_another_order() {
        let stage = Stage::new();
        let path = stage.runnable("Order to cash");
        let action = stage.get(&format!("{path}/actions")).ok(200)["items"][0].clone();
        let node = action["parentNodeId"].as_str().unwrap();
        let second = json!({"parentNodeId": node, "actionType": "tetherNode", "name": "Second",
            "actionSpecificData": {"tetherReferenceId": "w"}});
        let second = stage.post(&format!("{path}/actions"), second).ok(201);
        let order = format!("{path}/nodes/{node}/action-order");
        let put = |ids: Value| {
            stage
                .ask("PUT", &order)
                .json(json!({ "actionIds": ids }))
                .send()
        };
        let saved = put(json!([second["actionId"], action["actionId"]]));
        assert_eq!(saved.ok(200)["items"][0]["name"], "Second");
        put(json!([second["actionId"]])).refused(422, "ACTION_ORDER_INCOMPLETE");
        put(json!([second["actionId"], action["actionId"]])).refused(422, "NOTHING_TO_CHANGE");
        let elsewhere = format!("{path}/nodes/{NOTHING}/action-order");
        let answer = stage
            .ask("PUT", &elsewhere)
            .json(json!({"actionIds": []}))
            .send();
        answer.refused(404, "NODE_NOT_FOUND");
    }

    #[test]
    fn dependencies_are_analysed_tried_and_followed() {
        let stage = Stage::new();
        let path = stage.runnable("Order to cash");
        let analysis = stage.get(&format!("{path}/dependencies")).ok(200);
        assert_eq!(analysis["levels"].as_array().unwrap().len(), 3);
        let order = analysis["executionOrder"].as_array().unwrap();
        let (first, last) = (order[0].as_str().unwrap(), order[2].as_str().unwrap());
        let of = |node: &str| format!("{path}/nodes/{node}/dependencies");
        let reach = stage
            .get(&format!("{}?direction=downstream", of(first)))
            .ok(200);
        assert_eq!(reach["nodeIds"], json!([order[1], order[2]]));
        stage.get(&of(first)).refused(400, "INVALID_REQUEST");
        stage
            .get(&format!("{}?direction=sideways", of(first)))
            .refused(400, "INVALID_REQUEST");
        let missing = format!("{}?direction=upstream", of(NOTHING));
        stage.get(&missing).refused(404, "NODE_NOT_FOUND");
        let try_out = |node: &str, on: &str| {
            stage.post(
                &format!("{}/check", of(node)),
                json!({ "dependencyId": on }),
            )
        };
        assert_eq!(try_out(last, first).ok(200), json!({"allowed": true}));
        let circle = try_out(order[1].as_str().unwrap(), last).ok(200);
        assert_eq!(circle["code"], "CIRCULAR_DEPENDENCY");
        assert_eq!(circle["cycle"].as_array().unwrap().len(), 3);
        try_out(last, NOTHING).refused(404, "NODE_NOT_FOUND");
    }

    #[test]
    fn figures_are_computed() {
        let stage = Stage::new();
        let path = stage.runnable("Order to cash");
        let figures = stage.get(&format!("{path}/statistics")).ok(200);
        assert_eq!(
            (&figures["totalNodes"], &figures["maxDependencyDepth"]),
            (&json!(4), &json!(3))
        );
        let model = stage.get(&format!("{path}?includeStatistics=true")).ok(200);
        assert_eq!(model["statistics"], figures);
        assert_eq!(model.get("nodes"), None);
        let missing = format!("/function-models/{NOTHING}/statistics");
        stage.get(&missing).refused(404, "FUNCTION_MODEL_NOT_FOUND");
    }
}
