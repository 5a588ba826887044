// A server that behaves like one of OpenAI's kind: chat completions with tool calls, faults included.

import { stack } from "./stack.ts";
import type { Json } from "./person.ts";

/** One turn of a conversation that arrived. */
export interface Turn {
  /** What the caller says to have its repetitions recognised. */
  key: string;
  authorization: string;
  body: Json;
}

/**
 * The first line of the request says what the model does:
 *
 * - `answer <text>` answers it;
 * - `slow <ms>` answers after as many milliseconds;
 * - `status <code>` answers with this status;
 * - `flaky` fails once for every task, then answers;
 * - `hang` never answers;
 * - `malformed` answers something that is no JSON;
 * - `search <words>` asks for the knowledge base, then answers what it was told;
 * - `run <workflow>` asks for a workflow, then answers what it was told;
 * - `loop` asks for tools for ever.
 */
export class ModelServer implements AsyncDisposable {
  readonly turns: Turn[] = [];
  readonly #stopped = new AbortController();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #failed = new Set<string>();

  constructor() {
    this.#server = Deno.serve(
      {
        hostname: "127.0.0.1",
        port: stack.agentPort,
        signal: this.#stopped.signal,
        onListen: () => {},
      },
      (request) => this.#answer(request),
    );
  }

  /** The first turn of all. */
  first(): Turn {
    const [turn] = this.turns;
    if (!turn) throw new Error("nobody asked the model");
    return turn;
  }

  /** The turns about a task whose request holds this text. */
  about(text: string): Turn[] {
    return this.turns.filter((turn) => JSON.stringify(turn.body).includes(text));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    await this.#server.finished;
  }

  async #answer(request: Request): Promise<Response> {
    const body = await request.json();
    const key = request.headers.get("idempotency-key") ?? "";
    const authorization = request.headers.get("authorization") ?? "";
    this.turns.push({ key, authorization, body });
    const messages: Json[] = body.messages;
    const asked: string = messages.find((message) => message.role === "user").content;
    const [behaviour, ...words] = (asked.split("\n")[0] ?? "").split(" ");
    const rest = words.join(" ");
    const results = messages.filter((message) => message.role === "tool");
    switch (behaviour) {
      case "slow":
        await new Promise((resolve) => setTimeout(resolve, Number(words[0])));
        return said(`slowly ${rest}`);
      case "status":
        return Response.json({ error: { message: "no" } }, {
          status: Number(words[0]),
          headers: { "retry-after": "0" },
        });
      case "flaky": {
        if (this.#failed.has(key)) return said("at last");
        this.#failed.add(key);
        return Response.json({ error: { message: "once" } }, { status: 503 });
      }
      case "hang":
        await new Promise((resolve) => setTimeout(resolve, 60_000));
        return said("too late");
      case "malformed":
        return new Response("{ this is no JSON", {
          headers: { "content-type": "application/json" },
        });
      case "search":
        if (results.length > 0) return said(JSON.stringify({ told: results[0].content }));
        return wants("knowledge-base-search", { query: rest });
      case "run":
        if (results.length > 0) return said(JSON.stringify({ told: results[0].content }));
        return wants("workflow-execution", { workflowId: words[0], parameters: { step: "agent" } });
      case "loop":
        return wants("knowledge-base-search", { query: "again" });
      default:
        return said(rest === "" ? asked : rest);
    }
  }
}

function completion(message: Json): Response {
  return Response.json({
    id: "chatcmpl-1",
    object: "chat.completion",
    choices: [{ index: 0, message: { role: "assistant", ...message }, finish_reason: "stop" }],
  });
}

function said(content: string): Response {
  return completion({ content });
}

function wants(name: string, parameters: Json): Response {
  const id = `call-${crypto.randomUUID()}`;
  const call = {
    id,
    type: "function",
    function: { name, arguments: JSON.stringify(parameters) },
  };
  return completion({ content: null, tool_calls: [call] });
}
