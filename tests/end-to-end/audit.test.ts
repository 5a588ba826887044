// Accounting for it: who changed what, what was there, and the proof that the account was not changed.

import assert from "node:assert/strict";

import { Design } from "./support/design.ts";
import { type Json, Person } from "./support/person.ts";
import { stack } from "./support/stack.ts";

/** Asks as the service. */
async function asService(method: string, path: string, body: unknown): Promise<Json> {
  const answer = await fetch(`${stack.url}/functions/v1/api${path}`, {
    method,
    headers: { apikey: stack.secretKey, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const found = await answer.json();
  assert.equal(answer.status, 200, `${path}: ${JSON.stringify(found)}`);
  return found;
}

/** The newest seal once there is one that was made after `since`. */
async function sealAfter(person: Person, since: Date): Promise<Json> {
  for (let tries = 0; tries < 60; tries++) {
    const { items } = await person.expect(200, "GET", "/audit/seals?limit=1");
    if (items.length > 0 && new Date(items[0].sealedAt) > since) return items[0];
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error("nothing was sealed for half a minute");
}

Deno.test("who changed what is reported to those who may see it", async (t) => {
  const [ada, eve] = [await Person.signUp("Ada"), await Person.signUp("Eve")];
  const { organizationId } = await ada.expect(201, "POST", "/organizations", { name: "Ada & Co" });
  const design = await Design.begin(ada, "Order to cash", organizationId);
  const started = new Date();
  await ada.expect(200, "PATCH", design.path, { description: "first" });

  await t.step("by organization, model and person", async () => {
    for (const filter of [`organizationId=${organizationId}`, `modelId=${design.modelId}`]) {
      const { items } = await ada.expect(
        200,
        "GET",
        `/audit?${filter}&tableName=function_models&operation=update&changedBy=${ada.id}`,
      );
      assert.deepEqual(items.map((item: Json) => item.newData.description), ["first"], filter);
      assert.ok(items[0].requestId && items[0].eventId, "why is named");
      assert.equal(items[0].organizationId, organizationId);
    }
  });

  await t.step("as a table", async () => {
    const path = `/functions/v1/api/audit/csv?organizationId=${organizationId}&limit=2`;
    const answer = await fetch(stack.url + path, {
      headers: { apikey: stack.publishableKey, authorization: `Bearer ${ada.token}` },
    });
    assert.equal(answer.headers.get("content-type"), "text/csv");
    assert.match(answer.headers.get("link") ?? "", /audit\/csv\?.*cursor=.*rel="next"/);
    const lines = (await answer.text()).trimEnd().split("\r\n");
    assert.equal(lines.length, 3);
    assert.match(lines[0] ?? "", /^auditId,changedAt,changedBy,/);
  });

  await t.step("what a thing was is told for any time", async () => {
    await ada.expect(200, "PATCH", design.path, { description: "second" });
    const states = `/audit/records/${design.modelId}/states`;
    const model = async (query = "") => {
      const { items } = await ada.expect(200, "GET", states + query);
      return items.find((item: Json) => item.tableName === "function_models")?.state;
    };
    assert.equal((await model()).description, "second");
    assert.equal((await model()).name, "Order to cash");
    const changes = await ada.expect(200, "GET", `/audit?recordId=${design.modelId}`);
    const first = changes.items.find((item: Json) => item.newData?.description === "first");
    assert.equal((await model(`?at=${first.changedAt}`))?.description ?? "first", "first");
    assert.equal(await model("?at=2001-01-01T00:00:00Z"), undefined);
  });

  await t.step("strangers are told nothing", async () => {
    for (
      const path of [`/audit?recordId=${design.modelId}`, `/audit?organizationId=${organizationId}`]
    ) {
      assert.deepEqual((await eve.expect(200, "GET", path)).items, []);
    }
    const { items } = await eve.expect(200, "GET", `/audit/records/${design.modelId}/states`);
    assert.deepEqual(items, []);
    await eve.refused(422, "WINDOW_INVALID", "GET", "/audit?from=2001-01-01T00:00:00Z");
  });

  await t.step("all of it is sealed, and verified by the service alone", async () => {
    const seal = await sealAfter(eve, started);
    const published = `${seal.sealNumber}:${seal.sealHash}`;
    const verify = (published: string) =>
      asService("POST", "/audit/verify", { from: seal.sealNumber, published });
    const found = await verify(published);
    assert.deepEqual([found.intact, found.broken], [true, undefined]);
    assert.ok(found.rows >= seal.rowCount);
    const other = `${seal.sealNumber}:${"0".repeat(64)}`;
    const forged = await verify(other);
    assert.deepEqual(forged.broken, { sealNumber: seal.sealNumber, fault: "unlikePublished" });
    await ada.refused(403, "FORBIDDEN", "POST", "/audit/verify", {});
  });
});

Deno.test("what looks like a secret in a call does not reach the audit log", async () => {
  const ada = await Person.signUp("Ada");
  const { organizationId } = await ada.expect(201, "POST", "/organizations", { name: "Ada & Co" });
  const secret = crypto.randomUUID();
  const definition = {
    method: "POST",
    url: `https://example.com/orders?api_key=${secret}`,
    headers: { authorization: `Bearer ${secret}`, "x-api-key": secret, "x-plain": "shown" },
  };
  const name = "Call";
  await ada.expect(201, "POST", "/workflows", { organizationId, name, definition });
  const { items } = await ada.expect(
    200,
    "GET",
    `/audit?organizationId=${organizationId}&tableName=workflows`,
  );
  assert.equal(items.length, 1);
  const told = JSON.stringify(items);
  assert.ok(!told.includes(secret), told);
  assert.ok(told.includes("shown") && told.includes("[redacted]"), told);
});
