//! Contexts of nodes: registering, asking, listing, changing, clearing them.

use domain::ids::{ExecutionId, ModelId, NodeId};
use domain::node_context::NodeContext;
use domain::node_context::access::ListedRelation;
use domain::node_context::commands::{CheckContextAccess, RegisterContext, UpdateContext};
use use_cases::Saved;
use use_cases::node_context::{self, ContextUpdated};

use crate::call::{Answer, Call, Wiring, id};
use crate::problem::{Problem, Success};
use crate::response::Response;

/// Most contexts in one answer.
const MOST: u64 = 1000;

pub(crate) async fn register<W: Wiring>(call: &Call<'_, W>, model: &str) -> Answer {
    let model_id = id("modelId", model, ModelId::parse)?;
    let command: RegisterContext = call.body()?;
    let render = |saved: &Saved<NodeContext>| {
        let context = &saved.value;
        let path = format!("/function-models/{model_id}/contexts/{}", context.node_id);
        Response::json(Success::Created, context)
            .with_revision(saved.revision)
            .with_location(&path)
    };
    let keep = |saved: &Saved<NodeContext>| render(saved).to_stored();
    let (ports, context) = (call.ports(), &call.context);
    let saved = node_context::register(ports, context, model_id, &command, keep).await?;
    Ok(render(&saved))
}

pub(crate) async fn check<W: Wiring>(call: &Call<'_, W>, model: &str) -> Answer {
    let model_id = id("modelId", model, ModelId::parse)?;
    let command: CheckContextAccess = call.body()?;
    let decision = node_context::check(call.ports(), &call.context, model_id, &command).await?;
    Ok(Response::json(Success::Ok, &decision))
}

pub(crate) async fn list<W: Wiring>(call: &Call<'_, W>, model: &str) -> Answer {
    let names = [
        "requestingNodeId",
        "accessType",
        "maxResults",
        "executionId",
    ];
    let query = call.query(&[&["fields"], &names])?;
    let model_id = id("modelId", model, ModelId::parse)?;
    let Some(requester) = query.id("requestingNodeId", NodeId::parse)? else {
        let detail = "requestingNodeId says whose view is wanted.";
        return Err(Problem::invalid_field("requestingNodeId", "required", detail).into());
    };
    let listed = query.value::<ListedRelation>("accessType")?;
    let listed = listed.unwrap_or(ListedRelation::All);
    let most = query.number("maxResults", 1..=MOST)?.unwrap_or(MOST);
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let execution_id = query.id("executionId", ExecutionId::parse)?;
    let (ports, context) = (call.ports(), &call.context);
    let found = node_context::list(
        ports,
        context,
        model_id,
        execution_id,
        requester,
        listed,
        most,
    )
    .await?;
    Ok(call.one(&query, &found))
}

pub(crate) async fn update<W: Wiring>(call: &Call<'_, W>, model: &str, node: &str) -> Answer {
    let model_id = id("modelId", model, ModelId::parse)?;
    let node_id = id("nodeId", node, NodeId::parse)?;
    let command: UpdateContext = call.body()?;
    let render = |saved: &Saved<ContextUpdated>| {
        Response::json(Success::Ok, &saved.value).with_revision(saved.revision)
    };
    let keep = |saved: &Saved<ContextUpdated>| render(saved).to_stored();
    let (ports, context) = (call.ports(), &call.context);
    let saved = node_context::update(ports, context, model_id, node_id, &command, keep).await?;
    Ok(render(&saved))
}

pub(crate) async fn clear<W: Wiring>(call: &Call<'_, W>, model: &str, node: &str) -> Answer {
    let query = call.query(&[&["executionId"]])?;
    let model_id = id("modelId", model, ModelId::parse)?;
    let node_id = id("nodeId", node, NodeId::parse)?;
    let execution_id = query.id("executionId", ExecutionId::parse)?;
    let (ports, context) = (call.ports(), &call.context);
    node_context::clear(ports, context, model_id, execution_id, node_id).await?;
    Ok(Response::empty(Success::NoContent))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{BOB, SECRET, Stage};

    fn node(n: u32) -> String {
        format!("0192bbbb-0000-7000-8000-00000000000{n}")
    }

    fn registration(n: u32, parent: Option<u32>) -> Value {
        let mut body = json!({"nodeId": node(n), "nodeType": "stageNode", "data": {"p": n}});
        if let Some(parent) = parent {
            body["parentNodeId"] = json!(node(parent));
        }
        body
    }

    #[test]
    fn contexts_are_registered_asked_for_changed_and_cleared() {
        let stage = Stage::new();
        let path = format!("{}/contexts", stage.model("Shared work"));
        let first = stage.post(&path, registration(1, None));
        assert_eq!(first.ok(201)["level"], 0);
        assert!(first.header("location").unwrap().ends_with(&node(1)));
        let second = stage.post(&path, registration(2, Some(1))).ok(201);
        assert_eq!(second["inheritedData"], json!({"p": 1}));
        stage
            .post(&path, registration(2, Some(1)))
            .refused(409, "CONTEXT_ALREADY_REGISTERED");
        stage
            .post(&path, registration(3, Some(9)))
            .refused(422, "PARENT_NOT_FOUND");
        let check = |from, to, access: &str| {
            let body = json!({
                "requestingNodeId": node(from), "targetNodeId": node(to), "requestedAccess": access
            });
            stage.post(&format!("{path}/check"), body)
        };
        assert_eq!(check(1, 2, "write").ok(200)["accessGranted"], true);
        assert_eq!(check(2, 1, "write").ok(200)["accessGranted"], false);
        check(2, 9, "read").refused(404, "CONTEXT_NOT_FOUND");
        check(2, 1, "rule").refused(400, "INVALID_REQUEST");
        check(2, 1, "none").refused(400, "INVALID_REQUEST");
        let list = format!("{path}?requestingNodeId={}", node(2));
        assert_eq!(stage.get(&list).ok(200)["totalAvailable"], 1);
        let children = stage.get(&format!("{list}&accessType=children")).ok(200);
        assert_eq!(children["items"], json!([]));
        stage
            .get(&format!("{list}&maxResults=1001"))
            .refused(400, "INVALID_REQUEST");
        stage.get(&path).refused(400, "INVALID_REQUEST");
        let put = |from, to, data: Value| {
            let body = json!({"requestingNodeId": node(from), "data": data});
            stage
                .ask("PUT", &format!("{path}/{}", node(to)))
                .json(body)
                .send()
        };
        let updated = put(1, 2, json!({"q": 1})).ok(200);
        assert_eq!(updated["updatedProperties"], json!(["p", "q"]));
        put(2, 1, json!({})).refused(403, "FORBIDDEN");
        put(1, 2, json!(7)).refused(422, "CONTEXT_DATA_INVALID");
        let clear = format!("{path}/{}", node(1));
        stage.delete(&clear).ok(204);
        stage.delete(&clear).ok(204);
    }

    #[test]
    fn the_service_may_and_strangers_may_not() {
        let stage = Stage::new();
        let path = format!("{}/contexts", stage.model("Shared work"));
        let ask = |who: &str| {
            let ask = stage.ask("POST", &path).json(registration(1, None));
            if who == SECRET {
                ask.header("apikey", SECRET).by("").send()
            } else {
                ask.by(BOB).send()
            }
        };
        ask(SECRET).ok(201);
        ask(BOB).refused(404, "FUNCTION_MODEL_NOT_FOUND");
    }
}
