// AI agents through HTTP: configured, found, and each refusal of their tables.

import assert from "node:assert/strict";

import { agentOf, NOTHING, registration, scene, task } from "./support/agents.ts";
import { all } from "./support/design.ts";
import { type Json, type Method, Person } from "./support/person.ts";

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
