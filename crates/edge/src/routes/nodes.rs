//! The containers of a model.

use domain::function_model::ContainerNode;
use domain::function_model::commands::{AddContainerNode, ContainerNodePatch};
use domain::ids::{ModelId, NodeId};
use domain::sorted;
use domain::vocabulary::{ContainerNodeType, NodeStatus};
use use_cases::Saved;
use use_cases::function_model;
use use_cases::ports::{Extent, Page};

use crate::call::{Answer, Call, Wiring, id};
use crate::problem::Success;
use crate::response::Response;

pub(crate) async fn add<W: Wiring>(call: &Call<'_, W>, model: &str) -> Answer {
    let model_id = id("modelId", model, ModelId::parse)?;
    let command: AddContainerNode = call.body()?;
    let render = |saved: &Saved<ContainerNode>| {
        let node_id = saved.value.node_id;
        Response::json(Success::Created, &saved.value)
            .with_revision(saved.revision)
            .with_location(&format!("/function-models/{model_id}/nodes/{node_id}"))
    };
    let keep = |saved: &Saved<ContainerNode>| render(saved).to_stored();
    let (ports, context) = (call.ports(), &call.context);
    let saved = function_model::add_container_node(ports, context, model_id, command, keep).await?;
    Ok(render(&saved))
}

pub(crate) async fn list<W: Wiring>(call: &Call<'_, W>, model: &str) -> Answer {
    let query = call.query(&[&["nodeType", "status", "fields"]])?;
    let node_type = query.value::<ContainerNodeType>("nodeType")?;
    let status = query.value::<NodeStatus>("status")?;
    let model_id = id("modelId", model, ModelId::parse)?;
    let extent = Extent::Whole;
    let found = function_model::read(call.ports(), &call.context, model_id, extent).await?;
    let mut nodes: Vec<&ContainerNode> = found.model.nodes.values().collect();
    sorted::sort_by_key(&mut nodes, |node| (node.created_at, node.node_id));
    let items: Vec<&ContainerNode> = nodes
        .into_iter()
        .filter(|node| node_type.is_none_or(|wanted| node.node_type() == wanted))
        .filter(|node| status.is_none_or(|wanted| node.status == wanted))
        .collect();
    let page = Page {
        items,
        next: None,
        total: None,
    };
    Ok(call.list(&query, &page).with_revision(found.model.revision))
}

pub(crate) async fn read<W: Wiring>(call: &Call<'_, W>, model: &str, node: &str) -> Answer {
    let query = call.query(&[&["fields"]])?;
    let model_id = id("modelId", model, ModelId::parse)?;
    let node_id = id("nodeId", node, NodeId::parse)?;
    let extent = Extent::Container(node_id);
    let found = function_model::read(call.ports(), &call.context, model_id, extent).await?;
    let node = found.model.node(node_id)?;
    Ok(call.one(&query, node).with_revision(found.model.revision))
}

pub(crate) async fn change<W: Wiring>(call: &Call<'_, W>, model: &str, node: &str) -> Answer {
    let model_id = id("modelId", model, ModelId::parse)?;
    let node_id = id("nodeId", node, NodeId::parse)?;
    let changes: ContainerNodePatch = call.body()?;
    let render = |saved: &Saved<ContainerNode>| {
        Response::json(Success::Ok, &saved.value).with_revision(saved.revision)
    };
    let keep = |saved: &Saved<ContainerNode>| render(saved).to_stored();
    let (ports, context) = (call.ports(), &call.context);
    let changed =
        function_model::change_container_node(ports, context, model_id, node_id, changes, keep);
    Ok(render(&changed.await?))
}

pub(crate) async fn remove<W: Wiring>(call: &Call<'_, W>, model: &str, node: &str) -> Answer {
    let model_id = id("modelId", model, ModelId::parse)?;
    let node_id = id("nodeId", node, NodeId::parse)?;
    let render =
        |saved: &Saved<()>| Response::empty(Success::NoContent).with_revision(saved.revision);
    let keep = |saved: &Saved<()>| render(saved).to_stored();
    let (ports, context) = (call.ports(), &call.context);
    let removed = function_model::remove_container_node(ports, context, model_id, node_id, keep);
    Ok(render(&removed.await?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{NOTHING, Stage};

    #[test]
    fn a_container_is_added_moved_and_removed() {
        let stage = Stage::new();
        let path = stage.model("Order to cash");
        let body = json!({"nodeType": "stageNode", "name": "Check", "position": {"x": 1, "y": 2}});
        let made = stage.post(&format!("{path}/nodes"), body);
        let node = made.ok(201);
        assert_eq!(made.header("etag"), Some("\"2\""));
        let one = format!("{path}/nodes/{}", node["nodeId"].as_str().unwrap());
        assert_eq!(
            made.header("location"),
            Some(format!("/functions/v1/api{one}").as_str())
        );
        let moved = stage.patch(&one, json!({"position": {"x": 7, "y": 8}}));
        assert_eq!(moved.ok(200)["position"], json!({"x": 7.0, "y": 8.0}));
        assert_eq!(stage.get(&one).ok(200)["name"], "Check");
        stage.delete(&one).ok(204);
        stage.get(&one).refused(404, "NODE_NOT_FOUND");
        stage.delete(&one).refused(404, "NODE_NOT_FOUND");
    }

    #[test]
    fn containers_are_listed_by_type() {
        let stage = Stage::new();
        let path = stage.runnable("Order to cash");
        let count = |query: &str| {
            let list = stage.get(&format!("{path}/nodes?{query}")).ok(200);
            list["items"].as_array().unwrap().len()
        };
        assert_eq!(count(""), 3);
        assert_eq!(count("nodeType=stageNode"), 1);
        assert_eq!(count("status=archived"), 0);
        let wrong = format!("{path}/nodes?nodeType=loop");
        stage.get(&wrong).refused(400, "INVALID_REQUEST");
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_place() {
        let stage = Stage::new();
        let path = format!("{}/nodes", stage.model("Order to cash"));
        let add = |position, kind: &str| {
            stage.post(
                &path,
                json!({"nodeType": kind, "name": "A", "position": position}),
            )
        };
        let refused = add(json!({"x": -1, "y": 0}), "stageNode").refused(422, "POSITION_INVALID");
        assert_eq!(refused["errors"][0]["field"], "position.x");
        let refused =
            add(json!({"x": "left", "y": 0}), "stageNode").refused(400, "INVALID_REQUEST");
        assert_eq!(refused["errors"][0]["field"], "position.x");
        let refused = add(json!({"x": 0, "y": 0}), "loopNode").refused(400, "INVALID_REQUEST");
        assert_eq!(refused["errors"][0]["field"], "nodeType");
        let elsewhere = format!("/function-models/{NOTHING}/nodes");
        let body = json!({"nodeType": "stageNode", "name": "A", "position": {"x": 0, "y": 0}});
        stage
            .post(&elsewhere, body)
            .refused(404, "FUNCTION_MODEL_NOT_FOUND");
    }
}
