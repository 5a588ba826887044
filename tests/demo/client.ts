// A person at work: signed in with supabase-js, calling the endpoints of the `api` function.

import { createClient, type SupabaseClient } from "@supabase/supabase-js";

/** JSON as the endpoints answer it. */
// deno-lint-ignore no-explicit-any
export type Json = any;

/** Where the stack is, taken from the environment. */
export interface Stack {
  url: string;
  publishableKey: string;
}

/** Reads SUPABASE_URL and SUPABASE_PUBLISHABLE_KEY. */
export function stackFromEnvironment(): Stack {
  const url = Deno.env.get("SUPABASE_URL");
  const publishableKey = Deno.env.get("SUPABASE_PUBLISHABLE_KEY");
  if (!url || !publishableKey) {
    throw new Error("set SUPABASE_URL and SUPABASE_PUBLISHABLE_KEY");
  }
  return { url, publishableKey };
}

/** An answer that was not a success, with its problem document. */
export class Refused extends Error {
  constructor(readonly status: number, readonly problem: Json) {
    super(`${status} ${problem?.code ?? ""} ${problem?.detail ?? ""}`);
  }
}

/** A signed-in person. */
export class Person {
  private constructor(
    readonly name: string,
    readonly supabase: SupabaseClient,
    readonly token: string,
  ) {}

  /** Signs up a new user with an address of this name. */
  static async signUp(stack: Stack, name: string): Promise<Person> {
    const supabase = createClient(stack.url, stack.publishableKey, {
      auth: { persistSession: false },
    });
    const email = `${name.toLowerCase()}-${crypto.randomUUID().slice(0, 8)}@example.com`;
    const { data, error } = await supabase.auth.signUp({
      email,
      password: crypto.randomUUID(),
    });
    if (error || !data.session) throw error ?? new Error("no session after sign-up");
    await supabase.realtime.setAuth(data.session.access_token);
    return new Person(name, supabase, data.session.access_token);
  }

  /** Calls an endpoint; a refusal is thrown. */
  async call(
    method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE",
    path: string,
    body?: Json,
  ): Promise<Json> {
    const { data, error } = await this.supabase.functions.invoke(`api${path}`, {
      method,
      body,
    });
    if (!error) return data;
    const response = error.context as Response | undefined;
    if (!(response instanceof Response)) throw error;
    throw new Refused(response.status, await response.json().catch(() => undefined));
  }

  /** Closes the connections, so that the program can end. */
  async leave(): Promise<void> {
    await this.supabase.removeAllChannels();
    await this.supabase.auth.stopAutoRefresh();
  }
}
