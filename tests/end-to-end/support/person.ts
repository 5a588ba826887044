// People as the stack knows them: signed up through Auth, calling the API with supabase-js.

import assert from "node:assert/strict";

import {
  createClient,
  FunctionsFetchError,
  FunctionsHttpError,
  type SupabaseClient,
} from "@supabase/supabase-js";

import { stack } from "./stack.ts";

// deno-lint-ignore no-explicit-any -- answers are JSON; what matters of them is asserted
export type Json = any;

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** What the API answered. */
export interface Answer {
  status: number;
  headers: Headers;
  body: Json;
}

/** Beside the body. */
export interface Extras {
  body?: Json;
  headers?: Record<string, string>;
}

export class Person {
  private constructor(
    readonly client: SupabaseClient,
    readonly id: string,
    readonly token: string,
  ) {}

  /** A new person with an address nobody else has. */
  static async signUp(name: string): Promise<Person> {
    const client = createClient(stack.url, stack.publishableKey, {
      auth: { persistSession: false, autoRefreshToken: false },
    });
    const email = `${name.toLowerCase()}-${crypto.randomUUID()}@example.com`;
    const { data, error } = await client.auth.signUp({ email, password: crypto.randomUUID() });
    if (error) throw error;
    if (!data.session) {
      throw new Error("signing up opened no session: switch e-mail confirmation off for the tests");
    }
    return new Person(client, data.session.user.id, data.session.access_token);
  }

  /** Calls the API and answers whatever it answers. */
  async call(method: Method, path: string, extras: Extras = {}): Promise<Answer> {
    const { data, error, response } = await this.client.functions.invoke(`api${path}`, {
      method,
      ...extras,
    });
    if (error instanceof FunctionsFetchError) throw error.context;
    if (!response) throw error;
    const { status, headers } = response;
    if (error instanceof FunctionsHttpError) {
      const text = await response.text();
      return { status, headers, body: text === "" ? undefined : JSON.parse(text) };
    }
    return { status, headers, body: data };
  }

  /** Calls the API, expects this status, and answers the body. */
  async expect(
    status: number,
    method: Method,
    path: string,
    body?: Json,
    headers?: Record<string, string>,
  ): Promise<Json> {
    const answer = await this.call(method, path, { body, headers });
    assert.equal(answer.status, status, `${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** Calls the API and expects a refusal with this code. */
  async refused(
    status: number,
    code: string,
    method: Method,
    path: string,
    extras: Extras = {},
  ): Promise<Json> {
    const answer = await this.call(method, path, extras);
    checkRefusal(answer, status, code);
    return answer.body;
  }

  /** Leaves every channel and closes the socket. */
  async leave(): Promise<void> {
    await this.client.removeAllChannels();
    await this.client.realtime.disconnect();
  }
}

/** Every refusal looks the same: problem+json with a code, of the request it answers. */
export function checkRefusal(answer: Answer, status: number, code: string): void {
  const told = JSON.stringify(answer.body);
  assert.equal(answer.status, status, told);
  assert.equal(answer.body.code, code, told);
  assert.equal(answer.body.status, status);
  assert.equal(answer.body.type, `/problems/${code.toLowerCase().replaceAll("_", "-")}`);
  for (const field of ["title", "detail", "instance"]) {
    assert.equal(typeof answer.body[field], "string", `${field} of ${told}`);
  }
  assert.match(answer.headers.get("content-type") ?? "", /^application\/problem\+json/);
  assert.ok(answer.headers.get("x-request-id"), "a refusal names its request");
}
