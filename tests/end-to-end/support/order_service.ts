// A small outside service: it does things with orders, remembers who asked for what, and can be slow or fail.

import { stack } from "./stack.ts";
import type { Json } from "./person.ts";

/** One request that arrived. */
export interface Call {
  /** The last part of the path. */
  name: string;
  /** What the caller says to have its repetitions recognised. */
  key: string;
  body: Json;
}

/**
 * `POST /<behaviour>/<name>` answers `{<name>: {done: true, …}}`.
 *
 * - `instant` does it at once;
 * - `flaky` fails twice for every key, then does it;
 * - `slow` takes as many milliseconds as `?ms=` says;
 * - `refuse` never does it.
 *
 * What was done is remembered by its key and not done again.
 */
export class OrderService implements AsyncDisposable {
  readonly calls: Call[] = [];
  readonly #effects = new Map<string, string>();
  readonly #stopped = new AbortController();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    const hostname = stack.serviceHost === "127.0.0.1" ? "127.0.0.1" : "0.0.0.0";
    this.#server = Deno.serve(
      { hostname, port: 0, signal: this.#stopped.signal, onListen: () => {} },
      (request) => this.#answer(request),
    );
  }

  /** The address of something it does, as the stack reaches it. */
  url(behaviour: "instant" | "flaky" | "slow" | "refuse", name: string, ms = 0): string {
    const query = behaviour === "slow" ? `?ms=${ms}` : "";
    return `http://${stack.serviceHost}:${this.#server.addr.port}/${behaviour}/${name}${query}`;
  }

  /** How often a thing was asked for. */
  asked(name: string): Call[] {
    return this.calls.filter((call) => call.name === name);
  }

  /** How often a thing was done. */
  done(name: string): number {
    return [...this.#effects.values()].filter((done) => done === name).length;
  }

  /** Ends when somebody asked for this. */
  async waitFor(name: string): Promise<void> {
    const deadline = Date.now() + 20_000;
    while (this.asked(name).length === 0) {
      if (Date.now() > deadline) throw new Error(`nobody asked for ${name}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    await this.#server.finished;
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const [, behaviour, name = ""] = pathname.split("/");
    const key = request.headers.get("idempotency-key") ?? "";
    const text = await request.text();
    this.calls.push({ name, key, body: text === "" ? undefined : JSON.parse(text) });
    if (behaviour === "refuse") {
      return Response.json({ message: "this is not sold here" }, { status: 422 });
    }
    const tries = this.calls.filter((call) => call.name === name && call.key === key).length;
    if (behaviour === "flaky" && tries <= 2) {
      return Response.json({ message: "try again" }, { status: 503 });
    }
    const milliseconds = Number(searchParams.get("ms") ?? 0);
    if (milliseconds > 0) await new Promise((resolve) => setTimeout(resolve, milliseconds));
    this.#effects.set(key, name);
    return Response.json({ [name]: { done: true, tries } });
  }
}
