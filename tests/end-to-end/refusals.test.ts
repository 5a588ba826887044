// Bad input: every case is refused with the right status, the right code, and the field that is wrong.

import assert from "node:assert/strict";

import { Design } from "./support/design.ts";
import { type Answer, checkRefusal, type Json, Person } from "./support/person.ts";
import { stack } from "./support/stack.ts";

/** A request that supabase-js would not send. */
async function raw(path: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(`${stack.url}/functions/v1/api${path}`, {
    ...init,
    headers: { apikey: stack.publishableKey, ...init.headers },
  });
  const text = await response.text();
  const { status, headers } = response;
  return { status, headers, body: text === "" ? undefined : JSON.parse(text) };
}

Deno.test("a caller without a valid token is unknown", async (t) => {
  const ada = await Person.signUp("Ada");
  const [head, , signature] = ada.token.split(".");
  const claims = btoa(JSON.stringify({ sub: ada.id, role: "authenticated", exp: 9999999999 }));
  const cases: [string, Record<string, string>][] = [
    ["no token", {}],
    ["not a token", { authorization: "Bearer nonsense" }],
    ["another scheme", { authorization: `Basic ${ada.token}` }],
    ["the key instead of a token", { authorization: `Bearer ${stack.publishableKey}` }],
    ["changed claims", {
      authorization: `Bearer ${head}.${claims.replace(/=+$/, "")}.${signature}`,
    }],
    ["no signature", { authorization: `Bearer ${head}.${claims}.` }],
    ["algorithm none", { authorization: `Bearer ${btoa('{"alg":"none"}')}.${claims}.` }],
  ];
  for (const [name, headers] of cases) {
    await t.step(name, async () => {
      checkRefusal(await raw("/function-models", { headers }), 401, "UNAUTHENTICATED");
    });
  }
});

Deno.test("what is not there is not found, and what cannot be asked is refused", async () => {
  const ada = await Person.signUp("Ada");
  const id = crypto.randomUUID();
  await ada.refused(404, "FUNCTION_MODEL_NOT_FOUND", "GET", `/function-models/${id}`);
  await ada.refused(404, "EXECUTION_NOT_FOUND", "GET", `/executions/${id}`);
  await ada.refused(404, "ROUTE_NOT_FOUND", "GET", "/no-such-thing");
  await ada.refused(400, "INVALID_REQUEST", "GET", "/function-models/not-an-id");
  await ada.refused(400, "INVALID_REQUEST", "GET", "/function-models?limit=0");
  await ada.refused(400, "INVALID_REQUEST", "GET", "/function-models?cursor=forged");
  await ada.refused(400, "INVALID_REQUEST", "GET", "/function-models?sortOrder=sideways");
  const answer = await ada.call("PUT", "/function-models", { body: {} });
  checkRefusal(answer, 405, "METHOD_NOT_ALLOWED");
  assert.match(answer.headers.get("allow") ?? "", /GET.*POST|POST.*GET/);
});

Deno.test("a broken body is refused with the field that is wrong", async (t) => {
  const ada = await Person.signUp("Ada");
  const design = await Design.begin(ada, "Fed with nonsense");
  const stage = await design.stage("Work", []);
  const nested = (depth: number) => JSON.parse(`${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`);
  const node = { nodeType: "stageNode", name: "A", position: { x: 1, y: 1 } };
  const action = { parentNodeId: stage, name: "A", actionType: "tetherNode" };
  const cases: [string, string, Json, number, string, string | undefined][] = [
    ["a missing field", "", {}, 400, "INVALID_REQUEST", "name"],
    ["an unknown field", "", { name: "Good name", nmae: 1 }, 400, "INVALID_REQUEST", "nmae"],
    ["a wrong type", "", { name: 17 }, 400, "INVALID_REQUEST", "name"],
    ["null for a name", "", { name: null }, 400, "INVALID_REQUEST", "name"],
    ["a list", "", [], 400, "INVALID_REQUEST", undefined],
    ["a NUL character", "", { name: "Good\u0000name" }, 400, "INVALID_REQUEST", "name"],
    ["a short name", "", { name: "ab" }, 422, "MODEL_NAME_INVALID", "name"],
    ["a long name", "", { name: "x".repeat(101) }, 422, "MODEL_NAME_INVALID", "name"],
    [
      "a long description",
      "",
      { name: "Good name", description: "x".repeat(5001) },
      422,
      "DESCRIPTION_INVALID",
      "description",
    ],
    [
      "a wrong id",
      "",
      { name: "Good name", organizationId: "me" },
      400,
      "INVALID_REQUEST",
      "organizationId",
    ],
    [
      "a wrong type inside",
      "/nodes",
      { ...node, position: { x: "left", y: 1 } },
      400,
      "INVALID_REQUEST",
      "position.x",
    ],
    [
      "an unknown field inside",
      "/nodes",
      { ...node, position: { x: 1, y: 1, z: 1 } },
      400,
      "INVALID_REQUEST",
      "position.z",
    ],
    [
      "an unknown kind",
      "/nodes",
      { ...node, nodeType: "loopNode" },
      400,
      "INVALID_REQUEST",
      "nodeType",
    ],
    [
      "a place off the canvas",
      "/nodes",
      { ...node, position: { x: -1, y: 1 } },
      422,
      "POSITION_INVALID",
      "position.x",
    ],
    [
      "a tether without its workflow",
      "/actions",
      { ...action, actionSpecificData: {} },
      422,
      "ACTION_CONFIGURATION_INVALID",
      "actionSpecificData.tetherReferenceId",
    ],
  ];
  for (const [name, path, body, status, code, field] of cases) {
    await t.step(name, async () => {
      const place = path === "" ? "/function-models" : `${design.path}${path}`;
      const refusal = await ada.refused(status, code, "POST", place, { body });
      if (field === undefined) return;
      const fields = refusal.errors.map((error: Json) => error.field);
      assert.ok(fields.includes(field), `${field} in ${JSON.stringify(refusal)}`);
    });
  }

  await t.step("several broken fields are told at once", async () => {
    const body = { name: "x", description: "x".repeat(5001) };
    const answer = await ada.call("POST", "/function-models", { body });
    assert.equal(answer.status, 422);
    const fields = answer.body.errors.map((error: Json) => error.field);
    assert.deepEqual(fields.toSorted(), ["description", "name"]);
  });

  await t.step("metadata nested 21 deep", async () => {
    const body = { name: "Good name", metadata: nested(21) };
    const answer = await ada.call("POST", "/function-models", { body });
    assert.equal(answer.status, 422, JSON.stringify(answer.body));
    assert.ok(["METADATA_INVALID", "DOCUMENT_TOO_LARGE"].includes(answer.body.code));
  });

  await t.step("metadata of 65 KiB", async () => {
    const body = { name: "Good name", metadata: { note: "x".repeat(65 * 1024) } };
    const answer = await ada.call("POST", "/function-models", { body });
    assert.equal(answer.status, 422, JSON.stringify(answer.body));
    assert.ok(["METADATA_INVALID", "DOCUMENT_TOO_LARGE"].includes(answer.body.code));
  });
});

Deno.test("what is not even JSON is refused, and the API goes on", async (t) => {
  const ada = await Person.signUp("Ada");
  const authorization = `Bearer ${ada.token}`;
  const headers = { authorization, "content-type": "application/json" };
  const post = (body: BodyInit) => raw("/function-models", { method: "POST", headers, body });
  const deep = 100_000;
  const cases: [string, BodyInit, number, string][] = [
    ["half an object", '{"name": "Half', 400, "INVALID_REQUEST"],
    ["words", "name=Good", 400, "INVALID_REQUEST"],
    ["nothing", "", 400, "INVALID_REQUEST"],
    ["bytes that are no text", new Uint8Array([0xff, 0xfe, 0x00]), 400, "INVALID_REQUEST"],
    ["100,000 brackets", `{"name":${"[".repeat(deep)}${"]".repeat(deep)}}`, 400, "INVALID_REQUEST"],
    ["10 MB", `{"name":"${"x".repeat(10_000_000)}"}`, 413, "PAYLOAD_TOO_LARGE"],
  ];
  for (const [name, body, status, code] of cases) {
    await t.step(name, async () => checkRefusal(await post(body), status, code));
  }
  await ada.expect(200, "GET", "/function-models");
});

Deno.test("a request keeps its name, and browsers are let in", async () => {
  const ada = await Person.signUp("Ada");
  const headers = { "x-request-id": crypto.randomUUID() };
  const answer = await ada.call("GET", "/function-models", { headers });
  assert.equal(answer.headers.get("x-request-id"), headers["x-request-id"]);
  assert.equal(answer.headers.get("access-control-allow-origin"), "*");

  const preflight = await raw("/function-models", {
    method: "OPTIONS",
    headers: { origin: "https://example.com", "access-control-request-method": "POST" },
  });
  assert.ok(preflight.status < 300);
  assert.match(preflight.headers.get("access-control-allow-headers") ?? "", /if-match/i);
});
