// Parts are killed in the middle of a run. These tests need a stack of ours on this machine.

import assert from "node:assert/strict";

import { actionsOf, Design, ended } from "./support/design.ts";
import { checkRefusal, Person } from "./support/person.ts";
import { OrderService } from "./support/order_service.ts";
import { kill, stack } from "./support/stack.ts";

const NAMES = ["one", "two", "three", "four", "five", "six"];

/** Three stages of two slow actions each. */
async function slowModel(person: Person, service: OrderService): Promise<Design> {
  const design = await Design.begin(person, "Long work");
  let before = await design.input();
  for (const stage of [0, 1, 2]) {
    before = await design.stage(`Stage ${stage + 1}`, [before]);
    for (const name of NAMES.slice(2 * stage, 2 * stage + 2)) {
      const url = service.url("slow", name, 700);
      await design.tether(before, name, url, {
        executionMode: stage === 1 ? "parallel" : "sequential",
      });
    }
  }
  await design.output([before]);
  await design.publish();
  return design;
}

for (const part of ["functions", "postgres"] as const) {
  Deno.test({
    name: `a run goes on by itself when ${part} is killed, and nothing is done twice`,
    ignore: !stack.local,
    fn: async () => {
      await using service = new OrderService();
      const ada = await Person.signUp("Ada");
      const design = await slowModel(ada, service);
      const { executionId } = await design.start({ order: "H-1" });
      await service.waitFor("three");
      await kill(part);
      const run = await ended(ada, executionId, 60);
      assert.equal(run.status, "completed", JSON.stringify(run.errors));
      for (const name of NAMES) {
        const keys = new Set(service.asked(name).map((call) => call.key));
        assert.equal(keys.size, 1, `every call for ${name} carries the same key`);
        assert.equal(service.done(name), 1, name);
      }
      const completed = actionsOf(run).filter((result) => result.status === "completed");
      assert.equal(completed.length, NAMES.length);
    },
  });
}

Deno.test({
  name: "a panic is answered with 500 and the name of the request, and the next request works",
  ignore: !stack.panic,
  fn: async () => {
    const ada = await Person.signUp("Ada");
    const headers = { "x-test-panic": stack.panic ?? "", "x-request-id": crypto.randomUUID() };
    const answer = await ada.call("GET", "/function-models", { headers });
    checkRefusal(answer, 500, "INTERNAL_ERROR");
    assert.equal(answer.headers.get("x-request-id"), headers["x-request-id"]);
    assert.doesNotMatch(JSON.stringify(answer.body), /panic/i, "the cause stays inside");
    await ada.expect(200, "GET", "/function-models");
  },
});
