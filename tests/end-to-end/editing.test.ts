// Editing, validating and publishing a model.

import assert from "node:assert/strict";

import { Design } from "./support/design.ts";
import { type Json, Person } from "./support/person.ts";

Deno.test("validation lists every finding at once, by category", async () => {
  const ada = await Person.signUp("Ada");
  const design = await Design.begin(ada, "half a model");
  await design.stage("Lonely", []);
  const report = await ada.expect(200, "POST", `${design.path}/validate`, {});
  assert.equal(report.isValid, false);
  assert.equal(report.level, "full");
  assert.equal(Object.keys(report.categories).length, 5);
  const found = Object.values<Json>(report.categories).flatMap((category) => [
    ...category.errors,
    ...category.warnings,
  ]);
  const codes = found.map((finding) => finding.code);
  for (
    const code of [
      "NO_INPUT",
      "NO_OUTPUT",
      "NODE_UNCONNECTED",
      "STAGE_EMPTY",
      "INPUT_BOUNDARY_REQUIRED",
      "NAME_CONVENTION",
    ]
  ) {
    assert.ok(codes.includes(code), `${code} in ${codes}`);
  }
  assert.ok(report.totals.errors >= 3);

  const refusal = await ada.refused(422, "WORKFLOW_INVALID", "POST", `${design.path}/publish`, {
    body: { version: "1.1.0" },
  });
  const blocking = refusal.findings.map((finding: Json) => finding.code);
  assert.ok(blocking.includes("NO_INPUT") && blocking.includes("NO_OUTPUT"), String(blocking));
});

Deno.test("a dependency that closes a circle is refused with the circle", async () => {
  const ada = await Person.signUp("Ada");
  const design = await Design.begin(ada, "Going round");
  const first = await design.stage("First", []);
  const second = await design.stage("Second", [first]);
  const third = await design.stage("Third", [second]);
  const path = `${design.path}/nodes/${first}/dependencies`;
  const refusal = await ada.refused(422, "CIRCULAR_DEPENDENCY", "POST", path, {
    body: { dependencyId: third },
  });
  assert.equal(refusal.cycle.length, 4);
  assert.equal(refusal.cycle[0], refusal.cycle[3]);
  await ada.refused(
    409,
    "DEPENDENCY_ALREADY_EXISTS",
    "POST",
    `${design.path}/nodes/${third}/dependencies`,
    {
      body: { dependencyId: second },
    },
  );
});

Deno.test("nodes and actions are changed and removed", async () => {
  const ada = await Person.signUp("Ada");
  const { design, stage } = await Design.small(ada, "Changing work");
  const moved = await ada.expect(200, "PATCH", `${design.path}/nodes/${stage}`, {
    name: "Renamed",
    position: { x: 12.5, y: 40 },
  });
  assert.deepEqual([moved.name, moved.position], ["Renamed", { x: 12.5, y: 40 }]);
  const action = await design.action(stage, "Read", "kbNode", {
    kbReferenceId: "handbook",
    shortDescription: "The handbook",
  });
  const changed = await ada.expect(200, "PATCH", `${design.path}/actions/${action}`, {
    priority: 9,
  });
  assert.equal(changed.priority, 9);
  await ada.refused(422, "NODE_HAS_DEPENDENTS", "DELETE", `${design.path}/nodes/${stage}`);
  await ada.expect(204, "DELETE", `${design.path}/actions/${action}`);
  const nodes = await ada.expect(200, "GET", `${design.path}/nodes`);
  assert.equal(nodes.items.length, 3);
  await ada.refused(404, "ACTION_NOT_FOUND", "GET", `${design.path}/actions/${action}`);
});

Deno.test("a published version never changes", async () => {
  const ada = await Person.signUp("Ada");
  const { design, stage } = await Design.small(ada, "Finished work");
  await design.action(stage, "Read", "kbNode", {
    kbReferenceId: "handbook",
    shortDescription: "The handbook",
  });
  await design.publish("2.0.0");
  const before = await ada.client.from("function_model_versions").select("*")
    .eq("model_id", design.modelId).eq("is_published", true).single();
  assert.equal(before.data.version_number, "2.0.0");
  const versions = await ada.expect(200, "GET", `${design.path}/versions`);
  assert.equal(versions.items[0].versionNumber, "2.0.0");
  const version = await ada.expect(200, "GET", `${design.path}/versions/2.0.0`);
  assert.deepEqual(version.versionData, before.data.version_data);

  await ada.refused(422, "MODEL_PUBLISHED", "PATCH", design.path, { body: { name: "Other work" } });
  await ada.refused(422, "MODEL_PUBLISHED", "DELETE", `${design.path}/nodes/${stage}`);
  await ada.refused(422, "MODEL_ALREADY_PUBLISHED", "POST", `${design.path}/publish`, {
    body: { version: "3.0.0" },
  });
  const after = await ada.client.from("function_model_versions").select("*")
    .eq("model_id", design.modelId).eq("is_published", true).single();
  assert.deepEqual(after.data, before.data);
});

Deno.test("version numbers go up step by step", async () => {
  const ada = await Person.signUp("Ada");
  const { design, stage } = await Design.small(ada, "Numbered work");
  await design.action(stage, "Read", "kbNode", {
    kbReferenceId: "handbook",
    shortDescription: "The handbook",
  });
  const publish = (version: string) => ({ body: { version } });
  const path = `${design.path}/publish`;
  await ada.refused(422, "VERSION_INVALID", "POST", path, publish("v1"));
  await ada.refused(422, "VERSION_NOT_GREATER", "POST", path, publish("1.0.0"));
  await ada.refused(422, "VERSION_INCREMENT_INVALID", "POST", path, publish("1.5.0"));
  await ada.expect(200, "POST", path, { version: "1.0.1" });
});

Deno.test("two writers never both win on one revision", async () => {
  const ada = await Person.signUp("Ada");
  const design = await Design.begin(ada, "Contested work");
  const read = await ada.call("GET", design.path);
  const etag = read.headers.get("etag") ?? assert.fail("a model has an etag");
  assert.equal(etag, `"${read.body.revision}"`);
  const edits = ["First", "Second"].map((description) =>
    ada.call("PATCH", design.path, { body: { description }, headers: { "if-match": etag } })
  );
  const statuses = (await Promise.all(edits)).map((answer) => answer.status).toSorted();
  assert.deepEqual(statuses, [200, 412]);
  const stale = await ada.refused(412, "REVISION_CONFLICT", "PATCH", design.path, {
    body: { description: "Third" },
    headers: { "if-match": etag },
  });
  assert.equal(stale.currentRevision, read.body.revision + 1);
});

Deno.test("nodes added at the same time are all added", async () => {
  const ada = await Person.signUp("Ada");
  const design = await Design.begin(ada, "Busy canvas");
  await Promise.all([1, 2, 3].map((n) => design.stage(`Stage ${n}`, [])));
  const nodes = await ada.expect(200, "GET", `${design.path}/nodes`);
  assert.equal(nodes.items.length, 3);
});
