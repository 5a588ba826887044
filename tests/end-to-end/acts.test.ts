// Who may do what with a model: every cell of “Acts on a model” and “Acts on a private model” in docs/access-matrix.md.

import assert from "node:assert/strict";

import { type Answer, type Json, type Method, Person } from "./support/person.ts";
import { Design } from "./support/design.ts";
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
  request: (path: string, permissions: Json, heir: Person) => [Method, string, Json?];
}

const ACTS: Record<string, Act> = {
  "view": { request: (path) => ["GET", path] },
  "validate": { request: (path) => ["POST", `${path}/validate`, {}] },
  "statistics": { request: (path) => ["GET", `${path}/statistics`] },
  "audit": { request: (path) => ["GET", `${path}/audit`] },
  "edit": { request: (path) => ["PATCH", path, { description: "Edited" }] },
  "create version": { request: (path) => ["POST", `${path}/versions`, { bump: "patch" }] },
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
    request: (path, permissions, heir) => ["PUT", `${path}/permissions`, {
      ...permissions,
      owner: heir.id,
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

/** The people of a table, and the models they try things on. */
interface Scene {
  people: Record<string, Person>;
  organizationId?: string;
  permissions: Json;
  /** Who may delete. */
  remover: Person;
  /** Who may become the owner. */
  heir: Person;
}

async function tryAll(t: Deno.TestContext, heading: string, scene: Scene): Promise<void> {
  const { people, organizationId, permissions, remover, heir } = scene;
  const [head = [], , ...rows] = await table(heading);
  assert.deepEqual(rows.map(([act]) => act), Object.keys(ACTS), "every act has its row");
  assert.deepEqual(head.slice(1), Object.keys(people), "everybody has a column");
  await using service = new OrderService();
  const owner = people.owner as Person;
  const quick = await sound(owner, "Quick");
  const { design: slow, stage } = await Design.small(owner, "Slow");
  await slow.tether(stage, "Wait", service.url("slow", "wait", 20_000));
  const [document, waiting] = [
    await owner.expect(200, "GET", `${quick.path}/document`),
    await owner.expect(200, "GET", `${slow.path}/document`),
  ];

  /** A model of its own for each cell, in the state that the act needs; answers the path to what is acted on. */
  const prepare = async (before: Act["before"]): Promise<string> => {
    const name = `Model ${crypto.randomUUID()}`;
    const made = { document: before === "run" ? waiting : document, name, organizationId };
    const { modelId } = await owner.expect(201, "POST", "/function-models/import", made);
    const path = `/function-models/${modelId}`;
    await owner.expect(200, "PUT", `${path}/permissions`, permissions);
    if (before === "delete") await remover.expect(200, "DELETE", path);
    if (before === undefined || before === "delete") return path;
    await owner.expect(200, "POST", `${path}/publish`, { version: "1.1.0" });
    if (before === "publish") return path;
    const parameters = { order: "F-1" };
    const run = await owner.expect(202, "POST", `${path}/executions`, { parameters });
    return `/executions/${run.executionId}`;
  };

  for (const [name = "", ...cells] of rows) {
    const act = ACTS[name] as Act;
    await t.step(name, async () => {
      // Who is refused changes nothing, so that they can share a model.
      let shared: string | undefined;
      for (const [place, cell] of cells.entries()) {
        const column = head[place + 1] ?? "";
        const path = cell === "✓"
          ? await prepare(act.before)
          : shared ??= await prepare(act.before);
        const [method, address, body] = act.request(path, permissions, heir);
        const answer = await (people[column] as Person).call(method, address, { body });
        assert.equal(seen(answer), cell, `${name}, ${column}: ${JSON.stringify(answer.body)}`);
      }
    });
  }
}

Deno.test("everybody may do with a model what is written down, and nothing else", async (t) => {
  const { people, organizationId } = await everybody();
  const [owner, founder, editor] = [people.owner, people["org owner"], people.editors] as Person[];
  const lists = LISTS.map((list) => [list, [(people[list] as Person).id]]);
  await tryAll(t, "Acts on a model", {
    people,
    organizationId,
    permissions: { owner: owner?.id, ...Object.fromEntries(lists) },
    remover: founder as Person,
    heir: editor as Person,
  });
});

Deno.test("a model of no organization is its owner's alone, whatever role others have elsewhere", async (t) => {
  const { people } = await everybody();
  const [owner, founder] = [people.owner, people["org owner"]] as [Person, Person];
  await tryAll(t, "Acts on a private model", {
    people: {
      owner,
      "admin of the owner's organization": founder,
      stranger: people.stranger as Person,
    },
    permissions: { owner: owner.id, ...Object.fromEntries(LISTS.map((list) => [list, []])) },
    remover: owner,
    heir: founder,
  });
});

function seen({ status }: Answer): string {
  return status < 300 ? "✓" : String(status);
}
