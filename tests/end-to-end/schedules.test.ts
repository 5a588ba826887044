// Schedules: made, looked at, changed, fired for, and refused.

import assert from "node:assert/strict";

import { Design, ended } from "./support/design.ts";
import { type Json, Person } from "./support/person.ts";
import { refuses, row, share } from "./support/table.ts";

const HANDBOOK = { kbReferenceId: "handbook", shortDescription: "The handbook" };

Deno.test("a schedule tells when it fires by the wall clock of its zone", async () => {
  const ada = await Person.signUp("Ada");
  const { design, stage } = await Design.small(ada, "Nightly");
  await design.action(stage, "Read", "kbNode", HANDBOOK);
  await design.publish();
  const made = await ada.expect(201, "POST", "/schedules", {
    modelId: design.modelId,
    cronExpression: "30 2 * * *",
    timeZone: "Europe/Berlin",
    startsAt: "2027-03-27T12:00:00Z",
    endsAt: "2027-10-31T12:00:00Z",
  });
  const path = `/schedules/${made.scheduleId}`;
  const found = await ada.expect(200, "GET", path);
  // 02:30 does not exist in Berlin on 28 March 2027: it comes at the first instant after the gap.
  assert.deepEqual(found.nextFires, [
    "2027-03-28T01:00:00.000Z",
    "2027-03-29T00:30:00.000Z",
    "2027-03-30T00:30:00.000Z",
    "2027-03-31T00:30:00.000Z",
    "2027-04-01T00:30:00.000Z",
  ]);
  // And comes twice on 31 October 2027: it fires once, at the first.
  await ada.expect(200, "PATCH", path, { startsAt: "2027-10-30T12:00:00Z" });
  const autumn = await ada.expect(200, "GET", path);
  assert.deepEqual(autumn.nextFires, ["2027-10-31T00:30:00.000Z"]);
  const india = await ada.expect(200, "PATCH", path, {
    timeZone: "Asia/Kolkata",
    startsAt: null,
    endsAt: null,
  });
  assert.ok(india.nextFireAt.endsWith("T21:00:00.000Z"), india.nextFireAt);
  const list = await ada.expect(200, "GET", `/schedules?modelId=${design.modelId}`);
  assert.deepEqual(list.items.map((one: Json) => one.scheduleId), [made.scheduleId]);
  await ada.expect(200, "POST", `${path}/pause`);
  assert.deepEqual((await ada.expect(200, "GET", path)).nextFires, []);
  await ada.expect(200, "POST", `${path}/resume`);
  await ada.expect(204, "DELETE", path);
  await ada.refused(404, "SCHEDULE_NOT_FOUND", "GET", path);
});

Deno.test("a time starts a run in its owner's name, and none once the right is gone", async () => {
  const ada = await Person.signUp("Ada");
  const bob = await Person.signUp("Bob");
  const { design, stage } = await Design.small(ada, "Every minute");
  await design.action(stage, "Read", "kbNode", HANDBOOK);
  await design.publish();
  await share(ada, design.path, { executors: [bob.id] });
  const schedule = (person: Person) =>
    person.expect(201, "POST", "/schedules", {
      modelId: design.modelId,
      cronExpression: "* * * * *",
      overlapPolicy: "allowAll",
    });
  const kept = await schedule(ada);
  const withdrawn = await schedule(bob);
  await share(ada, design.path, { viewers: [bob.id] });
  const fired = await settled(ada, kept.scheduleId);
  assert.equal(fired.lastFire.outcome, "fired");
  assert.equal(fired.lastFire.scheduledFor, kept.nextFireAt);
  const run = await ended(ada, fired.lastFire.executionId);
  assert.equal(run.scheduleId, kept.scheduleId);
  assert.equal(run.scheduledFor, kept.nextFireAt);
  assert.equal(run.startedBy, ada.id);
  const refused = await settled(ada, withdrawn.scheduleId);
  assert.deepEqual([refused.lastFire.outcome, refused.lastFire.code], ["refused", "FORBIDDEN"]);
  const runs = await ada.expect(200, "GET", `${design.path}/executions`);
  const started = runs.items.filter((one: Json) => one.scheduledFor === kept.nextFireAt);
  assert.deepEqual(started.map((one: Json) => one.scheduleId), [kept.scheduleId]);
  for (const one of [kept, withdrawn]) {
    await ada.expect(204, "DELETE", `/schedules/${one.scheduleId}`);
  }
});

/** The schedule once something came of its first time, which is at most a minute away. */
async function settled(person: Person, id: string): Promise<Json> {
  const deadline = Date.now() + 90_000;
  while (Date.now() < deadline) {
    const found = await person.expect(200, "GET", `/schedules/${id}`);
    if (found.lastFire !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error("nothing came of it");
}

Deno.test("what cannot be scheduled is refused with every field", async (t) => {
  const ada = await Person.signUp("Ada");
  const bob = await Person.signUp("Bob");
  const eve = await Person.signUp("Eve");
  const { design, stage } = await Design.small(ada, "Refused");
  await design.action(stage, "Read", "kbNode", HANDBOOK);
  const body = { modelId: design.modelId, cronExpression: "0 9 * * 1-5" };
  const make = row("POST", "/schedules");
  await refuses(t, ada, [make(422, "MODEL_NOT_PUBLISHED", "never published", body)]);
  await design.publish();
  const { scheduleId } = await ada.expect(201, "POST", "/schedules", body);
  const path = `/schedules/${scheduleId}`;
  const change = row("PATCH", path);
  await refuses(t, ada, [
    make(422, "SCHEDULE_INVALID", "six fields", { ...body, cronExpression: "* * * * * *" }, {
      fields: ["cronExpression"],
    }),
    make(422, "SCHEDULE_INVALID", "an unknown zone", { ...body, timeZone: "Mars/Base" }, {
      fields: ["timeZone"],
    }),
    make(422, "SCHEDULE_INVALID", "a short window", { ...body, catchupWindowSeconds: 9 }, {
      fields: ["catchupWindowSeconds"],
    }),
    make(422, "TIMEOUT_INVALID", "no second", { ...body, timeoutSeconds: 0 }),
    make(422, "EXECUTION_CONTEXT_INVALID", "a blank name", { ...body, parameters: { " ": 1 } }),
    make(404, "VERSION_NOT_FOUND", "no version", { ...body, version: "9.9.9" }),
    make(404, "FUNCTION_MODEL_NOT_FOUND", "no model", { ...body, modelId: crypto.randomUUID() }),
    make(400, "INVALID_REQUEST", "an unknown field", { ...body, cron: "* * * * *" }),
    change(422, "NOTHING_TO_CHANGE", "nothing", {}),
    row("POST", `${path}/resume`)(422, "STATUS_TRANSITION_INVALID", "active already", {}),
  ]);
  await share(ada, design.path, { viewers: [bob.id] });
  assert.equal((await bob.expect(200, "GET", path)).scheduleId, scheduleId);
  await refuses(t, bob, [
    make(403, "FORBIDDEN", "a viewer", body, { data: { required: "execute" } }),
    change(403, "FORBIDDEN", "a viewer's change", { timeZone: "UTC" }),
  ]);
  await refuses(t, eve, [
    make(404, "FUNCTION_MODEL_NOT_FOUND", "a stranger", body),
    change(404, "SCHEDULE_NOT_FOUND", "a stranger's change", { timeZone: "UTC" }),
  ]);
});
