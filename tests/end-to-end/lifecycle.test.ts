// Versions, copies, archiving: every refusal of UC-007 and UC-008, and what they do.

import assert from "node:assert/strict";

import { Design } from "./support/design.ts";
import { type Json, type Method, Person } from "./support/person.ts";
import { busy, linked, nesting, sound } from "./support/lifecycle.ts";
import { OrderService } from "./support/order_service.ts";

Deno.test("a version keeps a draft, and reopens what is published", async () => {
  const ada = await Person.signUp("Ada");
  const design = await sound(ada, "Versioned work");
  const made = await ada.expect(201, "POST", `${design.path}/versions`, {
    bump: "minor",
    versionNotes: "first draft",
  });
  assert.deepEqual(
    [made.previousVersion, made.version, made.versionType, made.versionCount, made.status],
    ["1.0.0", "1.1.0", "minor", 2, "draft"],
  );
  assert.equal(made.changes.containers.added.length, 3);
  assert.equal(made.changes.suggestedBump, "minor");
  const version = await ada.expect(200, "GET", `${design.path}/versions/1.1.0`);
  assert.equal(version.versionId, made.versionId);
  assert.equal(version.notes, "first draft");
  assert.equal(version.previousVersion, "1.0.0");

  await design.publish("1.2.0");
  const reopened = await ada.expect(201, "POST", `${design.path}/versions`, { version: "2.0.0" });
  assert.deepEqual([reopened.status, reopened.versionId], ["draft", undefined]);
  assert.equal(reopened.changes.isIdentical, true);
  const run = await design.start({ order: "F-1" });
  assert.equal(run.versionNumber, "1.2.0");
  const history = await ada.expect(200, "GET", `${design.path}/versions`);
  assert.deepEqual(
    history.items.map((item: Json) => [item.versionNumber, item.isPublished]),
    [["1.2.0", true], ["1.1.0", false], ["1.0.0", false]],
  );
  await design.publish("2.0.0");
  const events = await ada.expect(200, "GET", `${design.path}/events?limit=100`);
  const types = events.items.map((event: Json) => event.eventType);
  assert.equal(
    types.filter((type: string) => type === "FunctionModelVersionCreated").length,
    3,
    String(types),
  );
});

Deno.test("two versions are compared, and an old one is taken up", async () => {
  const ada = await Person.signUp("Ada");
  const design = await sound(ada, "Compared work");
  await ada.expect(201, "POST", `${design.path}/versions`, { bump: "minor" });
  const added = await design.stage("One more", []);
  await ada.expect(200, "PATCH", design.path, { metadata: { tags: ["new"] } });
  const compare = (query: string) =>
    ada.expect(200, "GET", `${design.path}/versions/compare?${query}`);

  const working = await compare("from=1.1.0&to=working");
  assert.deepEqual(working.changes.containers.added.map((part: Json) => part.id), [added]);
  assert.deepEqual(working.changes.metadataChanges, { tags: { value: ["new"] } });
  assert.deepEqual(
    [working.changes.isBreaking, working.changes.suggestedBump],
    [false, "minor"],
  );
  const backwards = await compare("from=1.1.0&to=1.0.0");
  assert.deepEqual(
    [backwards.changes.isBreaking, backwards.changes.suggestedBump],
    [true, "major"],
  );
  assert.equal(backwards.changes.containers.removed.length, 3);

  const before = await ada.expect(200, "GET", design.path);
  const back = await ada.expect(200, "POST", `${design.path}/versions/1.1.0/restore`, {});
  assert.equal(back.version, before.version);
  assert.equal((await compare("from=1.1.0")).changes.isIdentical, true);
  await ada.expect(200, "POST", `${design.path}/versions/1.0.0/restore`, {});
  assert.deepEqual((await ada.expect(200, "GET", `${design.path}/nodes`)).items, []);
  await ada.expect(200, "POST", `${design.path}/versions/1.1.0/restore`, {});
  assert.equal((await compare("from=1.1.0")).changes.isIdentical, true);
  await design.publish("1.2.0");
});

Deno.test("numbers and states decide about a version", async (t) => {
  const ada = await Person.signUp("Ada");
  const bob = await Person.signUp("Bob");
  const design = await sound(ada, "Refused work");
  const path = `${design.path}/versions`;
  const rows: [string, number, string, Json][] = [
    ["neither", 400, "INVALID_REQUEST", {}],
    ["both", 400, "INVALID_REQUEST", { bump: "minor", version: "1.1.0" }],
    ["an unknown bump", 400, "INVALID_REQUEST", { bump: "huge" }],
    ["an unknown field", 400, "INVALID_REQUEST", { bump: "minor", note: "x" }],
    ["malformed", 422, "VERSION_INVALID", { version: "v2" }],
    ["a prerelease", 422, "VERSION_INVALID", { version: "1.0.1-rc.1" }],
    ["not greater", 422, "VERSION_NOT_GREATER", { version: "1.0.0" }],
    ["skips", 422, "VERSION_INCREMENT_INVALID", { version: "1.2.0" }],
    ["long notes", 422, "NOTES_INVALID", { bump: "minor", versionNotes: "x".repeat(2001) }],
  ];
  for (const [what, status, code, body] of rows) {
    await t.step(what, async () => void await ada.refused(status, code, "POST", path, { body }));
  }
  const body = { bump: "patch" };
  await t.step("strangers and viewers", async () => {
    await bob.refused(404, "FUNCTION_MODEL_NOT_FOUND", "POST", path, { body });
    await share(ada, design, { viewers: [bob.id] });
    const refusal = await bob.refused(403, "FORBIDDEN", "POST", path, { body });
    assert.equal(refusal.required, "edit");
  });
  await t.step("a stale revision", async () => {
    const headers = { "if-match": '"1"' };
    const refusal = await ada.refused(412, "REVISION_CONFLICT", "POST", path, { body, headers });
    assert.ok(refusal.currentRevision > 1);
  });
  await t.step("a repetition issues no second number", async () => {
    const headers = { "idempotency-key": crypto.randomUUID() };
    const first = await ada.expect(201, "POST", path, body, headers);
    const again = await ada.expect(201, "POST", path, body, headers);
    assert.deepEqual(again, first);
  });
  await t.step("archived and deleted", async () => {
    const other = await sound(ada, "Archived work");
    await ada.expect(200, "POST", `${other.path}/archive`, {});
    const refusal = await ada.refused(422, "MODEL_ARCHIVED", "POST", `${other.path}/versions`, {
      body,
    });
    assert.equal(refusal.from, "archived");
    await ada.expect(200, "DELETE", design.path);
    await ada.refused(422, "MODEL_DELETED", "POST", path, { body });
  });
  await t.step("comparing and taking up", async () => {
    const other = await sound(ada, "Read work");
    const at = `${other.path}/versions`;
    const missing = "VERSION_NOT_FOUND";
    await ada.refused(400, "INVALID_REQUEST", "GET", `${at}/compare`);
    await ada.refused(404, missing, "GET", `${at}/compare?from=1.0.0&to=3.0.0`);
    await ada.refused(404, missing, "GET", `${at}/compare?from=working`);
    await ada.refused(404, missing, "GET", `${at}/9.9.9`);
    await ada.refused(404, missing, "POST", `${at}/9.9.9/restore`, { body: {} });
    await bob.refused(404, "FUNCTION_MODEL_NOT_FOUND", "GET", `${at}/compare?from=1.0.0`);
    await other.publish("1.1.0");
    await ada.refused(422, "MODEL_PUBLISHED", "POST", `${at}/1.0.0/restore`, { body: {} });
  });
});

Deno.test("a copy has new identifiers and nobody's rights", async () => {
  const ada = await Person.signUp("Ada");
  const bob = await Person.signUp("Bob");
  const design = await sound(ada, "Copied work");
  await ada.expect(201, "POST", `${design.path}/versions`, { bump: "minor" });
  const path = `${design.path}/duplicate`;
  await bob.refused(404, "FUNCTION_MODEL_NOT_FOUND", "POST", path, { body: { name: "Mine" } });
  await share(ada, design, { viewers: [bob.id] });
  const copy = await bob.call("POST", path, { body: { name: "Mine", versionNumber: "1.1.0" } });
  assert.equal(copy.status, 201, JSON.stringify(copy.body));
  assert.deepEqual(
    [copy.body.status, copy.body.version, copy.body.userId, copy.body.permissions.viewers],
    ["draft", "1.0.0", bob.id, []],
  );
  const own = await bob.expect(200, "GET", `/function-models/${copy.body.modelId}/nodes`);
  const originals = await ada.expect(200, "GET", `${design.path}/nodes`);
  const ids = new Set(originals.items.map((node: Json) => node.nodeId));
  assert.equal(own.items.length, 3);
  assert.ok(own.items.every((node: Json) => !ids.has(node.nodeId)));
  const events = await bob.expect(200, "GET", `/function-models/${copy.body.modelId}/events`);
  assert.equal(events.items[0].data.duplicatedFrom, design.modelId);

  const rows: [number, string, Json][] = [
    [409, "MODEL_NAME_TAKEN", { name: "Mine" }],
    [422, "MODEL_NAME_INVALID", { name: "x" }],
    [404, "VERSION_NOT_FOUND", { name: "Other", versionNumber: "8.0.0" }],
    [403, "FORBIDDEN", { name: "Other", organizationId: crypto.randomUUID() }],
    [400, "INVALID_REQUEST", {}],
  ];
  for (const [status, code, body] of rows) await bob.refused(status, code, "POST", path, { body });
  await ada.expect(200, "DELETE", design.path);
  await ada.refused(422, "MODEL_DELETED", "POST", path, { body: { name: "Too late" } });
});

Deno.test("archiving tells the risk, removes links and takes drafts along", async () => {
  const ada = await Person.signUp("Ada");
  const inner = await sound(ada, "Old work");
  const outer = await nesting(ada, "Draft around it", inner);
  const other = await sound(ada, "Neighbour");
  const links = [
    await linked(ada, inner, other, "references"),
    await linked(ada, other, inner, "triggers"),
  ];
  const assessment = await ada.expect(200, "GET", `${inner.path}/archive-assessment`);
  assert.deepEqual(assessment.blockers, []);
  const risk = assessment.riskAssessment;
  assert.deepEqual(
    [risk.riskLevel, risk.internalNodes, risk.externalLinks, risk.criticalLinks],
    ["low", 4, 2, 1],
  );
  assert.equal(risk.dependentModels, 1);
  assert.deepEqual(risk.warnings.map((warning: Json) => warning.code), ["CRITICAL_LINKS"]);

  const archived = await ada.expect(200, "POST", `${inner.path}/archive`, {
    reason: "replaced",
    cleanupCrossFeatureLinks: true,
    cascadeToDrafts: true,
  });
  assert.equal(archived.status, "archived");
  assert.deepEqual(archived.removedLinks.toSorted(), links.toSorted());
  assert.deepEqual(archived.cascaded, [outer.modelId]);
  assert.equal((await ada.expect(200, "GET", outer.path)).status, "archived");
  for (const link of links) {
    await ada.refused(404, "LINK_NOT_FOUND", "GET", `/node-links/${link}`);
  }
  const events = await ada.expect(200, "GET", `${inner.path}/events?limit=100`);
  const last = events.items.at(-1);
  assert.equal(last.eventType, "FunctionModelArchived");
  assert.deepEqual([last.data.reason, last.data.previousStatus], ["replaced", "draft"]);
});

Deno.test("what forbids archiving is refused by name", async (t) => {
  const ada = await Person.signUp("Ada");
  const bob = await Person.signUp("Bob");
  const inner = await sound(ada, "Nested work");
  await inner.publish("1.1.0");
  const outer = await nesting(ada, "Nesting work", inner);
  await outer.publish("1.1.0");
  const path = `${inner.path}/archive`;
  await t.step("nested by a published model, of somebody else too", async () => {
    const refusal = await ada.refused(422, "MODEL_IN_USE", "POST", path, { body: {} });
    assert.deepEqual(refusal.dependents, [outer.modelId]);
    await share(ada, inner, { viewers: [bob.id] });
    const hidden = await nesting(bob, "Hidden nesting", inner);
    await hidden.publish("1.1.0");
    await ada.expect(200, "POST", `${outer.path}/archive`, {});
    const still = await ada.refused(422, "MODEL_IN_USE", "POST", path, { body: {} });
    assert.deepEqual([still.dependents, still.hiddenDependents], [[], 1]);
    const assessment = await ada.expect(200, "GET", `${inner.path}/archive-assessment`);
    assert.deepEqual(assessment.blockers.map((one: Json) => one.code), ["MODEL_IN_USE"]);
    await bob.expect(200, "DELETE", hidden.path);
  });
  await t.step("a run that has not ended", async () => {
    await using service = new OrderService();
    const { design, executionId } = await busy(ada, "Busy work", service);
    const at = `${design.path}/archive`;
    await ada.refused(422, "EXECUTIONS_ACTIVE", "POST", at, { body: {} });
    await ada.expect(200, "POST", `/executions/${executionId}/cancel`, {});
    await ada.expect(200, "POST", at, {});
  });
  await t.step("a high risk, when that is enforced", async () => {
    const risky = await Design.begin(ada, "Risky work");
    for (let n = 0; n < 12; n++) {
      await linked(ada, risky, await Design.begin(ada, `Target ${n}`), "triggers");
    }
    const refusal = await ada.refused(
      422,
      "ARCHIVE_RISK_TOO_HIGH",
      "POST",
      `${risky.path}/archive`,
      { body: { enforceRiskAssessment: true } },
    );
    assert.deepEqual(refusal.risks, ["MANY_LINKS", "CRITICAL_LINKS"]);
    const archived = await ada.expect(200, "POST", `${risky.path}/archive`, {});
    assert.equal(archived.riskAssessment.riskLevel, "high");
  });
  await t.step("values, rights and states", async () => {
    const design = await Design.begin(ada, "Plain work");
    const at = `${design.path}/archive`;
    const long = { reason: "x".repeat(2001) };
    await ada.refused(422, "REASON_INVALID", "POST", at, { body: long });
    await ada.refused(400, "INVALID_REQUEST", "POST", at, { body: { why: "?" } });
    await bob.refused(404, "FUNCTION_MODEL_NOT_FOUND", "POST", at, { body: {} });
    await share(ada, design, { viewers: [bob.id] });
    const refusal = await bob.refused(403, "FORBIDDEN", "POST", at, { body: {} });
    assert.equal(refusal.required, "archive");
    await bob.refused(403, "FORBIDDEN", "GET", `${design.path}/archive-assessment`);
    await share(ada, design, { archivers: [bob.id] });
    const stale = { body: {}, headers: { "if-match": '"1"' } };
    await bob.refused(412, "REVISION_CONFLICT", "POST", at, stale);
    await bob.expect(200, "POST", at, {});
    const again = await bob.refused(422, "MODEL_ALREADY_ARCHIVED", "POST", at, { body: {} });
    assert.deepEqual([again.from, again.to], ["archived", "archived"]);
    const frozen: [Method, string, Json][] = [
      ["PATCH", design.path, { name: "Other name" }],
      ["POST", `${design.path}/publish`, { version: "1.1.0" }],
      ["POST", `${design.path}/executions`, {}],
    ];
    for (const [method, where, body] of frozen) {
      await ada.refused(422, "MODEL_ARCHIVED", method, where, { body });
    }
    const gone = await Design.begin(ada, "Deleted work");
    await ada.expect(200, "DELETE", gone.path);
    await ada.refused(422, "MODEL_DELETED", "POST", `${gone.path}/archive`, { body: {} });
  });
});

Deno.test("permissions are replaced by those who may, and decide at once", async (t) => {
  const ada = await Person.signUp("Ada");
  const bob = await Person.signUp("Bob");
  const cleo = await Person.signUp("Cleo");
  const { organizationId } = await ada.expect(201, "POST", "/organizations", { name: "Rights" });
  const design = await Design.begin(ada, "Guarded work", organizationId);
  const path = `${design.path}/permissions`;
  const lists = (more: Json) => ({ body: { ...everybody(ada), ...more } });

  await t.step("values", async () => {
    const twice = lists({ viewers: [bob.id, bob.id] });
    const refusal = await ada.refused(422, "PERMISSIONS_INVALID", "PUT", path, twice);
    assert.equal(refusal.errors[0].field, "viewers");
    const nobody = lists({ owner: crypto.randomUUID() });
    await ada.refused(422, "PERMISSIONS_INVALID", "PUT", path, nobody);
    await ada.refused(400, "INVALID_REQUEST", "PUT", path, { body: { viewers: [] } });
  });
  await t.step("each list lets in and lets do what it says", async () => {
    await bob.refused(404, "FUNCTION_MODEL_NOT_FOUND", "GET", design.path);
    await share(ada, design, { viewers: [bob.id] });
    await bob.expect(200, "GET", design.path);
    const refusal = await bob.refused(403, "FORBIDDEN", "PUT", path, lists({}));
    assert.equal(refusal.required, "change-permissions");
    await share(ada, design, { editors: [bob.id] });
    await bob.expect(200, "PATCH", design.path, { description: "Bob was here" });
    await bob.refused(403, "FORBIDDEN", "DELETE", design.path);
    await bob.refused(403, "FORBIDDEN", "PUT", path, lists({ editors: [bob.id] }));
  });
  await t.step("administrators change lists and hand nothing over", async () => {
    await share(ada, design, { administrators: [bob.id] });
    const mine = { administrators: [bob.id], viewers: [cleo.id] };
    await bob.expect(200, "PUT", path, lists(mine).body);
    await cleo.expect(200, "GET", design.path);
    const grab = lists({ ...mine, owner: bob.id });
    const refusal = await bob.refused(403, "FORBIDDEN", "PUT", path, grab);
    assert.equal(refusal.required, "owner");
    await bob.refused(403, "FORBIDDEN", "PATCH", design.path, { body: { description: "x" } });
  });
  await t.step("the owner hands over, and may still as an admin of the organization", async () => {
    const handed = await ada.expect(200, "PUT", path, lists({ owner: bob.id }).body);
    assert.equal(handed.userId, bob.id);
    await cleo.refused(404, "FUNCTION_MODEL_NOT_FOUND", "GET", design.path);
    await ada.expect(200, "PUT", path, lists({}).body);
    await bob.refused(404, "FUNCTION_MODEL_NOT_FOUND", "GET", design.path);
  });
  await t.step("published models take new lists, deleted ones none", async () => {
    const live = await sound(ada, "Live work");
    await live.publish("1.1.0");
    await share(ada, live, { executors: [bob.id] });
    await bob.expect(202, "POST", `${live.path}/executions`, {});
    await ada.expect(200, "DELETE", design.path);
    await ada.refused(422, "MODEL_DELETED", "PUT", path, lists({}));
  });
});

function everybody(owner: Person): Json {
  const none = { editors: [], viewers: [], publishers: [], executors: [], archivers: [] };
  return { owner: owner.id, ...none, administrators: [] };
}

async function share(owner: Person, design: Design, lists: Json): Promise<void> {
  const path = `${design.path}/permissions`;
  await owner.expect(200, "PUT", path, { ...everybody(owner), ...lists });
}
