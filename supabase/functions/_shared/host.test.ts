// What the module gets from the platform.

import assert from "node:assert/strict";

import { Platform } from "./host.ts";

const platform = new Platform();

const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
  const { pathname } = new URL(request.url);
  if (pathname === "/slow") await new Promise((wake) => setTimeout(wake, 500));
  if (pathname === "/away") return Response.redirect("http://127.0.0.1:1/elsewhere");
  if (pathname === "/stream") {
    const chunks = Array.from({ length: 10 }, () => new Uint8Array(100));
    return new Response(ReadableStream.from(chunks));
  }
  return Response.json({ method: request.method, body: await request.text() });
});

function ask(path: string, timeoutMs = 1000, maxBodyBytes = 1000) {
  const url = `http://127.0.0.1:${server.addr.port}${path}`;
  const body = new TextEncoder().encode("hello");
  return platform.fetch("POST", url, '{"x-a":"b"}', body, timeoutMs, maxBodyBytes);
}

function rejects(promise: Promise<unknown>, kind: string): Promise<void> {
  return assert.rejects(promise, (fault: { kind: string; message: string }) => {
    assert.equal(fault.kind, kind);
    assert.equal(typeof fault.message, "string");
    return true;
  });
}

function base64url(bytes: ArrayBuffer): string {
  const text = btoa(String.fromCharCode(...new Uint8Array(bytes)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

Deno.test("an exchange brings status, headers and bytes", async () => {
  const fetched = await ask("/echo");
  assert.equal(fetched.status, 200);
  assert.equal(JSON.parse(fetched.headers)["content-type"], "application/json");
  const body = JSON.parse(new TextDecoder().decode(fetched.body));
  assert.deepEqual(body, { method: "POST", body: "hello" });
});

Deno.test("redirects are answers", async () => {
  const fetched = await ask("/away");
  assert.equal(fetched.status, 302);
  assert.equal(JSON.parse(fetched.headers).location, "http://127.0.0.1:1/elsewhere");
});

Deno.test("faults say what kind they are", async () => {
  await rejects(ask("/slow", 50), "timeout");
  await rejects(ask("/echo", 1000, 10), "too_large");
  await rejects(ask("/stream", 1000, 500), "too_large");
  await rejects(platform.fetch("GET", "http://127.0.0.1:1/", "{}", undefined, 500, 10), "network");
  assert.equal((await ask("/stream")).body.length, 1000);
});

Deno.test("without a limit a body is read whole", async () => {
  const url = `http://127.0.0.1:${server.addr.port}/stream`;
  const fetched = await platform.fetch("POST", url, "{}", undefined, 1000, undefined);
  assert.equal(fetched.body.length, 1000);
});

Deno.test("signatures are checked with the key and the algorithm they need", async () => {
  const signed = "header.claims";
  const bytes = new TextEncoder().encode(signed);
  const cases: [string, RsaHashedKeyGenParams | EcKeyGenParams & EcdsaParams | HmacKeyGenParams][] =
    [
      ["ES256", { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" }],
      ["RS256", {
        name: "RSASSA-PKCS1-v1_5",
        hash: "SHA-256",
        modulusLength: 2048,
        publicExponent: new Uint8Array([1, 0, 1]),
      }],
      ["HS256", { name: "HMAC", hash: "SHA-256" }],
    ];
  for (const [name, algorithm] of cases) {
    const made = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
    const { publicKey, privateKey } = "publicKey" in made
      ? made
      : { publicKey: made, privateKey: made };
    const signature = base64url(await crypto.subtle.sign(algorithm, privateKey, bytes));
    const key = JSON.stringify(await crypto.subtle.exportKey("jwk", publicKey));
    assert.equal(await platform.verify(name, key, signed, signature), true, name);
    assert.equal(await platform.verify(name, key, `${signed}x`, signature), false, name);
    assert.equal(await platform.verify(name, key, signed, signature.slice(2)), false, name);
    assert.equal(await platform.verify(name, "{}", signed, signature), false, name);
    const other = name === "HS256" ? "ES256" : "HS256";
    assert.equal(await platform.verify(other, key, signed, signature), false, name);
  }
  assert.equal(await platform.verify("none", "{}", signed, ""), false);
});

Deno.test("what was encrypted opens with its key, in its place, unchanged", async () => {
  const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)).buffer);
  const [key, other] = [random(), random()];
  const plain = "correct horse \u00e9";
  const sealed = await platform.encrypt(key, "here", plain);
  assert.match(sealed, /^[\w-]+$/);
  assert.notEqual(sealed, await platform.encrypt(key, "here", plain), "a nonce is used once");
  assert.equal(await platform.decrypt(key, "here", sealed), plain);
  await assert.rejects(platform.decrypt(other, "here", sealed));
  await assert.rejects(platform.decrypt(key, "there", sealed));
  const bytes = Uint8Array.from(
    atob(sealed.replaceAll("-", "+").replaceAll("_", "/")),
    (letter) => letter.charCodeAt(0),
  );
  for (const place of bytes.keys()) {
    const changed = bytes.slice();
    changed[place] ^= 1;
    await assert.rejects(platform.decrypt(key, "here", base64url(changed.buffer)), `byte ${place}`);
  }
  for (const bad of ["", "AAAA", sealed.slice(0, -4), "*"]) {
    await assert.rejects(platform.decrypt(key, "here", bad), bad);
  }
  await assert.rejects(platform.encrypt("AAAA", "here", plain), "a short key");
});

Deno.test("addresses of the machine itself are known or admitted unknown", async () => {
  const answer = JSON.parse(await platform.resolve("name.invalid"));
  assert.ok(answer === null || answer.length === 0);
});

Deno.test("a retired platform stays silent", async () => {
  const retired = new Platform();
  const asked = retired.sleep(10);
  retired.retire();
  const silent = new Promise((done) => setTimeout(() => done("silent"), 50));
  assert.equal(await Promise.race([asked, silent]), "silent");
});

Deno.test.afterAll(() => server.shutdown());
