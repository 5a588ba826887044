// Validation tells all problems at once; publishing can be tried.

import assert from "node:assert/strict";

import { Design } from "./support/design.ts";
import { type Json, Person } from "./support/person.ts";

const uuid = () => crypto.randomUUID();

Deno.test("validation tells everything, where it is and what to do", async (t) => {
  const ada = await Person.signUp("Ada");
  const bob = await Person.signUp("Bob");
  const { design, stage: work } = await Design.small(ada, "Validated in depth");
  const data = { tetherReferenceId: uuid() };
  const metadata = { contextSizeMb: 2000, policy: { requiresAuth: true } };
  await design.action(work, "Call", "tetherNode", data, { metadata });
  const validate = (body: Json) => ada.expect(200, "POST", `${design.path}/validate`, body);

  await t.step("all levels, errors apart from warnings", async () => {
    const report = await validate({});
    assert.equal(report.isValid, false);
    const levels = [
      "structural",
      "business-rules",
      "execution-readiness",
      "context",
      "cross-feature",
    ];
    assert.deepEqual(Object.keys(report.categories).sort(), levels.sort());
    const errors = Object.values(report.categories).flatMap((category: Json) => category.errors);
    const codes = errors.map((finding: Json) => finding.code);
    for (
      const code of [
        "AUTH_METHOD_MISSING",
        "ACTION_NOT_READY",
        "CONTEXT_TOO_LARGE",
        "REFERENCE_MISSING",
      ]
    ) {
      assert.ok(codes.includes(code), `${code} among ${codes}`);
    }
    const missing = errors.find((finding: Json) => finding.code === "REFERENCE_MISSING");
    assert.equal(missing.path, "nodes[1].actions[0].actionSpecificData.tetherReferenceId");
    const all: Json[] = Object.values(report.categories).flatMap((
      c: Json,
    ) => [...c.errors, ...c.warnings]);
    assert.ok(all.every((finding) => typeof finding.path === "string" && finding.advice));
    assert.equal(report.totals.errors, errors.length);
  });

  await t.step("one level at a time", async () => {
    for (
      const level of [
        "structural",
        "business-rules",
        "execution-readiness",
        "context",
        "cross-feature",
      ]
    ) {
      const report = await validate({ level });
      assert.deepEqual(Object.keys(report.categories), [level]);
    }
    await ada.refused(400, "INVALID_REQUEST", "POST", `${design.path}/validate`, {
      body: { level: "deep" },
    });
  });

  await t.step("for a run, of a snapshot, by a stranger", async () => {
    const report = await validate({ level: "execution-readiness", forExecution: true });
    const codes = report.categories["execution-readiness"].errors.map((finding: Json) =>
      finding.code
    );
    assert.ok(codes.includes("NO_PUBLISHED_SNAPSHOT"));
    const first = await validate({ versionNumber: "1.0.0", level: "structural" });
    assert.ok(
      first.categories.structural.errors.some((finding: Json) => finding.code === "NO_INPUT"),
    );
    const missing = { body: { versionNumber: "9.0.0" } };
    await ada.refused(404, "VERSION_NOT_FOUND", "POST", `${design.path}/validate`, missing);
    await bob.refused(404, "FUNCTION_MODEL_NOT_FOUND", "POST", `${design.path}/validate`, {
      body: {},
    });
  });

  await t.step("business rules by stage", async () => {
    const path = `${design.path}/validate-business-rules`;
    const report = await ada.expect(200, "POST", path, {});
    assert.deepEqual([report.isValid, report.finalStatus], [false, "validation-blocked"]);
    assert.equal(report.totals.errors + report.totals.warnings, report.findings.length);
    const empty = await Design.begin(ada, "Not begun");
    const rules = `${empty.path}/validate-business-rules`;
    assert.equal((await ada.expect(200, "POST", rules, { stage: "publish" })).isValid, false);
    assert.equal((await ada.expect(200, "POST", rules, { stage: "draft-edit" })).isValid, true);
    await ada.refused(404, "VERSION_NOT_FOUND", "POST", path, { body: { versionNumber: "9.0.0" } });
    await ada.refused(400, "INVALID_REQUEST", "POST", path, { body: { stage: "late" } });
    await bob.refused(404, "FUNCTION_MODEL_NOT_FOUND", "POST", path, { body: {} });
  });

  await t.step("publishing can be tried", async () => {
    const path = `${design.path}/publish?dryRun=true`;
    const refusal = await ada.refused(422, "WORKFLOW_INVALID", "POST", path, {
      body: { version: "1.0.1" },
    });
    assert.ok(refusal.findings.every((finding: Json) => finding.path && finding.advice));
    const { design: sound } = await Design.small(ada, "Tried before");
    const tried = await ada.expect(200, "POST", `${sound.path}/publish?dryRun=true`, {
      version: "1.0.1",
    });
    assert.deepEqual([tried.dryRun, tried.version, tried.versionId], [true, "1.0.1", undefined]);
    const model = await ada.expect(200, "GET", sound.path);
    assert.deepEqual([model.status, model.version, model.revision], [
      "draft",
      "1.0.0",
      model.revision,
    ]);
    for (
      const [version, status, code] of [
        ["one", 422, "VERSION_INVALID"],
        ["1.0.0", 422, "VERSION_NOT_GREATER"],
        ["1.0.2", 422, "VERSION_INCREMENT_INVALID"],
      ] as const
    ) {
      await ada.refused(status, code, "POST", `${sound.path}/publish?dryRun=true`, {
        body: { version },
      });
    }
    await sound.publish("1.0.1");
    await ada.refused(422, "MODEL_ALREADY_PUBLISHED", "POST", `${sound.path}/publish?dryRun=true`, {
      body: { version: "1.0.2" },
    });
  });
});
