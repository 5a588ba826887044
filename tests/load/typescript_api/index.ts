// Two endpoints of the `api` function written again in TypeScript with supabase-js, with the same checks,
// headers and log line, for the benchmark alone: reading a model, and changing its description.

import { createHash } from "node:crypto";

import { createClient } from "@supabase/supabase-js";
import { createLocalJWKSet, type JWTPayload, jwtVerify } from "jose";

const url = Deno.env.get("SUPABASE_URL")!;
const publishableKey = JSON.parse(Deno.env.get("SUPABASE_PUBLISHABLE_KEYS")!).default;
const secretKey = JSON.parse(Deno.env.get("SUPABASE_SECRET_KEYS")!).default;
const keys = createLocalJWKSet(JSON.parse(Deno.env.get("SUPABASE_JWKS")!));
const options = { auth: { persistSession: false, autoRefreshToken: false } };
const service = createClient(url, secretKey, options);
const columns = "model_id,name,description,version,current_version,version_count,status," +
  "ai_agent_config,metadata,permissions,user_id,organization_id,created_at,updated_at," +
  "last_saved_at,deleted_at,deleted_by,revision," +
  "published:function_model_versions(versionId:version_id,versionNumber:version_number)," +
  "organization:organizations(members:organization_members(role))";
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
const hidden = new Set(["revision", "published", "organization"]);
const changeable = new Set(["name", "description", "metadata", "aiAgentConfig"]);

class Problem extends Error {
  constructor(readonly status: number, readonly code: string, detail: string) {
    super(detail);
  }
}

// deno-lint-ignore no-explicit-any
type Row = Record<string, any>;

interface Caller {
  token: string;
  claims: JWTPayload;
}

/** Tokens that were checked, at most a thousand, as the module remembers them. */
const remembered = new Map<string, Caller>();

async function caller(request: Request): Promise<Caller> {
  const token = request.headers.get("authorization")?.replace(/^Bearer /, "");
  if (!token) throw new Problem(401, "UNAUTHENTICATED", "a bearer token is needed");
  const known = remembered.get(token);
  if (known && known.claims.exp! * 1000 > Date.now()) return known;
  const { payload } = await jwtVerify(token, keys, { audience: "authenticated" })
    .catch(() => {
      throw new Problem(401, "UNAUTHENTICATED", "the token is not valid");
    });
  if (remembered.size >= 1000) remembered.clear();
  remembered.set(token, { token, claims: payload });
  return { token, claims: payload };
}

function camelCase(row: Row): Row {
  const out: Row = {};
  for (const [name, value] of Object.entries(row)) {
    if (value === null || hidden.has(name)) continue;
    out[name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase())] = value;
  }
  return out;
}

async function find({ token, claims }: Caller, modelId: string): Promise<Row> {
  const reader = createClient(url, publishableKey, {
    ...options,
    global: { headers: { authorization: `Bearer ${token}` } },
  });
  const { data, error } = await reader.from("function_models").select(columns)
    .eq("model_id", modelId).is("published.is_published", true)
    .eq("organization.members.user_id", claims.sub!).limit(1);
  if (error) throw new Problem(503, "SERVICE_UNAVAILABLE", error.message);
  const row = (data as Row[])[0];
  if (!row || row.deleted_at) {
    throw new Problem(404, "FUNCTION_MODEL_NOT_FOUND", "there is no such model");
  }
  return row;
}

function check(body: Row) {
  for (const name of Object.keys(body)) {
    if (!changeable.has(name)) throw new Problem(400, "INVALID_REQUEST", `unknown field ${name}`);
  }
  if (Object.keys(body).length === 0) {
    throw new Problem(422, "NOTHING_TO_CHANGE", "nothing to change");
  }
  const { description } = body;
  if (description !== undefined && (typeof description !== "string" || description.length > 5000)) {
    throw new Problem(422, "DESCRIPTION_INVALID", "at most 5000 characters");
  }
}

async function change(request: Request, who: Caller, modelId: string): Promise<Row> {
  const { claims } = who;
  const body = await request.json().catch(() => {
    throw new Problem(400, "INVALID_REQUEST", "malformed JSON");
  });
  check(body);
  const row = await find(who, modelId);
  const mine = claims.sub === row.user_id || row.permissions.editors?.includes(claims.sub);
  if (!mine) throw new Problem(403, "FORBIDDEN", "only editors may");
  if (row.status !== "draft") throw new Problem(422, "MODEL_PUBLISHED", "reopen it first");
  const now = new Date().toISOString();
  const { data, error } = await service.rpc("save_function_model", {
    actor: claims,
    request: { requestId: crypto.randomUUID() },
    command: {
      modelId,
      expectedRevision: row.revision,
      model: { ...body, updatedAt: now, lastSavedAt: now },
      events: [{
        eventType: "FunctionModelUpdated",
        eventVersion: 1,
        data: {
          modelId,
          changes: body,
          previousValues: { description: row.description },
          updatedBy: claims.sub,
          updatedAt: now,
        },
      }],
    },
  });
  if (error) throw new Problem(409, "REVISION_CONFLICT", error.message);
  return { ...row, ...body, updated_at: now, last_saved_at: now, revision: data.revision };
}

/** What every answer of the API tells besides its body. */
function finish(response: Response, requestId: string, milliseconds: number): Response {
  const { headers } = response;
  headers.set("access-control-allow-origin", "*");
  headers.set(
    "access-control-expose-headers",
    "allow, etag, link, location, preference-applied, retry-after, server-timing, www-authenticate, x-request-id",
  );
  headers.set("cache-control", "no-store");
  headers.set("x-content-type-options", "nosniff");
  headers.set("x-request-id", requestId);
  headers.set("server-timing", `total;dur=${milliseconds.toFixed(1)}`);
  return response;
}

/** A user in the log, who is not named there. */
function fingerprint({ claims }: Caller): string {
  return createHash("sha256").update(claims.sub!).digest().subarray(0, 9).toString("base64url");
}

async function route(request: Request, who: Caller): Promise<Response> {
  const modelId = new URL(request.url).pathname.match(/\/function-models\/([^/]+)$/)?.[1] ?? "";
  if (!uuid.test(modelId)) throw new Problem(400, "INVALID_REQUEST", "not a model id");
  const row = request.method === "PATCH"
    ? await change(request, who, modelId)
    : await find(who, modelId);
  return Response.json(camelCase(row), { headers: { etag: `"${row.revision}"` } });
}

function refusal(error: unknown): Response {
  const { status, code, message } = error instanceof Problem
    ? error
    : new Problem(500, "INTERNAL_ERROR", "see the log");
  return new Response(JSON.stringify({ code, status, detail: message }), {
    status,
    headers: { "content-type": "application/problem+json" },
  });
}

Deno.serve(async (request) => {
  const started = performance.now();
  const requestId = request.headers.get("x-request-id") ?? crypto.randomUUID();
  let who: Caller | undefined;
  let response: Response;
  try {
    who = await caller(request);
    response = await route(request, who);
  } catch (error) {
    response = refusal(error);
  }
  const milliseconds = performance.now() - started;
  console.log(JSON.stringify({
    level: "info",
    message: "request",
    method: request.method,
    route: "/function-models/{modelId}",
    status: response.status,
    milliseconds: Math.round(milliseconds * 10) / 10,
    actor: who && fingerprint(who),
    requestId,
  }));
  return finish(response, requestId, milliseconds);
});
