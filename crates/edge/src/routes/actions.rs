//! The actions inside the stages of a model.

use domain::function_model::ActionNode;
use domain::function_model::commands::{ActionNodePatch, AddActionNode};
use domain::ids::{ActionId, ModelId, NodeId};
use domain::vocabulary::{ActionNodeType, ActionStatus};
use use_cases::Saved;
use use_cases::function_model;
use use_cases::ports::{Extent, Page};

use crate::call::{Answer, Call, Wiring, id};
use crate::problem::Success;
use crate::response::Response;

pub(crate) async fn add<W: Wiring>(call: &Call<'_, W>, model: &str) -> Answer {
    let model_id = id("modelId", model, ModelId::parse)?;
    let command: AddActionNode = call.body()?;
    let render = |saved: &Saved<ActionNode>| {
        let action_id = saved.value.action_id;
        Response::json(Success::Created, &saved.value)
            .with_revision(saved.revision)
            .with_location(&format!("/function-models/{model_id}/actions/{action_id}"))
    };
    let keep = |saved: &Saved<ActionNode>| render(saved).to_stored();
    let (ports, context) = (call.ports(), &call.context);
    let saved = function_model::add_action_node(ports, context, model_id, command, keep).await?;
    Ok(render(&saved))
}

pub(crate) async fn list<W: Wiring>(call: &Call<'_, W>, model: &str) -> Answer {
    let query = call.query(&[&["parentNodeId", "actionType", "status", "fields"]])?;
    let parent = query.id("parentNodeId", NodeId::parse)?;
    let action_type = query.value::<ActionNodeType>("actionType")?;
    let status = query.value::<ActionStatus>("status")?;
    let model_id = id("modelId", model, ModelId::parse)?;
    let extent = Extent::Whole;
    let found = function_model::read(call.ports(), &call.context, model_id, extent).await?;
    let by_container = found.model.actions_by_container();
    let items: Vec<_> = by_container
        .into_values()
        .flatten()
        .filter(|action| parent.is_none_or(|wanted| action.parent_node_id == wanted))
        .filter(|action| action_type.is_none_or(|wanted| action.action_type() == wanted))
        .filter(|action| status.is_none_or(|wanted| action.status == wanted))
        .collect();
    let page = Page {
        items,
        next: None,
        total: None,
    };
    Ok(call.list(&query, &page).with_revision(found.model.revision))
}

pub(crate) async fn read<W: Wiring>(call: &Call<'_, W>, model: &str, action: &str) -> Answer {
    let query = call.query(&[&["fields"]])?;
    let model_id = id("modelId", model, ModelId::parse)?;
    let action_id = id("actionId", action, ActionId::parse)?;
    let extent = Extent::ContainerOf(action_id);
    let found = function_model::read(call.ports(), &call.context, model_id, extent).await?;
    let action = found.model.action(action_id)?;
    Ok(call.one(&query, action).with_revision(found.model.revision))
}

pub(crate) async fn change<W: Wiring>(call: &Call<'_, W>, model: &str, action: &str) -> Answer {
    let model_id = id("modelId", model, ModelId::parse)?;
    let action_id = id("actionId", action, ActionId::parse)?;
    let changes: ActionNodePatch = call.body()?;
    let render = |saved: &Saved<ActionNode>| {
        Response::json(Success::Ok, &saved.value).with_revision(saved.revision)
    };
    let keep = |saved: &Saved<ActionNode>| render(saved).to_stored();
    let (ports, context) = (call.ports(), &call.context);
    let changed =
        function_model::change_action_node(ports, context, model_id, action_id, changes, keep);
    Ok(render(&changed.await?))
}

pub(crate) async fn remove<W: Wiring>(call: &Call<'_, W>, model: &str, action: &str) -> Answer {
    let model_id = id("modelId", model, ModelId::parse)?;
    let action_id = id("actionId", action, ActionId::parse)?;
    let render =
        |saved: &Saved<()>| Response::empty(Success::NoContent).with_revision(saved.revision);
    let keep = |saved: &Saved<()>| render(saved).to_stored();
    let (ports, context) = (call.ports(), &call.context);
    let removed = function_model::remove_action_node(ports, context, model_id, action_id, keep);
    Ok(render(&removed.await?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Stage;

    #[test]
    fn an_action_is_added_changed_listed_and_removed() {
        let stage = Stage::new();
        let path = stage.model("Order to cash");
        let parent = stage.node(&path, "Check", json!({"nodeType": "stageNode"}));
        let body = json!({
            "parentNodeId": parent,
            "actionType": "kbNode",
            "name": "Read the policy",
            "actionSpecificData": {"kbReferenceId": "policy", "shortDescription": "The policy"},
        });
        let made = stage.post(&format!("{path}/actions"), body);
        let action = made.ok(201);
        let one = format!("{path}/actions/{}", action["actionId"].as_str().unwrap());
        assert_eq!(
            made.header("location"),
            Some(format!("/functions/v1/api{one}").as_str())
        );
        assert_eq!(
            stage.patch(&one, json!({"priority": 9})).ok(200)["priority"],
            9
        );
        let wrong = stage
            .patch(&one, json!({"priority": 11}))
            .refused(422, "PRIORITY_INVALID");
        assert_eq!(wrong["errors"][0]["field"], "priority");
        let list =
            |query: &str| stage.get(&format!("{path}/actions?{query}")).ok(200)["items"].clone();
        assert_eq!(list("fields=name"), json!([{"name": "Read the policy"}]));
        assert_eq!(
            list(&format!("parentNodeId={parent}&actionType=tetherNode")),
            json!([])
        );
        stage.delete(&one).ok(204);
        stage.get(&one).refused(404, "ACTION_NOT_FOUND");
    }

    #[test]
    fn an_action_needs_a_stage_and_the_fields_of_its_type() {
        let stage = Stage::new();
        let path = stage.model("Order to cash");
        let input = json!({"nodeType": "ioNode", "typeSpecificData": {"boundaryType": "input"}});
        let input = stage.node(&path, "In", input);
        let parent = stage.node(&path, "Check", json!({"nodeType": "stageNode"}));
        let add = |parent: &str, data| {
            let body = json!({
                "parentNodeId": parent,
                "actionType": "tetherNode",
                "name": "Call",
                "actionSpecificData": data,
            });
            stage.post(&format!("{path}/actions"), body)
        };
        let data = json!({"tetherReferenceId": "w"});
        add(&input, data).refused(422, "PARENT_NOT_A_STAGE");
        let refused = add(&parent, json!({})).refused(422, "ACTION_CONFIGURATION_INVALID");
        assert_eq!(
            refused["errors"][0]["field"],
            "actionSpecificData.tetherReferenceId"
        );
    }
}
