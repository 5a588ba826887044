// Containers and nesting levels: planned, watched, run. Every row of the tables of UC-012 and UC-013.

import assert from "node:assert/strict";

import { Design, ended } from "./support/design.ts";
import { asService } from "./support/lifecycle.ts";
import { OrderService } from "./support/order_service.ts";
import { type Json, Person } from "./support/person.ts";

Deno.test("a container is planned, and its order is put right", async () => {
  const ada = await Person.signUp("Ada");
  const { design, stage } = await Design.small(ada, "Planned work");
  const url = "https://example.com/";
  const first = await design.tether(stage, "First", url, { estimatedDurationMinutes: 60 });
  const second = await design.tether(stage, "Second", url, {
    estimatedDurationMinutes: 90,
    executionOrder: 5,
  });
  for (const [name, minutes] of [["Left", 45], ["Right", 30]] as const) {
    const more = { executionMode: "parallel", estimatedDurationMinutes: minutes };
    await design.tether(stage, name, url, more);
  }
  const path = `${design.path}/nodes/${stage}`;
  const plan = await ada.expect(200, "GET", `${path}/execution-plan`);
  assert.deepEqual(plan.groups.map((group: Json) => group.estimateMinutes), [150, 45]);
  assert.deepEqual(plan.groups.map((group: Json) => group.mode), ["sequential", "parallel"]);
  assert.equal(plan.totals.estimateMinutes, 195);
  assert.ok(plan.warnings.length > 0, "the gap in the order is odd");

  const suggested = await ada.expect(200, "POST", `${path}/optimize-order`, {});
  assert.equal(suggested.applied, false);
  assert.deepEqual(suggested.actionIds.slice(0, 2), [first, second]);
  const applied = await ada.expect(200, "POST", `${path}/optimize-order`, { apply: true });
  assert.equal(applied.applied, true);
  const action = await ada.expect(200, "GET", `${design.path}/actions/${second}`);
  assert.equal(action.executionOrder, 2);

  const nowhere = `${design.path}/nodes/${crypto.randomUUID()}`;
  await ada.refused(404, "NODE_NOT_FOUND", "GET", `${nowhere}/execution-plan`);
  await ada.refused(404, "NODE_NOT_FOUND", "POST", `${nowhere}/optimize-order`);
  const empty = await design.stage("Empty", [stage]);
  await ada.refused(422, "NO_ACTIONS", "POST", `${design.path}/nodes/${empty}/optimize-order`);
  const eve = await Person.signUp("Eve");
  await eve.refused(404, "FUNCTION_MODEL_NOT_FOUND", "GET", `${path}/execution-plan`);
  await design.publish();
  const apply = { body: { apply: true } };
  await ada.refused(422, "MODEL_PUBLISHED", "POST", `${path}/optimize-order`, apply);
});

Deno.test("the service runs a container, and everybody who may look sees how far it is", async () => {
  await using service = new OrderService();
  const ada = await Person.signUp("Ada");
  const { design, stage } = await Design.small(ada, "Work by hand");
  const retryPolicy = {
    enabled: true,
    maxAttempts: 3,
    strategy: "linear",
    baseDelayMs: 60_000,
    maxDelayMs: 60_000,
  };
  const action = await design.tether(stage, "Flaky", service.url("flaky", "flaky"), {
    retryPolicy,
  });
  const other = await design.tether(stage, "Other", service.url("instant", "other"));
  await design.publish();
  const { executionId } = await design.start({ order: "O-1" });
  const path = `/executions/${executionId}/nodes/${stage}`;
  const orchestrate = (body: Json, at = path) => asService("POST", `${at}/orchestrate`, body);
  const refused = async (answer: Promise<Json>, status: number, code: string) => {
    const { status: given, body } = await answer;
    assert.deepEqual([given, body.code], [status, code], JSON.stringify(body));
  };
  await ada.refused(403, "FORBIDDEN", "POST", `${path}/orchestrate`, { body: {} });
  const nothing = crypto.randomUUID();
  await refused(
    orchestrate({}, `/executions/${nothing}/nodes/${stage}`),
    404,
    "EXECUTION_NOT_FOUND",
  );
  await refused(
    orchestrate({}, `/executions/${executionId}/nodes/${nothing}`),
    404,
    "NODE_NOT_FOUND",
  );
  await refused(orchestrate({ maxConcurrency: 101 }), 400, "INVALID_REQUEST");

  await service.waitFor("flaky");
  let progress = await ada.expect(200, "GET", path);
  for (let tries = 0; tries < 50 && progress.actionResults[0]?.status !== "retrying"; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    progress = await ada.expect(200, "GET", path);
  }
  assert.deepEqual([progress.status, progress.progress], ["executing", 0]);
  await refused(orchestrate({ actionIds: [nothing] }), 422, "ACTION_NOT_IN_CONTAINER");
  await refused(orchestrate({ actionIds: [] }), 422, "NO_ACTIONS");
  const early = await orchestrate({ actionIds: [action] });
  assert.equal(early.status, 200, JSON.stringify(early.body));
  assert.equal(service.asked("flaky").length, 2, "the waiting attempt was made at once");
  const last = await orchestrate({});
  assert.equal(last.body.status, "completed", JSON.stringify(last.body));
  const run = await ended(ada, executionId);
  assert.equal(run.status, "completed");
  const done = await ada.expect(200, "GET", path);
  assert.deepEqual([done.progress, done.metrics.completed, done.metrics.skipped], [100, 1, 1]);
  assert.equal(service.asked("other").length, 0, "what was left out is skipped");
  assert.ok(done.actionResults.some((result: Json) => result.actionId === other));
  await refused(orchestrate({}), 422, "EXECUTION_NOT_RUNNING");
  await ada.refused(404, "NODE_NOT_FOUND", "GET", `/executions/${executionId}/nodes/${nothing}`);
});

Deno.test("a container that runs is not run twice", async () => {
  await using service = new OrderService();
  const ada = await Person.signUp("Ada");
  const { design, stage } = await Design.small(ada, "Busy container");
  await design.tether(stage, "Slow", service.url("slow", "slow", 2000));
  await design.publish();
  const { executionId } = await design.start({ order: "B-1" });
  await service.waitFor("slow");
  const path = `/executions/${executionId}/nodes/${stage}/orchestrate`;
  const answer = await asService("POST", path, {});
  assert.deepEqual([answer.status, answer.body.code], [409, "ORCHESTRATION_ALREADY_RUNNING"]);
  await ended(ada, executionId);
});

Deno.test("nested models are planned and watched level by level", async () => {
  await using service = new OrderService();
  const ada = await Person.signUp("Ada");
  const { design: leaf, stage: leafStage } = await Design.small(ada, "Leaf");
  await leaf.tether(leafStage, "Do it", service.url("instant", "leaf"));
  const { design: top, stage } = await Design.small(ada, "Top");
  const data = { nestedModelId: leaf.modelId };
  const nesting = await top.action(stage, "Nested", "functionModelContainer", data);
  const path = `${top.path}/fractal-plan`;
  await ada.refused(422, "MODEL_NOT_PUBLISHED", "POST", path, { body: {} });
  await leaf.publish();
  await top.publish();
  const plan = await ada.expect(200, "POST", path, {});
  assert.deepEqual([plan.totalModels, plan.depth], [2, 1]);
  assert.deepEqual(
    plan.levels[1].models.map((model: Json) => [model.name, model.parentActionId]),
    [["Leaf", nesting]],
  );
  for (const maxDepth of [0, 11]) {
    await ada.refused(422, "DEPTH_INVALID", "POST", path, { body: { maxDepth } });
  }
  const eve = await Person.signUp("Eve");
  await eve.refused(404, "FUNCTION_MODEL_NOT_FOUND", "POST", path, { body: {} });

  const { executionId } = await top.start({ order: "L-1" });
  assert.equal((await ended(ada, executionId)).status, "completed");
  const { levels } = await ada.expect(200, "GET", `/executions/${executionId}/levels`);
  assert.deepEqual(levels.map((level: Json) => [level.level, level.status]), [
    [0, "completed"],
    [1, "completed"],
  ]);
  assert.equal(levels[1].runs[0].parentExecutionId, executionId);
  assert.equal(levels[1].runs[0].outputs.leaf.done, true);
  await eve.refused(404, "EXECUTION_NOT_FOUND", "GET", `/executions/${executionId}/levels`);
  const events = await ada.expect(200, "GET", `/executions/${executionId}/events?limit=100`);
  const moves = events.items.filter((event: Json) =>
    event.eventType === "FractalOrchestrationLevelChanged"
  );
  assert.deepEqual(moves.map((event: Json) => [event.data.oldLevel, event.data.newLevel]), [
    [0, 1],
    [1, 0],
  ]);
  const nested = levels[1].runs[0].executionId;
  const action = await ada.expect(200, "GET", `/executions/${nested}`);
  const retry = `/executions/${nested}/actions/${
    action.nodeResults[1].actionResults[0].actionId
  }/retry`;
  await ada.refused(422, "STATUS_TRANSITION_INVALID", "POST", retry, { body: { force: true } });

  await ada.expect(200, "POST", `${leaf.path}/archive`, {}).catch(() => undefined);
  await ada.expect(200, "DELETE", leaf.path).catch(() => undefined);
  const later = await ada.call("POST", path, { body: {} });
  assert.ok(later.status === 200 || later.body.code === "NESTED_MODEL_UNAVAILABLE");
});
