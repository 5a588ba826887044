// A browser holds a valid token and can speak to the database's API; it reads there what it may see, and changes nothing.

import assert from "node:assert/strict";

import { Person } from "./support/person.ts";
import { stack } from "./support/stack.ts";

interface Description {
  definitions: Record<string, { properties: Record<string, { format: string }> }>;
  paths: Record<string, { post?: { parameters?: { in: string; schema?: Arguments }[] } }>;
}

interface Arguments {
  properties?: Record<string, { format?: string; type?: string }>;
}

const rest = `${stack.url}/rest/v1`;

/** Functions that read, as the user who calls them. */
const READ_BY_USERS = ["/rpc/search_function_models", "/rpc/read_states"];

/** What the database's API describes to somebody. */
async function described(headers: Record<string, string>): Promise<Description> {
  const response = await fetch(`${rest}/`, { headers });
  assert.equal(response.status, 200);
  return await response.json();
}

/** A value of the right type, so that a function is found by its arguments. */
function value(type: { format?: string; type?: string }): unknown {
  if (type.format === "uuid") return crypto.randomUUID();
  if (type.type === "integer" || type.type === "number") return 1;
  if (type.type === "array") return [];
  if (type.format?.startsWith("json")) return {};
  return "x";
}

/** A function of a table's row is a column that is computed when somebody reads the row. */
function isColumn(types: [string, { format?: string }][], tables: Description["definitions"]) {
  const rows = Object.keys(tables).flatMap((table) => [table, `public.${table}`]);
  return types.some(([, { format }]) => rows.includes(format ?? ""));
}

Deno.test("a valid user token changes nothing over the database's own API", async (t) => {
  const ada = await Person.signUp("Ada");
  await ada.expect(201, "POST", "/function-models", { name: "Guarded work" });
  const asUser = { apikey: stack.publishableKey, authorization: `Bearer ${ada.token}` };
  const asService = { apikey: stack.secretKey };
  const asNobody = { apikey: stack.publishableKey };
  const [user, service, nobody] = await Promise.all(
    [asUser, asService, asNobody].map((headers) => described(headers)),
  );
  if (!user || !service || !nobody) throw new Error("three descriptions were asked for");
  const tables = { ...user.definitions, ...service.definitions };
  const functions = Object.entries({ ...user.paths, ...service.paths })
    .filter(([path]) => path.startsWith("/rpc/"));

  await t.step("the lists are those of the whole schema", () => {
    for (const table of ["organizations", "function_models", "workflow_executions", "audit_logs"]) {
      assert.ok(table in tables, table);
    }
    const names = functions.map(([path]) => path);
    for (const name of ["save_function_model", "start_executions", "exchange", "read_events"]) {
      assert.ok(names.includes(`/rpc/${name}`), name);
    }
  });

  await t.step("nobody is shown nothing", () => {
    assert.deepEqual(Object.keys(nobody.definitions ?? {}), []);
    assert.deepEqual(Object.keys(nobody.paths).filter((path) => path !== "/"), []);
  });

  const refused = async (
    headers: Record<string, string>,
    method: string,
    path: string,
    body?: unknown,
  ) => {
    const response = await fetch(`${rest}${path}`, {
      method,
      headers: { ...headers, "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const answer = await response.text();
    assert.ok(
      [401, 403].includes(response.status),
      `${method} ${path}: ${response.status} ${answer}`,
    );
    assert.equal(JSON.parse(answer).code, "42501", `${method} ${path}: ${answer}`);
  };

  for (const [table, { properties }] of Object.entries(tables)) {
    await t.step(`table ${table}`, async () => {
      // A column that anybody with the right could write: no number or search index of the database's own making.
      const [column] = Object.entries(properties).find(([, { format }]) =>
        ["uuid", "text"].includes(format)
      ) ?? assert.fail("a table has columns");
      const row = { [column]: null };
      for (const headers of [asUser, asNobody, asService]) {
        await refused(headers, "POST", `/${table}`, row);
        await refused(headers, "PATCH", `/${table}?${column}=not.is.null`, row);
        await refused(headers, "DELETE", `/${table}?${column}=not.is.null`);
      }
      await refused(asNobody, "GET", `/${table}`);
    });
  }

  for (const [path, { post }] of functions) {
    const body = post?.parameters?.find((parameter) => parameter.in === "body");
    const types = Object.entries(body?.schema?.properties ?? {});
    if (isColumn(types, tables)) continue;
    await t.step(`function ${path.slice(5)}`, async () => {
      const values = Object.fromEntries(types.map(([name, type]) => [name, value(type)]));
      if (!READ_BY_USERS.includes(path)) await refused(asUser, "POST", path, values);
      await refused(asNobody, "POST", path, values);
    });
  }

  await t.step("what only the server reads is not served at all", async () => {
    for (const table of ["idempotency_keys", "ready", "plans"]) {
      const response = await fetch(`${rest}/${table}`, {
        headers: { ...asUser, "accept-profile": "private" },
      });
      await response.body?.cancel();
      assert.equal(response.status, 406, table);
    }
  });
});
