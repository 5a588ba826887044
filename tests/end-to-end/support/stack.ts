// The stack under test: an address, two keys, and where it finds the service of these tests.
// `cargo xtask test` sets them for a stack of its own; anybody may set them for another one.

function variable(name: string, why: string): string {
  const value = Deno.env.get(name);
  if (!value) throw new Error(`${name} is not set: ${why}`);
  return value;
}

export const stack = {
  url: variable("SUPABASE_URL", "the address of the stack under test").replace(/\/$/, ""),
  publishableKey: variable("SUPABASE_PUBLISHABLE_KEY", "the key that browsers get"),
  secretKey: variable("SUPABASE_SECRET_KEY", "the key of the service"),
  /** The host name under which the stack reaches this machine; its functions need it in FM_ALLOWED_HOSTS. */
  serviceHost: variable(
    "E2E_SERVICE_HOST",
    "the stack calls a service that these tests start, and must know it by this name",
  ),
  /** Whether parts of it can be killed: only a stack of ours, on this machine. */
  local: Deno.env.get("E2E_LOCAL_STACK") === "true",
  /** Where the functions look for their model server; set only for stacks of ours. */
  agentPort: Number(Deno.env.get("E2E_AGENT_PORT") ?? 0),
  /** The key they show it. */
  agentKey: Deno.env.get("E2E_AGENT_KEY"),
  /** What makes a function panic; set only for stacks of ours. */
  panic: Deno.env.get("E2E_PANIC"),
};

/** Kills a part of the local stack, as `kill -9` does; it comes back by itself. */
export async function kill(part: "functions" | "postgres" | "postgrest"): Promise<void> {
  const response = await fetch(`${stack.url}/_local/kill/${part}`, {
    method: "POST",
    headers: { apikey: stack.secretKey },
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`killing ${part} was answered with ${response.status}`);
}
