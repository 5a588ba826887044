// Text that means something to SQL, PostgREST, JSON or URLs, in every parameter the API describes: path, query and body.
// It is data wherever it stands: nothing breaks, and nobody sees more than without it.

import assert from "node:assert/strict";

import { Design } from "./support/design.ts";
import { type Json, Person } from "./support/person.ts";
import { stack } from "./support/stack.ts";

const PAYLOADS = [
  "'",
  "' or '1'='1' --",
  '"; drop table public.organizations cascade; --',
  "%",
  "*",
  "\\",
  "x),or=(user_id.not.is.null",
  "neq.x&select=*&or=(name.like.*)",
  "not.is.null",
  "*,secrets(*),private.secret_values(*)",
  "name.desc,(select pg_sleep(1))",
  "{},{a},$1,$$,:x,?",
  "../../organizations?select=*",
  "a\u0000b",
];
/** Stands where nothing is. */
const NOTHING = "0192aaaa-0000-7000-8000-0000000000ff";
const AT_ONCE = 12;

interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  schema: Json;
}

interface Operation {
  method: string;
  path: string;
  parameters: Parameter[];
  example?: Json;
}

interface Attempt {
  method: string;
  url: string;
  body?: Json;
  /** The same request without the text, whose rows are all there is to see. */
  plain?: string;
}

const description: Json = JSON.parse(
  await Deno.readTextFile(
    new URL("../../supabase/functions/_shared/openapi.json", import.meta.url),
  ),
);

const operations: Operation[] = Object.entries<Json>(description.paths).flatMap(
  ([path, methods]) =>
    Object.entries<Json>(methods).filter(([name]) => name !== "parameters").map((
      [method, operation],
    ) => ({
      method: method.toUpperCase(),
      path,
      parameters: (operation.parameters ?? []).filter((one: Json) => one.name !== undefined),
      example: operation.requestBody?.content?.["application/json"]?.example,
    })),
);

/** What a text stands for in the description: references are followed. */
function isText(schema: Json): boolean {
  if (schema.$ref) return isText(description.components.schemas[schema.$ref.split("/").pop()]);
  const choices = schema.anyOf ?? schema.oneOf ?? [];
  return [schema.type].flat().includes("string") || choices.some(isText);
}

/** A body with one of its texts replaced, for each of its texts. */
function variants(body: Json, text: string): Json[] {
  if (typeof body === "string") return [text];
  if (Array.isArray(body)) {
    return body.flatMap((item, at) => variants(item, text).map((new_) => body.with(at, new_)));
  }
  if (body === null || typeof body !== "object") return [];
  const named = Object.entries(body).flatMap(([name, value]) =>
    variants(value, text).map((new_) => ({ ...body, [name]: new_ }))
  );
  return [...named, { ...body, [text]: text }];
}

/** Somebody with one of everything. */
async function settle(name: string): Promise<{ person: Person; ids: Record<string, string> }> {
  const person = await Person.signUp(name);
  const { organizationId } = await person.expect(201, "POST", "/organizations", { name });
  const { design, stage } = await Design.small(person, name);
  const workflowId = await design.workflow(name, `http://${stack.serviceHost}:9/`);
  const actionId = await design.action(stage, name, "tetherNode", {
    tetherReferenceId: workflowId,
  });
  await design.publish();
  const { executionId } = await design.start({ note: name });
  const content = { title: name, body: name };
  const { contentId } = await person.expect(201, "POST", "/knowledge-contents", content);
  const secret = { name: "key", value: crypto.randomUUID(), hosts: ["a.example"] };
  const { secretId } = await person.expect(201, "POST", "/secrets", secret);
  const modelId = design.modelId;
  return {
    person,
    ids: {
      organizationId,
      modelId,
      nodeId: stage,
      actionId,
      executionId,
      workflowId,
      contentId,
      secretId,
    },
  };
}

function address(path: string, ids: Record<string, string>): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name) => ids[name] ?? NOTHING);
}

/** A request without optional parameters. */
function plain({ path, parameters }: Operation, ids: Record<string, string>): URL {
  const url = new URL(`${stack.url}/functions/v1/api${address(path, ids)}`);
  for (const { name, required, schema, in: place } of parameters) {
    if (place !== "query" || !required) continue;
    url.searchParams.set(name, ids[name] ?? (isText(schema) ? "order" : "1"));
  }
  return url;
}

function ofQueries(operation: Operation, ids: Record<string, string>): Attempt[] {
  const { method, parameters } = operation;
  const texts = parameters.filter((one) => one.in === "query" && isText(one.schema));
  return texts.flatMap(({ name, required }) =>
    PAYLOADS.map((text) => {
      const url = plain(operation, ids);
      const without = required ? undefined : url.href;
      url.searchParams.set(name, text);
      return { method, url: url.href, plain: method === "GET" ? without : undefined };
    })
  );
}

function ofPaths(operation: Operation, ids: Record<string, string>): Attempt[] {
  const names = [...operation.path.matchAll(/\{(\w+)\}/g)].map((found) => String(found[1]));
  return names.flatMap((name) =>
    PAYLOADS.map((text) => {
      const url = plain(operation, { ...ids, [name]: encodeURIComponent(text) });
      return { method: operation.method, url: url.href, body: operation.example };
    })
  );
}

function ofBodies(operation: Operation, ids: Record<string, string>): Attempt[] {
  if (operation.example === undefined) return [];
  const url = plain(operation, ids).href;
  const { method } = operation;
  // Each text of a body gets some of them, and all of them come up in every body that has a few.
  return PAYLOADS.flatMap((text, nth) =>
    variants(operation.example, text)
      .filter((_, at) => (at + nth) % 5 === 0)
      .map((body) => ({ method, url, body }))
  );
}

function ids(list: Json): Set<string> {
  const key = (item: Json) =>
    JSON.stringify(Object.entries(item).find(([name]) => /Id$/.test(name)));
  return new Set((list.items ?? []).map(key));
}

Deno.test("text that means something elsewhere is data in every parameter", async (t) => {
  const marker = `victim-${crypto.randomUUID()}`;
  const victim = await settle(marker);
  const attacker = await settle(`attacker-${crypto.randomUUID()}`);
  const secrets = [marker, victim.person.id, ...Object.values(victim.ids)];
  const headers = {
    authorization: `Bearer ${attacker.person.token}`,
    apikey: stack.publishableKey,
  };
  const known = new Map<string, Promise<Set<string>>>();

  async function send({ method, url, body }: Attempt) {
    const response = await fetch(url, {
      method,
      headers: body === undefined ? headers : { ...headers, "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    return { status: response.status, text: await response.text() };
  }

  function rowsOf(url: string): Promise<Set<string>> {
    const there = known.get(url) ??
      send({ method: "GET", url }).then(({ status, text }) =>
        status === 200 ? ids(JSON.parse(text)) : new Set<string>()
      );
    known.set(url, there);
    return there;
  }

  async function judge(attempt: Attempt): Promise<number> {
    const { status, text } = await send(attempt);
    const told = `${attempt.method} ${attempt.url} ${
      JSON.stringify(attempt.body)
    }: ${status} ${text}`;
    assert.ok(status < 500, told);
    for (const secret of secrets) assert.ok(!text.includes(secret), told);
    if (attempt.plain !== undefined && status === 200) {
      const allowed = await rowsOf(attempt.plain);
      const seen = ids(JSON.parse(text));
      if (seen.size > 0 && !attempt.url.includes("fields=")) {
        assert.ok(seen.isSubsetOf(allowed), told);
      }
    }
    return status;
  }

  async function judgeAll(attempts: Attempt[], least: number): Promise<void> {
    assert.ok(attempts.length >= least, `${attempts.length} attempts`);
    const queue = attempts.values();
    const counts = new Map<number, number>();
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      for (const attempt of queue) {
        const status = await judge(attempt);
        counts.set(status, (counts.get(status) ?? 0) + 1);
      }
    }));
    console.log(`${attempts.length} attempts:`, Object.fromEntries(counts));
  }

  const asAttacker = (of: typeof ofQueries) => operations.flatMap((one) => of(one, attacker.ids));
  await t.step("in the query", () => judgeAll(asAttacker(ofQueries), 1500));
  await t.step("in the path", () => judgeAll(asAttacker(ofPaths), 1500));
  await t.step("in the body", () => judgeAll(asAttacker(ofBodies), 1000));
  await t.step("and everything is still there", async () => {
    const list = await victim.person.expect(200, "GET", "/function-models");
    assert.deepEqual(list.items.map((model: Json) => model.modelId), [victim.ids.modelId]);
    assert.equal(list.items[0].name, marker);
    const { organizationId } = victim.ids;
    await victim.person.expect(200, "GET", `/organizations/${organizationId}`);
  });
});
