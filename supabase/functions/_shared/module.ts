// The WebAssembly module as a function sees it: requests in, responses out, whatever happens.
//
// Rust cannot recover from a panic: the instance is lost, with every request in it.
// Those requests are answered by the instance that replaces it.

import { onFault } from "./guarded_microtask.ts";
import { Platform, readAtMost } from "./host.ts";
import { loadWasm } from "./load_wasm.ts";
import { __wbg_reset_state as replaceInstance, Api, maxBodyBytes } from "./wasm/edge.js";

/** The plain values that the module takes for a request. */
type Call = [method: string, url: string, headers: string];

/** One module for all requests of this worker. */
export class Module {
  #platform = new Platform();
  #api: Api;
  #lost = new Set<() => void>();

  private constructor() {
    this.#api = this.#start();
    onFault((fault) => this.#recover(fault));
  }

  /** Loads the module; once per worker, before the first request. */
  static async load(): Promise<Module> {
    await loadWasm();
    return new Module();
  }

  /** Answers one request; never rejects. */
  async handle(request: Request): Promise<Response> {
    const headers = Object.fromEntries(request.headers);
    headers["x-request-id"] ??= crypto.randomUUID();
    const call: Call = [request.method, request.url, JSON.stringify(headers)];
    // No value stands for a body that nobody has read to its end, because it is too long.
    const body = await readAtMost(request, maxBodyBytes());
    return await new Promise((resolve) => {
      const lost = () => resolve(this.#lastWord(call));
      this.#lost.add(lost);
      const answer = (response: Response) => {
        this.#lost.delete(lost);
        resolve(response);
      };
      try {
        this.#api.handle(...call, body).then(answer, (fault) => this.#recover(fault));
      } catch (fault) {
        this.#recover(fault);
      }
    });
  }

  #start(): Api {
    this.#platform = new Platform();
    return new Api(this.#platform, Deno.env.toObject());
  }

  /** Replaces the instance and answers everyone who was waiting for it. */
  #recover(fault: unknown): void {
    console.error(fault instanceof Error ? fault.stack : String(fault));
    this.#platform.retire();
    const lost = [...this.#lost];
    this.#lost.clear();
    replaceInstance();
    this.#api = this.#start();
    for (const answer of lost) answer();
  }

  #lastWord(call: Call): Response {
    return this.#api.lost(...call);
  }
}
