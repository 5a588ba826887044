// Live progress over Realtime's private channels.

import assert from "node:assert/strict";

import type { RealtimeChannel } from "@supabase/supabase-js";

import { Design, ended } from "./support/design.ts";
import { type Json, Person } from "./support/person.ts";
import { OrderService } from "./support/order_service.ts";

/** The socket of supabase-js keeps timers of its own past a test. */
const live = { sanitizeOps: false, sanitizeResources: false };

/** Joins a private channel; answers its status, and its messages as they arrive. */
async function join(person: Person, topic: string, event: string) {
  const messages: Json[] = [];
  await person.client.realtime.setAuth(person.token);
  const channel: RealtimeChannel = person.client.channel(topic, { config: { private: true } });
  channel.on("broadcast", { event }, ({ payload }: Json) => messages.push(payload));
  const status = await new Promise<string>((resolve) =>
    channel.subscribe((status) => resolve(status))
  );
  return { status, messages };
}

async function eventually(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!holds()) {
    if (Date.now() > deadline) assert.fail(what);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

Deno.test({
  ...live,
  name: "a run is watched live by its owner and by nobody else",
  fn: async () => {
    await using service = new OrderService();
    const ada = await Person.signUp("Ada");
    const eve = await Person.signUp("Eve");
    const { design, stage } = await Design.small(ada, "Watched work");
    const slow = await design.tether(stage, "Slow", service.url("slow", "slow", 2000));
    await design.tether(stage, "Quick", service.url("instant", "quick"));
    await design.publish();

    const { executionId } = await design.start({ order: "E-1" });
    const topic = `execution:${executionId}`;
    const [watching, peeking] = await Promise.all([
      join(ada, topic, "progress"),
      join(eve, topic, "progress"),
    ]);
    assert.equal(watching.status, "SUBSCRIBED");
    assert.equal(peeking.status, "CHANNEL_ERROR");

    await ended(ada, executionId);
    await eventually("the last message", () => watching.messages.at(-1)?.status === "completed");
    const { messages } = watching;
    assert.ok(messages.every((message) => message.executionId === executionId));
    const percentages = messages.map((message) => message.progress.percentage);
    assert.deepEqual(percentages, percentages.toSorted((a, b) => a - b), "progress never falls");
    const changes = messages.flatMap((message) => message.actions);
    assert.ok(changes.some((action) => action.actionId === slow && action.status === "completed"));
    assert.equal(peeking.messages.length, 0);
    await Promise.all([ada.leave(), eve.leave()]);
  },
});

Deno.test({
  ...live,
  name: "changes of a model reach those who may see it, with its revision",
  fn: async () => {
    const ada = await Person.signUp("Ada");
    const eve = await Person.signUp("Eve");
    const design = await Design.begin(ada, "Edited together");
    const topic = `function_model:${design.modelId}`;
    const watching = await join(ada, topic, "changed");
    const peeking = await join(eve, topic, "changed");
    assert.equal(watching.status, "SUBSCRIBED");
    assert.equal(peeking.status, "CHANNEL_ERROR");

    const changed = await ada.expect(200, "PATCH", design.path, { description: "Better" });
    await eventually("a message", () => watching.messages.length > 0);
    assert.equal(watching.messages[0].modelId, design.modelId);
    assert.equal(watching.messages[0].revision, changed.revision);

    await ada.refused(422, "MODEL_NAME_INVALID", "PATCH", design.path, { body: { name: "x" } });
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal(watching.messages.length, 1, "a refused change is not told");
    assert.equal(peeking.messages.length, 0);
    await Promise.all([ada.leave(), eve.leave()]);
  },
});
