//! Which containers of a model wait for which.

use domain::function_model::commands::Dependency;
use domain::ids::{ModelId, NodeId};
use serde::Deserialize;
use use_cases::Saved;
use use_cases::function_model;
use use_cases::function_model::Dependencies;

use crate::call::{Answer, Call, Wiring, id};
use crate::problem::Success;
use crate::response::Response;

/// Lets a container wait for another.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AddDependency {
    /// The container to wait for.
    pub(crate) dependency_id: NodeId,
}

pub(crate) async fn add<W: Wiring>(call: &Call<'_, W>, model: &str, node: &str) -> Answer {
    let model_id = id("modelId", model, ModelId::parse)?;
    let node_id = id("nodeId", node, NodeId::parse)?;
    let AddDependency { dependency_id } = call.body()?;
    let dependency = Dependency {
        node_id,
        dependency_id,
    };
    let path = format!("/function-models/{model_id}/nodes/{node_id}/dependencies/{dependency_id}");
    let render = |saved: &Saved<Dependencies>| {
        Response::json(Success::Created, &saved.value)
            .with_revision(saved.revision)
            .with_location(&path)
    };
    let keep = |saved: &Saved<Dependencies>| render(saved).to_stored();
    let (ports, context) = (call.ports(), &call.context);
    let saved = function_model::add_dependency(ports, context, model_id, dependency, keep).await?;
    Ok(render(&saved))
}

pub(crate) async fn remove<W: Wiring>(
    call: &Call<'_, W>,
    model: &str,
    node: &str,
    dependency: &str,
) -> Answer {
    let model_id = id("modelId", model, ModelId::parse)?;
    let node_id = id("nodeId", node, NodeId::parse)?;
    let dependency_id = id("dependencyId", dependency, NodeId::parse)?;
    let dependency = Dependency {
        node_id,
        dependency_id,
    };
    let render =
        |saved: &Saved<()>| Response::empty(Success::NoContent).with_revision(saved.revision);
    let keep = |saved: &Saved<()>| render(saved).to_stored();
    let (ports, context) = (call.ports(), &call.context);
    let removed = function_model::remove_dependency(ports, context, model_id, dependency, keep);
    Ok(render(&removed.await?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{NOTHING, Stage};

    #[test]
    fn a_dependency_is_added_and_removed_and_never_closes_a_circle() {
        let stage = Stage::new();
        let path = stage.model("Order to cash");
        let nodes: Vec<String> = ["A", "B", "C"]
            .iter()
            .map(|name| stage.node(&path, name, json!({"nodeType": "stageNode"})))
            .collect();
        let wait = |node: usize, dependency: &str| {
            let path = format!("{path}/nodes/{}/dependencies", nodes[node]);
            stage.post(&path, json!({"dependencyId": dependency}))
        };
        let added = wait(1, &nodes[0]).ok(201);
        assert_eq!(added["dependencies"], json!([nodes[0]]));
        assert!(added["executionOrder"].is_array());
        wait(2, &nodes[1]).ok(201);
        let circle = wait(0, &nodes[2]).refused(422, "CIRCULAR_DEPENDENCY");
        assert_eq!(circle["cycle"].as_array().unwrap().len(), 4);
        wait(1, &nodes[0]).refused(409, "DEPENDENCY_ALREADY_EXISTS");
        wait(1, &nodes[1]).refused(422, "SELF_DEPENDENCY");
        wait(1, NOTHING).refused(404, "NODE_NOT_FOUND");
        let one = format!("{path}/nodes/{}/dependencies/{}", nodes[1], nodes[0]);
        stage.delete(&one).ok(204);
        stage.delete(&one).refused(404, "DEPENDENCY_NOT_FOUND");
        stage
            .delete(&format!("{path}/nodes/{}", nodes[1]))
            .refused(422, "NODE_HAS_DEPENDENTS");
    }
}
