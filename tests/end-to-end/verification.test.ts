// Operators compare what is stored with what the events say. What this leaves behind is corrupted and
// rebuilt by `scripts/src/test/verification.rs`, which can write past the guards of the database.

import assert from "node:assert/strict";

import { agentOf, NOTHING } from "./support/agents.ts";
import { Design } from "./support/design.ts";
import { type Answer, checkRefusal, type Json, type Method, Person } from "./support/person.ts";
import { stack } from "./support/stack.ts";

/** Asks as the service. */
async function service(method: Method, path: string): Promise<Answer> {
  const response = await fetch(`${stack.url}/functions/v1/api${path}`, {
    method,
    headers: { apikey: stack.secretKey },
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** One of everything that events tell. */
async function things() {
  const ada = await Person.signUp("Ada");
  const { organizationId } = await ada.expect(201, "POST", "/organizations", {
    name: "Draft & Co",
  });
  await ada.expect(200, "PATCH", `/organizations/${organizationId}`, { name: "Rebuilt & Co" });
  const bob = await Person.signUp("Bob");
  const email = (await bob.client.auth.getUser(bob.token)).data.user?.email;
  const invited = { email, role: "editor" };
  const path = `/organizations/${organizationId}/invitations`;
  const { token } = await ada.expect(201, "POST", path, invited);
  await bob.expect(200, "POST", `/invitations/${token}/accept`, {});
  const { design, stage } = await Design.small(ada, "To be rebuilt", organizationId);
  await design.action(stage, "Read", "kbNode", {
    kbReferenceId: crypto.randomUUID(),
    shortDescription: "How it is done",
    searchKeywords: ["order"],
  }, { estimatedDurationMinutes: 2.5, description: "Look it up" });
  await ada.expect(200, "PATCH", design.path, {
    description: "First",
    metadata: { tags: ["rebuilt"], note: null },
  });
  await design.publish();
  const { design: other, stage: target } = await Design.small(ada, "Linked", organizationId);
  const link = await ada.expect(201, "POST", "/node-links", {
    sourceFeature: "function-model",
    targetFeature: "function-model",
    sourceEntityId: design.modelId,
    targetEntityId: other.modelId,
    sourceNodeId: stage,
    targetNodeId: target,
    linkType: "references",
    linkStrength: 0.4,
    linkContext: { why: "order" },
  });
  await ada.expect(200, "PATCH", `/node-links/${link.linkId}`, { linkStrength: 0.85 });
  const nodeId = crypto.randomUUID();
  const agentId = await agentOf(ada, design.modelId, "Clerk", {
    fields: { nodeId, description: "Knows orders" },
  });
  await ada.expect(200, "PATCH", `/ai-agents/${agentId}`, { instructions: "Check twice." });
  await ada.expect(200, "POST", `/ai-agents/${agentId}/disable`);
  return {
    ada,
    ids: {
      "function-model": design.modelId,
      "node-link": link.linkId,
      "ai-agent": agentId,
      "organization": organizationId,
    } as Record<string, string>,
  };
}

Deno.test("operators ask for the verification of what is stored, and rebuild it", async (t) => {
  const { ada, ids } = await things();
  for (const [type, id] of Object.entries(ids)) {
    await t.step(type, async () => {
      const one = `/verification/${type}/${id}`;
      const found = await service("GET", one);
      assert.equal(found.status, 200, JSON.stringify(found.body));
      assert.deepEqual(found.body.differences, []);
      assert.equal(found.body.intact, true);
      assert.ok(found.body.streamVersion > 1);
      const rebuilt = await service("POST", `${one}/rebuild`);
      assert.deepEqual([rebuilt.status, rebuilt.body], [200, found.body]);
      await ada.refused(403, "FORBIDDEN", "GET", one);
      await ada.refused(403, "FORBIDDEN", "POST", `${one}/rebuild`);
      await ada.refused(403, "FORBIDDEN", "GET", `/verification/${type}`);
      const missing = await service("GET", `/verification/${type}/${NOTHING}`);
      checkRefusal(missing, 404, "AGGREGATE_NOT_FOUND");
      const wrong = await service("GET", `/verification/${type}?limit=101`);
      checkRefusal(wrong, 400, "INVALID_REQUEST");
    });
  }
  checkRefusal(await service("GET", "/verification/execution"), 400, "INVALID_REQUEST");
});

Deno.test("the verification of everything goes page by page", async () => {
  const { ids } = await things();
  const links: Json[] = [];
  let after: string | undefined;
  do {
    const query = `limit=2${after ? `&after=${after}` : ""}`;
    const page = await service("GET", `/verification/node-link?${query}`);
    assert.equal(page.status, 200, JSON.stringify(page.body));
    links.push(...page.body.broken);
    after = page.body.after;
  } while (after && after < ids["node-link"]!);
  assert.ok(!links.some((verdict) => verdict.aggregateId === ids["node-link"]));
});
