// Who may do what with a model: every cell of “Acts on a model” in docs/access-matrix.md.

import assert from "node:assert/strict";

import { type Answer, type Json, type Method, Person } from "./support/person.ts";
import { sound } from "./support/lifecycle.ts";
import { OrderService } from "./support/order_service.ts";

const LISTS = ["editors", "viewers", "publishers", "executors", "archivers", "administrators"];
const ROLES = ["admin", "editor", "viewer", "member"];

/** The table under a heading of the document. */
async function table(heading: string): Promise<string[][]> {
  const file = new URL("../../docs/access-matrix.md", import.meta.url);
  const [, under = ""] = (await Deno.readTextFile(file)).split(`\n## ${heading}\n`);
  const lines = (under.split("\n## ")[0] ?? "").split("\n").filter((line) => line.startsWith("|"));
  return lines.map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

/** Everybody, by the name of their column. */
async function everybody(): Promise<{ people: Record<string, Person>; organizationId: string }> {
  const names = ["owner", ...LISTS, "org owner", ...ROLES.map((role) => `org ${role}`), "stranger"];
  const signed = await Promise.all(names.map((name) => Person.signUp(name.replace(" ", "-"))));
  const people = Object.fromEntries(names.map((name, place) => [name, signed[place] as Person]));
  const founder = people["org owner"] as Person;
  const { organizationId } = await founder.expect(201, "POST", "/organizations", { name: "Acme" });
  const path = `/organizations/${organizationId}/invitations`;
  for (const role of [...ROLES, "owner"]) {
    const person = people[role === "owner" ? "owner" : `org ${role}`] as Person;
    const { data } = await person.client.auth.getUser(person.token);
    const invitation = { email: data.user?.email, role: role === "owner" ? "member" : role };
    const { token } = await founder.expect(201, "POST", path, invitation);
    await person.expect(200, "POST", `/invitations/${token}/accept`, {});
  }
  return { people, organizationId };
}

/** An act as a request, with what has to come before it. */
interface Act {
  before?: "publish" | "run" | "delete";
  request: (path: string, permissions: Json) => [Method, string, Json?];
}

const ACTS: Record<string, Act> = {
  "view": { request: (path) => ["GET", path] },
  "validate": { request: (path) => ["POST", `${path}/validate`, {}] },
  "statistics": { request: (path) => ["GET", `${path}/statistics`] },
  "audit": { request: (path) => ["GET", `${path}/audit`] },
  "edit": { request: (path) => ["PATCH", path, { description: "Edited" }] },
  "create version": { request: (path) => ["POST", `${path}/versions`, { versionNotes: "Kept" }] },
  "publish": { request: (path) => ["POST", `${path}/publish`, { version: "1.1.0" }] },
  "execute": {
    before: "publish",
    request: (path) => ["POST", `${path}/executions`, { parameters: {} }],
  },
  "control executions": { before: "run", request: (path) => ["POST", `${path}/cancel`, {}] },
  "change permissions": {
    request: (path, permissions) => ["PUT", `${path}/permissions`, {
      ...permissions,
      viewers: [...permissions.viewers, crypto.randomUUID()],
    }],
  },
  "hand over": {
    request: (path, permissions) => ["PUT", `${path}/permissions`, {
      ...permissions,
      owner: permissions.editors[0],
    }],
  },
  "archive": { request: (path) => ["POST", `${path}/archive`, { reason: "Over" }] },
  "soft delete": { request: (path) => ["DELETE", path] },
  "read a deleted model": {
    before: "delete",
    request: (path) => ["GET", `${path}/recovery-eligibility`],
  },
  "restore": { before: "delete", request: (path) => ["POST", `${path}/restore`, {}] },
};

Deno.test("everybody may do with a model what is written down, and nothing else", async (t) => {
  const [head = [], , ...rows] = await table("Acts on a model");
  assert.deepEqual(rows.map(([act]) => act), Object.keys(ACTS), "every act has its row");
  await using service = new OrderService();
  const { people, organizationId } = await everybody();
  assert.deepEqual(head.slice(1), Object.keys(people), "everybody has a column");
  const owner = people.owner as Person;
  const founder = people["org owner"] as Person;
  const template = await sound(owner, "Template");
  const document = await owner.expect(200, "GET", `${template.path}/document`);
  const lists = LISTS.map((list) => [list, [(people[list] as Person).id]]);
  const permissions = { owner: owner.id, ...Object.fromEntries(lists) };

  /** A model of its own for each cell, in the state that the act needs. */
  const prepare = async (before: Act["before"]): Promise<string> => {
    const name = `Model ${crypto.randomUUID()}`;
    const made = { document, name, organizationId };
    const { modelId } = await owner.expect(201, "POST", "/function-models/import", made);
    const path = `/function-models/${modelId}`;
    await owner.expect(200, "PUT", `${path}/permissions`, permissions);
    if (before === "publish") {
      await owner.expect(200, "POST", `${path}/publish`, { version: "1.1.0" });
    } else if (before === "delete") {
      await founder.expect(200, "DELETE", path);
    }
    return path;
  };
  const running = async (): Promise<string> => {
    const path = await prepare(undefined);
    const { items } = await owner.expect(200, "GET", `${path}/nodes`);
    const stage = items.find((node: Json) => node.nodeType === "stageNode");
    const task = {
      name: "Wait",
      organizationId: undefined,
      definition: { method: "POST", url: service.url("slow", crypto.randomUUID(), 20_000) },
    };
    const { workflowId } = await owner.expect(201, "POST", "/workflows", task);
    await owner.expect(201, "POST", `${path}/actions`, {
      parentNodeId: stage.nodeId,
      actionType: "tetherNode",
      name: "Wait",
      actionSpecificData: { tetherReferenceId: workflowId },
    });
    await owner.expect(200, "POST", `${path}/publish`, { version: "1.1.0" });
    const run = await owner.expect(202, "POST", `${path}/executions`, { parameters: {} });
    return `/executions/${run.executionId}`;
  };

  for (const [name = "", ...cells] of rows) {
    const act = ACTS[name] as Act;
    await t.step(name, async () => {
      // Who is refused changes nothing, so that they can share a model.
      let shared: string | undefined;
      for (const [place, cell] of cells.entries()) {
        const column = head[place + 1] ?? "";
        const fresh = () => act.before === "run" ? running() : prepare(act.before);
        const path = cell === "✓" ? await fresh() : shared ??= await fresh();
        const [method, address, body] = act.request(path, permissions);
        const answer = await (people[column] as Person).call(method, address, { body });
        assert.equal(seen(answer), cell, `${name}, ${column}: ${JSON.stringify(answer.body)}`);
      }
    });
  }
});

function seen({ status }: Answer): string {
  return status < 300 ? "✓" : String(status);
}
