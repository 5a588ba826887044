// Links: every operation, every refusal of their table, and who sees what.

import assert from "node:assert/strict";

import { Design } from "./support/design.ts";
import { type Json, type Method, Person } from "./support/person.ts";
import { stack } from "./support/stack.ts";

const between = (source: string, target: string, more: Json = {}) => ({
  sourceFeature: "function-model",
  targetFeature: "function-model",
  sourceEntityId: source,
  targetEntityId: target,
  linkType: "references",
  ...more,
});

async function model(person: Person, name: string, more: Json = {}): Promise<string> {
  const made = await person.expect(201, "POST", "/function-models", { name, ...more });
  return made.modelId;
}

Deno.test("a link is refused by each rule of its table", async (t) => {
  const ada = await Person.signUp("Ada");
  const bob = await Person.signUp("Bob");
  const design = await Design.begin(ada, "Order to cash");
  const node = await design.stage("Work", []);
  const one = design.modelId;
  const two = await model(ada, "Second model");
  const hidden = await model(bob, "Hidden model");
  const shown = await model(bob, "Shown model", { permissions: { viewers: [ada.id] } });
  const stranger = crypto.randomUUID();
  await ada.expect(201, "POST", "/node-links", between(one, two));
  const cases: [string, Json, number, string][] = [
    ["an unknown field", between(one, two, { strength: 1 }), 400, "INVALID_REQUEST"],
    ["an unknown feature", between(one, two, { sourceFeature: "x" }), 400, "INVALID_REQUEST"],
    ["an unknown type", between(one, two, { linkType: "likes" }), 400, "INVALID_REQUEST"],
    ["a malformed id", between("me", two), 400, "INVALID_REQUEST"],
    ["no model at the start", between(stranger, two), 404, "FUNCTION_MODEL_NOT_FOUND"],
    ["no model at the end", between(one, stranger), 404, "FUNCTION_MODEL_NOT_FOUND"],
    ["a hidden model at the end", between(one, hidden), 404, "FUNCTION_MODEL_NOT_FOUND"],
    ["a start that may only be viewed", between(shown, one), 403, "FORBIDDEN"],
    ["a node at one end", between(one, two, { sourceNodeId: node }), 422, "LINK_NODES_INCOMPLETE"],
    ["the same end twice", between(one, one), 422, "LINK_TO_SELF"],
    [
      "the same node twice",
      between(one, one, { sourceNodeId: node, targetNodeId: node }),
      422,
      "LINK_TO_SELF",
    ],
    ["too strong", between(one, two, { linkStrength: 1.01 }), 422, "LINK_STRENGTH_INVALID"],
    ["too weak", between(one, two, { linkStrength: -0.1 }), 422, "LINK_STRENGTH_INVALID"],
    [
      "measures that are no numbers",
      between(one, two, { linkContext: { metrics: { semanticSimilarity: "much" } } }),
      422,
      "METRICS_INVALID",
    ],
    [
      "a type that does not suit",
      between(one, stranger, { targetFeature: "knowledge-base", linkType: "nested" }),
      422,
      "LINK_TYPE_INCOMPATIBLE",
    ],
    [
      "a node that is not in its model",
      between(one, two, { sourceNodeId: node, targetNodeId: stranger }),
      404,
      "NODE_NOT_FOUND",
    ],
    ["the same link again", between(one, two), 409, "LINK_ALREADY_EXISTS"],
  ];
  for (const [name, body, status, code] of cases) {
    await t.step(`${name} is ${code}`, async () => {
      await ada.refused(status, code, "POST", "/node-links", { body });
    });
  }
  await t.step("all values are told at once", async () => {
    const body = between(one, one, { sourceNodeId: node, linkStrength: 7 });
    const refusal = await ada.refused(422, "LINK_NODES_INCOMPLETE", "POST", "/node-links", {
      body,
    });
    const fields = refusal.errors.map((error: Json) => error.field);
    assert.deepEqual(fields.toSorted(), ["linkStrength", "targetEntityId", "targetNodeId"]);
  });
  await t.step("viewing is enough at the end", async () => {
    const link = await ada.expect(201, "POST", "/node-links", between(one, shown));
    assert.equal((await bob.expect(200, "GET", `/node-links/${link.linkId}`)).linkId, link.linkId);
  });
});

Deno.test("a link lives from its making to its removal", async (t) => {
  const ada = await Person.signUp("Ada");
  const bob = await Person.signUp("Bob");
  const eve = await Person.signUp("Eve");
  const one = await model(ada, "First model", { permissions: { viewers: [bob.id] } });
  const task = crypto.randomUUID();
  const link = await ada.expect(
    201,
    "POST",
    "/node-links",
    between(one, task, { targetFeature: "spindle", linkType: "triggers", linkStrength: 0.3 }),
  );
  const path = `/node-links/${link.linkId}`;
  assert.deepEqual(link.warnings, []);
  assert.equal(link.createdBy, ada.id);

  await t.step("it is read by who views an end", async () => {
    const answer = await bob.call("GET", path);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("etag"), '"1"');
    assert.deepEqual(await bob.expect(200, "GET", `${path}?fields=linkType`), {
      linkType: "triggers",
    });
    for (
      const [method, tail, body] of [
        ["GET", "", undefined],
        ["PATCH", "", { linkStrength: 0.1 }],
        ["DELETE", "", undefined],
        ["POST", "/strength", {}],
      ] as [Method, string, Json][]
    ) {
      await eve.refused(404, "LINK_NOT_FOUND", method, path + tail, { body });
    }
    await ada.refused(404, "LINK_NOT_FOUND", "GET", `/node-links/${crypto.randomUUID()}`);
  });

  await t.step("who may not edit its start changes nothing", async () => {
    await bob.refused(403, "FORBIDDEN", "PATCH", path, { body: { linkStrength: 0.1 } });
    await bob.refused(403, "FORBIDDEN", "POST", `${path}/strength`, { body: {} });
    await bob.refused(403, "FORBIDDEN", "DELETE", path);
  });

  await t.step("changes are checked", async () => {
    await ada.refused(422, "NOTHING_TO_CHANGE", "PATCH", path, { body: {} });
    await ada.refused(422, "LINK_STRENGTH_INVALID", "PATCH", path, { body: { linkStrength: 2 } });
    await ada.refused(422, "LINK_TYPE_INCOMPATIBLE", "PATCH", path, {
      body: { linkType: "nested" },
    });
    await ada.refused(400, "INVALID_REQUEST", "PATCH", path, { body: { sourceEntityId: one } });
    const stale = { "if-match": '"9"' };
    const refusal = await ada.refused(412, "REVISION_CONFLICT", "PATCH", path, {
      body: { linkStrength: 0.4 },
      headers: stale,
    });
    assert.equal(refusal.currentRevision, 1);
  });

  await t.step("its strength grows with its use", async () => {
    const use = { interactionFrequency: 50, semanticSimilarity: 0.8, contextRelevance: 0.6 };
    const only = await ada.expect(200, "POST", `${path}/strength`, { ...use, apply: false });
    assert.deepEqual(only, {
      linkId: link.linkId,
      baseStrength: 0.3,
      frequencyBonus: 0.1,
      semanticBonus: 0.24,
      contextBonus: 0.12,
      finalStrength: 0.76,
      applied: false,
    });
    assert.equal((await ada.expect(200, "GET", path)).linkStrength, 0.3);
    await ada.expect(200, "POST", `${path}/strength`, use);
    assert.equal((await ada.expect(200, "GET", path)).linkStrength, 0.76);
    const metrics = { linkContext: { metrics: { contextRelevance: 1 } } };
    const changed = await ada.expect(200, "PATCH", path, metrics);
    assert.equal(changed.revision, 3);
    const noted = await ada.expect(200, "POST", `${path}/strength`, {});
    assert.equal(noted.finalStrength, 0.96);
    await ada.refused(400, "INVALID_REQUEST", "POST", `${path}/strength`, {
      body: { semanticSimilarity: "much" },
    });
  });

  await t.step("the service computes it too", async () => {
    const response = await fetch(`${stack.url}/functions/v1/api${path}/strength`, {
      method: "POST",
      headers: { apikey: stack.secretKey, "content-type": "application/json" },
      body: JSON.stringify({ semanticSimilarity: 0 }),
    });
    const calculated = await response.json();
    assert.equal(response.status, 200, JSON.stringify(calculated));
    assert.deepEqual([calculated.baseStrength, calculated.applied], [0.96, true]);
  });

  await t.step("its events are told to who sees it", async () => {
    const events = await ada.expect(200, "GET", `/events?aggregateId=${link.linkId}`);
    const types = events.items.map((event: Json) => event.eventType);
    assert.deepEqual(types, [
      "NodeLinkCreated",
      "CrossFeatureLinkEstablished",
      "NodeLinkUpdated",
      "NodeLinkUpdated",
      "NodeLinkUpdated",
      "NodeLinkUpdated",
    ]);
    assert.deepEqual(
      (await eve.expect(200, "GET", `/events?aggregateId=${link.linkId}`)).items,
      [],
    );
  });

  await t.step("it is removed, and its history stays", async () => {
    const reason = "x".repeat(2001);
    await ada.refused(422, "REASON_INVALID", "DELETE", `${path}?reason=${reason}`);
    await ada.expect(204, "DELETE", `${path}?reason=over`);
    await ada.refused(404, "LINK_NOT_FOUND", "GET", path);
    const seen = await bob.expect(200, "GET", `/node-links/evolution?entityId=${task}`);
    assert.deepEqual(seen.linksRemoved, [link.linkId]);
    const strengths = seen.strengthSeries[0].points.map((point: Json) => point.linkStrength);
    assert.deepEqual(strengths, [0.3, 0.76, 0.96, 1]);
    assert.equal(seen.timeline.at(-1).eventType, "CrossFeatureLinkBroken");
    const before = await bob.expect(
      200,
      "GET",
      `/node-links/evolution?entityId=${task}&to=2020-01-01T00:00:00Z`,
    );
    assert.deepEqual(before.timeline, []);
    const theirs = await eve.expect(200, "GET", `/node-links/evolution?entityId=${task}`);
    assert.deepEqual(theirs.timeline, []);
  });
});

Deno.test("links are listed, measured and followed round", async (t) => {
  const ada = await Person.signUp("Ada");
  const eve = await Person.signUp("Eve");
  const [a, b, c] = [
    await model(ada, "Model A"),
    await model(ada, "Model B"),
    await model(ada, "Model C"),
  ];
  const article = crypto.randomUUID();
  const make = (source: string, target: string, more: Json = {}) =>
    ada.expect(201, "POST", "/node-links", between(source, target, more));
  await make(a, b, { linkStrength: 0.9 });
  await make(b, a, { linkStrength: 0.1 });
  await make(b, c);
  await make(c, a);
  await make(a, article, { targetFeature: "knowledge-base", linkType: "documents" });

  await t.step("by every filter", async () => {
    for (
      const [query, expected] of [
        ["", 5],
        [`entityId=${a}`, 4],
        [`sourceEntityId=${a}`, 2],
        [`targetEntityId=${a}&linkType=references`, 2],
        ["feature=knowledge-base", 1],
        ["sourceFeature=function-model&targetFeature=knowledge-base", 1],
        ["linkType=documents", 1],
        ["minStrength=0.6", 1],
        ["maxStrength=0.2", 1],
        ["strength=strong", 1],
        ["strength=weak", 1],
        ["minStrength=0.2&maxStrength=0.6&count=exact", 3],
        [`nodeId=${crypto.randomUUID()}`, 0],
      ] as [string, number][]
    ) {
      const page = await ada.expect(200, "GET", `/node-links?${query}`);
      assert.equal(page.items.length, expected, query);
      if (query.includes("count")) assert.equal(page.total, expected);
    }
    for (const query of ["strength=odd", "minStrength=2", "entityId=me", "what=1", "limit=0"]) {
      await ada.refused(400, "INVALID_REQUEST", "GET", `/node-links?${query}`);
    }
    const first = await ada.expect(200, "GET", `/node-links?limit=3&entityId=${a}`);
    const cursor = encodeURIComponent(first.nextCursor);
    const rest = await ada.expect(
      200,
      "GET",
      `/node-links?limit=3&entityId=${a}&cursor=${cursor}`,
    );
    const ids = [...first.items, ...rest.items].map((link: Json) => link.linkId);
    assert.equal(new Set(ids).size, 4);
    assert.deepEqual((await eve.expect(200, "GET", "/node-links")).items, []);
  });

  await t.step("in cycles", async () => {
    const found = await ada.expect(200, "GET", "/node-links/cycles");
    assert.equal(found.totalCycles, 2);
    assert.deepEqual(found.byCategory, { self: 0, direct: 1, indirect: 1 });
    assert.equal(found.crossFeatureCycles, 0);
    assert.equal(found.truncated, false);
    const smallest = [a, b].map((id) => `function-model:${id}`).toSorted();
    assert.deepEqual(found.cycles.find((cycle: Json) => cycle.cycleLength === 2).path, smallest);
    const long = await ada.expect(200, "GET", "/node-links/cycles?minLength=3");
    assert.deepEqual(long.cycles.map((cycle: Json) => cycle.category), ["indirect"]);
    for (const query of [`entityId=${article}`, "feature=spindle", "maxLength=1"]) {
      const none = await ada.expect(200, "GET", `/node-links/cycles?${query}`);
      assert.deepEqual(none.cycles, [], query);
    }
    assert.deepEqual((await eve.expect(200, "GET", "/node-links/cycles")).cycles, []);
    await ada.refused(400, "INVALID_REQUEST", "GET", "/node-links/cycles?minLength=0");
  });

  await t.step("as a network", async () => {
    const found = await ada.expect(200, "GET", "/node-links/network");
    assert.equal(found.totalLinks, 5);
    assert.equal(found.averageStrength, 0.5);
    assert.equal(found.strongestLink.linkStrength, 0.9);
    assert.equal(found.featureConnectivity["function-model"], 1);
    assert.equal(found.density, 0.1667);
    const empty = await eve.expect(200, "GET", "/node-links/network");
    assert.deepEqual([empty.totalLinks, empty.averageStrength, empty.density], [0, 0, 0]);
    const near = await ada.expect(200, "GET", `/node-links/network?entityId=${article}`);
    assert.equal(near.totalLinks, 1);
  });

  await t.step("for what becomes of them", async () => {
    for (
      const [operation, state, score] of [
        ["delete", "broken", 0],
        ["archive", "weakened", 0.6],
        ["update", "weakened", 0.8],
        ["create", "maintained", 1],
      ] as [string, string, number][]
    ) {
      const body = { feature: "function-model", entityId: a, operation };
      const found = await ada.expect(200, "POST", "/node-links/integrity-check", body);
      assert.equal(found.score, score, operation);
      assert.ok(found.links.every((link: Json) => link.state === state), operation);
      assert.ok(found.recommendations.length > 0);
    }
    await ada.refused(400, "INVALID_REQUEST", "POST", "/node-links/integrity-check", {
      body: { feature: "function-model", entityId: a, operation: "burn" },
    });
  });

  await t.step("with a warning at crowded ends", async () => {
    for (let n = 0; n < 8; n++) {
      await make(a, crypto.randomUUID(), { targetFeature: "spindle", linkType: "implements" });
    }
    const trigger = { targetFeature: "spindle", linkType: "triggers" };
    const link = await make(a, crypto.randomUUID(), trigger);
    const codes = link.warnings.map((warning: Json) => warning.code);
    assert.deepEqual(codes, ["LINK_FANOUT_HIGH", "TRIGGER_FANOUT_HIGH"]);
  });
});

Deno.test("a deleted model takes no links", async () => {
  const ada = await Person.signUp("Ada");
  const [one, two] = [await model(ada, "First model"), await model(ada, "Second model")];
  await ada.expect(200, "DELETE", `/function-models/${two}`);
  await ada.refused(422, "MODEL_DELETED", "POST", "/node-links", { body: between(one, two) });
});

Deno.test("a batch answers for each operation and runs once at a time", async (t) => {
  const ada = await Person.signUp("Ada");
  const bob = await Person.signUp("Bob");
  const one = await model(ada, "First model");
  const hidden = await model(bob, "Hidden model");
  const creation = (target = crypto.randomUUID()) => ({
    operation: "create",
    link: between(one, target, { targetFeature: "spindle", linkType: "implements" }),
  });
  const task = crypto.randomUUID();

  await t.step("each succeeds or fails by itself", async () => {
    const headers = { "idempotency-key": crypto.randomUUID() };
    const link = await ada.expect(
      201,
      "POST",
      "/node-links",
      between(one, task, {
        targetFeature: "spindle",
        linkType: "triggers",
      }),
    );
    const body = {
      batchId: "import",
      operations: [
        creation(task),
        creation(task),
        { operation: "create", link: between(hidden, one) },
        { operation: "update-strength", linkId: link.linkId, linkStrength: 0.9 },
        { operation: "update-strength", linkId: link.linkId, linkStrength: 9 },
        { operation: "remove", linkId: link.linkId, reason: "over" },
        { operation: "remove", linkId: crypto.randomUUID() },
      ],
    };
    const done = await ada.expect(200, "POST", "/node-links/batch", body, headers);
    assert.deepEqual(done.results.map((result: Json) => result.code ?? "ok"), [
      "ok",
      "LINK_ALREADY_EXISTS",
      "FUNCTION_MODEL_NOT_FOUND",
      "ok",
      "LINK_STRENGTH_INVALID",
      "ok",
      "LINK_NOT_FOUND",
    ]);
    assert.deepEqual([done.batchId, done.succeeded, done.failed], ["import", 3, 4]);
    assert.deepEqual(await ada.expect(200, "POST", "/node-links/batch", body, headers), done);
    assert.equal((await ada.expect(200, "GET", `/node-links?entityId=${task}`)).items.length, 1);
  });

  await t.step("without form it is refused", async () => {
    const operations = Array.from({ length: 101 }, () => creation());
    for (
      const body of [
        { batchId: "b", operations: [] },
        { batchId: "b", operations },
        { batchId: " ", operations: [creation()] },
        { batchId: "b", operations: [{ operation: "remove" }] },
        { batchId: "b", operations: [{ operation: "create", linkId: task }] },
      ]
    ) {
      await ada.refused(400, "INVALID_REQUEST", "POST", "/node-links/batch", { body });
    }
  });

  await t.step("a second of the same name waits its turn", async () => {
    const body = () => ({
      batchId: "crowd",
      operations: Array.from({ length: 100 }, () => creation()),
    });
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => ada.call("POST", "/node-links/batch", { body: body() })),
    );
    const statuses = answers.map((answer) => answer.status).toSorted();
    assert.equal(statuses[0], 200);
    assert.equal(statuses.at(-1), 409);
    const refused = answers.find((answer) => answer.status === 409);
    assert.equal(refused?.body.code, "BATCH_IN_PROGRESS");
    await ada.expect(200, "POST", "/node-links/batch", body());
  });
});
