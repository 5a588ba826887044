// Secrets: set by those who administer, carried by calls to listed hosts, told to nobody.
// Values hold the marker that `cargo xtask test` looks for afterwards, in every table and every log.

import assert from "node:assert/strict";

import { actionsOf, all, Design, ended } from "./support/design.ts";
import { type Json, Person } from "./support/person.ts";
import { stack } from "./support/stack.ts";

const MARKER = "fm-secret-marker";
const value = () => `${MARKER} "${crypto.randomUUID()}"`;

/** A service that repeats whatever it was sent, in every way it can think of. */
class Echo implements AsyncDisposable {
  readonly heard: string[] = [];
  readonly #stopped = new AbortController();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    const hostname = stack.serviceHost === "127.0.0.1" ? "127.0.0.1" : "0.0.0.0";
    this.#server = Deno.serve(
      { hostname, port: 0, signal: this.#stopped.signal, onListen: () => {} },
      (request) => this.#answer(request),
    );
  }

  get host(): string {
    return `${stack.serviceHost}:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    await this.#server.finished;
  }

  async #answer(request: Request): Promise<Response> {
    await request.body?.cancel();
    const said = request.headers.get("x-api-key") ?? "";
    this.heard.push(said);
    const { pathname } = new URL(request.url);
    const headers = { "x-said": said };
    if (pathname === "/broken") return new Response(said, { status: 500, headers });
    if (pathname === "/nonsense") {
      return new Response(`{"said": ${said}`, {
        headers: { ...headers, "content-type": "application/json" },
      });
    }
    if (pathname === "/text") return new Response(`you said ${said}`, { headers });
    const body = {
      said,
      json: JSON.stringify({ said }),
      url: encodeURIComponent(said),
      base64: btoa(said),
      [said]: [said],
    };
    return Response.json(body, { headers });
  }
}

function keep(person: Person, name: string, hosts: string[], more: Json = {}): Promise<Json> {
  return person.expect(201, "POST", "/secrets", { name, value: value(), hosts, ...more });
}

/** Runs a model whose only action is this task. */
async function run(person: Person, task: Json, organizationId?: string): Promise<Json> {
  const name = `Carries a secret ${crypto.randomUUID()}`;
  const { design, stage } = await Design.small(person, name, organizationId);
  const workflow = await person.expect(201, "POST", "/workflows", {
    name: "Carries a secret",
    organizationId,
    definition: { method: "GET", headers: { "X-Api-Key": "{secrets.key}" }, ...task },
  });
  await design.action(stage, "Call", "tetherNode", { tetherReferenceId: workflow.workflowId }, {
    retryPolicy: { maxAttempts: 1 },
  });
  await design.publish();
  const started = await design.start({});
  const done = await ended(person, started.executionId);
  const logs = await all(person, `/executions/${started.executionId}/logs`);
  return { action: actionsOf(done)[0], logs, whole: JSON.stringify([done, logs]) };
}

Deno.test("a secret is set, listed, rotated and removed without being told", async () => {
  const person = await Person.signUp("Sue");
  const set = await keep(person, "key", ["API.example.com"]);
  assert.deepEqual(set.hosts, ["api.example.com"]);
  await person.refused(409, "SECRET_NAME_TAKEN", "POST", "/secrets", {
    body: { name: "key", value: value(), hosts: ["a.example"] },
  });
  const refused = await person.refused(422, "SECRET_INVALID", "POST", "/secrets", {
    body: { name: "no name", value: `${value()}\n`, hosts: ["*"] },
  });
  assert.equal(refused.errors.length, 3);
  const path = `/secrets/${set.secretId}`;
  const headers = { "Idempotency-Key": crypto.randomUUID() };
  const body = { value: value() };
  const rotated = await person.expect(200, "POST", `${path}/rotate`, body, headers);
  assert.deepEqual(await person.expect(200, "POST", `${path}/rotate`, body, headers), rotated);
  assert.equal(rotated.revision, 2);
  const listed = await person.expect(200, "GET", "/secrets");
  assert.deepEqual(listed.items.map((item: Json) => [item.name, item.keyId]), [["key", "new"]]);
  assert.ok(!JSON.stringify([set, refused, rotated, listed]).includes(MARKER));

  const stranger = await Person.signUp("Sam");
  await stranger.refused(404, "SECRET_NOT_FOUND", "DELETE", path);
  await stranger.refused(404, "SECRET_NOT_FOUND", "POST", `${path}/rotate`, { body });
  await stranger.refused(403, "FORBIDDEN", "POST", "/secrets/reseal");
  await person.expect(204, "DELETE", path);
  await person.refused(404, "SECRET_NOT_FOUND", "DELETE", path);
});

Deno.test("a call carries a secret, and what comes back holds it no more", async () => {
  await using echo = new Echo();
  const person = await Person.signUp("Carla");
  await keep(person, "key", [echo.host]);
  const { action, whole } = await run(person, {
    url: `http://${echo.host}/`,
    output: "{'body': body, 'headers': headers, 'guessed': body.said.startsWith('fm-')}",
  });
  assert.equal(action.status, "completed", whole);
  assert.ok(echo.heard[0]?.startsWith(MARKER), "the service got the value");
  assert.equal(action.output.body.said, "[secret]");
  assert.equal(action.output.headers["x-said"], "[secret]");
  assert.equal(action.output.guessed, false, "an expression sees the mark");
  assert.ok(!whole.includes(MARKER), whole);
  assert.ok(!whole.includes(btoa(MARKER).slice(0, 16)), whole);
  const listed = await person.expect(200, "GET", "/secrets");
  assert.ok(listed.items[0].lastUsedAt, "the use is noted");
  for (const path of ["text", "broken", "nonsense"]) {
    const { whole } = await run(person, { url: `http://${echo.host}/${path}` });
    assert.ok(!whole.includes(MARKER), whole);
  }
  assert.ok(echo.heard.length >= 4, "each was called");
});

Deno.test("a secret is not sent to a host that is not on its list", async () => {
  await using echo = new Echo();
  const person = await Person.signUp("Lena");
  await keep(person, "key", ["api.example.com"]);
  const { action, logs, whole } = await run(person, { url: `http://${echo.host}/` });
  assert.equal(action.error.code, "SECRET_HOST_NOT_ALLOWED", whole);
  assert.ok(logs.some((line: Json) => line.message.includes("SECRET_HOST_NOT_ALLOWED")), whole);
  assert.deepEqual(echo.heard, []);
  const missing = await run(person, {
    url: `http://${echo.host}/`,
    headers: { "X-Api-Key": "{secrets.other}" },
  });
  assert.equal(missing.action.error.code, "SECRET_MISSING", missing.whole);
  assert.deepEqual(echo.heard, []);
});

Deno.test("administrators set the secrets of an organization, members refer to them", async () => {
  await using echo = new Echo();
  const [owner, editor] = [await Person.signUp("Olga"), await Person.signUp("Eddy")];
  const organization = await owner.expect(201, "POST", "/organizations", { name: "Works" });
  const { organizationId } = organization;
  const { data } = await editor.client.auth.getUser();
  const invitations = `/organizations/${organizationId}/invitations`;
  const offer = { email: data.user?.email, role: "editor" };
  const { token } = await owner.expect(201, "POST", invitations, offer);
  await editor.expect(200, "POST", `/invitations/${token}/accept`, {});
  await keep(owner, "key", [echo.host], { organizationId });
  await editor.refused(403, "FORBIDDEN", "POST", "/secrets", {
    body: { name: "mine", value: value(), hosts: ["a.example"], organizationId },
  });
  const { action, whole } = await run(editor, { url: `http://${echo.host}/` }, organizationId);
  assert.equal(action.status, "completed", whole);
  assert.ok(echo.heard[0]?.startsWith(MARKER));
  const own = await run(editor, { url: `http://${echo.host}/` });
  assert.equal(
    own.action.error.code,
    "SECRET_MISSING",
    "a workflow of one's own does not reach it",
  );
});

Deno.test("the service encrypts secrets anew", async () => {
  const response = await fetch(`${stack.url}/functions/v1/api/secrets/reseal`, {
    method: "POST",
    headers: { apikey: stack.secretKey },
  });
  assert.equal(response.status, 200);
  const done = await response.json();
  assert.deepEqual(Object.keys(done).sort(), ["more", "resealed", "unreadable"]);
});
