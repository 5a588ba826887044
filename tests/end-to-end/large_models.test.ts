// Models at the limits: 10,000 nodes with 50,000 dependencies, nesting ten levels deep, and one beyond.

import assert from "node:assert/strict";

import { Design } from "./support/design.ts";
import { type Json, Person } from "./support/person.ts";

const NODES = 10_000;
const DEPENDENCIES = 50_000;
const STAGES = NODES / 2;

/** How the largest model grows. */
const CHUNKS = 5;
const CHUNK = STAGES / CHUNKS;

const nodeId = (n: number) => `0192aaaa-0000-7000-8000-${String(n).padStart(12, "0")}`;
const actionId = (n: number) => `0192bbbb-0000-7000-8000-${String(n).padStart(12, "0")}`;

/** The container of this number: an input, stages, an output. */
function container(n: number): Json {
  const position = { x: n % 10_000, y: 1 };
  if (n > 0 && n < STAGES - 1) {
    return { nodeId: nodeId(n), nodeType: "stageNode", name: `Stage ${n}`, position };
  }
  const typeSpecificData = { boundaryType: n === 0 ? "input" : "output" };
  return {
    nodeId: nodeId(n),
    nodeType: "ioNode",
    name: `Boundary ${n}`,
    position,
    typeSpecificData,
  };
}

/** Actions stand two by two in stages, so that there are as many as containers. */
function action(n: number): Json {
  return {
    actionId: actionId(n),
    parentNodeId: nodeId(1 + (n % (STAGES - 2))),
    actionType: "tetherNode",
    name: `Action ${n}`,
    actionSpecificData: { tetherReferenceId: "w" },
  };
}

/** Each container waits for up to `width` of those before it. */
function dependencies(from: number, to: number, width: number): Json[] {
  const edges: Json[] = [];
  for (let n = Math.max(1, from); n < to; n++) {
    for (let before = Math.max(0, n - width); before < n; before++) {
      edges.push({ nodeId: nodeId(n), dependencyId: nodeId(before) });
    }
  }
  return edges;
}

/** The number of the container that waits. */
const number = (edge: Json) => Number(edge.nodeId.slice(-12));

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, n) => from + n);

Deno.test("the largest model is grown, checked, published, planned, and nothing more fits", async (t) => {
  const ada = await Person.signUp("Ada");
  const edges = dependencies(0, STAGES, 10);
  for (let n = 11; edges.length < DEPENDENCIES; n++) {
    edges.push({ nodeId: nodeId(n), dependencyId: nodeId(n - 11) });
  }
  assert.equal(edges.length, DEPENDENCIES);
  const document = {
    documentVersion: 1,
    name: "As large as it gets",
    containers: numbers(STAGES).map(container),
    actions: numbers(STAGES).map(action),
    dependencies: edges,
  };
  let path = "";
  await t.step("grown in chunks", async () => {
    path = (await Design.begin(ada, "As large as it gets")).path;
    const structure = `${path}/structure`;
    for (const from of numbers(CHUNKS).map((n) => n * CHUNK)) {
      const add = edges.filter((edge) => from <= number(edge) && number(edge) < from + CHUNK);
      await ada.expect(200, "PATCH", structure, {
        containers: { add: numbers(CHUNK, from).map(container) },
        dependencies: { add },
      });
    }
    for (const from of numbers(CHUNKS).map((n) => n * CHUNK)) {
      await ada.expect(200, "PATCH", structure, {
        actions: { add: numbers(CHUNK, from).map(action) },
      });
    }
    const figures = await ada.expect(200, "GET", `${path}/statistics`);
    assert.deepEqual([figures.totalNodes, figures.containerNodeCount], [NODES, STAGES]);
  });
  await t.step("one more of each is refused with the limit", async () => {
    const limit = { nodes: NODES, dependencies: DEPENDENCIES };
    const node = await ada.refused(422, "MODEL_TOO_LARGE", "POST", `${path}/nodes`, {
      body: { ...container(1), nodeId: undefined, name: "One more" },
    });
    assert.deepEqual(node.limit, limit);
    const extra = { containers: { add: [{ ...container(1), nodeId: nodeId(STAGES) }] } };
    const bulk = await ada.refused(422, "MODEL_TOO_LARGE", "PATCH", `${path}/structure`, {
      body: extra,
    });
    assert.deepEqual(bulk.errors[0].limit, limit);
    const missing = dependencies(0, STAGES, 13).find((edge) =>
      !edges.some((known) =>
        known.nodeId === edge.nodeId && known.dependencyId === edge.dependencyId
      )
    );
    await ada.refused(
      422,
      "MODEL_TOO_LARGE",
      "POST",
      `${path}/nodes/${missing.nodeId}/dependencies`,
      {
        body: { dependencyId: missing.dependencyId },
      },
    );
    const larger = { ...document, name: "Larger", actions: numbers(STAGES + 1).map(action) };
    await ada.refused(422, "MODEL_TOO_LARGE", "POST", "/function-models/import", {
      body: { document: larger },
    });
    const denser = { ...document, name: "Denser", dependencies: dependencies(0, STAGES, 11) };
    assert.ok(denser.dependencies.length > DEPENDENCIES);
    await ada.refused(422, "MODEL_TOO_LARGE", "POST", "/function-models/import", {
      body: { document: denser },
    });
  });
  await t.step("checked", async () => {
    const report = await ada.expect(200, "POST", `${path}/validate`, { level: "structural" });
    assert.deepEqual(report.categories.structural.errors, []);
    assert.equal(report.complexity, "ENTERPRISE_SCALE");
    const analysis = await ada.expect(
      200,
      "GET",
      `${path}/dependencies?fields=edgeCount,nodeCount,cycles`,
    );
    assert.deepEqual(analysis, { cycles: [], edgeCount: DEPENDENCIES, nodeCount: STAGES });
  });
  await t.step("one container of it is changed", async () => {
    const node = await ada.expect(200, "PATCH", `${path}/nodes/${nodeId(7)}`, {
      position: { x: 5, y: 6 },
    });
    assert.deepEqual(node.position, { x: 5, y: 6 });
  });
  await t.step("published and planned", async () => {
    const published = await ada.expect(200, "POST", `${path}/publish`, { version: "1.0.1" });
    assert.equal(published.status, "published");
    const plan = await ada.expect(200, "POST", `${path}/executions`, { dryRun: true });
    assert.equal(plan.executionOrder.length, STAGES);
    assert.equal(plan.executionOrder[0], nodeId(0));
  });
  await t.step("its document comes back the same", async () => {
    const first = await ada.expect(200, "GET", `${path}/document`);
    const body = { document: first, name: "As large as its original" };
    const copy = await ada.expect(201, "POST", "/function-models/import", body);
    const second = await ada.expect(200, "GET", `/function-models/${copy.modelId}/document`);
    assert.equal(JSON.stringify({ ...second, name: first.name }), JSON.stringify(first));
  });
});

Deno.test("models nest ten levels deep and no deeper", async () => {
  const ada = await Person.signUp("Ada");
  let nested: string | undefined;
  for (let level = 10; level >= 0; level--) {
    const { design, stage } = await Design.small(ada, `Level ${level}`);
    if (nested) {
      await design.action(stage, "Nest", "functionModelContainer", { nestedModelId: nested });
    }
    await design.publish();
    nested = design.modelId;
  }
  const plan = await ada.expect(200, "POST", `/function-models/${nested}/executions`, {
    dryRun: true,
  });
  assert.equal(plan.status, "completed");
  const { design, stage } = await Design.small(ada, "One level too many");
  const refusal = await ada.refused(422, "NESTING_TOO_DEEP", "POST", `${design.path}/actions`, {
    body: {
      parentNodeId: stage,
      actionType: "functionModelContainer",
      name: "Nest",
      actionSpecificData: { nestedModelId: nested },
    },
  });
  assert.equal(refusal.limit, 10);
});
