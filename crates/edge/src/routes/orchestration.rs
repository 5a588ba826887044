//! Containers and nesting levels: planned, and as they run.

use domain::ids::{ExecutionId, ModelId, NodeId};
use domain::vocabulary::{RunMode, RunStatus};
use domain::workflow::fractal::PlanFractal;
use domain::workflow::orchestration::OrchestrateContainer;
use serde::Deserialize;
use use_cases::execution::ActionResult;
use use_cases::function_model::{self, SuggestedOrder};
use use_cases::ports::Ports;
use use_cases::{Saved, execution};

use super::executions::wait;
use crate::call::{Answer, Call, Wiring, id};
use crate::problem::Success;
use crate::response::Response;

pub(crate) async fn plan<W: Wiring>(call: &Call<'_, W>, model: &str, node: &str) -> Answer {
    let query = call.query(&[&["fields"]])?;
    let model_id = id("modelId", model, ModelId::parse)?;
    let node_id = id("nodeId", node, NodeId::parse)?;
    let (ports, context) = (call.ports(), &call.context);
    let plan = function_model::execution_plan(ports, context, model_id, node_id).await?;
    Ok(call.one(&query, &plan))
}

/// The body of asking for another order.
#[derive(Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub(crate) struct OptimizeOrder {
    /// Whether to save it; it is only suggested when absent.
    apply: bool,
}

pub(crate) async fn optimize<W: Wiring>(call: &Call<'_, W>, model: &str, node: &str) -> Answer {
    let model_id = id("modelId", model, ModelId::parse)?;
    let node_id = id("nodeId", node, NodeId::parse)?;
    let OptimizeOrder { apply } = call.body()?;
    let render = |saved: &Saved<SuggestedOrder>| {
        Response::json(Success::Ok, &saved.value).with_revision(saved.revision)
    };
    let keep = |saved: &Saved<SuggestedOrder>| render(saved).to_stored();
    let (ports, context) = (call.ports(), &call.context);
    let asked = function_model::optimize_order(ports, context, model_id, node_id, apply, keep);
    let saved = asked.await?;
    Ok(render(&saved))
}

pub(crate) async fn fractal<W: Wiring>(call: &Call<'_, W>, model: &str) -> Answer {
    let model_id = id("modelId", model, ModelId::parse)?;
    let command: PlanFractal = call.body()?;
    let (ports, context) = (call.ports(), &call.context);
    let plan = function_model::fractal_plan(ports, context, model_id, &command).await?;
    Ok(Response::json(Success::Ok, &plan))
}

pub(crate) async fn levels<W: Wiring>(call: &Call<'_, W>, execution: &str) -> Answer {
    let query = call.query(&[&["fields"]])?;
    let execution_id = id("executionId", execution, ExecutionId::parse)?;
    let levels = execution::levels(call.ports(), &call.context, execution_id).await?;
    Ok(call.one(&query, &levels))
}

pub(crate) async fn node<W: Wiring>(call: &Call<'_, W>, execution: &str, node: &str) -> Answer {
    let query = call.query(&[&["fields"]])?;
    let execution_id = id("executionId", execution, ExecutionId::parse)?;
    let node_id = id("nodeId", node, NodeId::parse)?;
    let (ports, context) = (call.ports(), &call.context);
    let found = execution::read_node(ports, context, execution_id, node_id).await?;
    Ok(call.one(&query, &found))
}

/// Runs a container and waits as long as something of it runs, at most as a start with mode `sync`
/// would.
pub(crate) async fn run<W: Wiring>(call: &Call<'_, W>, execution: &str, node: &str) -> Answer {
    let execution_id = id("executionId", execution, ExecutionId::parse)?;
    let node_id = id("nodeId", node, NodeId::parse)?;
    let command: OrchestrateContainer = call.body()?;
    let (ports, context) = (call.ports(), &call.context);
    let engine = call.wiring.engine();
    let worker = engine.worker();
    let claims = execution::orchestrate(ports, context, execution_id, node_id, &command, worker);
    engine.hand_over(claims.await?);
    call.wiring.wake_engine();
    let seconds = wait(call.request, Some(RunMode::Sync)).unwrap_or_default();
    let clock = ports.clock();
    for _ in 0..seconds * 10 {
        engine.finished(clock, execution_id, 100).await;
        let found = execution::read_node(ports, context, execution_id, node_id).await?;
        let busy = |action: &ActionResult| {
            matches!(action.status, RunStatus::Executing | RunStatus::Ready)
        };
        // Attempts that wait for their time are not waited for.
        if found.completed_at.is_some() || !found.action_results.iter().any(busy) {
            return Ok(Response::json(Success::Ok, &found));
        }
    }
    let found = execution::read_node(ports, context, execution_id, node_id).await?;
    Ok(Response::json(Success::Ok, &found))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use use_cases::ports::PortErrorKind;

    use crate::testing::{NOTHING, SECRET, Stage};

    #[test]
    fn containers_and_levels_are_planned_and_looked_at() {
        let stage = Stage::new();
        let path = stage.runnable("Order to cash");
        let nodes = stage.get(&format!("{path}/nodes")).ok(200);
        let nodes = nodes["items"].as_array().unwrap();
        let of =
            |kind: &str| nodes.iter().find(|n| n["nodeType"] == kind).unwrap()["nodeId"].clone();
        let (node, io) = (of("stageNode"), of("ioNode"));
        let (node, io) = (node.as_str().unwrap(), io.as_str().unwrap());
        let plan = stage
            .get(&format!("{path}/nodes/{node}/execution-plan"))
            .ok(200);
        assert_eq!(plan["totals"]["groups"], 1);
        stage
            .get(&format!("{path}/nodes/{NOTHING}/execution-plan"))
            .refused(404, "NODE_NOT_FOUND");
        let order = stage.post(&format!("{path}/nodes/{node}/optimize-order"), json!({}));
        assert_eq!(order.ok(200)["nodeId"], node);
        stage
            .post(
                &format!("{path}/nodes/{node}/optimize-order"),
                json!({"apply": true}),
            )
            .ok(200);
        stage
            .post(&format!("{path}/nodes/{io}/optimize-order"), json!({}))
            .refused(422, "NO_ACTIONS");
        let fractal = format!("{path}/fractal-plan");
        stage
            .post(&fractal, json!({}))
            .refused(422, "MODEL_NOT_PUBLISHED");
        stage
            .post(&format!("{path}/publish"), json!({"version": "1.1.0"}))
            .ok(200);
        assert_eq!(stage.post(&fractal, json!({})).ok(200)["totalModels"], 1);
        stage
            .post(&fractal, json!({"maxDepth": 11}))
            .refused(422, "DEPTH_INVALID");

        let down = PortErrorKind::Unavailable { retry_after: None };
        stage.world.faults().fail_next("executions.exchange", down);
        let run = stage.post(&format!("{path}/executions"), json!({})).ok(202);
        let run = format!("/executions/{}", run["executionId"].as_str().unwrap());
        let orchestrate = format!("{run}/nodes/{node}/orchestrate");
        stage
            .post(&orchestrate, json!({}))
            .refused(403, "FORBIDDEN");
        let ask = || {
            stage
                .ask("POST", &orchestrate)
                .by("")
                .header("apikey", SECRET)
        };
        ask()
            .json(json!({"maxConcurrency": 0}))
            .send()
            .refused(400, "INVALID_REQUEST");
        stage.settle();
        ask()
            .json(json!({}))
            .send()
            .refused(422, "EXECUTION_NOT_RUNNING");
        let progress = stage.get(&format!("{run}/nodes/{node}")).ok(200);
        assert_eq!(progress["progress"], 100.0);
        let levels = stage.get(&format!("{run}/levels")).ok(200);
        assert_eq!(levels["levels"][0]["status"], "completed");
    }
}
