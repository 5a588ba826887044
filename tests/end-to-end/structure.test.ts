// The structure of a model as a whole: bulk edits, order, documents, dependencies, figures, search.

import assert from "node:assert/strict";

import { Design } from "./support/design.ts";
import { checkRefusal, type Json, Person } from "./support/person.ts";

const uuid = () => crypto.randomUUID();

/** The items of a list that is no page. */
async function all(person: Person, path: string): Promise<Json[]> {
  return (await person.expect(200, "GET", path)).items;
}

function stage(nodeId: string, name = "Stage"): Json {
  return { nodeId, nodeType: "stageNode", name, position: { x: 1, y: 1 } };
}

function action(parentNodeId: string, more: Json = {}): Json {
  const actionSpecificData = { tetherReferenceId: "w" };
  return { parentNodeId, actionType: "tetherNode", name: "Do", actionSpecificData, ...more };
}

/** The findings of a refusal, as `path CODE`. */
function findings(refusal: Json): string[] {
  return refusal.errors.map((error: Json) => `${error.field} ${error.code}`);
}

Deno.test("a canvas saves containers, actions and dependencies in one command", async () => {
  const ada = await Person.signUp("Ada");
  const { design, stage: work } = await Design.small(ada, "Drawn on a canvas");
  const [first, second] = [uuid(), uuid()];
  const answer = await ada.call("PATCH", `${design.path}/structure?includeActionNodes=true`, {
    body: {
      containers: {
        add: [stage(first, "First"), stage(second, "Second")],
        change: [{ nodeId: work, changes: { name: "Work harder", position: { x: 7, y: 8 } } }],
      },
      actions: { add: [action(first), action(first), action(second)] },
      dependencies: {
        add: [{ nodeId: first, dependencyId: work }, { nodeId: second, dependencyId: first }],
      },
    },
  });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.equal(answer.headers.get("etag"), `"${answer.body.revision}"`);
  assert.equal(Object.keys(answer.body.actionNodes).length, 3);
  assert.equal(answer.body.nodes, undefined);
  const nodes = await all(ada, `${design.path}/nodes`);
  assert.equal(nodes.length, 5);
  assert.equal(nodes.find((node) => node.nodeId === work).name, "Work harder");
  assert.deepEqual(nodes.slice(-2).map((node) => node.name), ["First", "Second"]);
  const actions = await all(ada, `${design.path}/actions?parentNodeId=${first}`);
  assert.deepEqual(actions.map((one) => one.executionOrder), [1, 2]);

  const swap = await ada.expect(200, "PATCH", `${design.path}/structure`, {
    containers: { remove: [second] },
    actions: {
      change: [
        { actionId: actions[0].actionId, changes: { executionOrder: 2 } },
        { actionId: actions[1].actionId, changes: { executionOrder: 1 } },
      ],
    },
  });
  assert.equal(swap.revision, answer.body.revision + 1);
  const swapped = await all(ada, `${design.path}/actions?parentNodeId=${first}`);
  assert.equal(swapped[0].actionId, actions[1].actionId);
  assert.equal((await all(ada, `${design.path}/nodes`)).length, 4);
});

Deno.test("a bulk edit is refused as a whole, with everything that is wrong", async (t) => {
  const ada = await Person.signUp("Ada");
  const bob = await Person.signUp("Bob");
  const { design, stage: work } = await Design.small(ada, "Edited in bulk");
  const path = `${design.path}/structure`;
  const [input, , output] = (await all(ada, `${design.path}/nodes`)).map((node) => node.nodeId);
  const there = await design.action(work, "There", "tetherNode", { tetherReferenceId: "w" });
  const before = await ada.expect(200, "GET", `${design.path}/document`);
  const fresh = uuid();

  const cases: [string, Json, number, string, string[]][] = [
    ["nothing", {}, 422, "NOTHING_TO_CHANGE", []],
    [
      "values",
      {
        actions: {
          add: [action(work), action(work, { retryPolicy: { maxAttempts: 101 }, priority: 0 })],
        },
        containers: { add: [{ ...stage(fresh), position: { x: -1, y: 0 }, timeoutMs: -5 }] },
      },
      422,
      "POSITION_INVALID",
      [
        "containers.add[0].position.x POSITION_INVALID",
        "containers.add[0].timeoutMs TIMEOUT_INVALID",
        "actions.add[1].priority PRIORITY_INVALID",
        "actions.add[1].retryPolicy.maxAttempts RETRY_POLICY_INVALID",
      ],
    ],
    [
      "a container that is not there",
      {
        containers: { change: [{ nodeId: fresh, changes: { name: "A" } }], remove: [uuid()] },
      },
      404,
      "NODE_NOT_FOUND",
      [
        "containers.remove[0] NODE_NOT_FOUND",
        "containers.change[0].nodeId NODE_NOT_FOUND",
      ],
    ],
    [
      "a container that is there",
      { containers: { add: [stage(work)] } },
      409,
      "NODE_ALREADY_EXISTS",
      [
        "containers.add[0].nodeId NODE_ALREADY_EXISTS",
      ],
    ],
    [
      "a container named twice",
      { containers: { add: [stage(fresh), stage(fresh)] } },
      422,
      "PART_NAMED_TWICE",
      ["containers.add[1].nodeId PART_NAMED_TWICE"],
    ],
    [
      "a container that others wait for",
      { containers: { remove: [work] } },
      422,
      "NODE_HAS_DEPENDENTS",
      [
        "containers.remove[0] NODE_HAS_DEPENDENTS",
      ],
    ],
    [
      "a status that cannot follow",
      {
        containers: { change: [{ nodeId: work, changes: { status: "error" } }] },
      },
      422,
      "STATUS_TRANSITION_INVALID",
      [
        "containers.change[0].changes.status STATUS_TRANSITION_INVALID",
      ],
    ],
    [
      "actions",
      {
        actions: {
          add: [
            action(input),
            action(uuid()),
            action(work, { actionId: there }),
            action(work, { executionOrder: 1 }),
          ],
          change: [{ actionId: uuid(), changes: { name: "A" } }],
          remove: [uuid()],
        },
      },
      404,
      "ACTION_NOT_FOUND",
      [
        "actions.remove[0] ACTION_NOT_FOUND",
        "actions.change[0].actionId ACTION_NOT_FOUND",
        "actions.add[0].parentNodeId PARENT_NOT_A_STAGE",
        "actions.add[1].parentNodeId NODE_NOT_FOUND",
        "actions.add[2].actionId ACTION_ALREADY_EXISTS",
        "actions.add[3].executionOrder EXECUTION_ORDER_TAKEN",
      ],
    ],
    [
      "nested models",
      {
        actions: {
          add: [design.modelId, uuid()].map((nestedModelId) => ({
            ...action(work),
            actionType: "functionModelContainer",
            actionSpecificData: { nestedModelId },
          })),
        },
      },
      422,
      "NESTING_CYCLE",
      [
        "actions.add[0].actionSpecificData.nestedModelId NESTING_CYCLE",
        "actions.add[1].actionSpecificData.nestedModelId NESTED_MODEL_UNAVAILABLE",
      ],
    ],
    [
      "dependencies",
      {
        dependencies: {
          add: [
            { nodeId: work, dependencyId: work },
            { nodeId: work, dependencyId: input },
            { nodeId: input, dependencyId: work },
            { nodeId: work, dependencyId: fresh },
            { nodeId: work, dependencyId: output },
          ],
          remove: [{ nodeId: output, dependencyId: input }],
        },
      },
      404,
      "DEPENDENCY_NOT_FOUND",
      [
        "dependencies.remove[0] DEPENDENCY_NOT_FOUND",
        "dependencies.add[0].dependencyId SELF_DEPENDENCY",
        "dependencies.add[1] DEPENDENCY_ALREADY_EXISTS",
        "dependencies.add[2].nodeId INPUT_HAS_DEPENDENCIES",
        "dependencies.add[3].dependencyId NODE_NOT_FOUND",
        "dependencies.add[4] CIRCULAR_DEPENDENCY",
      ],
    ],
  ];
  for (const [name, body, status, code, expected] of cases) {
    await t.step(name, async () => {
      const refusal = await ada.refused(status, code, "PATCH", path, { body });
      if (expected.length > 0) assert.deepEqual(findings(refusal), expected);
    });
  }
  await t.step("a circle is carried", async () => {
    const body = { dependencies: { add: [{ nodeId: work, dependencyId: output }] } };
    const refusal = await ada.refused(422, "CIRCULAR_DEPENDENCY", "PATCH", path, { body });
    assert.deepEqual([...refusal.cycle].sort(), [work, output, refusal.cycle[0]].sort());
  });
  await t.step("a shape that is wrong", async () => {
    const body = { containers: { add: [{ nodeId: fresh }] } };
    const refusal = await ada.refused(400, "INVALID_REQUEST", "PATCH", path, { body });
    assert.equal(refusal.errors[0].field, "containers.add[0].nodeType");
  });
  await t.step("a revision of the past", async () => {
    const body = { containers: { add: [stage(fresh)] } };
    const headers = { "if-match": '"1"' };
    const refusal = await ada.refused(412, "REVISION_CONFLICT", "PATCH", path, { body, headers });
    assert.equal(typeof refusal.currentRevision, "number");
  });
  await t.step("nothing was changed by any of them", async () => {
    assert.deepEqual(await ada.expect(200, "GET", `${design.path}/document`), before);
  });
  await t.step("strangers and viewers", async () => {
    const body = { containers: { add: [stage(fresh)] } };
    await bob.refused(404, "FUNCTION_MODEL_NOT_FOUND", "PATCH", path, { body });
  });
  await t.step("a published model", async () => {
    await design.publish();
    const body = { containers: { add: [stage(fresh)] } };
    await ada.refused(422, "MODEL_PUBLISHED", "PATCH", path, { body });
  });
});

Deno.test("a document goes out and comes back the same, byte for byte", async (t) => {
  const ada = await Person.signUp("Ada");
  const { design, stage: work } = await Design.small(ada, "Taken elsewhere");
  await ada.expect(200, "PATCH", design.path, {
    description: "Größe & <Maß>",
    metadata: {
      tags: ["one"],
      numbers: [0.1, 1e21, 1.0, -3.25e-7, 12345678901234567890, 1901.7117177886519],
    },
    aiAgentConfig: { model: "any", deep: { er: [null, true, { b: 1, a: 2 }] } },
  });
  const more = {
    executionMode: "parallel",
    priority: 8,
    estimatedDurationMinutes: 0.1,
    retryPolicy: { strategy: "linear", maxAttempts: 2, jitterMs: 5 },
    raci: { responsible: ["Zoe", "Al"], informed: ["Bo"] },
    metadata: { policy: { handling: "care" }, z: 1, a: 2 },
  };
  await design.action(work, "B", "tetherNode", {
    tetherReferenceId: "w",
    outputMapping: { z: "a.b" },
  }, more);
  const paused = await design.action(work, "A", "kbNode", {
    kbReferenceId: "k",
    shortDescription: "Read",
  });
  await ada.expect(200, "PATCH", `${design.path}/actions/${paused}`, { status: "active" });
  await ada.expect(200, "PATCH", `${design.path}/actions/${paused}`, { status: "inactive" });

  const text = async (path: string) => {
    const answer = await ada.call("GET", `${path}/document`);
    assert.equal(answer.status, 200);
    return JSON.stringify(answer.body);
  };
  const first = await text(design.path);
  const document = JSON.parse(first);
  assert.deepEqual(document.statuses, [{ id: paused, status: "inactive" }]);
  for (const absent of ["userId", "permissions", "createdAt", "organizationId"]) {
    assert.ok(!first.includes(`"${absent}"`), absent);
  }
  const taken = await ada.call("POST", "/function-models/import", { body: { document } });
  checkRefusal(taken, 409, "MODEL_NAME_TAKEN");
  const other = await Person.signUp("Other");
  const imported = await other.expect(201, "POST", "/function-models/import", { document });
  assert.equal(imported.userId, other.id);
  const second = JSON.stringify(
    await other.expect(200, "GET", `/function-models/${imported.modelId}/document`),
  );
  assert.equal(second, first);

  await t.step("a snapshot has a document", async () => {
    await design.publish("1.0.1");
    assert.equal(
      JSON.stringify(await ada.expect(200, "GET", `${design.path}/document?versionNumber=1.0.1`)),
      first,
    );
    assert.equal(await text(design.path), first);
    await ada.refused(
      404,
      "VERSION_NOT_FOUND",
      "GET",
      `${design.path}/document?versionNumber=7.0.0`,
    );
    await other.refused(404, "FUNCTION_MODEL_NOT_FOUND", "GET", `${design.path}/document`);
  });

  await t.step("broken documents are refused with everything that is wrong", async () => {
    const broken = structuredClone(document);
    broken.name = "x";
    broken.containers[0].position.x = -1;
    broken.actions[0].parentNodeId = uuid();
    broken.dependencies.push({ nodeId: work, dependencyId: work });
    const refusal = await ada.refused(
      422,
      "MODEL_NAME_INVALID",
      "POST",
      "/function-models/import",
      {
        body: { document: broken },
      },
    );
    assert.deepEqual(findings(refusal), [
      "document.name MODEL_NAME_INVALID",
      "document.containers[0].position.x POSITION_INVALID",
      "document.actions[0].parentNodeId NODE_NOT_FOUND",
      `document.dependencies[${broken.dependencies.length - 1}].dependencyId SELF_DEPENDENCY`,
    ]);
    const body = { document: { ...document, color: "red" } };
    await ada.refused(400, "INVALID_REQUEST", "POST", "/function-models/import", { body });
    await ada.refused(403, "FORBIDDEN", "POST", "/function-models/import", {
      body: { document, name: "Elsewhere", organizationId: uuid() },
    });
  });

  await t.step("the schema is public", async () => {
    const schema = await ada.expect(200, "GET", "/schemas/function-model-document");
    assert.equal(schema.$id, document.$schema);
  });
});

Deno.test("actions are put into another order", async () => {
  const ada = await Person.signUp("Ada");
  const { design, stage: work } = await Design.small(ada, "Put in order");
  const ids: string[] = [];
  for (const name of ["A", "B", "C"]) {
    ids.push(await design.action(work, name, "tetherNode", { tetherReferenceId: "w" }));
  }
  const path = `${design.path}/nodes/${work}/action-order`;
  const order = [ids[2], ids[0], ids[1]];
  const list = await ada.expect(200, "PUT", path, { actionIds: order });
  assert.deepEqual(list.items.map((one: Json) => one.actionId), order);
  assert.deepEqual(list.items.map((one: Json) => one.executionOrder), [1, 2, 3]);
  const incomplete = { body: { actionIds: ids.slice(1) } };
  await ada.refused(422, "ACTION_ORDER_INCOMPLETE", "PUT", path, incomplete);
  const elsewhere = `${design.path}/nodes/${uuid()}/action-order`;
  await ada.refused(404, "NODE_NOT_FOUND", "PUT", elsewhere, { body: { actionIds: [] } });
  const bob = await Person.signUp("Bob");
  await bob.refused(404, "FUNCTION_MODEL_NOT_FOUND", "PUT", path, { body: { actionIds: order } });
  await ada.refused(400, "INVALID_REQUEST", "PUT", path, { body: { actionIds: "all" } });
  await design.publish();
  await ada.refused(422, "MODEL_PUBLISHED", "PUT", path, { body: { actionIds: ids } });
});

Deno.test("dependencies are tried, analysed and followed", async (t) => {
  const ada = await Person.signUp("Ada");
  const bob = await Person.signUp("Bob");
  const { design, stage: work } = await Design.small(ada, "Looked at from afar");
  const [input, , output] = (await all(ada, `${design.path}/nodes`)).map((node) => node.nodeId);
  const of = (node: string) => `${design.path}/nodes/${node}/dependencies`;
  const attempt = (node: string, dependencyId: string) =>
    ada.expect(200, "POST", `${of(node)}/check`, { dependencyId });

  assert.deepEqual(await attempt(output, input), { allowed: true });
  const circle = await attempt(work, output);
  assert.equal(circle.code, "CIRCULAR_DEPENDENCY");
  assert.equal(circle.cycle.length, 3);
  assert.equal((await attempt(work, work)).code, "SELF_DEPENDENCY");
  assert.equal((await attempt(work, input)).code, "DEPENDENCY_ALREADY_EXISTS");
  assert.equal((await attempt(input, work)).code, "INPUT_HAS_DEPENDENCIES");
  const unknown = { body: { dependencyId: uuid() } };
  await ada.refused(404, "NODE_NOT_FOUND", "POST", `${of(work)}/check`, unknown);

  const analysis = await ada.expect(200, "GET", `${design.path}/dependencies`);
  assert.deepEqual(analysis.executionOrder, [input, work, output]);
  assert.deepEqual(analysis.levels, [[input], [work], [output]]);
  assert.deepEqual(analysis.criticalPath, [input, work, output]);
  assert.deepEqual([analysis.cycles, analysis.complexity], [[], "SIMPLE"]);

  const down = await ada.expect(200, "GET", `${of(input)}?direction=downstream`);
  assert.deepEqual([down.nodeIds, down.depth], [[work, output], 0]);
  const up = await ada.expect(200, "GET", `${of(output)}?direction=upstream`);
  assert.deepEqual([up.nodeIds, up.depth, up.canRunInParallel], [[input, work], 2, false]);

  await t.step("every refusal of the table", async () => {
    await ada.refused(404, "NODE_NOT_FOUND", "GET", `${of(uuid())}?direction=upstream`);
    await ada.refused(400, "INVALID_REQUEST", "GET", of(work));
    const add = (node: string, dependencyId: string) =>
      ["POST", of(node), { body: { dependencyId } }] as const;
    await ada.refused(404, "NODE_NOT_FOUND", ...add(work, uuid()));
    await ada.refused(422, "SELF_DEPENDENCY", ...add(work, work));
    await ada.refused(422, "INPUT_HAS_DEPENDENCIES", ...add(input, work));
    const refusal = await ada.refused(422, "CIRCULAR_DEPENDENCY", ...add(work, output));
    assert.equal(refusal.cycle.length, 3);
    await ada.refused(409, "DEPENDENCY_ALREADY_EXISTS", ...add(work, input));
    await ada.refused(404, "DEPENDENCY_NOT_FOUND", "DELETE", `${of(output)}/${input}`);
    await bob.refused(404, "FUNCTION_MODEL_NOT_FOUND", ...add(work, input));
    await bob.refused(404, "FUNCTION_MODEL_NOT_FOUND", "GET", `${design.path}/dependencies`);
    await design.publish();
    assert.equal((await attempt(output, input)).code, "MODEL_PUBLISHED");
    await ada.refused(422, "MODEL_PUBLISHED", ...add(output, input));
  });
});

Deno.test("a model has figures", async () => {
  const ada = await Person.signUp("Ada");
  const { design, stage: work } = await Design.small(ada, "Counted");
  const data = { tetherReferenceId: "w" };
  await design.action(work, "A", "tetherNode", data, { estimatedDurationMinutes: 30, priority: 9 });
  await design.action(work, "B", "tetherNode", data, { executionMode: "parallel" });
  const figures = await ada.expect(200, "GET", `${design.path}/statistics`);
  assert.deepEqual(
    [figures.totalNodes, figures.containerNodeCount, figures.actionNodeCount],
    [5, 3, 2],
  );
  assert.deepEqual(figures.priorityBreakdown, { low: 0, medium: 1, high: 1 });
  assert.deepEqual(figures.executionModeBreakdown, { sequential: 1, parallel: 1, conditional: 0 });
  assert.equal(figures.averageComplexity, 0.53);
  assert.equal(figures.performance.criticalPathMinutes, 30);
  assert.equal(figures.health.completenessScore, 0);
  const model = await ada.expect(200, "GET", `${design.path}?includeStatistics=true`);
  assert.deepEqual(model.statistics, figures);
  const bob = await Person.signUp("Bob");
  await bob.refused(404, "FUNCTION_MODEL_NOT_FOUND", "GET", `${design.path}/statistics`);
});

Deno.test("models are listed, narrowed, sorted and found", async (t) => {
  const ada = await Person.signUp("Ada");
  const acme = await ada.expect(201, "POST", "/organizations", { name: "Acme" });
  const make = (name: string, more: Json = {}) =>
    ada.expect(201, "POST", "/function-models", { name, ...more });
  await make("Order intake", {
    description: "Takes orders of customers",
    metadata: { tags: ["sales", "b2b"] },
  });
  await make("Billing", {
    description: "An invoice for each order",
    metadata: { tags: ["sales"] },
  });
  await make("Returns", { organizationId: acme.organizationId });
  const names = async (path: string) =>
    (await ada.expect(200, "GET", path)).items.map((item: Json) => item.name);

  await t.step("filters and sorts", async () => {
    const sorted = "/function-models?sortBy=name&sortOrder=asc";
    assert.deepEqual(await names(sorted), ["Billing", "Order intake", "Returns"]);
    assert.deepEqual(await names(`${sorted}&tags=sales`), ["Billing", "Order intake"]);
    assert.deepEqual(await names(`${sorted}&tags=sales,b2b`), ["Order intake"]);
    assert.deepEqual(await names(`${sorted}&organizationId=${acme.organizationId}`), ["Returns"]);
    assert.deepEqual(await names(`${sorted}&status=published`), []);
    assert.deepEqual(await names(`${sorted}&createdAfter=2100-01-01T00:00:00Z`), []);
    assert.deepEqual(await names(`${sorted}&createdBefore=2020-01-01T00:00:00Z`), []);
    for (const key of ["createdAt", "updatedAt", "lastSavedAt"]) {
      assert.deepEqual(
        await names(`/function-models?sortBy=${key}&sortOrder=asc`),
        ["Order intake", "Billing", "Returns"],
      );
    }
  });

  await t.step("pages, their link and the total", async () => {
    const first = await ada.call(
      "GET",
      "/function-models?sortBy=name&limit=2&count=exact&fields=name",
    );
    assert.deepEqual(first.body.items, [{ name: "Returns" }, { name: "Order intake" }]);
    assert.equal(first.body.total, 3);
    const link = first.headers.get("link") ?? "";
    assert.match(link, /rel="next"/);
    const address = /<([^>]*)>/.exec(link)?.[1]?.replace("/functions/v1/api", "") ?? "";
    const second = await ada.call("GET", address);
    assert.deepEqual(second.body.items, [{ name: "Billing" }]);
    assert.equal(second.headers.get("link"), null);
  });

  await t.step("words", async () => {
    const found = await ada.expect(200, "GET", "/function-models/search?query=order");
    assert.deepEqual(found.items.map((item: Json) => item.name), ["Order intake", "Billing"]);
    assert.equal(found.items[0].highlights.name, "<mark>Order</mark> intake");
    assert.match(found.items[1].highlights.description, /each <mark>order<\/mark>/);
    const search = "/function-models/search?query=";
    assert.deepEqual(await names(`${search}order&sortBy=name&sortOrder=asc`), [
      "Billing",
      "Order intake",
    ]);
    assert.deepEqual(await names(`${search}order%20-invoice`), ["Order intake"]);
    assert.deepEqual(await names(`${search}sales&tags=b2b`), ["Order intake"]);
    assert.deepEqual(await names(`${search}%25%27%3B--`), []);
    const page = await ada.expect(200, "GET", `${search}order&limit=1&count=exact`);
    assert.equal(page.total, 2);
    const cursor = encodeURIComponent(page.nextCursor);
    assert.deepEqual(await names(`${search}order&limit=1&cursor=${cursor}`), ["Billing"]);
    const bob = await Person.signUp("Bob");
    assert.deepEqual((await bob.expect(200, "GET", `${search}order`)).items, []);
  });

  await t.step("refusals", async () => {
    for (
      const query of [
        "",
        "?query=",
        `?query=${"x".repeat(201)}`,
        "?query=a&sortBy=size",
        "?query=a&page=2",
      ]
    ) {
      await ada.refused(400, "INVALID_REQUEST", "GET", `/function-models/search${query}`);
    }
    for (
      const query of [
        "status=gone",
        "sortBy=size",
        "createdAfter=noon",
        "organizationId=7",
        "count=all",
      ]
    ) {
      await ada.refused(400, "INVALID_REQUEST", "GET", `/function-models?${query}`);
    }
  });

  await t.step("containers and actions are narrowed", async () => {
    const { design, stage: work } = await Design.small(ada, "Narrowed");
    await design.action(work, "A", "tetherNode", { tetherReferenceId: "w" });
    const count = async (path: string) =>
      (await ada.expect(200, "GET", `${design.path}/${path}`)).items.length;
    assert.equal(await count("nodes?nodeType=ioNode"), 2);
    assert.equal(await count("nodes?status=draft"), 3);
    assert.equal(await count("nodes?status=active"), 0);
    assert.equal(await count(`actions?parentNodeId=${work}&actionType=tetherNode&status=draft`), 1);
    assert.equal(await count("actions?actionType=kbNode"), 0);
    await ada.refused(400, "INVALID_REQUEST", "GET", `${design.path}/actions?status=running`);
  });
});
