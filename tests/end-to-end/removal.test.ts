// Who is removed from an organization reads nothing of it from then on, and hears nothing after the next event of their token.

import assert from "node:assert/strict";

import type { RealtimeChannel } from "@supabase/supabase-js";

import { all, Design } from "./support/design.ts";
import { type Json, Person } from "./support/person.ts";

/** What a member reads, and somebody removed does not. */
const TABLES = [
  "organizations",
  "organization_members",
  "function_models",
  "container_nodes",
  "node_dependencies",
  "function_model_versions",
  "workflow_executions",
  "domain_events",
  "audit_logs",
  "workflows",
];

/** A private channel that somebody listens on. */
async function listen(person: Person, topic: string) {
  const heard: Json[] = [];
  const states: string[] = [];
  await person.client.realtime.setAuth(person.token);
  const channel: RealtimeChannel = person.client.channel(topic, { config: { private: true } });
  channel.on("broadcast", { event: "changed" }, ({ payload }: Json) => heard.push(payload));
  await new Promise<void>((resolve) =>
    channel.subscribe((state) => {
      states.push(state);
      resolve();
    })
  );
  return { channel, heard, states };
}

async function eventually(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!holds()) {
    if (Date.now() > deadline) assert.fail(what);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function addressOf(person: Person): Promise<string> {
  const { data, error } = await person.client.auth.getUser(person.token);
  if (error || !data.user.email) throw error ?? new Error("no address");
  return data.user.email;
}

Deno.test({
  name: "who is removed reads nothing at once, and hears nothing after the next token",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async (t) => {
    const ada = await Person.signUp("Ada");
    const bob = await Person.signUp("Bob");
    const { organizationId } = await ada.expect(201, "POST", "/organizations", { name: "Acme" });
    const path = `/organizations/${organizationId}`;
    const email = await addressOf(bob);
    const { token } = await ada.expect(201, "POST", `${path}/invitations`, {
      email,
      role: "editor",
    });
    await bob.expect(200, "POST", `/invitations/${token}/accept`, {});
    const { design, stage } = await Design.small(ada, "Shared work", organizationId);
    await design.workflow("Task", "https://example.com/");
    await design.action(stage, "Read", "kbNode", {
      kbReferenceId: "handbook",
      shortDescription: "The handbook",
    });
    const others = async (table: string) => {
      const { data, error } = await bob.client.from(table).select("*");
      assert.equal(error, null, table);
      // What he did himself, outside of any organization, stays his to read.
      return (data ?? []).filter((row) => row.changed_by !== bob.id || row.organization_id);
    };

    let executionId = "";
    const channels = [
      await listen(bob, `function_model:${design.modelId}`),
      await listen(bob, `organization:${organizationId}`),
    ];
    await t.step("a member reads and hears", async () => {
      assert.deepEqual(channels.map(({ states }) => states), [["SUBSCRIBED"], ["SUBSCRIBED"]]);
      await design.publish();
      ({ executionId } = await design.start({ order: "F-1" }));
      const running = await listen(bob, `execution:${executionId}`);
      assert.deepEqual(running.states, ["SUBSCRIBED"]);
      await bob.client.removeChannel(running.channel);
      await eventually("he hears of it", () => (channels[0]?.heard.length ?? 0) > 0);
      for (const table of TABLES) assert.notEqual((await others(table)).length, 0, table);
      assert.equal((await bob.expect(200, "GET", design.path)).name, "Shared work");
    });

    await ada.expect(204, "DELETE", `${path}/members/${bob.id}`);
    await t.step("the same token reads nothing at once", async () => {
      for (const table of TABLES) assert.deepEqual(await others(table), [], table);
      assert.deepEqual(await all(bob, "/function-models"), []);
      assert.deepEqual(await all(bob, "/organizations"), []);
      await bob.refused(404, "FUNCTION_MODEL_NOT_FOUND", "GET", design.path);
      await bob.refused(404, "ORGANIZATION_NOT_FOUND", "GET", path);
      await bob.refused(404, "FUNCTION_MODEL_NOT_FOUND", "POST", `${design.path}/executions`, {
        body: {},
      });
    });

    await t.step("and joins nothing any more", async () => {
      const again = await listen(bob, `execution:${executionId}`);
      assert.deepEqual(again.states, ["CHANNEL_ERROR"]);
    });

    await t.step("open channels are silent after the next event of the token", async () => {
      const { data, error } = await bob.client.auth.refreshSession();
      assert.equal(error, null);
      await bob.client.realtime.setAuth(data.session?.access_token ?? "");
      await eventually(
        "both channels are shut",
        () =>
          channels.every(({ states, channel }) =>
            states.at(-1) !== "SUBSCRIBED" || channel.state !== "joined"
          ),
      );
      for (const { heard } of channels) heard.length = 0;
      await ada.expect(200, "POST", `${design.path}/archive`, { reason: "Over" });
      await new Promise((resolve) => setTimeout(resolve, 500));
      assert.deepEqual(channels.map(({ heard }) => heard), [[], []]);
    });
    await bob.leave();
  },
});
