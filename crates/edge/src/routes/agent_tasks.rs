//! What agents are asked to do: tasks and coordinations.

use domain::ai_agent::coordination::CoordinateAgents;
use domain::ai_agent::task::{DistributeTasks, ExecuteAgentTask};
use domain::ids::{CoordinationId, TaskId};
use domain::vocabulary::{AgentTaskStatus, RunMode};
use use_cases::ports::{AgentTask, Coordination, Ports};
use use_cases::{Saved, ai_agent};

use super::executions::wait;
use crate::call::{Answer, Call, Wiring, id};
use crate::problem::Success;
use crate::response::Response;

/// How long a caller waits who said nothing about it, in seconds.
const USUAL_WAIT: u64 = 25;

fn seconds<W: Wiring>(call: &Call<'_, W>) -> u64 {
    wait(call.request, Some(RunMode::Sync)).unwrap_or(USUAL_WAIT)
}

fn task_under_way(task: &AgentTask) -> Response {
    let path = format!("/ai-agents/tasks/{}", task.task_id);
    Response::json(Success::Accepted, task).with_location(&path)
}

fn coordination_under_way(whole: &Coordination) -> Response {
    let path = format!("/ai-agents/workflows/{}", whole.coordination_id);
    Response::json(Success::Accepted, whole).with_location(&path)
}

pub(crate) async fn execute<W: Wiring>(call: &Call<'_, W>) -> Answer {
    let command: ExecuteAgentTask = call.body()?;
    let worker = call.wiring.agent_worker();
    let token = Some(worker.lease_token());
    let keep = |saved: &Saved<AgentTask>| task_under_way(&saved.value).to_stored();
    let (ports, context) = (call.ports(), &call.context);
    let started = ai_agent::execute_task(ports, context, &command, token, keep).await?;
    let begun = started.claim.map(|claim| worker.hand_over(claim)).is_some();
    call.wiring.wake_agents();
    if !begun {
        return Ok(task_under_way(&started.task));
    }
    let task_id = started.task.task_id;
    let milliseconds = seconds(call) * 1000;
    worker
        .finished(ports.clock(), task_id.as_uuid(), milliseconds)
        .await;
    let task = ai_agent::read_task(ports, context, task_id).await?;
    Ok(match task.status {
        AgentTaskStatus::Completed | AgentTaskStatus::Failed => Response::json(Success::Ok, &task),
        AgentTaskStatus::Queued | AgentTaskStatus::Running => task_under_way(&task),
    })
}

pub(crate) async fn read<W: Wiring>(call: &Call<'_, W>, task: &str) -> Answer {
    let query = call.query(&[&["fields"]])?;
    let task_id = id("taskId", task, TaskId::parse)?;
    let found = ai_agent::read_task(call.ports(), &call.context, task_id).await?;
    Ok(call.one(&query, &found))
}

pub(crate) async fn distribute<W: Wiring>(call: &Call<'_, W>) -> Answer {
    let command: DistributeTasks = call.body()?;
    let shared = ai_agent::distribute(call.ports(), &call.context, &command).await?;
    Ok(Response::json(Success::Ok, &shared))
}

pub(crate) async fn coordinate<W: Wiring>(call: &Call<'_, W>) -> Answer {
    let command: CoordinateAgents = call.body()?;
    let keep = |saved: &Saved<Coordination>| coordination_under_way(&saved.value).to_stored();
    let (ports, context) = (call.ports(), &call.context);
    let begun = ai_agent::coordinate(ports, context, &command, keep).await?;
    call.wiring.wake_agents();
    let worker = call.wiring.agent_worker();
    let whole_id = begun.coordination_id;
    let milliseconds = seconds(call) * 1000;
    worker
        .finished(ports.clock(), whole_id.as_uuid(), milliseconds)
        .await;
    let whole = ai_agent::read_workflow(ports, context, whole_id).await?;
    Ok(match whole.completed_at {
        Some(_) => Response::json(Success::Ok, &whole),
        None => coordination_under_way(&whole),
    })
}

pub(crate) async fn read_workflow<W: Wiring>(call: &Call<'_, W>, whole: &str) -> Answer {
    let query = call.query(&[&["fields"]])?;
    let coordination_id = id("coordinationId", whole, CoordinationId::parse)?;
    let found = ai_agent::read_workflow(call.ports(), &call.context, coordination_id).await?;
    Ok(call.one(&query, &found))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use use_cases::ports::Ports as _;

    use crate::testing::{BOB, NOTHING, Stage};

    fn agent(stage: &Stage) -> Value {
        let model = stage.model("Served model");
        let agent = json!({
            "featureType": "function-model",
            "entityId": model.rsplit('/').next().unwrap(),
            "name": "Clerk",
            "instructions": "Check invoices.",
            "tools": {"availableTools": ["knowledge-base-search"]},
            "capabilities": {"canExecute": true, "maxConcurrentTasks": 1, "supportedDataTypes": ["json"]},
        });
        stage.post("/ai-agents", agent).ok(201)["agentId"].clone()
    }

    fn task(agent: &Value) -> Value {
        json!({"taskType": "execution", "task": "Do it", "parameters": {}, "agentId": agent})
    }

    #[test]
    fn a_task_that_ends_in_time_is_answered_and_read() {
        let stage = Stage::new();
        let agent = agent(&stage);
        let done = stage.post("/ai-agents/tasks", task(&agent)).ok(200);
        assert_eq!(
            (&done["status"], &done["output"]),
            (&json!("completed"), &json!({"text": "Do it"}))
        );
        let path = format!("/ai-agents/tasks/{}", done["taskId"].as_str().unwrap());
        assert_eq!(stage.get(&path).ok(200), done);
        stage
            .ask("GET", &path)
            .by(BOB)
            .send()
            .refused(404, "TASK_NOT_FOUND");
    }

    #[test]
    fn a_slow_task_is_accepted_and_the_next_waits() {
        let stage = Stage::new();
        let agent = agent(&stage);
        let slow = Ok(use_cases::ports::Reply::Content("late".into()));
        stage.world.agent_service().reply_next(20_000, slow);
        let ask = stage
            .ask("POST", "/ai-agents/tasks")
            .header("prefer", "wait=1");
        let begun = ask.json(task(&agent)).send();
        assert_eq!(begun.ok(202)["status"], "running");
        assert!(
            begun
                .header("location")
                .unwrap()
                .contains("/ai-agents/tasks/")
        );
        let waiting = stage.post("/ai-agents/tasks", task(&agent)).ok(202);
        assert_eq!(waiting["status"], "queued");
        let mut impatient = task(&agent);
        impatient["queueIfBusy"] = json!(false);
        let full = stage.post("/ai-agents/tasks", impatient);
        full.refused(429, "AGENT_AT_CAPACITY");
        assert_eq!(full.header("retry-after"), Some("2"));
        let busy = format!("/ai-agents/{}", agent.as_str().unwrap());
        stage.delete(&busy).refused(422, "EXECUTIONS_ACTIVE");
        stage.settle();
        let path = format!("/ai-agents/tasks/{}", waiting["taskId"].as_str().unwrap());
        assert_eq!(stage.get(&path).ok(200)["status"], "completed");
    }

    #[test]
    fn tasks_are_shared_out() {
        let stage = Stage::new();
        agent(&stage);
        let body = json!({"tasks": [{"taskId": "a"}, {"taskId": "b"}], "requiredCapabilities": ["canExecute"]});
        let shared = stage.post("/ai-agents/tasks/distribute", body).ok(200);
        assert_eq!(shared["assignments"].as_array().unwrap().len(), 2);
        let nobody = json!({"tasks": [{"taskId": "a"}], "requiredCapabilities": ["canFly"]});
        stage
            .post("/ai-agents/tasks/distribute", nobody)
            .refused(422, "NO_AGENT_FOUND");
    }

    #[test]
    fn agents_work_together() {
        let stage = Stage::new();
        let agent = agent(&stage);
        let part = |name: &str, stage: u32| {
            json!({"taskId": name, "agentId": agent, "stage": stage, "taskType": "execution",
                "task": name, "parameters": {}})
        };
        let body = json!({"mode": "sequential", "tasks": [part("a", 1), part("b", 2)],
            "synchronizationPoints": [{"afterStage": 2, "kind": "aggregate-data"}]});
        let whole = stage.post("/ai-agents/workflows", body).ok(200);
        assert_eq!(whole["status"], "completed");
        assert_eq!(
            whole["synchronized"][0]["output"],
            json!([{"text": "a"}, {"text": "b"}])
        );
        let path = format!(
            "/ai-agents/workflows/{}",
            whole["coordinationId"].as_str().unwrap()
        );
        assert_eq!(stage.get(&path).ok(200), whole);
        let bad = json!({"mode": "sequential", "tasks": [part("a", 1), part("b", 1)]});
        stage
            .post("/ai-agents/workflows", bad)
            .refused(422, "COORDINATION_INVALID");
        let nobody = json!({"mode": "parallel", "tasks": [{"taskId": "a", "agentId": NOTHING, "stage": 1,
            "taskType": "execution", "task": "x", "parameters": {}}]});
        stage
            .post("/ai-agents/workflows", nobody)
            .refused(404, "AGENT_NOT_FOUND");
    }
}
