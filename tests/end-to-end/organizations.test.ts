// Organizations: who changes them, who comes and goes, and every refusal on the way.

import assert from "node:assert/strict";

import { type Json, type Method, Person } from "./support/person.ts";

async function found(person: Person, name = "Acme"): Promise<string> {
  const made = await person.expect(201, "POST", "/organizations", { name });
  return `/organizations/${made.organizationId}`;
}

/** Brings somebody into an organization, by an invitation that they accept. */
async function join(path: string, by: Person, who: Person, role: string): Promise<void> {
  const email = await addressOf(who);
  const invitation = await by.expect(201, "POST", `${path}/invitations`, { email, role });
  await who.expect(200, "POST", `/invitations/${invitation.token}/accept`, {});
}

async function addressOf(person: Person): Promise<string> {
  const { data, error } = await person.client.auth.getUser(person.token);
  if (error || !data.user.email) throw error ?? new Error("no address");
  return data.user.email;
}

Deno.test("an organization is renamed and removed by those who may", async (t) => {
  const [ada, bob, eve] = [
    await Person.signUp("Ada"),
    await Person.signUp("Bob"),
    await Person.signUp("Eve"),
  ];
  const path = await found(ada);
  await join(path, ada, bob, "editor");
  const cases: [string, Person, Method, Json, number, string][] = [
    ["a stranger renames", eve, "PATCH", { name: "Mine" }, 404, "ORGANIZATION_NOT_FOUND"],
    ["a stranger removes", eve, "DELETE", undefined, 404, "ORGANIZATION_NOT_FOUND"],
    ["an editor renames", bob, "PATCH", { name: "Mine" }, 403, "FORBIDDEN"],
    ["an editor removes", bob, "DELETE", undefined, 403, "FORBIDDEN"],
    ["a blank name", ada, "PATCH", { name: " " }, 422, "ORGANIZATION_NAME_INVALID"],
    ["a long name", ada, "PATCH", { name: "x".repeat(101) }, 422, "ORGANIZATION_NAME_INVALID"],
    ["nothing", ada, "PATCH", {}, 422, "NOTHING_TO_CHANGE"],
    ["an unknown field", ada, "PATCH", { owner: bob.id }, 400, "INVALID_REQUEST"],
  ];
  for (const [name, person, method, body, status, code] of cases) {
    await t.step(`${name}: ${code}`, async () => {
      await person.refused(status, code, method, path, { body });
    });
  }
  await t.step("a stale revision is refused", async () => {
    const renamed = await ada.expect(200, "PATCH", path, { name: "Beta" });
    assert.deepEqual([renamed.name, renamed.revision], ["Beta", 2]);
    const headers = { "if-match": '"1"' };
    await ada.refused(412, "REVISION_CONFLICT", "DELETE", path, { headers });
  });
  await t.step("one that holds a model stays, a deleted one too", async () => {
    const organizationId = path.split("/")[2];
    const model = await ada.expect(201, "POST", "/function-models", {
      name: "Held model",
      organizationId,
    });
    await ada.refused(422, "ORGANIZATION_NOT_EMPTY", "DELETE", path);
    await ada.expect(200, "DELETE", `/function-models/${model.modelId}`);
    await ada.refused(422, "ORGANIZATION_NOT_EMPTY", "DELETE", path);
  });
  await t.step("an empty one goes, with what else is in it", async () => {
    const empty = await found(ada, "Empty");
    const organizationId = empty.split("/")[2];
    await join(empty, ada, bob, "admin");
    await bob.refused(403, "FORBIDDEN", "DELETE", empty);
    const article = { title: "Guide", body: "Text", organizationId };
    const content = await ada.expect(201, "POST", "/knowledge-contents", article);
    await ada.expect(204, "DELETE", empty);
    for (const person of [ada, bob]) {
      await person.refused(404, "ORGANIZATION_NOT_FOUND", "GET", empty);
    }
    const gone = `/knowledge-contents/${content.contentId}`;
    await ada.refused(404, "CONTENT_NOT_FOUND", "GET", gone);
  });
});

Deno.test("members are changed by those who may, and one owner always stays", async (t) => {
  const [ada, bob, cleo, eve] = [
    await Person.signUp("Ada"),
    await Person.signUp("Bob"),
    await Person.signUp("Cleo"),
    await Person.signUp("Eve"),
  ];
  const path = await found(ada);
  await join(path, ada, bob, "admin");
  await join(path, ada, cleo, "viewer");
  const at = (person: Person) => `${path}/members/${person.id}`;

  await t.step("members read who else is one", async () => {
    const page = await cleo.expect(200, "GET", `${path}/members?count=exact&limit=2`);
    assert.deepEqual([page.items.length, page.total], [2, 3]);
    assert.deepEqual([page.items[0].userId, page.items[0].role], [ada.id, "owner"]);
    const cursor = encodeURIComponent(page.nextCursor);
    const rest = await cleo.expect(
      200,
      "GET",
      `${path}/members?count=exact&limit=2&cursor=${cursor}`,
    );
    assert.equal(rest.items.length, 1);
    await eve.refused(404, "ORGANIZATION_NOT_FOUND", "GET", `${path}/members`);
  });

  const cases: [string, Person, Method, Person, Json, number, string][] = [
    ["a stranger", eve, "PATCH", cleo, { role: "editor" }, 404, "ORGANIZATION_NOT_FOUND"],
    ["a stranger", eve, "DELETE", cleo, undefined, 404, "ORGANIZATION_NOT_FOUND"],
    ["nobody's membership", ada, "PATCH", eve, { role: "editor" }, 404, "MEMBER_NOT_FOUND"],
    ["nobody's membership", ada, "DELETE", eve, undefined, 404, "MEMBER_NOT_FOUND"],
    ["a viewer for themselves", cleo, "PATCH", cleo, { role: "admin" }, 403, "FORBIDDEN"],
    ["a viewer for others", cleo, "DELETE", bob, undefined, 403, "FORBIDDEN"],
    ["an admin makes an owner", bob, "PATCH", cleo, { role: "owner" }, 403, "FORBIDDEN"],
    ["an admin unmakes an owner", bob, "PATCH", ada, { role: "member" }, 403, "FORBIDDEN"],
    ["an admin removes an owner", bob, "DELETE", ada, undefined, 403, "FORBIDDEN"],
    ["the last owner steps down", ada, "PATCH", ada, { role: "admin" }, 422, "LAST_OWNER"],
    ["the last owner leaves", ada, "DELETE", ada, undefined, 422, "LAST_OWNER"],
    ["an unknown role", ada, "PATCH", bob, { role: "king" }, 400, "INVALID_REQUEST"],
  ];
  for (const [name, person, method, whom, body, status, code] of cases) {
    await t.step(`${method}, ${name}: ${code}`, async () => {
      await person.refused(status, code, method, at(whom), { body });
    });
  }

  await t.step("an owner hands over and goes", async () => {
    assert.equal((await bob.expect(200, "PATCH", at(cleo), { role: "editor" })).role, "editor");
    assert.equal((await ada.expect(200, "PATCH", at(bob), { role: "owner" })).role, "owner");
    await ada.expect(204, "DELETE", at(ada));
    await ada.refused(404, "ORGANIZATION_NOT_FOUND", "GET", path);
    const organizationId = path.split("/")[2];
    const events = await bob.expect(200, "GET", `/events?aggregateId=${organizationId}`);
    assert.deepEqual(events.items.map((event: Json) => event.eventType), [
      "OrganizationCreated",
      "OrganizationMemberAdded",
      "OrganizationMemberAdded",
      "OrganizationMemberRoleChanged",
      "OrganizationMemberRoleChanged",
      "OrganizationMemberRemoved",
    ]);
  });

  await t.step("everybody may leave, and only once", async () => {
    const dan = await Person.signUp("Dan");
    await join(path, bob, dan, "viewer");
    await dan.refused(403, "FORBIDDEN", "DELETE", at(cleo));
    await dan.expect(204, "DELETE", at(dan));
    await dan.refused(404, "ORGANIZATION_NOT_FOUND", "DELETE", at(dan));
    await bob.refused(404, "MEMBER_NOT_FOUND", "DELETE", at(dan));
    assert.deepEqual((await dan.expect(200, "GET", "/organizations")).items, []);
  });

  await t.step("a withdrawn membership cuts off at once", async () => {
    const model = await bob.expect(201, "POST", "/function-models", {
      name: "Shared work",
      organizationId: path.split("/")[2],
    });
    const place = `/function-models/${model.modelId}`;
    await cleo.expect(200, "PATCH", place, { description: "By an editor" });
    await bob.expect(204, "DELETE", at(cleo));
    await cleo.refused(404, "FUNCTION_MODEL_NOT_FOUND", "GET", place);
    await cleo.refused(404, "ORGANIZATION_NOT_FOUND", "GET", path);
    const rows = await cleo.client.from("organization_members").select("role");
    assert.deepEqual(rows.data, []);
  });
});

Deno.test("an invitation is accepted once, by whose address it is", async (t) => {
  const [ada, bob, cleo, eve] = [
    await Person.signUp("Ada"),
    await Person.signUp("Bob"),
    await Person.signUp("Cleo"),
    await Person.signUp("Eve"),
  ];
  const path = await found(ada);
  await join(path, ada, bob, "admin");
  const email = await addressOf(cleo);
  const invitations = `${path}/invitations`;
  const invite = (by: Person, role = "editor") =>
    by.expect(201, "POST", invitations, { email: email.toUpperCase(), role });

  await t.step("nobody else invites, and nobody above their own role", async () => {
    const body = { email, role: "member" };
    await eve.refused(404, "ORGANIZATION_NOT_FOUND", "POST", invitations, { body });
    await eve.refused(404, "ORGANIZATION_NOT_FOUND", "GET", invitations);
    await bob.refused(403, "FORBIDDEN", "POST", invitations, { body: { email, role: "owner" } });
    for (const wrong of ["", "cleo", "a b@c.d"]) {
      await ada.refused(400, "INVALID_REQUEST", "POST", invitations, {
        body: { email: wrong, role: "member" },
      });
    }
  });

  await t.step("the token is shown once and accepted once", async () => {
    const headers = { "idempotency-key": crypto.randomUUID() };
    const body = { email, role: "editor" };
    const invitation = await bob.expect(201, "POST", invitations, body, headers);
    const { token, ...rest } = invitation;
    assert.match(token, /^[0-9a-f]{64}$/);
    assert.deepEqual(await bob.expect(201, "POST", invitations, body, headers), rest);
    const listed = await ada.expect(200, "GET", invitations);
    const [{ createdAt, expiresAt, ...known }] = listed.items;
    assert.equal(Date.parse(expiresAt) - Date.parse(createdAt), 7 * 24 * 60 * 60 * 1000);
    assert.deepEqual({ ...known, createdAt: rest.createdAt, expiresAt: rest.expiresAt }, rest);
    const rows = await ada.client.from("organization_invitations").select("token_hash");
    assert.notEqual(rows.data?.[0]?.token_hash, token);
    const accept = `/invitations/${token}/accept`;
    await eve.refused(404, "INVITATION_NOT_FOUND", "POST", accept, { body: {} });
    const member = await cleo.expect(200, "POST", accept, {});
    assert.deepEqual([member.userId, member.role], [cleo.id, "editor"]);
    await cleo.refused(404, "INVITATION_NOT_FOUND", "POST", accept, { body: {} });
    assert.deepEqual((await ada.expect(200, "GET", invitations)).items, []);
    await cleo.refused(403, "FORBIDDEN", "POST", invitations, { body });
    await cleo.refused(403, "FORBIDDEN", "GET", invitations);
  });

  await t.step("a revoked one is gone", async () => {
    const invitation = await invite(ada);
    const place = `${invitations}/${invitation.invitationId}`;
    await cleo.refused(403, "FORBIDDEN", "DELETE", place);
    await eve.refused(404, "ORGANIZATION_NOT_FOUND", "DELETE", place);
    await bob.expect(204, "DELETE", place);
    await ada.refused(404, "INVITATION_NOT_FOUND", "DELETE", place);
    const accept = `/invitations/${invitation.token}/accept`;
    await cleo.refused(404, "INVITATION_NOT_FOUND", "POST", accept, { body: {} });
  });

  await t.step("one lapses when its maker may no longer give the role", async () => {
    const invitation = await invite(bob, "admin");
    await ada.expect(200, "PATCH", `${path}/members/${bob.id}`, { role: "viewer" });
    const accept = `/invitations/${invitation.token}/accept`;
    await cleo.refused(404, "INVITATION_NOT_FOUND", "POST", accept, { body: {} });
  });

  await t.step("no such token", async () => {
    for (const token of ["nonsense", "0".repeat(64)]) {
      const path = `/invitations/${token}/accept`;
      await cleo.refused(404, "INVITATION_NOT_FOUND", "POST", path, { body: {} });
    }
  });
});
