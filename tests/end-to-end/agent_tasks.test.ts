// AI agents at work, with a model server that breaks on order.

import assert from "node:assert/strict";

import { agentOf, ignore, scene, task, taskEnded } from "./support/agents.ts";
import { actionsOf, all, Design, ended } from "./support/design.ts";
import { ModelServer } from "./support/model_server.ts";
import { OrderService } from "./support/order_service.ts";
import { type Json, Person } from "./support/person.ts";
import { kill, stack } from "./support/stack.ts";

Deno.test({
  name: "agents do tasks with tools, and faults of the model are results",
  ignore,
  fn: async (t) => {
    await using model = new ModelServer();
    await using service = new OrderService();
    const { ada, entity } = await scene();
    const clerk = await agentOf(ada, entity, "Clerk");
    const content = await ada.expect(201, "POST", "/knowledge-contents", {
      title: "Tax law",
      body: "Invoices carry VAT.",
    });
    const { workflowId: workflow } = await ada.expect(201, "POST", "/workflows", {
      name: "Post",
      definition: { method: "POST", url: service.url("instant", "posted") },
    });
    const done = async (text: string, more: Json = {}) =>
      await ada.expect(200, "POST", "/ai-agents/tasks", task(clerk, text, more));

    await t.step("an answer is the output, and the key goes to the model alone", async () => {
      const ended = await done('answer {"sum": 7}', { parameters: { a: 3 } });
      assert.deepEqual(ended.output, { sum: 7 });
      assert.equal(ended.status, "completed");
      const turn = model.first();
      assert.equal(turn.authorization, `Bearer ${stack.agentKey}`);
      assert.equal(turn.key, `${ended.taskId}-0`);
      assert.equal(turn.body.model, "e2e-model");
      assert.match(turn.body.messages[1].content, /"a":3/);
    });
    await t.step("the knowledge base is searched as who asked", async () => {
      const ended = await done("search invoices");
      assert.match(ended.output.told, new RegExp(content.contentId));
      assert.deepEqual(ended.toolsUsed, ["knowledge-base-search"]);
    });
    await t.step("a workflow is run as who asked", async () => {
      const ended = await done(`run ${workflow}`);
      assert.match(ended.output.told, /"done":true/);
      assert.equal(service.asked("posted").length, 1);
    });
    for (
      const [text, code, more] of [
        ["status 500", "SERVICE_ANSWERED_500", {}],
        ["status 429", "SERVICE_ANSWERED_429", {}],
        ["status 401", "SERVICE_ANSWERED_401", {}],
        ["malformed", "SERVICE_ANSWER_INVALID", {}],
        ["loop", "TOO_MANY_TURNS", {}],
        ["hang", "TIMEOUT", { timeoutMs: 1000 }],
      ] as const
    ) {
      await t.step(`${text} fails the task with ${code}`, async () => {
        const ended = await done(text, more);
        assert.equal(ended.status, "failed");
        assert.equal(ended.error.code, code);
      });
    }
    await t.step("a failed attempt is repeated under the same key", async () => {
      const ended = await done("flaky", { maxRetries: 1 });
      assert.equal(ended.attempts, 2);
      assert.equal(ended.status, "completed");
      const keys = model.about("flaky").map((turn) => turn.key);
      assert.equal(new Set(keys).size, 1);
    });
    await t.step("performance counts every task once", async () => {
      const told = await ada.expect(200, "GET", `/ai-agents/${clerk}/performance`);
      assert.deepEqual(
        [told.executionCount, told.successCount, told.failureCount],
        [10, 4, 6],
      );
      assert.equal(told.successRate, 0.4);
    });
    await t.step("an agent that keeps failing is isolated", async () => {
      const ended = await done("status 500", { maxRetries: 2 });
      assert.equal(ended.attempts, 3);
      const agent = await ada.expect(200, "GET", `/ai-agents/${clerk}`);
      assert.equal(agent.isEnabled, false);
      const [told] = await all(ada, `/events?aggregateId=${clerk}&eventType=AIAgentIsolated`);
      assert.equal(told.data.failureCount, 3);
      assert.equal(told.data.reason, "persistent-failures");
    });
    await t.step("the key is in no event and no audit row", async () => {
      const events = await all(ada, `/events?aggregateId=${clerk}`);
      assert.ok(!JSON.stringify(events).includes(stack.agentKey ?? "?"));
    });
  },
});

Deno.test({
  name: "tasks beyond capacity wait by priority, and none is lost",
  ignore,
  fn: async () => {
    await using model = new ModelServer();
    const { ada, entity } = await scene();
    const clerk = await agentOf(ada, entity, "Clerk", { capabilities: { maxConcurrentTasks: 1 } });
    const hurry = { headers: { prefer: "wait=1" } };
    const start = (text: string, more: Json = {}) =>
      ada.call("POST", "/ai-agents/tasks", { body: task(clerk, text, more), ...hurry });
    const first = await start("slow 2500");
    assert.equal(first.status, 202);
    assert.match(first.headers.get("location") ?? "", /\/ai-agents\/tasks\//);
    assert.equal(first.body.status, "running");
    const low = await start("answer low", { priority: 1 });
    const high = await start("answer high", { priority: 9 });
    assert.equal(low.body.status, "queued");
    const full = await ada.refused(429, "AGENT_AT_CAPACITY", "POST", "/ai-agents/tasks", {
      body: task(clerk, "answer no", { queueIfBusy: false }),
    });
    assert.ok(full.retryAfterMs > 0);
    await ada.refused(422, "EXECUTIONS_ACTIVE", "DELETE", `/ai-agents/${clerk}`);
    for (const { body } of [first, low, high]) {
      assert.equal((await taskEnded(ada, body.taskId)).status, "completed");
    }
    const asked = model.turns.map((turn) => turn.body.messages[1].content);
    assert.deepEqual(asked, ["slow 2500", "answer high", "answer low"]);

    const many = await Promise.all(
      Array.from({ length: 20 }, (_, n) => start(`answer ${n}`)),
    );
    for (const { body } of many) await taskEnded(ada, body.taskId);
    const told = await ada.expect(200, "GET", `/ai-agents/${clerk}/performance`);
    assert.equal(told.executionCount, 23);
  },
});

Deno.test({
  name: "a repeated start answers the first task",
  ignore,
  fn: async () => {
    await using model = new ModelServer();
    const { ada, entity } = await scene();
    const clerk = await agentOf(ada, entity, "Clerk");
    const headers = { "idempotency-key": crypto.randomUUID() };
    const body = task(clerk, "answer once");
    const first = await ada.call("POST", "/ai-agents/tasks", { body, headers });
    const again = await ada.call("POST", "/ai-agents/tasks", { body, headers });
    assert.equal(again.body.taskId, first.body.taskId);
    assert.equal(model.about("answer once").length, 1);
    await ada.refused(409, "IDEMPOTENCY_KEY_REUSED", "POST", "/ai-agents/tasks", {
      body: task(clerk, "answer twice"),
      headers,
    });
  },
});

Deno.test({
  name: "a task whose worker is killed is taken up again",
  ignore: ignore || !stack.local,
  fn: async () => {
    await using model = new ModelServer();
    const { ada, entity } = await scene();
    const clerk = await agentOf(ada, entity, "Clerk");
    const begun = await ada.call("POST", "/ai-agents/tasks", {
      body: task(clerk, "slow 1500"),
      headers: { prefer: "wait=1" },
    });
    await kill("functions");
    const ended = await taskEnded(ada, begun.body.taskId);
    assert.equal(ended.status, "completed");
    const keys = new Set(model.turns.map((turn) => turn.key));
    assert.equal(keys.size, 1, "the far side recognises the repetition");
  },
});

Deno.test({
  name: "agents work together in stages",
  ignore,
  fn: async (t) => {
    await using _model = new ModelServer();
    const { ada, entity } = await scene();
    const eve = await Person.signUp("Eve");
    const clerk = await agentOf(ada, entity, "Clerk");
    const part = (taskId: string, stage: number, text: string, more: Json = {}) => ({
      ...task(clerk, text),
      taskId,
      stage,
      ...more,
    });
    await t.step("outputs are merged, and the end is told", async () => {
      const ended = await ada.expect(200, "POST", "/ai-agents/workflows", {
        mode: "parallel",
        tasks: [
          part("a", 1, 'answer {"x": 1}'),
          part("b", 1, 'answer {"y": 2}'),
          part("c", 2, 'answer {"x": 3}'),
        ],
        synchronizationPoints: [
          { afterStage: 1, kind: "aggregate-data" },
          { afterStage: 2, kind: "merge-results" },
        ],
      });
      assert.equal(ended.status, "completed");
      assert.deepEqual(ended.synchronized.map((point: Json) => point.output), [
        [{ x: 1 }, { y: 2 }],
        { x: 3, y: 2 },
      ]);
      const path = `/ai-agents/workflows/${ended.coordinationId}`;
      assert.equal((await ada.expect(200, "GET", path)).status, "completed");
      await eve.refused(404, "TASK_NOT_FOUND", "GET", path);
      const events = await all(ada, `/events?aggregateId=${ended.coordinationId}`);
      assert.deepEqual(events.map((event) => event.eventType), [
        "AgentWorkflowStarted",
        "AgentWorkflowStageCompleted",
        "AgentWorkflowStageCompleted",
        "AgentWorkflowCompleted",
      ]);
    });
    await t.step("a failed stage ends it, unless it goes on", async () => {
      const tasks = [part("a", 1, "status 500"), part("b", 2, "answer fine")];
      const body = { mode: "sequential", tasks };
      const stopped = await ada.expect(200, "POST", "/ai-agents/workflows", body);
      assert.equal(stopped.status, "failed");
      assert.equal(stopped.stages.length, 1);
      const went = await ada.expect(200, "POST", "/ai-agents/workflows", {
        ...body,
        continueOnFailure: true,
      });
      assert.equal(went.status, "partial");
      assert.equal(went.stages.length, 2);
    });
    await t.step("what takes longer is accepted", async () => {
      const begun = await ada.call("POST", "/ai-agents/workflows", {
        body: { mode: "sequential", tasks: [part("a", 1, "slow 2000")] },
        headers: { prefer: "wait=1" },
      });
      assert.equal(begun.status, 202);
      const path = `/ai-agents/workflows/${begun.body.coordinationId}`;
      const deadline = Date.now() + 20_000;
      let last: Json;
      do {
        await new Promise((resolve) => setTimeout(resolve, 200));
        last = await ada.expect(200, "GET", path);
      } while (last.status === "running" && Date.now() < deadline);
      assert.equal(last.status, "completed");
    });
  },
});

Deno.test({
  name: "a failed agent is retried, restarted or disabled, and who relies on it is told",
  ignore,
  fn: async () => {
    await using _model = new ModelServer();
    const ada = await Person.signUp("Ada");
    const { design, stage } = await Design.small(ada, "Relying model");
    const clerk = await agentOf(ada, design.modelId, "Clerk");
    const other = await agentOf(ada, design.modelId, "Other");
    await design.action(stage, "Ask", "tetherNode", {
      tetherReferenceId: "agent",
      agentId: clerk,
    });
    const failed = await ada.expect(200, "POST", "/ai-agents/tasks", task(clerk, "status 500"));
    const report = async (body: Json) =>
      await ada.expect(200, "POST", `/ai-agents/${clerk}/failures`, body);
    const retried = await report({ reason: "A temporary fault", taskId: failed.taskId });
    assert.equal(retried.finalStatus, "retrying");
    assert.equal((await taskEnded(ada, retried.retriedAs)).status, "failed");
    assert.equal((await report({ reason: "Invalid settings" })).finalStatus, "restarted");
    const disabled = await report({ reason: "It exploded" });
    assert.equal(disabled.finalStatus, "disabled");
    assert.deepEqual(disabled.impact.models, [design.modelId]);
    assert.deepEqual(disabled.impact.alternatives, [other]);
    const types = (await all(ada, `/events?aggregateId=${clerk}`)).map((event) => event.eventType);
    assert.ok(types.includes("AIAgentIsolated"));
  },
});

Deno.test({
  name: "a tether with an agent goes to the agent",
  ignore,
  fn: async () => {
    await using model = new ModelServer();
    const ada = await Person.signUp("Ada");
    const { design, stage } = await Design.small(ada, "Model with an agent");
    const clerk = await agentOf(ada, design.modelId, "Clerk");
    await design.action(stage, 'answer {"sum": 7}', "tetherNode", {
      tetherReferenceId: "agent",
      agentId: clerk,
      executionParameters: { step: "one" },
      outputMapping: { total: "sum" },
    });
    await design.publish();
    const { executionId } = await design.start({ order: "F-1" });
    const run = await ended(ada, executionId);
    assert.equal(run.status, "completed");
    assert.deepEqual(actionsOf(run)[0].output, { total: 7 });
    assert.match(model.first().body.messages[1].content, /F-1/);
    assert.match(model.first().key, new RegExp(executionId));
    const told = await ada.expect(200, "GET", `/ai-agents/${clerk}/performance`);
    assert.deepEqual([told.executionCount, told.runningTasks], [1, 0]);
  },
});
