// What the WebAssembly module needs from the platform, and nothing else.
// The interface `Host` is declared by the module (crates/edge/src/host.rs).

import type { Host } from "./wasm/edge.d.ts";

declare const EdgeRuntime: { waitUntil(work: Promise<unknown>): void } | undefined;

type Algorithm = RsaHashedImportParams | EcKeyImportParams & EcdsaParams | HmacImportParams;

const ALGORITHMS: Record<string, Algorithm | undefined> = {
  ES256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  HS256: { name: "HMAC", hash: "SHA-256" },
};

/** The longest time, in milliseconds, that a timer of the platform can be set for: 24 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** More keys than any project has; the cache starts again beyond. */
const MAX_KEYS = 32;
const keys = new Map<string, Promise<CryptoKey>>();

/** What is kept beside the module; loaded when somebody asks for it. */
const DOCUMENTS = {
  description: () => import("./openapi.json", { with: { type: "json" } }),
  eventSchemas: () => import("./event_schemas.json", { with: { type: "json" } }),
};
const documents = new Map<keyof typeof DOCUMENTS, Promise<string>>();

/** The platform as one instance of the module sees it. */
export class Platform implements Host {
  #retired = false;

  /** After this the module instance behind it hears nothing any more: it is gone. */
  retire(): void {
    this.#retired = true;
  }

  fetch(
    method: string,
    url: string,
    headers: string,
    body: Uint8Array<ArrayBuffer> | undefined,
    timeoutMs: number,
    maxBodyBytes: number | undefined,
  ) {
    return this.#whileAlive(
      exchange(method, url, JSON.parse(headers), body, timeoutMs, maxBodyBytes),
    );
  }

  sleep(milliseconds: number): Promise<void> {
    // A timer that is set for longer would ring at once.
    const delay = Math.min(milliseconds, LONGEST_TIMER_MS);
    return this.#whileAlive(new Promise((wake) => setTimeout(wake, delay)));
  }

  resolve(hostname: string): Promise<string> {
    return this.#whileAlive(addresses(hostname));
  }

  verify(algorithm: string, key: string, signed: string, signature: string): Promise<boolean> {
    return this.#whileAlive(isSignedBy(algorithm, key, signed, signature));
  }

  encrypt(key: string, boundTo: string, plain: string): Promise<string> {
    return this.#whileAlive(encrypted(key, boundTo, plain));
  }

  decrypt(key: string, boundTo: string, sealed: string): Promise<string> {
    return this.#whileAlive(decrypted(key, boundTo, sealed));
  }

  zoneOffset(zone: string, epochMs: number): number | undefined {
    return secondsAheadOfUtc(zone, epochMs);
  }

  document(name: keyof typeof DOCUMENTS): Promise<string> {
    let text = documents.get(name);
    if (text === undefined) {
      text = DOCUMENTS[name]().then((module) => JSON.stringify(module.default));
      documents.set(name, text);
    }
    return this.#whileAlive(text);
  }

  waitUntil(work: Promise<unknown>): void {
    const observed = work.catch((error) => console.error(String(error)));
    if (typeof EdgeRuntime !== "undefined") EdgeRuntime.waitUntil(observed);
  }

  log(line: string): void {
    console.log(line);
  }

  answer(status: number, headers: string, body: Uint8Array<ArrayBuffer> | undefined): Response {
    return new Response(body, { status, headers: JSON.parse(headers) });
  }

  /** A promise that never settles once the instance that waits for it is gone. */
  #whileAlive<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      promise.then(
        (value) => this.#retired || resolve(value),
        (error) => this.#retired || reject(error),
      );
    });
  }
}

async function exchange(
  method: string,
  url: string,
  headers: Record<string, string>,
  body: Uint8Array<ArrayBuffer> | undefined,
  timeoutMs: number,
  maxBodyBytes: number | undefined,
) {
  // A signal of AbortSignal.timeout would go off, and cost, long after the answer has come.
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), Math.min(timeoutMs, LONGEST_TIMER_MS));
  try {
    const { signal } = timeout;
    const response = await fetch(url, { method, headers, body, signal, redirect: "manual" });
    const bytes = await readAtMost(response, maxBodyBytes);
    if (bytes === undefined) {
      throw { kind: "too_large", message: `more than ${maxBodyBytes} bytes` };
    }
    return {
      status: response.status,
      headers: JSON.stringify(Object.fromEntries(response.headers)),
      body: bytes,
    };
  } catch (error) {
    if (timeout.signal.aborted) throw { kind: "timeout", message: "no answer in time" };
    throw error instanceof Error ? { kind: "network", message: error.message } : error;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The body, or nothing when it is longer than `max` bytes: then the rest is not read. Without `max`
 * it is read whole, which takes half the time where its length is not announced.
 */
export async function readAtMost(
  message: Request | Response,
  max: number | undefined,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (max === undefined) return new Uint8Array(await message.arrayBuffer());
  if (message.body === null) return new Uint8Array();
  const announced = message.headers.get("content-length");
  if (announced !== null && !message.headers.has("content-encoding")) {
    if (Number(announced) <= max) return new Uint8Array(await message.arrayBuffer());
    await message.body.cancel();
    return undefined;
  }
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for await (const chunk of message.body) {
    length += chunk.length;
    // Leaving the loop cancels the stream.
    if (length > max) return undefined;
    chunks.push(chunk);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

/** A JSON list of the host's addresses, or `null` when this runtime cannot tell. */
async function addresses(hostname: string): Promise<string> {
  const kinds = ["A", "AAAA"] as const;
  const answers = await Promise.allSettled(kinds.map((kind) => Deno.resolveDns(hostname, kind)));
  const found = answers.flatMap((answer) => answer.status === "fulfilled" ? answer.value : []);
  const unable = answers.some((answer) =>
    answer.status === "rejected" && !(answer.reason instanceof Deno.errors.NotFound)
  );
  return JSON.stringify(found.length === 0 && unable ? null : found);
}

/** More zones than one isolate sees; the cache starts again beyond. */
const MAX_ZONES = 64;
const zones = new Map<string, Intl.DateTimeFormat>();

/** What the wall clock of a zone shows, minus what UTC is; nothing for a zone that is not known. */
function secondsAheadOfUtc(zone: string, epochMs: number): number | undefined {
  let format = zones.get(zone);
  if (format === undefined) {
    try {
      format = new Intl.DateTimeFormat("en-US", {
        timeZone: zone,
        calendar: "gregory",
        numberingSystem: "latn",
        hourCycle: "h23",
        year: "numeric",
        month: "numeric",
        day: "numeric",
        hour: "numeric",
        minute: "numeric",
        second: "numeric",
      });
    } catch {
      return undefined;
    }
    if (zones.size >= MAX_ZONES) zones.clear();
    zones.set(zone, format);
  }
  const seconds = Math.floor(epochMs / 1000);
  const shown: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
  for (const { type, value } of format.formatToParts(seconds * 1000)) shown[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = shown;
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000 - seconds;
}

async function isSignedBy(
  name: string,
  key: string,
  signed: string,
  signature: string,
): Promise<boolean> {
  const algorithm = ALGORITHMS[name];
  if (algorithm === undefined) return false;
  try {
    const bytes = fromBase64(signature);
    const imported = await importedKey(algorithm, key);
    return await crypto.subtle.verify(algorithm, imported, bytes, new TextEncoder().encode(signed));
  } catch {
    return false;
  }
}

/** Importing costs as much as verifying, so keys are kept. */
function importedKey(algorithm: Algorithm, key: string): Promise<CryptoKey> {
  const name = `${algorithm.name} ${key}`;
  let imported = keys.get(name);
  if (imported === undefined) {
    const { kty, crv, x, y, n, e, k } = JSON.parse(key);
    imported = crypto.subtle.importKey("jwk", { kty, crv, x, y, n, e, k }, algorithm, false, [
      "verify",
    ]);
    if (keys.size >= MAX_KEYS) keys.clear();
    keys.set(name, imported);
  }
  return imported;
}

/** As AES-GCM wants it: 96 bits, never used twice under one key. */
const NONCE_BYTES = 12;
const UTF8 = new TextEncoder();

async function encrypted(key: string, boundTo: string, plain: string): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const algorithm = { name: "AES-GCM", iv, additionalData: UTF8.encode(boundTo) };
  const sealed = await crypto.subtle.encrypt(algorithm, await vaultKey(key), UTF8.encode(plain));
  return toBase64(new Uint8Array([...iv, ...new Uint8Array(sealed)]));
}

async function decrypted(key: string, boundTo: string, sealed: string): Promise<string> {
  const bytes = fromBase64(sealed);
  const iv = bytes.slice(0, NONCE_BYTES);
  const algorithm = { name: "AES-GCM", iv, additionalData: UTF8.encode(boundTo) };
  const plain = await crypto.subtle.decrypt(
    algorithm,
    await vaultKey(key),
    bytes.slice(NONCE_BYTES),
  );
  return new TextDecoder("utf-8", { fatal: true }).decode(plain);
}

function vaultKey(key: string): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", fromBase64(key), "AES-GCM", false, ["encrypt", "decrypt"]);
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const usual = text.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(usual), (letter) => letter.charCodeAt(0));
}

function toBase64(bytes: Uint8Array): string {
  const usual = btoa(String.fromCharCode(...bytes));
  return usual.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
