// A command that is sent twice is carried out once.

import assert from "node:assert/strict";

import { all, Design, ended } from "./support/design.ts";
import { Person } from "./support/person.ts";
import { OrderService } from "./support/order_service.ts";

Deno.test("a repeated command gets the first answer, and another body is refused", async () => {
  const ada = await Person.signUp("Ada");
  const headers = { "idempotency-key": crypto.randomUUID() };
  const create = (name: string) =>
    ada.call("POST", "/function-models", { body: { name }, headers });
  const first = await create("Made once");
  const second = await create("Made once");
  assert.equal(first.status, 201);
  assert.equal(second.status, 201);
  assert.deepEqual(second.body, first.body);
  assert.equal(second.headers.get("location"), first.headers.get("location"));
  assert.equal((await all(ada, "/function-models")).length, 1);
  await ada.refused(409, "IDEMPOTENCY_KEY_REUSED", "POST", "/function-models", {
    body: { name: "Made twice" },
    headers,
  });
  const bob = await Person.signUp("Bob");
  const other = await bob.call("POST", "/function-models", {
    body: { name: "Made once" },
    headers,
  });
  assert.equal(other.status, 201, "a key belongs to one person");
  assert.notEqual(other.body.modelId, first.body.modelId);
});

Deno.test("a run that is started ten times at once with one key runs once", async () => {
  await using service = new OrderService();
  const ada = await Person.signUp("Ada");
  const { design, stage } = await Design.small(ada, "Started once");
  await design.tether(stage, "Do it", service.url("instant", "it"));
  await design.publish();
  const headers = { "idempotency-key": crypto.randomUUID() };
  const body = { parameters: { order: "G-1" } };
  const starts = Array.from(
    { length: 10 },
    () => ada.call("POST", `${design.path}/executions`, { body, headers }),
  );
  const answers = await Promise.all(starts);
  assert.deepEqual(new Set(answers.map((answer) => answer.status)), new Set([202]));
  const ids = new Set(answers.map((answer) => answer.body.executionId));
  assert.equal(ids.size, 1);
  await ended(ada, answers[0]?.body.executionId);
  assert.equal((await all(ada, `${design.path}/executions`)).length, 1);
  assert.equal(service.asked("it").length, 1);
});
