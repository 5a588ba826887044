// Rows of an error table: what is asked, and the refusal it gets.

import assert from "node:assert/strict";

import type { Json, Method, Person } from "./person.ts";

/** One row; what it expects besides the code lies in `data`. */
export interface Row {
  /** What is wrong with it. */
  what: string;
  status: number;
  code: string;
  method: Method;
  path: string;
  body?: Json;
  headers?: Record<string, string>;
  /** Fields that the refusal names as wrong. */
  fields?: string[];
  /** What the refusal carries. */
  data?: Record<string, Json>;
}

/** Asks every row as a step of its own. */
export async function refuses(t: Deno.TestContext, who: Person, rows: Row[]): Promise<void> {
  for (const row of rows) {
    await t.step(`${row.code}: ${row.what}`, async () => {
      const { body, headers } = row;
      const refusal = await who.refused(row.status, row.code, row.method, row.path, {
        body,
        headers,
      });
      const named = (refusal.errors ?? []).map((error: Json) => error.field);
      for (const field of row.fields ?? []) {
        assert.ok(named.includes(field), `${field} in ${JSON.stringify(refusal)}`);
      }
      for (const [name, value] of Object.entries(row.data ?? {})) {
        assert.deepEqual(refusal[name], value, `${name} of ${JSON.stringify(refusal)}`);
      }
    });
  }
}

/** Short for a row of a command with a body. */
export function row(
  method: Method,
  path: string,
): (status: number, code: string, what: string, body?: Json, more?: Partial<Row>) => Row {
  return (status, code, what, body, more = {}) => ({
    what,
    status,
    code,
    method,
    path,
    body,
    ...more,
  });
}

/** The lists of a model's permissions, as `PUT …/permissions` takes them. */
export async function share(owner: Person, path: string, lists: Json): Promise<void> {
  const none = { editors: [], viewers: [], publishers: [], executors: [], archivers: [] };
  const all = { owner: owner.id, ...none, administrators: [], ...lists };
  await owner.expect(200, "PUT", `${path}/permissions`, all);
}
