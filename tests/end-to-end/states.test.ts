// Every state that cannot be left for another one: refused, with both states named.

import assert from "node:assert/strict";

import { agentOf, scene, task } from "./support/agents.ts";
import { Design } from "./support/design.ts";
import { asService, busy, sound } from "./support/lifecycle.ts";
import { OrderService } from "./support/order_service.ts";
import { checkRefusal, type Json, Person } from "./support/person.ts";
import { refuses, type Row, row } from "./support/table.ts";

const STATUSES = ["draft", "configured", "active", "inactive", "error", "archived"];

/** The way to a status, and where it leads on. */
const MOVES: Record<string, { way: string[]; next: string[] }> = {
  draft: { way: [], next: ["configured", "active", "archived"] },
  configured: { way: ["configured"], next: ["active", "inactive", "archived"] },
  active: { way: ["active"], next: ["inactive", "archived", "error"] },
  inactive: { way: ["active", "inactive"], next: ["active", "archived"] },
  error: { way: ["active", "error"], next: ["active", "inactive", "archived"] },
  archived: { way: ["archived"], next: [] },
};

Deno.test("containers and actions move as their table says, and no other way", async (t) => {
  const ada = await Person.signUp("Ada");
  const design = await Design.begin(ada, "Moved about");
  const stage = await design.stage("Work", []);
  const data = { kbReferenceId: "handbook", shortDescription: "The handbook" };
  for (const [from, { way, next }] of Object.entries(MOVES)) {
    const node = `/nodes/${await design.stage(`Stage that is ${from}`, [])}`;
    const action = `/actions/${await design.action(stage, `Is ${from}`, "kbNode", data)}`;
    for (const part of [node, action]) {
      const path = design.path + part;
      for (const status of way) await ada.expect(200, "PATCH", path, { status });
      const wrong = STATUSES.filter((status) => !next.includes(status));
      const rows = wrong.map((to) =>
        row("PATCH", path)(
          422,
          "STATUS_TRANSITION_INVALID",
          `${part.split("/")[1]} ${from} to ${to}`,
          { status: to },
          { data: { from, to } },
        )
      );
      await refuses(t, ada, rows);
      assert.equal((await ada.expect(200, "GET", path)).status, from);
    }
  }
});

Deno.test("models move as their table says, and no other way", async (t) => {
  const ada = await Person.signUp("Ada");
  const { organizationId } = await ada.expect(201, "POST", "/organizations", { name: "States" });
  const model = (from: string) => sound(ada, `A ${from} model`, organizationId);
  const of = (design: Design, from: string) => {
    const ask = (action: string, code: string, to: string | undefined, body: Json = {}): Row =>
      row("POST", `${design.path}/${action}`)(422, code, `${from}: ${action}`, body, {
        data: to === undefined ? { from } : { from, to },
      });
    const remove = (code: string): Row =>
      row("DELETE", design.path)(422, code, `${from}: delete`, undefined, {
        data: { from, to: "deleted" },
      });
    return { ask, remove };
  };
  const version = { version: "1.2.0" };

  const draft = of(await model("draft"), "draft");
  await refuses(t, ada, [
    draft.ask("restore", "MODEL_NOT_DELETED", undefined),
    draft.ask("executions", "MODEL_NOT_PUBLISHED", undefined),
  ]);

  const live = await model("published");
  await live.publish();
  const published = of(live, "published");
  await refuses(t, ada, [
    published.ask("publish", "MODEL_ALREADY_PUBLISHED", "published", version),
    published.ask("restore", "MODEL_NOT_DELETED", undefined),
    published.ask("versions/1.0.0/restore", "MODEL_PUBLISHED", undefined),
  ]);

  const old = await model("archived");
  await ada.expect(200, "POST", `${old.path}/archive`, {});
  const archived = of(old, "archived");
  await refuses(t, ada, [
    archived.ask("publish", "MODEL_ARCHIVED", "published", version),
    archived.ask("archive", "MODEL_ALREADY_ARCHIVED", "archived"),
    archived.ask("versions", "MODEL_ARCHIVED", undefined, { bump: "minor" }),
    archived.ask("versions/1.0.0/restore", "MODEL_ARCHIVED", undefined),
    archived.ask("executions", "MODEL_ARCHIVED", undefined),
    archived.ask("restore", "MODEL_NOT_DELETED", undefined),
    archived.remove("MODEL_ARCHIVED"),
  ]);

  const gone = await model("deleted");
  await ada.expect(200, "DELETE", gone.path);
  const deleted = of(gone, "deleted");
  await refuses(t, ada, [
    deleted.ask("publish", "MODEL_DELETED", "published", version),
    deleted.ask("archive", "MODEL_DELETED", "archived"),
    deleted.ask("versions", "MODEL_DELETED", undefined, { bump: "minor" }),
    deleted.ask("versions/1.0.0/restore", "MODEL_DELETED", undefined),
    deleted.ask("executions", "MODEL_DELETED", undefined),
    deleted.remove("MODEL_ALREADY_DELETED"),
  ]);

  await t.step("only what is deleted is purged", async () => {
    for (const [design, from] of [[live, "published"], [old, "archived"]] as const) {
      const answer = await asService("POST", `${design.path}/purge`, {});
      checkRefusal(answer, 422, "MODEL_NOT_DELETED");
      assert.equal(answer.body.from, from);
    }
  });
});

Deno.test("runs move as their table says, and no other way", async (t) => {
  await using service = new OrderService();
  const ada = await Person.signUp("Ada");
  const { design, executionId } = await busy(ada, "Cancelled for good", service);
  const path = `/executions/${executionId}`;
  const states = (from: string, refusals: [string, string, string][]) =>
    refusals.map(([act, code, to]) =>
      row("POST", `${path}/${act}`)(422, code, `${from}: ${act}`, {}, { data: { from, to } })
    );
  await refuses(t, ada, states("running", [["resume", "EXECUTION_NOT_PAUSED", "running"]]));
  const [action] = (await ada.expect(200, "GET", `${design.path}/actions`)).items;
  await refuses(t, ada, [
    row("POST", `${path}/actions/${action.actionId}/retry`)(
      422,
      "ACTION_ALREADY_EXECUTING",
      "an action that runs",
      { force: true },
      { data: { from: "executing", to: "retrying" } },
    ),
  ]);
  await t.step("ORCHESTRATION_ALREADY_RUNNING: a container that runs", async () => {
    const orchestrate = `${path}/nodes/${action.parentNodeId}/orchestrate`;
    const answer = await asService("POST", orchestrate, {});
    checkRefusal(answer, 409, "ORCHESTRATION_ALREADY_RUNNING");
    assert.deepEqual([answer.body.from, answer.body.to], ["executing", "executing"]);
  });
  await ada.expect(200, "POST", `${path}/pause`, {});
  await refuses(t, ada, states("paused", [["pause", "EXECUTION_NOT_RUNNING", "paused"]]));
  await ada.expect(200, "POST", `${path}/cancel`, {});
  await refuses(
    t,
    ada,
    states("cancelled", [
      ["pause", "EXECUTION_NOT_RUNNING", "paused"],
      ["resume", "EXECUTION_NOT_PAUSED", "running"],
      ["cancel", "EXECUTION_ALREADY_FINISHED", "cancelled"],
    ]),
  );
});

Deno.test("agents and owners move as their tables say, and no other way", async (t) => {
  const { ada, entity } = await scene();
  const agentId = await agentOf(ada, entity, "Clerk");
  const agent = `/ai-agents/${agentId}`;
  const both = (state: string) => ({ data: { from: state, to: state } });
  await refuses(t, ada, [
    row("POST", `${agent}/enable`)(
      422,
      "AGENT_ALREADY_ENABLED",
      "twice",
      undefined,
      both("enabled"),
    ),
  ]);
  await ada.expect(200, "POST", `${agent}/disable`);
  await refuses(t, ada, [
    row("POST", `${agent}/disable`)(
      422,
      "AGENT_ALREADY_DISABLED",
      "twice",
      undefined,
      both("disabled"),
    ),
    row("POST", "/ai-agents/tasks")(422, "AGENT_DISABLED", "a task", task(agentId, "Do it"), {
      data: { from: "disabled", agentId },
    }),
  ]);
  const { organizationId } = await ada.expect(201, "POST", "/organizations", { name: "Owned" });
  const member = `/organizations/${organizationId}/members/${ada.id}`;
  await refuses(t, ada, [
    row("PATCH", member)(422, "LAST_OWNER", "steps down", { role: "editor" }, {
      data: { from: "owner", to: "editor" },
    }),
    row("DELETE", member)(422, "LAST_OWNER", "leaves", undefined, {
      data: { from: "owner", to: "none" },
    }),
  ]);
});
