// Contexts: every row of the table of UC-011, and who sees what of whom.

import assert from "node:assert/strict";

import { Design } from "./support/design.ts";
import { asService } from "./support/lifecycle.ts";
import { type Json, Person } from "./support/person.ts";

/** A model with the contexts `root → left → leaf` and `root → right`. */
async function family(ada: Person) {
  const { design } = await Design.small(ada, "Shared work");
  const path = `${design.path}/contexts`;
  const ids = {
    root: crypto.randomUUID(),
    left: crypto.randomUUID(),
    right: crypto.randomUUID(),
    leaf: crypto.randomUUID(),
  };
  const register = (name: keyof typeof ids, parent?: keyof typeof ids, more: Json = {}) =>
    ada.expect(201, "POST", path, {
      nodeId: ids[name],
      nodeType: "stageNode",
      parentNodeId: parent && ids[parent],
      data: { [name]: 1, apiKeys: "secret" },
      ...more,
    });
  const root = await register("root");
  const left = await register("left", "root");
  await register("right", "root");
  const leaf = await register("leaf", "left");
  assert.deepEqual([root.level, left.level, leaf.level], [0, 1, 2]);
  assert.equal(leaf.inheritedData.root, 1);
  return { design, path, ids };
}

Deno.test("relations decide who reads and who changes", async () => {
  const ada = await Person.signUp("Ada");
  const { design, path, ids } = await family(ada);
  const check = (from: string, to: string, requestedAccess: string, more: Json = {}) =>
    ada.expect(200, "POST", `${path}/check`, {
      requestingNodeId: from,
      targetNodeId: to,
      requestedAccess,
      ...more,
    });
  const down = await check(ids.root, ids.leaf, "write");
  assert.deepEqual([down.accessGranted, down.relation], [true, "descendant"]);
  const up = await check(ids.leaf, ids.root, "write");
  assert.deepEqual(
    [up.accessGranted, up.accessLevel, up.restrictedOperations],
    [false, "read", ["write", "execute"]],
  );
  const sibling = await check(ids.left, ids.right, "read");
  assert.deepEqual([sibling.relation, sibling.restrictedProperties], ["sibling", ["apiKeys"]]);
  const past = new Date(Date.now() - 60_000).toISOString();
  const late = await check(ids.left, ids.right, "read", { timeConstraints: { validUntil: past } });
  assert.deepEqual([late.accessGranted, late.timeValidation.isValid], [false, false]);
  const urgent = await check(ids.left, ids.right, "read", {
    timeConstraints: { validUntil: past, emergencyAccess: true, emergencyReason: "fire" },
  });
  assert.deepEqual([urgent.accessGranted, urgent.emergencyAccess], [true, true]);
  const audit = await ada.expect(200, "GET", `${design.path}/audit`);
  assert.ok(JSON.stringify(audit.items).includes("fire"), "an emergency is audited");

  const list = await ada.expect(200, "GET", `${path}?requestingNodeId=${ids.left}`);
  assert.deepEqual(
    list.items.map((item: Json) => item.relation),
    ["ancestor", "descendant", "sibling"],
  );
  const few = await ada.expect(
    200,
    "GET",
    `${path}?requestingNodeId=${ids.left}&maxResults=1&accessType=all`,
  );
  assert.deepEqual([few.items.length, few.totalAvailable, few.truncated], [1, 3, true]);

  const updated = await ada.expect(200, "PUT", `${path}/${ids.left}`, {
    requestingNodeId: ids.root,
    data: { left: 2 },
  });
  assert.deepEqual(updated.updatedProperties, ["apiKeys", "left"]);
  const seen = await ada.expect(200, "GET", `${path}?requestingNodeId=${ids.root}`);
  const leaf = seen.items.find((item: Json) => item.nodeId === ids.leaf);
  assert.equal(leaf.data.left, 2, "it goes down");
  const events = await ada.expect(200, "GET", `${design.path}/events?limit=100`);
  const event = events.items.find((item: Json) => item.eventType === "NodeContextUpdated");
  assert.deepEqual(event.data.changedProperties, ["apiKeys", "left"]);

  await ada.expect(204, "DELETE", `${path}/${ids.left}`);
  await ada.expect(204, "DELETE", `${path}/${ids.left}`);
  const left = await ada.expect(200, "GET", `${path}?requestingNodeId=${ids.root}`);
  assert.deepEqual(left.items.map((item: Json) => item.nodeId), [ids.right]);
});

Deno.test("every refusal of contexts", async (t) => {
  const ada = await Person.signUp("Ada");
  const { path, ids } = await family(ada);
  const node = { nodeId: crypto.randomUUID(), nodeType: "stageNode", data: {} };
  const ask = { requestingNodeId: ids.root, targetNodeId: ids.left, requestedAccess: "read" };
  const unknown = crypto.randomUUID();
  const now = new Date().toISOString();
  const cases: [string, "POST" | "PUT" | "GET", string, Json, number, string][] = [
    [
      "registered twice",
      "POST",
      "",
      { ...node, nodeId: ids.leaf },
      409,
      "CONTEXT_ALREADY_REGISTERED",
    ],
    [
      "a parent that is not there",
      "POST",
      "",
      { ...node, parentNodeId: unknown },
      422,
      "PARENT_NOT_FOUND",
    ],
    ["its own parent", "POST", "", { ...node, parentNodeId: node.nodeId }, 422, "HIERARCHY_CYCLE"],
    ["data that is no object", "POST", "", { ...node, data: [1] }, 422, "CONTEXT_DATA_INVALID"],
    ["a blank name", "POST", "", { ...node, data: { " ": 1 } }, 422, "CONTEXT_DATA_INVALID"],
    ["65 KiB", "POST", "", { ...node, data: { a: "x".repeat(66_000) } }, 422, "DOCUMENT_TOO_LARGE"],
    ["an unknown kind", "POST", "", { ...node, nodeType: "odd" }, 400, "INVALID_REQUEST"],
    [
      "a run that is not there",
      "POST",
      "",
      { ...node, executionId: unknown },
      404,
      "EXECUTION_NOT_FOUND",
    ],
    [
      "an unknown requester",
      "POST",
      "/check",
      { ...ask, requestingNodeId: unknown },
      404,
      "CONTEXT_NOT_FOUND",
    ],
    [
      "an unknown target",
      "POST",
      "/check",
      { ...ask, targetNodeId: unknown },
      404,
      "CONTEXT_NOT_FOUND",
    ],
    [
      "a window that ends before it begins",
      "POST",
      "/check",
      { ...ask, timeConstraints: { validFrom: now, validUntil: now } },
      422,
      "ACCESS_WINDOW_INVALID",
    ],
    [
      "an emergency without reason",
      "POST",
      "/check",
      { ...ask, timeConstraints: { emergencyAccess: true } },
      422,
      "EMERGENCY_REASON_REQUIRED",
    ],
    ["nobody looks", "GET", "", undefined, 400, "INVALID_REQUEST"],
    [
      "an unknown one looks",
      "GET",
      `?requestingNodeId=${unknown}`,
      undefined,
      404,
      "CONTEXT_NOT_FOUND",
    ],
    [
      "too many asked for",
      "GET",
      `?requestingNodeId=${ids.root}&maxResults=1001`,
      undefined,
      400,
      "INVALID_REQUEST",
    ],
    [
      "no right to change",
      "PUT",
      `/${ids.root}`,
      { requestingNodeId: ids.leaf, data: {} },
      403,
      "FORBIDDEN",
    ],
    [
      "changing what is not there",
      "PUT",
      `/${unknown}`,
      { requestingNodeId: ids.root, data: {} },
      404,
      "CONTEXT_NOT_FOUND",
    ],
  ];
  for (const [name, method, part, body, status, code] of cases) {
    await t.step(name, async () => {
      await ada.refused(status, code, method, `${path}${part}`, body && { body });
    });
  }

  await t.step("eleven levels", async () => {
    let parentNodeId = ids.leaf;
    for (let level = 3; level <= 10; level += 1) {
      const nodeId = crypto.randomUUID();
      const made = await ada.expect(201, "POST", path, { ...node, nodeId, parentNodeId });
      assert.equal(made.level, level);
      parentNodeId = nodeId;
    }
    const deeper = { body: { ...node, parentNodeId } };
    await ada.refused(422, "HIERARCHY_TOO_DEEP", "POST", path, deeper);
  });

  await t.step("strangers and viewers", async () => {
    const eve = await Person.signUp("Eve");
    await eve.refused(404, "FUNCTION_MODEL_NOT_FOUND", "POST", path, { body: node });
    await eve.refused(
      404,
      "FUNCTION_MODEL_NOT_FOUND",
      "GET",
      `${path}?requestingNodeId=${ids.root}`,
    );
    await eve.refused(404, "FUNCTION_MODEL_NOT_FOUND", "DELETE", `${path}/${ids.root}`);
    const bob = await Person.signUp("Bob");
    await ada.expect(200, "PUT", path.replace(/contexts$/, "permissions"), {
      owner: ada.id,
      editors: [],
      viewers: [bob.id],
      publishers: [],
      executors: [],
      archivers: [],
      administrators: [],
    });
    await bob.refused(403, "FORBIDDEN", "GET", `${path}?requestingNodeId=${ids.root}`);
  });

  await t.step("the service may", async () => {
    const answer = await asService("POST", path, { ...node, nodeId: crypto.randomUUID() });
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
  });
});
