// Runs are paused, resumed, cancelled, waited for, tried once more: each refusal, and what they do.

import assert from "node:assert/strict";

import { actionsOf, all, Design, ended } from "./support/design.ts";
import { asService } from "./support/lifecycle.ts";
import { OrderService } from "./support/order_service.ts";
import { type Json, type Method, Person } from "./support/person.ts";

/** Whether something holds within five seconds. */
async function eventually(holds: () => Promise<boolean>): Promise<boolean> {
  for (let tries = 0; tries < 50; tries += 1) {
    if (await holds()) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

Deno.test("a paused run starts nothing new and goes on where it was", async () => {
  await using service = new OrderService();
  const ada = await Person.signUp("Ada");
  const { design, stage } = await Design.small(ada, "Paused work");
  await design.tether(stage, "Begin", service.url("slow", "begin", 1200));
  await design.tether(stage, "Finish", service.url("instant", "finish"));
  await design.publish();
  const { executionId } = await design.start({ order: "P-1" });
  const path = `/executions/${executionId}`;
  await service.waitFor("begin");
  const early = await ada.refused(422, "EXECUTION_NOT_PAUSED", "POST", `${path}/resume`);
  assert.deepEqual([early.from, early.to], ["running", "running"]);
  const paused = await ada.expect(200, "POST", `${path}/pause`, { reason: "lunch" });
  assert.equal(paused.status, "paused");
  const twice = await ada.refused(422, "EXECUTION_NOT_RUNNING", "POST", `${path}/pause`);
  assert.deepEqual([twice.from, twice.to], ["paused", "paused"]);
  await new Promise((resolve) => setTimeout(resolve, 2500));
  assert.equal(service.asked("finish").length, 0, "nothing new starts");
  const look = await ada.expect(200, "GET", path);
  assert.equal(look.status, "paused");
  assert.equal(actionsOf(look)[0]?.status, "completed", "what ran ended");
  assert.equal((await ada.expect(200, "POST", `${path}/resume`, {})).status, "running");
  assert.equal((await ended(ada, executionId)).status, "completed");
  const types = (await all(ada, `${path}/events`)).map((event) => event.eventType);
  assert.ok(types.indexOf("WorkflowExecutionPaused") < types.indexOf("WorkflowExecutionResumed"));
  for (
    const [act, code] of [
      ["pause", "EXECUTION_NOT_RUNNING"],
      ["resume", "EXECUTION_NOT_PAUSED"],
      ["cancel", "EXECUTION_ALREADY_FINISHED"],
    ] as const
  ) {
    const refusal = await ada.refused(422, code, "POST", `${path}/${act}`);
    assert.equal(refusal.from, "completed");
  }
});

Deno.test("a run of a later time waits for it, can be seen, and cancelled before", async () => {
  await using service = new OrderService();
  const ada = await Person.signUp("Ada");
  const { design, stage } = await Design.small(ada, "Later");
  await design.tether(stage, "Work", service.url("instant", "later"));
  await design.publish();
  const soon = new Date(Date.now() + 2500).toISOString();
  const run = await design.start({ order: "T-1" }, { startAt: soon, timeoutSeconds: 60 });
  assert.deepEqual([run.status, run.startAt], ["pending", soon]);
  assert.equal(Date.parse(run.deadline) - Date.parse(soon), 60_000);
  const far = await design.start({ order: "T-2" }, {
    startAt: new Date(Date.now() + 86_400_000).toISOString(),
  });
  const pending = await ada.expect(200, "GET", `${design.path}/executions?status=pending`);
  assert.deepEqual(
    pending.items.map((one: Json) => one.executionId),
    [far.executionId, run.executionId],
  );
  const cancelled = await ada.expect(200, "POST", `/executions/${far.executionId}/cancel`, {});
  assert.equal(cancelled.status, "cancelled");
  const done = await ended(ada, run.executionId);
  assert.equal(done.status, "completed");
  assert.ok(Date.parse(done.startedAt) >= Date.parse(soon), `${done.startedAt} is before ${soon}`);
  assert.equal(service.done("later"), 1);
});

Deno.test("a failed run is taken up again from its action", async () => {
  await using service = new OrderService();
  const ada = await Person.signUp("Ada");
  const { design, stage } = await Design.small(ada, "Taken up");
  const first = await design.tether(stage, "First", service.url("instant", "first"));
  const second = await design.tether(stage, "Second", service.url("refuse", "second"));
  const third = await design.tether(stage, "Third", service.url("instant", "third"));
  await design.publish();
  const { executionId } = await design.start({ order: "R-1" });
  const path = `/executions/${executionId}`;
  assert.equal((await ended(ada, executionId)).status, "failed");
  const retry = `${path}/actions/${second}/retry`;
  for (const other of [first, third]) {
    const refusal = await ada.refused(
      422,
      "STATUS_TRANSITION_INVALID",
      "POST",
      `${path}/actions/${other}/retry`,
      { body: { force: true } },
    );
    assert.equal(refusal.to, "retrying");
  }
  const nothing = crypto.randomUUID();
  await ada.refused(404, "ACTION_NOT_FOUND", "POST", `${path}/actions/${nothing}/retry`);
  await ada.refused(
    404,
    "EXECUTION_NOT_FOUND",
    "POST",
    `/executions/${nothing}/actions/${first}/retry`,
  );
  await ada.refused(400, "INVALID_REQUEST", "POST", retry, { body: { hard: true } });

  const before = await ended(ada, executionId);
  const taken = await ada.expect(200, "POST", retry, { force: true });
  assert.equal(taken.status, "running");
  const again = async () => {
    const run = await ada.expect(200, "GET", path);
    return run.status === "failed" && run.revision > before.revision + 1;
  };
  assert.ok(await eventually(again), "it fails again, since the service still refuses");
  const run = await ended(ada, executionId);
  assert.equal(service.asked("first").length, 1, "what was completed stays");
  const result = (id: string) => actionsOf(run).find((action) => action.actionId === id);
  assert.ok(result(second)?.attempts >= 2);
  assert.equal(result(third)?.status, "skipped");
  const types = (await all(ada, `${path}/events`)).map((event) => event.eventType);
  assert.ok(
    types.indexOf("ActionNodeExecutionRetried") < types.indexOf("WorkflowExecutionResumed"),
  );
  assert.equal(types.filter((type) => type === "WorkflowExecutionFailed").length >= 2, true);
});

Deno.test("retries end with the policy unless they are forced", async () => {
  await using service = new OrderService();
  const ada = await Person.signUp("Ada");
  const { design, stage } = await Design.small(ada, "Exhausted");
  const retryPolicy = { enabled: true, maxAttempts: 0 };
  const action = await design.tether(stage, "Once", service.url("flaky", "once"), { retryPolicy });
  await design.publish();
  const { executionId } = await design.start({ order: "X-1" });
  assert.equal((await ended(ada, executionId)).status, "failed");
  const retry = `/executions/${executionId}/actions/${action}/retry`;
  await ada.refused(422, "MAX_RETRIES_EXCEEDED", "POST", retry, { body: {} });
  for (let tries = 0; tries < 2; tries += 1) {
    await ada.expect(200, "POST", retry, { force: true });
    await ended(ada, executionId);
    if (tries === 0) {
      assert.ok(await eventually(async () => (await ended(ada, executionId)).status === "failed"));
    }
  }
  const done = await ended(ada, executionId);
  assert.equal(done.status, "completed", "the third call succeeds");
  assert.equal(done.outputs.once.done, true);
  await ada.refused(422, "STATUS_TRANSITION_INVALID", "POST", retry, { body: { force: true } });
});

Deno.test("the service reports failures of what is being executed", async () => {
  await using service = new OrderService();
  const ada = await Person.signUp("Ada");
  const { design, stage } = await Design.small(ada, "Reported");
  const action = await design.tether(stage, "Hang", service.url("slow", "hang", 20_000));
  await design.publish();
  const { executionId } = await design.start({ order: "F-1" });
  await service.waitFor("hang");
  const path = `/executions/${executionId}/actions/${action}/failures`;
  const report = { error: { message: "it hangs", category: "validation" } };
  const ask = (to: string, body: Json, status: number, code?: string) =>
    asService("POST", to, body).then((answer) => {
      assert.equal(answer.status, status, JSON.stringify(answer.body));
      if (code) assert.equal(answer.body.code, code);
      return answer.body;
    });
  const person = await ada.refused(403, "FORBIDDEN", "POST", path, { body: report });
  assert.equal(person.required, "service");
  const nothing = crypto.randomUUID();
  await ask(
    `/executions/${nothing}/actions/${action}/failures`,
    report,
    404,
    "EXECUTION_NOT_FOUND",
  );
  await ask(
    `/executions/${executionId}/actions/${nothing}/failures`,
    report,
    404,
    "ACTION_NOT_FOUND",
  );
  await ask(path, { error: { message: " " } }, 422, "REASON_INVALID");
  await ask(path, { error: {} }, 400, "INVALID_REQUEST");
  await ask(path, { ...report, leaseToken: nothing }, 422, "STATUS_TRANSITION_INVALID");
  const busy = await ada.refused(
    422,
    "ACTION_ALREADY_EXECUTING",
    "POST",
    `/executions/${executionId}/actions/${action}/retry`,
    { body: { force: true } },
  );
  assert.equal(busy.status, 422);
  const handled = await ask(path, report, 200);
  assert.deepEqual(
    [handled.actionTaken, handled.retryAttempted, handled.finalStatus],
    ["fail-fast", false, "failed"],
  );
  assert.equal(handled.propagatedErrors.length, 2);
  assert.equal((await ended(ada, executionId)).status, "failed");
  await ask(path, report, 422, "STATUS_TRANSITION_INVALID");
});

Deno.test("who may only look controls nothing, and strangers find nothing", async () => {
  await using service = new OrderService();
  const ada = await Person.signUp("Ada");
  const bob = await Person.signUp("Bob");
  const { design, stage } = await Design.small(ada, "Watched");
  const action = await design.tether(stage, "Wait", service.url("slow", "wait", 3000));
  await ada.expect(200, "PUT", `${design.path}/permissions`, {
    owner: ada.id,
    editors: [],
    viewers: [bob.id],
    publishers: [],
    executors: [],
    archivers: [],
    administrators: [],
  });
  await design.publish();
  const { executionId } = await design.start({ order: "W-1" });
  const eve = await Person.signUp("Eve");
  for (const part of ["pause", "resume", "cancel", `actions/${action}/retry`]) {
    const path = `/executions/${executionId}/${part}`;
    const refusal = await bob.refused(403, "FORBIDDEN", "POST", path);
    assert.equal(refusal.required, "execute");
    await eve.refused(404, "EXECUTION_NOT_FOUND", "POST", path);
  }
  const stale = await ada.call("POST", `/executions/${executionId}/pause`, {
    headers: { "if-match": '"999"' },
  });
  assert.deepEqual([stale.status, stale.body.code], [412, "REVISION_CONFLICT"]);
  const long = { body: { reason: "x".repeat(2001) } };
  await ada.refused(422, "REASON_INVALID", "POST", `/executions/${executionId}/cancel`, long);
  const headers = { "idempotency-key": crypto.randomUUID() };
  const first = await ada.call("POST", `/executions/${executionId}/cancel`, { body: {}, headers });
  const second = await ada.call("POST", `/executions/${executionId}/cancel`, { body: {}, headers });
  assert.deepEqual([first.status, second.status], [200, 200]);
  assert.deepEqual(first.body, second.body);
  const list = await ada.expect(200, "GET", `${design.path}/executions?status=cancelled`);
  assert.deepEqual(list.items.map((run: Json) => run.executionId), [executionId]);
  const running = await ada.expect(200, "GET", `${design.path}/executions?status=running`);
  assert.deepEqual(running.items, []);
  await ada.refused(400, "INVALID_REQUEST", "GET", `${design.path}/executions?status=odd`);
});

Deno.test("logs are filtered, and who waits too long gets what there is", async () => {
  await using service = new OrderService();
  const ada = await Person.signUp("Ada");
  const { design, stage } = await Design.small(ada, "Logged");
  await design.tether(stage, "Try", service.url("flaky", "try"));
  await design.tether(stage, "Wait", service.url("slow", "wait", 2500));
  await design.publish();
  const answer = await ada.call("POST", `${design.path}/executions`, {
    body: { parameters: { order: "L-1" } },
    headers: { prefer: "wait=1" },
  });
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  assert.ok(answer.headers.get("location")?.endsWith(answer.body.executionId));
  assert.equal(answer.headers.get("preference-applied"), "wait=1");
  await ended(ada, answer.body.executionId);
  const logs = `/executions/${answer.body.executionId}/logs`;
  const lines = await all(ada, logs);
  const warned = await all(ada, `${logs}?level=warn`);
  assert.ok(warned.length === 2 && warned.length < lines.length, JSON.stringify(lines));
  const since = await all(ada, `${logs}?since=${encodeURIComponent(lines.at(-1)?.at)}`);
  assert.ok(since.length >= 1 && since.length < lines.length);
  await ada.refused(400, "INVALID_REQUEST", "GET", `${logs}?level=loud`);
  await ada.refused(400, "INVALID_REQUEST", "GET", `${logs}?since=yesterday`);
  const sync = await ada.expect(200, "POST", `${design.path}/executions`, {
    mode: "sync",
    parameters: { order: "L-2" },
  });
  assert.equal(sync.status, "completed");
});

const METHODS: [Method, string][] = [["POST", "pause"], ["POST", "resume"], ["POST", "cancel"]];

Deno.test("runs that are not there are not found", async () => {
  const ada = await Person.signUp("Ada");
  for (const [method, part] of METHODS) {
    const path = `/executions/${crypto.randomUUID()}/${part}`;
    await ada.refused(404, "EXECUTION_NOT_FOUND", method, path);
    await ada.refused(400, "INVALID_REQUEST", method, `/executions/seven/${part}`);
  }
});
