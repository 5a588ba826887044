// The shell around the module: loading it both ways, and surviving its panics.
// Needs the built module (`cargo xtask wasm`); the platform behind it is a few lines here.

import assert from "node:assert/strict";

const SECRET = "sb_secret_of_this_test";
const PANIC = "now";

/** Stands in for the platform: answers every call of the database with no rows, after a while. */
let delay = 0;
const platform = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async () => {
  await new Promise((wake) => setTimeout(wake, delay));
  return Response.json([]);
});

const settings = {
  SUPABASE_URL: `http://127.0.0.1:${platform.addr.port}`,
  SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: "sb_publishable_of_this_test" }),
  SUPABASE_SECRET_KEYS: JSON.stringify({ default: SECRET }),
  FM_TEST_PANIC: PANIC,
};
for (const [name, value] of Object.entries(settings)) Deno.env.set(name, value);

const { Module } = await import("./module.ts");
const module = await Module.load();

function ask(path: string, headers: Record<string, string> = {}): Promise<Response> {
  return module.handle(new Request(`http://localhost/api${path}`, { headers }));
}

function panic(id: string): Promise<Response> {
  return ask("/organizations", { apikey: SECRET, "x-test-panic": PANIC, "x-request-id": id });
}

async function assertLost(response: Response, id: string): Promise<void> {
  const problem = await response.json();
  assert.equal(response.status, 500);
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  assert.equal(response.headers.get("access-control-allow-origin"), "*");
  assert.equal(response.headers.get("x-request-id"), id);
  assert.equal(problem.code, "INTERNAL_ERROR");
  assert.equal(problem.requestId, id);
}

Deno.test("a request is answered", async () => {
  const response = await ask("/health");
  assert.deepEqual(await response.json(), { status: "up" });
  assert.equal(response.status, 200);
});

Deno.test("a panic costs the requests in flight and none after them", async () => {
  delay = 300;
  const waiting = [1, 2, 3].map((n) => ask("/health", { "x-request-id": `waiting-${n}` }));
  await new Promise((wake) => setTimeout(wake, 50));
  await assertLost(await panic("panicking"), "panicking");
  for (const [index, response] of (await Promise.all(waiting)).entries()) {
    await assertLost(response, `waiting-${index + 1}`);
  }
  delay = 0;
  assert.equal((await ask("/health")).status, 200);
  // What the lost instance had asked for arrives now, and nobody minds.
  await new Promise((wake) => setTimeout(wake, 400));
  assert.equal((await ask("/health")).status, 200);
});

Deno.test("panics in a row are survived", async () => {
  for (let n = 0; n < 20; n++) {
    await assertLost(await panic(`again-${n}`), `again-${n}`);
  }
  assert.equal((await ask("/health")).status, 200);
});

Deno.test("nobody panics the module who does not know the word", async () => {
  const response = await ask("/organizations", { "x-test-panic": "please", apikey: SECRET });
  assert.equal(response.status, 200);
  const stranger = await ask("/organizations", { "x-test-panic": PANIC });
  assert.equal(stranger.status, 401);
});

Deno.test("a body that is too long is refused without reading it", async () => {
  const body = new Uint8Array(16 * 1024 * 1024 + 1);
  const headers = { apikey: SECRET, "content-type": "application/json" };
  const request = new Request("http://localhost/api/organizations", {
    method: "POST",
    headers,
    body,
  });
  const response = await module.handle(request);
  assert.equal(response.status, 413);
  assert.equal((await response.json()).code, "PAYLOAD_TOO_LARGE");
});

Deno.test("the module as a source file is the module", async () => {
  const file = await Deno.readFile(new URL("./wasm/edge_bg.wasm", import.meta.url));
  const { fromSource } = await import("./load_wasm.ts");
  assert.deepEqual(new Uint8Array(await fromSource()), file);
});

Deno.test.afterAll(() => platform.shutdown());
