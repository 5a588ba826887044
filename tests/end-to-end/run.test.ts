// From design to finished run.

import assert from "node:assert/strict";

import { actionsOf, all, Design, ended } from "./support/design.ts";
import { Person } from "./support/person.ts";
import { OrderService } from "./support/order_service.ts";

const IMPATIENT = {
  retryPolicy: { maxAttempts: 3, strategy: "linear", baseDelayMs: 100, maxDelayMs: 1000 },
};

/** Shipping, which other models use. */
async function shipping(person: Person, organizationId: string, service: OrderService) {
  const { design, stage } = await Design.small(person, "Ship a parcel", organizationId);
  await design.tether(stage, "Label", service.url("instant", "label"));
  await design.publish();
  return design;
}

/** Three stages with parallel, conditional, retried, nested and reading actions. */
async function orderToCash(person: Person, organizationId: string, service: OrderService) {
  const nested = await shipping(person, organizationId, service);
  const policy = await person.expect(201, "POST", "/knowledge-contents", {
    organizationId,
    title: "Credit policy",
    body: "Orders above the limit need prepayment.",
    tags: ["credit"],
  });
  const design = await Design.begin(person, "Order to cash", organizationId);
  const input = await design.input();
  const check = await design.stage("Check", [input]);
  const fulfil = await design.stage("Fulfil", [check]);
  const bill = await design.stage("Bill", [fulfil]);
  await design.output([bill]);

  const parallel = { executionMode: "parallel" };
  const when = (expression: string) => ({
    executionMode: "conditional",
    metadata: { condition: { expression } },
  });
  const ids = {
    credit: await design.tether(check, "Credit", service.url("instant", "credit"), parallel),
    stock: await design.tether(check, "Stock", service.url("instant", "stock"), parallel),
    policy: await design.action(check, "Policy", "kbNode", {
      kbReferenceId: policy.contentId,
      shortDescription: "What the company says about credit",
      searchKeywords: ["credit"],
    }, parallel),
    reserve: await design.tether(fulfil, "Reserve", service.url("flaky", "reserve"), IMPATIENT),
    express: await design.tether(
      fulfil,
      "Express",
      service.url("instant", "express"),
      when("context.amount > 1000"),
    ),
    remind: await design.tether(
      fulfil,
      "Remind",
      service.url("instant", "remind"),
      when("context.amount > 1000000"),
    ),
    ship: await design.action(fulfil, "Ship", "functionModelContainer", {
      nestedModelId: nested.modelId,
      contextMapping: { order: "order" },
      outputExtraction: { extractedOutputs: ["label"] },
    }),
    invoice: await design.tether(bill, "Invoice", service.url("instant", "invoice")),
  };
  return { design, ids };
}

Deno.test("a designed model runs to its result and leaves a full record", async (t) => {
  await using service = new OrderService();
  const ada = await Person.signUp("Ada");
  const organization = await ada.expect(201, "POST", "/organizations", { name: "Ada & Co" });
  const { design, ids } = await orderToCash(ada, organization.organizationId, service);
  const published = await design.publish();
  assert.equal(published.status, "published");
  assert.equal(published.version, "1.1.0");

  const answer = await ada.call("POST", `${design.path}/executions`, {
    body: { parameters: { order: "A-17", amount: 4200 } },
  });
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  const { executionId } = answer.body;
  assert.ok(answer.headers.get("location")?.endsWith(`/executions/${executionId}`));
  const run = await ended(ada, executionId);
  const result = (id: string) =>
    actionsOf(run).find((result) => result.actionId === id) ?? assert.fail(id);

  await t.step("the run completes with the outputs of its last stage", () => {
    assert.equal(run.status, "completed", JSON.stringify(run.errors));
    assert.equal(run.progress.percentage, 100);
    assert.equal(run.versionNumber, "1.1.0");
    assert.equal(run.outputs.invoice.done, true);
    assert.deepEqual(service.asked("invoice")[0]?.body, { step: "Invoice", order: "A-17" });
  });

  await t.step("a call that fails twice is repeated under the same key", () => {
    assert.equal(result(ids.reserve).status, "completed");
    assert.equal(service.asked("reserve").length, 3);
    assert.equal(new Set(service.asked("reserve").map((call) => call.key)).size, 1);
  });

  await t.step("conditions decide", () => {
    assert.equal(result(ids.express).status, "completed");
    assert.equal(result(ids.remind).status, "skipped");
    assert.equal(service.asked("remind").length, 0);
  });

  await t.step("documentation is read", () => {
    assert.equal(result(ids.policy).status, "completed");
    assert.match(JSON.stringify(result(ids.policy).output), /need prepayment/);
  });

  await t.step("the nested model ran as a run of its own", () => {
    assert.equal(result(ids.ship).status, "completed");
    assert.match(JSON.stringify(result(ids.ship).output), /"label":\{"done":true/);
    assert.deepEqual(service.asked("label")[0]?.body, { step: "Label", order: "A-17" });
  });

  await t.step("every call carried a key, and nothing was done twice", () => {
    assert.ok(service.calls.every((call) => call.key !== ""));
    for (const name of ["credit", "stock", "reserve", "express", "label", "invoice"]) {
      assert.equal(service.done(name), 1, name);
    }
  });

  await t.step("the events of the run tell its story in order", async () => {
    const events = await all(ada, `/executions/${executionId}/events`);
    const types = events.map((event) => event.eventType);
    assert.equal(types[0], "WorkflowExecutionStarted");
    assert.equal(types.at(-1), "WorkflowExecutionCompleted");
    assert.equal(types.filter((type) => type === "ContainerNodeOrchestrationCompleted").length, 5);
    assert.equal(types.filter((type) => type === "ActionNodeExecutionRetried").length, 2);
    const numbers = events.map((event) => event.aggregateVersion);
    assert.deepEqual(numbers, numbers.map((_, place) => place + 1));
  });

  await t.step("the log has lines for people", async () => {
    const logs = await all(ada, `/executions/${executionId}/logs`);
    assert.ok(logs.length > 0);
    assert.ok(logs.every((line) => line.message && line.level && line.at));
  });

  await t.step("the events of the model tell how it was designed", async () => {
    const events = await all(ada, `${design.path}/events`);
    const types = events.map((event) => event.eventType);
    assert.equal(types[0], "FunctionModelCreated");
    assert.equal(types.filter((type) => type === "ActionNodeAdded").length, 8);
    assert.ok(types.includes("FunctionModelPublished"));
    assert.ok(events.every((event) => event.actorId === ada.id && event.correlationId));
  });

  await t.step("the audit trail says who changed what", async () => {
    const rows = await all(ada, `${design.path}/audit`);
    assert.ok(rows.length > 0);
    assert.ok(rows.every((row) => row.changedBy === ada.id));
    const publishing = rows.filter((row) => row.newData?.status === "published");
    assert.ok(
      publishing.some((row) => row.operation === "update" && row.oldData.status === "draft"),
    );
  });
});

Deno.test("a caller who waits gets the finished run", async () => {
  await using service = new OrderService();
  const ada = await Person.signUp("Ada");
  const { design, stage } = await Design.small(ada, "Short work");
  await design.tether(stage, "Do it", service.url("instant", "it"));
  await design.publish();
  const answer = await ada.call("POST", `${design.path}/executions`, {
    body: { parameters: { order: "B-1" } },
    headers: { prefer: "wait=20" },
  });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.equal(answer.body.status, "completed");
  assert.equal(answer.body.outputs.it.done, true);
});

Deno.test("a dry run tells what would happen and does nothing", async () => {
  await using service = new OrderService();
  const ada = await Person.signUp("Ada");
  const { design, stage } = await Design.small(ada, "Imagined work");
  await design.tether(stage, "Do it", service.url("instant", "it"));
  await design.publish();
  const plan = await ada.expect(200, "POST", `${design.path}/executions`, { dryRun: true });
  assert.equal(plan.status, "completed");
  assert.equal(plan.dryRun, true);
  assert.equal(plan.executionOrder.length, 3);
  assert.deepEqual(await all(ada, `${design.path}/executions`), []);
  assert.equal(service.calls.length, 0);
});

Deno.test("a refused call fails the run, which says where", async () => {
  await using service = new OrderService();
  const ada = await Person.signUp("Ada");
  const { design, stage } = await Design.small(ada, "Failing work");
  const action = await design.tether(stage, "Sell", service.url("refuse", "sell"));
  const after = await design.tether(stage, "Deliver", service.url("instant", "deliver"));
  await design.publish();
  const { executionId } = await design.start({ order: "C-1" });
  const run = await ended(ada, executionId);
  assert.equal(run.status, "failed");
  assert.equal(run.errors[0].actionId, action);
  assert.equal(service.asked("sell").length, 1, "a refusal is not repeated");
  assert.equal(service.asked("deliver").length, 0);
  const skipped = actionsOf(run).find((result) => result.actionId === after);
  assert.equal(skipped?.status, "skipped");
});

Deno.test("a cancelled run ends and starts nothing more", async () => {
  await using service = new OrderService();
  const ada = await Person.signUp("Ada");
  const { design, stage } = await Design.small(ada, "Unwanted work");
  await design.tether(stage, "Begin", service.url("slow", "begin", 1500));
  await design.tether(stage, "Finish", service.url("instant", "finish"));
  await design.publish();
  const { executionId } = await design.start({ order: "D-1" });
  await service.waitFor("begin");
  const cancelled = await ada.expect(200, "POST", `/executions/${executionId}/cancel`, {
    reason: "changed my mind",
  });
  assert.equal(cancelled.status, "cancelled");
  await ada.refused(
    422,
    "EXECUTION_ALREADY_FINISHED",
    "POST",
    `/executions/${executionId}/cancel`,
    { body: {} },
  );
  await new Promise((resolve) => setTimeout(resolve, 2500));
  assert.equal((await ended(ada, executionId)).status, "cancelled");
  assert.equal(service.asked("finish").length, 0);
});
