// AI agents through HTTP: configured, found, at work, and each refusal of their tables.

import assert from "node:assert/strict";

import { actionsOf, all, Design, ended } from "./support/design.ts";
import { ModelServer } from "./support/model_server.ts";
import { OrderService } from "./support/order_service.ts";
import { type Json, type Method, Person } from "./support/person.ts";
import { kill, stack } from "./support/stack.ts";

const NOTHING = "0192aaaa-0000-7000-8000-0000000000ff";
// Work needs a model server, which only stacks of ours know the address of.
const ignore = stack.agentPort === 0;

function registration(entityId: string, name: string, more: Json = {}): Json {
  return {
    featureType: "function-model",
    entityId,
    name,
    instructions: "Check invoices and answer briefly.",
    tools: { availableTools: ["knowledge-base-search", "workflow-execution"] },
    capabilities: {
      canRead: true,
      canExecute: true,
      canAnalyze: true,
      maxConcurrentTasks: 5,
      supportedDataTypes: ["json"],
      ...more.capabilities,
    },
    ...more.fields,
  };
}

async function scene() {
  const ada = await Person.signUp("Ada");
  const design = await Design.begin(ada, `Served model ${crypto.randomUUID().slice(0, 8)}`);
  return { ada, design, entity: design.modelId };
}

async function agentOf(
  ada: Person,
  entity: string,
  name: string,
  more: Json = {},
): Promise<string> {
  const agent = await ada.expect(201, "POST", "/ai-agents", registration(entity, name, more));
  return agent.agentId;
}

function task(agentId: string | undefined, text: string, more: Json = {}): Json {
  return { taskType: "execution", task: text, parameters: {}, agentId, ...more };
}

async function taskEnded(ada: Person, taskId: string, seconds = 30): Promise<Json> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ada.call("GET", `/ai-agents/tasks/${taskId}`).catch(() => undefined);
    if (["completed", "failed"].includes(answer?.body?.status)) return answer?.body;
    if (Date.now() > deadline) throw new Error(`task not ended: ${JSON.stringify(answer?.body)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

Deno.test("an agent is registered, listed by every filter, changed, switched and removed", async () => {
  const { ada, entity } = await scene();
  const nodeId = crypto.randomUUID();
  const agentId = await agentOf(ada, entity, "Clerk", { fields: { nodeId } });
  const path = `/ai-agents/${agentId}`;
  const read = await ada.call("GET", path);
  assert.equal(read.headers.get("etag"), '"1"');
  assert.equal(read.body.performanceMetrics.executionCount, 0);
  const since = new Date(0).toISOString();
  for (
    const [query, count] of [
      ["", 1],
      ["feature=function-model", 1],
      ["feature=spindle", 0],
      [`entityId=${entity}`, 1],
      [`entityId=${NOTHING}`, 0],
      [`nodeId=${nodeId}`, 1],
      ["capability=canRead", 1],
      ["capability=canWrite", 0],
      ["capability=dataType:JSON", 1],
      ["capability=minConcurrentTasks:5", 1],
      ["capability=minConcurrentTasks:6", 0],
      ["tool=Knowledge-Base-Search", 1],
      ["tool=fax", 0],
      ["name=Clerk", 1],
      ["name=clerk", 0],
      ["enabled=true", 1],
      ["enabled=false", 0],
      ["minSuccessRate=0", 1],
      ["minSuccessRate=0.1", 0],
      [`executedSince=${since}`, 0],
    ] as const
  ) {
    const items = await all(ada, `/ai-agents?${query}`);
    assert.equal(items.length, count, query);
  }
  const changed = await ada.call("PATCH", path, {
    body: { description: "Reads invoices" },
    headers: { "if-match": '"1"' },
  });
  assert.equal(changed.body.description, "Reads invoices");
  await ada.refused(412, "REVISION_CONFLICT", "PATCH", path, {
    body: { description: "Late" },
    headers: { "if-match": '"1"' },
  });
  await ada.expect(200, "POST", `${path}/disable`);
  await ada.expect(200, "POST", `${path}/enable`);
  const events = await all(ada, `/events?aggregateId=${agentId}`);
  assert.deepEqual(events.map((event) => event.eventType), [
    "AIAgentConfigured",
    ...Array(3).fill("AIAgentConfigurationUpdated"),
  ]);
  await ada.expect(204, "DELETE", path);
  await ada.refused(404, "AGENT_NOT_FOUND", "GET", path);
});

Deno.test("agents are matched and searched", async () => {
  const { ada, entity } = await scene();
  const nodeId = crypto.randomUUID();
  const clerk = await agentOf(ada, entity, "Clerk", { fields: { nodeId } });
  await agentOf(ada, entity, "Asleep", { fields: { isEnabled: false } });
  await ada.expect(200, "PUT", `/node-metadata/function-model/${entity}/${nodeId}`, {
    nodeType: "stageNode",
    searchKeywords: ["Budget"],
  });
  const matched = await ada.expect(200, "POST", "/ai-agents/match", {
    requiredCapabilities: ["canExecute", "canFly"],
    optionalCapabilities: ["tool:knowledge-base-search"],
    keywords: ["invoices"],
    entityId: entity,
  });
  assert.equal(matched.totalEvaluated, 1);
  assert.equal(matched.items[0].agent.agentId, clerk);
  assert.equal(matched.items[0].score, 0.9);
  assert.deepEqual(matched.items[0].missingCapabilities, ["canFly"]);
  const strict = await ada.expect(200, "POST", "/ai-agents/match", {
    requiredCapabilities: ["canExecute", "canFly"],
    strictMode: true,
  });
  assert.deepEqual(strict.items, []);
  const found = await ada.expect(200, "POST", "/ai-agents/search", { query: "analyze the budget" });
  assert.equal(found.items[0].agent.agentId, clerk);
  assert.deepEqual(found.items[0].matchingKeywords, ["budget"]);
  assert.deepEqual(found.queryAnalysis.concepts, ["analysis", "financial"]);
  assert.equal(found.queryAnalysis.intent, "analysis");
  const shared = await ada.expect(200, "POST", "/ai-agents/tasks/distribute", {
    tasks: [{ taskId: "a" }, { taskId: "b" }],
    requiredCapabilities: ["canExecute"],
  });
  assert.equal(shared.assignments.length, 2);
  const room = await ada.expect(200, "POST", `/ai-agents/${clerk}/capacity-check`, {
    requestedTasks: 6,
  });
  assert.deepEqual(room, { decision: "throttle", utilization: 0, projected: 6 });
});

Deno.test("every refusal about agents is told as its table says", async (t) => {
  const { ada, design, entity } = await scene();
  const eve = await Person.signUp("Eve");
  const vic = await Person.signUp("Vic");
  await ada.expect(200, "PUT", `${design.path}/permissions`, { owner: ada.id, viewers: [vic.id] });
  const clerk = await agentOf(ada, entity, "Clerk");
  const asleep = await agentOf(ada, entity, "Asleep", { fields: { isEnabled: false } });
  const path = `/ai-agents/${clerk}`;
  const good = registration(entity, "New");
  const part = (taskId: string, stage: number, agentId = clerk) => ({
    ...task(agentId, "answer x"),
    taskId,
    stage,
  });
  const whole = (tasks: Json[], more: Json = {}) => ({ mode: "sequential", tasks, ...more });
  const capabilities = { ...good.capabilities, maxConcurrentTasks: 0 };
  const rows: [Person, number, string, Method, string, Json?][] = [
    // UC-017
    [ada, 400, "INVALID_REQUEST", "POST", "/ai-agents", { ...good, unknown: 1 }],
    [ada, 400, "INVALID_REQUEST", "POST", "/ai-agents", { ...good, featureType: "tractor" }],
    [eve, 404, "FUNCTION_MODEL_NOT_FOUND", "POST", "/ai-agents", good],
    [vic, 403, "FORBIDDEN", "POST", "/ai-agents", good],
    [ada, 422, "AGENT_NAME_INVALID", "POST", "/ai-agents", { ...good, name: " " }],
    [ada, 422, "AGENT_INSTRUCTIONS_INVALID", "POST", "/ai-agents", { ...good, instructions: " " }],
    [ada, 422, "AGENT_TOOLS_INVALID", "POST", "/ai-agents", {
      ...good,
      tools: { availableTools: [] },
    }],
    [ada, 422, "AGENT_CAPABILITIES_INVALID", "POST", "/ai-agents", { ...good, capabilities }],
    [ada, 422, "DESCRIPTION_INVALID", "POST", "/ai-agents", {
      ...good,
      description: "x".repeat(1001),
    }],
    [ada, 409, "AGENT_NAME_TAKEN", "POST", "/ai-agents", registration(entity, "Clerk")],
    [eve, 404, "AGENT_NOT_FOUND", "GET", path],
    [ada, 400, "INVALID_REQUEST", "GET", "/ai-agents?enabled=perhaps"],
    [ada, 422, "NOTHING_TO_CHANGE", "PATCH", path, {}],
    [vic, 403, "FORBIDDEN", "PATCH", path, { name: "Mine" }],
    [ada, 422, "AGENT_ALREADY_ENABLED", "POST", `${path}/enable`],
    [ada, 422, "AGENT_ALREADY_DISABLED", "POST", `/ai-agents/${asleep}/disable`],
    [vic, 403, "FORBIDDEN", "DELETE", path],
    [eve, 404, "AGENT_NOT_FOUND", "GET", `${path}/performance`],
    // UC-018
    [ada, 422, "CRITERIA_INVALID", "POST", "/ai-agents/match", { requiredCapabilities: [] }],
    [ada, 422, "CRITERIA_INVALID", "POST", "/ai-agents/match", {
      requiredCapabilities: ["canRead"],
      minimumScore: 2,
    }],
    // UC-019
    [ada, 404, "AGENT_NOT_FOUND", "POST", "/ai-agents/tasks", task(NOTHING, "x")],
    [eve, 404, "AGENT_NOT_FOUND", "POST", "/ai-agents/tasks", task(clerk, "x")],
    [vic, 403, "FORBIDDEN", "POST", "/ai-agents/tasks", task(clerk, "x")],
    [ada, 422, "AGENT_DISABLED", "POST", "/ai-agents/tasks", task(asleep, "x")],
    [eve, 422, "NO_AGENT_FOUND", "POST", "/ai-agents/tasks", task(undefined, "x")],
    [ada, 422, "AGENT_NOT_CAPABLE", "POST", "/ai-agents/tasks", {
      ...task(clerk, "x"),
      taskType: "orchestration",
    }],
    [ada, 422, "TASK_PARAMETERS_INVALID", "POST", "/ai-agents/tasks", {
      ...task(clerk, "x"),
      taskType: "analysis",
    }],
    [ada, 422, "TASK_PARAMETERS_INVALID", "POST", "/ai-agents/tasks", {
      ...task(clerk, " "),
      priority: 11,
      timeoutMs: 1,
      maxRetries: 11,
    }],
    [ada, 404, "TASK_NOT_FOUND", "GET", `/ai-agents/tasks/${NOTHING}`],
    [ada, 422, "TASK_PARAMETERS_INVALID", "POST", `${path}/capacity-check`, { requestedTasks: 0 }],
    [ada, 422, "TASK_PARAMETERS_INVALID", "POST", "/ai-agents/tasks/distribute", {
      tasks: [],
      requiredCapabilities: ["canRead"],
    }],
    [ada, 422, "NO_AGENT_FOUND", "POST", "/ai-agents/tasks/distribute", {
      tasks: [{ taskId: "a" }],
      requiredCapabilities: ["canFly"],
    }],
    // UC-020
    [ada, 422, "SEARCH_QUERY_INVALID", "POST", "/ai-agents/search", { query: "ab" }],
    [ada, 422, "SEARCH_QUERY_INVALID", "POST", "/ai-agents/search", {
      query: "abc",
      maxResults: 51,
    }],
    // UC-021
    [ada, 422, "COORDINATION_INVALID", "POST", "/ai-agents/workflows", whole([])],
    [
      ada,
      422,
      "COORDINATION_INVALID",
      "POST",
      "/ai-agents/workflows",
      whole(Array.from({ length: 21 }, (_, n) => part(`${n}`, n + 1))),
    ],
    [
      ada,
      422,
      "COORDINATION_INVALID",
      "POST",
      "/ai-agents/workflows",
      whole([part("a", 1), part("b", 3)]),
    ],
    [
      ada,
      422,
      "COORDINATION_INVALID",
      "POST",
      "/ai-agents/workflows",
      whole([part("a", 1), part("b", 1)]),
    ],
    [
      ada,
      422,
      "COORDINATION_INVALID",
      "POST",
      "/ai-agents/workflows",
      whole([part("a", 1), part("a", 2)]),
    ],
    [
      ada,
      422,
      "COORDINATION_INVALID",
      "POST",
      "/ai-agents/workflows",
      whole([part("a", 1)], {
        synchronizationPoints: [{ afterStage: 2, kind: "merge-results" }],
      }),
    ],
    [
      ada,
      422,
      "COORDINATION_INVALID",
      "POST",
      "/ai-agents/workflows",
      whole([part("a", 1)], { timeoutMs: 999 }),
    ],
    [
      ada,
      404,
      "AGENT_NOT_FOUND",
      "POST",
      "/ai-agents/workflows",
      whole([part("a", 1, NOTHING)]),
    ],
    [
      ada,
      422,
      "AGENT_DISABLED",
      "POST",
      "/ai-agents/workflows",
      whole([part("a", 1, asleep)]),
    ],
    [vic, 403, "FORBIDDEN", "POST", "/ai-agents/workflows", whole([part("a", 1)])],
    [ada, 404, "TASK_NOT_FOUND", "GET", `/ai-agents/workflows/${NOTHING}`],
    // UC-023
    [eve, 404, "AGENT_NOT_FOUND", "POST", `${path}/failures`, { reason: "x" }],
    [vic, 403, "FORBIDDEN", "POST", `${path}/failures`, { reason: "x" }],
    [ada, 400, "INVALID_REQUEST", "POST", `${path}/failures`, {
      reason: "x",
      recoveryAction: "pray",
    }],
    [ada, 422, "REASON_INVALID", "POST", `${path}/failures`, { reason: " " }],
    [ada, 422, "REASON_INVALID", "POST", `${path}/failures`, { reason: "x".repeat(2001) }],
    // Node metadata
    [ada, 404, "NODE_NOT_FOUND", "GET", `/node-metadata/function-model/${entity}/${NOTHING}`],
    [vic, 403, "FORBIDDEN", "PUT", `/node-metadata/function-model/${entity}/${NOTHING}`, {
      nodeType: "stageNode",
    }],
    [
      ada,
      422,
      "NODE_METADATA_INVALID",
      "PUT",
      `/node-metadata/function-model/${entity}/${NOTHING}`,
      {
        nodeType: " ",
      },
    ],
    [ada, 422, "NODE_METADATA_INVALID", "POST", "/node-metadata/similar", { vector: [] }],
  ];
  for (const [who, status, code, method, address, body] of rows) {
    const shown = address.replaceAll(/[0-9a-f-]{36}/g, "…");
    await t.step(`${method} ${shown}: ${code}`, async () => {
      await who.refused(status, code, method, address, { body });
    });
  }
  await t.step("enabling a name that is taken: AGENT_NAME_TAKEN", async () => {
    await ada.expect(200, "POST", `${path}/disable`);
    await agentOf(ada, entity, "Clerk");
    await ada.refused(409, "AGENT_NAME_TAKEN", "POST", `${path}/enable`);
  });
});

Deno.test("nodes are described and found", async () => {
  const { ada, entity } = await scene();
  const path = `/node-metadata/function-model/${entity}/${crypto.randomUUID()}`;
  await ada.expect(200, "PUT", path, {
    nodeType: "stageNode",
    searchKeywords: ["Tax*Law", "tax*law"],
    semanticTags: ["VAT"],
    vectorEmbedding: [1, 0, 0],
  });
  assert.deepEqual((await ada.expect(200, "GET", path)).searchKeywords, ["tax*law"]);
  assert.equal((await all(ada, "/node-metadata?keyword=x*l")).length, 1);
  assert.equal((await all(ada, "/node-metadata?keyword=xl")).length, 0);
  assert.equal((await all(ada, "/node-metadata?tag=vat")).length, 1);
  const found = await ada.expect(200, "POST", "/node-metadata/similar", { vector: [2, 0, 0] });
  assert.equal(found.items[0].similarity, 1);
});

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
