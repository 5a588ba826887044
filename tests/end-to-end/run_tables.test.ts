// The error tables of UC-005, UC-013 and UC-022: what does not start, and what is not tried again.

import assert from "node:assert/strict";

import { actionsOf, Design, ended } from "./support/design.ts";
import { nesting, sound } from "./support/lifecycle.ts";
import { OrderService } from "./support/order_service.ts";
import { type Json, Person } from "./support/person.ts";
import { refuses, row, share } from "./support/table.ts";

const READS = { kbReferenceId: "handbook", shortDescription: "The handbook" };

Deno.test("a start outside the limits is refused with every field", async (t) => {
  const ada = await Person.signUp("Ada");
  const bob = await Person.signUp("Bob");
  const eve = await Person.signUp("Eve");
  const design = await Design.begin(ada, "Asked for parameters");
  const input = await design.input();
  await ada.expect(200, "PATCH", `${design.path}/nodes/${input}`, {
    typeSpecificData: { inputDataContract: { required: ["order"] } },
  });
  const stage = await design.stage("Work", [input]);
  await design.output([stage]);
  await design.action(stage, "Read", "kbNode", READS);
  const path = `${design.path}/executions`;
  const start = row("POST", path);
  const plan = row("POST", `${design.path}/fractal-plan`);
  await refuses(t, ada, [
    start(422, "MODEL_NOT_PUBLISHED", "never published", {}, { data: { from: "draft" } }),
    plan(422, "MODEL_NOT_PUBLISHED", "its plan", {}, { data: { from: "draft" } }),
  ]);
  await design.publish();
  const parameters = { order: "A-1" };
  await refuses(t, ada, [
    start(422, "EXECUTION_CONTEXT_INVALID", "a missing parameter", {}, {
      fields: ["parameters.order"],
    }),
    start(422, "EXECUTION_CONTEXT_INVALID", "a blank name", { parameters: { order: 1, " ": 2 } }),
    start(422, "EXECUTION_CONTEXT_INVALID", "a long session", {
      parameters,
      sessionId: "x".repeat(201),
    }, { fields: ["sessionId"] }),
    start(422, "EXECUTION_CONTEXT_INVALID", "the environment of tests", {
      parameters,
      environment: "test",
    }),
    start(422, "DEPTH_INVALID", "11 levels", { parameters, maxDepth: 11 }),
    start(422, "RECOVERY_POLICY_INVALID", "11 retries", {
      parameters,
      recovery: { enableAutoRecovery: true, maxRetryAttempts: 11, retryDelayMs: 0 },
    }, { fields: ["recovery.maxRetryAttempts"] }),
    start(422, "TIMEOUT_INVALID", "no second", { parameters, timeoutSeconds: 0 }),
    start(422, "START_TIME_INVALID", "a time that has passed", {
      parameters,
      startAt: "2020-01-01T00:00:00Z",
    }, { fields: ["startAt"] }),
    start(422, "START_TIME_INVALID", "two years ahead", {
      parameters,
      startAt: new Date(Date.now() + 2 * 366 * 86_400_000).toISOString(),
    }),
    start(400, "INVALID_REQUEST", "no time", { parameters, startAt: "tomorrow" }),
    start(422, "DOCUMENT_TOO_LARGE", "65 KiB", { parameters: { order: "x".repeat(66_000) } }),
    start(400, "INVALID_REQUEST", "an unknown field", { parameters, depth: 1 }),
    plan(422, "DEPTH_INVALID", "no level", { maxDepth: 0 }),
  ]);
  await share(ada, design.path, { viewers: [bob.id] });
  await refuses(t, bob, [
    start(403, "FORBIDDEN", "a viewer", { parameters }, { data: { required: "execute" } }),
    plan(403, "FORBIDDEN", "a viewer's plan", {}, { data: { required: "execute" } }),
  ]);
  await refuses(t, eve, [start(404, "FUNCTION_MODEL_NOT_FOUND", "a stranger", { parameters })]);
  await t.step("IDEMPOTENCY_KEY_REUSED: another body", async () => {
    const headers = { "idempotency-key": crypto.randomUUID() };
    await ada.expect(202, "POST", path, { parameters }, headers);
    const body = { parameters: { order: "A-2" } };
    await ada.refused(409, "IDEMPOTENCY_KEY_REUSED", "POST", path, { body, headers });
  });
});

Deno.test("a version that cannot run refuses the start", async (t) => {
  const ada = await Person.signUp("Ada");
  const broken = async (name: string, kind: "nodes" | "actions", status: string) => {
    const { design, stage } = await Design.small(ada, name);
    const action = await design.action(stage, "Read", "kbNode", READS);
    const id = kind === "nodes" ? stage : action;
    for (const next of ["active", status]) {
      await ada.expect(200, "PATCH", `${design.path}/${kind}/${id}`, { status: next });
    }
    await design.publish();
    const path = `${design.path}/executions`;
    return { id, path, start: row("POST", path) };
  };
  const resting = await broken("Resting stage", "nodes", "inactive");
  const faulty = await broken("Faulty action", "actions", "error");
  await refuses(t, ada, [
    resting.start(422, "NODE_INACTIVE", "a stage at rest", {}, { data: { nodeIds: [resting.id] } }),
    faulty.start(422, "WORKFLOW_INVALID", "an action in error", {}),
    faulty.start(422, "WORKFLOW_INVALID", "a dry run of it", { dryRun: true }),
  ]);
  const told = await ada.refused(422, "WORKFLOW_INVALID", "POST", faulty.path, { body: {} });
  const [finding] = told.findings;
  assert.deepEqual([finding.code, finding.actionId], ["ACTION_NOT_READY", faulty.id]);
  assert.ok(finding.path && finding.advice);
});

Deno.test("an action that is put away is skipped, and the run says why", async () => {
  const ada = await Person.signUp("Ada");
  const { design, stage } = await Design.small(ada, "Put away");
  const action = await design.action(stage, "Read", "kbNode", READS);
  for (const status of ["active", "inactive"]) {
    await ada.expect(200, "PATCH", `${design.path}/actions/${action}`, { status });
  }
  await design.publish();
  const { executionId } = await design.start({});
  const run = await ended(ada, executionId);
  const skipped = actionsOf(run).find((one: Json) => one.actionId === action);
  assert.deepEqual([skipped.status, skipped.reason], ["skipped", "ACTION_NOT_ACTIVE"]);
});

Deno.test("nesting keeps a run from starting", async (t) => {
  const ada = await Person.signUp("Ada");
  const leaf = await sound(ada, "Leaf");
  await leaf.publish();
  const middle = await nesting(ada, "Middle", leaf);
  await middle.publish();
  const top = await nesting(ada, "Top", middle);
  await top.publish();
  const start = row("POST", `${top.path}/executions`);
  const plan = row("POST", `${top.path}/fractal-plan`);
  await refuses(t, ada, [
    start(422, "NESTING_TOO_DEEP", "two levels in one", { maxDepth: 1 }),
    plan(422, "NESTING_TOO_DEEP", "two levels in one, planned", { maxDepth: 1 }),
  ]);
  await t.step(
    "INFINITE_NESTING: an old version that closes a circle is not published",
    async () => {
      const inner = await sound(ada, "Circle inside");
      await inner.publish("1.1.0");
      const outer = await nesting(ada, "Circle outside", inner);
      await outer.publish("1.1.0");
      const reopen = (design: Design) =>
        ada.expect(201, "POST", `${design.path}/versions`, { bump: "minor" });
      await reopen(outer);
      for (const action of (await ada.expect(200, "GET", `${outer.path}/actions`)).items) {
        await ada.expect(204, "DELETE", `${outer.path}/actions/${action.actionId}`);
      }
      const [stage] =
        (await ada.expect(200, "GET", `${outer.path}/nodes?nodeType=stageNode`)).items;
      await outer.action(stage.nodeId, "Read", "kbNode", READS);
      await outer.publish("1.2.0");
      await reopen(inner);
      const [other] =
        (await ada.expect(200, "GET", `${inner.path}/nodes?nodeType=stageNode`)).items;
      await inner.action(other.nodeId, "Nest", "functionModelContainer", {
        nestedModelId: outer.modelId,
      });
      await inner.publish("1.2.0");
      await reopen(outer);
      await ada.expect(200, "POST", `${outer.path}/versions/1.1.0/restore`, {});
      const body = { version: "1.3.0" };
      const refusal = await ada.refused(422, "WORKFLOW_INVALID", "POST", `${outer.path}/publish`, {
        body,
      });
      const codes = refusal.findings.map((finding: Json) => finding.code);
      assert.ok(codes.includes("INFINITE_NESTING"), String(codes));
    },
  );
  await ada.expect(200, "DELETE", `${leaf.path}?enforceReferentialIntegrity=false`);
  await refuses(t, ada, [
    start(422, "NESTED_MODEL_UNAVAILABLE", "a deleted leaf", {}),
    plan(422, "NESTED_MODEL_UNAVAILABLE", "a deleted leaf, planned", {}),
  ]);
});

Deno.test("an action that waits for its next attempt is not hurried without force", async () => {
  await using service = new OrderService();
  const ada = await Person.signUp("Ada");
  const { design, stage } = await Design.small(ada, "Patient");
  const retryPolicy = { maxAttempts: 3, baseDelayMs: 60_000, maxDelayMs: 60_000 };
  const action = await design.tether(stage, "Wait", service.url("flaky", "wait"), { retryPolicy });
  await design.publish();
  const { executionId } = await design.start({ order: "W-1" });
  const standing = async () => {
    const run = await ada.expect(200, "GET", `/executions/${executionId}`);
    return actionsOf(run).find((one: Json) => one.actionId === action)?.status;
  };
  for (let tries = 0; (await standing()) !== "retrying"; tries += 1) {
    assert.ok(tries < 100, "the first attempt fails");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const retry = `/executions/${executionId}/actions/${action}/retry`;
  const early = await ada.refused(422, "RETRY_TOO_EARLY", "POST", retry, { body: {} });
  assert.ok(
    early.retryAfterMs > 30_000 && early.retryAfterMs <= 60_000,
    String(early.retryAfterMs),
  );
  await ada.expect(200, "POST", retry, { force: true });
  await ada.expect(200, "POST", `/executions/${executionId}/cancel`, {});
  assert.equal((await ended(ada, executionId)).status, "cancelled");
  const late = await ada.refused(422, "STATUS_TRANSITION_INVALID", "POST", retry, { body: {} });
  assert.deepEqual([late.to, late.executionStatus], ["retrying", "cancelled"]);
});
