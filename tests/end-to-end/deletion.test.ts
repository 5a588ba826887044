// Soft deletion, recovery and purge: every refusal of UC-009, and what it does.

import assert from "node:assert/strict";

import { Design } from "./support/design.ts";
import { asService, busy, linked, nesting, sound } from "./support/lifecycle.ts";
import { OrderService } from "./support/order_service.ts";
import { checkRefusal, type Json, type Method, Person } from "./support/person.ts";

const HIDDEN = "FUNCTION_MODEL_NOT_FOUND";

Deno.test("a deleted model is kept, hidden from others, and comes back as it was", async () => {
  const ada = await Person.signUp("Ada");
  const design = await sound(ada, "Mistaken work");
  await design.publish("1.1.0");
  const before = await ada.expect(200, "GET", `${design.path}?includeNodes=true`);
  const path = `${design.path}?reason=mistake&dataRetention=2-years`;
  const deleted = await ada.expect(200, "DELETE", path);
  const days = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / 86_400_000;
  assert.equal(days(deleted.deletedAt, deleted.retainUntil), 730);
  assert.equal(days(deleted.reviewAt, deleted.retainUntil), 30);
  assert.deepEqual(
    [deleted.deletedBy, deleted.impact, deleted.cascaded],
    [ada.id, "LOW", []],
  );
  assert.deepEqual((await ada.expect(200, "GET", "/function-models")).items, []);
  const shown = await ada.expect(200, "GET", design.path);
  assert.deepEqual([shown.status, shown.retainUntil], ["published", deleted.retainUntil]);
  const list = await ada.expect(200, "GET", "/function-models/deleted");
  assert.deepEqual(list.items.map((model: Json) => model.modelId), [design.modelId]);

  const restored = await ada.expect(200, "POST", `${design.path}/restore`, { reason: "needed" });
  assert.deepEqual([restored.model.status, restored.model.deletedAt], ["published", undefined]);
  assert.deepEqual(restored.results, [{ modelId: design.modelId, order: 1, status: "restored" }]);
  const after = await ada.expect(200, "GET", `${design.path}?includeNodes=true`);
  assert.deepEqual(after.nodes, before.nodes);
  await design.start({});
  const events = await ada.expect(200, "GET", `${design.path}/events?limit=100`);
  assert.deepEqual(
    events.items.slice(-2).map((event: Json) => [event.eventType, event.data.reason]),
    [["FunctionModelSoftDeleted", "mistake"], ["FunctionModelRestored", "needed"]],
  );
});

Deno.test("who deletes, who restores, who reads what is deleted", async (t) => {
  const ada = await Person.signUp("Ada");
  const bob = await Person.signUp("Bob");
  const eve = await Person.signUp("Eve");
  const { organizationId } = await ada.expect(201, "POST", "/organizations", { name: "Bin" });
  const design = await Design.begin(ada, "Shared work", organizationId);
  // Bob owns it, and is a stranger to the organization; Ada is its admin.
  const lists = { editors: [], viewers: [], publishers: [], executors: [], archivers: [] };
  const permissions = { owner: bob.id, ...lists, editors: [eve.id], administrators: [] };
  await ada.expect(200, "PUT", `${design.path}/permissions`, permissions);
  const eligibility = `${design.path}/recovery-eligibility`;

  await t.step("editors do not delete", async () => {
    const refusal = await eve.refused(403, "FORBIDDEN", "DELETE", design.path);
    assert.equal(refusal.required, "soft-delete");
    await bob.refused(403, "FORBIDDEN", "GET", eligibility);
    await bob.refused(403, "FORBIDDEN", "POST", `${design.path}/restore`, { body: {} });
    await ada.refused(422, "MODEL_NOT_DELETED", "GET", eligibility);
    const refused = await ada.refused(422, "MODEL_NOT_DELETED", "POST", `${design.path}/restore`, {
      body: {},
    });
    assert.deepEqual([refused.from, refused.to], ["draft", "restored"]);
  });
  await t.step("the owner deletes and then sees nothing of it", async () => {
    await bob.expect(200, "DELETE", design.path);
    for (const person of [bob, eve]) {
      await person.refused(404, HIDDEN, "GET", design.path);
      await person.refused(404, HIDDEN, "DELETE", design.path);
      await person.refused(404, HIDDEN, "POST", `${design.path}/restore`, { body: {} });
      assert.deepEqual((await person.expect(200, "GET", "/function-models/deleted")).items, []);
    }
  });
  await t.step("an admin of the organization sees it, and may do nothing but restore", async () => {
    await ada.expect(200, "GET", design.path);
    const refusal = await ada.refused(422, "MODEL_ALREADY_DELETED", "DELETE", design.path);
    assert.deepEqual([refusal.from, refusal.to], ["deleted", "deleted"]);
    const by = `/function-models/deleted?deletedBy=${bob.id}`;
    assert.equal((await ada.expect(200, "GET", by)).items.length, 1);
    const older = "/function-models/deleted?olderThanDays=1";
    assert.equal((await ada.expect(200, "GET", older)).items.length, 0);
    assert.equal((await ada.expect(200, "GET", eligibility)).status, "ELIGIBLE");
    await ada.expect(200, "POST", `${design.path}/restore`, {});
    await bob.expect(200, "GET", design.path);
  });
});

Deno.test("what forbids a deletion is refused by name", async (t) => {
  const ada = await Person.signUp("Ada");
  const inner = await sound(ada, "Nested work");
  await inner.publish("1.1.0");
  const outer = await nesting(ada, "Nesting work", inner);
  await outer.publish("1.1.0");

  await t.step("values, all at once", async () => {
    const path = `${inner.path}?reason=${"x".repeat(2001)}&dataRetention=11-years`;
    const refusal = await ada.refused(422, "REASON_INVALID", "DELETE", path);
    const fields = refusal.errors.map((error: Json) => error.field);
    assert.deepEqual(fields, ["reason", "dataRetention"]);
    const never = `${inner.path}?dataRetention=0-days`;
    await ada.refused(422, "RETENTION_INVALID", "DELETE", never);
    await ada.refused(400, "INVALID_REQUEST", "DELETE", `${inner.path}?force=true`);
    await ada.refused(400, "INVALID_REQUEST", "DELETE", `${inner.path}?allowCascading=2`);
  });
  await t.step("nested by a published model", async () => {
    const refusal = await ada.refused(422, "MODEL_IN_USE", "DELETE", inner.path);
    assert.deepEqual(refusal.dependents, [outer.modelId]);
    const cascading = `${inner.path}?enforceReferentialIntegrity=false&allowCascading=true`;
    await ada.refused(422, "MODEL_IN_USE", "DELETE", cascading);
  });
  await t.step("a run that has not ended", async () => {
    await using service = new OrderService();
    const { design, executionId } = await busy(ada, "Busy work", service);
    await ada.refused(422, "EXECUTIONS_ACTIVE", "DELETE", design.path);
    await ada.expect(200, "POST", `/executions/${executionId}/cancel`, {});
    await ada.expect(200, "DELETE", design.path);
  });
  await t.step("a stale revision", async () => {
    const headers = { "if-match": '"1"' };
    await ada.refused(412, "REVISION_CONFLICT", "DELETE", outer.path, { headers });
  });
  await t.step("archived", async () => {
    await ada.expect(200, "POST", `${outer.path}/archive`, {});
    const refusal = await ada.refused(422, "MODEL_ARCHIVED", "DELETE", outer.path);
    assert.deepEqual([refusal.from, refusal.to], ["archived", "deleted"]);
  });
  await t.step("whatever is deleted refuses everything else", async () => {
    await ada.expect(200, "DELETE", inner.path);
    const rest: [Method, string, Json][] = [
      ["PATCH", "", { name: "Other name" }],
      ["POST", "/publish", { version: "1.2.0" }],
      ["POST", "/archive", {}],
      ["POST", "/executions", {}],
      ["POST", "/nodes", { nodeType: "stageNode", name: "N", position: { x: 0, y: 0 } }],
    ];
    for (const [method, path, body] of rest) {
      await ada.refused(422, "MODEL_DELETED", method, inner.path + path, { body });
    }
  });
});

Deno.test("drafts that nest a model go and come back with it", async () => {
  const ada = await Person.signUp("Ada");
  const inner = await sound(ada, "Inner");
  const outer = await nesting(ada, "Outer", inner);
  const outermost = await nesting(ada, "Outermost", outer);
  const deleted = await ada.expect(200, "DELETE", `${inner.path}?allowCascading=true`);
  assert.deepEqual(deleted.cascaded, [outermost.modelId, outer.modelId]);
  const restored = await ada.expect(200, "POST", `${inner.path}/restore`, {
    includeDependents: true,
    autoRepair: true,
  });
  const came = restored.results.map((one: Json) => [one.order, one.modelId, one.status]);
  assert.deepEqual(came, [
    [1, inner.modelId, "restored"],
    [2, outer.modelId, "restored"],
    [3, outermost.modelId, "restored"],
  ]);
  await ada.expect(200, "PATCH", outermost.path, { description: "Back again" });
});

Deno.test("what is broken is repaired when asked, and only then", async (t) => {
  const ada = await Person.signUp("Ada");
  const inner = await sound(ada, "Inner");
  const outer = await nesting(ada, "Outer", inner);
  const neighbour = await sound(ada, "Neighbour");
  const link = await linked(ada, outer, neighbour, "references");
  for (const design of [outer, inner, neighbour]) await ada.expect(200, "DELETE", design.path);
  const path = `${outer.path}/restore`;

  await t.step("the plan", async () => {
    const found = await ada.expect(200, "GET", `${outer.path}/recovery-eligibility`);
    assert.deepEqual([found.status, found.complexity], ["REQUIRES_REPAIR", "HIGH"]);
    assert.deepEqual(found.repairPlan, [
      { kind: "REPAIR_BROKEN_REFERENCE", effort: "LOW", linkId: link },
      { kind: "RESTORE_MISSING_DEPENDENCY", effort: "MEDIUM", modelId: inner.modelId },
    ]);
    assert.deepEqual(
      found.checks.map((check: Json) => [check.check, check.passed]),
      [
        ["PERMISSION", true],
        ["WINDOW", true],
        ["REFERENCES", false],
        ["NAME", true],
        ["INTEGRITY", true],
      ],
    );
    const window = `${outer.path}/recovery-eligibility?windowDays=91`;
    await ada.refused(422, "WINDOW_INVALID", "GET", window);
  });
  await t.step("without repair", async () => {
    const refusal = await ada.refused(422, "RECOVERY_REQUIRES_REPAIR", "POST", path, { body: {} });
    assert.equal(refusal.repairPlan.length, 2);
    await ada.refused(422, "WINDOW_INVALID", "POST", path, { body: { windowDays: 0 } });
    const long = { reason: "x".repeat(2001) };
    await ada.refused(422, "REASON_INVALID", "POST", path, { body: long });
    await ada.refused(400, "INVALID_REQUEST", "POST", path, { body: { scope: ["all"] } });
  });
  await t.step("with repair", async () => {
    const restored = await ada.expect(200, "POST", path, { autoRepair: true });
    assert.equal(restored.repaired.length, 2);
    await ada.expect(200, "PATCH", inner.path, { description: "Back with it" });
    await ada.refused(404, "LINK_NOT_FOUND", "GET", `/node-links/${link}`);
  });
  await t.step("a name that was taken meanwhile", async () => {
    await Design.begin(ada, "Neighbour");
    const at = `${neighbour.path}/restore`;
    const found = await ada.expect(200, "GET", `${neighbour.path}/recovery-eligibility`);
    assert.equal(found.status, "REQUIRES_REPAIR");
    await ada.refused(409, "MODEL_NAME_TAKEN", "POST", at, { body: {} });
    await ada.refused(422, "MODEL_NAME_INVALID", "POST", at, { body: { newName: "x" } });
    const restored = await ada.expect(200, "POST", at, { newName: "Neighbour again" });
    assert.equal(restored.model.name, "Neighbour again");
  });
  await t.step("parts of the last audit row", async () => {
    await ada.expect(200, "PATCH", neighbour.path, { metadata: { tags: ["then"] } });
    await ada.expect(200, "DELETE", neighbour.path);
    const restored = await ada.expect(200, "POST", `${neighbour.path}/restore`, {
      scope: ["metadata", "permissions"],
    });
    assert.deepEqual(restored.model.metadata, { tags: ["then"] });
  });
});

Deno.test("only the service removes a model for good, and not before its time", async () => {
  const ada = await Person.signUp("Ada");
  const eve = await Person.signUp("Eve");
  const design = await sound(ada, "Kept work");
  const path = `${design.path}/purge`;
  const refused = async (status: number, code: string) => {
    checkRefusal(await asService("POST", path, {}), status, code);
  };
  await refused(422, "MODEL_NOT_DELETED");
  await ada.expect(200, "DELETE", `${design.path}?dataRetention=1-days`);
  const refusal = await ada.refused(403, "FORBIDDEN", "POST", path, { body: {} });
  assert.equal(refusal.required, "service");
  await eve.refused(404, HIDDEN, "POST", path, { body: {} });
  await refused(422, "RETENTION_NOT_OVER");
  const list = await ada.expect(200, "GET", "/function-models/deleted?purgeable=true");
  assert.deepEqual(list.items, []);
  const missing = await asService("POST", `/function-models/${crypto.randomUUID()}/purge`, {});
  checkRefusal(missing, 404, HIDDEN);
  const read = await asService("GET", `${design.path}?includeNodes=true`);
  assert.equal(read.status, 200, JSON.stringify(read.body));
  assert.equal(Object.keys(read.body.nodes).length, 3);
});
